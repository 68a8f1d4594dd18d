"""Boxes that were bounded, side by side."""

from dataclasses import dataclass, replace

import numpy as np

from relucirc.proof.boxes.floats import Bounds, Found
from relucirc.proof.boxes.frontier import Boxes


@dataclass(frozen=True)
class Bounded:
    """Boxes and what their bounds say.

    Attributes:
        boxes: Their nodes, ends, violations that are left, and ages.
        bounds: Of the hinges.
        found: Of the combinations.
        told: By box and combination, what is told of slopes.
    """

    boxes: Boxes
    bounds: Bounds
    found: Found
    told: np.ndarray

    @property
    def left(self) -> np.ndarray:
        """By box and violation, whether it is not excluded yet."""
        return self.boxes.arrays[2]

    def with_left(self, left: np.ndarray) -> "Bounded":
        """Returns the same with other violations left."""
        low, high, _, age = self.boxes.arrays
        return replace(self, boxes=Boxes(self.boxes.nodes, (low, high, left, age)))

    def taken(self, which: np.ndarray) -> "Bounded":
        """Returns those with these numbers."""
        bounds, found = Bounds(*(a[which] for a in self.bounds)), Found(*(a[which] for a in self.found))
        return Bounded(self.boxes.taken(which), bounds, found, self.told[which])

    def beside(self, other: "Bounded") -> "Bounded":
        """Returns these, and others after them."""
        bounds = Bounds(*(np.concatenate(pair) for pair in zip(self.bounds, other.bounds, strict=True)))
        found = Found(*(np.concatenate(pair) for pair in zip(self.found, other.found, strict=True)))
        told = np.concatenate([self.told, other.told])
        return Bounded(Boxes.joined([self.boxes, other.boxes]), bounds, found, told)
