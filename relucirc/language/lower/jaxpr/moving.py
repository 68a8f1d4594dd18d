"""Rules for primitives that move elements: raw arrays stay raw."""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.graph import Guard
from relucirc.language.lower.guards import all_of
from relucirc.language.lower.jaxpr.arrays import alike, exact, integers, is_raw, objects
from relucirc.language.lower.jaxpr.choices import MAX_COMBINED
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.scalars import BINARY


@rule("copy", "optimization_barrier", "sharding_constraint", "layout_constraint", "name", "device_put", "stop_gradient")
def _same(op: Operation, *values: np.ndarray) -> Any:  # noqa: ARG001
    return list(values)


_NUMPY: dict[str, Callable[[np.ndarray, dict[str, Any]], Any]] = {
    "transpose": lambda value, p: value.transpose(p["permutation"]),
    "rev": lambda value, p: np.flip(value, p["dimensions"]),
    "unstack": lambda value, p: list(np.moveaxis(value, p["axis"], 0)),
    "split": lambda value, p: np.split(value, np.cumsum(p["sizes"])[:-1], axis=p["axis"]),
    "tile": lambda value, p: np.tile(value, p["reps"]),
}


@rule(*_NUMPY)
def _as_in_numpy(op: Operation, value: np.ndarray) -> Any:
    return _NUMPY[op.primitive.name](value, op.params)


@rule("reshape", "squeeze")
def _reshape(op: Operation, value: np.ndarray, *_: np.ndarray) -> np.ndarray:
    if op.params.get("dimensions") is not None and op.primitive.name == "reshape":
        value = value.transpose(op.params["dimensions"])
    return value.reshape(op.shape)


@rule("broadcast_in_dim")
def _broadcast(op: Operation, value: np.ndarray, *_: np.ndarray) -> np.ndarray:
    shape = [1] * len(op.shape)
    for axis, place in enumerate(op.params["broadcast_dimensions"]):
        shape[place] = value.shape[axis]
    return np.broadcast_to(value.reshape(shape), op.shape)


@rule("slice")
def _slice(op: Operation, value: np.ndarray) -> np.ndarray:
    starts, limits = op.params["start_indices"], op.params["limit_indices"]
    strides = op.params["strides"] or (1,) * value.ndim
    return value[tuple(map(slice, starts, limits, strides))]


@rule("concatenate", "stack")
def _concatenate(op: Operation, *values: np.ndarray) -> np.ndarray:
    if op.primitive.name == "stack":
        return np.stack(alike(values), axis=op.params["axis"])
    return np.concatenate(alike(values), axis=op.params["dimension"])


@rule("pad")
def _pad(op: Operation, value: np.ndarray, filler: np.ndarray) -> np.ndarray:
    return padded(value, filler, op.params["padding_config"])


def padded(value: np.ndarray, filler: np.ndarray, config: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Puts a filler at both ends of every axis, or cuts the ends off, and between elements: ``(low, high, inner)``."""
    value, filler = alike((value, filler))
    for axis, (low, high, inner) in enumerate(config):
        size = value.shape[axis]
        total = max(low + high + size + max(size - 1, 0) * inner, 0)
        places = np.full(total, size)
        at = low + np.arange(size) * (inner + 1)
        inside = (at >= 0) & (at < total)
        places[at[inside]] = np.flatnonzero(inside)
        edge = np.broadcast_to(filler, (*value.shape[:axis], 1, *value.shape[axis + 1 :]))
        value = np.take(np.concatenate([value, edge], axis), places, axis)
    return value


@rule("iota")
def _iota(op: Operation) -> np.ndarray:
    axis = op.params["dimension"]
    counted = np.arange(op.shape[axis]).astype(op.dtype).reshape(-1, *[1] * (len(op.shape) - axis - 1))
    return np.broadcast_to(counted, op.shape)


@rule("dynamic_slice")
def _dynamic_slice(op: Operation, value: np.ndarray, *starts: np.ndarray) -> np.ndarray:
    index = np.concatenate([start.reshape(1) for start in alike(starts)]) if starts else np.zeros(0, int)
    owner = np.zeros(op.shape, dtype=int)
    sizes = op.params["slice_sizes"]
    return _by_index(op, index[None], owner, lambda rows: value[_window(value, rows[0], sizes)])


@rule("dynamic_update_slice")
def _dynamic_update_slice(op: Operation, value: np.ndarray, update: np.ndarray, *starts: np.ndarray) -> np.ndarray:  # noqa: ARG001
    value, update = alike((value, update))
    result = value.copy()
    result[_window(value, [integers(start, "the start of a slice") for start in starts], update.shape)] = update
    return result


def _window(value: np.ndarray, starts: Any, sizes: tuple[int, ...]) -> tuple[slice, ...]:
    """The slice that starts at constant indices, moved inside the array as XLA does."""
    inside = [min(max(int(p), 0), n - size) for p, n, size in zip(starts, value.shape, sizes, strict=True)]
    return tuple(slice(p, p + size) for p, size in zip(inside, sizes, strict=True))


def _by_index(
    op: Operation, rows: np.ndarray, owner: np.ndarray, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Applies a function of integer vectors, the rows, that may be made of steps.

    The function gives the result for constant rows; the owner of an element of it is the row that it is read by.
    """
    if is_raw(rows):
        return function(rows)
    tables = [_vectors(op, row) for row in rows]
    turns = max(map(len, tables), default=1)
    results = []
    for k in range(turns):
        taken = [table[min(k, len(table) - 1)][1] for table in tables]
        results.append(exact(function(np.array(taken, dtype=np.int64).reshape(rows.shape))).ravel())

    def chosen(k: int, row: int) -> Any:
        guarded = zip(tables[row], results, strict=False)
        return op.scalars.first([(guard, result[k]) for (guard, _), result in guarded])

    return objects((chosen(k, row) for k, row in enumerate(owner.ravel().tolist())), owner.shape)


def _vectors(op: Operation, row: np.ndarray) -> list[tuple[Guard, list[int]]]:
    """Returns the values of a vector of steps, each with its guard; the last guard is true."""
    steps = [op.scalars.as_step(v) for v in row]
    tables: list[tuple[Guard, ...]] = []
    for step in steps:
        guards = tuple(guard for guard, _ in step or ())
        if len(guards) != 1 and guards not in tables:
            tables.append(guards)
    if any(step is None for step in steps) or math.prod(map(len, tables)) > MAX_COMBINED:
        raise Unsupported("an index depends on the inputs")
    found = []
    for places in product(*(range(len(guards)) for guards in tables)):
        at = dict(zip(tables, places, strict=True))
        guards = [table[k] for table, k in at.items()]
        vector = [(step or ())[at.get(tuple(guard for guard, _ in step or ()), 0)][1] for step in steps]
        if any(v.q != 1 for v in vector):
            raise Unsupported("an index is not an integer")
        found.append((all_of(guards), [int(v.p) for v in vector]))
    return found


@rule("gather")
def _gather(op: Operation, value: np.ndarray, indices: np.ndarray) -> np.ndarray:
    batch = [axis for axis in range(len(op.shape)) if axis not in op.params["dimension_numbers"].offset_dims]
    shape = [size if axis in batch else 1 for axis, size in enumerate(op.shape)]
    owner = np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), op.shape)
    rows = indices.reshape(math.prod(shape), -1)
    return _by_index(op, rows, owner, lambda index: _gathered(op, value, index.reshape(indices.shape)))


def _gathered(op: Operation, value: np.ndarray, index: np.ndarray) -> np.ndarray:
    # JAX itself moves the numbers of the elements; -1 stands for "out of bounds".
    numbers = jnp.asarray(np.arange(value.size, dtype=np.int32).reshape(value.shape))
    places = np.asarray(op.primitive.bind(numbers, jnp.asarray(index), **{**op.params, "fill_value": -1}))
    if not (places < 0).any():
        return value.ravel()[places.ravel()].reshape(op.shape)
    filler = np.asarray(_fill_value(op), dtype=op.dtype)
    pool = np.concatenate(alike((value.ravel(), filler.reshape(1))))
    return pool[places.ravel()].reshape(op.shape)


def _fill_value(op: Operation) -> Any:
    given = op.params["fill_value"]
    if given is not None:
        return given
    if jnp.issubdtype(op.dtype, jnp.floating):
        return math.nan
    return True if op.dtype == bool else np.iinfo(op.dtype).min if op.dtype.kind == "i" else np.iinfo(op.dtype).max


@rule("scatter", "scatter-add", "scatter-sub", "scatter-max", "scatter-min")
def _scatter(op: Operation, value: np.ndarray, indices: np.ndarray, updates: np.ndarray) -> np.ndarray:
    kind = op.primitive.name.partition("-")[2]
    if not kind and op.params.get("update_jaxpr") is not None:  # x.at[i].apply(f), whose updates are not read
        raise Unsupported("it applies a function at some places; use x.at[i].set(f(x[i]))")
    where, dimensions = jnp.asarray(integers(indices, "an index")), op.params["dimension_numbers"]
    settings = {k: op.params[k] for k in ("indices_are_sorted", "unique_indices", "mode")}
    if not kind:  # JAX itself moves the numbers of the elements
        numbers = np.arange(value.size + updates.size, dtype=np.int32)
        old, new = numbers[: value.size].reshape(value.shape), numbers[value.size :].reshape(updates.shape)
        places = np.asarray(jax.lax.scatter(jnp.asarray(old), where, jnp.asarray(new), dimensions, **settings))
        return np.concatenate([v.ravel() for v in alike((value, updates))])[places.ravel()].reshape(op.shape)
    result, update = exact(value).ravel().copy(), exact(updates).ravel()
    for k in range(update.size):  # one update at a time, so that those of one element combine
        sent = jnp.asarray((np.arange(update.size) == k).astype(np.int32).reshape(updates.shape))
        hit = jax.lax.scatter_add(jnp.zeros(value.shape, jnp.int32), where, sent, dimensions, **settings)
        for place in np.flatnonzero(np.asarray(hit).ravel()):
            result[place] = BINARY[kind](op.scalars, result[place], update[k])
    return result.reshape(op.shape)
