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
from itertools import pairwise
from math import prod
from operator import mul

import numpy as np
import sympy

from relucirc.measure.regions.integer_network import IntegerNetwork
from relucirc.measure.regions.rows import distinct_rows

CHUNK = 1 << 22
"""Numbers per array while a chunk of regions is worked on."""
BLOCK = 1024
"""Maps whose integers are restored together."""


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
        self._restored = (-1, np.zeros(0, object))

    def __len__(self) -> int:
        return len(self.first)

    @property
    def residues(self) -> np.ndarray:
        """One row for every map, which tells it from all other maps of the network."""
        return self._residues

    def _all_residues(self, signs: np.ndarray) -> np.ndarray:
        """One row per region, one column per prime and entry."""
        network = self._network
        if not len(signs):
            return np.zeros((0, len(self._primes) * len(network.output) * (network.n + 1)), np.int32)
        width = max([*network.widths, len(network.output)]) * (network.n + 1)
        chunk = max(1, CHUNK // width)
        parts = [self._chunk(signs[i : i + chunk]) for i in range(0, len(signs), chunk)]
        return np.concatenate(parts)

    def _chunk(self, signs: np.ndarray) -> np.ndarray:
        network, widths = self._network, self._network.widths
        active = (signs > 0).astype(np.float64)
        runs = _runs(active, widths)
        parts = [_contributions(network, prime, active, runs) for prime in self._primes]
        constants = np.concatenate([part[0] for part in parts])
        if not widths:
            return np.tile(constants, (len(signs), 1)).astype(np.int32)
        each = np.concatenate([part[1] for part in parts], axis=2)  # (runs below, last layer, residues)
        last = active[:, len(active[0]) - widths[-1] :]
        result = np.empty((len(signs), len(constants)))
        for k, (begin, end) in enumerate(pairwise([*(runs[-2] if len(widths) > 1 else [0]), len(signs)])):
            np.matmul(last[begin:end], each[k], out=result[begin:end])
        result += constants
        return _reduce(result, np.repeat(self._primes, len(constants) // len(self._primes))).astype(np.int32)

    @cached_property
    def _basis(self) -> tuple[int, list[int]]:
        """The product of the primes, and for each an integer that is 1 modulo it and 0 modulo the others."""
        product = prod(self._primes)
        return product, [product // p * pow(product // p, -1, p) for p in self._primes]

    def entries(self, i: int) -> np.ndarray:
        """Returns the exact integers of a map, of shape (outputs, 1 + coordinates)."""
        block, at = divmod(i, BLOCK)
        if self._restored[0] != block:
            self._restored = (block, self._restore(self._residues[block * BLOCK : (block + 1) * BLOCK]))
        return self._restored[1][at]

    def _restore(self, residues: np.ndarray) -> np.ndarray:
        """Integers from their residues, as an object array."""
        product, basis = self._basis
        shape = (len(residues), len(self._primes), len(self._network.output), self._network.n + 1)
        columns = residues.astype(object).reshape(shape)
        total = sum(columns[:, i] * b for i, b in enumerate(basis)) % product
        return np.where(total > product // 2, total - product, total)


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


def _runs(active: np.ndarray, widths: Sequence[int]) -> list[np.ndarray]:
    """For every layer the regions whose pattern up to this layer differs from that of the region before."""
    changed = active[1:] != active[:-1]
    column = np.where(changed.any(axis=1), changed.argmax(axis=1), active.shape[1]) if changed.size else np.zeros(0)
    begins = np.concatenate([[-1], column])  # the first region begins a run of every layer
    return [np.flatnonzero(begins < end) for end in np.cumsum(widths)]


def _contributions(
    network: IntegerNetwork, prime: int, active: np.ndarray, runs: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What each neuron of the last hidden layer adds to the output map where it is active, modulo a prime.

    Returns:
        The constant part of the map, flat; and for every run of the layers below an array of shape
        (neurons, entries of the map).
    """
    layers = [np.array([[c % prime for c in row] for row in layer], np.float64) for layer in network.hidden]
    output = np.array([[c % prime for c in row] for row in network.output], np.float64)
    if not layers:
        return output.reshape(-1), np.zeros((1, 0, output.size))
    rows = layers[0][:, None, :]  # (neurons, runs, 1 + coordinates)
    begins = np.zeros(1, np.int64)
    start = 0
    for width, at, matrix in zip(network.widths, runs, layers[1:], strict=False):
        parent = np.searchsorted(begins, at, side="right") - 1
        below = rows[:, parent, :] * active[at, start : start + width].T[:, :, None]
        above = matrix[:, 1:] @ below.reshape(width, -1)
        rows = above.reshape(len(matrix), *below.shape[1:])
        rows[:, :, 0] += matrix[:, :1]
        rows = _reduce(rows, prime)
        begins, start = at, start + width
    each = _reduce(output[:, 1:, None, None] * rows[None], prime)  # (outputs, neurons, runs, 1 + coordinates)
    constants = np.zeros((len(output), network.n + 1))
    constants[:, 0] = output[:, 0]
    return constants.reshape(-1), each.transpose(2, 1, 0, 3).reshape(rows.shape[1], len(rows), -1)


def _reduce(values: np.ndarray, prime: "int | np.ndarray") -> np.ndarray:
    """Brings integers from 0 to 2^52, in float64, below a prime; the quotient is off by one at most."""
    values -= prime * np.floor(values * (1.0 / prime))
    values += prime * (values < 0)
    values -= prime * (values >= prime)
    return values
