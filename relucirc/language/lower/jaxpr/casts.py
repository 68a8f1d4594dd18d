"""The rule for casts.

Casting a *constant* to a narrower float rounds it, to a new stored constant; casting what depends on the
inputs is the identity over the reals.  A condition is 1 or 0; a step may become an integer.
"""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, rational, to_float
from relucirc.core.graph import Guard
from relucirc.language.lower.guards import TRUE
from relucirc.language.lower.jaxpr.arrays import elementwise, is_raw, is_whole, packed
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule
from relucirc.language.lower.jaxpr.scalars import Scalars


@rule("convert_element_type")
def _convert(op: Operation, value: np.ndarray) -> np.ndarray:
    return cast(op.scalars, value, np.dtype(op.dtype))


def cast(s: Scalars, value: np.ndarray, new: np.dtype) -> np.ndarray:
    """Returns an array in another type, rounded where it is constant."""
    old = value.dtype
    if old == new:
        return value
    if is_whole(value) or (is_raw(value) and _holds(new, old)):
        return value.astype(new)
    return packed(elementwise(lambda x: _cast(s, x, new), value), new)


def _holds(wide: np.dtype, narrow: np.dtype) -> bool:
    """Whether every float of one type is a float of the other."""
    if not (jnp.issubdtype(wide, jnp.floating) and jnp.issubdtype(narrow, jnp.floating)):
        return False
    a, b = jnp.finfo(wide), jnp.finfo(narrow)
    return bool(a.nmant >= b.nmant and a.maxexp >= b.maxexp and a.minexp - a.nmant <= b.minexp - b.nmant)


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
