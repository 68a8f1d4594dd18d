"""Shallow canonical form: with one hidden layer, different coefficients are different functions.

If every atom left in the difference is a hinge over the inputs, the difference is
``sum k_H relu(l_H) + affine`` over distinct hyperplanes that meet the interior.  Such a form is
zero only if all its coefficients are (Dereich and Kassing 2022, arXiv 2108.05643), so a non-zero
one is a refutation.  A second difference across a hyperplane with ``k_H != 0`` finds the point.
"""

import itertools
import random
from collections.abc import Iterator, Sequence

from flint import fmpq

from relucirc.budget import Budget
from relucirc.forms import Form
from relucirc.geometry.cell import Cell, normal_of
from relucirc.problem import Answer, Problem, Refuted


def decide(problem: Problem, budget: Budget) -> Answer:
    """Refutes when the difference is shallow and not zero; the normal form has proved the rest."""
    lowered = problem.hinged
    atoms = [lowered.hinges.atoms[k] for k in lowered.hinges.reachable(lowered.differences)]
    if any(v >= problem.n for atom in atoms for form in atom.elements for v in form.terms):
        return None
    for point in _candidates(problem, [atom.elements[0] for atom in atoms]):
        budget.step()
        if problem.differ_at(point):
            return Refuted("shallow form", point)
    return None


def _candidates(problem: Problem, hinges: Sequence[Form]) -> Iterator[tuple[fmpq, ...]]:
    """Points on both sides of each hyperplane, near a point of it that lies on no other one.

    With no hyperplane in play the difference is affine: the interior point and its neighbours.
    """
    rng = random.Random(0)
    yield from _cross(problem.cell, problem.interior)
    for hinge, attempt in itertools.product(hinges, range(4)):
        above, _ = problem.cell.cut(normal_of(hinge, problem.n))
        if above is None or above is problem.cell:
            continue
        middle = _facet_point(above, rng if attempt else None)
        yield middle
        yield from _cross(problem.cell, middle)


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
