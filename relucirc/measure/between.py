"""The largest values of differences where some inputs take integer values only.

On a cell the differences are asked, one after the other, whether they exceed anywhere what is known.  If nowhere, also
between integers, the cell is done.  Else the sides are affine around such a point, and exceed it, on a polyhedron.
Either that has a point with integers, which raises what is known; or a whole form cuts the cell into two
(:mod:`relucirc.proof.branching`).  Where the integers are fixed, what is left is raised over real points.

If the difference grows in a direction of the polyhedron, which is rational, multiples of that lead from its point with
integers to others, as far away as one likes: there is no largest value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ZERO, nearest_integer
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation
from relucirc.geometry.lattice import Cut
from relucirc.language.claim import Violation
from relucirc.measure.extrema import Extrema, Offer, Point
from relucirc.measure.rays import direction_of
from relucirc.proof.answers import Proved, Split
from relucirc.proof.bounding.evidence import Node, ranges_by_substitution
from relucirc.proof.bounding.leaf import Unbounded
from relucirc.proof.bounding.question import Question
from relucirc.proof.bounding.search import Known, Search
from relucirc.proof.branching import branch_on, inside, part_around
from relucirc.proof.cells import Case, OpenCell
from relucirc.proof.problem import Problem

LITTLE = fmpq(1, 1024)
"""How far a high point is moved inside, of the way to the middle."""


def settle(extrema: Extrema, case: Case, offer: Offer | None = None) -> Proved | Split:
    """Raises all values to what the points with integers of a case have, or tells where to cut it.

    Args:
        extrema: What is known; it is raised.
        case: The case.
        offer: Told of every better point.

    Returns:
        A proof that no value is exceeded, or two parts.

    Raises:
        OutOfBudget: When the time is over.
        Unbounded: Where only the largest of all is asked for, and there is none.
    """
    return _Between(extrema, case, offer).settle()


@dataclass
class _Between:
    """One case between integers."""

    extrema: Extrema
    case: Case
    offer: Offer | None

    def settle(self) -> Proved | Split:
        extrema, case, lowered = self.extrema, self.case, self.case.problem.hinged
        extrema.limits, extrema.trees = {}, {}
        if all(value is None for value in extrema.values):
            found = self._branch(case.problem.interior, ())
            if isinstance(found, Split):
                return found
        parts = tuple(Relation(form, ">") for form in lowered.differences)
        known = ranges_by_substitution(Node(Question(lowered.hinges, case.problem.relations, parts)))
        trees: dict[int, list[dict]] = {}
        for i in range(2 * extrema.count):
            found = self._raised(i, known)
            if isinstance(found, Split):
                return found
            if found is not None:
                trees[i] = found
        return extrema.proved(case, trees)

    def _raised(self, i: int, known: Known) -> "list[dict] | Split | None":
        """Raises one value until nothing on the case exceeds it, and proves that; None where there is no largest."""
        problem, weakly = self.case.problem, True
        form = self._signed(i, problem.hinged.differences)
        if not self._is_bounded:
            found = self._grown(i, form, known)
            if found is not None:
                return found
        while i not in self.extrema.unbounded:
            most = self.extrema.largest(i)
            assert most is not None
            op = ">=" if weakly and not self.extrema.is_attained(i) else ">"
            question = Question(problem.hinged.hinges, problem.relations, (Relation(form, op),))
            search = Search(question, threshold=most, known=known)
            search.run()
            tree = search.evidence() if search.point is None else None
            if tree is not None:
                return tree
            assert search.point is not None
            if self._value(i, search.point) > most:
                found = self._branch(search.point, ((i, ">"),))
            else:
                found = self._attain(i, search.point)
                weakly = found is not False
            if isinstance(found, Split):
                return found
        return None

    def _grown(self, i: int, form: Form, known: Known) -> Split | None:
        """Looks for a direction in which a value grows over real points, and for integers where it does."""
        problem = self.case.problem
        closed = tuple(Relation(relation.form, ">=") for relation in problem.relations)
        question = Question(problem.hinged.hinges, closed, (Relation(form, ">"),))
        try:
            Search(question, raising=True, threshold=self.extrema.largest(i), known=known).run()
        except Unbounded as found:
            part, greater = [*problem.relations, *found.part], Relation(found.form, ">")
            start = feasibility([*part, greater], problem.n).point
            return None if start is None else self._explored(start, part, [greater], i)
        return None

    def _signed(self, i: int, values: Sequence) -> Any:
        """The i-th difference, or its opposite, of what all differences are."""
        count = self.extrema.count
        return values[i] if i < count else -values[i - count]

    def _value(self, i: int, at: Sequence[fmpq]) -> fmpq:
        return self._signed(i, self._gaps(at))

    def _gaps(self, at: Sequence[fmpq]) -> list[fmpq]:
        problem = self.case.problem
        return [a - b for a, b in zip(problem.left.evaluate(at), problem.right.evaluate(at), strict=True)]

    def _attain(self, i: int, at: Point) -> Split | bool:
        """Looks near a point for one with integers that has a value which others approach; else cuts the case."""
        most = self.extrema.largest(i)
        for point in self._near(self.case.chart.lift(at)):
            if self._value(i, self._coordinates(point)) == most:
                self._take(point)
                return True
        return self.case.split(self.case.chart.lift(at)) or False

    def _branch(self, start: Point, violation: Violation) -> Split | None:
        """Finds a point with integers where a violation happens, or where to cut the case."""
        asked = replace(self.case, problem=self._asked(violation))
        for point in self._near(self.case.chart.lift(start)):
            if asked.problem.differ_at(self._coordinates(point)) and violation:
                return self._improved(point, *(i for i, _ in violation))
        within = inside(asked.problem, start, LITTLE)
        return self._explored(within, *part_around(asked, within), *(i for i, _ in violation))

    def _explored(self, start: Point, part: list[Relation], greater: list[Relation], *which: int) -> Split | None:
        """Finds a point with integers in a part of the case where some value is greater, or where to cut the case."""
        point = branch_on(self.case, start, [*part, *greater])
        if isinstance(point, Cut):
            return self.case.split(point)
        grows = direction_of([*part, *greater], greater[0].form, self.case.chart) if self._may_grow(greater) else None
        if grows is not None:
            self.extrema.unbounded.update((i, (point, grows)) for i in which)
            if self.extrema.together:
                raise Unbounded
            return None
        return self._improved(point, *which)

    def _improved(self, point: Point, *which: int) -> None:
        """Takes a better point, and what it leads to."""
        self._take(point)
        for i in which:
            self._climb(point, i)
        if not self._is_all_integer:
            self._raise_slice(point)

    def _asked(self, violation: Violation) -> Problem:
        """The question whether values are exceeded where they are greater than what is known."""
        problem, extrema = self.case.problem, self.extrema
        ends = [extrema.largest(i) or ZERO for i in range(2 * extrema.count)]

        def both(graph: Graph, shifts: Sequence[fmpq]) -> Graph:
            forms = (*graph.outputs, *(-form for form in graph.outputs))
            return replace(graph, outputs=tuple(f.shift(s) for f, s in zip(forms, shifts, strict=True)))

        left, right = both(problem.left, [ZERO] * len(ends)), both(problem.right, ends)
        return Problem(left, right, problem.constraints, problem.interior, problem.ops, (violation,))

    # Points

    def _coordinates(self, point: Point) -> Point:
        return tuple(point[v] for v in self.case.chart.free)

    def _belongs(self, point: Point) -> bool:
        return all(point[v].q == 1 for v in self.case.cell.integers) and self.case.contains(point)

    def _near(self, point: Point) -> Iterator[Point]:
        """The point with its integers rounded, if it is one of the case."""
        integers = self.case.cell.integers
        coordinates = self._coordinates(point)
        free = self.case.chart.free
        rounded = [fmpq(nearest_integer(c)) if v in integers else c for v, c in zip(free, coordinates, strict=True)]
        found = self.case.chart.lift(rounded)
        if self._belongs(found):
            yield found

    def _take(self, point: Point) -> None:
        """Takes a point of the domain, for every value that is larger there than what is known."""
        extrema, gaps = self.extrema, self._gaps(self._coordinates(point))
        for i in range(2 * extrema.count):
            value, known = self._signed(i, gaps), extrema.values[i]
            if known is None or value > known or (value == known and not extrema.attained[i]):
                extrema.values[i], extrema.points[i], extrema.attained[i] = value, point, True
                if self.offer is not None:
                    self.offer(value, point)

    def _climb(self, point: Point, i: int) -> None:
        """Goes on along single coordinates, by integers, as long as a value gets larger."""
        coordinates = list(self._coordinates(point))
        places = [k for k, v in enumerate(self.case.chart.free) if v in self.case.cell.integers]
        best, moved = self._value(i, coordinates), True
        while moved:
            moved = False
            for k, sign in product(places, (1, -1)):
                step = sign
                while step:
                    tick("points")
                    there = [c + (step if j == k else 0) for j, c in enumerate(coordinates)]
                    lifted = self.case.chart.lift(there)
                    if self._belongs(lifted) and (value := self._value(i, there)) > best:
                        coordinates, best, moved, step = there, value, True, 2 * step
                    else:
                        step = 0
        self._take(self.case.chart.lift(coordinates))

    @property
    def _is_all_integer(self) -> bool:
        return len(self.case.cell.integers) == len(self.case.chart.forms)

    def _raise_slice(self, point: Point) -> None:
        """Raises the values to what the points with the same integers have."""
        cell = self.case.cell
        fixed = [Relation(form.shift(-form.evaluate(point)), "==") for form in self.case.lattice.coordinates]
        found = OpenCell(cell.sides, (*cell.relations, *fixed), cell.integers, depth=cell.depth).look()
        if isinstance(found, Case):
            try:
                self.extrema.raise_on(found, self.offer)
            finally:
                self.extrema.limits, self.extrema.trees = {}, {}

    def _may_grow(self, greater: Sequence[Relation]) -> bool:
        return bool(greater) and not self._is_bounded

    @cached_property
    def _is_bounded(self) -> bool:
        problem = self.case.problem
        question = Question(problem.hinged.hinges, problem.relations, ())
        return all(question.end(v, side) is not None for v in range(problem.n) for side in (1, -1))
