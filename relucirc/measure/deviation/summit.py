"""The largest value seen so far, and the best point that has it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from flint import arb, fmpq

from relucirc.core.forms import Form
from relucirc.measure.deviation.algebraic import START, Algebraic, AlgebraicPoint
from relucirc.proof.witness import cost


class Standing(IntEnum):
    """Where a point of a closed cell stands: near it only, in it but between integers, or in the domain."""

    NEAR = 0
    FRACTIONAL = 1
    INSIDE = 2


Belongs = Callable[[AlgebraicPoint], Standing]
"""Tells where a point of a cell's closure stands."""


@dataclass(frozen=True)
class Peak:
    """A value, and a point of a cell's closure that has it.

    Attributes:
        value: The value.
        point: The point.
        standing: Where the point stands.
        sides: Forms ``>= 0`` that cut the piece out of the cell on which this was found.
    """

    value: Algebraic
    point: AlgebraicPoint
    standing: Standing
    sides: Sequence[Form] = ()

    @property
    def attained(self) -> bool:
        """Whether the point belongs to the domain itself."""
        return self.standing is Standing.INSIDE

    @property
    def rank(self) -> tuple:
        """Better points of one value have a larger rank: attained, rational, short."""
        known = [c.rational for c in self.point if c.rational is not None]
        bits, signs = cost(known)
        return self.standing, len(known), -bits, -signs


class Summit:
    """Keeps the highest peak."""

    def __init__(self) -> None:
        self.peak: Peak | None = None
        self._ball = arb(0)

    def is_below(self, value: fmpq) -> bool:
        """Whether the peak is certainly lower than a rational value, or as low."""
        if self.peak is None:
            return True
        known = self.peak.value.rational
        return known <= value if known is not None else not self._ball > arb(value)

    def is_above(self, bound: arb) -> bool:
        """Whether everything up to a bound is certainly lower than the peak."""
        return self.peak is not None and bool(self._ball > bound)

    def offer(self, value: Algebraic, point: AlgebraicPoint, belongs: Belongs, sides: Sequence[Form] = ()) -> bool:
        """Takes a value and the point that has it if none is better; says whether it is a top value now."""
        order = 1 if self.peak is None else value.compare(self.peak.value)
        if order < 0:
            return False
        peak = Peak(value, point, belongs(point), sides)
        if order > 0 or self.peak is None or peak.rank > self.peak.rank:
            self.peak, self._ball = peak, value.ball(START)
        return True
