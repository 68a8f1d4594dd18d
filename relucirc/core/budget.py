"""A time budget that every long loop asks, and that remembers how far the work got.

A verb runs under one clock: ``with Budget(seconds) as clock``.  Whatever it calls, reading included,
asks that clock by :func:`tick` without having it handed down, and a clock that is made meanwhile (for
a proof inside of an explanation, or a share of the work) ends with it at the latest.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from numbers import Real

from relucirc.core.errors import RelucircError, shorten

PATIENCE = 2.0
"""Seconds before progress is reported, where it is not asked for at once."""
INTERVAL = 0.25
BRIEF = 0.05
"""Seconds that a call may take although the time is over."""
LONG = 1e6
"""Seconds that a share is taken of where there is no limit."""


class OutOfBudget(Exception):
    """Raised inside a method when its time is over; the driver turns it into ``unknown``."""


@dataclass
class Budget:
    """Seconds of wall time, counted from construction; never more than a running clock has left.

    Attributes:
        seconds: The limit, or None for no limit.
        progress: What the running method counts, such as ``{"regions": 1200}``.
        method: What is running.
        on_progress: Called with this object a few times a second, once two seconds have passed;
            a last time, with ``method`` empty, when the work is over.
        total: How many there will be of what is counted, where that is known.
        patience: Seconds before it is called; two by default.
        steps: The most steps of work under this clock, those under clocks inside of it included; None for no limit.
            Where they end a search and not the seconds, it finds the same on a busy machine.
    """

    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)
    method: str = ""
    progress: dict[str, int] = field(default_factory=dict)
    on_progress: Callable[["Budget"], None] | None = field(default=None, repr=False)
    total: int | None = None
    patience: float | None = field(default=None, repr=False)
    steps: int | None = None
    taken: int = field(default=0, repr=False, compare=False)
    _reported: float | None = field(default=None, repr=False)
    _outer: "Budget | None" = field(default=None, repr=False, compare=False)
    _limited: "Budget | None" = field(default=None, repr=False, compare=False)
    _tokens: "list[Token]" = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seconds is not None and not (isinstance(self.seconds, Real) and self.seconds == self.seconds):
            raise RelucircError(
                f"budget: expected a number of seconds, or None for no limit, got {shorten(repr(self.seconds))}."
            )
        self._outer = _running.get()
        if self._outer is not None and self._outer.seconds is not None:
            left = max(self._outer.started + self._outer.seconds - self.started, 0.0)
            self.seconds = left if self.seconds is None else min(self.seconds, left)
        self._limited = self if self.steps is not None else None if self._outer is None else self._outer._limited

    def __enter__(self) -> "Budget":
        self._tokens.append(_running.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        _running.reset(self._tokens.pop())
        self.close()

    @property
    def elapsed(self) -> float:
        """Seconds used so far."""
        return time.monotonic() - self.started

    @property
    def remaining(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.seconds is None else self.seconds - self.elapsed

    @property
    def is_over(self) -> bool:
        """Whether the time, or the steps that may be taken, are used up."""
        return self.remaining <= 0 or (self._limited is not None and self._limited._is_spent())

    def _is_spent(self) -> bool:
        outer = None if self._outer is None else self._outer._limited
        return (self.steps is not None and self.taken > self.steps) or (outer is not None and outer._is_spent())

    def left(self, at_least: float = 0.0) -> float | None:
        """Returns the seconds left as the limit for a call, at least so many; None without a limit."""
        return None if self.seconds is None else max(self.remaining, at_least)

    def step(self, counter: str | None = None, count: int = 1) -> None:
        """Counts one step of work that was done, or so many.

        Raises:
            OutOfBudget: When the time is over.
        """
        if counter is not None:
            self.progress[counter] = self.progress.get(counter, 0) + count
        if self.on_progress is not None or self._outer is not None:
            self._report()
        if self._limited is not None:
            self._limited._take(count)
        if self.seconds is not None and time.monotonic() - self.started > self.seconds:
            raise OutOfBudget

    def _take(self, count: int) -> None:
        """Takes steps from what may be taken under this clock, and under those around it that have a limit of steps."""
        self.taken += count
        outer = None if self._outer is None else self._outer._limited
        if outer is not None:
            outer._take(count)
        if self.steps is not None and self.taken > self.steps:
            raise OutOfBudget

    def _report(self) -> None:
        """Says how far the work is, if it is time to; a clock that says nothing lets the one around it speak."""
        if self.on_progress is None:
            if self._outer is not None:
                self._outer._report()
            return
        elapsed, patience = self.elapsed, PATIENCE if self.patience is None else self.patience
        if elapsed > (patience if self._reported is None else self._reported + INTERVAL):
            self._reported = elapsed
            self.on_progress(self)

    def part(self, seconds: float, steps: int | None = None) -> "Budget":
        """Returns a budget for a part of the work: at most ``seconds``, and steps, and never more than is left."""
        return Budget(min(seconds, self.remaining), method=self.method, progress=self.progress, steps=steps)

    def share(self, part: float) -> "Budget":
        """Returns a budget for a part of the work: such a share of what is left, and of a long time without a limit."""
        return self.part(part * min(self.remaining, LONG))

    def ended(self, error: "OutOfBudget | KeyboardInterrupt") -> str:
        """Says why the work under this clock ended, for the verb that answers with what it knows.

        Raises:
            OutOfBudget, KeyboardInterrupt: The same error, where it is for the verb around this one to answer.
        """
        interrupted = isinstance(error, KeyboardInterrupt)
        if self._outer is not None and (interrupted or self._outer.is_over):
            raise error
        return "interrupted" if interrupted else f"the budget of {self.seconds:g} s ended"

    def close(self) -> None:
        """Ends the progress line, if there was one or should be, with the last count on it."""
        if self.on_progress is not None and (self._reported is not None or self.patience == 0):
            self.on_progress(self)
            method, self.method = self.method, ""
            self.on_progress(self)
            self.method = method


_running: ContextVar[Budget | None] = ContextVar("running", default=None)


def running() -> Budget | None:
    """The clock of the verb that is running, if one is."""
    return _running.get()


def is_running() -> bool:
    """Whether a verb runs around this one."""
    return _running.get() is not None


def tick(counter: str | None = None) -> None:
    """Counts one step with the clock of the verb that is running, if one is.

    Raises:
        OutOfBudget: When its time is over.

    Example:
        >>> with Budget(60.0) as clock:
        ...     tick("regions")
        >>> clock.progress
        {'regions': 1}
    """
    clock = _running.get()
    if clock is not None:
        clock.step(counter)


def announce(work: str) -> None:
    """Shows at once, where progress is shown, what takes long now and cannot tick."""
    clock = _running.get()
    while clock is not None and clock.on_progress is None:
        clock = clock._outer
    if clock is not None and clock.on_progress is not None:
        method, clock.method, clock._reported = clock.method, work, max(clock.elapsed, BRIEF)
        clock.on_progress(clock)
        clock.method = method


def part_of_time(seconds: float, steps: int | None = None) -> Budget:
    """Returns a clock for a part of the work: at most ``seconds``, and steps, and with the running clock's counters."""
    clock = _running.get()
    return Budget(seconds, steps=steps) if clock is None else clock.part(seconds, steps)


def seconds_left(most: float) -> float:
    """Returns how long a call may take that cannot tick: at most so long, and never much more than is left."""
    clock = _running.get()
    return most if clock is None else max(min(most, clock.remaining), BRIEF)
