"""Rules for elementwise arithmetic."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE
from relucirc.language.lower.jaxpr.arrays import elementwise
from relucirc.language.lower.jaxpr.choices import Scalar
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.scalars import Scalars

_ELEMENTWISE: dict[str, Callable[[Scalars], Callable[..., Scalar]]] = {
    "add": lambda s: s.add,
    "add_any": lambda s: s.add,
    "sub": lambda s: s.subtract,
    "neg": lambda s: s.negate,
    "mul": lambda s: s.multiply,
    "max": lambda s: lambda x, y: s.maximum((x, y)),
    "min": lambda s: lambda x, y: s.minimum((x, y)),
    "clamp": lambda s: lambda low, x, high: s.minimum((s.maximum((low, x)), high)),
    "abs": lambda s: s.absolute,
    "sign": lambda s: s.sign,
    "square": lambda s: lambda x: s.multiply(x, x),
}


@rule(*_ELEMENTWISE)
def _elementwise(op: Operation, *values: np.ndarray) -> np.ndarray:
    return elementwise(_ELEMENTWISE[op.primitive.name](op.scalars), *values)


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
        ratio = p / q
        return fmpq(int(ratio.p) // int(ratio.q) if ratio >= 0 else -(int(-ratio.p) // int(ratio.q)))

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
