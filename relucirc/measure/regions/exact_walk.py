"""Walks activation regions exactly: Python integers, any cell, lines and degenerate cuts included.

The reference route.  The compiled walk hands over to it wherever it is not certain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relucirc.geometry.cell import Cell, transposed
from relucirc.measure.regions.integer_network import IntegerNetwork, Matrix

TOUCHES, MISSES = -1, -2
"""Marks of neurons that do not cut the cell: zero somewhere on its boundary, or nowhere on it."""


@dataclass(frozen=True)
class Walker:
    """A cell, and the signs of the neurons decided there.

    Attributes:
        cell: The cell.
        signs: Signs of the first neurons, layer by layer: 1, -1, or 0 for identically zero.
        marks: For the same neurons the number of the cell's constraint that they became, or
            ``TOUCHES`` or ``MISSES``.
        rows: Pre-activations of the current layer as forms over the inputs.
        start: Number of the current layer's first neuron.
        depth: The current layer.
    """

    cell: Cell
    signs: tuple[int, ...]
    marks: tuple[int, ...]
    rows: Matrix
    start: int
    depth: int

    @staticmethod
    def begin(network: IntegerNetwork, cell: Cell) -> "Walker":
        """Starts with nothing decided."""
        return Walker(cell, (), (), network.next_rows(0, (), ()), 0, 0).settle(network)

    def settle(self, network: IntegerNetwork) -> "Walker":
        """Enters the next layer when this one is decided."""
        walker = self
        while walker.depth < len(network.hidden) and len(walker.signs) == walker.start + len(walker.rows):
            rows = network.next_rows(walker.depth + 1, walker.rows, walker.signs[walker.start :])
            walker = Walker(walker.cell, walker.signs, walker.marks, rows, len(walker.signs), walker.depth + 1)
        return walker

    def is_done(self, network: IntegerNetwork) -> bool:
        """Whether all neurons are decided; ``rows`` is then the output map."""
        return self.depth == len(network.hidden)

    @property
    def share(self) -> float:
        """The share of the tree below this walker, if every cut leaves as much on either side."""
        return 0.5 ** sum(mark >= 0 for mark in self.marks)

    def step(self, network: IntegerNetwork) -> "list[Walker]":
        """Decides the next neuron: one or two walkers, the positive side last."""
        row = self.rows[len(self.signs) - self.start]
        if not any(row):
            parts = [(self.cell, 0)]
            mark = MISSES
        elif not any(row[1:]):
            parts = [(self.cell, 1 if row[0] > 0 else -1)]
            mark = MISSES
        else:
            values = self.cell.values(row)
            positive, negative = self.cell.split(row, values)
            parts = [(part, sign) for part, sign in ((negative, -1), (positive, 1)) if part is not None]
            mark = self.cell.cuts if len(parts) == 2 else TOUCHES if values is not None and 0 in values else MISSES
        return [
            Walker(part, (*self.signs, sign), (*self.marks, mark), self.rows, self.start, self.depth).settle(network)
            for part, sign in parts
        ]


def walk(network: IntegerNetwork, stack: list[Walker]) -> Iterator[Walker | None]:
    """Yields every activation region below the walkers on a stack, and None after every other step."""
    while stack:
        walker = stack.pop()
        if walker.is_done(network):
            yield walker
        else:
            stack.extend(walker.step(network))
            yield None


class Follower:
    """Follows known signs down to the cells that they describe, keeping the path for the next ones."""

    def __init__(self, network: IntegerNetwork, begin: Walker) -> None:
        self._network = network
        self._path = [begin]

    def to(self, signs: Sequence[int]) -> Walker:
        """Returns the walker that has decided exactly these signs."""
        first = len(self._path[0].signs)
        last = self._path[-1].signs
        shared = next(
            (k for k, (a, b) in enumerate(zip(last, signs, strict=False)) if a != b), min(len(last), len(signs))
        )
        del self._path[max(shared - first, 0) + 1 :]
        for sign in signs[len(self._path[-1].signs) :]:
            self._path.append(next(w for w in self._path[-1].step(self._network) if w.signs[-1] == sign))
        return self._path[-1]


def incidence(network: IntegerNetwork, walker: Walker, bit0: int) -> list[int]:
    """Returns for every ray of the cell a mask: the domain's constraints, then decided neurons.

    Bit ``bit0 + k`` is set where neuron k, which is not identically zero on the cell, vanishes.
    """
    masks = [mask & ((1 << bit0) - 1) for _, mask in walker.cell.rays]
    touching = []
    for k, mark in enumerate(walker.marks):
        if mark >= 0:
            for r, (_, mask) in enumerate(walker.cell.rays):
                if mask >> mark & 1:
                    masks[r] |= 1 << (bit0 + k)
        elif mark == TOUCHES:
            touching.append(k)
    if touching:
        rows = decided_rows(network, walker.signs)
        for k in touching:
            for r, value in enumerate(walker.cell.values(rows[k]) or ()):
                if value == 0:
                    masks[r] |= 1 << (bit0 + k)
    return masks


def decided_rows(network: IntegerNetwork, signs: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Returns the decided neurons' pre-activations as forms over the inputs."""
    rows: list[tuple[int, ...]] = []
    below: Matrix = ()
    for depth, width in enumerate(network.widths):
        start = len(rows)
        if start >= len(signs):
            break
        below = network.next_rows(depth, below, signs[start - len(below) : start])
        rows.extend(below[: len(signs) - start])
        if len(signs) < start + width:
            break
    return rows


def facet_masks(network: IntegerNetwork, walker: Walker, bit0: int) -> list[int]:
    """Lists the facets between a finished region and others: the mask of neurons that vanish there."""
    total = len(walker.signs)
    needed = walker.cell.dimension - len(walker.cell.lines)
    tight = transposed(incidence(network, walker, bit0))
    faces = {rays for rays in tight.values() if rays.bit_count() >= needed}
    found: dict[int, int] = {}
    for k in range(total):
        rays = tight.get(1 << (bit0 + k))
        if rays not in faces or any(rays & other == rays and rays != other for other in faces):
            continue
        if all(tight.get(1 << j) != rays for j in range(bit0)):
            found[rays] = found.get(rays, 0) | 1 << k
    return list(found.values())
