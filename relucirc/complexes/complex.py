"""``regions``: the activation regions, linear pieces and affine maps of a network, exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from flint import fmpq, fmpz_mat

from relucirc.budget import Budget, OutOfBudget
from relucirc.complexes.compiled_walk import Batch, compiled_batches, fits, is_available
from relucirc.complexes.exact_walk import Walker, facet_masks, walk
from relucirc.complexes.integer_network import IntegerNetwork
from relucirc.domain import read_domain
from relucirc.errors import DomainError, RelucircError
from relucirc.exact import to_rational
from relucirc.geometry.cell import Cell, cell_of
from relucirc.network import MLP


@dataclass(frozen=True)
class AffineMap:
    """``x -> weight @ x + bias`` with exact entries.

    Attributes:
        weight: One row per output.
        bias: One entry per output.
    """

    weight: tuple[tuple[sympy.Rational, ...], ...]
    bias: tuple[sympy.Rational, ...]


@dataclass(frozen=True)
class Region:
    """A full-dimensional set on which every hidden pre-activation has one sign.

    Attributes:
        signs: One of 1, -1 or 0 (identically zero) per hidden neuron, layer by layer.
        vertices: Exact vertices.
        directions: Extreme directions of the recession cone; empty for a bounded region.
        lines: A basis of the lineality space; empty for a region with vertices.
        affine_map: What the network computes there.
    """

    signs: tuple[int, ...]
    vertices: tuple[tuple[sympy.Rational, ...], ...]
    directions: tuple[tuple[int, ...], ...]
    lines: tuple[tuple[int, ...], ...]
    affine_map: AffineMap


@dataclass(frozen=True)
class Piece:
    """A maximal facet-connected union of activation regions with one affine map.

    Attributes:
        regions: Indices into ``activation_regions``.
        affine_map: Index into ``affine_maps``.
    """

    regions: tuple[int, ...]
    affine_map: int


class Complex:
    """The polyhedral complex of a network on a domain; made by :func:`regions`.

    Everything is exact.  Counting regions is immediate; maps, adjacency, pieces and vertices are
    worked out when they are first asked for.
    """

    def __init__(
        self, network: IntegerNetwork, begin: Walker, signs: np.ndarray, facets: np.ndarray, owners: np.ndarray, replayed: int
    ) -> None:
        self._network = network
        self._begin = begin
        self._signs = signs
        self._facets = facets
        self._owners = owners
        self.replayed = replayed
        """How many regions floats could not certify and exact integers walked."""

    @property
    def activation_regions(self) -> "Regions":
        """The activation regions, a sequence of :class:`Region`."""
        return Regions(self)

    @cached_property
    def _maps(self) -> tuple[np.ndarray, list[tuple[int, ...]]]:
        """For every region the number of its map, and the distinct maps as integer rows."""
        numbers: dict[tuple[int, ...], int] = {}
        index = np.zeros(len(self._signs), np.int64)
        for i, entries in enumerate(_output_rows(self._network, self._signs)):
            index[i] = numbers.setdefault(entries, len(numbers))
        return index, list(numbers)

    @property
    def affine_maps(self) -> "list[AffineMap]":
        """The distinct affine maps."""
        return [self._affine_map(entries) for entries in self._maps[1]]

    def _affine_map(self, entries: Sequence[int]) -> AffineMap:
        width = self._network.n + 1
        rows = [entries[i * width : (i + 1) * width] for i in range(len(self._network.denominators))]
        exact = [
            [to_rational(fmpq(c, denominator)) for c in row]
            for row, denominator in zip(rows, self._network.denominators, strict=True)
        ]
        return AffineMap(tuple(tuple(row[1:]) for row in exact), tuple(row[0] for row in exact))

    @cached_property
    def adjacency(self) -> list[tuple[int, int]]:
        """Pairs of regions that share a facet, ``i < j``, sorted."""
        return sorted(_adjacent_pairs(self._signs, self._facets, self._owners))

    @cached_property
    def linear_pieces(self) -> list[Piece]:
        """Maximal facet-connected unions of regions with one affine map."""
        index, _ = self._maps
        parent = list(range(len(self._signs)))

        def root(i: int) -> int:
            while parent[i] != i:
                parent[i] = parent[parent[i]]
                i = parent[i]
            return i

        for i, j in self.adjacency:
            if index[i] == index[j]:
                parent[root(i)] = root(j)
        members: dict[int, list[int]] = {}
        for i in range(len(parent)):
            members.setdefault(root(i), []).append(i)
        return [Piece(tuple(group), int(index[group[0]])) for group in members.values()]

    @cached_property
    def vertices(self) -> list[tuple[sympy.Rational, ...]]:
        """The distinct vertices of all regions."""
        found: dict[tuple[sympy.Rational, ...], None] = {}
        for region in self.activation_regions:
            found.update(dict.fromkeys(region.vertices))
        return list(found)

    def region(self, i: int) -> Region:
        """Works out one activation region exactly."""
        signs = tuple(int(s) for s in self._signs[i])
        walker = self._begin.forced(self._network, signs)
        cell = walker.cell
        return Region(
            signs,
            tuple(tuple(map(to_rational, vertex)) for vertex in cell.vertices),
            tuple(cell.directions),
            tuple(line[1:] for line in cell.lines),
            self._affine_map([c for row in walker.rows for c in row]),
        )

    def __len__(self) -> int:
        return len(self._signs)

    def __repr__(self) -> str:
        return f"Complex({len(self)} activation regions of {len(self._begin.rows)}-neuron first layer)"


@dataclass(frozen=True)
class Regions(Sequence[Region]):
    """The activation regions of a complex, worked out one at a time."""

    complex: Complex

    def __len__(self) -> int:
        return len(self.complex)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self.complex.region(k) for k in range(*i.indices(len(self)))]
        if not -len(self) <= i < len(self):
            raise IndexError(f"region {i} of {len(self)}")
        return self.complex.region(i % len(self))

    def __iter__(self) -> Iterator[Region]:
        return (self.complex.region(i) for i in range(len(self)))


def regions(net: MLP, domain: Any = None, *, budget: float | None = None, compiled: bool | None = None) -> Complex:
    """Finds all activation regions of a network on a domain, exactly.

    An activation region is a full-dimensional set with one sign pattern of the hidden
    pre-activations; one that is identically zero on the set has sign 0.  Degenerate arrangements,
    unbounded regions and lines inside regions are ordinary.

    Args:
        net: A network; its float weights mean exactly the binary values that they hold.
        domain: A polyhedron with interior, as for :func:`relucirc.prove`; None for all of R^n.
        budget: Seconds of wall time; None for no limit.
        compiled: Whether to walk in compiled machine arithmetic, which certifies every region by
            error bounds or exact integers and hands the rest to exact arithmetic.  By default,
            where numba is installed (``pip install 'relucirc[fast]'``).

    Returns:
        A :class:`Complex` with ``activation_regions``, ``linear_pieces``, ``affine_maps``,
        ``vertices`` and ``adjacency``.

    Raises:
        DomainError: For a domain without interior.
        RelucircError: When the budget ends first, saying how many regions were found.

    Example:
        >>> import relucirc
        >>> found = regions(relucirc.circuits.minimum())
        >>> len(found.activation_regions), len(found.linear_pieces)
        (4, 2)
    """
    where = read_domain(domain, net.inputs)
    if any(relation.op == "==" for relation in where.relations):
        raise DomainError("regions: expected a domain with interior, got one with equalities; substitute them first.")
    cell = cell_of([relation.form for relation in where.relations], len(net.inputs))
    if cell is None:
        raise DomainError("regions: expected a domain with interior, got one that is empty or flat.")
    network = IntegerNetwork.of(net)
    clock = Budget(budget)
    found: list[Batch] = []
    try:
        for batch in _batches(network, cell, is_available() if compiled is None else compiled):
            found.append(batch)
            clock.progress["regions"] = clock.progress.get("regions", 0) + len(batch.signs)
            clock.step()
    except OutOfBudget:
        raise RelucircError(
            f"regions: the budget of {budget:g} s ended after {clock.progress['regions']} regions; pass a larger one."
        ) from None
    offsets = np.cumsum([0, *(len(batch.signs) for batch in found)])
    return Complex(
        network,
        Walker.begin(network, cell),
        np.concatenate([batch.signs for batch in found]),
        np.concatenate([batch.facets for batch in found]),
        np.concatenate([batch.owners + offset for batch, offset in zip(found, offsets, strict=False)]),
        sum(batch.replayed for batch in found),
    )


def _batches(network: IntegerNetwork, cell: Cell, compiled: bool) -> Iterator[Batch]:
    """Regions in batches: compiled from every cell where that can start, exact until then."""
    total = sum(network.widths)
    words = max(1, (total + 63) // 64)

    def exact_batch(walkers: Sequence[Walker]) -> Batch:
        signs = np.array([w.signs for w in walkers], np.int8).reshape(len(walkers), total)
        facets = [(i, mask) for i, w in enumerate(walkers) for mask in facet_masks(network, w, cell.cuts)]
        masks = [[mask >> (64 * w) & 0xFFFFFFFFFFFFFFFF for w in range(words)] for _, mask in facets]
        owners = np.array([i for i, _ in facets], np.int64)
        return Batch(signs, np.array(masks, np.uint64).reshape(len(facets), words), owners, len(walkers))

    stack = [Walker.begin(network, cell)]
    while stack:
        walker = stack.pop()
        if walker.is_done(network):
            yield exact_batch([walker])
        elif compiled and fits(network, walker):
            yield from compiled_batches(network, walker, cell.cuts, exact_batch)
        elif compiled and walker.cell.lines:
            stack.extend(walker.step(network))
        else:
            yield from (exact_batch(chunk) for chunk in _chunks(walk(network, walker)))


def _chunks(walkers: Iterator[Walker], size: int = 256) -> Iterator[list[Walker]]:
    chunk: list[Walker] = []
    for walker in walkers:
        chunk.append(walker)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _output_rows(network: IntegerNetwork, signs: np.ndarray) -> Iterator[tuple[int, ...]]:
    """The exact output map of every region; neighbours in the walk share their lower layers."""
    if not network.hidden:
        yield from (tuple(c for row in network.output for c in row) for _ in signs)
        return
    ends = np.cumsum(network.widths).tolist()
    biased = [fmpz_mat([list(row) for row in layer]) for layer in (*network.hidden, network.output)]
    unit = fmpz_mat([[1, *[0] * network.n]])
    cached: list[bytes] = [b""] * len(ends)
    values: list[Any] = [None] * len(ends)
    for row in signs:
        below: Any = None
        fresh = False
        for depth, end in enumerate(ends):
            start = end - network.widths[depth]
            key = row[start:end].tobytes()
            if fresh or values[depth] is None or cached[depth] != key:
                fresh = True
                pre = biased[0] if depth == 0 else biased[depth] * below
                active = (row[start:end] > 0).tolist()
                rows = pre.table()
                zero = [0] * (network.n + 1)
                values[depth] = fmpz_mat([unit.table()[0], *(r if a else zero for r, a in zip(rows, active, strict=True))])
                cached[depth] = key
            below = values[depth]
        yield tuple(int(c) for c in (biased[-1] * below).entries())


def _adjacent_pairs(signs: np.ndarray, facets: np.ndarray, owners: np.ndarray) -> set[tuple[int, int]]:
    """Regions on the two sides of a facet: equal signs but for the neurons that vanish on it."""
    groups: dict[bytes, list[int]] = {}
    total = signs.shape[1]
    for i in range(0, len(owners), 1 << 16):
        chosen = owners[i : i + (1 << 16)]
        bits = np.unpackbits(facets[i : i + (1 << 16)].view(np.uint8), axis=1, bitorder="little")[:, :total]
        blanked = np.where(bits.astype(bool), np.int8(7), signs[chosen])
        for owner, key in zip(chosen.tolist(), blanked, strict=True):
            groups.setdefault(key.tobytes(), []).append(owner)
    pairs = set()
    for group in groups.values():
        pairs |= {(a, b) if a < b else (b, a) for a in group for b in group if a != b}
    return pairs
