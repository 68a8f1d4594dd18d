"""A progress bar where tqdm and a terminal are there, and nothing where they are not."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Protocol

from relucirc.core.errors import RelucircError


class Progress(Protocol):
    """What is told about finished work."""

    def update(self, n: int) -> object:
        """Takes note of ``n`` more units of work."""
        ...


class Silence:
    """A bar that is not shown."""

    def update(self, n: int) -> None:
        """Does nothing."""


@contextlib.contextmanager
def progress_bar(wanted: bool, required: bool, total: int | None, unit: str) -> Iterator[Progress]:
    """Shows a bar on standard error while the context lasts.

    Args:
        wanted: Whether to show one if tqdm is installed and standard error is a terminal.
        required: Whether to show one in any case.
        total: Units of work, or None if not known.
        unit: Name of a unit.

    Raises:
        RelucircError: If a bar is required and tqdm is not installed.
    """
    if not required and not (wanted and sys.stderr is not None and sys.stderr.isatty()):
        yield Silence()
        return
    try:
        from tqdm import tqdm  # noqa: PLC0415  (optional)
    except ImportError:
        if required:
            raise RelucircError(
                "progress=True needs tqdm: pip install 'relucirc[progress]', or leave progress=None."
            ) from None
        yield Silence()
        return
    with tqdm(total=total, unit=" " + unit, unit_scale=True, file=sys.stderr) as bar:
        yield bar
