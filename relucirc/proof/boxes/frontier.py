"""Boxes that wait to be looked at: the last come first, in batches of one size."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from relucirc.proof.boxes.tree import Node


@dataclass(frozen=True)
class Boxes:
    """Boxes side by side.

    Attributes:
        nodes: Their nodes of the tree.
        arrays: What is known of each, one row for each box: first the whole ends, lower and upper; then whatever
            the frontier holds.
    """

    nodes: list[Node]
    arrays: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.nodes)

    def taken(self, which: np.ndarray) -> "Boxes":
        """Returns those with these numbers."""
        return Boxes([self.nodes[i] for i in which], tuple(array[which] for array in self.arrays))

    def padded(self, size: int) -> tuple[np.ndarray, ...]:
        """Returns the arrays with the first box repeated up to a size."""
        rows = np.concatenate([np.arange(len(self)), np.zeros(size - len(self), int)])
        return tuple(array[rows] for array in self.arrays) if size > len(self) else self.arrays

    @staticmethod
    def joined(parts: "Sequence[Boxes]") -> "Boxes":
        """Puts boxes side by side."""
        nodes = [node for part in parts for node in part.nodes]
        return Boxes(nodes, tuple(np.concatenate(column) for column in zip(*(p.arrays for p in parts), strict=True)))


class Waiting(Protocol):
    """Where boxes wait."""

    def push(self, boxes: Boxes) -> None:
        """Adds boxes."""
        ...

    def pop(self) -> tuple[Boxes, int]:
        """Takes a batch; returns it and the size to pad it to."""
        ...


@dataclass
class Frontier:
    """A stack of boxes.

    Attributes:
        sizes: How many boxes are looked at together, ascending; the least that is enough is taken.
    """

    sizes: tuple[int, ...]
    _stack: list[Boxes] = field(default_factory=list)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether the largest batch is there."""
        return self._count >= self.sizes[-1]

    def push(self, boxes: Boxes) -> None:
        """Adds boxes on top."""
        if len(boxes):
            self._stack.append(boxes)
            self._count += len(boxes)

    def pop(self) -> tuple[Boxes, int]:
        """Takes a batch from the top; returns it and the size to pad it to."""
        parts, room = [], self.sizes[-1]
        while self._stack and room:
            top = self._stack.pop()
            if len(top) > room:
                rest = len(top) - room
                self._stack.append(top.taken(np.arange(rest)))
                top = top.taken(np.arange(rest, len(top)))
            parts.append(top)
            room -= len(top)
        boxes = Boxes.joined(parts)
        self._count -= len(boxes)
        return boxes, next(size for size in self.sizes if size >= len(boxes))
