"""Shallow form: differences with one hidden layer are decided by their coefficients.

A shallow form that is not zero is a refutation: a second difference across a hyperplane with a weight that
is not zero finds the point.
"""

import itertools
import random
from collections.abc import Iterator, Sequence

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.geometry.cell import Cell, normal_of
from relucirc.geometry.shallow import Shallow, is_shallow, settle
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.problem import Problem


def decide(problem: Problem) -> Found:
    """Decides differences with one hidden layer: by their coefficients on the whole domain."""
    lowered = problem.hinged
    if not is_shallow(lowered.hinges, lowered.differences):
        return None
    settled = settle(lowered.hinges, lowered.differences, problem.region)
    if settled.is_zero:
        return Proved("shallow form", {**lowered.evidence, "tree": [settled.evidence]})
    return refuted("shallow form", problem, problem.cell, settled, problem.interior)


def refuted(method: str, problem: Problem, cell: Cell, settled: Shallow, interior: Sequence[fmpq]) -> Refuted | None:
    """Finds the point where differences that are not zero on a cell show it."""
    for point in _points_of_difference(cell, settled, interior):
        tick()
        if problem.differ_at(point):
            return Refuted(method, point)
    return None


def _points_of_difference(cell: Cell, settled: Shallow, interior: Sequence[fmpq]) -> Iterator[tuple[fmpq, ...]]:
    """Points of a cell among which one tells a form that is not zero from zero.

    Both sides of each hyperplane, near a point of it that lies on no other one; with no hyperplane
    in play the form is affine, and a few points that span the cell do.
    """
    rng = random.Random(0)
    yield from _cross(cell, interior)
    for (line, _), attempt in itertools.product(settled.folds, range(4)):
        above, _ = cell.cut(normal_of(line, cell.dimension))
        if above is None or above is cell:
            continue
        middle = _facet_point(above, rng if attempt else None)
        yield middle
        yield from _cross(cell, middle)


def _facet_point(above: Cell, rng: random.Random | None) -> tuple[fmpq, ...]:
    """A relative interior point of the facet that was cut last."""
    bit = 1 << (above.cuts - 1)
    rays = [ray for ray, mask in above.rays if mask & bit]
    total = [0] * len(rays[0])
    for ray in rays:
        weight = rng.randint(1, 9) if rng else 1
        total = [t + weight * c for t, c in zip(total, ray, strict=True)]
    for line in above.lines:
        weight = rng.randint(-9, 9) if rng else 0
        total = [t + weight * c for t, c in zip(total, line, strict=True)]
    return tuple(fmpq(c, total[0]) for c in total[1:])


def _cross(cell: Cell, point: Sequence[fmpq]) -> Iterator[tuple[fmpq, ...]]:
    """Points of the cell around a point, nearer and nearer along every axis and spanning direction."""
    n = cell.dimension
    inward = [tuple(fmpq(c) for c in ray[1:]) if not ray[0] else None for ray, _ in cell.rays]
    vertices = [tuple(v - p for v, p in zip(vertex, point, strict=True)) for vertex in cell.vertices]
    axes = [tuple(fmpq(s * int(i == k)) for i in range(n)) for k in range(n) for s in (1, -1)]
    lines = [tuple(fmpq(s * c) for c in line[1:]) for line in cell.lines for s in (1, -1)]
    yield tuple(point)
    for size in (fmpq(1), fmpq(1, 16), fmpq(1, 2**12)):
        for direction in [*lines, *vertices, *(d for d in inward if d is not None)] or axes:
            yield tuple(p + size * d for p, d in zip(point, direction, strict=True))
