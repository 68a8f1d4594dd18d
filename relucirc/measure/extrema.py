"""The largest values of forms over the cases of a claim, by bounding, each with the trees that prove it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import sub
from typing import Any

from flint import fmpq

from relucirc.checker.verdict import Verdict
from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left
from relucirc.core.crew import is_shared
from relucirc.core.exact import ONE, rational, text
from relucirc.core.graph import Relation
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve
from relucirc.measure.enclosing import COMPILING, Accept, Enclosing, box_of, least_seconds
from relucirc.measure.rays import Ray, ray_from
from relucirc.proof.answers import Proved, Step, folded
from relucirc.proof.bounding.evidence import Node, ranges_by_substitution
from relucirc.proof.bounding.leaf import Unbounded
from relucirc.proof.bounding.question import Question
from relucirc.proof.bounding.search import CUT_INPUTS, Known, Search
from relucirc.proof.boxes.highest import Highest
from relucirc.proof.cells import Case, Cells

SEARCHING = 0.7
"""Share of the time that is left for a search, the rest being for what it leaves open."""
EXACTLY = 0.15
"""Share of the time within which a large case has to be raised exactly; else it is enclosed by boxes."""
MOST = 200
"""Most hinges for which that is tried where inputs are not cut."""
EACH = 0.9
"""Share of the time that is left for each, where several work: what they know then has to come back."""
KEPT = 0.2
"""Share of the time that is kept for bounding what is open when it ends, and for the check."""
CLOSING = 0.5
"""Share of that for bounding."""
LOOKING = 0.25
"""Share of the time that is left for a point that attains what is known."""
ALWAYS = 1e9
"""Seconds where there is no limit."""
Point = tuple[fmpq, ...]
Offer = Callable[[fmpq, Point], None]
"""Takes a value and the point that has it."""
NEAR = fmpq(1, 1 << 20)
"""How far a point on the boundary is moved inside, of the way to a point there."""


@dataclass
class Extrema:
    """The largest value of every difference of a claim, and then of its opposite.

    Attributes:
        count: How many differences there are.
        together: Whether only the largest of all is asked for.
        values: What is attained, each difference and then each opposite; None where nothing was seen.
        points: Where, in the original inputs.
        attained: Whether that is a point of the domain itself, not of its closure alone.
        limits: What they do not exceed on the case that came last, exactly; None for no bound.
        trees: The proofs of that.
        unbounded: Which have no largest value, each with a ray along which it grows, if that is known.
        steps: What became of the cells.
    """

    count: int
    together: bool
    values: list[fmpq | None] = field(init=False)
    points: list[Point | None] = field(init=False)
    attained: list[bool] = field(init=False)
    limits: dict[int, fmpq | None] = field(default_factory=dict)
    trees: dict[int, list[dict]] = field(default_factory=dict)
    unbounded: dict[int, Ray | None] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values, self.points = [None] * (2 * self.count), [None] * (2 * self.count)
        self.attained = [False] * (2 * self.count)

    def know(self, value: fmpq, *, attained: bool) -> None:
        """Takes what is known from elsewhere of the largest of all."""
        largest = self.values[0]
        if largest is None or value > largest:
            self.values[0], self.attained[0] = value, attained
        elif value == largest:
            self.attained[0] = self.attained[0] or attained

    def is_attained(self, i: int) -> bool:
        """Whether what is known of the i-th is the value of a point of the domain."""
        if not self.together:
            return self.attained[i]
        largest = self.largest(i)
        return any(there and value == largest for value, there in zip(self.values, self.attained, strict=True))

    def largest(self, i: int) -> fmpq | None:
        """What a search for the i-th starts from."""
        seen = [value for value in self.values if value is not None] if self.together else [self.values[i]]
        return max((value for value in seen if value is not None), key=lambda v: v, default=None)

    def raise_or_enclose(self, case: Case, accept: Accept | None, offer: Offer | None = None) -> Proved:
        """Raises all values to what a case has; where that takes too long on a box, lets the rest be enclosed there.

        Args:
            case: The case; its closure counts.
            accept: Whether the checker accepts that no value of the domain exceeds some numbers; None where other
                cases are open.
            offer: Told of every better point.

        Raises:
            OutOfBudget, Unbounded: As :meth:`raise_on`.
        """
        box = box_of(case) if accept is not None and COMPILING < seconds_left(ALWAYS) < ALWAYS else None
        if box is None or accept is None or seconds_left(ALWAYS) < least_seconds(case):
            return self._raise_in_time(case, offer)
        if len(box) <= CUT_INPUTS or len(case.problem.hinged.hinges.atoms) <= MOST:
            with suppress(OutOfBudget), part_of_time(EXACTLY * seconds_left(ALWAYS)):
                return self.raise_on(case, offer, shared=is_shared())
        enclosing = Enclosing.of(case, box, together=self.together)
        if enclosing is not None and self._enclose(enclosing, accept, offer):
            raise OutOfBudget
        return self._raise_in_time(case, offer)

    def _raise_in_time(self, case: Case, offer: Offer | None) -> Proved:
        """Raises all values, and keeps some time."""
        with part_of_time((1 - KEPT) * seconds_left(ALWAYS)):
            return self.raise_on(case, offer, shared=is_shared())

    def close(self, cells: Cells, case: Case | None) -> list[fmpq | None]:
        """Bounds what is open where the time of the search ended, so that all cells have a proof.

        Args:
            cells: The cells; they are walked to their end.
            case: The one that was being raised, if one was; what was found of it is used.

        Returns:
            What the differences, and then their opposites, do not exceed anywhere; None for no bound.
        """
        ends: list[list[fmpq | None]] = [[value] for value in self.values]
        kept = (self.limits, self.trees) if self.trees else None
        current = next(iter(cells), None) if case is None else case
        while current is not None:
            limits, trees = kept or self._bounded(current, cells.left)
            for i, end in enumerate(ends):
                end.append(limits.get(i))
            cells.put(self.proved(current, trees))
            kept, current = None, next(iter(cells), None)
        return [_highest(end) for end in ends]

    def _bounded(self, case: Case, others: int) -> tuple[dict[int, fmpq | None], dict[int, list[dict]]]:
        """Bounds all values on a case, within a share of the time; no point of it counts."""
        apart = Extrema(self.count, together=self.together)
        apart.values, apart.attained = list(self.values), [True] * (2 * self.count)
        with suppress(OutOfBudget, Unbounded), part_of_time(CLOSING * seconds_left(ALWAYS) / (1 + others)):
            apart.raise_on(case)
        return apart.limits, apart.trees

    def proved(self, case: Case, trees: dict[int, list[dict]]) -> Proved:
        """What the trees prove of a case."""
        lowered = case.problem.hinged
        ordered = [trees.get(i) for i in range(2 * self.count)]
        return Proved("bounding", {**case.chart.evidence, **lowered.evidence, "bounding": ordered})

    def _enclose(self, enclosing: Enclosing, accept: Accept, offer: Offer | None) -> bool:
        case, highest = enclosing.case, enclosing.highest

        def judged(proof: Proved, limits: Sequence[fmpq]) -> bool:
            self._take_highest(highest, case, offer)
            return accept(proof, limits)

        for point in self.points:
            if point is not None and case.contains(point):
                highest.offer(tuple(point[v] for v in case.chart.free))
        try:
            return enclosing.run(judged)
        finally:
            self._take_highest(highest, case, offer)

    def _take_highest(self, highest: Highest, case: Case, offer: Offer | None) -> None:
        """Takes the points that a search over boxes has seen."""
        for i, (coordinates, value) in enumerate(zip(highest.points, highest.values, strict=True)):
            point, known = case.chart.lift(coordinates), self.values[i]
            if known is not None and value <= known:
                continue
            inside = case.contains(point)
            if not inside:
                moved = tuple(c + NEAR * (m - c) for c, m in zip(coordinates, case.problem.interior, strict=True))
                point, value, inside = case.chart.lift(moved), highest.setting.values(moved)[i], True
            if known is None or value > known:
                self.values[i], self.points[i], self.attained[i] = value, point, inside
                if offer is not None:
                    offer(value, point)

    def raise_on(self, case: Case, offer: Offer | None = None, *, shared: bool = False) -> Proved:
        """Raises all values to what a case has.

        Args:
            case: The case; its closure counts.
            offer: Told of every better point.
            shared: Whether whoever there is may raise them, each by itself.

        Raises:
            OutOfBudget: When the time is over; what is known then stands in ``values`` and ``limits``.  At Ctrl-C
                as well.
            Unbounded: Where only the largest of all is asked for, and there is none.
        """
        self.limits, self.trees = dict.fromkeys(range(2 * self.count)), {}
        numbers, ended = self._raised_together(case, offer) if shared else (range(2 * self.count), False)
        if self.raise_ends(numbers, case, offer) or ended:
            raise OutOfBudget
        return self.proved(case, self.trees)

    def raise_ends(self, numbers: Sequence[int], case: Case, offer: Offer | None = None) -> bool:
        """Raises some values to what a case has, one after the other; whether the time ended.

        Raises:
            Unbounded: Where only the largest of all is asked for, and there is none.
        """
        lowered, ended = case.problem.hinged, False
        closed = tuple(Relation(relation.form, ">=") for relation in case.problem.relations)
        parts = tuple(Relation(form, ">") for form in lowered.differences)
        known = ranges_by_substitution(Node(Question(lowered.hinges, closed, parts))) if numbers else ({}, [])
        for place, i in enumerate(numbers):
            form = lowered.differences[i % self.count].scale(ONE if i < self.count else -ONE)
            try:
                with part_of_time(seconds_left(ALWAYS) / (len(numbers) - place)):
                    question = Question(lowered.hinges, closed, (Relation(form, ">"),))
                    search = Search(question, raising=True, threshold=self.largest(i), known=known)
                    search.offer(case.problem.interior)
                    self._searched(i, search, case, offer)
                    if not self.is_attained(i):
                        attains = Relation(form.shift(-search.threshold), ">=")
                        found = self._look(Question(lowered.hinges, case.problem.relations, (attains,)), known)
                        self._take(i, found, case, offer)
            except Unbounded as found:
                part = [*case.problem.relations, *found.part]
                self.unbounded.setdefault(i, ray_from(part, found.form, case.chart))
                if self.together:
                    raise
            except OutOfBudget:
                ended = True
        return ended

    def _raised_together(self, case: Case, offer: Offer | None) -> tuple[Sequence[int], bool]:
        """Lets whoever there is raise the values, each by itself, from what is known before.

        Returns:
            Those that have no bound, and whether the time of some ended.
        """
        values = [None if value is None else text(value) for value in self.values]
        pieces = [[i, values, self.attained[:]] for i in range(2 * self.count)]
        left, ended = list[int](), False
        known: list[Outcome] = []
        try:
            solve(raise_end, (case, self.count, self.together), pieces, known=known)
        finally:
            for i, raised in (outcome.found for outcome in known):
                if raised is None:
                    left.append(i)
                    continue
                point, limit, tree, over = raised
                ended = ended or over
                self.limits[i] = None if limit is None else rational(limit)
                if tree is not None:
                    self.trees[i] = tree
                if point is not None:
                    self._see(i, _read(point), case, offer)
        if not (ended or self.together):  # then each has a value, unless a journal left it out
            left += [i for i, value in enumerate(self.values) if value is None and i not in left]
        return left, ended

    def _see(self, i: int, point: Point, case: Case, offer: Offer | None) -> None:
        """Takes a point of a case's closure for what it is: a journal may say anything of it."""
        coordinates = tuple(point[v] for v in case.chart.free)
        closed = all(form.evaluate(coordinates) >= 0 for form in case.problem.constraints)
        if not closed or case.chart.lift(coordinates) != point:
            return
        sides = (side.evaluate(coordinates)[i % self.count] for side in (case.problem.left, case.problem.right))
        value = (ONE if i < self.count else -ONE) * sub(*sides)
        self.values[i], self.points[i], self.attained[i] = value, point, case.contains(point)
        if offer is not None:
            offer(value, point)

    def _searched(self, i: int, search: Search, case: Case, offer: Offer | None) -> None:
        """Raises one value, and proves that it is the largest; if the time ends, bounds it from above."""
        try:
            with part_of_time(SEARCHING * seconds_left(ALWAYS)):
                search.run()
                tree = search.evidence()
        except (OutOfBudget, KeyboardInterrupt) as error:
            self._take(i, search, case, offer)
            found = search.certified() if isinstance(error, OutOfBudget) else None
            if found is not None:
                self.limits[i], self.trees[i] = found
            raise
        assert tree is not None
        self._take(i, search, case, offer)
        self.limits[i], self.trees[i] = search.threshold, tree

    def _look(self, question: Question, known: Known) -> Search:
        """Looks for a point of the cell itself; its closure may be all that has one."""
        search = Search(question, known=known)
        with suppress(OutOfBudget), part_of_time(LOOKING * seconds_left(ALWAYS)):
            search.run()
            if search.point is None:
                search.evidence()
        return search

    def _take(self, i: int, search: Search, case: Case, offer: Offer | None) -> None:
        if search.point is None:
            return
        point = case.chart.lift(search.point)
        value = search.threshold if search.raising else self.limits[i]
        assert value is not None
        self.values[i], self.points[i], self.attained[i] = value, point, case.contains(point)
        if offer is not None:
            offer(value, point)

    def unproved(self, verdict: Verdict) -> str:
        """Says why there is no proof, and forgets what was to be proved if it is wrong."""
        if verdict.accepted is None:
            return verdict.reason
        self.limits.clear()
        return f"a proof was found but the checker rejects it ({verdict.reason}); please report this"

    def proof(self, ends: Sequence[fmpq | None]) -> dict:
        """The proof that no value exceeds its end, without those that have none."""
        kept = [i for i, end in enumerate(ends) if end is not None]
        if len(kept) == len(ends):
            return folded(self.steps)
        return folded(
            [
                Proved(step.method, {**step.evidence, "bounding": [step.evidence["bounding"][i] for i in kept]})
                if isinstance(step, Proved)
                else step
                for step in self.steps
            ]
        )


def raise_end(question: tuple[Case, int, bool], piece: list[Any], _: float | None) -> Outcome:
    """Raises one value from what is known; None where it has no largest one."""
    (case, count, together), (i, values, attained) = question, piece
    apart = Extrema(count, together)
    apart.values = [None if value is None else rational(value) for value in values]
    apart.attained = list(attained)
    apart.limits = {i: None}
    try:
        with part_of_time(EACH * seconds_left(ALWAYS)):
            over = apart.raise_ends([i], case)
    except Unbounded:
        return Outcome([i, None])
    if apart.unbounded:
        return Outcome([i, None])
    point, limit = apart.points[i], apart.limits[i]
    written = None if point is None else [text(c) for c in point]
    end = None if limit is None else text(limit)
    return Outcome([i, [written, end, apart.trees.get(i), over]], kept=not over)


def _read(point: Sequence[str]) -> Point:
    return tuple(map(rational, point))


def _highest(ends: Sequence[fmpq | None]) -> fmpq | None:
    """The highest end, the first of which may be unknown; None where another one is."""
    known = [end for end in ends if end is not None]
    return None if None in ends[1:] or not known else max(known, key=lambda v: v)
