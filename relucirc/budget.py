"""A time budget that every long loop asks, and that remembers how far the work got."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real

from relucirc.errors import RelucircError, shorten

PATIENCE = 2.0
"""Seconds before progress is reported."""
INTERVAL = 0.25


class OutOfBudget(Exception):
    """Raised inside a method when its time is over; the driver turns it into ``unknown``."""


@dataclass
class Budget:
    """Seconds of wall time, counted from construction.

    Attributes:
        seconds: The limit, or None for no limit.
        progress: What the running method counts, such as ``{"regions": 1200}``.
        method: What is running.
        on_progress: Called with this object a few times a second, once two seconds have passed;
            a last time, with ``method`` empty, when the work is over.
    """

    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)
    method: str = ""
    progress: dict[str, int] = field(default_factory=dict)
    on_progress: Callable[["Budget"], None] | None = field(default=None, repr=False)
    _reported: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        if self.seconds is not None and not (isinstance(self.seconds, Real) and self.seconds == self.seconds):
            raise RelucircError(
                f"budget: expected a number of seconds, or None for no limit, got {shorten(repr(self.seconds))}."
            )

    @property
    def elapsed(self) -> float:
        """Seconds used so far."""
        return time.monotonic() - self.started

    @property
    def remaining(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.seconds is None else self.seconds - self.elapsed

    def left(self, at_least: float = 0.0) -> float | None:
        """Returns the seconds left as the limit for a call, at least so many; None without a limit."""
        return None if self.seconds is None else max(self.remaining, at_least)

    def step(self, counter: str | None = None) -> None:
        """Counts one step of work that was done.

        Raises:
            OutOfBudget: When the time is over.
        """
        if counter is not None:
            self.progress[counter] = self.progress.get(counter, 0) + 1
        elapsed = self.elapsed
        if self.seconds is not None and elapsed > self.seconds:
            raise OutOfBudget
        if self.on_progress is not None and elapsed > max(PATIENCE, self._reported + INTERVAL):
            self._reported = elapsed
            self.on_progress(self)

    def part(self, seconds: float) -> "Budget":
        """Returns a budget for a part of the work: at most ``seconds``, and never more than is left."""
        return Budget(min(seconds, self.remaining), method=self.method, progress=self.progress)

    def close(self) -> None:
        """Ends the progress line, if there was one."""
        if self._reported and self.on_progress is not None:
            self.method = ""
            self.on_progress(self)
