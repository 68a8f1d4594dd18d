"""What every way to snap gives: for each network of a batch a rounded one, proposed in floats."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from relucirc.interpretation.canonical import Layer

EPSILON = 1e-12
"""What float values may be off, relative to the largest."""


@dataclass(frozen=True)
class Sight:
    """What floats see of a domain.

    Attributes:
        points: Points of it, ``[count, 1 + inputs]``, each beginning with 1; and directions, beginning with 0, in
            which it has no end.
        corners: Points and directions of that kind which span it, if they are known.
        bounds: Lower and upper bounds of the inputs, infinite for none; if they are known.
    """

    points: np.ndarray
    corners: np.ndarray | None = None
    bounds: tuple[np.ndarray, np.ndarray] | None = None

    def reach(self, rows: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest value of affine forms on the domain, infinite where it is not known."""
        if self.corners is not None:
            values = rows @ self.corners[:, 1:].T + bias[..., None] * self.corners[:, 0]
            return values.min(axis=-1), values.max(axis=-1)
        if self.bounds is None:
            return np.full(bias.shape, -np.inf), np.full(bias.shape, np.inf)
        with np.errstate(invalid="ignore"):
            ends = [np.where(rows == 0, 0.0, rows * bound) for bound in self.bounds]
        return np.minimum(*ends).sum(axis=-1) + bias, np.maximum(*ends).sum(axis=-1) + bias


@dataclass(frozen=True)
class Proposal:
    """Rounded networks, one for each of a batch; subclasses say how they are written.

    Attributes:
        values: What they give at the points that were seen, ``[seeds, count, outputs]``.
        misfits: How many of their numbers are near no number that the rounding allows, ``[seeds]``.
        moved: The farthest that a number moved, in the units of its row, ``[seeds]``.
    """

    values: np.ndarray
    misfits: np.ndarray
    moved: np.ndarray
    folded: ClassVar[bool] = True

    @property
    @abstractmethod
    def numbers(self) -> list[np.ndarray]:
        """All rounded numbers, each array with the axis of seeds first: equal ones are equal circuits."""

    @abstractmethod
    def layers(self, seed: int) -> list[Layer]:
        """Writes one of the networks exactly."""

    @abstractmethod
    def moves(self, seed: int) -> list[str]:
        """Says in words what was done to one of the networks."""

    def distinct(self, seeds: np.ndarray) -> list[np.ndarray]:
        """Groups seeds whose rounded numbers are all the same."""
        if not len(seeds):
            return []
        flat = [part[seeds].reshape(len(seeds), -1) for part in self.numbers]
        _, group = np.unique(np.concatenate(flat, axis=1) + 0.0, axis=0, return_inverse=True)
        return [seeds[group.ravel() == g] for g in range(group.max() + 1)]
