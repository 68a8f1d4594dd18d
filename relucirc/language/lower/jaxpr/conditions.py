"""Rules for comparisons, truth values and selection."""

from collections.abc import Callable
from typing import Any

import numpy as np

from relucirc.core.graph import Guard
from relucirc.language.lower.jaxpr.arrays import alike, elementwise, is_raw, packed
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.scalars import Scalars


@rule("lt", "le", "gt", "ge", "eq", "ne", "lt_to", "le_to", "eq_to")
def _compare(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    name, s = op.primitive.name.removesuffix("_to"), op.scalars  # no signed zeros, so "total order" is order

    def truth(x: Any, y: Any) -> Any:
        if isinstance(x, bool | Guard):
            same = _same_truth(s, x, y)
            if name not in ("eq", "ne"):
                raise Unsupported("Booleans are compared by order")
            return same if name == "eq" else s.negation(same)
        return s.compare(name, x, y)

    return packed(elementwise(truth, a, b), np.dtype(bool))


def _same_truth(s: Scalars, x: Any, y: Any) -> Any:
    return s.choose(x, y, s.negation(y))


def require_truths(op: Operation) -> None:
    """Refuses the bit patterns of integers."""
    if np.dtype(op.dtype).kind != "b":
        raise Unsupported("it works on the bits of integers that depend on the inputs")


@rule("and", "or", "xor")
def _join(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    require_truths(op)
    s = op.scalars
    joins: dict[str, Callable[[Any, Any], Any]] = {
        "and": lambda x, y: s.conjunction((x, y)),
        "or": lambda x, y: s.disjunction((x, y)),
        "xor": lambda x, y: s.negation(_same_truth(s, x, y)),
    }
    return packed(elementwise(joins[op.primitive.name], a, b), np.dtype(bool))


@rule("not")
def _not(op: Operation, a: np.ndarray) -> np.ndarray:
    require_truths(op)
    return elementwise(op.scalars.negation, a)


@rule("select_n")
def _select(op: Operation, which: np.ndarray, *cases: np.ndarray) -> np.ndarray:
    if is_raw(which):
        places = np.broadcast_to(which.astype(int).clip(0, len(cases) - 1), op.shape).ravel()
        pool = np.concatenate([case.ravel() for case in alike(cases)])
        return pool[places * cases[0].size + np.arange(places.size)].reshape(op.shape)
    chosen = elementwise(lambda w, *values: select_by(op.scalars, w, values), which, *cases)
    return packed(chosen, np.dtype(op.dtype))


def select_by(s: Scalars, which: Any, values: Any) -> Any:
    """Returns ``values[which]``, which a truth value or an integer that may be a step."""
    if isinstance(which, bool | Guard):
        return s.choose(which, values[1], values[0])
    step = s.as_step(which)
    if step is None:
        raise Unsupported(
            "the case is chosen by an integer that depends on the inputs in a way that is not a comparison"
        )
    inside = [min(max(int(v.p), 0), len(values) - 1) for _, v in step]
    return s.first([(guard, values[place]) for (guard, _), place in zip(step, inside, strict=True)])
