"""The exact output maps of many regions at once, told apart by residues.

On a region the network is a product of integer matrices with some rows struck out, so every entry
of its map is an integer of absolute value at most B, where B comes from the absolute values of all
weights.  Modulo primes whose product exceeds 2 B, the residues of an entry determine it (Chinese
remainder theorem): two regions have one map iff all residues agree, and the integers themselves
come back whenever they are wanted.

Residues are computed for whole batches by float64 matrix products.  These are exact: with primes
below 2^k, a sum of m products of residues is an integer below m 2^(2k) <= 2^52.
"""

from collections.abc import Sequence
from functools import cached_property
from math import prod
from operator import mul

import numpy as np
import sympy

from relucirc.complexes.integer_network import IntegerNetwork

CHUNK = 1 << 22
"""Numbers per array while a chunk of regions is worked on."""


class OutputMaps:
    """The output map of every region.

    Args:
        network: The network.
        signs: The signs of all hidden neurons, one row per region.

    Attributes:
        numbers: For every region the number of its map; maps are numbered in order of appearance.
        first: For every map the first region that has it.
    """

    def __init__(self, network: IntegerNetwork, signs: np.ndarray) -> None:
        self._network = network
        self._primes = _primes(network)
        residues = self._all_residues(signs)
        self.numbers, self.first = distinct_rows(residues)
        self._residues = residues[self.first]

    def __len__(self) -> int:
        return len(self.first)

    def _all_residues(self, signs: np.ndarray) -> np.ndarray:
        """One row per region, one column per prime and entry."""
        network = self._network
        width = max([*network.widths, len(network.output)]) * (network.n + 1)
        chunk = max(1, CHUNK // width)
        parts = [self._chunk(signs[i : i + chunk]) for i in range(0, len(signs), chunk)]
        return np.concatenate(parts)

    def _chunk(self, signs: np.ndarray) -> np.ndarray:
        runs = _runs(signs, self._network.widths)
        parts = [_residues(self._network, prime, signs, runs) for prime in self._primes]
        return np.concatenate(parts, axis=1)

    @cached_property
    def _basis(self) -> tuple[int, list[int]]:
        """The product of the primes, and for each an integer that is 1 modulo it and 0 modulo the others."""
        product = prod(self._primes)
        return product, [product // p * pow(product // p, -1, p) for p in self._primes]

    def entries(self, maps: slice) -> np.ndarray:
        """Returns exact integers of some maps, an object array of shape (maps, outputs, 1 + coordinates)."""
        chosen = self._residues[maps].astype(object)
        product, basis = self._basis
        chosen = chosen.reshape(len(chosen), len(self._primes), len(self._network.output), self._network.n + 1)
        total = sum(chosen[:, i] * b for i, b in enumerate(basis)) % product
        return np.where(total > product // 2, total - product, total)


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the distinct rows of an integer matrix in order of appearance.

    Returns:
        For every row its number, and for every number the first row that has it.
    """
    columns = rows.reshape(len(rows), int(np.prod(rows.shape[1:])))
    rng = np.random.default_rng(20220131)
    mixers = rng.integers(1, 2**63, size=columns.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    with np.errstate(over="ignore"):
        hashes = np.zeros(len(rows), np.uint64)
        for j, mixer in enumerate(mixers):
            hashes ^= columns[:, j].astype(np.uint64)
            hashes *= mixer
            hashes ^= hashes >> np.uint64(29)
    _, first, numbers = np.unique(hashes, return_index=True, return_inverse=True)
    if not (columns == columns[first[numbers]]).all():  # two rows share a hash
        _, first, numbers = np.unique(columns, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[numbers.reshape(-1)], first[order]


def _primes(network: IntegerNetwork) -> list[int]:
    """Primes whose product is more than twice any entry of any output map."""
    first, *others = (*network.hidden, network.output)
    bounds = [max(map(abs, row[1:]), default=0) for row in first]
    constants = [abs(row[0]) for row in first]
    for layer in others:
        sizes = [[abs(c) for c in row] for row in layer]
        bounds = [sum(map(mul, row[1:], bounds)) for row in sizes]
        constants = [row[0] + sum(map(mul, row[1:], constants)) for row in sizes]
    needed = 2 * max([*bounds, *constants], default=0) + 1
    widest = max([network.n, *network.widths]) + 1
    prime = 1 << (52 - widest.bit_length()) // 2
    primes: list[int] = []
    while prod(primes) <= needed:
        prime = int(sympy.prevprime(prime))
        primes.append(prime)
    return primes


def _runs(signs: np.ndarray, widths: Sequence[int]) -> list[np.ndarray]:
    """For every layer, the rows where the pattern up to and with this layer begins to differ from the row before."""
    active = signs > 0
    changed = active[1:] != active[:-1]
    column = np.where(changed.any(axis=1), changed.argmax(axis=1), active.shape[1]) if changed.size else np.zeros(0)
    begins = np.concatenate([[-1], column])  # the first row begins every run
    return [np.flatnonzero(begins < end) for end in np.cumsum(widths)]


def _residues(network: IntegerNetwork, prime: int, signs: np.ndarray, runs: list[np.ndarray]) -> np.ndarray:
    """The output map of every region modulo a prime, one row per region."""
    layers = (*network.hidden, network.output)
    matrices = [np.array([[c % prime for c in row] for row in layer], np.float64) for layer in layers]
    rows = matrices[0][:, None, :]  # (neurons, runs, 1 + coordinates)
    begins = np.zeros(1, np.int64)
    start = 0
    for depth, matrix in enumerate(matrices[1:]):
        end = start + network.widths[depth]
        at = runs[depth]
        parent = np.searchsorted(begins, at, side="right") - 1
        active = signs[at, start:end].T > 0
        below = rows[:, parent, :] * active[:, :, None]
        width, count, d = below.shape
        above = matrix[:, 1:] @ below.reshape(width, count * d)
        rows = above.reshape(len(matrix), count, d)
        rows[:, :, 0] += matrix[:, :1]
        rows -= prime * np.floor(rows * (1.0 / prime))
        rows += prime * (rows < 0)
        rows -= prime * (rows >= prime)
        begins, start = at, end
    spread = rows[:, np.searchsorted(begins, np.arange(len(signs)), side="right") - 1, :]
    return spread.transpose(1, 0, 2).reshape(len(signs), -1).astype(np.int32)
