"""Drives the compiled walk: sets up its stacks, collects certified leaves, replays the rest exactly."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from relucirc.measure.regions.batch import FACETS, Batch, exact_batches
from relucirc.measure.regions.compilation import compiling
from relucirc.measure.regions.exact_walk import Follower, Walker, decided_rows, incidence
from relucirc.measure.regions.integer_network import IntegerNetwork

LEAVES = 1 << 13
EFFORT = 1 << 25
"""Elementary steps between two looks at the clock: a few tenths of a second."""

SMALL = 2**20
"""Integer weights up to this size are walked in int64 first, others in float64 balls at once."""

LOST = 256
MAX_RAYS = 4096

Stack = tuple[np.ndarray, ...]
"""Rays, their errors and masks; frames (first ray, rays, next neuron, layer, layer's first neuron),
and per frame the signs, rows and row errors."""


def compiled_batches(
    network: IntegerNetwork, begin: Walker, normals: Sequence[Sequence[int]], want: int = FACETS
) -> Iterator[Batch]:
    """Walks the regions below a pointed cell in batches: int64, then float balls, then exactly.

    Args:
        network: The network.
        begin: Where to start; see :func:`fits`.
        normals: The domain's constraints that have mask bits, infinity first; neurons follow.
        want: Whether to list facets or vertices.
    """
    from relucirc.measure.regions.kernel import run  # noqa: PLC0415  (needs numba)

    bit0 = len(normals)
    faces, face_errors = (np.array(part) for part in zip(*(_ball(row, _bits(row)) for row in normals), strict=True))
    cell = [ray for ray, _ in begin.cell.rays]
    exact = _largest(network.hidden) <= SMALL and _largest([begin.rows, cell]) < 2**61
    sizes = np.array(network.widths, np.int64)
    stacks = {system: _empty(network, bit0, system, 0) for system in (True, False)}
    lost = {system: _empty(network, bit0, system, LOST) for system in (True, False)}
    exponents = _exponents(network)
    compiled = {False: _weights(network, exponents)}
    if exact:
        compiled[True] = _weights(network, None)
    words = stacks[True][2].shape[1]
    signs = np.zeros((LEAVES, network.neurons), np.int8)
    masks = np.zeros((LEAVES * 16 + MAX_RAYS + network.neurons, words), np.uint64)
    owners = np.zeros(len(masks), np.int64)
    follower = Follower(network, begin)
    heights = {True: 0, False: 0}
    _begin(network, begin, bit0, None if exact else exponents, stacks[exact])
    heights[exact] = 1
    while heights[True] or heights[False]:
        system = not heights[False]  # balls first: they empty what the integers left
        compiling(system)
        leaves, listed, failed, heights[system] = run(
            system, compiled[system], faces, face_errors, sizes, stacks[system], heights[system], lost[system], 0,
            signs, masks, owners, want, EFFORT,
        )  # fmt: skip
        yield Batch(signs[:leaves].copy(), masks[:listed].copy(), owners[:listed].astype(np.int32), 0)
        if system and failed:
            heights[False] = _to_balls(lost[True], failed, exponents, stacks[False])
        elif failed:
            frames, prefixes = lost[False][3], lost[False][4]
            for i in range(failed):
                prefix = tuple(prefixes[i, : frames[i, 2]].tolist())
                yield from exact_batches(network, [follower.to(prefix)], bit0, words, want)


def fits(network: IntegerNetwork, begin: Walker) -> bool:
    """Whether the compiled walk can start here: a pointed cell of not too many rays."""
    return not begin.cell.lines and 0 not in network.widths and len(begin.cell.rays) < MAX_RAYS


def _exponents(network: IntegerNetwork) -> list[int]:
    """For every hidden neuron the power of two by which balls divide its row.

    A row over the inputs then has no entry above 1: in the first layer by its own size, above it because
    each of at most m terms is a row below times a weight of at most 1/m.
    """
    exponents: list[int] = []
    below: list[int] = []
    for depth, layer in enumerate(network.hidden):
        shifts = [0, *(below if depth else [0] * network.n)]
        room = [sum(map(bool, row)).bit_length() if depth else 0 for row in layer]
        sizes = [[c.bit_length() + e for c, e in zip(row, shifts, strict=True) if c] for row in layer]
        below = [max(size, default=0) + extra for size, extra in zip(sizes, room, strict=True)]
        exponents += below
    return exponents


def _weights(network: IntegerNetwork, exponents: Sequence[int] | None) -> np.ndarray:
    """All hidden rows below each other, bias first, padded with zeros.

    For balls neuron k is divided by ``2^exponents[k]``, and its column above multiplied by that.
    """
    widest = max(len(row) for layer in network.hidden for row in layer)
    weights = np.zeros((network.neurons, widest), np.int64 if exponents is None else np.float64)
    below, start = 0, 0
    for depth, layer in enumerate(network.hidden):
        for i, row in enumerate(layer, start):
            if exponents is not None:
                shifts = [0, *(exponents[below:start] if depth else [0] * network.n)]
                row = [_scaled(c, s - exponents[i]) for c, s in zip(row, shifts, strict=True)]
            weights[i, : len(row)] = row
        below, start = start, start + len(layer)
    return weights


def _largest(matrices: Sequence[Sequence[Sequence[int]]]) -> int:
    return max((abs(c) for rows in matrices for row in rows for c in row), default=0)


def _empty(network: IntegerNetwork, bit0: int, exact: bool, frames: int) -> Stack:
    """A stack for this many frames, or for a walk in depth and all that another system may lose."""
    total, d = network.neurons, network.n + 1
    words = (bit0 + total + 63) // 64
    depth = frames or total + 2 + LOST
    capacity = MAX_RAYS + (64 * frames or 256 * depth)
    dtype = np.int64 if exact else np.float64
    return (
        np.zeros((capacity, d), dtype),
        np.zeros(capacity),
        np.zeros((capacity, words), np.uint64),
        np.zeros((depth, 5), np.int64),
        np.zeros((depth, total), np.int8),
        np.zeros((depth, total, d), dtype),
        np.zeros((depth, total)),
    )


def _begin(network: IntegerNetwork, begin: Walker, bit0: int, exponents: "Sequence[int] | None", stack: Stack) -> None:
    """Puts the first cell on a stack: of balls with exponents, of integers without."""
    rays, errors, masks, frames, signs, rows, row_errors = stack
    for r, ((ray, _), mask) in enumerate(zip(begin.cell.rays, incidence(network, begin, bit0), strict=True)):
        rays[r], errors[r] = (np.array(ray), 0.0) if exponents is None else _ball(ray, _bits(ray))
        for w in range(masks.shape[1]):
            masks[r, w] = mask >> (64 * w) & 0xFFFFFFFFFFFFFFFF
    frames[0] = [0, len(begin.cell.rays), len(begin.signs), begin.depth, begin.start]
    signs[0, : len(begin.signs)] = begin.signs
    known = [*decided_rows(network, begin.signs)[: begin.start], *begin.rows]
    for i, row in enumerate(known):
        rows[0, i], row_errors[0, i] = (np.array(row), 0.0) if exponents is None else _ball(row, exponents[i])


def _bits(entries: Sequence[int]) -> int:
    return max(abs(c).bit_length() for c in entries)


def _scaled(value: int, shift: int) -> float:
    """``value * 2^shift``, rounded: off by 2^-53 of itself, or by 2^-1022, which every bound of a value covers."""
    bits = abs(value).bit_length()
    return math.ldexp(value / (1 << bits), bits + shift)


def _ball(entries: Sequence[int], exponent: int) -> tuple[np.ndarray, float]:
    """Integers divided by ``2^exponent``, and the largest rounding error of an entry."""
    values = np.array([_scaled(c, -exponent) for c in entries])
    return values, 0.0 if max(map(abs, entries)) < 2**53 else float(np.abs(values).max() * 2.0**-52)


def _to_balls(source: Stack, count: int, exponents: Sequence[int], target: Stack) -> int:
    """Turns int64 cells into cells of float balls; returns how many there are."""
    used = int(source[3][count - 1, 0] + source[3][count - 1, 1])
    values = source[0][:used].astype(np.float64)
    _, own = np.frexp(np.abs(values).max(axis=1))
    target[0][:used] = np.ldexp(values, -own[:, None])
    target[1][:used] = 2.0**-53
    target[2][:used] = source[2][:used]
    for part in (3, 4):
        target[part][:count] = source[part][:count]
    rows = np.ldexp(source[5][:count].astype(np.float64), -np.array(exponents)[:, None])
    target[5][:count] = rows
    target[6][:count] = np.abs(rows).max(axis=2) * 2.0**-53
    return count
