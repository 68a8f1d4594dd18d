"""Counterexamples: where to look for them, and how to make them small.

A witness is for reading: (1, 0) says more than (549755813888, -2199023255553/2).
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import seconds_left
from relucirc.core.exact import approximate, nearest_integer
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate
from relucirc.proof.problem import Problem

Point = tuple[fmpq, ...]
MAX_STRUCTURED = 256
RANDOM_POINTS = 250
MAX_SUSPICIOUS = 16
FLOAT_SLACK = 1e-9


def small_points(problem: Problem, most: int) -> Iterator[Point]:
    """Yields points of the problem's polyhedron worth an exact look, simplest first."""
    for row in itertools.islice(_structured(problem.n), most):
        point = tuple(map(fmpq, row))
        if _inside(problem.constraints, point):
            yield point
    if problem.constraints:
        yield problem.interior
        yield from itertools.islice(_from_cell(problem), most)


def suspicious_points(problem: Problem) -> Iterator[Point]:
    """Yields points where the sides seem to differ in float64, largest relative difference first.

    Structured and random integer points are evaluated at once; at small integers the floats of
    dyadic weights are exact, so that even a difference of 2^-40 shows.
    """
    structured = list(itertools.islice(_structured(problem.n), MAX_STRUCTURED))
    rng = np.random.default_rng(7)
    parts = [np.array(structured, dtype=np.int64).reshape(len(structured), problem.n)]
    for scale in (1, 3, 10, 100, 10_000):
        parts.append(rng.integers(-scale, scale + 1, size=(RANDOM_POINTS // 5, problem.n)))
    rows = np.concatenate(parts)
    batch = rows.T.astype(np.float64)
    with np.errstate(all="ignore"):
        a, b = _float_outputs(problem.left, batch), _float_outputs(problem.right, batch)
        gap = np.abs(a - b).max(axis=0)
        relative = gap / (1 + np.maximum(np.abs(a), np.abs(b)).max(axis=0))
        for constraint in problem.constraints:
            relative[_float_form(constraint, list(batch), batch.shape[1]) < -FLOAT_SLACK] = 0
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


def _float_outputs(graph: Graph, batch: np.ndarray) -> np.ndarray:
    values, count = list(batch), batch.shape[1]
    for gate in graph.gates:
        assert isinstance(gate, MaxGate)
        values.append(np.maximum(_float_form(gate.left, values, count), _float_form(gate.right, values, count)))
    return np.array([_float_form(form, values, count) for form in graph.outputs])


def _float_form(form: Form, values: Sequence[np.ndarray], count: int) -> np.ndarray:
    total = np.full(count, approximate(form.const))
    for v, c in form.terms.items():
        total += values[v] if c == 1 else approximate(c) * values[v]
    return total


def cost(point: Sequence[fmpq]) -> tuple[int, int]:
    """Reading cost of a point: digits of numerators and denominators, then sizes."""
    bits = sum(abs(int(c.p)).bit_length() + 2 * (int(c.q).bit_length() - 1) for c in point)
    return bits, sum(int(c.p) < 0 for c in point)


SHRINK_SECONDS = 1.0


def shrink(point: Point, is_witness: Callable[[Point], bool], attempts: int = 2000) -> Point:
    """Makes a witness smaller while it stays one: whole-point roundings, then one entry at a time."""
    best, tries = point, 0
    improved = True
    end = time.monotonic() + seconds_left(SHRINK_SECONDS)
    while improved and tries < attempts:
        improved = False
        for candidate in _simpler(best):
            if tries >= attempts or time.monotonic() > end:
                break
            if cost(candidate) < cost(best):
                tries += 1
                if is_witness(candidate):
                    best, improved = candidate, True
                    break
    return best


def _simpler(point: Point) -> Iterator[Point]:
    largest = max((abs(c) for c in point), default=fmpq(0))
    if largest:
        for size in (1, 2, 3, 10):
            scaled = tuple(c * size / largest for c in point)
            yield tuple(fmpq(nearest_integer(c)) for c in scaled)
            yield scaled
    for denominator in (1, 2, 4, 16, 256):
        yield tuple(fmpq(nearest_integer(c * denominator), denominator) for c in point)
    for i, c in enumerate(point):
        for value in _simpler_numbers(c):
            yield (*point[:i], value, *point[i + 1 :])


def _simpler_numbers(c: fmpq) -> Iterator[fmpq]:
    """Simpler rationals, near ones included: continued fraction convergents and halvings."""
    yield from (fmpq(0), fmpq(1), fmpq(-1), fmpq(1, 2), fmpq(-1, 2), fmpq(2), fmpq(-2))
    floor = int(c.p) // int(c.q)
    yield from (fmpq(floor), fmpq(floor + 1))
    yield from _convergents(c)
    if abs(c) > 2:
        yield fmpq(nearest_integer(c / 2))
        yield fmpq(nearest_integer(c / 16))
        power = 2 ** (abs(int(c.p)).bit_length() - int(c.q).bit_length())
        yield fmpq(power if c > 0 else -power)


def _convergents(c: fmpq) -> Iterator[fmpq]:
    p0, q0, p1, q1 = 0, 1, 1, 0
    p, q = int(c.p), int(c.q)
    while q:
        a = p // q
        p0, q0, p1, q1 = p1, q1, a * p1 + p0, a * q1 + q0
        yield fmpq(p1, q1)
        p, q = q, p - a * q
