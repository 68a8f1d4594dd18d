"""Boxes around domains: what the relations say of each input by itself."""

import math
from collections.abc import Sequence

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.language.domain import Domain

End = fmpq | None
"""An end of an interval; None where it is infinite."""

Interval = tuple[End, End]

ROUNDS = 3
"""How often the domain's relations narrow the box around it."""
BITS = 64
"""Ends with more than twice as many are rounded outwards to so many."""


def box_around(domain: Domain, n: int) -> list[Interval]:
    """A box that holds the domain: each relation bounds each of its inputs by the bounds of the others."""
    forms = [r.form for r in domain.relations] + [-r.form for r in domain.relations if r.op == "=="]
    box: list[Interval] = [(None, None)] * n
    for _ in range(ROUNDS):
        for form in forms:
            tick()
            for v, c in form.terms.items():
                rest = form_range(Form({u: a for u, a in form.terms.items() if u != v}, form.const), box)[1]
                if rest is None:
                    continue
                low, high = box[v]
                bound = -rest / c
                if c > 0:
                    bound = fmpq(math.ceil(bound)) if v in domain.integers else outward(bound, -1)
                    low = bound if low is None else max(low, bound)
                else:
                    bound = fmpq(math.floor(bound)) if v in domain.integers else outward(bound, 1)
                    high = bound if high is None else min(high, bound)
                box[v] = low, high
    return box


def form_range(form: Form, ranges: Sequence[Interval]) -> Interval:
    """The interval of a form, from those of its variables."""
    low: End = form.const
    high: End = form.const
    for v, c in form.terms.items():
        below, above = ranges[v] if c > 0 else ranges[v][::-1]
        low = None if low is None or below is None else low + c * below
        high = None if high is None or above is None else high + c * above
    return low, high


def outward(value: fmpq, side: int) -> fmpq:
    """Rounds a long number up (side 1) or down (side -1)."""
    p, q = int(value.p), int(value.q)
    if p.bit_length() + q.bit_length() <= 2 * BITS:
        return value
    shift = BITS - p.bit_length() + q.bit_length()
    top, bottom = (p << shift, q) if shift >= 0 else (p, q << -shift)
    rounded = -(-top // bottom) if side > 0 else top // bottom
    return fmpq(rounded, 1 << shift) if shift >= 0 else fmpq(rounded << -shift)
