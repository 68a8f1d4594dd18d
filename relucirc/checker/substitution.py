"""Lower bounds of affine forms over hinges on many boxes at once: substitution from the last level to the first.

Everything is done in NumPy's float64 on whole numbers below ``2^53``, where addition, multiplication, minimum, maximum
and rounding to a whole number are exact, in whatever order and with whatever fused instructions a matrix product adds
up.  Only the constant of each row is a rounded number, and every operation on it is rounded down.

A row says ``f >= S * (sum_j c_j v_j) + K`` on its box: ``c`` are whole numbers of at most ``bits`` bits, ``S`` is a
power of two, and the variables ``v`` are the inputs ``t`` and hinges of lower levels, all ``>= 0``
(:mod:`relucirc.checker.scaled`).  One step replaces the hinges ``g = relu(m)`` of the highest level that is left, where
``lo <= m <= up`` was shown before:

* ``c > 0``:  ``c g >= d m`` for ``d = c`` as for ``d = 0``, since ``g >= m`` and ``g >= 0``;
* ``c < 0``:  ``c relu(m) - d m`` is concave in ``m`` for every ``d``, so least at an end: for ``lo < 0 < up`` it is
  ``>= min(-d lo, (c - d) up)``.  With ``d = c`` where ``lo >= 0``, and ``d = 0`` where ``up <= 0``, it is 0,
  and the same formula says so.  Any whole ``d`` between ``c`` and 0 is sound; the one nearest to ``c up / (up - lo)``
  makes the two ends equal, and that quotient needs no exactness.

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
from dataclasses import dataclass

import numpy as np

from relucirc.checker.data import require
from relucirc.checker.scaled import EXACT_BITS, FINE, Blocks, Level

GRID = 24
"""Places behind the point of the ends of boxes."""
FEWEST_BITS = 12
"""Coefficients of fewer bits would prove nothing."""
WIDEST = 26
"""More bits than the weights have gain nothing."""
ROUNDING = 2.0**-30
UPWARDS = 1.0 + ROUNDING
"""Makes a rounded sum of terms of one sign larger, in absolute value, than the exact one."""
TINY = 2.0**-200
SMALLEST, GREATEST = 2.0**-600, 2.0**600
"""Within these a power of two times a whole number is far from where float64 ends."""


@dataclass(frozen=True)
class Relaxed:
    """Of one level and many boxes: bounds of ``m``, and the multipliers of the rule.

    Attributes:
        low: ``lo``, one row for each box.
        high: ``up``.
        kept: 1 where a positive coefficient stays, else 0.
        slope: Near ``up / (up - lo)``, within 0 and 1.
        error: ``E``.
    """

    low: np.ndarray
    high: np.ndarray
    kept: np.ndarray
    slope: np.ndarray
    error: np.ndarray

    @staticmethod
    def of(low: np.ndarray, high: np.ndarray, level: Level, below: "Sequence[Relaxed]") -> "Relaxed":
        """Chooses the multipliers, from bounds of a level and what was chosen for those below."""
        kept = ((high > 0) & (high >= -low)).astype(float)
        undecided = (low < 0) & (high > 0)
        slope = np.divide(high, high - low, out=(low >= 0).astype(float), where=undecided)
        return Relaxed(low, high, kept, np.clip(slope, 0.0, 1.0), error_of(level, below, len(low)))

    def substitute(self, c: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns ``d``, the sums of the constants, and of what the errors take away in units of ``2^-p``."""
        negative = np.minimum(c, 0.0)
        d = np.rint(negative * self.slope[which])
        below = np.minimum(-d * self.low[which], (negative - d) * self.high[which]).sum(-1)
        d += np.maximum(c, 0.0) * self.kept[which]
        return d, below * UPWARDS, (np.abs(d) * self.error[which]).sum(-1) * UPWARDS


def error_of(level: Level, below: Sequence[Relaxed], boxes: int) -> np.ndarray:
    """``E`` of a level's forms on every box, in units of ``2^-p``."""
    error = np.tile(level.rest + np.abs(level.constants) * ROUNDING, (boxes, 1))
    for b, spill in level.spill.items():
        error += np.maximum(below[b - 1].high, 0.0) @ spill.T if b else spill.sum(1)
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

    def substitute(self, number: int, level: Level, relaxed: Relaxed, which: np.ndarray, bits: int) -> None:
        """Replaces the hinges of a level by forms of lower levels."""
        c = self.blocks.pop(number, None)
        if c is None:
            return
        d, below, error = relaxed.substitute(c, which)
        unit = 2.0**level.places
        for b in self.blocks.keys() | level.weights.keys():
            total = self.blocks[b] * unit if b in self.blocks else np.zeros(1)
            if b in level.weights:
                total = total + d @ level.weights[b] + np.floor((d @ level.fine[b]) * 2.0**-FINE)
            self.blocks[b] = total
        self.constant = added(self.constant, below * self.scale)
        self.scale = self.scale / unit
        self.constant = added(self.constant, (d @ level.constants) * self.scale)
        self.constant = added(self.constant, -error * self.scale)
        self.cut(bits)


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
    return added(constants, np.minimum(forms * low, forms * high).sum(-1))
