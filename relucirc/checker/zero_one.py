"""Checks the 0-1 principle: every atom compares two wires, and 2^m points are tried.

Wires are m base forms z_1, ..., z_m (the inputs, unless others are given), and with every comparator
``h = relu(A - B)`` of wires also ``A - h``, their minimum, and ``B + h``, their maximum.  With z free
in R^m, on a chamber (one order of the z) each wire is one of the z, so the differences, which are
combinations of base forms and comparators, are linear there.  The chamber's generators are 0-1
vectors and the line through (1, ..., 1); on that line a linear function is fixed by its value at
(1, ..., 1).  So combinations that vanish on {0, 1}^m are zero for all z, also for those that are
affine forms of the inputs.

The points are tried in blocks, a block of 0-1 values being one Python integer with a bit per point:
relu of a difference of bits is ``a & ~b``.
"""

from itertools import product

from flint import fmpq

from relucirc.checker.data import form, index, number, require, sequence
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import ONE, UNIT, Linear, key, minus, mix

BLOCK = 16
"""log2 of the number of points in a block."""
MAX_WIRES = 30


def check_zero_one(node: dict, derivation: Derivation, differences: list[Linear]) -> None:
    """Rejects unless the differences are combinations of comparators that vanish on {0, 1}^m."""
    n = derivation.n
    require(("wires" in node) == ("weights" in node), "wires and weights come together")
    base = [{v: ONE} for v in range(n)]
    if "wires" in node:
        base = [form(item, n) for item in sequence(node["wires"], "wires")]
    m = len(base)
    require(m > 0, "there are no wires")
    require(m <= MAX_WIRES, f"2^{m} points are too many to try")
    wires: dict[tuple, int] = {}
    for i, wire in enumerate(base):
        require(key(wire) not in wires, "a wire is given twice")
        wires[key(wire)] = i
    gates: list[tuple[int, int]] = []  # wire numbers; gate g makes wires m + 2g (min) and m + 2g + 1 (max)
    place: dict[int, int] = {}
    for item in sequence(node["comparators"], "comparators"):
        require(len(sequence(item, "a comparator")) == 3, "a comparator is malformed")
        k = index(item[0], len(derivation.atoms))
        require(n + k not in place, f"atom {k} is compared twice")
        left, right = form(item[1], n + k), form(item[2], n + k)
        require(key(left) in wires and key(right) in wires, f"atom {k} does not compare wires")
        require(derivation.atoms[k] == [minus(left, right)], f"atom {k} is not this comparator")
        relu = {n + k: ONE}
        place[n + k] = len(gates)
        gates.append((wires[key(left)], wires[key(right)]))
        wires.setdefault(key(minus(left, relu)), m + 2 * place[n + k])
        wires.setdefault(key(mix(((ONE, right), (ONE, relu)))), m + 2 * place[n + k] + 1)
    needed = []
    for difference, row in zip(differences, _weights(node, m, differences), strict=True):
        affine = {v: c for v, c in difference.items() if v not in place}
        combined = mix(zip(row, base, strict=True))
        require(affine == combined, "a difference is no combination of wires and comparators")
        columns = [(c, (i, None)) for i, c in enumerate(row) if c != 0]
        columns += [(c, (place[v], "relu")) for v, c in difference.items() if v in place]
        if columns:
            needed.append(columns)
    low = min(m, BLOCK)
    patterns = [_alternating(v, low) for v in range(low)]
    full = (1 << (1 << low)) - 1
    for high in product((0, full), repeat=m - low):
        wire_bits: list[int] = [*patterns, *high]
        for a, b in gates:
            wire_bits.append(wire_bits[a] & wire_bits[b])
            wire_bits.append(wire_bits[a] | wire_bits[b])
        relus = [wire_bits[a] & ~wire_bits[b] for a, b in gates]
        for columns in needed:
            values = [(c, relus[i] if kind else wire_bits[i]) for c, (i, kind) in columns]
            require(_vanishes(values, full), "a difference does not vanish on {0, 1}^m")


def _weights(node: dict, m: int, differences: list[Linear]) -> list[list[fmpq]]:
    """The weight of every base form in every difference; of the inputs, their coefficients."""
    if "weights" not in node:
        require(all(difference.get(UNIT, 0) == 0 for difference in differences), "a difference does not vanish at 0")
        return [[difference.get(v, fmpq(0)) for v in range(m)] for difference in differences]
    rows = [[number(w) for w in sequence(row, "weights")] for row in sequence(node["weights"], "weights")]
    require(len(rows) == len(differences) and all(len(row) == m for row in rows), "the weights have the wrong shape")
    return rows


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
