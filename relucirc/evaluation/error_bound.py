"""``float_error_bound``: how far floating point can be from the exact network, proved.

The model of one operation is ``fl(z) = z*(1+d) + h`` with ``|d| <= u`` (rounding to nearest) and
``|h| <= m``, the smallest normal number (a result below it may be rounded coarsely or flushed to
zero).  A sum of n products, added in any order, with or without fused multiply-adds, multiplies
each product by at most n factors ``1+d``; hence, with ``e`` the errors of the atoms,

    |computed - exact| <= ((1+u)^n - 1) * sum |w~||a~|  +  sum (|w~| e + |w~-w| |a|)  +  flushes,

``w~`` being the rounded weights.  ReLU and absolute value make no error and pass errors on
unchanged.  Where a value is passed on without either, compilers may reassociate across stages, so
sums of absolute values are carried through there as well.  Magnitudes come from exact enclosures
over the box (:mod:`relucirc.evaluation.ranges`).  Both the layers as they are and the simplified
stages are bounded, since plans evaluate one or the other, and the larger bound is returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy
from flint import fmpq, fmpz

from relucirc.domain import read_domain
from relucirc.errors import DomainError, RelucircError, shorten
from relucirc.evaluation.ranges import Range, atom_range, round_up, value_ranges
from relucirc.evaluation.simplify import simplify
from relucirc.evaluation.stages import Atom, Form, Stages, plain_stages
from relucirc.exact import rational, to_float, to_rational
from relucirc.network import MLP

ZERO, ONE = fmpq(0), fmpq(1)

DTYPES = ("float16", "bfloat16", "float32", "float64")


def float_error_bound(net: MLP, domain: Any, dtype: Any = np.float32, *, exact_inputs: bool = False) -> sympy.Expr:
    """Bounds ``|evaluate(net, x) - net.at(x)|`` over a box, in every output, for every plan.

    The bound holds for :func:`relucirc.evaluate` and :func:`relucirc.compile_network` with any
    plan, layout, block size and device whose arithmetic rounds to nearest in at least ``dtype``:
    any order of summation, fused multiply-adds or not, more precision inside or not, subnormal
    numbers kept or flushed to zero.  It counts the rounding of weights to ``dtype``, and of inputs.

    Args:
        net: The network; its exact value over the reals is what is compared with.
        domain: A bounded box: ``relucirc.Box(-1, 1)``, text such as ``"0 <= x1 <= 1, -2 <= x2 <= 2"``
            or SymPy relations.  Relations between inputs are allowed, and do not sharpen the bound.
        dtype: ``float16``, ``bfloat16``, ``float32`` or ``float64``.
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
    arithmetic = _Arithmetic.of(dtype)
    box = read_box(domain, net.inputs)
    plain = plain_stages(net)
    rewritten = simplify(plain)
    errors = [_stage_errors(plain, box, arithmetic, exact_inputs)]
    if rewritten != plain:
        errors.append(_stage_errors(rewritten, box, arithmetic, exact_inputs))
    if None in errors:
        return sympy.oo
    worst = max((e for part in errors if part is not None for e in part), default=ZERO)
    return to_rational(_float64_above(worst))


def read_box(domain: Any, names: Sequence[str]) -> list[Range]:
    """Returns the bounds that a domain states for each input.

    Raises:
        DomainError: If some input is not bounded on both sides, or the bounds are empty.
    """
    if domain is None:
        raise DomainError(
            "domain: expected a box, got None (all of R^n), over which rounding errors have no bound; give one, such "
            "as relucirc.Box(-1, 1)."
        )
    lower: dict[int, fmpq] = {}
    upper: dict[int, fmpq] = {}
    for relation in read_domain(domain, names).relations:
        terms = relation.form.terms
        if len(terms) != 1:
            if not terms and not relation.holds((relation.form.const > 0) - (relation.form.const < 0)):
                raise DomainError("domain: expected a box, got conditions that no point satisfies.")
            continue
        ((v, c),) = terms.items()
        bound = -relation.form.const / c
        if c > 0 or relation.op == "==":
            lower[v] = max(lower.get(v, bound), bound)
        if c < 0 or relation.op == "==":
            upper[v] = min(upper.get(v, bound), bound)
    for v, name in enumerate(names):
        missing = [side for side, found in (("lower", lower), ("upper", upper)) if v not in found]
        if missing:
            raise DomainError(
                f"domain: expected a bounded box, got no {' and no '.join(missing)} bound for {name}; add one, such as "
                f"'-1 <= {name} <= 1'."
            )
        if lower[v] > upper[v]:
            raise DomainError(f"domain: expected lower <= upper, got {lower[v]} > {upper[v]} for {name}.")
    return [(lower[v], upper[v]) for v in range(len(names))]


@dataclass(frozen=True)
class _Arithmetic:
    """What is known of a float type: largest relative rounding error, smallest normal, largest finite."""

    dtype: Any
    unit: fmpq
    tiny: fmpq
    largest: fmpq

    @staticmethod
    def of(dtype: Any) -> "_Arithmetic":
        try:
            dtype = jnp.dtype(dtype)
        except TypeError:
            raise RelucircError(f"dtype: expected one of {DTYPES}, got {shorten(dtype)}.") from None
        if dtype.name not in DTYPES:
            raise RelucircError(f"dtype: expected one of {DTYPES}, got {dtype.name}.")
        info = jnp.finfo(dtype)
        unit = _power(-info.nmant - 1)
        if info.bits < 32:  # computed in float32 and rounded again
            unit = unit + _power(-24) + unit * _power(-24)
        largest = (2 - _power(-info.nmant)) * _power(info.maxexp - 1)
        return _Arithmetic(dtype, unit, _power(info.minexp), largest)

    def growth(self, roundings: int) -> fmpq:
        """Returns a bound on ``(1+u)**roundings``."""
        return round_up((ONE + self.unit) ** roundings)

    def weight(self, value: fmpq) -> tuple[fmpq, fmpq] | None:
        """Returns the absolute value of a weight as rounded, and its error; None if it overflows."""
        rounded = to_float(value, self.dtype)
        if not np.isfinite(np.float64(rounded)):
            return None
        exact = rational(rounded)
        error = abs(exact - value)
        return abs(exact), max(error, abs(value)) if abs(exact) < self.tiny else error


@dataclass(frozen=True)
class _Value:
    """What is known of a computed value.

    Attributes:
        size: Bound on the sum of the absolute values of what is added up.
        passed: Error that comes from weights and from below, before any rounding here.
        roundings: Most factors ``1+d`` on anything that is added up.
        flushed: What flushing to zero may take away.
        error: Bound on the error in all.
    """

    size: fmpq
    passed: fmpq
    roundings: int
    flushed: fmpq
    error: fmpq


def _stage_errors(
    stages: Stages, box: Sequence[Range], arithmetic: _Arithmetic, exact_inputs: bool
) -> list[fmpq] | None:
    """Returns a bound for each output, or None if something may overflow."""
    ranges = value_ranges(stages, box)
    values: list[_Value] = []
    for low, high in box:
        size = max(abs(low), abs(high))
        error = ZERO
        if low < arithmetic.tiny and high > -arithmetic.tiny:
            error = min(arithmetic.tiny, size)  # a subnormal input may be flushed
        if not exact_inputs:
            error = max(error, min(arithmetic.tiny, size) + arithmetic.unit * size)
        values.append(_Value(size + error, error, 0, ZERO, error))
    if any(value.size > arithmetic.largest for value in values):
        return None
    for stage, below in zip(stages.stages, ranges, strict=False):
        computed = []
        for form in stage:
            value = _form_error(form, values, below, arithmetic)
            if value is None:
                return None
            computed.append(value)
        values = computed
    return [value.error for value in values]


def _form_error(form: Form, values: Sequence[_Value], below: Sequence[Range], arithmetic: _Arithmetic) -> _Value | None:
    summands = len(form.terms) + (form.bias != 0)
    size = passed = flushed = ZERO
    roundings = 0
    for atom, c in form.terms:
        weight = arithmetic.weight(c)
        if weight is None:
            return None
        rounded, off = weight
        low, high = atom_range(atom, below)
        part = _atom(atom, values[atom[1]], below[atom[1]], max(abs(low), abs(high)))
        size += rounded * part.size
        passed += rounded * part.passed + off * max(abs(low), abs(high))
        flushed += rounded * part.flushed
        roundings = max(roundings, part.roundings + (not _is_power_of_two(rounded)))
    bias = arithmetic.weight(form.bias)
    if bias is None:
        return None
    size, passed = round_up(size + bias[0]), round_up(passed + bias[1])
    flushed = round_up(flushed + max(2 * summands - 1, 0) * arithmetic.tiny)
    roundings += max(summands - 1, 0)
    growth = arithmetic.growth(roundings)
    if growth * (size + flushed) > arithmetic.largest:
        return None
    error = round_up((growth - 1) * size + passed + growth * flushed)
    return _Value(size, passed, roundings, flushed, error)


def _atom(atom: Atom, value: _Value, bounds: Range, magnitude: fmpq) -> _Value:
    """Returns what is known of an atom: ReLU and absolute value end what may be reassociated."""
    kind = atom[0]
    if kind == "id":
        return value
    error = value.error
    if kind in ("relu", "neg"):
        above = bounds[1] if kind == "relu" else -bounds[0]
        error = max(min(error, above + error), ZERO)  # surely negative: exactly 0 but for the error
    return _Value(magnitude + error, error, 0, ZERO, error)


def _is_power_of_two(value: fmpq) -> bool:
    """Whether multiplying by a value is exact."""
    p, q = int(value.p), int(value.q)
    return p & (p - 1) == 0 and q & (q - 1) == 0


def _power(exponent: int) -> fmpq:
    return fmpq(fmpz(2)) ** int(exponent)


def _float64_above(value: fmpq) -> fmpq:
    """Returns the least float64 that is not smaller, up to a bit."""
    if value == 0:
        return ZERO
    return max(round_up(value, 53), _power(-1022))
