"""A time budget that every long loop asks, and that remembers how far the work got."""

import time
from dataclasses import dataclass, field


class OutOfBudget(Exception):
    """Raised inside a method when its time is over; the driver turns it into ``unknown``."""


@dataclass
class Budget:
    """Seconds of wall time, counted from construction.

    Attributes:
        seconds: The limit, or None for no limit.
        progress: What the running method counts, such as ``{"regions": 1200}``.
    """

    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)
    method: str = ""
    progress: dict[str, int] = field(default_factory=dict)

    @property
    def elapsed(self) -> float:
        """Seconds used so far."""
        return time.monotonic() - self.started

    @property
    def remaining(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.seconds is None else self.seconds - self.elapsed

    def step(self, counter: str | None = None) -> None:
        """Counts one step of work.

        Raises:
            OutOfBudget: When the time is over.
        """
        if counter is not None:
            self.progress[counter] = self.progress.get(counter, 0) + 1
        if self.seconds is not None and self.elapsed > self.seconds:
            raise OutOfBudget
