"""Rounding to small rational numbers, smallest denominators first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Rounding:
    """How numbers are rounded.

    A denominator d is taken for x if ``|d x - n| <= tolerance * max(1, |x|)`` for an integer n: larger denominators
    have to fit better, since by chance they would fit as often.

    Attributes:
        max_denominator: Largest denominator.
        tolerance: How far a number may move, in units of ``1/d``.
    """

    max_denominator: int
    tolerance: float

    def number(self, value: float) -> Fraction:
        """Returns the rational of smallest denominator that fits, or else the nearest one.

        Example:
            >>> Rounding(12, 0.02).number(0.3345)
            Fraction(1, 3)
        """
        for denominator in range(1, self.max_denominator + 1):
            rounded = Fraction(round(value * denominator), denominator)
            if rounded.denominator == denominator and self.fits(value, rounded):
                return rounded
        return Fraction(value).limit_denominator(self.max_denominator)

    def fits(self, value: float, rounded: Fraction) -> bool:
        """Whether a rounding moved a number by no more than the tolerance."""
        allowed = self.tolerance * max(1.0, abs(value)) * (1 + 1e-9)
        return abs(value - float(rounded)) * rounded.denominator <= allowed

    def direction(self, row: Sequence[float]) -> tuple[float, tuple[int, ...]]:
        """Returns ``(s, v)`` with s > 0, v coprime integers and ``s * v`` near a row that is not zero.

        The ratios of the entries to the largest are rounded; s is then fitted by least squares.

        Example:
            >>> Rounding(12, 0.02).direction([0.5, -1.0])
            (0.5, (1, -2))
        """
        largest = max(map(abs, row))
        ratios = [self.number(entry / largest) for entry in row]
        common = math.lcm(*(ratio.denominator for ratio in ratios))
        whole = [int(ratio * common) for ratio in ratios]
        divisor = math.gcd(*whole)
        vector = tuple(entry // divisor for entry in whole)
        return _fit(row, vector), vector


def _fit(row: Sequence[float], vector: Sequence[int]) -> float:
    product = sum(entry * v for entry, v in zip(row, vector, strict=True))
    return product / sum(v * v for v in vector)
