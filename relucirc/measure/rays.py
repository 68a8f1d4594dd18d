"""Rays along which a difference grows for ever: from a piece that is not bounded, in one of its directions.

On all of space a few directions are tried first: where two networks differ, their slopes nearly always do, and a ray
costs two evaluations and no piece.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import lcm

from flint import fmpq

from relucirc.checker.data import Rejected
from relucirc.checker.rays import slopes
from relucirc.core.budget import tick
from relucirc.core.exact import ONE, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation
from relucirc.geometry.chart import Chart

Point = tuple[fmpq, ...]
Ray = tuple[Point, Point]
"""A point, and a direction."""
FURTHER = 200
"""So many times a point is moved twice as far along its ray, until no gate bends any more."""

TRIED = 8
"""So many directions, and their opposites, are tried on all of space."""
LARGEST, FAR = 9, 1 << 20
"""The largest number of such a direction; and how many times it a ray starts where a gate bends beyond it."""


def drawn_directions(n: int) -> Iterator[Point]:
    """Yields some directions in whole numbers, each followed by its opposite."""
    rng = random.Random(0)
    for _ in range(TRIED):
        drawn = tuple(fmpq(rng.randint(-LARGEST, LARGEST)) for _ in range(n))
        yield drawn
        yield tuple(-c for c in drawn)


def ray_of_space(left: Graph, right: Graph, directions: Iterable[Point]) -> Ray | None:
    """A ray on which some outputs of two graphs over the same inputs grow apart, if one of the directions has it."""
    for direction in directions:
        for far in (1, FAR):
            tick()
            start = tuple(far * c for c in direction)
            lines = list(zip(start, direction, strict=True))
            try:
                both = [slopes(graph, graph.outputs, lines) for graph in (left, right)]
            except Rejected:  # a gate bends further out, or a choice jumps
                continue
            if both[0] != both[1]:
                return start, direction
            break
    return None


def direction_of(part: Sequence[Relation], form: Form, chart: Chart) -> Point | None:
    """A direction in which a polyhedron is unbounded and a form grows, in whole numbers over all inputs."""
    linear = Form(form.terms)
    cone = [Relation(Form(r.form.terms), "==" if r.op == "==" else ">=") for r in part]
    found = feasibility([*cone, Relation(linear, ">")], len(chart.free)).point if linear.terms else None
    if found is None:
        return None
    direction = [Form(f.terms).evaluate(found) for f in chart.forms]
    scale = lcm(*(int(c.q) for c in direction))
    return tuple(scale * c for c in direction)


def ray_from(part: Sequence[Relation], form: Form, chart: Chart) -> Ray | None:
    """A ray in a polyhedron along which a form grows, over all inputs."""
    start, direction = feasibility(part, len(chart.free)).point, direction_of(part, form, chart)
    return None if start is None or direction is None else (chart.lift(start), direction)


def written(ray: Ray, accepts: Callable[[dict], None]) -> dict | None:
    """Writes a ray as evidence, from where on it is accepted; None where it is not."""
    point, direction = ray
    step = ONE
    for _ in range(FURTHER):
        data = {"point": [text(c) for c in point], "direction": [text(c) for c in direction]}
        try:
            accepts(data)
        except Rejected:
            point = tuple(c + step * d for c, d in zip(point, direction, strict=True))
            step = 2 * step
        else:
            return data
    return None
