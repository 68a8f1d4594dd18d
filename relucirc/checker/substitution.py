"""Lower bounds of affine forms over hinges on many boxes at once: substitution from the last level to the first.

Everything is done in NumPy's float64 on whole numbers below ``2^53``, where addition, multiplication, minimum, maximum
and rounding to a whole number are exact, in whatever order and with whatever fused instructions a matrix product adds
up.  Only the constant of each row is a rounded number, and every operation on it is rounded down.

A row says ``f >= S * (sum_j c_j v_j) + K`` on its box: ``c`` are whole numbers of at most ``bits`` bits, ``S`` is a
power of two, and the variables ``v`` are the inputs ``t`` and hinges of lower levels, all ``>= 0``
(:mod:`relucirc.checker.scaled`).  One step replaces the hinges ``g = relu(m)`` of the highest level that is left, where
``lo <= m <= up`` was shown before:

* ``c > 0``:  ``c g >= d m`` for every ``d`` from 0 to ``c``, since ``g >= m`` and ``g >= 0``;
* ``c < 0``:  ``c relu(m) - d m`` is concave in ``m`` for every ``d``, so least at an end: for ``lo < 0 < up`` it is
  ``>= min(-d lo, (c - d) up)``, and that is ``-d lo`` for every ``d`` from ``c`` to ``c up / (up - lo)``.  With
  ``d = c`` where ``lo >= 0``, and ``d = 0`` where ``up <= 0``, it is 0.  The whole ``d`` is rounded down, from ``c``
  times a quotient that is rounded up (by ``OUTWARDS``, more than all roundings of quotient and product).

A pair ``g = relu(m)``, ``g' = relu(m')`` with ``lo <= m' - m <= up`` and coefficients ``c``, ``c'`` of different signs
is first written ``(c + t) g + (c' - t) g' + t (g' - g)``, with ``t`` the one of ``c'`` and ``-c`` that is nearer to 0,
where the bounds of ``m' - m`` promise more than those of ``m`` and ``m'``.  As relu neither falls nor rises faster than
its argument, ``e = g' - g`` lies between 0 and ``z = m' - m``.  So

* ``t > 0``:  ``t e - q z >= t min(0, z) - q z`` is concave in ``z`` for every ``q``, so least at an end: ``-q up`` for
  ``lo < 0 < up`` and every ``q`` from ``-t lo / (up - lo)`` to ``t``; moreover ``e >= z`` where ``m >= 0``, and
  ``e >= 0`` where ``m <= 0``, so that nothing is lost with ``q = t`` and ``q = 0``;
* ``t < 0``:  the same with ``t max(0, z) - q z``, which is ``-q lo`` at its least for ``q`` from ``t`` to
  ``t up / (up - lo)``; ``e <= z`` where ``m' >= 0``, and ``e <= 0`` where ``m' <= 0``.

The whole ``q`` is rounded away from 0; it is the multiplier of ``m' - m``, a row of the level as any other.

Then ``2^p m = (W + 2^-FINE w + r) v + B + r'`` gives ``sum d m >= 2^-p ((d W + floor(2^-FINE d w)) v + d B - |d| E)``
with ``E >= |r| V + |r'|``, where ``V >= v`` are the upper bounds known on this box.  The new coefficients are cut to
``bits`` bits by rounding down, too, which is a lower bound because ``v >= 0``.  At last only the inputs are left, and
the least value over a box whose ends are whole multiples of ``2^-GRID`` is exact.

Whole numbers are ``c``, ``d``, ``W``, ``w``, ``d W``, ``d w`` and the ends of boxes.  Rounded numbers are ``lo``,
``up``, ``B``, ``E`` and ``K``.  Sums with them have terms of one sign, the terms of ``d B`` once these are made
positive: each rounding (of one product or addition, by at most 1 part in ``2^53``) moves the sum by at most that part
of the sum of absolute values, and ``2^-30`` of it more than covers all roundings as long as there are fewer than
``2^22`` terms.  ``E`` includes ``2^-30 |B|`` for that.  A whole number times a float never underflows.

``bits`` is chosen once for all levels, such that no sum of whole numbers can reach ``2^53``: :func:`coefficient_bits`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from relucirc.checker.data import require
from relucirc.checker.scaled import EXACT_BITS, FINE, Blocks, Level

GRID = 24
"""Places behind the point of the ends of boxes."""
FEWEST_BITS = 12
"""Coefficients of fewer bits would prove nothing."""
SLOPE = 32
"""Of a positive coefficient whole 32nds stay."""
WIDEST = 26
"""More bits than the weights have gain nothing."""
SMALL = 1 << 18
"""So many products are summed up in one thread; for more a BLAS may start others, which takes longer."""
ROUNDING = 2.0**-30
UPWARDS = 1.0 + ROUNDING
"""Makes a rounded sum of terms of one sign larger, in absolute value, than the exact one."""
OUTWARDS = 1.0 + 2.0**-40
"""Makes a rounded quotient larger than the exact one, by more than a rounded product with it may fall short."""
TINY = 2.0**-200
SMALLEST, GREATEST = 2.0**-600, 2.0**600
"""Within these a power of two times a whole number is far from where float64 ends."""


@dataclass(frozen=True)
class Relaxed:
    """Of one level and many boxes, one row for each: bounds of ``m``, and the multipliers of the rule.

    Attributes:
        low: ``lo``.
        high: ``up``.
        kept: The share of a positive coefficient that stays, within 0 and 1: here 0 or 1.
        slope: Not less than ``up / (up - lo)``, within 0 and 1.
        below: What each unit of a ``d < 0`` takes away, ``2^p |lo| + E``.
        above: The opposite of what each unit of a ``d > 0`` takes away, ``-E``.
        joined: The same of the level's pairs.
    """

    low: np.ndarray
    high: np.ndarray
    kept: np.ndarray
    slope: np.ndarray
    below: np.ndarray
    above: np.ndarray
    joined: "Joined"

    @staticmethod
    def of(low: np.ndarray, high: np.ndarray, level: Level, below: "Sequence[Relaxed]") -> "Relaxed":
        """Chooses the multipliers, from bounds of a level and what was chosen for those below."""
        error = error_of(level, below, len(low))
        joined = Joined.of(low, high, level, error[:, level.hinges :])
        low, high, error = low[:, : level.hinges], high[:, : level.hinges], error[:, : level.hinges]
        kept = ((high > 0) & (high >= -low)).astype(float)
        lost = np.maximum(-low, 0.0) * 2.0**level.places + error
        return Relaxed(low, high, kept, _chord(low, high), lost, -error, joined)

    def dropping(self) -> "Relaxed":
        """Returns the same where nothing stays of the positive coefficients of open hinges: ``g >= 0``."""
        return replace(self, kept=(self.low >= 0).astype(float))

    def taken(self, which: np.ndarray) -> "Relaxed":
        """Returns the rows of some boxes, as copies."""
        low, high, kept, slope = (a[which] for a in (self.low, self.high, self.kept, self.slope))
        return Relaxed(low, high, kept, slope, self.below[which], self.above[which], self.joined.taken(which))

    def substitute(self, c: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns ``d`` and ``q``, and the sums of what is lost, not positive, in units of ``2^-p``."""
        parts, lost = [], np.zeros(len(c))
        if self.joined.count:
            c, q, lost = self.joined.substitute(c, which)
            parts.append(q)
        negative = c < 0
        d = np.where(negative, self.slope.take(which, 0), self.kept.take(which, 0))
        np.floor(np.multiply(d, c, out=d), out=d)
        each = np.where(negative, self.below.take(which, 0), self.above.take(which, 0))
        lost = (lost + np.einsum("rk,rk->r", d, each)) * UPWARDS
        return (np.concatenate([d, *parts], axis=-1) if parts else d), lost


@dataclass(frozen=True)
class Joined:
    """Of one level's pairs and many boxes: bounds of ``m' - m``, and the multipliers of the rule.

    Attributes:
        count: How many pairs there are.
        used: Whether the rule is used, one row for each box.
        below: For ``t > 0``, the share of ``t`` that ``q`` is at least, and what each unit of ``q`` takes away.
        above: The same for ``t < 0``.
    """

    count: int
    used: np.ndarray
    below: tuple[np.ndarray, np.ndarray]
    above: tuple[np.ndarray, np.ndarray]

    @staticmethod
    def of(low: np.ndarray, high: np.ndarray, level: Level, error: np.ndarray) -> "Joined":
        """Chooses the multipliers, from bounds of all rows of a level, and the differences' ``E``."""
        first, second, differences = _parts(level.pairs, level.hinges)
        lo, up = low[:, differences], high[:, differences]
        gap = _gap(low, high)
        used = gap[:, first] + gap[:, second] > np.maximum(-lo, up) / 2
        sides = []
        for part, a, b in ((first, -up, -lo), (second, lo, up)):
            on, off = low[:, part] >= 0, high[:, part] <= 0
            slope = np.where(on, 1.0, np.where(off, 0.0, _chord(a, b)))
            lost = np.where(on | off, 0.0, np.maximum(-a, 0.0)) * 2.0**level.places
            sides.append((slope, lost + error))
        return Joined(level.pairs, used, *sides)

    def taken(self, which: np.ndarray) -> "Joined":
        """Returns the rows of some boxes."""
        below, above = ((slope[which], lost[which]) for slope, lost in (self.below, self.above))
        return Joined(self.count, self.used[which], below, above)

    def substitute(self, c: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns ``c`` without what is joined, ``q``, and the sums of what is lost, not positive."""
        first, second, _ = _parts(self.count, c.shape[1])
        one, other = c[:, first], c[:, second]
        t = np.where(np.abs(other) <= np.abs(one), other, -one)
        t = np.where(self.used.take(which, 0) & (one * other < 0), t, 0.0)
        c = c.copy()
        c[:, first] += t
        c[:, second] -= t
        rising, size = t > 0, np.abs(t)
        sides = zip(self.below, self.above, strict=True)
        slope, each = (np.where(rising, a.take(which, 0), b.take(which, 0)) for a, b in sides)
        size = np.ceil(np.multiply(size, slope, out=size), out=size)
        return c, np.copysign(size, t), -np.einsum("rk,rk->r", size, each)


def _parts(pairs: int, hinges: int) -> tuple[slice, slice, slice]:
    """The columns of the first and the second hinges of pairs, and of their differences."""
    return slice(0, pairs), slice(pairs, 2 * pairs), slice(hinges, hinges + pairs)


def _chord(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The slope of the line above relu between two ends, or a little more, and at most 1."""
    undecided = (low < 0) & (high > 0)
    slope = np.divide(high, high - low, out=(low >= 0).astype(float), where=undecided)
    return np.minimum(slope * OUTWARDS, 1.0)


def _gap(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How far that line is above relu at most."""
    return -np.minimum(low, 0.0) * _chord(low, high)


def wanted(low: np.ndarray, high: np.ndarray, level: Level) -> np.ndarray:
    """Which rows of a level are worth new bounds: open hinges, and pairs that have one, or no bounds yet."""
    open_ = (low < 0) & (high > 0)
    first, second, differences = _parts(level.pairs, level.hinges)
    of_pairs = open_[:, first] | open_[:, second] | (low[:, differences] == -np.inf)
    return np.concatenate([open_[:, : level.hinges], of_pairs], axis=1)


def error_of(level: Level, below: Sequence[Relaxed], boxes: int) -> np.ndarray:
    """``E`` of a level's forms on every box, in units of ``2^-p``."""
    error = np.tile(level.rest + np.abs(level.constants) * ROUNDING, (boxes, 1))
    for b, spill in level.spill.items():
        error += product(np.maximum(below[b - 1].high, 0.0), spill.T) if b else spill.sum(1)
    return error * UPWARDS + TINY


@dataclass
class Rows:
    """Rows of coefficients by blocks of variables; see the module.

    Attributes:
        blocks: ``c``, one row for each bound that is looked for.
        scale: ``S``.
        constant: ``K``.
    """

    blocks: Blocks
    scale: np.ndarray
    constant: np.ndarray

    def cut(self, bits: int) -> None:
        """Rounds the coefficients down to so many bits."""
        largest = np.zeros_like(self.scale)
        for block in self.blocks.values():
            np.maximum(largest, np.abs(block).max(-1, initial=0.0), out=largest)
        excess = np.maximum(np.frexp(largest)[1] - bits, 0)
        factor = np.ldexp(1.0, -excess)
        for block in self.blocks.values():
            np.floor(np.multiply(block, factor[:, None], out=block), out=block)
        self.scale = np.where(largest > 0, self.scale / factor, 1.0)
        require(bool(((self.scale > SMALLEST) & (self.scale < GREATEST)).all()), "a row is too large or too small")

    def taken(self, which: slice) -> "Rows":
        """Returns some of them."""
        return Rows({b: block[which] for b, block in self.blocks.items()}, self.scale[which], self.constant[which])

    def substitute(self, number: int, level: Level, relaxed: Relaxed, which: np.ndarray, bits: int) -> None:
        """Replaces the hinges of a level by forms of lower levels."""
        c = self.blocks.pop(number, None)
        if c is None:
            return
        d, lost = relaxed.substitute(c, which)
        unit = 2.0**level.places
        for b in self.blocks.keys() | level.stacked.keys():
            total = self.blocks[b] * unit if b in self.blocks else np.zeros(1)
            if b in level.stacked:
                both = product(d, level.stacked[b])
                whole, fine = both[:, : both.shape[1] // 2], both[:, both.shape[1] // 2 :]
                np.floor(np.multiply(fine, 2.0**-FINE, out=fine), out=fine)
                total = np.add(whole, np.add(total, fine, out=fine), out=fine)
            self.blocks[b] = total
        self.scale = self.scale / unit
        self.constant = added(
            added(self.constant, lost * self.scale), np.einsum("rk,k->r", d, level.constants) * self.scale
        )
        self.cut(bits)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of matrices, some rows at a time: so small ones are not worth several threads that wait."""
    many = max(1, SMALL // b.size)
    whole = len(a) // many * many
    first = (a[:whole].reshape(-1, many, a.shape[1]) @ b).reshape(whole, b.shape[1])
    return np.concatenate([first, a[whole:] @ b]) if whole < len(a) else first


def added(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Adds, rounded down."""
    return np.nextafter(a + b, -np.inf)


def coefficient_bits(levels: Sequence[Level], n: int) -> int:
    """How many bits coefficients may have, that all sums stay below ``2^53``.

    Raises:
        Rejected: When that is not enough to work with.
    """
    most = max([n * 2.0**GRID, *(level.largest_sum() for level in levels)])
    bits = EXACT_BITS - int(np.frexp(most)[1])
    require(bits >= FEWEST_BITS, "the sums of a level are too long for exact arithmetic")
    return min(bits, WIDEST)


def least(forms: np.ndarray, constants: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Lower bounds of input forms (whole numbers times a power of two) on boxes, by their whole ends."""
    whole = np.einsum("...i,...i->...", forms, low)
    whole = whole + np.einsum("...i,...i->...", np.minimum(forms, 0.0), high - low)
    return added(constants, whole)
