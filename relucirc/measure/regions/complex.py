"""``regions``: the activation regions, linear pieces and affine maps of a network, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from flint import fmpq
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from relucirc.core.answer import Answer, plain
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.crew import gathered
from relucirc.core.errors import DomainError, NetworkError, RelucircError
from relucirc.core.exact import to_rational
from relucirc.core.forms import Form
from relucirc.core.pieces import Outcome
from relucirc.core.printing import number_text
from relucirc.core.progress import Progress, watched
from relucirc.core.together import solve
from relucirc.geometry.cell import Cell
from relucirc.geometry.chart import Chart, chart_of_domain
from relucirc.geometry.line_function import interval
from relucirc.language.as_network import as_network
from relucirc.language.domain import read_domain
from relucirc.language.network import MLP
from relucirc.measure.regions.adjacency import Adjacency
from relucirc.measure.regions.batch import FACETS, Batch
from relucirc.measure.regions.compilation import is_available
from relucirc.measure.regions.definitions import Known, RegionCounts, counts_of
from relucirc.measure.regions.integer_network import IntegerNetwork
from relucirc.measure.regions.lazy import LazySequence
from relucirc.measure.regions.line import Line, sweep
from relucirc.measure.regions.maps import OutputMaps
from relucirc.measure.regions.sharing import batches_of, walk_part
from relucirc.measure.regions.tree import Start, Tree
from relucirc.measure.regions.volumes import volume_of

Point = tuple[sympy.Rational, ...]


@dataclass(frozen=True)
class AffineMap:
    """``x -> weight @ x + bias`` with exact entries.

    On a domain of lower dimension, where the weights are not unique, they are zero for the inputs
    that the domain's equalities express by others.

    Attributes:
        weight: One row per output.
        bias: One entry per output.
    """

    weight: tuple[Point, ...]
    bias: Point

    def __call__(self, *point: Any) -> Point:
        """Returns the value at a point."""
        return tuple(
            sum((w * x for w, x in zip(row, point, strict=True)), start=b)
            for row, b in zip(self.weight, self.bias, strict=True)
        )

    def __str__(self) -> str:
        rows = "; ".join(", ".join(map(number_text, row)) for row in self.weight)
        return f"x -> [{rows}] x + [{', '.join(map(number_text, self.bias))}]"


@dataclass(frozen=True)
class Region:
    """A full-dimensional set on which every hidden pre-activation has one sign.

    Its closure is the convex hull of the vertices, plus multiples >= 0 of the directions, plus any
    multiples of the lines.

    Attributes:
        signs: One of 1, -1 or 0 (identically zero) per hidden neuron, layer by layer.
        vertices: Exact vertices; of a region with lines, a point on each of its smallest faces.
        directions: Extreme directions of the recession cone; empty for a bounded region.
        lines: A basis of the lineality space; empty for a region with vertices.
        interior: A point strictly inside.
        affine_map: What the network computes there.
    """

    signs: tuple[int, ...]
    vertices: tuple[Point, ...]
    directions: tuple[Point, ...]
    lines: tuple[Point, ...]
    interior: Point
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


class Complex(Answer):
    """The polyhedral complex of a network on a domain; made by :func:`regions`.

    Everything is exact.  Counting regions is immediate; maps, adjacency, pieces and vertices are
    worked out when they are first asked for, and their items one at a time.

    Attributes:
        status: ``"complete"``, or ``"unknown"`` where perhaps not all regions were found.  Then everything here
            is about those that were: pieces and neighbours among them, their vertices.
        reason: One sentence for people: how many were found, and why not all.
        seconds: Wall time used to find the regions.
        certificate: None: everything can be worked out again.
        source: The network and the domain, for pictures.
    """

    def __init__(
        self,
        network: IntegerNetwork,
        chart: Chart,
        found: Tree | Line,
        ended: str | None = None,
        seconds: float = 0.0,
        source: tuple[MLP, Any] | None = None,
    ) -> None:
        self.source = source
        self._network = network
        self._chart = chart
        self._found = found
        self.status = "complete" if ended is None else "unknown"
        self.seconds = seconds
        self.certificate = None
        count = f"{len(self):,} activation region{'s' * (len(self) != 1)}"
        self.reason = f"{count} in all." if ended is None else f"{count} found, perhaps not all: {ended}."

    @property
    def complete(self) -> bool:
        """Whether all regions were found."""
        return self.status == "complete"

    @property
    def signs(self) -> np.ndarray:
        """The signs of the hidden neurons, an int8 array of shape (regions, neurons)."""
        return self._found.signs

    @property
    def replayed(self) -> int:
        """How many regions exact integers walked: before compiling paid, or where machine arithmetic is not certain."""
        return self._found.replayed

    @property
    def activation_regions(self) -> Sequence[Region]:
        """The activation regions."""
        return LazySequence(len(self), self._region, "activation regions")

    @cached_property
    def _maps(self) -> OutputMaps:
        return OutputMaps(self._network, self.signs)

    @property
    def affine_maps(self) -> Sequence[AffineMap]:
        """The distinct affine maps."""
        return LazySequence(len(self._maps), self._affine_map, "affine maps")

    @property
    def map_numbers(self) -> np.ndarray:
        """For every activation region the index of its map in ``affine_maps``."""
        return self._maps.numbers

    @cached_property
    def adjacency(self) -> Adjacency:
        """Pairs of regions that share a facet, ``i < j``, sorted."""
        return self._found.adjacency()

    @property
    def linear_pieces(self) -> Sequence[Piece]:
        """Maximal facet-connected unions of regions with one affine map."""
        return LazySequence(len(self._pieces[1]), self._piece, "linear pieces")

    @cached_property
    def _pieces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Regions sorted by piece, where each piece begins and ends there, and the piece of every region."""
        numbers, pairs = self.map_numbers, self.adjacency.array
        same = pairs[numbers[pairs[:, 0]] == numbers[pairs[:, 1]]]
        graph = coo_matrix((np.ones(len(same), np.int8), (same[:, 0], same[:, 1])), shape=(len(self), len(self)))
        count, labels = connected_components(graph, directed=False)
        order = np.argsort(labels, kind="stable")
        begins = np.searchsorted(labels[order], np.arange(count + 1))
        return order, np.stack([begins[:-1], begins[1:]], axis=1), labels

    def _piece(self, i: int) -> Piece:
        order, spans, _ = self._pieces
        begin, end = spans[i]
        members = order[begin:end].tolist()
        return Piece(tuple(members), int(self.map_numbers[members[0]]))

    @property
    def volumes(self) -> Sequence[sympy.Rational | None]:
        """The exact volumes of the activation regions; None for those that are not bounded.

        Raises:
            RelucircError: On a domain without interior.
        """
        if len(self._chart.free) < len(self._chart.forms):
            raise RelucircError("volumes: expected a domain with interior.")
        return LazySequence(len(self), self._volume, "volumes")

    def _volume(self, i: int) -> sympy.Rational | None:
        found = volume_of(self._found.cell(i))
        return None if found is None else to_rational(found)

    @cached_property
    def counts(self) -> RegionCounts:
        """How many linear regions there are by each of the six definitions that are in use.

        Raises:
            RelucircError: Where not all regions were found.
        """
        if not self.complete:
            raise RelucircError("counts: expected all regions, but the budget ended before they were found.")
        pairs, pieces = self.adjacency.array.tolist(), self._pieces[2].tolist()
        known = Known(self.signs, pairs, pieces, self.map_numbers.tolist(), self._maps.entries)
        return counts_of(Start.of(self._network, self._chart.constraints, compiled=False), known)

    @cached_property
    def vertices(self) -> Sequence[Point]:
        """The distinct vertices of all regions."""
        found = self._found.vertices()
        return LazySequence(len(found), lambda i: self._lift(found[i]), "vertices")

    def _region(self, i: int) -> Region:
        cell = self._found.cell(i)
        return Region(
            tuple(self.signs[i].tolist()),
            tuple(self._lift(vertex) for vertex in cell.vertices),
            tuple(self._lift_direction(direction) for direction in cell.directions),
            tuple(self._lift_direction(line[1:]) for line in cell.lines),
            self._lift(cell.interior_point()),
            self._affine_map(int(self.map_numbers[i])),
        )

    def _lift(self, coordinates: Sequence[fmpq]) -> Point:
        return tuple(map(to_rational, self._chart.lift(coordinates)))

    def _lift_direction(self, direction: Sequence[int]) -> Point:
        moved = [Form(form.terms).evaluate([fmpq(c) for c in direction]) for form in self._chart.forms]
        return tuple(map(to_rational, moved))

    def _affine_map(self, i: int) -> AffineMap:
        place = {v: k + 1 for k, v in enumerate(self._chart.free)}
        weight, bias = [], []
        for row, denominator in zip(self._maps.entries(i), self._network.denominators, strict=True):
            entries = [sympy.Rational(int(c), denominator) for c in row]
            inputs = range(len(self._chart.forms))
            weight.append(tuple(entries[place[v]] if v in place else sympy.Integer(0) for v in inputs))
            bias.append(entries[0])
        return AffineMap(tuple(weight), tuple(bias))

    def __len__(self) -> int:
        return len(self.signs)

    def __str__(self) -> str:
        neurons, inputs = self.signs.shape[1], len(self._chart.forms)
        size = f"{neurons:,} hidden neuron{'s' * (neurons != 1)} in {inputs} input{'s' * (inputs != 1)}"
        return f"{self.status}: {self.reason}\n{size}"

    def to_json(self) -> dict[str, Any]:
        """Returns counts and the distinct affine maps as plain JSON data."""
        return {
            "status": self.status,
            "reason": self.reason,
            "seconds": round(self.seconds, 6),
            "activation_regions": len(self),
            "linear_pieces": len(self.linear_pieces),
            "affine_maps": [{"weight": plain(found.weight), "bias": plain(found.bias)} for found in self.affine_maps],
            "certificate": self.certificate,
        }

    def __repr__(self) -> str:
        least = "" if self.complete else "at least "
        return f"<complex of {least}{len(self)} activation regions in {len(self._chart.forms)} inputs>"


def regions(
    net: MLP,
    domain: Any = None,
    *,
    budget: float | None = None,
    progress: Progress = None,
    compiled: bool | None = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> Complex:
    """Finds all activation regions of a network on a domain, exactly.

    An activation region is a full-dimensional set with one sign pattern of the hidden
    pre-activations; one that is identically zero on the set has sign 0.  Degenerate arrangements,
    unbounded regions and lines inside regions are ordinary.  On a domain that lies in a proper
    affine subspace, full-dimensional means: within that subspace.

    A network of one input is swept from left to right, and put together from its bottlenecks
    where it is a composition.

    Args:
        net: A network; its float weights mean exactly the binary values that they hold.
        domain: A polyhedron, as for :func:`relucirc.prove`; None for all of R^n.
        budget: Seconds of wall time; None for no limit.  When they end, or at Ctrl-C, the answer has the
            regions found so far, and says so: ``complete`` is False.
        progress: As for :func:`relucirc.prove`; ``progress["regions"]`` counts those found so far.
        compiled: Whether to walk in compiled machine arithmetic, which certifies every region by
            error bounds or exact integers and hands the rest to exact arithmetic.  By default,
            where numba is installed (``pip install 'relucirc[fast]'``) and where that pays: the first call
            that is large takes half a minute to compile, which is shown, and kept on disk.
        executor: Who walks, as for :func:`relucirc.prove`.  The regions are the same, in another order, which does not
            depend on that.
        workers: How many processes walk, where no executor is given.
        journal: The path of a file in which regions are written, and from which they are read again.

    Returns:
        A :class:`Complex` with ``activation_regions``, ``linear_pieces``, ``affine_maps``,
        ``vertices`` and ``adjacency``.

    Raises:
        DomainError: For an empty domain, or one of integer points.
        NetworkError: For anything but a network with numbers as weights.

    Example:
        >>> import relucirc
        >>> found = regions(relucirc.circuits.minimum())
        >>> len(found.activation_regions), len(found.linear_pieces)
        (4, 2)
    """
    if compiled and not is_available():
        raise RelucircError("regions: compiled=True needs numba: pip install 'relucirc[fast]'.")
    clock = watched(budget, "regions", progress)
    search = _Search(clock, compiled if is_available() else False)
    try:
        with clock:
            return search.run(net, domain, (executor, workers, journal))
    except (OutOfBudget, KeyboardInterrupt) as error:
        return search.answer(clock.ended(error))


class _Search:
    """The walk, and what it found so far."""

    def __init__(self, clock: Budget, compiled: bool | None) -> None:
        self.clock = clock
        clock.progress["regions"] = 0
        self.compiled = compiled
        self.chart = Chart((), (), (), (), (), (), {})
        self.network = IntegerNetwork(0, (), (), ())
        self.start: Start | None = None
        self.batches: list[Batch] = []
        self.line: Line | None = None
        self.source: tuple[MLP, Any] | None = None

    def run(self, net: MLP, domain: Any, crew: tuple[Any, int | None, Any]) -> Complex:
        """Finds all regions."""
        net = as_network(net, domain)
        self.source = net, domain
        self.chart = chart_for(net, domain)
        n = len(self.chart.free)
        self.network = IntegerNetwork.of(net, self.chart.forms, n)
        if n == 1:
            with gathered(*crew, "regions", (self.network, self.chart.constraints)):  # though it is one part
                self.line = sweep(self.network, *interval(self.chart.constraints), self._tick)
            return self.answer(None)
        self.start = Start.of(self.network, self.chart.constraints, self.compiled)
        if any(part is not None for part in crew):
            return self._together(*crew)
        count = 0
        for batch in self.start.batches(FACETS):
            self.batches.append(batch)
            count += len(batch.signs)
            self._tick(count)
        return self.answer(None)

    def _together(self, executor: Any, workers: int | None, journal: Any) -> Complex:
        """Finds all regions in pieces."""
        assert self.start is not None
        start = replace(self.start, compiled=is_available() if self.compiled is None else self.compiled)
        found: list[Outcome] = []
        try:
            with gathered(
                executor, workers, journal, "regions", (self.network, self.chart.constraints, start.compiled)
            ):
                solve(walk_part, start, [[]], known=found)
        finally:
            self.batches += [batch for outcome in found for batch in batches_of(outcome)]
            self.clock.progress["regions"] = sum(len(batch.signs) for batch in self.batches)
        return self.answer(None)

    def _tick(self, count: int) -> None:
        self.clock.progress["regions"] = count
        self.clock.step()

    def answer(self, ended: str | None) -> Complex:
        """What was found, and why the walk ended early if it did."""
        if self.line is not None:
            return Complex(self.network, self.chart, self.line, ended, self.clock.elapsed, self.source)
        start = self.start or Start(self.network, Cell.everything(self.network.n), (), compiled=False)
        found = Tree(start, self.batches, complete=ended is None)
        return Complex(self.network, self.chart, found, ended, self.clock.elapsed, self.source)


def chart_for(net: MLP, domain: Any) -> Chart:
    """Checks the network and the domain, and gives coordinates in which the domain has interior."""
    if net.symbols:
        names = [symbol.name for symbol in net.symbols]
        raise NetworkError(f"regions: the weights have symbols {names}; substitute numbers first.")
    where = read_domain(domain, net.inputs)
    if where.integers:
        raise DomainError("regions: expected a domain of real points, got integer points; leave integrality out.")
    return chart_of_domain(where, len(net.inputs))
