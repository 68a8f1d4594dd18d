"""Search: structured and random points, floats to propose and exact arithmetic to decide.

Most wrong claims fail at a point with small coordinates; looking there first is cheap, and gives
witnesses that people can read.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.columns import evaluate_graph, form_values
from relucirc.core.forms import Form
from relucirc.proof.answers import Found, Refuted
from relucirc.proof.problem import Problem

EXACT_TERMS = 6_000
"""Terms evaluated exactly at the small points, all together."""
MOST_INPUTS = 12
"""Inputs up to which the polyhedron's vertices are looked at: a box has 2^n of them."""
MAX_STRUCTURED = 256
RANDOM_POINTS = 250
MAX_SUSPICIOUS = 16
FLOAT_SLACK = 1e-9

Point = tuple[fmpq, ...]


def decide(problem: Problem) -> Found:
    """Refutes the equality at a small, a structured or a random point; never proves."""
    terms = 1 + sum(len(form.terms) for graph in (problem.left, problem.right) for form in graph.forms)
    most = min(64, max(4, EXACT_TERMS // terms))
    for points in (_small_points(problem, most), _suspicious_points(problem)):
        for point in points:
            tick("points")
            if problem.differ_at(point):
                return Refuted("search", point)
    return None


def _small_points(problem: Problem, most: int) -> Iterator[Point]:
    """Yields points of the problem's polyhedron worth an exact look, simplest first."""
    for row in itertools.islice(_structured(problem.n), most):
        point = tuple(map(fmpq, row))
        if _inside(problem.constraints, point):
            yield point
    if problem.constraints:
        yield problem.interior
        if problem.n <= MOST_INPUTS:
            yield from itertools.islice(_from_cell(problem), most)


def _suspicious_points(problem: Problem) -> Iterator[Point]:
    """Yields points where the sides seem to differ in float64, largest relative difference first.

    Structured and random integer points are evaluated at once; at small integers the floats of
    dyadic weights are exact, so that even a difference of 2^-40 shows.
    """
    if not problem.n:
        return
    structured = list(itertools.islice(_structured(problem.n), MAX_STRUCTURED))
    rng = np.random.default_rng(7)
    parts = [np.array(structured, dtype=np.int64).reshape(len(structured), problem.n)]
    for scale in (1, 3, 10, 100, 10_000):
        parts.append(rng.integers(-scale, scale + 1, size=(RANDOM_POINTS // 5, problem.n)))
    rows = np.concatenate(parts)
    batch = list(rows.T.astype(np.float64))
    with np.errstate(all="ignore"):
        a, b = (np.array(evaluate_graph(side, batch, np)) for side in (problem.left, problem.right))
        gap = np.abs(a - b).max(axis=0)
        relative = gap / (1 + np.maximum(np.abs(a), np.abs(b)).max(axis=0))
        for constraint in problem.constraints:
            relative[form_values(constraint, batch) < -FLOAT_SLACK] = 0
    for i in np.argsort(-relative)[:MAX_SUSPICIOUS]:
        point = tuple(fmpq(c) for c in rows[i].tolist())
        if gap[i] > 0 and relative[i] > 0 and _inside(problem.constraints, point):
            yield point


def _structured(n: int) -> Iterator[tuple[int, ...]]:
    """0, then small integer vectors: axes, pairs, all of a small box."""
    if n <= 4:
        yield from sorted(itertools.product(range(-2, 3), repeat=n), key=lambda p: (sum(map(abs, p)), [-c for c in p]))
        return
    yield (0,) * n
    for size in (1, -1):
        yield (size,) * n
    yield tuple(range(n))
    yield tuple(-i for i in range(n))
    for k in range(n):
        for size in (1, -1):
            yield tuple(size if i == k else 0 for i in range(n))


def _from_cell(problem: Problem) -> Iterator[Point]:
    cell = problem.cell
    vertices = cell.vertices[:64]
    yield from vertices
    for vertex in vertices:
        yield tuple((a + b) / 2 for a, b in zip(vertex, problem.interior, strict=True))
    for direction in cell.directions[:64]:
        yield tuple(a + d for a, d in zip(problem.interior, direction, strict=True))


def _inside(constraints: Sequence[Form], point: Point) -> bool:
    return all(form.evaluate(point).p >= 0 for form in constraints)
