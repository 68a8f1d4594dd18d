"""Lists of regions on the disk: the certificate as it grows, and rows of which only the distinct ones count."""

import base64
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from relucirc.core.writing import replacing

PART = 4096
"""Regions in a line of the certificate."""
BUCKETS = 64
"""Files among which rows are dealt out, equal ones to the same."""


class Listing:
    """A certificate of regions that is being written; see :mod:`relucirc.checker.regions`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.parts, self.regions = file, 0, 0
        self._waiting: list[np.ndarray] = []

    def add(self, rows: np.ndarray) -> None:
        """Writes regions: their signs, which come after all that were written before."""
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= PART:
            whole = np.concatenate(self._waiting)
            full = len(whole) - len(whole) % PART
            self._write(whole[:full])
            self._waiting = [whole[full:]]

    def end(self) -> None:
        """Writes what has waited for more, so that lines do not depend on how many regions come at a time."""
        if self._waiting:
            self._write(np.concatenate(self._waiting))

    def _write(self, rows: np.ndarray) -> None:
        for i in range(0, len(rows), PART):
            some = rows[i : i + PART]
            texts = [_text(some > 0), _text(some == 0) if (some == 0).any() else ""]
            self._file.write(json.dumps([len(some), *texts]).encode() + b"\n")
            self.parts += 1
        self.regions += len(rows)


@contextmanager
def listing(path: Any, head: dict) -> Iterator[Listing]:
    """Opens a certificate; it takes its name once it is whole.

    Args:
        path: The file, which is compressed by gzip.
        head: What it says before the signs.
    """
    with replacing(path, "the certificate ") as place:
        body = Path(f"{os.fspath(place)}.signs")
        try:
            with gzip.GzipFile(body, "wb", compresslevel=6, mtime=0) as packed:
                found = Listing(packed)  # type: ignore[arg-type]
                yield found
                found.end()
            data = {**head, "regions": found.regions, "signs": {"lines": found.parts}}
            with place.open("wb") as file:  # one file of gzip after the other is one, too
                file.write(gzip.compress(json.dumps(data).encode() + b"\n", mtime=0))
                with body.open("rb") as signs:
                    shutil.copyfileobj(signs, file)
        finally:
            body.unlink(missing_ok=True)


class DistinctRows:
    """Rows of integers of which only the distinct ones count, on the disk but for a few."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="relucirc-")
        self._files = [Path(self._folder.name, str(i)).open("w+b") for i in range(BUCKETS)]  # noqa: SIM115  (see close)
        self._width = 1

    def add(self, rows: np.ndarray) -> None:
        """Adds rows, all of one width."""
        if not len(rows):
            return
        rows = np.ascontiguousarray(rows, np.int32)
        self._width = rows.shape[1]
        factors = np.random.default_rng(0).integers(1, 1 << 31, self._width, np.uint64) | np.uint64(1)
        bucket = ((rows.astype(np.uint64) * factors).sum(axis=1) >> np.uint64(20)) % np.uint64(BUCKETS)
        for i, file in enumerate(self._files):
            file.write(rows[bucket == i].tobytes())

    def count(self) -> int:
        """How many distinct rows were added."""
        total = 0
        for file in self._files:
            file.seek(0)
            rows = np.frombuffer(file.read(), np.dtype((np.void, 4 * self._width)))
            total += len(np.unique(rows))
        return total

    def close(self) -> None:
        """Removes the files."""
        for file in self._files:
            file.close()
        self._folder.cleanup()


def _text(bits: np.ndarray) -> str:
    return base64.b64encode(np.packbits(bits.T).tobytes()).decode()
