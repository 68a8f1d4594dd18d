"""Rounding: floats to the small rationals that they may stand for, many of them at once, by three rules.

A rational stands here as the float nearest to it, and :func:`rationals` reads it back: all of this is a proposal, and
what is proved later is the circuit that is written with the rationals.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick

NOISE = 2.0**-50
"""What a float may be off the rational that it stands for, relative to its size."""

BLOCK = 4096
"""Products of numbers and denominators that are looked at together."""


@dataclass(frozen=True)
class Rounded:
    """Rows of numbers, rounded.

    Attributes:
        weight: Rounded weights, ``[..., rows, columns]``.
        bias: Rounded biases, ``[..., rows]``.
        misfits: How many numbers of each network are near none that the rule allows, ``[...]``.
        moved: The farthest that a number moved, in the units of its row, ``[...]``.
    """

    weight: np.ndarray
    bias: np.ndarray
    misfits: np.ndarray
    moved: np.ndarray


@dataclass(frozen=True)
class Rounding(ABC):
    """A rule for rounding.

    Attributes:
        tolerance: How far a number may move, in the unit of its row.
    """

    tolerance: float

    @abstractmethod
    def numbers(self, values: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rounds numbers.

        Args:
            values: Floats of any shape.
            units: Their units, which say how large numbers are where they stand; of a shape that broadcasts.

        Returns:
            The rounded numbers, and where none fitted.
        """

    def rows(self, weight: np.ndarray, bias: np.ndarray) -> Rounded:
        """Rounds rows in units of their largest weight; a bias is never rounded to more than its own digits allow."""
        full = np.concatenate([weight, bias[..., None]], axis=-1)
        unit = np.abs(weight).max(axis=-1, keepdims=True, initial=0.0)
        unit = np.where(unit > 0, unit, np.where(full[..., -1:] != 0, np.abs(full[..., -1:]), 1.0))
        units = np.repeat(unit, full.shape[-1], axis=-1)
        units[..., -1:] = np.maximum(unit, np.abs(full[..., -1:]))
        rounded, misfit = self._rows(full, unit, units)
        moved = (np.abs(rounded - full) / units).max(axis=(-1, -2), initial=0.0)
        return Rounded(rounded[..., :-1], rounded[..., -1], misfit.sum(axis=-1), moved)

    def _rows(self, rows: np.ndarray, unit: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # noqa: ARG002
        """The rounded rows, and how many numbers of each fitted to nothing."""
        rounded, misfits = self.numbers(rows, units)
        return rounded, misfits.sum(axis=-1)


@dataclass(frozen=True)
class Within(Rounding):
    """To the rational with the smallest denominator within the tolerance.

    Example:
        >>> Within(0.02).numbers(np.array([0.3345, 0.495]), np.ones(2))[0].tolist()
        [0.3333333333333333, 0.5]
    """

    def numbers(self, values: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Rounding`; every number fits."""
        p, q = simplest(values, self.tolerance * units)
        return p / q, np.zeros(values.shape, bool)


@dataclass(frozen=True)
class Grid(Rounding):
    """To the nearest multiple of one over a denominator: numbers that add up to a simple one then still do."""

    denominator: int = 1

    def numbers(self, values: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # noqa: ARG002
        """See :class:`Rounding`; every number fits."""
        return np.floor(values * self.denominator + 0.5) / self.denominator, np.zeros(values.shape, bool)


@dataclass(frozen=True)
class Smallest(Rounding):
    """To the smallest denominator that fits, or else to the nearest rational.

    A denominator d is taken for x if ``|d x - n| <= tolerance * unit`` for an integer n: larger denominators have to
    fit better, since by chance they would fit as often.  So a rational with a denominator below ``1 / (tolerance
    unit)``, and not above ``max_denominator``, is never rounded away.

    Attributes:
        max_denominator: Largest denominator.

    Example:
        >>> rounded, misfit = Smallest(0.02, 12).numbers(np.array([0.3345, 0.1031]), np.ones(2))
        >>> [str(value) for value in rationals(rounded)], misfit.tolist()
        (['1/3', '1/10'], [False, True])
    """

    max_denominator: int = 1

    def numbers(self, values: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Rounding`."""
        x = values.ravel()
        allowed = self.tolerance * (1 + 1e-9) * np.broadcast_to(units, values.shape).ravel()
        numerator, denominator = np.rint(x), np.ones(x.size, dtype=int)
        error = np.abs(x - numerator)
        strained = error > allowed
        start = 2
        while strained.any() and start <= self.max_denominator:
            tick()
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
        strained |= ~np.isfinite(x)
        return (numerator / denominator).reshape(values.shape), strained.reshape(values.shape)

    def _rows(self, rows: np.ndarray, unit: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rounds a row as it is; or its largest number and the ratios to it, if more of those fit."""
        plain, misfits = super()._rows(rows, unit, units)
        if not misfits.any():
            return plain, misfits
        size = np.maximum(unit, 1 / unit)
        factor, misfit = self.numbers(size, size)
        ratios, others = self.numbers(rows / unit, units / unit)
        others = misfit[..., 0] + others.sum(axis=-1)
        fewer = others < misfits
        ratios = ratios * np.where(unit >= 1, factor, 1 / factor)
        return np.where(fewer[..., None], ratios, plain), np.where(fewer, others, misfits)


def simplest(values: np.ndarray, tolerances: Any) -> tuple[np.ndarray, np.ndarray]:
    """Finds the rational with the smallest denominator in every ``[value - tolerance, value + tolerance]``.

    Of several with one denominator it is the one nearest to zero.  It is found by walking down the continued
    fractions of both ends of the interval as long as they agree.

    Returns:
        Numerators and denominators, as floats.

    Example:
        >>> [float(part) for part in simplest(np.array(0.3333), 0.001)]
        [1.0, 3.0]
    """
    size = np.abs(values).ravel()
    slack = np.broadcast_to(tolerances, values.shape).ravel() * (1 + 1e-12) + NOISE * size
    p, q = np.zeros(size.size), np.ones(size.size)
    left = np.flatnonzero(np.isfinite(size) & (size > slack))
    low, high = (size - slack)[left], (size + slack)[left]
    a, b, c, d = np.ones(left.size), np.zeros(left.size), np.zeros(left.size), np.ones(left.size)
    while left.size:  # the number is (a x + b) / (c x + d) for x between low and high
        tick()
        whole = np.floor(low)
        end = np.where(low == whole, whole, whole + 1)
        done = end <= high
        p[left[done]], q[left[done]] = (a * end + b)[done], (c * end + d)[done]
        on = ~done
        low, high, whole = 1 / (high - whole)[on], 1 / (low - whole)[on], whole[on]
        a, b, c, d = a[on] * whole + b[on], a[on], c[on] * whole + d[on], c[on]
        left = left[on]
    return (np.sign(np.nan_to_num(values)) * p.reshape(values.shape)), q.reshape(values.shape)


def rationals(values: np.ndarray) -> list[Any]:
    """Returns the rationals that floats stand for, in nested lists of the same shape.

    Example:
        >>> rationals(np.array([1 / 3, -2.0]))
        [1/3, -2]
    """
    numbers = np.empty(values.shape, dtype=object)
    p, q = simplest(values, 0.0)
    numbers.ravel()[:] = [fmpq(int(a), int(b)) for a, b in zip(p.ravel(), q.ravel(), strict=True)]
    return numbers.tolist()
