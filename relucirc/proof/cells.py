"""Cells: a claim about guarded formulas becomes claims about continuous ones on polyhedra.

A Piecewise formula may be discontinuous.  Its guards cut the domain into relatively open cells on
which one branch holds; network and branch are continuous, so they agree on a non-empty cell iff
they agree on its closure.  The cells form a tree: two ways at a relation that a guard
needs (``form > 0``, and the rest), two ways at a max-gate that a guard depends on, and leaves that are
empty (with multipliers) or a :class:`Case`.  Where inputs take integer values only, a form with whole
coefficients over them may cut a cell between two integers (branch and bound).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import sign_of
from relucirc.core.forms import form_to_json
from relucirc.core.graph import Relation
from relucirc.geometry.chart import Chart, Empty, chart_of, chart_of_domain
from relucirc.geometry.lattice import Cut, Lattice, lattice_of
from relucirc.language.claim import Claim, Violation
from relucirc.proof.answers import Proved, Split, Step
from relucirc.proof.problem import Problem
from relucirc.proof.sides import KnownSigns, Side

Point = tuple[fmpq, ...]
NO_INTEGERS = "the domain is empty: it contains no point with integers where integers are asked for."


@dataclass(frozen=True)
class OpenCell:
    """A cell that nobody looked at yet.

    Attributes:
        sides: The two sides, with what is decided on the cell.
        relations: What defines it over the inputs.
        integers: The inputs that take integer values only.
        violations: What must not happen on the cell; None where the sides have to be equal.
        depth: How many splits led here.
        chart: Its chart, where that is known already.
    """

    sides: tuple[Side, Side]
    relations: tuple[Relation, ...]
    integers: frozenset[int]
    violations: tuple[Violation, ...] | None = None
    depth: int = 0
    chart: Chart | None = None

    def look(self) -> "Empty | Split | Case":
        """Tells that it is empty, where to split it, or what is to be shown on it."""
        chart = chart_of(self.relations, self._n) if self.chart is None else self.chart
        if isinstance(chart, Empty):
            return chart
        known = KnownSigns.of(self.relations)
        sides = self.sides
        for i in (0, 1):
            side, needed = sides[i].selected(known)
            sides = (side, sides[1]) if i == 0 else (sides[0], side)
            if needed is not None:
                return self._split(sides, i, needed, known, chart)
        lattice = lattice_of(chart.forms, self.integers)
        if lattice.gap is not None:
            return self.cut(lattice.gap, chart)
        left, right = (chart.pull(side.finished()) for side in sides)
        ops = tuple(self.relations[owner].op for owner in chart.owners)
        problem = Problem(left, right, chart.constraints, chart.interior, ops, self.violations)
        return Case(self, chart, problem, lattice)

    def cut(self, cut: Cut, chart: Chart) -> Split:
        """Splits between two integers."""
        parts = [
            (name, self._part(self.sides, relation, chart))
            for name, relation in (("below", cut.below), ("above", cut.above))
        ]
        return Split({"integer": form_to_json(cut.form), "at": str(cut.at)}, parts)

    @property
    def _n(self) -> int:
        return len(self.sides[0].graph.inputs)

    def _part(self, sides: tuple[Side, Side], relation: Relation, chart: Chart) -> "OpenCell":
        relations = (*self.relations, relation)
        known = chart.restricted(relation, len(self.relations))
        return OpenCell(sides, relations, self.integers, self.violations, self.depth + 1, known)

    def _split(self, sides: tuple[Side, Side], i: int, needed: Relation, known: KnownSigns, chart: Chart) -> Split:
        """Splits where a relation begins to hold, or at the lowest maximum that it reads."""
        form, op = needed.form, needed.op
        reads = [v for v in form.terms if v >= self._n]
        if reads:
            v, left, right = sides[i].maximum(min(reads))
            form = right - left
            parts = []
            for name, relation, value in (
                ("right", Relation(form, ">="), right),
                ("left", Relation(-form, ">="), left),
            ):
                side = sides[i].decide(v, value)
                both = (side, sides[1]) if i == 0 else (sides[0], side)
                parts.append((name, self._part(both, relation, chart)))
            return Split({"side": ("left", "right")[i], "gate": v - self._n}, parts)
        if op == ">=" or (op == "==" and 1 not in known[form]):
            form = -form  # of ==, the positive side may be off already: split the negative one off as well
        parts = [
            (name, self._part(sides, relation, chart))
            for name, relation in (("positive", Relation(form, ">")), ("rest", Relation(-form, ">=")))
        ]
        return Split({"split": form_to_json(form)}, parts)


@dataclass(frozen=True)
class Case:
    """A cell with points, and the continuous problem on it.

    Attributes:
        cell: What defines it over the original inputs.
        chart: Coordinates in which it has interior.
        problem: The two sides in these coordinates.
        lattice: The integer points of the cell's affine hull.
    """

    cell: OpenCell
    chart: Chart
    problem: Problem
    lattice: Lattice

    @property
    def relations(self) -> tuple[Relation, ...]:
        """What defines the cell."""
        return self.cell.relations

    def contains(self, point: Sequence[fmpq]) -> bool:
        """Whether a point satisfies all relations, strict ones included."""
        return all(r.holds(sign_of(r.form.evaluate(point))) for r in self.relations)

    def pull_inside(self, point: Sequence[fmpq], is_witness: Callable[[Sequence[fmpq]], bool]) -> tuple[fmpq, ...]:
        """Moves a witness in the closure into the cell itself, by continuity."""
        share = fmpq(1)
        while True:
            moved = tuple(share * a + (1 - share) * b for a, b in zip(point, self.chart.inside, strict=True))
            if self.contains(moved) and is_witness(moved):
                return moved
            share = fmpq(1) - (1 - share) / 2 if share != 1 else fmpq(1, 2)

    def split(self, at: Cut | Point) -> Split | None:
        """Splits between two integers; at a point that has a fractional coordinate, else where it is still wide."""
        if isinstance(at, Cut):
            return self.cell.cut(at, self.chart)
        values = [(form, form.evaluate(at)) for form in self.lattice.coordinates]
        for form, value in sorted(values, key=lambda pair: pair[1].q == 1):
            near = Cut.near(form, value)
            for cut in (near, Cut(form, near.at - 1)):
                if cut.below not in self.relations and cut.above not in self.relations:
                    return self.cell.cut(cut, self.chart)
        return None


class Cells:
    """Walks the cells of a claim, depth first.

    Iterating yields a :class:`Case` after the other; a case that is answered by :meth:`put` with a split comes
    back in parts.

    Args:
        claim: What is to be shown.
        may_be_empty: Whether a domain without points is one more cell to tell of, and no error.

    Attributes:
        steps: What became of every cell, in the order of the walk.

    Raises:
        DomainError: For an empty domain.
    """

    def __init__(self, claim: Claim, *, may_be_empty: bool = False) -> None:
        domain = claim.domain
        chart = None if may_be_empty else chart_of_domain(domain, len(claim.left.inputs))
        sides = (Side(claim.left, {}), Side(claim.right, {}))
        self._open = [OpenCell(sides, domain.relations, domain.integers, claim.violations, chart=chart)]
        self.steps: list[Step] = []

    def __iter__(self) -> Iterator[Case]:
        while self._open:
            tick("cells")
            found = self._open[-1].look()  # which may take longer than there is time
            self._open.pop()
            if isinstance(found, Case):
                yield found
            else:
                self.put(found)

    @property
    def is_last(self) -> bool:
        """Whether no cell is left besides the one that came last."""
        return not self._open

    @property
    def left(self) -> int:
        """How many cells nobody has looked at."""
        return len(self._open)

    def put(self, step: Proved | Empty | Split) -> None:
        """Takes the answer for the case that came last."""
        self.steps.append(step)
        if isinstance(step, Split):
            self._open += [part for _, part in reversed(step.parts)]
