"""The complex of a network of one coordinate: intervals in order."""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.geometry.cell import Cell, Ray
from relucirc.measure.regions.adjacency import Adjacency
from relucirc.measure.regions.sweep import End, Sweep


@dataclass(frozen=True)
class Line:
    """Consecutive intervals from ``low`` to ``high``, None where unbounded."""

    found: Sweep
    low: End
    high: End
    replayed: int = 0

    @property
    def signs(self) -> np.ndarray:
        """The signs of the hidden neurons, one row per interval."""
        return self.found.signs

    def cell(self, i: int) -> Cell:
        """Returns an interval."""
        ends = [self.low, *self.found.points[max(i - 1, 0) : i + 1], self.high]
        at = min(i, 1)
        left, right = ends[at], ends[at + 1]
        if left is None and right is None:
            return Cell.everything(1)
        rays: list[Ray] = []
        for number, (end, outward) in enumerate(((left, -1), (right, 1))):
            rays.append(((0, outward), 1) if end is None else ((int(end.q), int(end.p)), 2 << number))
        return Cell((), tuple(rays), 3)

    def adjacency(self) -> Adjacency:
        """Every interval touches the next."""
        at = np.arange(len(self.signs) - 1)
        return Adjacency(np.stack([at, at + 1], axis=1), len(self.signs))

    def vertices(self) -> list[tuple[fmpq, ...]]:
        """The breakpoints and the finite ends."""
        ends = [self.low, *self.found.points, self.high]
        return [(end,) for end in ends if end is not None]
