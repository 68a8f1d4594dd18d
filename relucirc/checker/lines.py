"""Certificates in files, read in bounded memory: long lists have a line for each entry, in the order of the check.

The first line is the certificate, in which such a list is ``{"lines": count}``; the lines of all such lists follow, in
the order in which a walk meets them.  What has none is one line, or any JSON.  The file may be compressed by gzip.
"""

import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from relucirc.checker.data import Lines, Rejected, require
from relucirc.core.errors import FileError, shorten

MAGIC = b"\x1f\x8b"
"""How a file begins that gzip wrote."""
DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError)
"""What reading a damaged file may raise, besides OSError."""
MAX_LINE = 1 << 28
"""Longest line, so that no small compressed file fills the memory."""
DAMAGED = "the certificate's file is damaged or not complete"


class Reader:
    """A certificate that is being read, line after line.

    Attributes:
        certificate: What the first line says.
    """

    def __init__(self, file: Any) -> None:
        self._file, self._read, self._promised = file, 0, 0
        first = self._line()
        try:
            self.certificate = json.loads(first, object_hook=self._hook)
        except ValueError:
            self.certificate = json.loads(first + self._line(all_of_it=True))
        require(type(self.certificate) is dict, "a certificate is an object")  # text would name another file

    def _line(self, *, all_of_it: bool = False) -> str:
        """The next line, or all that is left; a damaged file is rejected."""
        try:
            line = self._file.read(MAX_LINE + 1) if all_of_it else self._file.readline(MAX_LINE + 1)
        except DAMAGE:
            raise Rejected(DAMAGED) from None
        require(len(line) <= MAX_LINE, "a line of the certificate's file is too long")
        return line

    def _hook(self, found: dict) -> Any:
        """Puts a list that is read later in the place of its length."""
        if found.keys() != {"lines"}:
            return found
        count = found["lines"]
        require(type(count) is int and count >= 0, "a list has no length")
        lines = Lines(self._entries(self._promised, count))
        self._promised += count
        return lines

    def _entries(self, start: int, count: int) -> Iterator[Any]:
        require(self._read == start, "the lists of a certificate's file are not in the order of the check")
        for _ in range(count):
            line = self._line()
            require(line.endswith("\n"), DAMAGED)
            self._read += 1
            try:
                entry = json.loads(line)
            except ValueError:
                raise Rejected(DAMAGED) from None
            yield entry

    def is_at_its_end(self) -> bool:
        """Whether all was read, nothing follows, and nothing was damaged."""
        try:
            return self._read == self._promised and not self._line()
        except Rejected:
            return False


@contextmanager
def opened(source: Any) -> Iterator[Reader]:
    """Opens a certificate's file: a path, or a file that is open.

    Raises:
        FileError: When it cannot be read, or does not begin with a certificate.
    """
    name = os.fsdecode(source) if isinstance(source, str | os.PathLike) else getattr(source, "name", "the file")
    with ExitStack() as stack:
        try:
            if isinstance(source, str | os.PathLike):
                source = stack.enter_context(Path(name).open("rb"))
            reader = Reader(_text(source, stack))
        except OSError as error:
            raise FileError(f"cannot read {name}: {error.strerror or error}.") from None
        except (ValueError, RecursionError, Rejected):
            said = "expected a certificate, a JSON object as `--certificate` writes it."
            raise FileError(f"{shorten(name)}: {said}") from None
        yield reader


def _text(file: Any, stack: ExitStack) -> Any:
    """A file as text, unpacked if gzip wrote it; it stays open."""
    if isinstance(file, io.TextIOBase):
        return file
    buffered = file if hasattr(file, "peek") else io.BufferedReader(file)
    if buffered is not file:
        stack.callback(buffered.detach)
    if buffered.peek(2)[:2] == MAGIC:
        buffered = stack.enter_context(gzip.GzipFile(fileobj=buffered))
    text = io.TextIOWrapper(buffered, encoding="utf-8")
    stack.callback(text.detach)
    return text
