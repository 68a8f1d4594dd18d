"""Piecewise-linear functions of one variable as sorted breakpoints, and graphs as such functions."""

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate

End = fmpq | None
"""An end of an interval; None where it is infinite."""

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

    def pieces(self, low: End, high: End) -> Iterator[tuple[End, End, LineForm]]:
        """The affine pieces on an interval that holds all breakpoints."""
        ends = [low, *self.points, high]
        return iter([(ends[i], ends[i + 1], form) for i, form in enumerate(self.forms)])


IDENTITY = LineFunction((), ((ZERO, ONE),))


def line_functions(graph: Graph, low: End, high: End, budget: Budget) -> list[LineFunction]:
    """Returns the outputs of a graph of one input, without selects, on an interval."""
    values = [IDENTITY]
    for gate in graph.gates:
        assert isinstance(gate, MaxGate)
        values.append(_maximum(_combine(gate.left, values), _combine(gate.right, values), low, high))
        budget.step()
    return [_combine(form, values) for form in graph.outputs]


def difference(left: LineFunction, right: LineFunction) -> LineFunction:
    """Returns ``left - right``."""
    return _combine(Form({0: ONE, 1: -ONE}), [left, right])


def _combine(form: Form, values: Sequence[LineFunction]) -> LineFunction:
    """A linear combination: at every breakpoint of a term, the change of that term."""
    constant, slope = form.const, ZERO
    changes: dict[fmpq, list[fmpq]] = {}
    for v, c in form.terms.items():
        term = values[v]
        constant = constant + c * term.forms[0][0]
        slope = slope + c * term.forms[0][1]
        for point, before, after in zip(term.points, term.forms, term.forms[1:], strict=False):
            change = changes.setdefault(point, [ZERO, ZERO])
            change[0] += c * (after[0] - before[0])
            change[1] += c * (after[1] - before[1])
    points, forms = [], [(constant, slope)]
    for point in sorted(changes):
        by_constant, by_slope = changes[point]
        if by_slope:
            constant, slope = constant + by_constant, slope + by_slope
            points.append(point)
            forms.append((constant, slope))
    return LineFunction(tuple(points), tuple(forms))


def _maximum(left: LineFunction, right: LineFunction, low: End, high: End) -> LineFunction:
    points: list[fmpq] = []
    forms: list[LineForm] = []

    def add(start: End, form: LineForm) -> None:
        if not forms or forms[-1] != form:
            if forms:
                assert start is not None
                points.append(start)
            forms.append(form)

    ends = [low, *sorted({*left.points, *right.points}), high]
    for start, end in itertools.pairwise(ends):
        one = left.forms[0 if start is None else bisect_right(left.points, start)]
        other = right.forms[0 if start is None else bisect_right(right.points, start)]
        constant, slope = other[0] - one[0], other[1] - one[1]
        if not slope:
            add(start, other if constant > 0 else one)
            continue
        before, after = (one, other) if slope > 0 else (other, one)
        root = -constant / slope
        if start is None or start < root:
            add(start, before)
            start = root
        if end is None or root < end:
            add(start, after)
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
