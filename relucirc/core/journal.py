"""Journals: what became of pieces, one line each, so that a run which was stopped goes on where it was.

A line is ``digest length text``, the text being JSON.  The digest is of the claim and the text, so a line that was
damaged, cut off, or written for another claim is none: its piece is worked on again.  The first line says what the
journal is about.  Lines are only ever added, each is on the disk before the next is, and one process writes at a time.
"""

import hashlib
import json
import os
import stat
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relucirc.core.digest import digest_of
from relucirc.core.errors import FileError, shorten
from relucirc.core.pieces import Outcome, Piece

FORMAT = "relucirc-journal-1"


class JournalWarning(UserWarning):
    """Part of a journal cannot be used, or it cannot be written."""


class JournalError(FileError):
    """A journal is of another claim, is none, or is in use."""


@dataclass
class Journal:
    """A journal that is open.

    Attributes:
        name: Its path.
        claim: The digest of what it is about.
        file: The file, to which is added.
        known: What became of pieces, by the work, the place in the tree and the piece.
    """

    name: str
    claim: str
    file: Any
    known: dict[tuple[str, tuple[int, ...], str], Outcome] = field(default_factory=dict)
    _owed: list[bytes] = field(default_factory=list, repr=False)
    _is_full: bool = False

    @staticmethod
    def opened(path: Any, claim: str, about: str) -> "Journal":
        """Opens a journal, or begins one.

        Args:
            path: Where.
            claim: The digest of what is asked.
            about: The same in words.

        Raises:
            JournalError: Where it cannot be opened, is of another claim, or is in use.
        """
        if not isinstance(path, str | os.PathLike):
            raise JournalError(f"journal: expected the path of a file, got {shorten(path)}.")
        name = os.fsdecode(path)
        try:
            file = Path(name).open("a+b", buffering=0)  # noqa: SIM115  (closed by its owner)
        except (OSError, ValueError) as error:  # the latter of a name with a zero in it
            raise JournalError(f"cannot open the journal {name!r}: {getattr(error, 'strerror', error)}.") from None
        journal = Journal(name, claim, file)
        try:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise JournalError(f"{name} is no journal: expected a file on a disk, got a device or a pipe.")
            _lock(file, name)
            journal._read(about)
        except BaseException:
            file.close()
            raise
        return journal

    def _read(self, about: str) -> None:
        """Reads what is there, or writes the first line."""
        self.file.seek(0)
        lines = self.file.read().split(b"\n")
        first = _line(FORMAT, {"format": FORMAT, "claim": self.claim, "about": about})
        if len(lines) == 1 and first.startswith(lines[0]):  # nothing, or a first line that was cut off
            self.file.truncate(0)
            self._owed.append(first)
            self._pay()
            return
        head = _text(FORMAT, lines[0])
        if head is None or head.get("format") != FORMAT or not {"claim", "about"} <= head.keys():
            raise JournalError(f"{self.name} is no journal, or its first line is damaged: remove it to begin anew.")
        if head["claim"] != self.claim:
            other = f"not of {shorten(about)}" if head["about"] != about else "with another network, formula or options"
            raise JournalError(f"the journal {self.name} is of another claim, {shorten(head['about'])}, {other}.")
        damaged = 0
        for line in lines[1:-1]:
            data = _text(self.claim, line)
            if data is None or not _is_record(data):
                damaged += 1
                continue
            outcome = Outcome(data["found"], data["rest"], data["final"], data["counts"])
            self.known[data["work"], tuple(data["path"]), data["piece"]] = outcome
        if lines[-1]:
            self._notice("its last line was cut off, and is dropped")
            self.file.truncate(sum(len(line) + 1 for line in lines[:-1]))
        if damaged:
            self._notice(f"{damaged} of its lines are damaged: what they say is worked out again")

    def find(self, work: str, path: tuple[int, ...], piece: Piece) -> Outcome | None:
        """Returns what became of a piece, if that is known."""
        return self.known.get((work, path, digest_of(piece)))

    def add(self, work: str, path: tuple[int, ...], piece: Piece, outcome: Outcome) -> None:
        """Writes what became of a piece; where the disk is full, later."""
        data = {
            "work": work,
            "path": list(path),
            "piece": digest_of(piece),
            "found": outcome.found,
            "rest": list(outcome.rest),
            "final": outcome.final,
            "counts": outcome.counts,
        }
        self._owed.append(_line(self.claim, data))
        self._pay()

    def _pay(self) -> None:
        """Writes what has not been written."""
        while self._owed:
            try:
                self._write(self._owed[0])
            except OSError as error:
                if not self._is_full:
                    self._notice(f"it cannot be written ({error.strerror or error}); the work goes on without")
                self._is_full = True
                return
            self._is_full = False
            del self._owed[0]

    def _write(self, line: bytes) -> None:
        """Adds a line, all of it or nothing."""
        end = self.file.seek(0, os.SEEK_END)
        try:
            view = memoryview(line)
            while view:
                view = view[self.file.write(view) :]
            os.fsync(self.file.fileno())
        except BaseException:
            self.file.truncate(end)
            raise

    def _notice(self, what: str) -> None:
        warnings.warn(f"the journal {self.name}: {what}.", JournalWarning, stacklevel=2)

    def close(self) -> None:
        """Closes it."""
        self.file.close()


def _line(claim: str, data: dict) -> bytes:
    text = json.dumps(data, separators=(",", ":")).encode()
    return b"%s %d %s\n" % (_digest(claim, text), len(text), text)


def _text(claim: str, line: bytes) -> dict | None:
    """What a line says; None if it is not one of this claim, whole."""
    digest, _, rest = line.partition(b" ")
    length, _, text = rest.partition(b" ")
    if digest != _digest(claim, text) or length != b"%d" % len(text):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if type(data) is dict else None


def _is_record(data: dict) -> bool:
    """Whether a line says what became of a piece; what was found is for those to read who asked."""
    kinds = {"work": str, "path": list, "piece": str, "found": object, "rest": list, "final": bool, "counts": dict}
    return (
        data.keys() == kinds.keys()
        and all(isinstance(data[name], kind) for name, kind in kinds.items())
        and all(type(i) is int for i in (*data["path"], *data["counts"].values()))
    )


def _digest(claim: str, text: bytes) -> bytes:
    return hashlib.sha256(claim.encode() + b" " + text).hexdigest().encode()


def _lock(file: Any, name: str) -> None:
    """Keeps others from writing as long as the file is open, where the system can; it forgets that with the process."""
    try:
        import fcntl  # noqa: PLC0415  (not on every system)
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalError(f"the journal {name} is in use by another run.") from None
    except OSError:
        return  # a file system that has no locks
