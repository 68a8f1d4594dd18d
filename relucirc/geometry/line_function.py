"""Continuous piecewise-linear functions of one variable, as sorted breakpoints; graphs as such functions."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO, sign_of
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate
from relucirc.language.box import End

LineForm = tuple[fmpq, fmpq]
"""``(constant, slope)``."""


@dataclass(frozen=True)
class LineFunction:
    """A continuous function, affine between breakpoints.

    Attributes:
        points: The breakpoints, ascending; the function really bends at each.
        forms: One affine form more than there are breakpoints.
    """

    points: tuple[fmpq, ...]
    forms: tuple[LineForm, ...]

    def form(self, start: End) -> LineForm:
        """The affine form to the right of a point; the first one without a point."""
        return self.forms[0 if start is None else bisect_right(self.points, start)]

    def __call__(self, point: fmpq) -> fmpq:
        """Returns the value at a point."""
        constant, slope = self.form(point)
        return constant + slope * point

    def pieces(self, low: End, high: End) -> Iterator[tuple[End, End, LineForm]]:
        """The affine pieces on an interval that holds all breakpoints."""
        return zip((low, *self.points), (*self.points, high), self.forms, strict=True)

    def range(self, low: End, high: End) -> tuple[End, End]:
        """The least and the greatest value on an interval that holds all breakpoints, None where unbounded."""
        values = [self(point) for point in (low, *self.points, high) if point is not None] or [self(ZERO)]
        outward = [-self.forms[0][1] if low is None else ZERO, self.forms[-1][1] if high is None else ZERO]
        return None if min(outward) < 0 else min(values), None if max(outward) > 0 else max(values)

    def signs(self, low: End, high: End) -> tuple[list[fmpq], list[int]]:
        """Where on an interval that holds all breakpoints the sign changes, and the signs between these points."""
        points: list[fmpq] = []
        signs: list[int] = []
        for start, end, (constant, slope) in self.pieces(low, high):
            parts = [(start, sign_of(constant if slope == 0 else slope))]
            if slope:
                root = -constant / slope
                if start is None or start < root:
                    parts = [(start, -parts[0][1])]
                    if end is None or root < end:
                        parts.append((root, sign_of(slope)))
            for at, sign in parts:
                if not signs:
                    signs.append(sign)
                elif sign != signs[-1]:
                    assert at is not None
                    points.append(at)
                    signs.append(sign)
        return points, signs


IDENTITY = LineFunction((), ((ZERO, ONE),))
NOTHING = LineFunction((), ((ZERO, ZERO),))


def line_functions(graph: Graph, low: End, high: End) -> list[LineFunction]:
    """Returns the outputs of a graph of one input, without selects, on an interval."""
    values = [IDENTITY]

    def over(form: Form) -> LineFunction:
        return combination(form.const, ((c, values[v]) for v, c in form.terms.items()))

    for gate in graph.gates:
        assert isinstance(gate, MaxGate)
        values.append(maximum(over(gate.left), over(gate.right), low, high))
        tick()
    return [over(form) for form in graph.outputs]


def combination(constant: fmpq, terms: Iterable[tuple[fmpq, LineFunction]]) -> LineFunction:
    """A linear combination: at every breakpoint of a term, the change of that term."""
    slope = ZERO
    changes: dict[tuple[int, int], list[fmpq]] = {}  # fmpq's own hash is slow
    for c, term in terms:
        constant += c * term.forms[0][0]
        slope += c * term.forms[0][1]
        for point, before, after in zip(term.points, term.forms, term.forms[1:], strict=False):
            change = changes.setdefault((int(point.p), int(point.q)), [point, ZERO, ZERO])
            change[1] += c * (after[0] - before[0])
            change[2] += c * (after[1] - before[1])
    points, forms = [], [(constant, slope)]
    for point, by_constant, by_slope in sorted(changes.values(), key=itemgetter(0)):
        if by_slope:
            constant, slope = constant + by_constant, slope + by_slope
            points.append(point)
            forms.append((constant, slope))
    return LineFunction(tuple(points), tuple(forms))


def maximum(left: LineFunction, right: LineFunction, low: End, high: End) -> LineFunction:
    """The larger of two functions on an interval that holds all their breakpoints."""
    above = relu(combination(ZERO, [(ONE, right), (-ONE, left)]), low, high)
    return combination(ZERO, [(ONE, left), (ONE, above)])


def relu(function: LineFunction, low: End, high: End) -> LineFunction:
    """The positive part of a function on an interval that holds all its breakpoints."""
    zeros, signs = function.signs(low, high)
    points: list[fmpq] = []
    forms: list[LineForm] = []
    for point in (None, *sorted({*zeros, *function.points})):
        tick()
        start = low if point is None else point
        positive = signs[0 if start is None else bisect_right(zeros, start)] > 0
        form = function.form(start) if positive else NOTHING.forms[0]
        if point is None or form != forms[-1]:
            points += [] if point is None else [point]
            forms.append(form)
    return LineFunction(tuple(points), tuple(forms))


def interval(constraints: Sequence[Form]) -> tuple[End, End]:
    """The interval where forms over one coordinate, none of them constant, are ``>= 0``."""
    low: End = None
    high: End = None
    for form in constraints:
        slope = form.coefficient(0)
        root = -form.const / slope
        if slope > 0:
            low = root if low is None else max(low, root)
        else:
            high = root if high is None else min(high, root)
    return low, high
