"""Together: one tree of pieces, any number of workers, a journal; and always the same answer.

A method hands its work over by :func:`solve`, and need not know who does it.  See docs/together.md.
"""

import heapq
import multiprocessing
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

from relucirc.core.budget import Budget, OutOfBudget, running, tick
from relucirc.core.crew import SURELY, Crew, at_work
from relucirc.core.digest import digest_of
from relucirc.core.errors import RelucircError
from relucirc.core.journal import Journal
from relucirc.core.pieces import Order, Outcome, Piece, Work, carry_out, counted

FIRST, LONGEST = 0.1, 1.5
"""Seconds for the first piece, and for all after some: short ones at first, so that soon there is one for everybody."""
AHEAD = 2
"""So many pieces are with each worker: one that it works on, and the next."""
PLENTY = 4
"""So many pieces that wait for each worker are enough; of fewer, the largest are next, which leave more."""
GLANCE = 0.1
"""Seconds between two looks at the clock."""
DEATHS = 3
"""So often each of the workers may end with what it was given and no answer of anybody in between."""
LEAST = 0.02
"""Share of the tree that has to be done before it is said how long the rest may take."""
GUARD = "a script that says workers= is a file, and needs `if __name__ == '__main__':`"
Path = tuple[int, ...]


class WorkersError(RelucircError):
    """Workers cannot be had, or end again and again."""


def solve(
    work: Work,
    question: Any,
    pieces: Iterable[Piece],
    *,
    kept: bool = True,
    long: bool = False,
    known: list[Outcome] | None = None,
    each: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Works on pieces and on what is left of them, by whoever there is.

    Args:
        work: A function of a module.
        question: What the pieces are of; it can be pickled.
        pieces: In order; they are made as they are needed.
        kept: Whether what is found may be read from the journal, and is written there.
        long: Whether it is known to take long, so that workers begin at once.
        known: A list that is given what was found, in the order of the tree, also where the work ends early.
        each: Called with each outcome in the order of the tree, as soon as all before it are there; then none is kept,
            so that the tree need not fit into memory.

    Returns:
        The outcomes in the order of the tree, each followed by those of the pieces that it left, up to the first that
        is final.

    Raises:
        OutOfBudget: When the time of the clock that is running is over.
        WorkersError: When workers end again and again.
    """
    crew = at_work()
    found = [] if known is None else known
    if crew is None:
        for outcome in _alone(work, question, pieces):
            (each or found.append)(outcome)
        return found
    shared = _Shared(crew, work, question, crew.journal if kept else None, each, long=long)
    try:
        shared.run(pieces)
    finally:
        found += shared.found
    return found


def _alone(work: Work, question: Any, pieces: Iterable[Piece]) -> Iterator[Outcome]:
    for piece in pieces:
        waiting = [piece]
        while waiting:
            outcome = work(question, waiting.pop(), None)
            yield outcome
            if outcome.final:
                return
            waiting += reversed(outcome.rest)  # of what may not take long there is none, of what may not be large some


class _Shared:
    """One question that is worked on."""

    def __init__(
        self,
        crew: Crew,
        work: Work,
        question: Any,
        journal: Journal | None,
        each: Callable[[Outcome], None] | None,
        *,
        long: bool,
    ) -> None:
        self.crew, self.work, self.question, self.journal, self.each = crew, work, question, journal, each
        self.stage = f"{work.__module__}.{work.__name__} {digest_of(question)}" if journal is not None else ""
        self.pickled: bytes | None = None
        self.waiting: list[_Waiting] = []
        self.flying: dict[Future, tuple[Path, float, Piece]] = {}
        self.done: dict[Path, Outcome] = {}
        self.end: Path | None = None
        self.share, self.deaths, self.drawn, self.count = 0.0, 0, 0, 0
        self.clock = running() or Budget()
        self.begun = self.clock.elapsed
        self.sure = SURELY if long else 0.0

    @property
    def found(self) -> list[Outcome]:
        """What is done, in the order of the tree."""
        kept = sorted(path for path in self.done if self.end is None or path <= self.end)
        return [self.done[path] for path in kept]

    def run(self, pieces: Iterable[Piece]) -> None:
        """Works until nothing is left."""
        said = self.clock.method
        try:
            share = 1 / max(len(pieces), 1) if isinstance(pieces, Sized) else 0.0
            coming = (((i,), share, piece) for i, piece in enumerate(pieces))
            while self._draw(coming) or self.flying:
                tick()
                self.clock.method = said + self._outlook()
                executor = self.crew.executor(self.clock.elapsed - self.begun + self.sure)
                if executor is None:
                    self._work_here()
                else:
                    self._work_there(executor)
                self._give()
        finally:
            self.clock.method = said
            for future in self.flying:
                future.cancel()

    def _give(self) -> None:
        """Gives away what comes before all that is still waited for."""
        if self.each is None:
            return
        open_ = [*(piece.path for piece in self.waiting[:1]), *(path for path, *_ in self.flying.values())]
        first = min(open_, default=(self.drawn,))
        for path in sorted(path for path in self.done if path < first):
            if self.end is None or path <= self.end:
                self.each(self.done[path])
            del self.done[path]

    def _draw(self, coming: Iterator[tuple[Path, float, Piece]]) -> bool:
        """Takes new pieces until as many wait as workers may ask for next; whether any wait."""
        while len(self.waiting) <= AHEAD * self.crew.count and (self.end is None or self.end[0] >= self.drawn):
            following = next(coming, None)
            if following is None:
                break
            self.drawn += 1
            self._put([following])
        return bool(self.waiting)

    def _put(self, pieces: Sequence[tuple[Path, float, Piece]]) -> None:
        """Adds pieces, of which some may have been worked on before."""
        pending = list(pieces)
        while pending:
            path, share, piece = pending.pop()
            known = None if self.journal is None else self.journal.find(self.stage, path, piece)
            if known is None:
                self._wait(path, share, piece)
            else:
                pending += self._took(path, share, known)

    def _wait(self, path: Path, share: float, piece: Piece) -> None:
        heapq.heappush(self.waiting, _Waiting(path, share, piece))

    def _took(self, path: Path, share: float, outcome: Outcome) -> list[tuple[Path, float, Piece]]:
        """Notes an outcome; returns what is left of its piece."""
        self.done[path] = outcome
        self.deaths = 0
        self.count += 1
        for name, count in {"pieces": 1, **outcome.counts}.items():
            self.clock.step(name, count)
        if outcome.final and (self.end is None or path < self.end):
            self.end = path
        if not outcome.rest:
            self.share += share
        return [((*path, i), share / len(outcome.rest), piece) for i, piece in enumerate(outcome.rest)]

    def _take(self, path: Path, share: float, piece: Piece, outcome: Outcome) -> None:
        """Takes an answer."""
        if self.journal is not None and outcome.kept:
            self.journal.add(self.stage, path, piece, outcome)
        self._put(self._took(path, share, outcome))

    def _next(self) -> tuple[Path, float, Piece] | None:
        """The first piece that is still asked for; while few wait, the largest: none is to be without in the end."""
        while self.waiting:
            if self.crew.count > 1 and len(self.waiting) < PLENTY * self.crew.count:
                following = min(self.waiting, key=lambda piece: (-piece.share, piece.path))
                self.waiting.remove(following)
                heapq.heapify(self.waiting)
            else:
                following = heapq.heappop(self.waiting)
            if self.end is None or following.path < self.end:
                return following.path, following.share, following.piece
        return None

    def _work_here(self) -> None:
        following = self._next()
        if following is None:
            return
        path, share, piece = following
        patience = _patience(path) if self.journal is not None or self.crew.count else None
        with Budget(self.clock.left()) as clock:
            outcome = counted(self.work(self.question, piece, patience), clock)
        self._take(path, share, piece, outcome)

    def _work_there(self, executor: Executor) -> None:
        self.crew.recount()
        while len(self.flying) < AHEAD * self.crew.count and (following := self._next()) is not None:
            try:
                self.flying[executor.submit(carry_out, self._order(following))] = following
            except RuntimeError as error:  # it is broken, or was shut down
                if getattr(multiprocessing.current_process(), "_inheriting", False):
                    raise WorkersError(
                        f"{GUARD}; this worker was about to begin others as it read the script."
                    ) from error
                self._wait(*following)
                self._put_back()
                self.crew.go_on_alone()
                return
        wait(self.flying, GLANCE, FIRST_COMPLETED)
        ended = [future for future in self.flying if future.done()]  # those that a pool cancels as it ends, too
        for future in sorted(ended, key=lambda future: self.flying[future][0]):
            path, share, piece = self.flying.pop(future)
            try:
                outcome = future.result()
            except Exception as error:
                if not _is_lost(error):
                    raise
                self._wait(path, share, piece)
                self._bury(error)
                continue
            if outcome is not None:
                self._take(path, share, piece, outcome)
            elif self.clock.is_over:
                raise OutOfBudget
            else:
                self._wait(path, share, piece)
        if self.end is not None:
            for future in [future for future, (path, *_) in self.flying.items() if path > self.end]:
                future.cancel()
                del self.flying[future]

    def _order(self, following: tuple[Path, float, Piece]) -> Order:
        if self.pickled is None:
            self.pickled = pickle.dumps(self.question)
            self.key = f"{id(self)} {digest_of(self.pickled)}"
        path, _, piece = following
        return Order(self.work, self.pickled, self.key, piece, _patience(path), self.clock.left())

    def _bury(self, error: Exception) -> None:
        """Counts a worker that ended without an answer."""
        self.deaths += 1
        if self.deaths > DEATHS * AHEAD * max(self.crew.count, 1):
            raise WorkersError(
                f"workers ended again and again before they had an answer; {GUARD}, and every worker needs memory for "
                "the question."
            ) from error

    def _put_back(self) -> None:
        """Takes what is done, and lets others do the rest of what was given away."""
        for future, (path, share, piece) in self.flying.items():
            if future.done() and not future.cancelled() and future.exception() is None and future.result() is not None:
                self._take(path, share, piece, future.result())
            else:
                self._wait(path, share, piece)
        self.flying = {}

    def _outlook(self) -> str:
        """Says how much of the tree is done, and how long the rest may take if it is like that."""
        elapsed = self.clock.elapsed - self.begun
        if not elapsed or not self.count:
            return ""
        rate = f"{self.count / elapsed * 60:,.0f} pieces a minute"
        part = f", {self.share:.0%} of the tree" if self.share else ""
        left = f", about {elapsed * (1 - self.share) / self.share:,.0f} s more" if self.share > LEAST else ""
        return f", {max(self.crew.count, 1)} at work, {rate}{part}{left}"


@dataclass(frozen=True)
class _Waiting:
    """A piece that waits; those that come first in the tree are first."""

    path: Path
    share: float
    piece: Piece

    def __lt__(self, other: "_Waiting") -> bool:
        return self.path < other.path


def _is_lost(error: Exception) -> bool:
    """Whether an error says that a worker, or what it was given, is lost, and nothing about the work."""
    return isinstance(error, BrokenExecutor | CancelledError) or type(error).__module__.startswith("distributed.")


def _patience(path: Path) -> float:
    return min(LONGEST, FIRST * 2.0 ** (len(path) - 1))
