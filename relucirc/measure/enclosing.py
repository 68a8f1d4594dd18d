"""Intervals for the largest values of differences on a box, by boxes, for what is too large to be raised exactly.

The evidence has to be checked within the time, too.  So the search is interrupted early: its tree is replayed and
checked, which gives a first interval, and says how long that takes for each box.  The search then goes on as long as
there will be time left to do the same with all of it.  The ends are those of the replay in whole numbers; floats only
say which boxes are worth halving.
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
ROUNDING = 1e-12
"""What thresholds are above what a replay finds: they are part of what is replayed, and rounded with it."""
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
        accepted: What the differences do not exceed, as the checker has accepted last.
    """

    case: Case
    highest: Highest
    evidence: dict
    accepted: Sequence[fmpq] = ()

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
        fixed, each = self._judged(accept)
        while more and time.monotonic() + SPARE * (fixed + each * self._work) < end:
            while more and time.monotonic() + SPARE * (fixed + each * self._work) < end:
                more = self.highest.run(ONCE)
            self.highest.climb()
            _, each = self._judged(accept)
        return more

    @property
    def _work(self) -> int:
        """About in proportion to the time that a replay takes."""
        return self.highest.search.work + EASY * self.highest.search.statistics["boxes"]

    def _judged(self, accept: Accept) -> tuple[float, float]:
        """Lets the checker judge what is known, unless less was accepted before.

        Returns:
            How many seconds that takes for any tree, and how many more for each unit of work.
        """
        started = time.monotonic()
        tree = self.highest.tree(np.nextafter(self.highest.reach, np.inf))
        limits = [dyadic(fmpq(*value.as_integer_ratio()), 1) for value in self._replayed(tree).tolist()]
        replayed = time.monotonic() - started
        if not self.accepted or all(new <= old for new, old in zip(limits, self.accepted, strict=True)):
            proof = Proved(NAME, {**self.evidence, "boxes": self.highest.setting.evidence(tree)})
            self.accepted = limits if accept(proof, limits) else self.accepted
        took = time.monotonic() - started
        return max(took - 2 * replayed, 0.0), 2 * replayed / self._work

    def _replayed(self, tree: str) -> np.ndarray:
        """What no difference exceeds by a tree: as whole numbers have it, which know better than floats."""
        here, count = self.highest.setting, self.highest.count
        states = read_tree(tree.split(" "), here.bounder.n, count, list(range(count)), here.bounder.rows)
        most = np.full(count, -np.inf)
        for bound, value in lower_bounds(here.bounder, here.known, here.start, states):
            most[bound.combination] = max(most[bound.combination], -value)
        return most + ROUNDING * (1 + np.abs(most))
