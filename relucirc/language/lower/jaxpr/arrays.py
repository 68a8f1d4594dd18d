"""Arrays of exact scalars: NumPy arrays that are raw or hold objects.

A *raw* array (integers, Booleans, floats) is a constant as JAX stores it, and means exactly the numbers
it holds.  An object array holds exact scalars or truth values (:mod:`relucirc.language.lower.jaxpr.scalars`), with
infinities and NaN as Python floats.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from flint import fmpq

from relucirc.core.exact import rational, to_float
from relucirc.language.lower.jaxpr.limits import Unsupported, bounded


def is_raw(array: np.ndarray) -> bool:
    """Whether an array holds numbers rather than objects."""
    return array.dtype != object


def is_whole(array: Any) -> bool:
    """Whether an array, or a result to be, holds raw integers or Booleans."""
    return isinstance(array.dtype, np.dtype) and array.dtype.kind in "biu"


def objects(items: Iterable[Any], shape: Sequence[int]) -> np.ndarray:
    """Packs scalars, in row-major order, into an object array."""
    bounded(shape)
    items = list(items)
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(tuple(shape))


def exact(array: np.ndarray) -> np.ndarray:
    """Reads a raw array bit-exactly; an object array is returned as it is."""
    if not is_raw(array):
        return array
    bounded(array.shape)
    if array.dtype.kind in "biu":
        read = bool if array.dtype.kind == "b" else fmpq
        return objects(map(read, array.ravel().tolist()), array.shape)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise Unsupported(f"{array.dtype} numbers are not real")
    wide = array.astype(np.float64).ravel()
    finite = np.isfinite(wide).tolist()
    return objects((rational(v) if ok else v for v, ok in zip(wide.tolist(), finite, strict=True)), array.shape)


def alike(arrays: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Makes arrays raw or objects alike, so that their elements can share one."""
    arrays = list(arrays)
    return arrays if all(map(is_raw, arrays)) else [exact(array) for array in arrays]


def packed(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Stores constants raw again, where that loses nothing: integers index, Booleans select.

    Integers that the type does not hold stay as they are.
    """
    flat = array.ravel().tolist()
    if dtype.kind == "b" and all(isinstance(v, bool) for v in flat):
        return np.array(flat, dtype=bool).reshape(array.shape)
    fits = dtype.kind in "iu" and all(isinstance(v, fmpq) for v in flat)
    if fits and all(np.iinfo(dtype).min <= v <= np.iinfo(dtype).max for v in flat):
        return np.array([int(v.p) for v in flat], dtype=dtype).reshape(array.shape)
    return array


def rounded(array: np.ndarray, dtype: np.dtype) -> np.ndarray | None:
    """Returns a constant array as raw numbers of a type, floats rounded to it; None for one that is not constant."""
    if is_raw(array):
        return array.astype(dtype)
    if not jnp.issubdtype(dtype, jnp.floating):
        raw = packed(array, dtype)
        return raw if is_raw(raw) else None
    flat = array.ravel().tolist()
    if not all(isinstance(v, fmpq | float) for v in flat):
        return None
    return np.array([to_float(v, dtype) if isinstance(v, fmpq) else v for v in flat], dtype=dtype).reshape(array.shape)


def elementwise(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """Applies a function of scalars to arrays of one shape, scalars broadcast."""
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    bounded(shape)
    columns = [np.broadcast_to(exact(a), shape).ravel() for a in arrays]
    return objects(map(function, *columns), shape)


def lanes(array: np.ndarray, axes: Sequence[int]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Moves axes last and joins them: returns ``(lanes, their elements)`` and the shape of the lanes."""
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    shape = tuple(array.shape[axis] for axis in kept)
    moved = array.transpose([*kept, *axes])
    return moved.reshape(int(np.prod(shape, dtype=int)), int(np.prod([array.shape[a] for a in axes], dtype=int))), shape


def along(function: Callable[[list[Any]], Sequence[Any]], array: np.ndarray, axis: int) -> np.ndarray:
    """Replaces every lane along an axis by a list of as many or fewer scalars."""
    rows, shape = lanes(exact(array), [axis])
    results = [list(function(list(row))) for row in rows]
    width = len(results[0]) if results else array.shape[axis]
    return np.moveaxis(objects((v for row in results for v in row), (*shape, width)), -1, axis)


def integers(array: np.ndarray, what: str) -> np.ndarray:
    """Returns a constant integer array; one that depends on the inputs is refused."""
    if is_raw(array):
        return array
    flat = array.ravel().tolist()
    if not all(isinstance(v, fmpq) and v.q == 1 for v in flat):
        raise Unsupported(f"{what} depends on the inputs")
    return np.array([int(v.p) for v in flat], dtype=np.int64).reshape(array.shape)
