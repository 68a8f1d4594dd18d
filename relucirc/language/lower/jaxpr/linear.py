"""Rules for linear maps with constant coefficients, and for pooling."""

from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE
from relucirc.language.lower.jaxpr.arrays import exact, is_raw, objects
from relucirc.language.lower.jaxpr.casts import cast
from relucirc.language.lower.jaxpr.choices import Scalar
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.scalars import Scalars
from relucirc.language.lower.jaxpr.windows import Windows, convolution_terms


@rule("dot_general")
def _dot(op: Operation, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    (contract_l, contract_r), (batch_l, batch_r) = op.params["dimension_numbers"]
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
    rows = [_sparse(row) for row in a]  # the fewer ones; the others are read one at a time
    columns = ((_sparse(column), column) for column in b)
    items = (_inner(s, row, x, column, y) for column, y in columns for row, x in zip(rows, a, strict=True))
    return objects(items, (len(b), len(a))).T


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


def _inner(s: Scalars, row: Any, a: np.ndarray, column: Any, b: np.ndarray) -> Scalar:
    if row is not None and column is not None:
        known = dict(row)
        return s.sum((c, known[k]) for k, c in column if k in known)
    if column is not None:
        return s.sum((c, a[k]) for k, c in column)
    if row is not None:
        return s.sum((c, b[k]) for k, c in row)
    return s.sum((ONE, s.multiply(x, y)) for x, y in zip(a, b, strict=True))


@rule("conv_general_dilated")
def _convolve(op: Operation, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    p, s = op.params, op.scalars
    spec = p["dimension_numbers"]
    images, kernel = _finite(exact(lhs)).transpose(spec.lhs_spec), _finite(exact(rhs)).transpose(spec.rhs_spec)
    windows = Windows(kernel.shape[2:], p["window_strides"], p["padding"], p["lhs_dilation"], p["rhs_dilation"])
    out_shape = tuple(op.shape[axis] for axis in spec.out_spec)
    groups = (p["feature_group_count"], p["batch_group_count"])
    terms = convolution_terms(windows, images, kernel, out_shape, groups)
    items = [s.sum(_factors(s, pairs)) for pairs in terms]
    return objects(items, out_shape).transpose(np.argsort(spec.out_spec))


def _factors(s: Scalars, pairs: list[tuple]) -> Any:
    for a, b in pairs:
        yield (b, a) if isinstance(b, fmpq) else (a, b) if isinstance(a, fmpq) else (ONE, s.multiply(a, b))


@rule("reduce_window_max", "reduce_window_min", "reduce_window_sum")
def _pool(op: Operation, value: np.ndarray) -> np.ndarray:
    p, s = op.params, op.scalars
    windows = Windows(
        p["window_dimensions"], p["window_strides"], p["padding"], p["base_dilation"], p["window_dilation"]
    )
    join = {"max": s.maximum, "min": s.minimum, "sum": lambda row: s.sum((ONE, v) for v in row)}
    function = join[op.primitive.name.rpartition("_")[2]]
    array = exact(value)
    reads = windows.reads(array.shape, op.shape)
    return objects((function([array[place] for _, place in pairs]) for pairs in reads), op.shape)
