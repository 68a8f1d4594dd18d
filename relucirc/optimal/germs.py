"""Local linear pieces of a graph: what the function is just beside a point, exactly.

Beside a point p, in the direction of a *flag* (d1, d2, ...), that is at ``p + e d1 + e^2 d2 + ...``
for small e > 0, every gate is affine: comparing its arguments means comparing first their values at
p, then their slopes along d1, then along d2, and so on.  Along a line the affine pieces follow each
other in a sweep: the next change is the next root of a gate's difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.exact import ZERO, sign_of
from relucirc.core.forms import Form
from relucirc.core.graph import Graph

Point = Sequence[fmpq]
Pieces = tuple[Form, ...]
"""One affine form over the inputs for each output."""


def slope(form: Form, direction: Point) -> fmpq:
    """Returns the slope of a form over the inputs along a direction."""
    return sum((c * direction[v] for v, c in form.terms.items()), start=ZERO)


@dataclass(frozen=True)
class Germ:
    """The affine pieces beside a point, and forms that are positive there, as was decided at the gates to get them."""

    pieces: Pieces
    positive: tuple[Form, ...]


def germ(graph: Graph, point: Point, flag: Sequence[Point]) -> Germ:
    """Returns the affine pieces of a graph at ``point + e flag[0] + e^2 flag[1] + ...``."""
    positive: list[Form] = []

    def sign(form: Form) -> int:
        """The sign of a form over the inputs beside the point; notes what it decides."""
        if form.is_constant:
            return sign_of(form.const)
        number = form.evaluate(point)
        for direction in flag:
            if number:
                break
            number = slope(form, direction)
        result = sign_of(number)
        if result:
            positive.append(form if result > 0 else -form)
        return result

    return Germ(graph.affine_outputs(sign), tuple(positive))


@dataclass(frozen=True)
class Kink:
    """A point of a line where the pieces change, with those just before and just after it."""

    point: tuple[fmpq, ...]
    before: Pieces
    after: Pieces


def kinks_along(graph: Graph, start: Point, direction: Point, flag: Sequence[Point], end: fmpq | None) -> list[Kink]:
    """Lists the changes of pieces on ``start + t direction`` for 0 < t < end, in order; without end, on a half-line.

    The flag's directions break ties off the line.
    """
    t, kinks = ZERO, []
    here = germ(graph, start, (direction, *flag))
    while True:
        roots = (_root(form, start, direction) for form in here.positive)
        later = [root for root in roots if root is not None and root > t]
        if not later or (end is not None and min(later) >= end):
            return kinks
        t = min(later)
        point = tuple(a + t * d for a, d in zip(start, direction, strict=True))
        there = germ(graph, point, (direction, *flag))
        if there.pieces != here.pieces:
            kinks.append(Kink(point, here.pieces, there.pieces))
        here = there


def _root(form: Form, start: Point, direction: Point) -> fmpq | None:
    """Where a form that is positive now reaches zero, or None if it does not fall."""
    fall = slope(form, direction)
    return -form.evaluate(start) / fall if fall.p < 0 else None
