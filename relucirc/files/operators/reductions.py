"""Operators that fold axes."""

import math
from typing import Any

import jax.numpy as jnp

from relucirc.files.operators.activations import absolute
from relucirc.files.operators.table import Node, operator
from relucirc.language.lower.jaxpr.limits import Unsupported

_FOLDS = {
    "ReduceSum": jnp.sum,
    "ReduceMax": jnp.max,
    "ReduceMin": jnp.min,
    "ReduceProd": jnp.prod,
    "ReduceL1": lambda x, axes, keepdims: jnp.sum(absolute(x), axes, keepdims=keepdims),
    "ReduceMean": lambda x, axes, keepdims: jnp.sum(x, axes, keepdims=keepdims) / math.prod(x.shape[a] for a in axes),
}


@operator(*_FOLDS)
def _fold(node: Node, x: Any, axes: Any = None) -> Any:  # noqa: ARG001
    if node.kind == "ReduceMean" and not jnp.issubdtype(x.dtype, jnp.floating):
        raise Unsupported("it divides integers")
    given = node.ints(1, "axes")
    every = () if node.get("noop_with_empty_axes", 0) else tuple(range(x.ndim))
    places = tuple(_axis(a, x.ndim) for a in given) if given else every
    return _FOLDS[node.kind](x, places, keepdims=bool(node.get("keepdims", 1)))


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise Unsupported(f"it has no axis {axis}")
    return axis % rank


@operator("ArgMax", "ArgMin")
def _position(node: Node, x: Any) -> Any:
    axis, find = node.get("axis", 0) % x.ndim, jnp.argmax if node.kind == "ArgMax" else jnp.argmin
    if node.get("select_last_index", 0):
        found = x.shape[axis] - 1 - find(jnp.flip(x, axis), axis, keepdims=True)
    else:
        found = find(x, axis, keepdims=True)
    found = found.astype(jnp.int64)
    return found if node.get("keepdims", 1) else jnp.squeeze(found, axis)


@operator("TopK")
def _largest(node: Node, x: Any, k: Any = None) -> Any:  # noqa: ARG001
    (count,) = node.ints(1, "k") or [1]
    axis = node.get("axis", -1) % x.ndim
    ordered = jnp.sort(x, axis)
    if node.get("largest", 1):
        ordered = jnp.flip(ordered, axis)
    return [jnp.take(ordered, jnp.arange(min(max(count, 0), x.shape[axis])), axis=axis, mode="clip"), None]
