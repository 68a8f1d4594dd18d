"""A second exact route to activation regions of a bounded domain: polytopes as vertices, clipped.

A polytope is its vertices, in flint rationals, each with the set of constraints that are tight there.
Two vertices share an edge iff those tight at both have rank n - 1: linear algebra, where
:mod:`relucirc.geometry.cell` compares sets and :mod:`relucirc.measure.regions.kernel` machine numbers.
Nothing of relucirc is used but the exact weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

Row = list[fmpq]
"""``[constant, coefficients...]``."""


@dataclass(frozen=True)
class Vertex:
    """A point ``(1, x)``, and the numbers of the constraints that are tight there."""

    place: tuple[fmpq, ...]
    tight: frozenset[int]


@dataclass(frozen=True)
class Clipped:
    """One activation region: signs, output rows and the vertices of its closure."""

    signs: tuple[int, ...]
    output: tuple[tuple[Fraction, ...], ...]
    vertices: frozenset[tuple[Fraction, ...]]


def clipped_regions(layers: Sequence[tuple[Any, Any]], size: Any = 1) -> Iterator[Clipped]:
    """All activation regions of a network of at least one input on ``[-size, size]^n``.

    Args:
        layers: ``(weight rows, biases)`` of fractions, as from :func:`patterns.plain_layers`.
        size: Half of the box's side.
    """
    exact = [(fmpq_mat([[number(c) for c in row] for row in w]), [number(c) for c in b]) for w, b in layers]
    n = exact[0][0].ncols()
    identity = fmpq_mat([[fmpq(int(j == i + 1)) for j in range(n + 1)] for i in range(n)])
    walls = [[number(size), *(fmpq(s * int(i == v)) for i in range(n))] for v in range(n) for s in (1, -1)]
    corners = []
    for code in range(2**n):
        place = [number(size) * (-1 if code >> v & 1 else 1) for v in range(n)]
        tight = [i for i, row in enumerate(walls) if not dot(row, [fmpq(1), *place])]
        corners.append(Vertex((fmpq(1), *place), frozenset(tight)))
    yield from _extend(exact, 0, _above(exact[0], identity), 0, (), tuple(corners), tuple(map(tuple, walls)))


def _extend(
    layers: Sequence[tuple[fmpq_mat, list[fmpq]]],
    depth: int,
    rows: fmpq_mat,
    start: int,
    signs: tuple[int, ...],
    corners: tuple[Vertex, ...],
    known: tuple[tuple[fmpq, ...], ...],
) -> Iterator[Clipped]:
    if depth == len(layers) - 1:
        output = tuple(tuple(fraction(c) for c in row) for row in rows.table())
        yield Clipped(signs, output, frozenset(tuple(map(fraction, v.place[1:])) for v in corners))
        return
    k = len(signs) - start
    if k == rows.nrows():
        entries = [c if signs[start + i] > 0 else fmpq(0) for i, row in enumerate(rows.table()) for c in row]
        below = fmpq_mat(rows.nrows(), rows.ncols(), entries)
        yield from _extend(layers, depth + 1, _above(layers[depth + 1], below), len(signs), signs, corners, known)
        return
    row = rows.table()[k]
    values = [dot(row, v.place) for v in corners]
    if min(values) >= 0 or max(values) <= 0:
        sign = (max(values) > 0) - (min(values) < 0)
        yield from _extend(layers, depth, rows, start, (*signs, sign), corners, known)
        return
    here = len(known)
    known = (*known, tuple(row))
    on = [Vertex(v.place, v.tight | {here}) for v, value in zip(corners, values, strict=True) if not value]
    on += _edges(corners, values, known, here)
    for sign in (1, -1):
        side = [v for v, value in zip(corners, values, strict=True) if value * sign > 0]
        yield from _extend(layers, depth, rows, start, (*signs, sign), (*side, *on), known)


def _edges(
    corners: Sequence[Vertex], values: Sequence[fmpq], known: Sequence[tuple[fmpq, ...]], here: int
) -> Iterator[Vertex]:
    """Where edges from the positive to the negative side meet the hyperplane."""
    n = len(corners[0].place) - 1
    for p, a in zip(corners, values, strict=True):
        for q, b in zip(corners, values, strict=True):
            if a > 0 > b:
                common = sorted(p.tight & q.tight)
                if len(common) >= n - 1 and (n == 1 or fmpq_mat([list(known[i]) for i in common]).rank() == n - 1):
                    place = tuple((a * v - b * u) / (a - b) for u, v in zip(p.place, q.place, strict=True))
                    tight = [*common, here]
                    yield Vertex(place, frozenset(tight))


def _above(layer: tuple[fmpq_mat, list[fmpq]], below: fmpq_mat) -> fmpq_mat:
    """The pre-activations of a layer as rows over ``(1, x)``."""
    weight, bias = layer
    total = (weight * below).table()
    return fmpq_mat([[row[0] + b, *row[1:]] for row, b in zip(total, bias, strict=True)])


def dot(row: Sequence[fmpq], place: Sequence[fmpq]) -> fmpq:
    return sum((a * b for a, b in zip(row, place, strict=True)), start=fmpq(0))


def number(value: Any) -> fmpq:
    exact = Fraction(value)
    return fmpq(exact.numerator, exact.denominator)


def fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))
