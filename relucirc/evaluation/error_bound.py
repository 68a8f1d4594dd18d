"""``float_error_bound``: how far floating point can be from the exact network, proved.

The analysis is in :mod:`relucirc.evaluation.rounding`.  Plans evaluate either the layers as they
are or the simplified stages, so both are bounded.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy
from flint import fmpq

from relucirc.core.errors import DomainError, RelucircError, shorten
from relucirc.core.exact import rational, sign_of, to_float, to_rational
from relucirc.evaluation.plan import choose_plan
from relucirc.evaluation.rounding import Arithmetic, Range, analyse, steps_of
from relucirc.evaluation.simplify import simplify
from relucirc.evaluation.stages import Stages, plain_stages
from relucirc.language.as_network import as_network
from relucirc.language.box import box_around
from relucirc.language.domain import read_domain
from relucirc.language.network import MLP

DTYPES = ("float16", "bfloat16", "float32", "float64")


def float_error_bound(
    net: MLP, domain: Any, dtype: Any = np.float32, *, plan: str = "any", exact_inputs: bool = False
) -> sympy.Expr:
    """Bounds ``|evaluate(net, x) - net.at(x)|`` over a box, in every output, for every plan.

    The bound holds for :func:`relucirc.evaluate` and :func:`relucirc.compile_network` with any
    plan, layout, block size and device whose arithmetic rounds to nearest in at least ``dtype``:
    any order of summation, fused multiply-adds or not, more precision inside or not, subnormal
    numbers kept or flushed to zero.  It counts the rounding of weights to ``dtype``, and of inputs.

    Args:
        net: The network; its exact value over the reals is what is compared with.
        domain: A bounded box: ``relucirc.Box(-1, 1)``, text such as ``"0 <= x1 <= 1, -2 <= x2 <= 2"``
            or SymPy relations.  Relations between inputs count as far as they bound each by itself.
        dtype: ``float16``, ``bfloat16``, ``float32`` or ``float64``.
        plan: A plan of :func:`relucirc.compile_network`, such as ``"auto"`` for the one that
            ``evaluate`` takes; the bound is then sharper, and holds for that plan only.
        exact_inputs: Whether the points are floats of this dtype.  By default they are any real
            numbers of the box, rounded to the nearest float before the network is evaluated.

    Returns:
        A ``sympy.Rational`` that is also a float64 (``float(bound)`` is exact), or ``sympy.oo`` if
        the evaluation may overflow.

    Raises:
        DomainError: If the domain does not bound every input.
        RelucircError: For another dtype.

    Example:
        >>> import relucirc
        >>> net = relucirc.circuits.minimum()
        >>> bound = float_error_bound(net, relucirc.Box(-1, 1))
        >>> 0 < bound < 1e-6
        True
    """
    net = as_network(net, domain)
    try:
        dtype = jnp.dtype(dtype)
    except TypeError:
        raise RelucircError(f"dtype: expected one of {DTYPES}, got {shorten(dtype)}.") from None
    if dtype.name not in DTYPES:
        raise RelucircError(f"dtype: expected one of {DTYPES}, got {dtype.name}.")
    box = read_box(domain, net.inputs)
    worst = fmpq(0)
    for stages in _evaluated(net, plan):
        outputs = analyse(steps_of(stages), box, Arithmetic.of(dtype), exact_inputs)
        if outputs is None:
            return sympy.oo
        worst = max([worst, *(value.error for value in outputs)])
    return to_rational(_float64_above(worst))


def _evaluated(net: MLP, plan: str) -> list[Stages]:
    """Returns the stages that a plan may evaluate."""
    plain = plain_stages(net)
    if plan == "any":
        rewritten = simplify(plain)
        return [plain] if rewritten == plain else [plain, rewritten]
    return [choose_plan(net, np.float32, plan).stages or plain]


def read_box(domain: Any, names: Sequence[str]) -> list[Range]:
    """Returns the bounds that follow from a domain for each input.

    Raises:
        DomainError: If some input is not bounded on both sides, or the bounds are empty.
    """
    if domain is None:
        raise DomainError(
            "domain: expected a box, got None (all of R^n), over which rounding errors have no bound; give one, such "
            "as relucirc.Box(-1, 1)."
        )
    read = read_domain(domain, names)
    if any(not r.form.terms and not r.holds(sign_of(r.form.const)) for r in read.relations):
        raise DomainError("domain: expected a box, got conditions that no point satisfies.")
    box = []
    for name, (low, high) in zip(names, box_around(read, len(names)), strict=True):
        if low is None or high is None:
            missing = [side for side, end in (("lower", low), ("upper", high)) if end is None]
            raise DomainError(
                f"domain: expected a bounded box, got no {' and no '.join(missing)} bound for {name}; add one, such as "
                f"'-1 <= {name} <= 1'."
            )
        if low > high:
            raise DomainError(f"domain: expected lower <= upper, got {low} > {high} for {name}.")
        box.append((low, high))
    return box


def _float64_above(value: fmpq) -> fmpq:
    """Returns the smallest float64 that is not smaller."""
    nearest = np.float64(to_float(value, np.float64))
    if not np.isfinite(nearest):
        return value
    return rational(nearest if rational(nearest) >= value else np.nextafter(nearest, np.inf))
