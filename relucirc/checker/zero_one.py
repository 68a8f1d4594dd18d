"""Checks the 0-1 principle: every atom compares two wires, and 2^n points are tried.

Wires are the inputs, and with every comparator ``h = relu(A - B)`` of wires also ``A - h``, their
minimum, and ``B + h``, their maximum.  On a chamber of R^n (one order of the inputs) each wire is
one input, so the differences, which are combinations of inputs and comparators, are linear there.
The chamber's generators are 0-1 vectors and the line through (1, ..., 1); on that line a linear
function is fixed by its value at (1, ..., 1).  So differences that vanish on {0, 1}^n are zero.

The points are tried in blocks, a block of 0-1 values being one Python integer with a bit per point:
relu of a difference of bits is ``a & ~b``.
"""

from itertools import product
from typing import Any

from flint import fmpq

from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import UNIT, Linear, constant, form, index, minus, mix, require, sequence

ONE = fmpq(1)
BLOCK = 16
"""log2 of the number of points in a block."""
MAX_INPUTS = 30


def check_zero_one(comparators: Any, derivation: Derivation, differences: list[Linear]) -> None:
    """Rejects unless the differences are combinations of comparators that vanish on {0, 1}^n."""
    n = derivation.n
    require(1 <= n <= MAX_INPUTS, f"2^{n} points are too many to try")
    wires: dict[frozenset, int] = {_key({v: ONE}): v for v in range(n)}
    gates: list[tuple[int, int]] = []  # wire numbers; gate g makes wires n + 2g (min) and n + 2g + 1 (max)
    place: dict[int, int] = {}
    for item in sequence(comparators, "comparators"):
        require(isinstance(item, list) and len(item) == 3, "a comparator is malformed")
        k = index(item[0], len(derivation.atoms))
        require(n + k not in place, f"atom {k} is compared twice")
        left, right = form(item[1], n + k), form(item[2], n + k)
        require(_key(left) in wires and _key(right) in wires, f"atom {k} does not compare wires")
        require(derivation.atoms[k] == [minus(left, right)], f"atom {k} is not this comparator")
        relu = {n + k: ONE}
        place[n + k] = len(gates)
        gates.append((wires[_key(left)], wires[_key(right)]))
        wires.setdefault(_key(minus(left, relu)), n + 2 * place[n + k])
        wires.setdefault(_key(mix(((ONE, right), (ONE, relu)))), n + 2 * place[n + k] + 1)
    for difference in differences:
        require(all(v < n or v in place for v in difference if v != UNIT), "a difference has an atom that compares no wires")
        require(difference.get(UNIT, 0) == 0, "a difference does not vanish at 0")
    needed = [d for d in differences if constant(d) is None]
    low = min(n, BLOCK)
    patterns = [_alternating(v, low) for v in range(low)]
    full = (1 << (1 << low)) - 1
    for high in product((0, full), repeat=n - low):
        wire_bits: list[int] = [*patterns, *high]
        for a, b in gates:
            wire_bits.append(wire_bits[a] & wire_bits[b])
            wire_bits.append(wire_bits[a] | wire_bits[b])
        relus = [wire_bits[a] & ~wire_bits[b] for a, b in gates]
        for difference in needed:
            columns = [(c, wire_bits[v] if v < n else relus[place[v]]) for v, c in difference.items()]
            require(_vanishes(columns, full), "a difference does not vanish on {0, 1}^n")


def _vanishes(columns: list[tuple[fmpq, int]], full: int) -> bool:
    """Whether ``sum c * bit`` is zero at every point, by splitting the points on each column."""
    classes: dict[str, int] = {"0": full}
    for c, bits in columns:
        split: dict[str, int] = {}
        for total, points in classes.items():
            for value, part in ((total, points & ~bits), (str(fmpq(*_parts(total)) + c), points & bits)):
                if part:
                    split[value] = split.get(value, 0) | part
        classes = split
    return set(classes) == {"0"}


def _parts(total: str) -> tuple[int, int]:
    numerator, _, denominator = total.partition("/")
    return int(numerator), int(denominator or "1")


def _alternating(v: int, low: int) -> int:
    """The bits of coordinate v over the points 0 .. 2^low - 1."""
    period = 1 << (v + 1)
    block = ((1 << (1 << v)) - 1) << (1 << v)
    bits, width = block, period
    while width < 1 << low:
        bits |= bits << width
        width *= 2
    return bits


def _key(linear: Linear) -> frozenset:
    return frozenset((v, str(c)) for v, c in linear.items())
