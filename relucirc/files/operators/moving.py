"""Operators that move elements to places that constants say.

NumPy moves the numbers of the elements, and the elements follow.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.files.operators.table import Node, operator, room
from relucirc.language.lower.jaxpr.limits import Unsupported


def follow(x: Any, move: Callable[[np.ndarray], np.ndarray]) -> Any:
    """Moves the elements as a function moves their numbers."""
    room(x.shape)
    return taken(x.reshape(-1), move(np.arange(x.size).reshape(x.shape)))


def taken(pool: Any, places: np.ndarray) -> Any:
    """Returns the elements of a vector at some places."""
    room(places.shape)
    if not places.size:
        return jnp.zeros(places.shape, pool.dtype)
    return pool.at[places].get(mode="promise_in_bounds")


def _index(node: Node, k: int, name: str = "indices") -> np.ndarray:
    index = node.required(k, name)
    if index.dtype.kind not in "iu":
        raise Unsupported(f"its {name} should be constant integers")
    return index.astype(np.int64)


def _inside(index: np.ndarray, size: int) -> np.ndarray:
    """Counts negative indices from the end; refuses those outside."""
    if index.size and not -size <= index.min() <= index.max() < size:
        raise Unsupported(f"an index is outside of an axis of {size}")
    return index % size if size else index


@operator("Gather")
def _gather(node: Node, x: Any, indices: Any) -> Any:
    axis = node.get("axis", 0) % max(x.ndim, 1)
    places = _inside(_index(node, 1), x.shape[axis])
    room([*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]])
    return follow(x, lambda numbers: np.take(numbers, places, axis))


@operator("GatherElements")
def _gather_elements(node: Node, x: Any, _: Any) -> Any:
    axis = node.get("axis", 0) % x.ndim
    places = _inside(_index(node, 1), x.shape[axis])
    return follow(x, lambda numbers: np.take_along_axis(numbers, places, axis))


@operator("GatherND")
def _gather_nd(node: Node, x: Any, _: Any) -> Any:
    index, batch = _index(node, 1), node.get("batch_dims", 0)
    stack, depth = x.shape[:batch], index.shape[-1]
    if index.shape[:batch] != stack or batch + depth > x.ndim:
        raise Unsupported(f"it takes indices of the shape {index.shape} into the shape {x.shape}")
    rows = np.stack([_inside(index[..., k], x.shape[batch + k]) for k in range(depth)], -1)
    lead = np.indices(stack).reshape(batch, *stack, *[1] * (index.ndim - 1 - batch))
    room([*index.shape[:-1], *x.shape[batch + depth :]])
    return follow(x, lambda numbers: numbers[(*lead, *np.moveaxis(rows, -1, 0))])


@operator("ScatterElements", "Scatter")
def _scatter_elements(node: Node, x: Any, _: Any, updates: Any) -> Any:
    axis = node.get("axis", 0) % x.ndim
    index = _inside(_index(node, 1), x.shape[axis])
    at = [*np.indices(index.shape, sparse=True)]
    at[axis] = index
    return _scatter(node, x, np.arange(x.size).reshape(x.shape)[tuple(at)], updates)


@operator("ScatterND")
def _scatter_nd(node: Node, x: Any, _: Any, updates: Any) -> Any:
    index = _index(node, 1)
    rows = np.stack([_inside(index[..., k], x.shape[k]) for k in range(index.shape[-1])], 0)
    return _scatter(node, x, np.arange(x.size).reshape(x.shape)[tuple(rows)], updates)


_REDUCTIONS = {"add": jnp.add, "mul": jnp.multiply, "max": jnp.maximum, "min": jnp.minimum}


def _scatter(node: Node, x: Any, targets: np.ndarray, updates: Any) -> Any:
    """Puts updates at numbered elements, in their order; the last one is kept where nothing else is said."""
    room(x.shape)
    room(targets.shape)
    if targets.shape != updates.shape:
        raise Unsupported(f"it has updates of the shape {updates.shape} for the shape {targets.shape}")
    kind = node.word("reduction", "none")
    if kind != "none" and kind not in _REDUCTIONS:
        raise Unsupported(f"its reduction {kind!r} is not known")
    return scattered(kind, x.reshape(-1), targets.ravel(), updates.reshape(-1)).reshape(x.shape)


def scattered(kind: str, result: Any, flat: np.ndarray, pool: Any) -> Any:
    """Puts the elements of a vector at places of another; the kind says how those of one place are combined."""
    left = np.arange(flat.size)
    while left.size:
        kept = left[::-1][np.unique(flat[left][::-1], return_index=True)[1]] if kind == "none" else None
        turn = left[np.unique(flat[left], return_index=True)[1]] if kept is None else kept
        source = np.zeros(result.size, np.int64)
        source[flat[turn]] = turn
        hit = np.zeros(result.size, bool)
        hit[flat[turn]] = True
        new = taken(pool, source)
        result = jnp.where(hit, new if kept is not None else _REDUCTIONS[kind](result, new), result)
        left = np.setdiff1d(left, turn) if kept is None else left[:0]
    return result


@operator("Slice")
def _slice(node: Node, x: Any, *_: Any) -> Any:
    starts, ends = node.ints(1, "starts") or [], node.ints(2, "ends") or []
    axes = node.ints(3, "axes") or list(range(len(starts)))
    steps = node.ints(4, "steps") or [1] * len(starts)
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = x.shape[axis]
        if step < 0:  # an end before the first element is no index of Python's
            if start < -size:
                raise Unsupported("it starts before the first element, which runtimes read in different ways")
            end = None if end < -size else end
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


@operator("Pad")
def _pad(node: Node, x: Any, *_: Any) -> Any:
    pads, axes = node.ints(1, "pads") or [], node.ints(3, "axes")
    axes = list(range(x.ndim)) if axes is None else [a % x.ndim for a in axes]
    if len(pads) != 2 * len(axes):
        raise Unsupported(f"it has {len(pads)} pads for {len(axes)} axes")
    ends = [(0, 0)] * x.ndim
    for k, axis in enumerate(axes):
        ends[axis] = (pads[k], pads[k + len(axes)])
    room([n + low + high for n, (low, high) in zip(x.shape, ends, strict=True)])
    if any(min(n + low, n + high) < 0 for n, (low, high) in zip(x.shape, ends, strict=True)):
        raise Unsupported("it cuts off more elements than there are")
    cut = tuple(slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(x.shape, ends, strict=True))
    x, ends = x[cut], [(max(low, 0), max(high, 0)) for low, high in ends]
    mode = node.word("mode", "constant")
    if mode == "constant":
        filler = node.number(2, "constant_value", node.get("value", 0.0))
        return jnp.pad(x, ends, constant_values=np.asarray(filler, x.dtype))
    if mode not in ("reflect", "edge", "wrap"):
        raise Unsupported(f"its mode {mode!r} is not known")
    return follow(x, lambda numbers: np.pad(numbers, ends, mode=mode))


@operator("Trilu")
def _triangle(node: Node, x: Any, *_: Any) -> Any:
    room(x.shape)
    rows, columns = np.indices(x.shape[-2:], sparse=True)
    distance, k = columns - rows, int(node.number(1, "k", 0) or 0)
    return jnp.where(distance >= k if node.get("upper", 1) else distance <= k, x, 0)


@operator("Compress")
def _compress(node: Node, x: Any, _: Any) -> Any:
    condition, axis = node.required(1, "condition").astype(bool).ravel(), node.get("axis")
    return follow(x, lambda numbers: np.compress(condition, numbers, axis))


@operator("ReverseSequence")
def _reverse(node: Node, x: Any, _: Any) -> Any:
    lengths, batch, time = _index(node, 1, "lengths"), node.get("batch_axis", 1), node.get("time_axis", 0)
    if (lengths < 0).any() or (lengths > x.shape[time]).any() or x.ndim < 2:
        raise Unsupported("its lengths do not fit")
    steps = np.arange(x.shape[time])[:, None]
    order = np.where(steps < lengths, lengths - 1 - steps, steps)  # time x batch
    order = order if time < batch else order.T
    order = order.reshape([n if k in (batch, time) else 1 for k, n in enumerate(x.shape)])
    return follow(x, lambda numbers: np.take_along_axis(numbers, order, time))


@operator("OneHot")
def _one_hot(node: Node, _: Any, __: Any, values: Any) -> Any:
    index, depth = node.required(0, "indices"), int(node.number(1, "depth") or 0)
    axis = node.get("axis", -1) % (index.ndim + 1)
    room([*index.shape, depth])
    shape = [-1 if k == axis else 1 for k in range(index.ndim + 1)]
    hit = (np.expand_dims(index % max(depth, 1), axis) == np.arange(depth).reshape(shape)) & np.expand_dims(
        (index >= -depth) & (index < depth), axis
    )
    return jnp.where(hit, values[1], values[0])


@operator("CenterCropPad")
def _centre(node: Node, x: Any, *_: Any) -> Any:
    sizes, axes = node.ints(1, "shape") or [], node.get("axes")
    axes = list(range(x.ndim)) if axes is None else [a % x.ndim for a in axes]
    wanted = dict(zip(axes, sizes, strict=True))
    room(wanted.get(k, n) for k, n in enumerate(map(int, x.shape)))
    cut, ends = [slice(None)] * x.ndim, [(0, 0)] * x.ndim
    for k, size in wanted.items():
        extra = size - x.shape[k]
        if extra < 0:
            cut[k] = slice(-extra // 2, -extra // 2 + size)
        else:
            ends[k] = (extra // 2, extra - extra // 2)
    return jnp.pad(x[tuple(cut)], ends)


@operator("NonZero")
def _non_zero(node: Node, _: Any) -> Any:
    return jnp.asarray(np.array(np.nonzero(node.required(0, "operand")), np.int64))
