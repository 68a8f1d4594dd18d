"""Rules that fold an axis: sums, extremes, their positions, running folds, sorting."""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.core.graph import Guard
from relucirc.language.lower.jaxpr.arrays import along, exact, lanes, objects, packed
from relucirc.language.lower.jaxpr.choices import Scalar
from relucirc.language.lower.jaxpr.conditions import require_truths
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.scalars import BINARY, Scalars
from relucirc.language.sorting import merge_exchange

REDUCTIONS: dict[str, Callable[[Scalars], Callable[[Any], Any]]] = {
    "reduce_sum": lambda s: lambda row: s.sum((ONE, v) for v in row),
    "reduce_prod": lambda s: lambda row: functools.reduce(s.multiply, row, ONE),
    "reduce_max": lambda s: s.maximum,
    "reduce_min": lambda s: s.minimum,
    "reduce_and": lambda s: s.conjunction,
    "reduce_or": lambda s: s.disjunction,
}


@rule(*REDUCTIONS)
def _reduce(op: Operation, value: np.ndarray) -> np.ndarray:
    if op.primitive.name in ("reduce_and", "reduce_or"):
        require_truths(op)
    return _reduced(op, value, REDUCTIONS[op.primitive.name](op.scalars))


def _reduced(op: Operation, value: np.ndarray, function: Callable[[Any], Any]) -> np.ndarray:
    rows, shape = lanes(exact(value), op.params["axes"])
    return packed(objects((function(list(row)) for row in rows), shape), np.dtype(op.dtype))


@rule("cumsum", "cummax", "cummin", "cumprod")
def _cumulative(op: Operation, value: np.ndarray) -> np.ndarray:
    name = {"cumsum": "add", "cumprod": "mul", "cummax": "max", "cummin": "min"}[op.primitive.name]
    combine = functools.partial(BINARY[name], op.scalars)

    def running(row: list[Any]) -> list[Any]:
        step = -1 if op.params["reverse"] else 1
        return list(itertools.accumulate(row[::step], combine))[::step]

    return packed(along(running, value, op.params["axis"]), np.dtype(op.dtype))


@rule("sort")
def _sort(op: Operation, value: np.ndarray, *others: np.ndarray) -> Any:
    if others:
        raise Unsupported("it moves other arrays along, by an order that depends on the inputs; sort one array alone")
    return along(lambda row: _sorted(op.scalars, row), value, op.params["dimension"])


@rule("top_k")
def _top_k(op: Operation, value: np.ndarray) -> Any:
    k, axis = op.params["k"], op.params.get("axis", op.params.get("operand_dimension", value.ndim - 1))
    largest = along(lambda row: _sorted(op.scalars, row)[::-1][:k], value, axis)
    return [largest, Unsupported("the positions of the largest values depend on the inputs")]


def _sorted(s: Scalars, row: list[Scalar]) -> list[Scalar]:
    """Sorts with Batcher's merge exchange: ``min(a, b) = a + b - max(a, b)`` shares the gate."""
    if any(isinstance(v, float) for v in row):
        raise Unsupported("it sorts infinite or undefined numbers")
    wires = list(row)
    for i, j in merge_exchange(len(wires)):
        larger = s.maximum((wires[i], wires[j]))
        wires[i] = s.sum(((ONE, wires[i]), (ONE, wires[j]), (-ONE, larger)))
        wires[j] = larger
    return wires


@rule("argmax", "argmin")
def _position(op: Operation, value: np.ndarray) -> np.ndarray:
    """The first position of an extreme value: a step that takes i where ``x_i >= x_j`` for all j."""
    s, largest = op.scalars, op.primitive.name == "argmax"

    def position(row: list[Any]) -> Scalar:
        if any(isinstance(v, float) for v in row):
            raise Unsupported("it compares infinite or undefined numbers")
        if any(isinstance(v, bool | Guard) for v in row):
            wins, otherwise = [v if largest else s.negation(v) for v in row], ZERO
        else:
            otherwise = fmpq(len(row) - 1)
            wins = [s.conjunction(s.compare("ge" if largest else "le", v, w) for w in row) for v in row[:-1]]
        branches = [(guard, fmpq(i)) for i, guard in enumerate(wins)]
        return s.choices([*branches, (True, otherwise)])

    return _reduced(op, value, position)
