"""Shallow canonical form: with one hidden layer, different coefficients are different functions.

If every atom left in a difference is a hinge over the inputs, the difference is
``sum k_H relu(l_H) + affine`` over distinct hyperplanes.  On a polyhedron a hinge whose hyperplane
misses the interior is affine; over those that meet it such a form is zero only if all its
coefficients are (Dereich and Kassing, arXiv 2108.05643), so a form that is not zero is a
refutation.  A second difference across a hyperplane with ``k_H != 0`` finds the point.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.exact import ZERO
from relucirc.core.forms import Form, combine
from relucirc.geometry.cell import Cell, normal_of
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.proof.problem import Answer, Problem, Proved, Refuted


def decide(problem: Problem, budget: Budget) -> Answer:
    """Decides differences with one hidden layer: by their coefficients on the whole domain."""
    lowered = problem.hinged
    if not is_shallow(lowered.hinges, lowered.differences, {}):
        return None
    region = Region.of(problem.constraints, problem.n)
    assert region is not None
    settled = settle(lowered.hinges, lowered.differences, region)
    if settled.is_zero:
        return Proved("shallow form", {**lowered.evidence, "tree": [settled.evidence]})
    for point in points_of_difference(region.cell, settled, problem.interior):
        budget.step()
        if problem.differ_at(point):
            return Refuted("shallow form", point)
    return None


@dataclass(frozen=True)
class Settled:
    """Shallow forms on a region.

    Attributes:
        kinks: Per form its hyperplanes ``l`` and their weights, none of them zero.
        affine: Per form the rest.
        evidence: Certificate data for a leaf.
    """

    kinks: tuple[tuple[tuple[Form, fmpq], ...], ...]
    affine: tuple[Form, ...]
    evidence: dict

    @property
    def is_zero(self) -> bool:
        """Whether all forms vanish on the region."""
        return not any(self.kinks) and not any(self.affine)


def is_shallow(hinges: HingeGraph, forms: Sequence[Form], decided: dict[int, Form]) -> bool:
    """Whether the forms depend on no atom that depends on an undecided one."""
    n = hinges.n
    for v in {v for form in forms for v in form.terms if v >= n and v not in decided}:
        if any(u >= n and u not in decided for element in hinges.atom(v).elements for u in element.terms):
            return False
    return True


def settle(hinges: HingeGraph, forms: Sequence[Form], region: Region) -> Settled:
    """Writes shallow forms over the hyperplanes that meet the region."""
    n = hinges.n
    forms = [region.resolve(form) for form in forms]
    values: dict[int, tuple[Form, Form, fmpq]] = {}  # atom -> (affine part, hyperplane, weight)
    signs = []
    for v in sorted({v for form in forms for v in form.terms if v >= n}):
        element = region.resolve(hinges.atom(v).elements[0])
        sign = region.sign(element)
        if sign is not None:
            values[v] = (element if sign > 0 else Form(), Form(), ZERO)
            if not element.is_constant:
                positive = element if sign > 0 else -element
                signs.append([v - n, "+" if sign > 0 else "-", region.multipliers(positive)])
            continue
        scale, line = element.primitive()
        if line.sign() > 0:
            values[v] = (Form(), line, scale)
        else:  # relu(-l) = relu(l) - l
            values[v] = (element, -line, scale)
    kinks, affine = [], []
    for form in forms:
        rest = [(fmpq(1), Form({u: c for u, c in form.terms.items() if u < n}, form.const))]
        weights: dict[tuple, tuple[Form, fmpq]] = {}
        for v, c in form.terms.items():
            if v >= n:
                part, line, weight = values[v]
                rest.append((c, part))
                if weight:
                    weights[line.key] = (line, weights.get(line.key, (line, ZERO))[1] + c * weight)
        kinks.append(tuple(entry for entry in weights.values() if entry[1]))
        affine.append(combine(rest))
    return Settled(tuple(kinks), tuple(affine), {"shallow": signs})


def points_of_difference(cell: Cell, settled: Settled, interior: Sequence[fmpq]) -> Iterator[tuple[fmpq, ...]]:
    """Points of a cell among which one tells a form that is not zero from zero.

    Both sides of each hyperplane, near a point of it that lies on no other one; with no hyperplane
    in play the form is affine, and a few points that span the cell do.
    """
    rng = random.Random(0)
    yield from _cross(cell, interior)
    lines = {line.key: line for kinks in settled.kinks for line, _ in kinks}
    for line, attempt in itertools.product(lines.values(), range(4)):
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
