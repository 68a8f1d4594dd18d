"""The progress bar: tqdm's where it is installed, else a line of our own; only on a terminal."""

import sys
import time
from typing import Any


class Bar:
    """Counts steps on stderr.

    Args:
        total: Number of steps.
        label: What they are steps of.
        show: Whether to show it; by default where stderr is a terminal.
    """

    def __init__(self, total: int, label: str, show: bool | None = None) -> None:
        self.total, self.label, self.done = total, label, 0
        self.shown = (sys.stderr is not None and sys.stderr.isatty()) if show is None else show
        self.started = time.monotonic()
        self._tqdm: Any = None
        if self.shown:
            try:
                from tqdm import tqdm  # noqa: PLC0415  (an optional extra)
            except ImportError:
                return
            self._tqdm = tqdm(total=total, desc=label, unit="step", file=sys.stderr, leave=False)

    def advance(self, count: int, note: str = "") -> None:
        """Adds finished steps; the note stands at the end of the line."""
        self.done += count
        if not self.shown:
            return
        if self._tqdm is not None:
            self._tqdm.set_postfix_str(note, refresh=False)
            self._tqdm.update(count)
            return
        seconds = time.monotonic() - self.started
        sys.stderr.write(f"\r\x1b[K{self.label}: {self.done:,} of {self.total:,} steps, {seconds:.0f} s {note}")
        sys.stderr.flush()

    def close(self) -> None:
        """Removes the bar."""
        if self._tqdm is not None:
            self._tqdm.close()
        elif self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
