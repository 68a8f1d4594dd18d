"""``count_regions``: how many regions there are, however many: none is kept, and the list goes to the disk."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from relucirc.checker.regions import FORMAT
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.crew import gathered
from relucirc.core.errors import DomainError, RelucircError
from relucirc.core.pieces import Outcome
from relucirc.core.progress import Progress, watched
from relucirc.core.together import solve
from relucirc.geometry.cell import normal_of
from relucirc.language.as_network import as_network
from relucirc.language.network import MLP
from relucirc.measure.regions.compilation import is_available
from relucirc.measure.regions.complex import chart_for
from relucirc.measure.regions.integer_network import IntegerNetwork
from relucirc.measure.regions.listing import DistinctRows, Listing, listing
from relucirc.measure.regions.sharing import unpack
from relucirc.measure.regions.streaming import MOST, Stream, pointed, walk_some
from relucirc.measure.regions.tree import Start
from relucirc.measure.regions.volumes import Volumes


@dataclass(frozen=True)
class RegionCount(Answer):
    """How many regions a network has.

    Attributes:
        status: ``"complete"``, or ``"unknown"`` where perhaps not all were found.
        reason: One sentence for people.
        regions: How many activation regions were found.
        affine_maps: How many affine maps they have; None if that was not asked for.
        volumes: What volumes they have; None if that was not asked for.
        seconds: Wall time used.
    """

    status: str
    reason: str
    regions: int
    affine_maps: int | None = None
    volumes: Volumes | None = None
    seconds: float = 0.0


def count_regions(
    net: MLP,
    domain: Any = None,
    *,
    certificate: Any = None,
    maps: bool = True,
    volumes: bool = False,
    budget: float | None = None,
    progress: Progress = None,
    compiled: bool | None = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> RegionCount:
    """Counts the activation regions of a network and their affine maps, exactly, in memory that does not grow.

    The regions are those of :func:`relucirc.regions`.  They are walked in pieces and forgotten; their signs go to a
    file, if that is asked for, which :func:`relucirc.check` accepts as a proof that these are all of them.

    Args:
        net: A network with numbers as weights.
        domain: A polyhedron, as for :func:`relucirc.prove`; None for all of R^n.
        certificate: The path of a file for the list of all regions, compressed by gzip; written only if it is complete.
        maps: Whether to tell affine maps apart; their residues go to a folder for temporary files.
        volumes: Whether to work out volumes, exactly: about 0.2 ms a region, which is more than all the rest.
        budget: Seconds of wall time; None for no limit.
        progress: As for :func:`relucirc.prove`; ``progress["regions"]`` counts those found so far.
        compiled: Whether to walk in compiled machine arithmetic, as for :func:`relucirc.regions`.
        executor: Who walks, as for :func:`relucirc.prove`.
        workers: How many processes walk, where no executor is given.
        journal: As for :func:`relucirc.prove`.

    Returns:
        A :class:`RegionCount`.

    Raises:
        RelucircError: As :func:`relucirc.regions` does; and where the certificate cannot be written.

    Example:
        >>> import pathlib, relucirc, tempfile
        >>> net = relucirc.circuits.minimum()
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "regions.gz"
        >>> print(count_regions(net, certificate=path))
        4 activation regions in all, with 2 affine maps.
        >>> print(relucirc.check(net, None, path))
        accepted: these are all: 4 activation regions, each once, and no others.
    """
    if compiled and not is_available():
        raise RelucircError("count_regions: compiled=True needs numba: pip install 'relucirc[fast]'.")
    clock = watched(budget, "regions", progress)
    clock.progress["regions"] = 0
    together = any(part is not None for part in (executor, workers, journal))
    if not is_available() or (compiled is None and together):
        compiled = is_available()
    try:
        with clock, ExitStack() as stack:
            net = as_network(net, domain)
            chart = chart_for(net, domain)
            n = len(chart.free)
            if volumes and n < len(net.inputs):
                raise DomainError("count_regions: expected a domain with interior, as volumes are asked for.")
            network = IntegerNetwork.of(net, chart.forms, n)
            network, first = pointed(network, [normal_of(cut, n) for cut in chart.constraints])
            stream = Stream(Start.of(network, chart.constraints, compiled), MOST, maps=maps, volumes=volumes)
            found = _Found(clock, stack, maps)
            if certificate is not None:
                found.list = stack.enter_context(
                    listing(certificate, {"format": FORMAT, "first": first, **chart.evidence})
                )
            stack.enter_context(gathered(executor, workers, journal, "count_regions", (stream, chart.constraints)))
            solve(walk_some, stream, [[]], each=found.add)
            return found.answer()
    except (OutOfBudget, KeyboardInterrupt) as error:
        count = clock.progress["regions"]
        said = f"{count:,} activation region{'s' * (count != 1)} found, perhaps not all: {clock.ended(error)}."
        return RegionCount("unknown", said, count, seconds=clock.elapsed)


class _Found:
    """What was found so far, in the order of the tree."""

    def __init__(self, clock: Budget, stack: ExitStack, maps: bool) -> None:
        self.clock = clock
        self.maps = DistinctRows() if maps else None
        self.list: Listing | None = None
        self.volumes: Volumes | None = None
        if self.maps is not None:
            stack.callback(self.maps.close)

    def add(self, outcome: Outcome) -> None:
        """Takes what was found in a piece."""
        if outcome.found is None:
            return
        rows, residues = map(unpack, outcome.found[:2])
        if outcome.found[2] is not None:
            self.volumes = Volumes.from_json(outcome.found[2]).with_(self.volumes or Volumes())
        if self.maps is not None:
            self.maps.add(residues)
        if self.list is not None:
            self.list.add(rows)
        self.clock.step("regions", len(rows))

    def answer(self) -> RegionCount:
        """What there is in all."""
        count, maps = self.clock.progress["regions"], None if self.maps is None else self.maps.count()
        told = "" if maps is None else f", with {maps:,} affine map{'s' * (maps != 1)}"
        said = f"{count:,} activation region{'s' * (count != 1)} in all{told}."
        return RegionCount("complete", said, count, maps, self.volumes, self.clock.elapsed)
