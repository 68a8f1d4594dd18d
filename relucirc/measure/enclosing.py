"""Intervals for the largest values of differences on a box, by boxes, for what is too large to be raised exactly.

The evidence has to be checked within the time, too.  So the search is interrupted early: its tree is replayed and
checked, which gives a first interval, and says how long that takes for each box and how far whole numbers are from
floats.  The search then goes on as long as there will be time left to check all of it.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq

from relucirc.checker.boxes import lower_bounds, read_tree
from relucirc.checker.data import Rejected
from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left, tick
from relucirc.proof.answers import Proved
from relucirc.proof.bounding.question import Question, dyadic
from relucirc.proof.boxes import NAME
from relucirc.proof.boxes.highest import Highest
from relucirc.proof.boxes.pairs import pairs_of
from relucirc.proof.boxes.setting import Interval, Setting
from relucirc.proof.cells import Case
from relucirc.proof.methods.boxes import HINGES, INPUTS

COMPILING, EACH = 4.0, 0.03
"""Seconds that have to be left for what is compiled, and so many more for every hinge."""
EARLY = 0.12
"""Share of the time before the first interval."""
EASY = 10
"""What a box takes besides its open hinges, counted in these."""
ONCE = 500
"""So many boxes are bounded before the clock is asked whether a check still fits."""
SPARE = 1.3
"""A check may take longer than the first one suggests, by this factor."""
MARGIN = 0.01
"""What thresholds are above what floats reach, as a share of the interval, at least; and then in a second try."""
MORE = 20
Accept = Callable[[Proved, Sequence[fmpq]], bool]
"""Whether the checker accepts that the differences do not exceed some numbers."""


def box_of(case: Case) -> list[Interval] | None:
    """Returns the box of a case if it is one, and has few inputs and many hinges."""
    problem = case.problem
    if problem.n > INPUTS or len(problem.hinged.hinges.atoms) < HINGES:
        return None
    if any(len(relation.form.terms) != 1 for relation in problem.relations):
        return None
    ends = Question(problem.hinged.hinges, problem.relations, ()).box
    box = [(low[0], high[0]) for low, high in ends if low is not None and high is not None]
    return box if len(box) == problem.n else None


def least_seconds(case: Case) -> float:
    """How much time has to be left, most of it for compiling, which cannot be interrupted."""
    return COMPILING + EACH * len(case.problem.hinged.hinges.atoms)


@dataclass
class Enclosing:
    """One case whose differences, and then their opposites, are enclosed.

    Attributes:
        case: The case.
        highest: The search.
        evidence: What a proof has besides the boxes.
    """

    case: Case
    highest: Highest
    evidence: dict

    @staticmethod
    def of(case: Case, box: Sequence[Interval], *, together: bool) -> "Enclosing | None":
        """Prepares a search; None where the method does not apply."""
        lowered = case.problem.hinged
        pairs = pairs_of(case.problem.left, case.problem.right, lowered.evidence)
        both = (*lowered.differences, *(-form for form in lowered.differences))
        try:
            violations = [((i, ">"),) for i in range(len(both))]
            setting = Setting.of(replace(lowered, differences=both), box, violations, pairs)
        except Rejected:
            return None
        evidence = {**case.chart.evidence, **lowered.evidence}
        return Enclosing(case, Highest(setting, together), evidence)

    def run(self, accept: Accept) -> bool:
        """Searches, and has what was found judged: early, and whenever no more time is left than that may take.

        Args:
            accept: The judge.

        Returns:
            Whether boxes would bring the ends nearer still.
        """
        end = time.monotonic() + seconds_left(1e9)
        more = True
        with suppress(OutOfBudget), part_of_time(EARLY * seconds_left(1e9)):
            more = self.highest.run()
        if not self.highest.search.statistics["boxes"]:
            more = self.highest.run(1)
        tick()
        started = time.monotonic()
        tree = self.highest.tree(self._thresholds(0.0, 0.0))
        slack = self._slack(tree)
        replayed = time.monotonic() - started
        tick()
        took = self._judged(accept, slack)
        fixed, each = max(took - replayed, 0.0), replayed / self._work
        while more and time.monotonic() + SPARE * (fixed + 2 * took) < end:
            before = self._work
            while more and time.monotonic() + SPARE * (fixed + each * self._work) < end:
                more = self.highest.run(ONCE)
            if self._work > before:
                self.highest.climb()
                took = self._judged(accept, slack)
            each = max(took - fixed, 0.0) / self._work
        return more

    @property
    def _work(self) -> int:
        """About in proportion to the time that a replay takes."""
        return self.highest.search.work + EASY * self.highest.search.statistics["boxes"]

    def _thresholds(self, slack: float, margin: float) -> np.ndarray:
        reach, seen = self.highest.reach, self.highest.seen
        return reach + np.maximum(2 * slack, margin * (reach - seen)) + 1e-12 * (1 + np.abs(reach))

    def _judged(self, accept: Accept, slack: float) -> float:
        """Lets the checker judge what is known; returns how many seconds that took."""
        started = time.monotonic()
        if not self._offer(accept, slack, MARGIN):
            self._offer(accept, slack, MORE * MARGIN)
        return time.monotonic() - started

    def _offer(self, accept: Accept, slack: float, margin: float) -> bool:
        limits = [dyadic(fmpq(*float(t).as_integer_ratio()), 1) for t in self._thresholds(slack, margin)]
        thresholds = np.array([int(t.p) / int(t.q) for t in limits])
        tree = self.highest.tree(thresholds)
        proof = Proved(NAME, {**self.evidence, "boxes": self.highest.setting.evidence(tree)})
        return accept(proof, limits)

    def _slack(self, tree: str) -> float:
        """By how much whole numbers exceed floats, at most, in a tree."""
        here, count = self.highest.setting, self.highest.count
        states = read_tree(tree.split(" "), here.bounder.n, count, list(range(count)), here.bounder.rows)
        most = np.full(count, -np.inf)
        for bound, value in lower_bounds(here.bounder, here.known, here.start, states):
            most[bound.combination] = max(most[bound.combination], -value)
        return float(np.maximum(most - self.highest.reach, 0.0).max())
