"""``compile``: a network for any piecewise-linear formula, of a given depth or the smallest found.

Several ways are tried, each ends in a graph of maxima, and that in layers:

* *shallow*: if one hidden layer computes it, the exact minimum (:mod:`relucirc.optimal.minimal`);
* *as written*: the formula's own gates, equal ones once;
* *flattened*: nested maxima merged, then balanced;
* *minima*: a lattice formula as a signed sum of minima or maxima, each a balanced tree;
* *maxima*: anything else as a signed sum of maxima;
* *overlapping*: the same with trees whose odd branches overlap instead of being carried;
* *few at a time*: either of these with at most n + 1 forms in each, which bounds the depth by
  ``ceil(log2(n + 1))``.

The smallest result of the depth asked for is returned, once it is proved equal.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.core.progress import Progress, watched
from relucirc.core.tables import counted
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.function import read_function
from relucirc.language.network import MLP
from relucirc.optimal.ground import read_ground
from relucirc.optimal.lattice import lattice_graph, lattice_maxima
from relucirc.optimal.layers import layered_network, plan_of
from relucirc.optimal.maxima import Maxima, TooLarge, graph_of_maxima, maxima_of, reduced
from relucirc.optimal.one_layer import Minimal, nothing, one_layer
from relucirc.optimal.remainder import Kind
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

SHALLOW, BUILDING = 0.3, 0.8
"""Shares of the time that is left: for one hidden layer, and for all ways of building."""
SHARE = 15.0
"""Most seconds that one way of writing a formula as a sum may take."""


@dataclass(frozen=True)
class Compiled(Answer):
    """What :func:`compile` answers.

    Attributes:
        status: ``"optimal"``: no smaller network of this depth exists; ``"found"``; ``"impossible"``: there is no
            network of this depth; or ``"unknown"``.
        reason: One or two sentences for people.
        network: The network, proved equal to the formula; None if none was found.
        hidden_layers: Its number of hidden layers; None without a network.
        hidden_neurons: Its size; None without a network.
        optimal: Whether it is proved that no smaller network of this depth exists.
        method: The way that gave it.
        candidates: For every way that worked, the widths of its network.
        proof: The prover's answer about the network.
        certificate: Its evidence that the network equals the formula; for one hidden layer, that of
            :func:`minimal_network`.
        seconds: Wall time used.
    """

    status: str
    reason: str
    network: MLP | None = None
    hidden_layers: int | None = None
    hidden_neurons: int | None = None
    optimal: bool = False
    method: str | None = None
    candidates: dict[str, tuple[int, ...]] = field(default_factory=dict)
    proof: Result | None = field(default=None, repr=False)
    certificate: dict | None = field(default=None, repr=False)
    seconds: float = 0.0


def compile(  # noqa: A001  (relucirc.compile_formula outside this package)
    f: Any,
    hidden_layers: int | None = None,
    *,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
) -> Compiled:
    """Compiles a piecewise-linear formula to a ReLU network, and proves them equal.

    Args:
        f: The formula: a SymPy expression, a list of them, text, a network, or a JAX function.
        hidden_layers: How many hidden layers the network shall have; None for whichever number gives
            the fewest neurons.  ``ceil(log2(n + 1))`` is always enough for n inputs.
        budget: Seconds.
        inputs: Names of the inputs, in order; f's own symbols by default.
        progress: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Compiled`.  Its size is the smallest found, and ``optimal`` only where that is proved.

    Raises:
        RelucircError: When f cannot be read, or is discontinuous.

    Example:
        >>> import relucirc
        >>> relucirc.compile_formula("Max(x1, x2, x3)", hidden_layers=2).network.sizes
        (3, 4, 3, 1)
    """
    valid = hidden_layers is None or (isinstance(hidden_layers, int) and not isinstance(hidden_layers, bool))
    if not valid or (hidden_layers is not None and hidden_layers < 1):
        raise RelucircError(f"hidden_layers: expected 1, 2, ... or None, got {shorten(hidden_layers)}.")
    clock = watched(budget, "compile", progress)
    try:
        with clock:
            return compile_graph(read_function(f, inputs), hidden_layers, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        reason = f"{clock.ended(error)} before the formula was read."
        return Compiled("unknown", reason, seconds=clock.elapsed)


def compile_graph(graph: Graph, hidden_layers: int | None, clock: Budget) -> Compiled:
    """Compiles a graph under a clock that runs; see :func:`compile`.  When it ends, the answer is what is known."""
    found = _Found()
    try:
        if hidden_layers in (None, 1):
            shallow = _shallow(graph, clock, alone=hidden_layers == 1)
            if shallow.network is not None:
                found.networks["shallow"] = shallow.network
                found.optimal = shallow.optimal if hidden_layers == 1 else not shallow.hidden_neurons
            if hidden_layers == 1:
                return _alone(found, shallow, clock)
        ended = _build(graph, hidden_layers, found, clock)
        for name, net in found.smallest_first():
            proof = prove(net, graph, budget=None)
            if proof.status == "proved":
                sizes = counted(net.hidden_neurons, "hidden neuron"), counted(len(net.layers) - 1, "hidden layer")
                many = len(found.networks)
                reason = f"{' in '.join(sizes)}, by way of {name!r}, proved equal; the smallest of {many} found."
                return _compiled(found, name, reason, proof, proof.certificate, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
    return _not_found(found, hidden_layers, ended, clock)


@dataclass
class _Found:
    """Networks by the way that gave them, the depths seen, and whether the shallow one cannot be beaten."""

    networks: dict[str, MLP] = field(default_factory=dict)
    depths: list[int] = field(default_factory=list)
    optimal: bool = False

    @property
    def sizes(self) -> dict[str, tuple[int, ...]]:
        return {name: net.sizes[1:-1] for name, net in self.networks.items()}

    def smallest_first(self) -> list[tuple[str, MLP]]:
        return sorted(self.networks.items(), key=lambda item: (item[1].hidden_neurons, len(item[1].layers)))


def _build(graph: Graph, hidden_layers: int | None, found: _Found, clock: Budget) -> str | None:
    """Builds a network in every way that there is time for, most of what is left: the rest is for proofs.

    Returns:
        Why it ended early, if it did.
    """
    share = clock.share(BUILDING)
    try:
        with share:
            for name, way in _ways(graph, share):
                plan = plan_of(way)
                found.depths.append(plan.depth)
                if hidden_layers is None or plan.depth <= hidden_layers:
                    net = layered_network(plan, graph.inputs, hidden_layers or max(plan.depth, 1), share)
                    found.networks[name] = net
    except OutOfBudget as error:
        share.ended(error)
        return f"the budget of {clock.seconds:g} s ended"
    return None


def _compiled(
    found: _Found, name: str, reason: str, proof: Result | None, certificate: dict | None, clock: Budget
) -> Compiled:
    net, status = found.networks[name], "optimal" if found.optimal else "found"
    size, layers = net.hidden_neurons, len(net.layers) - 1
    return Compiled(
        status, reason, net, layers, size, found.optimal, name, found.sizes, proof, certificate, clock.elapsed
    )


def _not_found(found: _Found, hidden_layers: int | None, ended: str | None, clock: Budget) -> Compiled:
    after = "" if ended is None else f": {ended}"
    if found.networks:
        count = len(found.networks)
        reason = f"{count} network{'s were' if count > 1 else ' was'} found, but none was proved equal{after}."
    elif found.depths and hidden_layers is not None:
        reason = (
            f"no network with {hidden_layers} hidden layers was found{after}; {min(found.depths)} are enough. Some "
            "functions have fewer than any way here gives: see relucirc.discover."
        )
    else:
        reason = f"no network was found{after}."
    return Compiled("unknown", reason, candidates=found.sizes, seconds=clock.elapsed)


def _shallow(graph: Graph, clock: Budget, *, alone: bool) -> Minimal:
    share = clock.share(1.0 if alone else SHALLOW)
    try:
        with share:
            return one_layer(graph, None, Kind(True, True, False), read_ground(None, graph.inputs), share)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return nothing(f"{share.ended(error)} before {share.method} was known.", share)


def _alone(found: _Found, shallow: Minimal, clock: Budget) -> Compiled:
    """The answer about one hidden layer."""
    if found.networks:
        return _compiled(found, "shallow", shallow.reason, None, shallow.certificate, clock)
    return Compiled(shallow.status, shallow.reason, certificate=shallow.certificate, seconds=clock.elapsed)


def _ways(graph: Graph, clock: Budget) -> Iterator[tuple[str, Graph]]:
    """Graphs of maxima for the same function."""
    if graph.has_selects:
        rewritten = lattice_graph(graph, clock)
        if rewritten is None:
            return
        graph = rewritten
    yield "as written", graph
    yield "flattened", _flattened(graph)
    for name, expand in (("minima", lattice_maxima), ("maxima", maxima_of)):
        sums = _in_time(clock, expand, graph)
        if sums is None:
            continue
        yield name, graph_of_maxima(sums, graph.inputs)
        yield f"{name}, overlapping", graph_of_maxima(sums, graph.inputs, overlap=True)
        n = len(graph.inputs)
        if any(part.largest > n + 1 for part in sums):
            few = _in_time(clock, reduced, sums, n + 1)
            if few is None:
                continue
            yield f"{name}, few at a time", graph_of_maxima(few, graph.inputs)
        return


def _in_time(clock: Budget, write: Callable[..., list[Maxima] | None], *what: Any) -> list[Maxima] | None:
    """Sums that are written in their share of the time: a way that explodes shall not eat that of the others."""
    share = clock.part(min(SHARE, clock.remaining / 3))
    try:
        with share:
            return write(*what, share)
    except TooLarge:
        return None
    except OutOfBudget as error:
        share.ended(error)
        return None


def _flattened(graph: Graph) -> Graph:
    """Nested maxima merged into max-atoms, each a balanced tree."""
    hinges = HingeGraph(len(graph.inputs), flatten=True)
    outputs, _ = hinges.lower(graph)
    builder = GraphBuilder(graph.inputs)
    made: dict[int, Form] = {}
    replace: Callable[[int], Form | None] = made.get
    for k in hinges.reachable(outputs):
        elements = [form.substitute(replace) for form in hinges.atoms[k].elements]
        made[hinges.n + k] = builder.max([Form(), *elements])
    return builder.build([form.substitute(replace) for form in outputs])
