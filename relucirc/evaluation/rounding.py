"""Exact enclosures of every value of a network over a box, and of its error in floating point.

The model of one operation is ``fl(z) = z*(1+d) + h`` with ``|d| <= u`` (rounding to nearest) and
``|h| <= m``, the smallest normal number (what lies below it may be rounded coarsely or flushed to
zero).  A sum of n products, added in any order, with or without fused multiply-adds, puts at most
n factors ``1+d`` on each.  So a value ``v = sum w a`` that is computed from atoms ``a~`` with
weights ``w~`` is off the exact sum over the same ``a~`` by at most its *residual*::

    r = ((1+u)^n - 1) * sum |w~||a~|  +  sum |w~-w| |a~|  +  flushes,

and its error is at most ``sum |w| e + r``, with ``e`` the errors of the atoms.  ReLU and absolute
value make no error, and pass errors on unchanged.  Where a value is passed on without either,
compilers may reassociate across stages, so sums of absolute values are carried through.

That alone grows by a factor for each stage.  Circuits do better: ``x2 - relu(x2 - x1)`` is
``x1`` or ``x2``, and so are its range and its error.  A *window* sees this: a value over values
``l`` over atoms ``a`` is, for each choice of the signs of ``l``, an affine form in ``a``.  Its
range lies in the hull of the ranges of these forms.  Its error is at most the largest of
``sum |coefficient| e`` over them, plus the residuals between: on a segment, a piecewise-linear
function changes by an average of its slopes.  Windows are used where few signs are open.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from flint import fmpq, fmpz

from relucirc.core.exact import ONE, ZERO, rational, to_float
from relucirc.evaluation.simplify import factor
from relucirc.evaluation.stages import Atom, Form, Stages

BITS = 64
"""Bits that are kept when a bound is rounded outward."""

MOST_OPEN = 5
"""Open signs in a window: twice the work for each."""

LONGEST = 16
"""Terms of a form that is looked at through a window."""

Range = tuple[fmpq, fmpq]


@dataclass(frozen=True)
class Arithmetic:
    """A float type: ``unit`` is the largest relative rounding error, ``tiny`` the smallest normal number."""

    dtype: Any
    unit: fmpq
    tiny: fmpq
    largest: fmpq

    @staticmethod
    def of(dtype: Any) -> "Arithmetic":
        """Returns what is known of a dtype."""
        info = jnp.finfo(dtype)
        unit = power_of_two(-info.nmant - 1)
        if info.bits < 32:  # computed in float32 and rounded again
            unit = unit + power_of_two(-24) + unit * power_of_two(-24)
        largest = (2 - power_of_two(-info.nmant)) * power_of_two(info.maxexp - 1)
        return Arithmetic(dtype, unit, power_of_two(info.minexp), largest)

    def holds(self, value: fmpq) -> bool:
        """Whether a number is surely a normal number of this type, or zero."""
        p, q = abs(int(value.p)), int(value.q)
        bits = p.bit_length() - (p & -p).bit_length() + 1
        small = q & (q - 1) == 0 and bits <= jnp.finfo(self.dtype).nmant + 1
        return value == 0 or (small and self.tiny <= abs(value) <= self.largest)

    def growth(self, roundings: int) -> fmpq:
        """Returns a bound on ``(1+u)**roundings``."""
        return round_up((ONE + self.unit) ** roundings, 2 * BITS)

    def weight(self, value: fmpq) -> tuple[fmpq, fmpq] | None:
        """Returns the absolute value of a weight as rounded, and its error; None if it overflows."""
        if self.holds(value):
            return abs(value), ZERO
        rounded = to_float(value, self.dtype)
        if not np.isfinite(np.float64(rounded)):
            return None
        exact = rational(rounded)
        error = abs(exact - value)
        return abs(exact), max(error, abs(value)) if abs(exact) < self.tiny else error


@dataclass(frozen=True)
class Value:
    """What is known of a value and of its computation.

    Attributes:
        low: Lower bound on the exact value.
        high: Upper bound on the exact value.
        error: Bound on the distance of the computed value.
        residual: The part of the error that arises here.
        size: Bound on the sum of the absolute values of what is added up, as computed.
        roundings: Most factors ``1+d`` on anything that is added up.
        flushed: What flushing to zero may take away.
    """

    low: fmpq
    high: fmpq
    error: fmpq
    residual: fmpq
    size: fmpq
    roundings: int = 0
    flushed: fmpq = ZERO


@dataclass(frozen=True)
class Step:
    """A stage of the analysis: exact ``forms`` over the step before.

    Attributes:
        forms: One for each value.
        computed: What is added up in floating point, over the last step that is computed; None
            for a step that only helps the analysis.
    """

    forms: tuple[Form, ...]
    computed: tuple[Form, ...] | None


def steps_of(stages: Stages) -> list[Step]:
    """Returns the steps of an analysis; circuits that layers have merged are taken apart again."""
    steps = []
    for stage in stages.stages:
        inner, outer = factor(list(stage))
        if inner:
            steps.append(Step(tuple(inner), None))
        steps.append(Step(tuple(outer), stage))
    return steps


def analyse(
    steps: Sequence[Step], box: Sequence[Range], arithmetic: Arithmetic, exact_inputs: bool
) -> list[Value] | None:
    """Returns what is known of the outputs, or None if something may overflow.

    Args:
        steps: From :func:`steps_of`.
        box: Bounds of every input.
        arithmetic: The float type.
        exact_inputs: Whether inputs are floats already; otherwise they are rounded first.
    """
    base: list[Value] = []
    below = [_input(low, high, arithmetic, exact_inputs) for low, high in box]
    forms_below: tuple[Form, ...] | None = None
    computed_below = below
    if any(value.size > arithmetic.largest for value in below):
        return None
    for step in steps:
        values = []
        for number, form in enumerate(step.forms):
            value = Value(*_interval(form, below), _propagated(form, below), ZERO, ZERO)
            if forms_below is not None:
                value = _window(form, value, forms_below, below, base)
            if step.computed is not None:
                rounded = _rounded(value, step.computed[number], computed_below, arithmetic)
                if rounded is None:
                    return None
                value = rounded
            values.append(value)
        base, below, forms_below = below, values, step.forms
        if step.computed is not None:
            computed_below = values
    return below


def _input(low: fmpq, high: fmpq, arithmetic: Arithmetic, exact_inputs: bool) -> Value:
    size = max(abs(low), abs(high))
    error = ZERO
    if low < arithmetic.tiny and high > -arithmetic.tiny:
        error = min(arithmetic.tiny, size)  # a subnormal input may be flushed
    if not exact_inputs:
        error = error + arithmetic.unit * size
    return Value(low, high, error, error, size + error)


def _interval(form: Form, below: Sequence[Value]) -> Range:
    """Returns the range of a form over atoms that lie anywhere in their ranges."""
    low = high = form.bias
    for atom, c in form.terms:
        a, b = _atom_range(atom, below)
        low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
    return low, high


def _propagated(form: Form, below: Sequence[Value]) -> fmpq:
    return sum((abs(c) * _atom_error(atom, below) for atom, c in form.terms), start=ZERO)


def _rounded(value: Value, form: Form, below: Sequence[Value], arithmetic: Arithmetic) -> Value | None:
    """Adds the residual of computing a form, and shortens the bounds; None if it may overflow."""
    summands = len(form.terms) + (form.bias != 0)
    size = off = flushed = ZERO
    roundings = 0
    for atom, c in form.terms:
        weight = arithmetic.weight(c)
        if weight is None:
            return None
        passed_on = atom[0] == "id"
        source = below[atom[1]]
        a, b = _atom_range(atom, below)
        computed = max(abs(a), abs(b)) + _atom_error(atom, below)
        size += weight[0] * (source.size if passed_on else computed)
        off += weight[1] * computed
        flushed += weight[0] * source.flushed if passed_on else ZERO
        roundings = max(roundings, (source.roundings if passed_on else 0) + (not is_power_of_two(weight[0])))
    bias = arithmetic.weight(form.bias)
    if bias is None:
        return None
    size, flushed = round_up(size + bias[0]), round_up(flushed + max(2 * summands - 1, 0) * arithmetic.tiny)
    roundings += max(summands - 1, 0)
    growth = arithmetic.growth(roundings)
    if growth * (size + flushed) > arithmetic.largest:
        return None
    residual = round_up((growth - 1) * size + off + bias[1] + growth * flushed)
    error = round_up(value.error + residual)
    return Value(round_down(value.low), round_up(value.high), error, residual, size, roundings, flushed)


def _window(form: Form, value: Value, forms: tuple[Form, ...], below: Sequence[Value], base: Sequence[Value]) -> Value:
    """Sharpens range and error of a value by looking at the two steps below it."""
    if len(form.terms) > LONGEST:
        return value
    bias, between = form.bias, ZERO
    slopes: dict[Form, list[fmpq]] = {}
    ranges: dict[Form, Range] = {}
    for index, (plus, minus) in _slopes(form).items():
        inner = forms[index]
        between += max(abs(plus), abs(minus)) * below[index].residual
        if not inner.terms:
            bias += (plus if inner.bias > 0 else minus) * inner.bias
            continue
        # Values that are multiples of one form have their signs in common.
        lead = inner.terms[0][1]
        unit = Form(tuple((atom, c / lead) for atom, c in inner.terms), inner.bias / lead)
        low, high = below[index].low / lead, below[index].high / lead
        if lead < 0:
            plus, minus, low, high = minus, plus, high, low
        ranges[unit] = low, high
        total = slopes.setdefault(unit, [ZERO, ZERO])
        total[0] += lead * plus
        total[1] += lead * minus
    options = []
    for unit, (plus, minus) in slopes.items():
        low, high = ranges[unit]
        error = _propagated(unit, base)
        sides = [plus] if low - error >= 0 or plus == minus else [minus] if high + error <= 0 else [plus, minus]
        options.append([(unit, slope) for slope in sides])
    if sum(len(sides) == 2 for sides in options) > MOST_OPEN:
        return value
    lows, highs, errors = [], [], []
    for choice in itertools.product(*options):
        terms: dict[Atom, fmpq] = {}
        constant = bias
        for unit, slope in choice:
            constant += slope * unit.bias
            for atom, c in unit.terms:
                terms[atom] = terms.get(atom, ZERO) + slope * c
        affine = Form.of(terms, constant)
        low, high = _interval(affine, base)
        lows.append(low)
        highs.append(high)
        errors.append(_propagated(affine, base))
    return Value(
        max(value.low, min(lows)), min(value.high, max(highs)), min(value.error, max(errors) + between), ZERO, ZERO
    )


def _slopes(form: Form) -> dict[int, tuple[fmpq, fmpq]]:
    """Returns, for each value that a form reads, its slope where the value is positive and where negative."""
    found: dict[int, tuple[fmpq, fmpq]] = {}
    sides = {"id": (ONE, ONE), "relu": (ONE, ZERO), "neg": (ZERO, -ONE), "abs": (ONE, -ONE)}
    for (kind, index), c in form.terms:
        plus, minus = found.get(index, (ZERO, ZERO))
        found[index] = plus + c * sides[kind][0], minus + c * sides[kind][1]
    return found


def _atom_range(atom: Atom, below: Sequence[Value]) -> Range:
    kind, index = atom
    low, high = below[index].low, below[index].high
    if kind == "id":
        return low, high
    if kind == "relu":
        return max(low, ZERO), max(high, ZERO)
    if kind == "neg":
        return max(-high, ZERO), max(-low, ZERO)
    return (ZERO if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _atom_error(atom: Atom, below: Sequence[Value]) -> fmpq:
    """Returns a bound on the error of an atom: none where ReLU surely gives 0, computed or exact."""
    kind, index = atom
    value = below[index]
    if kind in ("id", "abs"):
        return value.error
    above = value.high if kind == "relu" else -value.low
    return max(min(value.error, above + value.error), ZERO)


def round_up(value: fmpq, bits: int = BITS) -> fmpq:
    """Returns a number of about ``bits`` bits that is not smaller, and hardly larger."""
    numerator, denominator = value.p, value.q
    shift = bits - (int(abs(numerator)).bit_length() - int(denominator).bit_length())
    if numerator == 0 or (denominator == 1 and shift >= 0):
        return value
    scale = power_of_two(shift)
    return fmpq((value * scale).ceil()) / scale


def round_down(value: fmpq, bits: int = BITS) -> fmpq:
    """Returns a number of about ``bits`` bits that is not larger, and hardly smaller."""
    return -round_up(-value, bits)


def is_power_of_two(value: fmpq) -> bool:
    """Whether multiplying by a value is exact."""
    p, q = int(value.p), int(value.q)
    return p & (p - 1) == 0 and q & (q - 1) == 0


def power_of_two(exponent: int) -> fmpq:
    """Returns ``2**exponent``, exactly."""
    return fmpq(fmpz(2)) ** int(exponent)
