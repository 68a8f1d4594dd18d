"""Journals: what is damaged is worked out again, what is whole is not, and nothing is believed of another claim."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import toy_work

from relucirc import MLP, Box, bounds, circuits, prove
from relucirc.core.budget import Budget
from relucirc.core.crew import gathered
from relucirc.core.errors import FileError
from relucirc.core.journal import FORMAT, Journal, JournalError, JournalWarning, _line, _text
from relucirc.core.together import solve

HERE = Path(__file__).parent
SHORT = {"short": True}
SQUARES = [n * n for n in range(24)]


def listed(path, question=SHORT, about="squares", workers=None):
    """Lists squares with a journal; returns how many were listed in this run."""
    with Budget() as clock, ThreadPoolExecutor(2) as pool, gathered(pool if workers else None, workers, path, about, 7):
        found = solve(toy_work.listing, question, [[0, 24]])
    assert toy_work.joined(found) == SQUARES
    return clock.progress


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "run.journal"
    listed(path)
    return path


def test_a_whole_journal_is_only_read(journal):
    before = journal.read_bytes()
    assert listed(journal) == listed(journal, workers=3)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_a_run_goes_on_where_another_was_stopped(journal, tmp_path, workers):
    lines = journal.read_bytes().splitlines(keepends=True)
    for kept in range(1, len(lines), 5):
        part = tmp_path / "part.journal"
        part.write_bytes(b"".join(lines[:kept]))
        expected = listed(part, workers=workers)
        assert sorted(part.read_bytes().splitlines()) == sorted(journal.read_bytes().splitlines())
        assert part.read_bytes().startswith(b"".join(lines[:kept]))
        assert expected["numbers"] == 24


def test_a_journal_that_was_cut_off_at_any_byte_loses_its_last_line(journal):
    whole = journal.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last, len(whole)):
        journal.write_bytes(whole[:end])
        if end > last:
            with pytest.warns(JournalWarning, match="cut off"):
                listed(journal)
        else:
            listed(journal)
        assert journal.read_bytes() == whole


def test_a_first_line_that_was_cut_off_is_none(journal):
    whole = journal.read_bytes()
    for end in range(whole.index(b"\n") + 1):
        journal.write_bytes(whole[:end])
        listed(journal)
        assert journal.read_bytes() == whole


def test_a_flipped_bit_is_never_believed(journal):
    whole, rng = journal.read_bytes(), random.Random(0)
    head = whole.index(b"\n")
    refused = 0
    for _ in range(1000):
        place = rng.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        journal.write_bytes(flipped)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                listed(journal)
            except JournalError:
                refused += 1
                assert place <= head
                continue
        assert place >= head
        assert [warning.category for warning in said] in ([JournalWarning], [JournalWarning] * 2)
        assert set(whole.splitlines()) <= set(journal.read_bytes().splitlines())
    assert refused


def test_a_journal_of_another_claim_is_refused_by_name(journal, tmp_path):
    with pytest.raises(JournalError, match="another claim, squares, not of cubes"):
        listed(journal, about="cubes")
    net, path = circuits.minimum(), tmp_path / "proof.journal"
    assert prove(net, "Min(x1, x2)", journal=path)
    assert prove(net, "Min(x1, x2)", journal=path)
    with pytest.raises(FileError, match="another claim, prove at every real input, with another network"):
        prove(net, "Max(x1, x2)", journal=path)
    with pytest.raises(FileError, match="another claim"):
        prove(net, "Min(x1, x2)", "x1 >= 0", journal=path)
    with pytest.raises(FileError, match="another claim"):
        prove(circuits.maximum(), "Min(x1, x2)", journal=path)


def test_lines_of_another_journal_are_not_believed(journal, tmp_path):
    other = tmp_path / "other.journal"
    listed(other, about="other squares")
    lines = journal.read_bytes().splitlines(keepends=True)
    other.write_bytes(other.read_bytes().splitlines(keepends=True)[0] + b"".join(lines[1:]))
    with pytest.warns(JournalWarning, match=f"{len(lines) - 1} of its lines"):
        listed(other, about="other squares")


@pytest.mark.parametrize("text", ["some notes\nand more\n", "a note", "\n"])
def test_what_is_no_journal_is_refused_and_left_as_it_is(tmp_path, text):
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(JournalError, match="no journal"):
        listed(path)
    assert path.read_text() == text
    with pytest.raises(JournalError, match="cannot open"):
        listed(tmp_path)
    with pytest.raises(JournalError, match="path of a file"):
        listed(3)


@pytest.mark.skipif(os.name != "posix", reason="needs devices")
def test_what_is_no_file_on_a_disk_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/null", tmp_path / "pipe"):
        with pytest.raises(JournalError, match="a device or a pipe"):
            listed(path)
    with pytest.raises(JournalError, match="cannot open"):
        listed("a\0b")


def test_a_line_that_says_no_outcome_is_damaged_although_its_digest_is_right(journal):
    whole = journal.read_bytes().splitlines(keepends=True)
    claim, right = _text(FORMAT, whole[0][:-1])["claim"], json.loads(whole[1].split(b" ", 2)[2])
    changes = ({"path": 3}, {"path": [0, "1"]}, {"rest": None}, {"counts": {"pieces": None}}, {"final": 1}, {"more": 1})
    lies = [_line(claim, {**right, **change}) for change in changes]
    lies += [_line(claim, {name: right[name] for name in right if name != "found"}), _line(claim, [right])]
    for lie in lies:
        journal.write_bytes(whole[0] + lie + b"".join(whole[2:]))
        with pytest.warns(JournalWarning, match="1 of its lines are damaged"):
            listed(journal)
    journal.write_bytes(_line(FORMAT, {"format": FORMAT}))
    with pytest.raises(JournalError, match="no journal"):
        listed(journal)


@pytest.mark.parametrize("lie", [[["1000"] * 3, "1000"], [None, "1000"], [["0"] * 3, "1000"], None])
def test_a_bound_is_what_its_point_has_whatever_a_journal_says(tmp_path, lie):
    rng, path = np.random.default_rng(3), tmp_path / "bounds.journal"
    shapes = ((rng.integers(-3, 4, (12, 3)), rng.integers(-2, 3, 12)), (rng.integers(-2, 3, (1, 12)), None))
    net = MLP.from_arrays(shapes)
    right = bounds(net, Box(-1, 1), journal=path)
    head, *lines = path.read_bytes().splitlines(keepends=True)
    claim, changed = _text(FORMAT, head[:-1])["claim"], []
    for line in lines:
        data = json.loads(line.split(b" ", 2)[2])
        if lie is None:
            data["found"][0] = 0  # one end, told twice
        else:
            data["found"][1][:2] = lie  # a weaker bound, which the same tree proves
        changed.append(_line(claim, data))
    path.write_bytes(head + b"".join(changed))
    found = bounds(net, Box(-1, 1), journal=path)
    assert (found.lower, found.upper) == (right.lower, right.upper) or not found.exact
    assert found.least is None or right.lower <= found.least <= found.greatest <= right.upper


def test_one_run_at_a_time_writes(journal):
    pytest.importorskip("fcntl")
    with gathered(None, None, journal, "squares", 7), pytest.raises(JournalError, match="in use"):
        listed(journal)


KILLED = """
import sys, toy_work
from relucirc.core.budget import Budget
from relucirc.core.crew import gathered
from relucirc.core.together import solve
if __name__ == "__main__":
    path, seen, workers = sys.argv[1:]
    with Budget(), gathered(None, int(workers) or None, path, "many", 1):
        found = solve(toy_work.listing, {"each": 0.02, "seen": seen}, [[0, 300]])
    print(toy_work.joined(found) == [n * n for n in range(300)])
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_is_killed_five_times_goes_on_with_what_was_done(tmp_path, workers):
    script, path, seen = tmp_path / "killed.py", tmp_path / "run.journal", tmp_path / "seen"
    script.write_text(KILLED)
    seen.mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    command = [sys.executable, "-W", "ignore", script, path, seen, str(workers)]

    def marks():
        return len(list(seen.iterdir()))

    for _ in range(5):
        before, done = marks(), path.read_bytes() if path.exists() else b""
        run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        while run.poll() is None and (marks() < before + 25 or path.read_bytes() == done):
            pass
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert path.read_bytes().startswith(done)
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=300)
    assert run.stdout == b"True\n"
    twice = marks() - 300
    longest = 1.5 / 0.02  # the most numbers of a piece
    assert twice <= 5 * max(workers, 1) * 2 * longest


def test_a_full_disk_stops_nothing(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.name != "posix":
        pytest.skip("nothing can be mounted")
    mounted = subprocess.run([mount, "-t", "tmpfs", "-o", "size=4k", "tmpfs", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted")
    try:
        path = place / "run.journal"
        with pytest.warns(JournalWarning, match="cannot be written"):
            listed(path)
        kept = path.read_bytes()
        assert kept.endswith(b"\n")
        (tmp_path / "run.journal").write_bytes(kept)
    finally:
        subprocess.run([shutil.which("umount"), place], check=True)
    assert listed(tmp_path / "run.journal")["numbers"] == 24  # what was written is whole


@pytest.mark.parametrize("full", [range(6, 10), range(1, 4)])
def test_what_did_not_fit_is_written_when_there_is_room_again(journal, tmp_path, monkeypatch, full):
    write, calls = Journal._write, []

    def sometimes(self, line):
        calls.append(line)
        if len(calls) in full:
            raise OSError(28, "No space left on device")
        write(self, line)

    monkeypatch.setattr(Journal, "_write", sometimes)
    other = tmp_path / "other.journal"
    with pytest.warns(JournalWarning, match="No space left"):
        listed(other)
    assert other.read_bytes() == journal.read_bytes()
