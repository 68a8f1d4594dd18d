"""The tree of boxes while it grows, and as the text that the checker reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from relucirc.checker.boxes import MIDDLE, WIDTH
from relucirc.checker.substitution import GRID

NEW, NARROWED, SAME = "!", "~", ""
"""How the hinges are bounded at a node."""


@dataclass
class Node:
    """A box: how its hinges are bounded, what is excluded on it, and where it is cut.

    Attributes:
        mark: One of ``NEW``, ``NARROWED``, ``SAME``.
        closed: The combinations that are negative on it, each with what is told of slopes.
        axis: The input that it is cut across, or -1.
        at: The place, in 64ths of its width.
        parts: The lower and the upper part.
        upper: What each combination does not exceed on it, in floats, by its own bounds or by those above.
        told: What is told of slopes for each, that this is so.
    """

    mark: str = SAME
    closed: dict[int, str] = field(default_factory=dict)
    axis: int = -1
    at: int = MIDDLE
    parts: "list[Node]" = field(default_factory=list)
    upper: np.ndarray | None = None
    told: Sequence[str] | np.ndarray = ()

    def cut(self, axis: int, at: int) -> "tuple[Node, Node]":
        """Cuts it in two."""
        self.axis, self.at = axis, at
        self.parts = [Node(upper=self.upper, told=self.told) for _ in range(2)]
        return self.parts[0], self.parts[1]

    def learn(self, upper: np.ndarray, told: np.ndarray) -> None:
        """Takes what its own bounds say, where that is better."""
        if self.upper is None or (upper <= self.upper).all():
            self.upper, self.told = upper, told
        elif (upper < self.upper).any():
            pairs = zip(upper < self.upper, told, self.told, strict=True)
            self.upper, self.told = np.minimum(upper, self.upper), [a if less else b for less, a, b in pairs]

    def text(self) -> str:
        """Writes the tree below; see :mod:`relucirc.checker.boxes`."""
        words: list[str] = []
        pending: list[Node] = [self]
        while pending:
            node = pending.pop()
            words += [node.mark] if node.mark else []
            words += [f"-{c}{told}" for c, told in node.closed.items()]
            if node.parts:
                words.append(f"{node.axis}" if node.at == MIDDLE else f"{node.axis}@{node.at}")
                pending.extend(reversed(node.parts))
        return " ".join(words)


def walk(
    top: Node, n: int, violation: Sequence[int]
) -> Iterator[tuple[int, Node, tuple[int, ...], tuple[int, ...], frozenset[int]]]:
    """Yields every node in the tree's order: how many combinations came before, its ends, what is left to exclude."""
    pending = [(top, (0,) * n, (1 << GRID,) * n, frozenset(violation))]
    count = 0
    while pending:
        node, low, high, left = pending.pop()
        count += len(node.closed)
        parts, axis, at = node.parts, node.axis, node.at
        after = left - {violation[c] for c in node.closed}
        yield count - len(node.closed), node, low, high, left
        if node.parts is not parts:
            continue
        if parts:
            place = low[axis] + (high[axis] - low[axis]) * at // WIDTH
            upper = (parts[1], (*low[:axis], place, *low[axis + 1 :]), high, after)
            pending += [upper, (parts[0], low, (*high[:axis], place, *high[axis + 1 :]), after)]
