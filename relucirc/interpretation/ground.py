"""The domain of a snap: a bounded region of it where functions are compared, points there, and a network's scale."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.errors import shorten
from relucirc.core.exact import ONE, ZERO, approximate, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.interpretation.batch import forward, homogeneous, stacked
from relucirc.interpretation.proposal import Sight
from relucirc.language.box import Interval, box_around
from relucirc.language.domain import Box, Domain, read_domain
from relucirc.language.network import MLP

Point = tuple[fmpq, ...]

FAR = tuple(fmpq(10) ** k for k in range(10))
"""Bounds that are tried where no single relation implies one."""

SAMPLES, STEPS = 256, 1024

FLAT = 10
"""A function is flat on a cube if it is so many times steeper, as a whole, on a larger one."""


@dataclass(frozen=True)
class Ground:
    """Where functions are compared.

    Attributes:
        where: The domain in words.
        domain: The domain; [-1, 1]^n where none is given, or a larger cube if the network is flat there.
        bounds: Bounds of every input on the domain that was given, None for none.
        region: The domain if it is bounded, else the part of it in a box around zero.
        box: Bounds of every input on the region.
        part: The box in words where the region is a part of the domain, else None.
        points: Points of the region.
        sight: What floats see: these points, in their order, and directions in which the domain that was given goes on
            without end.
    """

    where: str
    domain: Domain
    bounds: tuple[Interval, ...]
    region: Domain
    box: tuple[tuple[fmpq, fmpq], ...]
    part: str | None
    points: tuple[Point, ...]
    sight: Sight

    @staticmethod
    def of(domain: Any, net: MLP) -> "Ground":
        """Reads a domain over the inputs of a network.

        Raises:
            DomainError: If it cannot be read, or is empty.
        """
        n = len(net.inputs)
        read = read_domain(domain, net.inputs)
        if _is_none(domain):
            return _cube(net)
        read.refuse_empty(n)
        bounds = _bounds(read, n)
        region, reach = read, None
        if any(None in pair for pair in bounds):
            reach = ONE
            while feasibility([*read.relations, *_within(reach, bounds)], n).point is None:
                reach *= 10
            region = Domain((*read.relations, *_within(reach, bounds)), read.integers)
        far = ONE if reach is None else reach
        box = tuple((-far if low is None else low, far if high is None else high) for low, high in bounds)
        points = tuple(_points(region, box))
        part = None if reach is None else _power(-reach, reach, n)
        low = [-np.inf if a is None else approximate(a) for a, _ in bounds]
        high = [np.inf if b is None else approximate(b) for _, b in bounds]
        seen = [_floats(points, n), *([] if reach is None else [_directions(read.relations, n)])]
        sight = Sight(np.concatenate(seen), bounds=(np.array(low), np.array(high)))
        return Ground(words(domain, n), read, bounds, region, box, part, points, sight)


def _floats(points: Sequence[Point], n: int) -> np.ndarray:
    """Points in float64, one a row that begins with 1."""
    return np.array([[1.0, *map(approximate, p)] for p in points]).reshape(len(points), 1 + n)


def _directions(relations: Sequence[Relation], n: int) -> np.ndarray:
    """Directions in which relations allow to go without end, one a row that begins with 0."""
    found = np.vstack([np.eye(n), -np.eye(n), np.random.default_rng(n).uniform(-1, 1, (SAMPLES // 4, n))])
    for relation in relations:
        slope = found @ np.array([approximate(relation.form.terms.get(v, ZERO)) for v in range(n)])
        found = found[slope == 0 if relation.op == "==" else slope >= 0]
    return np.hstack([np.zeros((len(found), 1)), found])


def _cube(net: MLP) -> Ground:
    """The first cube [-r, r]^n, r = 1, 10, ..., on which no output is flat compared with a larger one."""
    n, stack = len(net.inputs), stacked(net, single=True)
    unit = read_domain(Box(-1, 1), net.inputs)
    points = _points(unit, ((-ONE, ONE),) * n)
    floats = _floats(points, n)
    with np.errstate(all="ignore"):
        larger = [homogeneous(10.0**k * floats[:, 1:]) for k in range(4)]
        slopes = np.nan_to_num([np.ptp(forward(stack, larger[k])[0], axis=0) / 10.0**k for k in range(4)])
    k = next(k for k in range(4) if (slopes[k] >= slopes[k:] / FLAT).all())
    reach = fmpq(10) ** k
    region = read_domain(Box(text(-reach), text(reach)), net.inputs)
    box = ((-reach, reach),) * n
    points = tuple(tuple(reach * c for c in point) for point in points)
    sight = Sight(np.concatenate([larger[k], _directions((), n)]))
    return Ground(_power(-reach, reach, n), region, ((None, None),) * n, region, box, None, points, sight)


def words(domain: Any, n: int) -> str:
    """A domain as people write it."""
    if _is_none(domain):
        return _power(-1, 1, n)
    if isinstance(domain, Box) and not domain.integer and not np.ndim(domain.lower) and not np.ndim(domain.upper):
        return _power(domain.lower, domain.upper, n)
    return shorten(str(domain))


def _is_none(domain: Any) -> bool:
    return domain is None or (isinstance(domain, str) and not domain.strip())


def _power(low: Any, high: Any, n: int) -> str:
    return f"[{low}, {high}]" + (f"^{n}" if n > 1 else "")


def _bounds(domain: Domain, n: int) -> tuple[Interval, ...]:
    """Bounds of every input: those that single relations imply, else the first of some that all together do."""
    bounds = box_around(domain, n)
    relations = domain.relations
    shared = {v for relation in relations if len(relation.form.terms) > 1 for v in relation.form.terms}
    for v in shared:
        low, high = (_far(relations, v, k, n) if end is None else end for k, end in enumerate(bounds[v]))
        bounds[v] = low, high
    return tuple(bounds)


def _far(relations: Sequence[Relation], v: int, side: int, n: int) -> fmpq | None:
    """The first of some lower (side 0) or upper bounds that no point of a polyhedron is beyond."""
    sign = (-ONE, ONE)[side]
    beyond = ((far, Relation(Form({v: sign}, -far), ">")) for far in FAR)
    return next((sign * far for far, further in beyond if feasibility([*relations, further], n).point is None), None)


def _within(reach: fmpq, bounds: Sequence[Interval]) -> list[Relation]:
    """``-reach <= x <= reach`` on the sides that have no bound."""
    return [
        Relation(Form({v: sign}, reach), ">=")
        for v, pair in enumerate(bounds)
        for sign, end in zip((ONE, -ONE), pair, strict=True)
        if end is None
    ]


def _points(region: Domain, box: Sequence[tuple[fmpq, fmpq]]) -> list[Point]:
    """Points of a region, the same every time: on a grid in its box, and between points that are far apart in it."""
    rng, n = random.Random(len(box)), len(box)
    found = []
    for k in range(max(32, min(SAMPLES, 2**14 // n))):
        tick()
        place = [rng.randrange(2) * STEPS if k % 2 else rng.randrange(STEPS + 1) for _ in box]
        point = [low + (high - low) * fmpq(p, STEPS) for (low, high), p in zip(box, place, strict=True)]
        found.append(_rounded(point, region))
    inside = [point for point in dict.fromkeys(found) if region.contains(point)]
    if len(inside) >= 32 or all(len(relation.form.terms) < 2 for relation in region.relations):
        return inside
    corners = [feasibility(region.relations, n).point]
    for v, (low, high) in enumerate(box[:16]):
        for sign, end in ((ONE, (low + 3 * high) / 4), (-ONE, (3 * low + high) / 4)):
            beyond = Relation(Form({v: sign}, -sign * end), ">=")
            corners.append(feasibility([*region.relations, beyond], n).point)
    apart = [corner for corner in corners if corner is not None]
    for _ in range(SAMPLES):
        a, b, share = rng.choice(apart), rng.choice(apart), fmpq(rng.randrange(9), 8)
        inside.append(_rounded([x + share * (y - x) for x, y in zip(a, b, strict=True)], region))
    return [point for point in dict.fromkeys(inside) if region.contains(point)]


def _rounded(point: Sequence[fmpq], region: Domain) -> Point:
    return tuple(fmpq((2 * c + 1).floor() // 2) if v in region.integers else c for v, c in enumerate(point))
