"""Broken files end in a sentence, and the fuzzer (tests/fuzz.py) sees what does not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import fuzzing
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relucirc.core.errors import FileError


@pytest.mark.parametrize("name", fuzzing.READERS)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path, name):
    pytest.importorskip(fuzzing.READERS[name].needs)
    path = tmp_path / f"broken{fuzzing.READERS[name].suffix}"
    for good in fuzzing.seeds_of(name):
        path.write_bytes(good)
        fuzzing.examine(name, path)

    @settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
    @given(fuzzing.files(name))
    def attack(data):
        path.write_bytes(data)
        fuzzing.examine(name, path)

    attack()


def reader(read):
    return fuzzing.Reader(".txt", lambda: [b"good"], lambda _: st.just(b"bad"), read)


def raising(error, cause=None):
    def read(_):
        raise error from cause

    return read


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (raising(KeyError("planted")), "KeyError: 'planted'"),
        (raising(MemoryError()), "MemoryError"),
        (raising(FileError("one\ntwo")), "several lines"),
        (raising(FileError("long" * 1000)), "a sentence of 4000 characters"),
        (raising(FileError(" ")), "an empty sentence"),
        (raising(FileError("cannot be read."), MemoryError()), "memory ran out"),
    ],
)
def test_the_fuzzer_sees_what_is_no_sentence(monkeypatch, tmp_path, read, words):
    monkeypatch.setitem(fuzzing.READERS, "planted", reader(read))
    with pytest.raises(AssertionError, match=words):
        fuzzing.examine("planted", tmp_path)


def test_the_fuzzer_sees_what_a_reader_does(tmp_path):
    watch = fuzzing.Watch()
    deeds = {
        "os.system": lambda: os.system("true"),
        "subprocess.Popen": lambda: subprocess.run(["true"], check=True),
        "exec": lambda: exec("1"),
        "open": lambda: (tmp_path / "new").write_text("text"),
        "os.remove": (tmp_path / "new").unlink,
    }
    for event, deed in deeds.items():
        watch.on = True
        deed()
        watch.on = False
        assert any(seen.startswith(event) for seen in watch.seen), event
        watch.seen.clear()
    (tmp_path / "new").write_text("text")
    watch.on = True
    (tmp_path / "new").read_text()
    watch.on = False
    assert not watch.seen


PLANTED = """
import os, sys
from pathlib import Path
import fuzz, fuzzing
from hypothesis import strategies as st
from relucirc.core.errors import FileError

def read(path):
    if path.read_bytes() == b"good":
        return
    {deed}

fuzz.SECONDS_EACH = 1
fuzzing.READERS["planted"] = fuzzing.Reader(".txt", lambda: [b"good"], lambda good: st.just(b"bad"), read)
fuzz.child("planted", 30, 0, Path(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize(("deed", "status"), [("while True: pass", -signal.SIGPROF), ("os.abort()", -signal.SIGABRT)])
def test_a_reader_that_hangs_or_crashes_ends_its_process(tmp_path, deed, status):
    here = Path(__file__).parent
    command = [sys.executable, "-c", PLANTED.format(deed=deed), str(tmp_path)]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    done = subprocess.run(command, env=found, check=False, capture_output=True)
    assert done.returncode == status
    assert (tmp_path / "current.txt").read_bytes() == b"bad"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_reader_that_fills_the_memory_is_stopped(tmp_path):
    here = Path(__file__).parent
    deed = "bytes(8 << 30); sys.exit('8 GiB')"
    command = [sys.executable, "-c", PLANTED.format(deed=deed).replace("30, 0", "3, 0"), str(tmp_path)]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    done = subprocess.run(command, env=found, check=False, capture_output=True)
    assert done.returncode == 0
    assert "MemoryError" in (tmp_path / "report.json").read_text("utf-8")
