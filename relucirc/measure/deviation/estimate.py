"""An upper bound for a difference, without regions: intervals forwards, then one affine bound backwards.

Forwards every gate gets an interval.  Backwards the gates of ``s (left - right)`` are replaced, last first,
by affine bounds that hold on their intervals: with d = right - left and lo <= d <= up, a gate
``max(left, right) = left + relu(d)`` has

    relu(d) >= a d                                     for any a in [0, 1],
    relu(d) <= a d + max(-a lo, (1 - a) up)            for any a in [0, 1];

the second is the chord for a = up / (up - lo), and stays true when that slope is rounded.  What is left is
affine over the inputs, and largest at a corner of the box around the domain: a point worth a look too.
The two graphs are bounded as one, so that what they share may cancel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Gate, Graph, MaxGate, differences
from relucirc.language.box import End, Interval, box_around, form_range, outward
from relucirc.language.domain import Domain
from relucirc.measure.deviation.polynomial import Terms

SLOPE = 1 << 16
"""Slopes of chords are rounded to multiples of one part in so many."""


@dataclass(frozen=True)
class Estimate:
    """What is known before any region.

    Attributes:
        upper: No point of the domain has a larger absolute difference; None for no bound.
        corners: Corners of the box around the domain, where the affine bounds are largest.
    """

    upper: End
    corners: tuple[tuple[fmpq, ...], ...]


def estimate(left: Graph, right: Graph, polynomials: Sequence[Terms] | None, domain: Domain) -> Estimate:
    """Bounds ``|left - right|`` on a domain; with polynomials, which stand for the right side, ``|left - p|``."""
    n = len(left.inputs)
    box = box_around(domain, n)
    both = differences(left, right)
    ranges = _ranges(both.gates, box)
    upper: End = ZERO
    corners = []
    for i, output in enumerate(both.outputs):
        offset = (ZERO, ZERO) if polynomials is None else _polynomial_range(polynomials[i], box)
        for sign in (1, -1):
            form = output.scale(fmpq(sign))
            affine = _affine_above(form, both.gates, ranges, n)
            best = _least(form_range(form, ranges)[1], None if affine is None else form_range(affine, ranges)[1])
            rest = offset[0] if sign > 0 else offset[1]  # subtracted: s (left - p)
            total = None if best is None or rest is None else best - sign * rest
            upper = None if total is None or upper is None else max(upper, total)
            corners += [] if affine is None else _corner(affine, box)
    return Estimate(upper, tuple(dict.fromkeys(corners)))


def bound_outputs(graph: Graph, domain: Domain, ends: list[End]) -> None:
    """Fills in numbers that the outputs do not exceed, and then that their opposites do not: soon, and then better."""
    n = len(graph.inputs)
    ranges = _ranges(graph.gates, box_around(domain, n))
    forms = [*graph.outputs, *(-output for output in graph.outputs)]
    for i, form in enumerate(forms):
        ends[i] = form_range(form, ranges)[1]
    for i, form in enumerate(forms):
        affine = _affine_above(form, graph.gates, ranges, n)
        if affine is not None:
            ends[i] = _least(ends[i], form_range(affine, ranges)[1])


def _ranges(gates: Sequence[Gate], box: Sequence[Interval]) -> list[Interval]:
    """The intervals of inputs and gates."""
    ranges = list(box)
    for gate in gates:
        tick()
        ranges.append(_gate_range(gate, ranges))
    return ranges


def _gate_range(gate: Gate, ranges: Sequence[Interval]) -> Interval:
    forms = [gate.left, gate.right] if isinstance(gate, MaxGate) else [form for _, form in gate.branches]
    lows, highs = zip(*(form_range(form, ranges) for form in forms), strict=True)
    high = None if None in highs else outward(max(highs), 1)
    known = [low for low in lows if low is not None]
    if isinstance(gate, MaxGate):
        return (outward(max(known), -1) if known else None), high
    return (outward(min(known), -1) if len(known) == len(lows) else None), high


def _affine_above(form: Form, gates: Sequence[Gate], ranges: Sequence[Interval], n: int) -> Form | None:
    """A form over inputs and choices that is nowhere smaller; None where a gate has no affine bound."""
    for k in range(len(gates) - 1, -1, -1):
        gate, v = gates[k], n + k
        c = form.terms.get(v)
        if c is None or not isinstance(gate, MaxGate):
            continue
        tick()
        difference = gate.right - gate.left
        low, high = form_range(difference, ranges)
        if c > 0:
            line = _chord(low, high)
            if line is None:
                return None
            slope, constant = line
        else:
            slope, constant = ONE if high is None or (low is not None and high > -low) else ZERO, ZERO
            slope = ONE if low is not None and low >= 0 else ZERO if high is not None and high <= 0 else slope
        rest = Form({u: a for u, a in form.terms.items() if u != v}, form.const)
        form = combine(((ONE, rest), (c, gate.left), (c * slope, difference))).shift(c * constant)
    return form


def _chord(low: End, high: End) -> tuple[fmpq, fmpq] | None:
    """Slope and constant of a line above relu on an interval."""
    if high is not None and high <= 0:
        return ZERO, ZERO
    if low is not None and low >= 0:
        return ONE, ZERO
    if low is None:
        return None if high is None else (ZERO, high)
    if high is None:
        return ONE, -low
    exact = high / (high - low)
    slope = fmpq(int(exact.p) * SLOPE // int(exact.q), SLOPE)
    return slope, max(-slope * low, (1 - slope) * high)


def _corner(form: Form, box: Sequence[Interval]) -> list[tuple[fmpq, ...]]:
    """The corner of the box where a form is largest, if there is one; the middle where it does not matter."""
    point = []
    for v, (low, high) in enumerate(box):
        c = form.coefficient(v)
        end = high if c > 0 else low if c else _middle(low, high)
        if end is None:
            return []
        point.append(end)
    return [tuple(point)]


def _middle(low: End, high: End) -> fmpq:
    if low is None or high is None:
        return low if low is not None else high if high is not None else ZERO
    return (low + high) / 2


def _polynomial_range(terms: Terms, box: Sequence[Interval]) -> Interval:
    """The interval of a polynomial, term by term."""
    low: End = ZERO
    high: End = ZERO
    for exponents, coefficient in terms:
        part: Interval = (coefficient, coefficient)
        for interval, exponent in zip(box, exponents, strict=True):
            for _ in range(exponent % 2):
                part = _product(part, interval)
            if exponent > 1:
                part = _product(part, _even_power(interval, exponent // 2 * 2))
        low = None if low is None or part[0] is None else low + part[0]
        high = None if high is None or part[1] is None else high + part[1]
    return low, high


def _even_power(interval: Interval, exponent: int) -> Interval:
    low, high = interval
    if low is None or high is None:
        return ZERO, None
    ends = sorted((low**exponent, high**exponent))
    return (ZERO if low < 0 < high else ends[0]), ends[1]


def _product(a: Interval, b: Interval) -> Interval:
    if a == (ZERO, ZERO) or b == (ZERO, ZERO):
        return ZERO, ZERO
    if None in a or None in b:
        return None, None
    products = [x * y for x in a for y in b]  # type: ignore[operator]
    return min(products), max(products)


def _least(a: End, b: End) -> End:
    return b if a is None else a if b is None else min(a, b)
