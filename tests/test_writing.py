"""Files are whole or untouched, and what is no file is written to."""

import os

import pytest

from relucirc import FileError
from relucirc.core.writing import replacing, write_text


def write_half(path):
    with replacing(path) as place:
        place.write_text("half")
        assert path.read_text("utf-8") == "ol\u00e9"
        raise KeyboardInterrupt


def test_a_stopped_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "proof.json"
    write_text(path, "ol\u00e9")
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert path.read_text("utf-8") == "ol\u00e9"
    assert os.listdir(tmp_path) == ["proof.json"]
    with pytest.raises(FileError, match=r"cannot write the proof .*: No space left"), replacing(path, "the proof "):
        raise OSError(28, "No space left")


def test_a_link_stays_one_and_a_pipe_is_written_to(tmp_path):
    """Never a device of the machine: a broken library would replace it."""
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(tmp_path / "pipe", "sent")
        assert os.read(reader, 99) == b"sent"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").is_fifo()
    write_text(os.fsencode(tmp_path / "bytes"), "text")
    with pytest.raises(FileError, match=r"cannot write .*: Is a directory"):
        write_text(tmp_path, "text")
