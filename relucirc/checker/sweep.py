"""Checks on a line that two sides are equal, or that differences are not positive, by computing both sides.

A function of one variable is its values at sorted points, between which it is affine, and its slopes before the first
and after the last of them.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.checker.data import require
from relucirc.checker.linear import ONE, UNIT, ZERO, Linear

MOST = 1 << 18
"""Most points that a function may have."""


@dataclass(frozen=True)
class Line:
    """A continuous piecewise-linear function: values at points, and the two outer slopes."""

    points: list[fmpq]
    values: list[fmpq]
    left: fmpq
    right: fmpq

    def at(self, points: Sequence[fmpq]) -> list[fmpq]:
        """Returns the values at ascending points."""
        found = []
        for x in points:
            i = bisect_left(self.points, x)
            if i < len(self.points) and self.points[i] == x:
                found.append(self.values[i])
            elif i == 0:
                found.append(self.values[0] + self.left * (x - self.points[0]))
            elif i == len(self.points):
                found.append(self.values[-1] + self.right * (x - self.points[-1]))
            else:
                a, b = self.points[i - 1], self.points[i]
                share = (x - a) / (b - a)
                found.append(self.values[i - 1] + share * (self.values[i] - self.values[i - 1]))
        return found

    def without_flat_points(self) -> "Line":
        """Drops inner points where it does not bend."""
        xs, ys = self.points, self.values
        kept = [
            i
            for i in range(len(xs))
            if i in (0, len(xs) - 1)
            or (ys[i] - ys[i - 1]) * (xs[i + 1] - xs[i]) != (ys[i + 1] - ys[i]) * (xs[i] - xs[i - 1])
        ]
        return Line([xs[i] for i in kept], [ys[i] for i in kept], self.left, self.right)


def check_sweep(
    constraints: Sequence[Linear],
    sides: Sequence[tuple[list[tuple[Linear, Linear]], list[Linear]]],
    positive: Sequence[int] | None = None,
) -> None:
    """Rejects unless both sides, as gates and outputs over one input, are equal where the constraints are ``>= 0``.

    Args:
        constraints: Forms over the input.
        sides: The left and the right side.
        positive: The outputs whose differences must not be positive; None where all have to be zero.
    """
    low, high = _interval(constraints)
    left, right = (_outputs(gates, outputs) for gates, outputs in sides)
    pairs = list(zip(left, right, strict=True))
    for f, g in pairs if positive is None else [pairs[i] for i in positive]:
        ends = [end for end in (low, high) if end is not None]
        points = sorted({*f.points, *g.points, *ends})
        inside = [x for x in points if (low is None or x >= low) and (high is None or x <= high)]
        if positive is None:
            require(f.at(inside) == g.at(inside), "the sides differ at a point")
            require(low is not None or f.left == g.left, "the sides differ far below")
            require(high is not None or f.right == g.right, "the sides differ far above")
        else:
            below = all(a <= b for a, b in zip(f.at(inside), g.at(inside), strict=True))
            require(below, "a difference is positive at a point")
            require(low is not None or f.left >= g.left, "a difference is positive far below")
            require(high is not None or f.right <= g.right, "a difference is positive far above")


def _interval(constraints: Sequence[Linear]) -> tuple[fmpq | None, fmpq | None]:
    low: fmpq | None = None
    high: fmpq | None = None
    for form in constraints:
        slope, end = form[0], -form.get(UNIT, ZERO) / form[0]
        if slope > 0:
            low = end if low is None or end > low else low
        else:
            high = end if high is None or end < high else high
    return low, high


def _outputs(gates: list[tuple[Linear, Linear]], outputs: list[Linear]) -> list[Line]:
    lines = lines_of(gates)
    return [_mixed(output, lines) for output in outputs]


def lines_of(gates: list[tuple[Linear, Linear]]) -> list[Line]:
    """Returns the input, and then each gate, as functions of the input."""
    lines = [Line([ZERO], [ZERO], ONE, ONE)]
    for left, right in gates:
        lines.append(_maximum(_mixed(left, lines), _mixed(right, lines)))
        require(len(lines[-1].points) <= MOST, f"a sweep of more than {MOST} points")
    return lines


def _mixed(form: Linear, lines: Sequence[Line]) -> Line:
    """A linear combination of functions."""
    terms = [(c, lines[v]) for v, c in form.items() if v != UNIT]
    points = sorted({x for _, line in terms for x in line.points}) or [ZERO]
    values = [form.get(UNIT, ZERO)] * len(points)
    for c, line in terms:
        values = [value + c * y for value, y in zip(values, line.at(points), strict=True)]
    left, right = (sum((c * end(line) for c, line in terms), start=ZERO) for end in (_left, _right))
    return Line(points, values, left, right).without_flat_points()


def _left(line: Line) -> fmpq:
    return line.left


def _right(line: Line) -> fmpq:
    return line.right


def _maximum(f: Line, g: Line) -> Line:
    """The larger of two functions; where they cross, there is a point."""
    points = sorted({*f.points, *g.points})
    gaps = [a - b for a, b in zip(f.at(points), g.at(points), strict=True)]
    before, after = f.left - g.left, f.right - g.right
    crossings = [
        a + (b - a) * p / (p - q)
        for a, b, p, q in zip(points, points[1:], gaps, gaps[1:], strict=False)
        if (p > 0 > q) or (p < 0 < q)
    ]
    if (gaps[0] > 0 and before > 0) or (gaps[0] < 0 and before < 0):
        crossings.append(points[0] - gaps[0] / before)
    if (gaps[-1] > 0 and after < 0) or (gaps[-1] < 0 and after > 0):
        crossings.append(points[-1] - gaps[-1] / after)
    points = sorted({*points, *crossings})
    above, below = f.at(points), g.at(points)
    first, last = above[0] - below[0], above[-1] - below[-1]
    left = f.left if first > 0 or (first == 0 and before <= 0) else g.left
    right = f.right if last > 0 or (last == 0 and after >= 0) else g.right
    return Line(points, [max(a, b) for a, b in zip(above, below, strict=True)], left, right).without_flat_points()
