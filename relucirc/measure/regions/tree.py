"""The complex found by walking the tree of sign patterns, in any number of coordinates."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq, fmpz_mat

from relucirc.core.forms import Form
from relucirc.core.modular import reduced
from relucirc.core.rows import echelon
from relucirc.geometry.cell import Cell, normal_of
from relucirc.geometry.region import Region
from relucirc.measure.regions import compilation
from relucirc.measure.regions.adjacency import Adjacency, adjacency_of, packed
from relucirc.measure.regions.batch import VERTICES, Batch, exact_batches
from relucirc.measure.regions.compiled_walk import compiled_batches, fits
from relucirc.measure.regions.exact_walk import Follower, Walker, decided_rows
from relucirc.measure.regions.integer_network import IntegerNetwork
from relucirc.measure.regions.lazy import LazySequence
from relucirc.measure.regions.rows import distinct_rows


@dataclass(frozen=True)
class Start:
    """Where the walk starts.

    Attributes:
        network: The network.
        cell: The domain.
        normals: The domain's constraints that have bits in the masks, the first of them infinity.
        compiled: Whether compiled code walks where it can; None: once that pays.
    """

    network: IntegerNetwork
    cell: Cell
    normals: tuple[tuple[int, ...], ...]
    compiled: bool | None

    @staticmethod
    def of(network: IntegerNetwork, constraints: Sequence[Form], compiled: bool | None) -> "Start":
        """Builds the domain's cell; its constraints leave it an interior."""
        region = Region.of(constraints, network.n)
        assert region is not None
        infinity = (1, *[0] * network.n)
        return Start(network, region.cell, (infinity, *(normal_of(cut, network.n) for cut in region.cuts)), compiled)

    @property
    def words(self) -> int:
        """How many 64-bit words a mask has."""
        return max(1, (len(self.normals) + self.network.neurons + 63) // 64)

    def batches(self, want: int) -> Iterator[Batch]:
        """Regions in batches: compiled, where it is wanted, from every cell where that can start, exact until then."""
        if want == VERTICES and self._fixed():
            return
        inner = self.inner
        yield from self.below([Walker.begin(inner.network, inner.cell)], want)

    @property
    def inner(self) -> "Start":
        """Where walkers start: across the lines that all regions have, if compiled code may walk."""
        fixed = self._fixed()
        return self._across(fixed) if fixed and self.compiled is not False else self

    def below(self, stack: list[Walker], want: int) -> Iterator[Batch]:
        """The regions below walkers of :attr:`inner`, in batches."""
        bit0, words, start = len(self.normals), self.words, self.inner
        network = start.network
        if not (self.compiled or (self.compiled is None and compilation.is_ready())):
            begun = time.monotonic()
            for batch in exact_batches(network, stack, bit0, words, want):
                yield batch
                left = sum(walker.share for walker in stack)
                if self.compiled is None and compilation.pays(time.monotonic() - begun, left):
                    break
        while stack:
            walker = stack.pop()
            if fits(network, walker) and not walker.is_done(network):
                yield from compiled_batches(network, walker, start.normals, want)
            elif walker.cell.lines and not walker.is_done(network):
                stack.extend(walker.step(network))
            else:
                yield from exact_batches(network, [walker], bit0, words, want)

    def _fixed(self) -> set[int]:
        """Coordinates to be kept at zero, one for each line that all regions have: they are cylinders over the rest.

        The lines are the directions in which neither the domain nor the first layer, hence no layer, changes:
        the kernel of both, to which the coordinates that are no pivots are complementary.
        """
        if not self.cell.lines or not self.network.hidden:
            return set()
        rows = [row[1:] for row in (*self.normals[1:], *self.network.hidden[0])]
        _, pivots = reduced(rows)
        if len(pivots) < min(self.network.n, len(rows)):  # fewer, or the prime is unlucky
            _, pivots = echelon([[fmpq(c) for c in row] for row in rows])
        return set(range(self.network.n)) - set(pivots)

    def _across(self, fixed: Collection[int]) -> "Start":
        """The same where some coordinates are zero; see :meth:`_fixed`."""
        kept = [0, *(j + 1 for j in range(self.network.n) if j not in fixed)]

        def restrict(rows: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
            return tuple(tuple(row[j] for j in kept) for row in rows)

        below = self.network
        network = replace(below, n=len(kept) - 1, hidden=(restrict(below.hidden[0]), *below.hidden[1:]))
        cuts = [Form(dict(enumerate(map(fmpq, row[1:]))), fmpq(row[0])) for row in restrict(self.normals[1:])]
        return Start.of(network, cuts, self.compiled)


class Tree:
    """Regions with their facets, as arrays.

    Args:
        start: Where the walk started.
        batches: What it found.
        complete: Whether that is all there is.

    Attributes:
        signs: The signs of the hidden neurons, one row per region.
        replayed: How many regions were walked exactly.
    """

    def __init__(self, start: Start, batches: Sequence[Batch], *, complete: bool = True) -> None:
        batches = [Batch.empty(start.network.neurons, start.words), *batches]
        self._complete = complete
        offsets = np.cumsum([0, *(len(batch.signs) for batch in batches)])
        self._start = start
        self.signs = np.concatenate([batch.signs for batch in batches])
        self._facets = np.concatenate([batch.masks for batch in batches])
        self._owners = np.concatenate(
            [b.owners + np.int32(offset) for b, offset in zip(batches, offsets, strict=False)]
        )
        self.replayed = sum(batch.replayed for batch in batches)

    @cached_property
    def _follower(self) -> Follower:
        return Follower(self._start.network, Walker.begin(self._start.network, self._start.cell))

    def cell(self, i: int) -> Cell:
        """Works out a region's cell exactly."""
        return self._follower.to(tuple(self.signs[i].tolist())).cell

    def adjacency(self) -> Adjacency:
        """Pairs of regions that share a facet."""
        return adjacency_of(self.signs, self._facets, self._owners, complete=self._complete)

    def vertices(self) -> Sequence[tuple[fmpq, ...]]:
        """The distinct vertices.

        A vertex is told by the domain's constraints that are tight there and the signs of all
        pre-activations, zeros included; both are the same from every region around it.
        """
        if not self._complete:
            return sorted({vertex for i in range(len(self.signs)) for vertex in self.cell(i).vertices})
        bit0, total = self._start.cell.cuts, self._start.network.neurons
        parts = [np.zeros((0, bit0 + total), np.int8)]
        for batch in self._start.batches(VERTICES):
            if len(batch.owners):
                bits = np.unpackbits(batch.masks.astype("<u8").view(np.uint8), axis=1, bitorder="little")
                signs = np.where(bits[:, bit0 : bit0 + total] == 1, 0, batch.signs[batch.owners])
                keys = np.concatenate([bits[:, :bit0], signs], axis=1).astype(np.int8)
                parts.append(keys[_first_of_each(keys)])
        keys = np.concatenate(parts)
        keys = keys[_first_of_each(keys)]
        return LazySequence(len(keys), lambda i: self._vertex(keys[i]), "vertices")

    def _vertex(self, key: np.ndarray) -> tuple[fmpq, ...]:
        """Solves for the one point where everything that is zero in the key is zero."""
        network, bit0 = self._start.network, self._start.cell.cuts
        rows = decided_rows(network, tuple(key[bit0:].tolist()))
        tight: list[Any] = [row for row, sign in zip(rows, key[bit0:], strict=True) if sign == 0]
        tight += [normal for normal, bit in zip(self._start.normals, key[:bit0], strict=True) if bit]
        if network.n == 0:
            return ()
        kernel, nullity = fmpz_mat([list(row) for row in tight]).nullspace()
        assert nullity == 1
        scale, *values = (kernel[i, 0] for i in range(network.n + 1))
        return tuple(fmpq(value, scale) for value in values)


def _first_of_each(keys: np.ndarray) -> np.ndarray:
    """The first row of each distinct one."""
    _, first = distinct_rows(np.concatenate([packed(keys > 0), packed(keys < 0)], axis=1))
    return first
