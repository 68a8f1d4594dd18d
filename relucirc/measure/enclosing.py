"""Intervals for the largest values of differences on a box, by boxes, for what is too large to be raised exactly.

The evidence has to be checked within the time, too.  So the search is interrupted early: what floats say of its tree is
checked, which gives a first interval, and says how long that takes for each box; midway once more, so that whatever
happens later half of the work counts.  The search then goes on as long as there will be time left to replay all of its
tree in whole numbers, whose ends are the last word, and to have that checked.
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
ONCE = 1000
"""So many boxes are bounded before the clock is asked whether a check still fits."""
SPARE = 1.3
"""A check may take longer than the first one suggests, by this factor."""
MIDDLE = 0.4
"""Share of the time before the second."""
NEGLIGIBLE, SLACK = 0.05, 0.01
"""What floats are wrong by does not matter, if it is less than this share of the interval; and the share of it by which
ends are above what floats say, so that the checker confirms them."""
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
        before: The work of the last replay but one, and how many seconds that took.
        took: The same of the last.
        each: How many more it takes for each further unit.
    """

    case: Case
    highest: Highest
    evidence: dict
    accepted: Sequence[fmpq] = ()
    before: tuple[int, float] = (0, 0.0)
    took: tuple[int, float] = (0, 0.0)
    each: float = 0.0

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
        self._judge(accept)
        middle = time.monotonic() + MIDDLE * (end - time.monotonic())
        while more and time.monotonic() + self._seconds(1) < middle:
            more = self.highest.run(ONCE)
        self._judge(accept)
        more = True
        while more and time.monotonic() + self._seconds(2) < end:
            while more and time.monotonic() + self._seconds(2) < end:
                more = self.highest.run(ONCE)
            self.highest.climb()
            self._accepts(accept, *self._replayed())
        return more

    @property
    def _work(self) -> int:
        """About in proportion to the time that a replay takes."""
        return self.highest.search.work + EASY * self.highest.search.statistics["boxes"]

    def _seconds(self, times: int) -> float:
        """How long it may take to replay what is known now so many times."""
        work, seconds = self.took
        return SPARE * times * (seconds + self.each * (self._work - work))

    def _judge(self, accept: Accept) -> None:
        """Lets the checker judge what floats say; where it does not accept that, what whole numbers say."""
        reach = self.highest.reach
        ends = reach + SLACK * (reach - self.highest.seen)
        if not self._accepts(accept, self.highest.tree(np.nextafter(reach, np.inf)), ends):
            self._accepts(accept, *self._replayed())

    def _accepts(self, accept: Accept, tree: str, ends: np.ndarray) -> bool:
        """Whether the checker accepts that a tree shows some ends, if they are better than what it accepted before."""
        started = time.monotonic()
        limits = [dyadic(fmpq(*end.as_integer_ratio()), 1) for end in (ends + ROUNDING * (1 + np.abs(ends))).tolist()]
        proof = Proved(NAME, {**self.evidence, "boxes": self.highest.setting.evidence(tree)})
        if any(new > old for new, old in zip(limits, self.accepted, strict=False)) or not accept(proof, limits):
            return False
        self.accepted = limits
        self._learn(time.monotonic() - started)
        return True

    def _learn(self, seconds: float) -> None:
        """Learns from how long a replay took; a part of that is the same for any tree, at most half."""
        if self._work > self.took[0]:
            self.before = self.took
        else:
            seconds = max(seconds, self.took[1])  # the checker's and one's own of the same boxes
        self.took = self._work, seconds
        (work, earlier), alike = self.before, seconds / self._work
        self.each = max((seconds - earlier) / (self._work - work), alike / 2) if work else alike

    def _replayed(self) -> tuple[str, np.ndarray]:
        """Bounds the boxes of the tree in whole numbers, and corrects floats that are far from that.

        Floats may come down on the other side where a multiplier is chosen: that is rare, and matters on large boxes.

        Returns:
            The tree, and what no difference exceeds by it.
        """
        started, here, count = time.monotonic(), self.highest.setting, self.highest.count
        reach = self.highest.reach
        words = list(self.highest.words(np.nextafter(reach, np.inf)))
        nodes = [node for _, node in words if node is not None]
        states = read_tree((w for w, _ in words), here.bounder.n, count, list(range(count)), here.bounder.rows)
        most = np.full(count, -np.inf)
        far = NEGLIGIBLE * (reach - self.highest.seen)
        for bound, value in lower_bounds(here.bounder, here.known, here.start, states):
            c, node = bound.combination, nodes[bound.number]
            assert node.upper is not None
            most[c] = max(most[c], -value)
            if -value - max(node.upper[c], self.highest.seen[c]) > far[c]:
                self.highest.correct(node, (bound.low, bound.high), c, -value)
        self._learn(time.monotonic() - started)
        return " ".join(word for word, _ in words), most
