"""Exact points near what floats propose: the vertex that a point lies on, and short numbers near it."""

from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, sign_of
from relucirc.core.forms import Form
from relucirc.core.rows import echelon, solve_rows
from relucirc.proof.bounding.question import Question

NEAR = 1e-7
BITS = (0, 3, 8, 20, 40)
Point = tuple[fmpq, ...]


def values_at(question: Question, point: Sequence[fmpq]) -> list[fmpq]:
    """The parts' exact values at a point."""
    return [part.form.evaluate(_with_hinges(question, point)) for part in question.parts]


def holds_at(question: Question, point: Sequence[fmpq]) -> bool:
    """Whether a point satisfies every constraint."""
    return all(r.holds(sign_of(r.form.evaluate(point))) for r in question.constraints)


def _with_hinges(question: Question, point: Sequence[fmpq]) -> dict[int, fmpq]:
    values = dict(enumerate(point))
    for k in question.used:
        value = question.argument(k).evaluate(values)
        values[question.n + k] = value if value > 0 else ZERO
    return values


def rounded(question: Question, x: np.ndarray) -> Iterator[Point]:
    """Points of the polyhedron near x, which is in the inputs' units, those with short coordinates first."""
    seen = set()
    for bits in BITS:
        point = []
        for v, c in enumerate(x):
            value = question.floats.shortened(v, float(c), bits)
            low, high = question.box[v]
            if low is not None and value < low[0]:
                value = low[0]
            if high is not None and value > high[0]:
                value = high[0]
            point.append(value)
        if tuple(point) not in seen and holds_at(question, point):
            seen.add(tuple(point))
            yield tuple(point)


def vertex(question: Question, x: np.ndarray) -> Point | None:
    """The point where everything is tight that is almost tight at x, in the inputs' units; if the polyhedron has it."""
    n, floats = question.n, question.floats
    arguments, _ = floats.run(x)
    size = 1.0 + float(np.abs(x).max(initial=0.0))
    tight = [
        relation.form
        for i, relation in enumerate(question.constraints)
        if abs(floats.rows[i] @ x + floats.row_bias[i]) <= NEAR * size * (1.0 + np.abs(floats.rows[i]).max(initial=0.0))
    ]
    tight += [form for form, near in _affine(question, arguments) if near]
    tight += [Form({v: ONE}, -floats.shortened(v, float(x[v]), 20)) for v in range(n)]
    columns = [[form.coefficient(v) for v in range(n)] for form in tight]
    _, independent = echelon([list(column) for column in zip(*columns, strict=True)])
    chosen = [tight[i] for i in independent]
    if len(chosen) != n:
        return None
    rows = [[form.coefficient(v) for form in chosen] for v in range(n)]
    point = solve_rows([-form.const for form in chosen], rows)
    return tuple(point) if point is not None and holds_at(question, point) else None


def _affine(question: Question, arguments: np.ndarray) -> Iterator[tuple[Form, bool]]:
    """Every hinge's argument over the inputs, as the signs of floats have it, and whether it is about zero."""
    n = question.n
    values: dict[int, Form] = {}

    def value(v: int) -> Form | None:
        return values[v] if v >= n else None

    for i, k in enumerate(question.used):
        form = question.argument(k).substitute(value)
        near = abs(arguments[i]) <= NEAR
        values[n + k] = form if arguments[i] > 0 else Form()
        if form.terms:
            yield form, near
