"""Rules for elementwise arithmetic and casts, and for functions of constants and steps: roots, rounding, remainders.

A constant whose value is irrational, such as the root in ``w / jnp.sqrt(2.0)``, has no rule here: it is
the float that JAX computes (:func:`relucirc.language.lower.jaxpr.operation.fold`).

Casting a *constant* to a narrower float rounds it, to a new stored constant; casting what depends on the
inputs is the identity over the reals.  A condition is 1 or 0; a step may become an integer.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flint import fmpq, fmpz

from relucirc.core.exact import ONE, ZERO, rational, to_float
from relucirc.core.forms import Form
from relucirc.core.graph import Guard
from relucirc.language.lower.guards import TRUE
from relucirc.language.lower.jaxpr.arrays import elementwise, is_raw, is_whole, packed
from relucirc.language.lower.jaxpr.choices import Scalar
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.scalars import BINARY, Scalars

_ELEMENTWISE: dict[str, Callable[..., Scalar]] = {
    **BINARY,
    "add_any": Scalars.add,
    "neg": Scalars.negate,
    "clamp": lambda s, low, x, high: s.minimum((s.maximum((low, x)), high)),
    "abs": Scalars.absolute,
    "sign": Scalars.sign,
    "square": lambda s, x: s.multiply(x, x),
}


@rule(*_ELEMENTWISE)
def _elementwise(op: Operation, *values: np.ndarray) -> np.ndarray:
    return elementwise(partial(_ELEMENTWISE[op.primitive.name], op.scalars), *values)


@rule("div")
def _divide(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if jnp.issubdtype(op.dtype, jnp.floating):
        return elementwise(op.scalars.divide, a, b)
    return elementwise(lambda x, y: _whole_quotient(op.scalars, x, y), a, b)


def _whole_quotient(s: Scalars, x: Scalar, y: Scalar) -> Scalar:
    """Integers are divided towards zero."""

    def quotient(p: fmpq, q: fmpq) -> fmpq:
        if q == 0:
            raise Unsupported("it divides by zero")
        return fmpq(math.trunc(p / q))

    result = quotient(x, y) if isinstance(x, fmpq) and isinstance(y, fmpq) else s.map_steps(quotient, x, y)
    if result is None:
        raise Unsupported("it divides integers that depend on the inputs in a way that is not a comparison")
    return result


@rule("integer_pow")
def _integer_power(op: Operation, a: np.ndarray) -> np.ndarray:
    return elementwise(lambda x: _power(op.scalars, x, op.params["y"]), a)


@rule("pow")
def _general_power(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    def power(x: Scalar, y: Scalar) -> Scalar:
        if not isinstance(y, fmpq) or y.q != 1 or abs(y) > 64:
            raise Unsupported("an exponent that is not a small constant integer")
        return _power(op.scalars, x, int(y.p))

    return elementwise(power, a, b)


def _power(s: Scalars, x: Scalar, y: int) -> Scalar:
    if y < 0:
        return s.divide(ONE, _power(s, x, -y))
    result: Scalar = ONE
    while y:  # x^y = (x^2)^(y/2), times x where y is odd
        result = s.multiply(result, x) if y % 2 else result
        x, y = s.multiply(x, x) if y > 1 else x, y // 2
    return result


_EXACT_POINTS: dict[str, dict[int, int]] = {
    "exp": {0: 1}, "exp2": {0: 1, 1: 2}, "expm1": {0: 0}, "log": {1: 0}, "log2": {1: 0, 2: 1}, "log1p": {0: 0},
    "sin": {0: 0}, "cos": {0: 1}, "tan": {0: 0}, "tanh": {0: 0}, "sinh": {0: 0}, "cosh": {0: 1}, "asin": {0: 0},
    "atan": {0: 0}, "asinh": {0: 0}, "atanh": {0: 0}, "acosh": {1: 0}, "erf": {0: 0}, "erfc": {0: 1},
    "cbrt": {0: 0, 1: 1},
}  # fmt: skip


@rule(*_EXACT_POINTS, "sqrt", "rsqrt", "logistic")
def _transcendental(op: Operation, a: np.ndarray) -> np.ndarray:
    name = op.primitive.name

    def value(x: Scalar) -> Scalar:
        if isinstance(x, Form):
            raise Unsupported("it is not piecewise linear")
        if isinstance(x, fmpq):
            if name in ("sqrt", "rsqrt") and x >= 0 and (root := _root(x)) is not None:
                return root if name == "sqrt" else op.scalars.divide(ONE, root)
            if name == "logistic" and x == 0:
                return fmpq(1, 2)
            known = _EXACT_POINTS.get(name, {})
            if x.q == 1 and int(x.p) in known:
                return fmpq(known[int(x.p)])
        raise Unsupported(f"its value at the constant {x} is not known to be a rational number")

    return elementwise(value, a)


def _root(x: fmpq) -> fmpq | None:
    roots = [fmpz(math.isqrt(int(part))) for part in (x.p, x.q)]
    return fmpq(roots[0], roots[1]) if roots[0] ** 2 == x.p and roots[1] ** 2 == x.q else None


@rule("floor", "ceil", "round")
def _round(op: Operation, a: np.ndarray) -> np.ndarray:
    def value(x: Scalar) -> Scalar:
        if isinstance(x, float):
            return x
        if isinstance(x, Form):
            step = op.scalars.as_step(x)
            if step is None:
                raise Unsupported("rounding of a value that depends on the inputs has infinitely many jumps")
            return op.scalars.choices([(guard, value(v)) for guard, v in step])
        if op.primitive.name != "round":
            return fmpq(getattr(math, op.primitive.name)(x))
        if op.params["rounding_method"] == jax.lax.RoundingMethod.TO_NEAREST_EVEN:
            return fmpq(round(x))
        away = math.floor(abs(x) + fmpq(1, 2))
        return fmpq(away if x > 0 else -away)

    return elementwise(value, a)


@rule("rem")
def _remainder(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:  # noqa: ARG001
    def value(x: Scalar, y: Scalar) -> Scalar:
        if not isinstance(x, fmpq) or not isinstance(y, fmpq) or y == 0:
            raise Unsupported("a remainder that is not of constants")
        return x - y * math.trunc(x / y)

    return elementwise(value, a, b)


@rule("is_finite")
def _is_finite(op: Operation, a: np.ndarray) -> np.ndarray:  # noqa: ARG001
    return elementwise(lambda x: not isinstance(x, float), a)


@rule("convert_element_type")
def _convert(op: Operation, value: np.ndarray) -> np.ndarray:
    return cast(op.scalars, value, np.dtype(op.dtype))


def cast(s: Scalars, value: np.ndarray, new: np.dtype) -> np.ndarray:
    """Returns an array in another type, rounded where it is constant."""
    old = value.dtype
    if old == new:
        return value
    wider = jnp.issubdtype(old, jnp.floating) and jnp.issubdtype(new, jnp.floating) and np.can_cast(old, new)
    if is_whole(value) or (is_raw(value) and wider):
        return value.astype(new)
    return packed(elementwise(lambda x: _cast(s, x, new), value), new)


def _cast(s: Scalars, x: Any, new: np.dtype) -> Any:
    if isinstance(x, bool | Guard):
        if new.kind == "b":
            return x
        return s.choices([(x, ONE), (TRUE, ZERO)]) if isinstance(x, Guard) else fmpq(int(x))
    if new.kind == "b":
        return s.compare("ne", x, ZERO)
    if jnp.issubdtype(new, jnp.floating):
        if not isinstance(x, fmpq):
            return x
        rounded = float(to_float(x, new))
        return rational(rounded) if math.isfinite(rounded) else rounded
    if new.kind not in "iu":
        raise Unsupported(f"{new} numbers are not real")
    if isinstance(x, float):
        raise Unsupported(f"{x} has no value of type {new}")
    step = s.as_step(x)
    if step is None:
        raise Unsupported(f"rounding to {new} of a value that depends on the inputs has infinitely many jumps")
    return s.choices([(guard, _truncated(v, new)) for guard, v in step])


def _truncated(x: fmpq, new: np.dtype) -> fmpq:
    whole, limits = math.trunc(x), np.iinfo(new)
    if not limits.min <= whole <= limits.max:
        raise Unsupported(f"{x} has no value of type {new}")
    return fmpq(whole)
