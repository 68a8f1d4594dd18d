"""Walks activation regions exactly: Python integers, any cell, lines and degenerate cuts included.

The reference route.  The compiled walk hands over to it wherever it is not certain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from relucirc.complexes.integer_network import IntegerNetwork, Matrix
from relucirc.geometry.cell import Cell


@dataclass(frozen=True)
class Walker:
    """A cell, and the signs of the neurons decided there.

    Attributes:
        cell: The cell.
        signs: Signs of the first neurons, layer by layer: 1, -1, or 0 for identically zero.
        rows: Pre-activations of the current layer as forms over the inputs.
        start: Number of the current layer's first neuron.
        depth: The current layer.
    """

    cell: Cell
    signs: tuple[int, ...]
    rows: Matrix
    start: int
    depth: int

    @staticmethod
    def begin(network: IntegerNetwork, cell: Cell) -> "Walker":
        """Starts with nothing decided."""
        return Walker(cell, (), network.next_rows(0, (), ()), 0, 0).settle(network)

    def settle(self, network: IntegerNetwork) -> "Walker":
        """Enters the next layer when this one is decided."""
        walker = self
        while walker.depth < len(network.hidden) and len(walker.signs) == walker.start + len(walker.rows):
            rows = network.next_rows(walker.depth + 1, walker.rows, walker.signs[walker.start :])
            walker = Walker(walker.cell, walker.signs, rows, len(walker.signs), walker.depth + 1)
        return walker

    def is_done(self, network: IntegerNetwork) -> bool:
        """Whether all neurons are decided; ``rows`` is then the output map."""
        return self.depth == len(network.hidden)

    def step(self, network: IntegerNetwork) -> "list[Walker]":
        """Decides the next neuron: one or two walkers, the positive side last."""
        row = self.rows[len(self.signs) - self.start]
        if not any(row):
            parts = [(self.cell, 0)]
        elif not any(row[1:]):
            parts = [(self.cell, 1 if row[0] > 0 else -1)]
        else:
            positive, negative = self.cell.cut(row)
            parts = [(part, sign) for part, sign in ((negative, -1), (positive, 1)) if part is not None]
        return [
            Walker(part, (*self.signs, sign), self.rows, self.start, self.depth).settle(network)
            for part, sign in parts
        ]

    def forced(self, network: IntegerNetwork, signs: tuple[int, ...]) -> "Walker":
        """Follows known signs down to the cell that they describe."""
        walker = self
        for sign in signs[len(self.signs) :]:
            walker = next(child for child in walker.step(network) if child.signs[-1] == sign)
        return walker


def walk(network: IntegerNetwork, start: Walker) -> Iterator[Walker]:
    """Yields every activation region below a walker."""
    stack = [start]
    while stack:
        walker = stack.pop()
        if walker.is_done(network):
            yield walker
        else:
            stack.extend(walker.step(network))


def incidence(network: IntegerNetwork, walker: Walker, bit0: int) -> list[int]:
    """Returns for every ray of the cell a mask: the domain's constraints, then decided neurons.

    Bit ``bit0 + k`` is set where neuron k, which is not identically zero on the cell, vanishes.
    """
    masks = [mask & ((1 << bit0) - 1) for _, mask in walker.cell.rays]
    for k, row in enumerate(decided_rows(network, walker.signs)):
        if walker.signs[k] != 0:
            for r, (ray, _) in enumerate(walker.cell.rays):
                if sum(a * b for a, b in zip(row, ray, strict=True)) == 0:
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
    masks = incidence(network, walker, bit0)
    total = len(walker.signs)
    needed = walker.cell.dimension - len(walker.cell.lines)
    tight = [
        sum(1 << r for r, mask in enumerate(masks) if mask >> b & 1) for b in range(bit0 + total)
    ]
    found: dict[int, int] = {}
    for k in range(total):
        rays = tight[bit0 + k]
        if rays.bit_count() < needed or any(rays & other == rays and rays != other for other in tight):
            continue
        if rays not in tight[:bit0]:
            found[rays] = found.get(rays, 0) | 1 << k
    return list(found.values())
