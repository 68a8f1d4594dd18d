"""Rules for linear maps with constant coefficients, and for pooling."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.language.lower.jaxpr.arithmetic import cast
from relucirc.language.lower.jaxpr.arrays import exact, is_raw, objects
from relucirc.language.lower.jaxpr.choices import Scalar
from relucirc.language.lower.jaxpr.limits import FORM, Unsupported, bounded
from relucirc.language.lower.jaxpr.moving import padded
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.reductions import REDUCTIONS
from relucirc.language.lower.jaxpr.scalars import Scalars
from relucirc.language.rows import RowForm, plain


@rule("dot_general")
def _dot(op: Operation, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    (contract_l, contract_r), (batch_l, batch_r) = op.params["dimension_numbers"]
    if not math.prod(op.shape):  # of any number of empty blocks
        return np.empty(op.shape, dtype=object)
    lhs, rhs = (_numbers(op, value, aval.dtype) for value, aval in zip((lhs, rhs), op.inputs, strict=True))
    left, right = _blocks(lhs, batch_l, contract_l), _blocks(rhs, batch_r, contract_r)
    products = [inner_products(op.scalars, a, b) for a, b in zip(left, right, strict=True)]
    return objects((v for block in products for v in block.ravel()), op.shape)


def _numbers(op: Operation, value: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Reads truth values as 1 and 0, in the type of the product."""
    if dtype.kind != "b":
        return value
    if op.dtype.kind == "b":
        raise Unsupported("it joins truth values, which is no sum; use jnp.any(a & b)")
    return cast(op.scalars, value, np.dtype(op.dtype))


def inner_products(s: Scalars, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the sums ``sum_k a[i, k] b[j, k]`` for all i and j, where one factor of each product is constant."""
    if len(a) > len(b):
        return inner_products(s, b, a).T
    left, right = _factors(a), _factors(b)
    rows = list(left)  # the fewer ones; the others are read one at a time
    return objects((_inner(s, x, y) for y in right for x in rows), (len(b), len(a))).T


@dataclass(frozen=True)
class _Factor:
    """A row of one factor, read as far as it was asked for.

    Attributes:
        entries: The row.
        kept, places: Where it has variables, and which, if it has nothing else but zeros.
    """

    entries: np.ndarray
    kept: list[int] | None = None
    places: tuple[int, ...] = ()

    @cached_property
    def sparse(self) -> list[tuple[int, fmpq]] | None:
        """The non-zero entries of a constant row; None for a row that depends on the inputs."""
        return _sparse(self.entries)


def _factors(matrix: np.ndarray) -> Iterator[_Factor]:
    """Reads the rows of a matrix; one of infinities or NaN is refused."""
    if is_raw(matrix):
        floats = jnp.issubdtype(matrix.dtype, jnp.floating)
        if floats and not np.isfinite(matrix).all():
            raise Unsupported("a factor is infinite or undefined")
        yield from map(_Factor, matrix)
        return
    for row in matrix:
        found = plain(row)
        yield _Factor(row) if found is None else _Factor(row, *found)


def _blocks(array: np.ndarray, batch: Any, contract: Any) -> np.ndarray:
    """Returns ``array[batch, free, contracted]``."""
    free = [axis for axis in range(array.ndim) if axis not in (*batch, *contract)]
    sizes = [int(np.prod([array.shape[a] for a in axes], dtype=int)) for axes in (batch, free, contract)]
    return array.transpose([*batch, *free, *contract]).reshape(sizes)


def _finite(array: np.ndarray) -> np.ndarray:
    if any(isinstance(v, float) for v in array.ravel().tolist()):
        raise Unsupported("a factor is infinite or undefined")
    return array


def _sparse(row: np.ndarray) -> list[tuple[int, fmpq]] | None:
    """The non-zero entries of a constant row; None for a row that depends on the inputs."""
    if is_raw(row):
        places = np.flatnonzero(row)
        return list(zip(places.tolist(), _finite(exact(row[places])).tolist(), strict=True))
    if not all(isinstance(v, fmpq) for v in _finite(row)):
        return None
    return [(k, v) for k, v in enumerate(row) if v]


def _inner(s: Scalars, x: _Factor, y: _Factor) -> Scalar:
    for weights, values in ((x, y), (y, x)):
        if values.kept is not None and is_raw(weights.entries) and weights.entries.dtype.kind not in "biu":
            row = weights.entries if len(values.kept) == len(weights.entries) else weights.entries[values.kept]
            s.meter.hold(FORM)
            return RowForm(row, values.places) if row.any() else ZERO
    if x.sparse is not None and y.sparse is not None:
        known = dict(x.sparse)
        return s.sum((c, known[k]) for k, c in y.sparse if k in known)
    if y.sparse is not None:
        return s.sum((c, x.entries[k]) for k, c in y.sparse)
    if x.sparse is not None:
        return s.sum((c, y.entries[k]) for k, c in x.sparse)
    return s.sum((ONE, s.multiply(p, q)) for p, q in zip(x.entries, y.entries, strict=True))


@rule("conv_general_dilated")
def _convolve(op: Operation, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    p = op.params
    spec = p["dimension_numbers"]
    images, kernel = exact(lhs).transpose(spec.lhs_spec), rhs.transpose(spec.rhs_spec)
    out_shape = tuple(op.shape[axis] for axis in spec.out_spec)
    spatial, groups = kernel.ndim - 2, p["feature_group_count"] * p["batch_group_count"]  # one of the two is 1
    alone = ((1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1))  # each image and each channel by itself
    space = (kernel.shape[2:], p["window_strides"], p["padding"], p["lhs_dilation"], p["rhs_dilation"])
    seen = windows(op, images, ZERO, [(*a, *b) for a, b in zip(alone, space, strict=True)])
    seen = seen.reshape(*images.shape[:2], *out_shape[2:], *kernel.shape[2:])
    products = []
    parts = np.split(seen, groups, axis=int(p["batch_group_count"] == 1))
    for part, rows in zip(parts, np.split(kernel, groups), strict=True):
        patches = np.moveaxis(part, 1, 1 + spatial).reshape(-1, math.prod(kernel.shape[1:]))
        found = inner_products(op.scalars, rows.reshape(len(rows), -1), patches)
        products.append(found.reshape(len(rows), out_shape[0], *out_shape[2:]).swapaxes(0, 1))
    return np.concatenate(products, axis=1).transpose(np.argsort(spec.out_spec))


@rule("reduce_window_max", "reduce_window_min", "reduce_window_sum")
def _pool(op: Operation, value: np.ndarray) -> np.ndarray:
    p, kind = op.params, op.primitive.name.rpartition("_")[2]
    nothing = {"max": -math.inf, "min": math.inf, "sum": ZERO}[kind]
    settings = ("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")
    seen = windows(op, exact(value), nothing, [p[name] for name in settings])
    rows = seen.reshape(math.prod(op.shape), -1).tolist()
    return objects(map(REDUCTIONS[f"reduce_{kind}"](op.scalars), rows), op.shape)


def windows(op: Operation, array: np.ndarray, filler: Any, geometry: Iterable[Sequence[Any]]) -> np.ndarray:
    """Returns what the windows see that slide over an array: indices of windows, then offsets inside of them.

    They see the filler in padding and holes.  The geometry is, per axis, the windows' size, the step between them, the
    ``(low, high)`` elements added at both ends, possibly negative, and the distances between elements, once holes are
    put in, and between what a window sees.
    """
    sizes, strides, padding, base_dilation, window_dilation = geometry
    config = [(low, high, hole - 1) for (low, high), hole in zip(padding, base_dilation, strict=True)]
    bounded([max(low + high + n * (hole + 1), 0) for n, (low, high, hole) in zip(array.shape, config, strict=True)])
    wide = padded(array, objects([filler], ()), config)
    reach = [(size - 1) * hole + 1 for size, hole in zip(sizes, window_dilation, strict=True)]
    if any(r > size for r, size in zip(reach, wide.shape, strict=True)):
        return np.empty((0, *sizes), dtype=object)
    seen = np.lib.stride_tricks.sliding_window_view(wide, reach)
    seen = seen[tuple(slice(None, None, step) for step in (*strides, *window_dilation))]
    op.scalars.meter.need(8 * seen.size, "what its windows see")
    return seen
