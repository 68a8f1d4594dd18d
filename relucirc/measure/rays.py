"""Rays along which a difference grows for ever: from a piece that is not bounded, in one of its directions."""

from collections.abc import Callable, Sequence
from math import lcm

from flint import fmpq

from relucirc.checker.data import Rejected
from relucirc.core.exact import ONE, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.geometry.chart import Chart

Point = tuple[fmpq, ...]
Ray = tuple[Point, Point]
"""A point, and a direction."""
FURTHER = 200
"""So many times a point is moved twice as far along its ray, until no gate bends any more."""


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
