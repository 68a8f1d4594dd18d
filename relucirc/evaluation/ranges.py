"""Exact enclosures of every value of a network over a box.

Values are enclosed twice, and the enclosures intersected: by interval arithmetic, and by affine
forms over the inputs and one *excess* for each value whose sign is open.  With ``lo < 0 < hi`` the
range of ``l`` and ``s = hi/(hi-lo)`` (rounded; any s in [0, 1] is right),

    relu(l) = s*l + t,   0 <= t <= max(-s*lo, (1-s)*hi),

and ``relu(-l) = relu(l) - l``, ``|l| = 2*relu(l) - l`` share the same ``t``, so that what cancels
in the network cancels here.  All in exact rationals, rounded outward to keep them short.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq, fmpz

from relucirc.evaluation.stages import Atom, Stages
from relucirc.forms import Form, combine

ZERO, ONE = fmpq(0), fmpq(1)

BITS = 64
"""Bits that are kept when a bound is rounded outward."""

AFFINE_WORK = 1_000_000
"""Multiplications of affine forms after which only intervals are used: seconds."""

Range = tuple[fmpq, fmpq]


def round_up(value: fmpq, bits: int = BITS) -> fmpq:
    """Returns a number of at most ``bits`` bits, not smaller, and larger by less than one in 2**(bits-1)."""
    numerator, denominator = value.p, value.q
    shift = bits - (int(abs(numerator)).bit_length() - int(denominator).bit_length())
    if numerator == 0 or (denominator == 1 and shift >= 0):
        return value
    scale = fmpq(fmpz(2)) ** shift
    return fmpq((value * scale).ceil()) / scale


def round_down(value: fmpq, bits: int = BITS) -> fmpq:
    """Returns a number of at most ``bits`` bits, not larger."""
    return -round_up(-value, bits)


@dataclass
class _Symbols:
    """The ranges of the variables that affine forms are over: inputs, then excesses."""

    ranges: list[Range]

    def new(self, high: fmpq) -> int:
        self.ranges.append((ZERO, high))
        return len(self.ranges) - 1

    def range_of(self, form: Form) -> Range:
        low = high = form.const
        for v, c in form.terms.items():
            a, b = self.ranges[v]
            low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
        return low, high


def value_ranges(stages: Stages, box: Sequence[Range]) -> list[list[Range]]:
    """Returns a range of every value, inputs first, over all points of a box.

    Args:
        stages: What is evaluated.
        box: ``(lower, upper)`` for each input.
    """
    symbols = _Symbols(list(box))
    affine: list[Form] | None = [Form.variable(i) for i in range(stages.inputs)]
    found = [list(box)]
    work = 0
    for stage in stages.stages:
        below = found[-1]
        atoms: dict[Atom, Form] = {}
        if affine is not None:
            split = [_relu(form, r, symbols) for form, r in zip(affine, below, strict=True)]
            atoms = {atom: _atom_form(atom, affine, split) for form in stage for atom, _ in form.terms}
            work += sum(len(atoms[atom].terms) for form in stage for atom, _ in form.terms)
        next_affine: list[Form] | None = [] if affine is not None and work <= AFFINE_WORK else None
        ranges = []
        for form in stage:
            low = high = form.bias
            for atom, c in form.terms:
                a, b = atom_range(atom, below)
                low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
            if next_affine is not None:
                whole = combine((c, atoms[atom]) for atom, c in form.terms).shift(form.bias)
                next_affine.append(whole)
                a, b = symbols.range_of(whole)
                low, high = max(low, a), min(high, b)
            ranges.append((round_down(low), round_up(high)))
        found.append(ranges)
        affine = next_affine
    return found


def atom_range(atom: Atom, below: Sequence[Range]) -> Range:
    """Returns the range of an atom, given the ranges of the values that it is of."""
    kind, index = atom
    low, high = below[index]
    if kind == "id":
        return low, high
    if kind == "relu":
        return max(low, ZERO), max(high, ZERO)
    if kind == "neg":
        return max(-high, ZERO), max(-low, ZERO)
    return (ZERO if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _relu(form: Form, bounds: Range, symbols: _Symbols) -> Form:
    """Returns an affine form that ``relu`` of a value equals, with a new symbol where its sign is open."""
    low, high = bounds
    if high <= 0:
        return Form()
    if low >= 0:
        return form
    slope = round_down(high / (high - low), 16)
    excess = symbols.new(round_up(max(-slope * low, (ONE - slope) * high)))
    return combine(((slope, form), (ONE, Form.variable(excess))))


def _atom_form(atom: Atom, values: Sequence[Form], relus: Sequence[Form]) -> Form:
    kind, index = atom
    value, relu = values[index], relus[index]
    if kind == "id":
        return value
    if kind == "relu":
        return relu
    return combine(((ONE if kind == "neg" else fmpq(2), relu), (-ONE, value)))
