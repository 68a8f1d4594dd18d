"""A proof whose workers are killed, whose run is killed, whose disk is full: the same certificate, and accepted."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_together import children, medians

from relucirc import check, prove
from relucirc.core.journal import JournalWarning
from relucirc.proof.methods import METHODS

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc"),
    pytest.mark.skipif(
        "CI" in os.environ and "CI_FULL" not in os.environ, reason="takes minutes: CI does it with CI_FULL=1"
    ),
]

PROOF = """
import os, sys, time
from pathlib import Path
from test_together_killed import quick, said
import pytest
if __name__ == "__main__":
    workers, path, lines = int(sys.argv[1]) or None, Path(sys.argv[2]), int(sys.argv[3])
    def wait(clock):
        if lines and path.exists() and path.read_bytes().count(b"\\n") >= lines:
            print("killed here", flush=True)
            time.sleep(3600)
    quick(pytest.MonkeyPatch())
    print(said(workers=workers, journal=path, progress=wait))
"""


def said(**options):
    """What a proof answers, its certificate's digest, and what the checker says of it."""
    net, formula = medians(2, 3, 0)
    proof = prove(net, formula, budget=None, **options)
    digest = hashlib.sha256(json.dumps(proof.certificate).encode()).hexdigest()
    return f"{proof.status} by {proof.method}, {digest}, {check(net, formula, proof.certificate).status}"


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What is said when nothing is killed, and the pieces that this takes."""
    path = tmp_path_factory.mktemp("whole") / "proof.journal"
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        answer = said(journal=path)
    assert answer.startswith("proved by regions")
    assert answer.endswith("accepted")
    found = paths_in(path)
    assert len(found) == len(set(found)) > 100
    return answer, set(found)


def quick(patch):
    """Makes every region a piece, so that their number is the same on every machine; workers begin at once, and the
    progress function is called at every step."""
    for name in ("together.FIRST", "together.LONGEST", "crew.SURELY", "budget.INTERVAL", "budget.PATIENCE"):
        patch.setattr(f"relucirc.core.{name}", 0.0)
    regions = {"regions": METHODS["regions"]}  # others, tried for some seconds, would be done or not
    patch.setattr("relucirc.proof.prover.METHODS", regions)


def paths_in(journal):
    """The works and places in the tree that a journal has, line after line."""
    lines = journal.read_bytes().splitlines()[1:]
    data = [json.loads(line.split(b" ", 2)[2]) for line in lines]
    return [(one["work"], tuple(one["path"])) for one in data]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_proof_whose_run_is_killed_five_times_is_the_same(tmp_path, workers, expected):
    script, path = tmp_path / "proof.py", tmp_path / "proof.journal"
    script.write_text(PROOF)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    command = [sys.executable, "-W", "ignore", script, str(workers), path]
    for _ in range(5):
        before = path.read_bytes() if path.exists() else b""
        lines = before.count(b"\n") + 5
        run = subprocess.Popen([*command, str(lines)], env=environment, stdout=subprocess.PIPE)
        assert run.stdout.readline() == b"killed here\n"  # in the middle of a piece, or with some given away
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert path.read_bytes().startswith(before)
        assert path.read_bytes().count(b"\n") >= lines
    run = subprocess.run([*command, "0"], env=environment, stdout=subprocess.PIPE, check=True, timeout=600)
    assert run.stdout.decode().strip() == expected[0]
    found = paths_in(path)
    assert len(found) == len(set(found)), "something was proved twice although it was known"
    assert set(found) == expected[1]


def test_a_proof_whose_workers_are_killed_twenty_times_is_the_same(tmp_path, expected, monkeypatch):
    quick(monkeypatch)
    path, rng, kills, answered = tmp_path / "proof.journal", random.Random(0), [], [0]

    def kill_some(_):
        """Kills a worker, whenever one has answered since the last time: the rest of the proof waits for it."""
        known = path.stat().st_size if path.exists() else 0
        if known > answered[0] and len(kills) < 20 and (mine := children(os.getpid())):
            answered[0] = known
            kills.append(rng.choice(mine))
            os.kill(kills[-1], signal.SIGKILL)

    assert said(workers=2, journal=path, progress=kill_some) == expected[0]
    assert len(kills) == 20
    found = paths_in(path)
    assert len(found) == len(set(found))
    assert set(found) == expected[1]


def test_a_proof_on_a_full_disk_is_the_same(tmp_path, expected, monkeypatch):
    quick(monkeypatch)
    place, mount = tmp_path / "small", shutil.which("mount")
    place.mkdir()
    size = "size=16k"
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", size, "tmpfs", place], check=False).returncode:
        pytest.skip("nothing can be mounted")
    try:
        with pytest.warns(JournalWarning, match="cannot be written"):
            assert said(journal=place / "proof.journal") == expected[0]
        kept = paths_in(place / "proof.journal")
        assert 0 < len(kept) < len(expected[1])
    finally:
        subprocess.run([shutil.which("umount"), place], check=True)
