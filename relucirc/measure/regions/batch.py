"""Batches: many finished regions as arrays, with the neurons that vanish on their facets or vertices."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from relucirc.measure.regions.exact_walk import Walker, facet_masks, incidence, walk
from relucirc.measure.regions.integer_network import IntegerNetwork

FACETS, VERTICES, SIGNS = 0, 1, 2
"""What a batch lists: facets between regions, or vertices, or neither."""

PATIENCE = 0.1
"""Seconds of exact work between two looks at the clock."""


@dataclass(frozen=True)
class Batch:
    """Finished regions.

    Attributes:
        signs: One row of -1, 0, 1 per region.
        masks: One row of bit masks per facet: the neurons that vanish there, from bit 0 on; or per
            vertex: the domain's constraints, then the neurons.
        owners: The region of every facet or vertex, as a row of ``signs``.
        replayed: How many of the regions were walked exactly.
    """

    signs: np.ndarray
    masks: np.ndarray
    owners: np.ndarray
    replayed: int

    @staticmethod
    def empty(neurons: int, words: int) -> "Batch":
        """Returns a batch of no regions."""
        return Batch(np.zeros((0, neurons), np.int8), np.zeros((0, words), np.uint64), np.zeros(0, np.int32), 0)


def exact_batches(network: IntegerNetwork, stack: list[Walker], bit0: int, words: int, want: int) -> Iterator[Batch]:
    """Walks the regions below some walkers exactly; yields, perhaps nothing new, at least every 0.1 s.

    At every batch the stack has what is left to be walked.
    """
    list_masks = LISTED[want]
    signs: list[tuple[int, ...]] = []
    masks: list[int] = []
    owners: list[int] = []

    def batch() -> Batch:
        split = [[mask >> (64 * w) & 0xFFFFFFFFFFFFFFFF for w in range(words)] for mask in masks]
        return Batch(
            np.array(signs, np.int8).reshape(len(signs), network.neurons),
            np.array(split, np.uint64).reshape(len(masks), words),
            np.array(owners, np.int32),
            len(signs),
        )

    deadline = time.monotonic() + PATIENCE
    for walker in walk(network, stack):
        if walker is not None:
            found = list_masks(network, walker, bit0)
            masks += found
            owners += [len(signs)] * len(found)
            signs.append(walker.signs)
        if time.monotonic() > deadline:
            yield batch()
            signs, masks, owners = [], [], []
            deadline = time.monotonic() + PATIENCE
    if signs:
        yield batch()


def no_masks(*_: object) -> list[int]:
    """Lists nothing."""
    return []


def vertex_masks(network: IntegerNetwork, walker: Walker, bit0: int) -> list[int]:
    """Lists the vertices of a finished region: the mask of what is tight there, the domain's own included."""
    if walker.cell.lines:
        return []
    masks = incidence(network, walker, bit0)
    return [mask for (ray, _), mask in zip(walker.cell.rays, masks, strict=True) if ray[0]]


LISTED: dict[int, Callable[[IntegerNetwork, Walker, int], list[int]]] = {
    FACETS: facet_masks,
    VERTICES: vertex_masks,
    SIGNS: no_masks,
}
