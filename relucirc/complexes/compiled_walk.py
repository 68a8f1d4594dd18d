"""Drives the compiled walk: sets up its stack, collects certified leaves, replays the rest exactly."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from relucirc.complexes.exact_walk import Walker, incidence, walk
from relucirc.complexes.integer_network import IntegerNetwork

BATCH = 1 << 13
SMALL = 2**20
"""Integer weights up to this size are walked in int64, others in float64 balls."""


@dataclass(frozen=True)
class Batch:
    """Certified regions.

    Attributes:
        signs: One row of -1, 0, 1 per region.
        facets: One row of bit masks per facet: the neurons that vanish there.
        owners: The region of every facet, as a row of ``signs``.
        replayed: How many of the regions were walked exactly.
    """

    signs: np.ndarray
    facets: np.ndarray
    owners: np.ndarray
    replayed: int


def is_available() -> bool:
    """Whether numba, which compiles the walk, is installed."""
    try:
        import numba  # noqa: F401, PLC0415  (an extra: pip install 'relucirc[fast]')
    except ImportError:
        return False
    return True


def compiled_batches(
    network: IntegerNetwork, begin: Walker, bit0: int, exact_batch: Callable[[Sequence[Walker]], Batch]
) -> Iterator[Batch]:
    """Walks the regions below a pointed cell in batches.

    Args:
        network: The network.
        begin: Where to start, its cell without lines.
        bit0: Number of the domain's own constraints; neuron k has the mask bit ``bit0 + k``.
        exact_batch: Turns exactly walked regions into a batch.
    """
    from relucirc.complexes.kernel import run  # noqa: PLC0415  (needs numba)

    entries = [abs(c) for layer in network.hidden for row in layer for c in row]
    exact = max(entries, default=0) <= SMALL
    stack = _stack(network, begin, bit0, exact)
    weights = _weights(network, exact)
    sizes = np.array(network.widths, np.int64)
    total = int(sizes.sum())
    words = (total + 63) // 64
    out_signs = np.zeros((BATCH, total), np.int8)
    out_facets = np.zeros((BATCH * 16 + total + 2, words), np.uint64)
    owners = np.zeros(len(out_facets), np.int64)
    bad = np.zeros((BATCH, total + 1), np.int8)
    height = 1
    while height:
        leaves, facets, lost, height = run(
            exact, weights, sizes, network.n, bit0, stack, height, out_signs, out_facets, owners, bad
        )
        if leaves:
            yield Batch(out_signs[:leaves].copy(), out_facets[:facets].copy(), owners[:facets].copy(), 0)
        for row in bad[:lost].tolist():
            prefix = tuple(row[: row.index(2)])
            yield exact_batch(list(walk(network, begin.forced(network, prefix))))


def _stack(network: IntegerNetwork, begin: Walker, bit0: int, exact: bool) -> tuple[np.ndarray, ...]:
    """The stack's arrays with the first cell on them, and the mask bit of the first neuron."""
    n, total = network.n, sum(network.widths)
    dtype = np.int64 if exact else np.float64
    count = len(begin.cell.rays)
    words = (bit0 + total + 63) // 64
    depth = total + 2
    capacity = max(4096, 2 * depth * (count + 256))
    rays = np.zeros((capacity, n + 1), dtype)
    errors = np.zeros(capacity)
    masks = np.zeros((capacity, words), np.uint64)
    tight = incidence(network, begin, bit0)
    for r, ((ray, _), mask) in enumerate(zip(begin.cell.rays, tight, strict=True)):
        rays[r], errors[r] = _ray(ray, exact)
        for w in range(words):
            masks[r, w] = mask >> (64 * w) & 0xFFFFFFFFFFFFFFFF
    frames = np.zeros((depth, 5), np.int64)
    frames[0] = [0, count, len(begin.signs), begin.depth, begin.start]
    signs = np.zeros((depth, total), np.int8)
    signs[0, : len(begin.signs)] = begin.signs
    widest = max(network.widths)
    rows = np.zeros((depth, widest, n + 1), dtype)
    row_errors = np.zeros((depth, widest))
    for i, row in enumerate(begin.rows):
        rows[0, i], row_errors[0, i] = _vector(row, exact)
    return rays, errors, masks, frames, signs, rows, row_errors


def _ray(ray: Sequence[int], exact: bool) -> tuple[np.ndarray, float]:
    """A ray, in balls scaled by a power of two to a largest entry near 1 (an exact step)."""
    if exact:
        return _vector(ray, exact)
    bits = max(abs(c).bit_length() for c in ray)
    scaled = np.array([c / (1 << bits) for c in ray])
    return scaled, 2.0**-52


def _vector(entries: Sequence[int], exact: bool) -> tuple[np.ndarray, float]:
    """Integers as an array, and the largest rounding error of an entry."""
    if exact:
        return np.array(entries, np.int64), 0.0
    values = np.array([float(c) for c in entries])
    wrong = any(int(v) != c for v, c in zip(values.tolist(), entries, strict=True))
    return values, float(np.abs(values).max() * 2.0**-52) if wrong else 0.0


def _weights(network: IntegerNetwork, exact: bool) -> np.ndarray:
    """All hidden rows below each other, bias first, padded with zeros."""
    rows = [row for layer in network.hidden for row in layer]
    weights = np.zeros((len(rows), max(map(len, rows))), np.int64 if exact else np.float64)
    for i, row in enumerate(rows):
        weights[i, : len(row)] = [c if exact else float(c) for c in row]
    return weights


def fits(network: IntegerNetwork, begin: Walker) -> bool:
    """Whether the compiled walk can start here: a pointed cell, and numbers within range."""
    entries = [abs(c) for layer in (*network.hidden, begin.rows) for row in layer for c in row]
    entries += [abs(c) for ray, _ in begin.cell.rays for c in ray]
    largest = max(entries, default=0)
    exact = max((abs(c) for layer in network.hidden for row in layer for c in row), default=0) <= SMALL
    return not begin.cell.lines and largest < (2**50 if exact else 2**300)
