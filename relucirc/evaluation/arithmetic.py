"""The few array operations that every plan is written in."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flint import fmpq
from jax import lax

from relucirc.core.exact import to_float

Array = Any


@jax.custom_jvp
def relu(value: Array) -> Array:
    """``max(value, 0)`` with derivative 0 at 0, as ``jax.nn.relu``, and NaN kept."""
    return lax.max(value, lax.full_like(value, 0))


@relu.defjvp
def _relu_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (value,), (tangent,) = primals, tangents
    return relu(value), jnp.where(value > 0, tangent, lax.full_like(tangent, 0))


@jax.custom_jvp
def lower(value: Array) -> Array:
    """``min(value, 0)`` with derivative 0 at 0: ``-relu(-value)``."""
    return lax.min(value, lax.full_like(value, 0))


@lower.defjvp
def _lower_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (value,), (tangent,) = primals, tangents
    return lower(value), jnp.where(value < 0, tangent, lax.full_like(tangent, 0))


def apply_kind(kind: str, value: Array) -> Array:
    """Applies what an atom of this kind does to a value."""
    if kind == "id":
        return value
    if kind == "abs":
        return lax.abs(value)
    return relu(value if kind == "relu" else lax.neg(value))


def spread(values: Sequence[fmpq], dtype: Any, axis: int) -> Any:
    """Returns one scalar if all values are equal, otherwise a vector along ``axis`` of two."""
    if all(v == values[0] for v in values):
        return to_float(values[0], dtype)
    return np.array([to_float(v, dtype) for v in values], dtype=dtype).reshape((-1, 1) if axis == 0 else (1, -1))


def weighted_sum(terms: Sequence[tuple[Any, Array]], bias: Any) -> Array | None:
    """Adds ``weight * value`` over terms and a bias; weights 1 and -1 and bias 0 cost nothing.

    Returns:
        The sum, or None for no terms (the value is then the bias).
    """
    if not terms:
        return None
    # A term of weight 1 first, where there is one: no negation is needed then.  With none, the bias.
    ordered = sorted(terms, key=lambda term: (not _is(term[0], 1), not _is(term[0], -1)))
    weight, value = ordered[0]
    if _is(weight, 1):
        total = value
    elif _is(weight, -1):
        total = lax.neg(value)
    elif _is(bias, 0):
        total = weight * value
    else:
        total, bias = weight * value + bias, 0
    for weight, value in ordered[1:]:
        if _is(weight, -1):
            total = total - value
        else:
            total = total + (value if _is(weight, 1) else weight * value)
    return total if _is(bias, 0) else total + bias


def _is(weight: Any, value: int) -> bool:
    return np.ndim(weight) == 0 and weight == value


def multiply(weight: Array, values: Array, axis: int) -> Array:
    """Applies a matrix ``(out, in)`` to values along ``axis`` of two.

    The precision is pinned: on accelerators a float32 product is otherwise computed in fewer bits
    (TF32 or bfloat16), far outside what :func:`relucirc.float_error_bound` allows.
    """
    if axis == 0:
        return jnp.dot(weight, values, precision=lax.Precision.HIGHEST)
    return jnp.dot(values, weight.T, precision=lax.Precision.HIGHEST)
