"""Files are written whole or not at all: a stopped process leaves the old one or the new one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relucirc.core.errors import FileError


@contextmanager
def replacing(path: str | os.PathLike[str], what: str = "") -> Iterator[Path]:
    """Gives a place beside a file to write to; at the end that is flushed to the disk, and takes the file's name.

    What is no ordinary file, such as ``/dev/stdout``, is written to as it is.

    Args:
        path: The file.
        what: What it is, such as ``"the checkpoint "``, for the error.

    Raises:
        FileError: When it cannot be written.
    """
    name = os.fsdecode(path)
    file = Path(os.path.realpath(name))
    scratch = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        if file.exists() and not file.is_file():
            yield file
            return
        try:
            yield scratch
            with scratch.open("r+b") as written:
                os.fsync(written.fileno())
            scratch.replace(file)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"cannot write {what}{name}: {error.strerror or error}.") from None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a file of text.

    Raises:
        FileError: When it cannot be written.
    """
    with replacing(path) as place:
        place.write_text(text, encoding="utf-8")
