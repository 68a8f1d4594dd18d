"""Which regions share a facet: the two sides of a facet have equal signs but for the neurons zero on it.

Pre-activations are continuous, so a facet seen from either side has one sign vector: the region's
signs with a zero for every neuron that vanishes on the facet (or on all of the region).  A facet
inside the domain has exactly two sides.  So facets with equal sign vectors come in pairs, and a
facet without its partner would be a gap or an overlap in the enumeration: it is an error.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from relucirc.measure.regions.lazy import LazySequence
from relucirc.measure.regions.rows import grouped_rows


class Adjacency(LazySequence[tuple[int, int]]):
    """Pairs of neighbouring regions, ``(i, j)`` with ``i < j``, sorted.

    Attributes:
        array: The same pairs as an integer array of shape (pairs, 2).
    """

    def __init__(self, pairs: ArrayLike, regions: int) -> None:
        array = np.sort(np.asarray(pairs, np.int64).reshape(-1, 2), axis=1)
        self._keys = np.sort(array[:, 0] * regions + array[:, 1])
        self._regions = regions
        self.array = np.stack([self._keys // max(regions, 1), self._keys % max(regions, 1)], axis=1)
        super().__init__(len(array), lambda i: tuple(self.array[i].tolist()), f"pairs of {regions} regions")

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return map(tuple, self.array.tolist())

    def __contains__(self, pair: object) -> bool:
        if not isinstance(pair, tuple) or len(pair) != 2:
            return False
        key = pair[0] * self._regions + pair[1]
        at = int(np.searchsorted(self._keys, key))
        return at < len(self._keys) and int(self._keys[at]) == key


def adjacency_of(signs: np.ndarray, facets: np.ndarray, owners: np.ndarray, *, complete: bool = True) -> Adjacency:
    """Pairs up the facets of all regions.

    Args:
        signs: One row per region.
        facets: One row of bit masks per facet: the neurons that vanish there.
        owners: The region of every facet.
        complete: Whether all regions are there; otherwise facets may lack their other side, and are left out.
    """
    rises, falls = packed(signs > 0), packed(signs < 0)
    owned = ~facets[:, : rises.shape[1]]
    order, differs = grouped_rows(np.hstack([rises[owners] & owned, falls[owners] & owned]))
    if complete:
        pairs = len(order) % 2 == 0 and differs[::2].all() and not differs[1::2].any()
        assert pairs, "a facet does not have exactly two sides; please report this network"
        return Adjacency(owners[order].reshape(-1, 2), len(signs))
    twins = np.flatnonzero(~differs)
    return Adjacency(np.stack([owners[order[twins - 1]], owners[order[twins]]], axis=1), len(signs))


def packed(rows: np.ndarray) -> np.ndarray:
    """Packs rows of truth values into 64-bit words, column k as bit k."""
    words = max(1, (rows.shape[1] + 63) // 64)
    padded = np.zeros((len(rows), words * 8), np.uint8)
    bits = np.packbits(rows, axis=1, bitorder="little")
    padded[:, : bits.shape[1]] = bits
    return padded.view("<u8").astype(np.uint64)
