"""Who works: this process, processes of its own, somebody's executor, a cluster; and what is written down.

A verb says who by :func:`gathered`, under which everything below it works; nothing is handed down.
"""

import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from relucirc.core.cluster import Cluster
from relucirc.core.digest import digest_of
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.journal import Journal
from relucirc.core.processes import Processes

SURELY = 1.0
"""Seconds that this process works alone before it begins others, which takes a few."""


@dataclass
class Crew:
    """Who works.

    Attributes:
        given: The executor that was given, if one was.
        count: How many work at the same time; 0 for this process alone.
        journal: What was found before, and where what is found is written.
    """

    given: Executor | None
    count: int
    journal: Journal | None = None
    _own: Processes | None = field(default=None, repr=False)

    def executor(self, elapsed: float) -> Executor | None:
        """Who takes orders after so many seconds of work; processes of one's own begin when that pays."""
        if self.given is not None or not self.count or (self._own is None and elapsed < SURELY):
            return self.given
        self._own = self._own or Processes(self.count)
        return self._own

    def recount(self) -> None:
        """Counts the workers of a cluster, which come and go."""
        if isinstance(self.given, Cluster):
            self.given.look()
            self.count = self.given.count

    def go_on_alone(self) -> None:
        """Does without somebody else's workers, who will not work again."""
        self.given, self.count = None, 0
        warnings.warn("the executor is broken: this process goes on alone.", RuntimeWarning, stacklevel=2)

    def end(self) -> None:
        """Ends processes of one's own."""
        if self._own is not None:
            self._own.shutdown()
            self._own = None


_crew: ContextVar[Crew | None] = ContextVar("crew", default=None)


@contextmanager
def gathered(
    executor: Any = None, workers: int | None = None, journal: Any = None, about: str = "", asked: Any = None
) -> Iterator[None]:
    """Lets everything inside work together, if there is anybody to, or a journal.

    Args:
        executor: Any of ``concurrent.futures``, or a client of Dask.
        workers: How many processes, where there is no executor; else how many pieces it works on at the same time.
        journal: The path of a journal, which may exist.
        about: What is asked, in words.
        asked: What is asked, as data.

    Raises:
        RelucircError: For what is no executor or number of workers, and for a journal of another question.
    """
    if executor is None and workers is None and journal is None:
        yield
        return
    crew = _read(executor, workers)
    if journal is not None:
        crew.journal = Journal.opened(journal, digest_of((about, asked)), about)
    token = _crew.set(crew)
    try:
        yield
    finally:
        _crew.reset(token)
        crew.end()
        if crew.journal is not None:
            crew.journal.close()


def at_work() -> Crew | None:
    """Who is there; None for this process alone, without a journal."""
    return _crew.get()


def is_shared() -> bool:
    """Whether there are workers, or a journal."""
    return _crew.get() is not None


def _read(executor: Any, workers: Any) -> Crew:
    """Who was given, and how many they are."""
    if workers is not None and (type(workers) is not int or workers < 1):
        raise RelucircError(f"workers: expected a number of processes, 1 or more, got {shorten(repr(workers))}.")
    if executor is None:
        return Crew(None, workers or 0)
    if isinstance(executor, Executor):
        return Crew(executor, workers or getattr(executor, "_max_workers", None) or 1)
    if hasattr(executor, "get_executor") and hasattr(executor, "nthreads"):
        return Crew(Cluster(executor), 1)
    raise RelucircError(f"executor: expected one of concurrent.futures, or a client of Dask, got {shorten(executor)}.")
