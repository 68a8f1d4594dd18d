"""Rounding to small rational numbers, smallest denominators first."""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

BLOCK = 4096
"""Products of numbers and denominators that are looked at together."""


@dataclass(frozen=True)
class Rounding:
    """How numbers are rounded, relative to a unit that says how large they are where they stand.

    A denominator d is taken for x if ``|d x - n| <= tolerance * unit`` for an integer n: larger denominators have to
    fit better, since by chance they would fit as often.  So a rational with a denominator below ``1 / (tolerance
    unit)``, and not above ``max_denominator``, is never rounded away.

    Attributes:
        max_denominator: Largest denominator.
        tolerance: How far a number may move, in units and divided by d.
    """

    max_denominator: int
    tolerance: float

    def numbers(self, values: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rounds every number to the rational of smallest denominator that fits, or else to the nearest one.

        Args:
            values: Floats of any shape.
            units: Their units, of a shape that broadcasts to it.

        Returns:
            The rationals, and where none fitted.

        Example:
            >>> rounded, strained = Rounding(12, 0.02).numbers(np.array([0.3345, 0.1031]), np.ones(2))
            >>> [str(value) for value in rounded], strained.tolist()
            (['1/3', '1/10'], [False, True])
        """
        x = values.ravel()
        allowed = self.tolerance * (1 + 1e-9) * np.broadcast_to(units, values.shape).ravel()
        numerator, denominator = np.rint(x), np.ones(x.size, dtype=int)
        error = np.abs(x - numerator)
        strained = error > allowed
        start = 2
        while strained.any() and start <= self.max_denominator:
            left = np.flatnonzero(strained)
            block = np.arange(start, min(self.max_denominator, start + max(1, BLOCK // left.size)) + 1)
            start = block[-1] + 1
            scaled = x[left, None] * block
            off = np.abs(scaled - np.rint(scaled))
            fits = off <= allowed[left, None]
            first = np.where(fits.any(axis=1), fits.argmax(axis=1), (off / block).argmin(axis=1))
            place = np.arange(left.size), first
            better = fits[place] | (off[place] / block[first] < error[left])
            chosen = left[better]
            denominator[chosen] = block[first[better]]
            numerator[chosen], error[chosen] = np.rint(scaled)[place][better], (off[place] / block[first])[better]
            strained[left] = ~fits[place]
        rounded = np.empty(x.size, dtype=object)
        rounded[:] = [fmpq(int(p), int(q)) for p, q in zip(numerator, denominator, strict=True)]
        return rounded.reshape(values.shape), strained.reshape(values.shape)
