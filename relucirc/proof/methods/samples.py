"""Samples: exact values of hinges at many points, and the linear relations that hold between them there."""

from collections.abc import Mapping, Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import common_denominator
from relucirc.core.forms import Form
from relucirc.core.modular import modular_relations
from relucirc.geometry.hinges import HingeGraph
from relucirc.proof.methods.search import MOST_INPUTS
from relucirc.proof.problem import Problem

Point = tuple[fmpq, ...]
Values = Mapping[int, list[int]]
"""Per variable its values at the points, each point scaled to integers; the scales stand under -1."""


def sample_points(problem: Problem, count: int) -> list[Point]:
    """Random points of the problem's polyhedron, near and far, on integers where it is all of R^n."""
    rng = np.random.default_rng(2022)
    n = problem.n
    if not problem.constraints:
        sizes = rng.choice([3, 10, 50, 1000], size=(count, 1))
        whole = (rng.uniform(-1, 1, size=(count, n)) * sizes).round().astype(int)
        return [tuple(map(fmpq, row)) for row in whole.tolist()]
    if n > MOST_INPUTS and len(problem.constraints) > n:
        return _walked(problem, count, rng)
    rays = [ray for ray, _ in problem.cell.rays]
    points = []
    for weights in rng.integers(0, 8, size=(count, len(rays))).tolist():
        chosen = [(w, ray) for w, ray in zip(weights, rays, strict=True) if w]
        total = [sum(w * ray[i] for w, ray in chosen) for i in range(n + 1)]
        for line in problem.cell.lines:
            step = int(rng.integers(-20, 21))
            total = [t + step * c for t, c in zip(total, line, strict=True)]
        points.append(tuple(fmpq(c, total[0]) for c in total[1:]) if total[0] > 0 else problem.interior)
    return points


def _walked(problem: Problem, count: int, rng: np.random.Generator) -> list[Point]:
    """Points of a polyhedron with too many vertices: from each to the next along all axes, one after the other."""
    point, points = list(problem.interior), []
    rows = [[(c, form) for form in problem.constraints if (c := form.coefficient(v))] for v in range(problem.n)]
    for _ in range(count):
        for v, row in enumerate(rows):
            tick()
            ends = [(c, point[v] - form.evaluate(point) / c) for c, form in row]
            low = max((end for c, end in ends if c > 0), default=point[v] - 1000)
            high = min((end for c, end in ends if c < 0), default=point[v] + 1000)
            point[v] = low + fmpq(int(rng.integers(1, 64)), 64) * (high - low)
            short = fmpq(int((4096 * point[v]).floor()), 4096)
            point[v] = short if low < short < high else point[v]
        points.append(tuple(point))
    return points


def values_at(hinges: HingeGraph, columns: Sequence[int], points: Sequence[Point]) -> Values:
    """Evaluates inputs and atoms; atoms read earlier columns alone."""
    scales = [common_denominator(point) for point in points]
    values = {-1: scales}
    for v in columns:
        tick()
        if v < hinges.n:
            values[v] = [int((point[v] * scale).p) for point, scale in zip(points, scales, strict=True)]
        else:
            elements = [combination(element, values) for element in hinges.atom(v).elements]
            values[v] = [max(0, *row) for row in zip(*elements, strict=True)]
    return values


def combination(form: Form, values: Values) -> list[int]:
    """Values of a form with integer multiples, scaled by its denominator where it has one."""
    scale = common_denominator([*form.terms.values(), form.const])
    total = [int((form.const * scale).p) * q for q in values[-1]]
    for v, c in form.terms.items():
        factor, column = int((c * scale).p), values[v]
        total = [t + factor * x for t, x in zip(total, column, strict=True)]
    return total


def relations(columns: Sequence[int], values: Values) -> dict[int, Form]:
    """For every column that depends on earlier ones at the samples, and on the constant, its form over them."""
    found = {}
    order = [-1, *columns]
    for j, terms in modular_relations([values[v] for v in order]).items():
        form = Form({order[i]: c for i, c in terms.items() if i}, terms.get(0, fmpq(0)))
        if not any(combination(form - Form.variable(order[j]), values)):
            found[order[j]] = form
    return found
