"""Rules that only constants have: roots, transcendental functions at exact points, rounding, remainders.

A constant whose value is irrational, such as the root in ``w / jnp.sqrt(2.0)``, has no rule here: it is
the float that JAX computes (:func:`relucirc.language.lower.jaxpr.operation.fold`).
"""

import math

import jax
import numpy as np
from flint import fmpq, fmpz

from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.language.lower.jaxpr.arrays import elementwise
from relucirc.language.lower.jaxpr.choices import Scalar
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule

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
        below = fmpq(x.p // x.q)
        if op.primitive.name == "floor":
            return below
        if op.primitive.name == "ceil":
            return below if below == x else below + 1
        beyond = x - below - fmpq(1, 2)
        to_even = op.params["rounding_method"] == jax.lax.RoundingMethod.TO_NEAREST_EVEN
        down = beyond < 0 or (beyond == 0 and (int(below.p) % 2 == 0 if to_even else x < 0))
        return below if down else below + 1

    return elementwise(value, a)


@rule("rem")
def _remainder(op: Operation, a: np.ndarray, b: np.ndarray) -> np.ndarray:  # noqa: ARG001
    def value(x: Scalar, y: Scalar) -> Scalar:
        if not isinstance(x, fmpq) or not isinstance(y, fmpq) or y == 0:
            raise Unsupported("a remainder that is not of constants")
        quotient = x / y
        whole = abs(quotient.p) // quotient.q
        return x - y * fmpq(whole if quotient > 0 else -whole)

    return elementwise(value, a, b)


@rule("is_finite")
def _is_finite(op: Operation, a: np.ndarray) -> np.ndarray:  # noqa: ARG001
    return elementwise(lambda x: not isinstance(x, float), a)
