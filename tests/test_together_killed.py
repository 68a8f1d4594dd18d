"""A proof whose workers are killed, whose run is killed, whose disk is full: the same certificate, and accepted."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_together import children, medians

from relucirc import check, prove
from relucirc.core.journal import JournalWarning

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc"),
    pytest.mark.skipif(
        "CI" in os.environ and "CI_FULL" not in os.environ, reason="takes minutes: CI does it with CI_FULL=1"
    ),
]

PROOF = """
import sys
import relucirc.core.together
from test_together_killed import said
if __name__ == "__main__":
    relucirc.core.together.FIRST = relucirc.core.together.LONGEST = 0.05
    print(said(workers=int(sys.argv[1]) or None, journal=sys.argv[2]))
"""


def said(**options):
    """What a proof answers, its certificate's digest, and what the checker says of it."""
    net, formula = medians(3, 5, 0)
    proof = prove(net, formula, budget=None, **options)
    digest = hashlib.sha256(json.dumps(proof.certificate).encode()).hexdigest()
    return f"{proof.status} by {proof.method}, {digest}, {check(net, formula, proof.certificate).status}"


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What is said when nothing is killed."""
    path = tmp_path_factory.mktemp("whole") / "proof.journal"
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        answer = said(journal=path)
    assert answer.startswith("proved by cuts")
    assert answer.endswith("accepted")
    return answer, len(paths_in(path))


def quick(patch):
    """Makes pieces short, so that there are many."""
    for name in ("FIRST", "LONGEST"):
        patch.setattr(f"relucirc.core.together.{name}", 0.05)


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
        run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        while run.poll() is None and (not path.exists() or path.read_bytes().count(b"\n") < before.count(b"\n") + 3):
            time.sleep(0.01)
        assert run.poll() is None, "it ended before it was killed"
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert path.read_bytes().startswith(before)
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=600)
    assert run.stdout.decode().strip() == expected[0]
    found = paths_in(path)
    assert len(found) == len(set(found)), "something was proved twice although it was known"
    assert len(found) > 20


def test_a_proof_whose_workers_are_killed_twenty_times_is_the_same(tmp_path, expected, monkeypatch):
    quick(monkeypatch)
    path, rng, kills, answered = tmp_path / "proof.journal", random.Random(0), [], [0]

    def kill_some(clock):
        """Kills a worker, whenever one has answered since the last time."""
        known = clock.progress.get("pieces", 0)
        if known > answered[0] and len(kills) < 20 and (mine := children(os.getpid())):
            answered[0] = known
            kills.append(rng.choice(mine))
            os.kill(kills[-1], signal.SIGKILL)

    assert said(workers=2, journal=path, progress=kill_some) == expected[0]
    assert len(kills) == 20
    found = paths_in(path)
    assert len(found) == len(set(found))


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
        assert 0 < len(kept) < expected[1]
    finally:
        subprocess.run([shutil.which("umount"), place], check=True)
