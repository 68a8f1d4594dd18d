"""The affine pieces that a network is mostly made of, in short numbers: what a short formula of it is built from.

Every continuous piecewise-linear function is a maximum of minima of its affine pieces.  A trained network has many
pieces, but most of its region is covered by a few kinds: slopes that are the same but for noise.  Here slopes at
points are rounded to a grid, the commonest are kept, and each gets the offset in the middle of those seen with it,
rounded to the shortest number that is near enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relucirc.interpretation.rounding import simplest

GRIDS = (1, 2, 4, 10)
"""What slopes are rounded to: multiples of one over each of these."""
KINDS = 6
"""Most kinds of slopes that are kept of each grid."""
RARE = 0.03
"""Share of the points below which a slope is noise."""
APART = 0.1
"""Offsets of one slope are of several pieces where there is such a gap between them, of the range of the output."""
NEAR = 0.05
"""How far an offset may be rounded, of the same."""


@dataclass(frozen=True)
class Affine:
    """An affine function with rational coefficients; equal ones are equal.

    Attributes:
        slope: One coefficient for each input.
        offset: What is added.
    """

    slope: tuple[Fraction, ...]
    offset: Fraction

    @staticmethod
    def variable(i: int, n: int) -> "Affine":
        """One of n inputs."""
        return Affine(tuple(Fraction(i == j) for j in range(n)), Fraction(0))

    @staticmethod
    def constant(value: Fraction, n: int) -> "Affine":
        """A number."""
        return Affine((Fraction(0),) * n, value)

    @property
    def is_constant(self) -> bool:
        """Whether it is a number."""
        return not any(self.slope)

    def at(self, points: np.ndarray) -> np.ndarray:
        """Its values at points, one row each."""
        return points @ np.array([float(c) for c in self.slope]) + float(self.offset)


def short(values: np.ndarray, tolerances: np.ndarray | float) -> list[Fraction]:
    """The rationals with the smallest denominators near some numbers.

    Example:
        >>> short(np.array([0.34, -1.02]), 0.03)
        [Fraction(1, 3), Fraction(-1, 1)]
    """
    p, q = simplest(values, tolerances)
    return [Fraction(int(a), int(b)) for a, b in zip(p.ravel(), q.ravel(), strict=True)]


def pieces(points: np.ndarray, values: np.ndarray, slopes: np.ndarray, most: int) -> list[Affine]:
    """The commonest affine pieces, from the coarsest grid on.

    Args:
        points: Points, ``[count, inputs]``.
        values: Values of one output there.
        slopes: Its gradients there.
        most: How many pieces at most.
    """
    found: dict[Affine, None] = {}
    for grid in GRIDS:
        for piece in _of_grid(points, values, slopes, grid):
            if len(found) < most:
                found.setdefault(piece)
    return list(found)


def first_layer(rows: np.ndarray, most: int) -> list[Affine]:
    """What neurons of the first hidden layer ask for, in short numbers: rows with their biases last, up to scale."""
    found: dict[Affine, None] = {}
    for row in rows[:most]:
        size = np.abs(row[:-1]).max(initial=0.0)
        if size > 0 and np.isfinite(row).all():
            *slope, offset = short(row / size, NEAR)
            found.setdefault(Affine(tuple(slope), offset))
    return [atom for atom in found if not atom.is_constant]


def _of_grid(points: np.ndarray, values: np.ndarray, slopes: np.ndarray, grid: int) -> Iterator[Affine]:
    rounded = np.rint(slopes * grid)
    kinds, which, counts = np.unique(rounded, axis=0, return_inverse=True, return_counts=True)
    scale = float(np.ptp(values)) or 1.0
    for kind in np.argsort(-counts, kind="stable")[:KINDS]:
        slope, here = tuple(Fraction(int(c), grid) for c in kinds[kind]), which.ravel() == kind
        rest = np.sort(values[here] - points[here] @ np.array([float(c) for c in slope]))
        for same in np.split(rest, 1 + np.flatnonzero(np.diff(rest) > APART * scale)):
            if len(same) >= RARE * len(points):
                yield from (Affine(slope, offset) for offset in _offsets(same, scale))


def _offsets(rest: np.ndarray, scale: float) -> list[Fraction]:
    """What is to be added where a slope was seen: the middle, in a short number and in a longer one."""
    low, high = np.quantile(rest, [0.1, 0.9])
    middle, spread = np.array([(low + high) / 2]), float(high - low) / 2
    return [short(middle, max(spread * part, NEAR * part * scale))[0] for part in (1.0, 0.1)]
