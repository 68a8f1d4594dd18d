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

from relucirc.budget import Budget, OutOfBudget
from relucirc.errors import RelucircError, shorten
from relucirc.forms import Form
from relucirc.graph import Graph, GraphBuilder
from relucirc.hinges import HingeGraph
from relucirc.network import MLP
from relucirc.optimal.lattice import lattice_maxima
from relucirc.optimal.layers import layered_network, plan_of
from relucirc.optimal.maxima import TooLarge, graph_of_maxima, maxima_of, reduced, tree
from relucirc.optimal.pieces import lattice_graph
from relucirc.optimal.reading import read_function
from relucirc.prover import prove
from relucirc.result import Result

SHARE = 15.0
"""Most seconds that one way of writing a formula as a sum may take."""


@dataclass(frozen=True)
class Compiled:
    """What :func:`compile` answers.

    Attributes:
        network: The network, proved equal to the formula; None if none was found.
        hidden_layers: Its number of hidden layers; None without a network.
        hidden_neurons: Its size; None without a network.
        optimal: Whether it is proved that no smaller network of this depth exists.
        method: The way that gave it.
        candidates: For every way that worked, the widths of its network.
        reason: One or two sentences for people.
        proof: The prover's answer about the network.
        seconds: Wall time used.
    """

    network: MLP | None
    hidden_layers: int | None
    hidden_neurons: int | None
    optimal: bool
    method: str | None
    candidates: dict[str, tuple[int, ...]]
    reason: str
    proof: Result | None = field(default=None, repr=False)
    seconds: float = 0.0

    def __str__(self) -> str:
        return self.reason


def compile(  # noqa: A001  (relucirc.compile_formula outside this package)
    f: Any, hidden_layers: int | None = None, *, budget: float | None = 60.0, inputs: Sequence[str] | None = None
) -> Compiled:
    """Compiles a piecewise-linear formula to a ReLU network, and proves them equal.

    Args:
        f: The formula: a SymPy expression, a list of them, text, a network, or a JAX function.
        hidden_layers: How many hidden layers the network shall have; None for whichever number gives
            the fewest neurons.  ``ceil(log2(n + 1))`` is always enough for n inputs.
        budget: Seconds.
        inputs: Names of the inputs, in order; f's own symbols by default.

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
    return compile_graph(read_function(f, inputs), hidden_layers, Budget(budget))


def compile_graph(graph: Graph, hidden_layers: int | None, clock: Budget) -> Compiled:
    """Compiles a graph; see :func:`compile`."""
    networks: dict[str, MLP] = {}
    depths: list[int] = []
    optimal = False
    if hidden_layers in (None, 1):
        shallow, why = _shallow(graph, clock)
        if hidden_layers == 1:
            return _one_layer(shallow, why, clock)
        if shallow is not None and shallow.network is not None:
            networks["shallow"] = shallow.network
            optimal = not shallow.network.hidden_neurons
    try:
        for name, way in _ways(graph, clock):
            plan = plan_of(way)
            depths.append(plan.depth)
            if hidden_layers is None or plan.depth <= hidden_layers:
                networks[name] = layered_network(plan, graph.inputs, hidden_layers or max(plan.depth, 1), clock)
    except OutOfBudget:
        pass
    sizes = {name: net.sizes[1:-1] for name, net in networks.items()}
    for name in sorted(networks, key=lambda name: (networks[name].hidden_neurons, len(networks[name].layers))):
        net = networks[name]
        proof = prove(net, graph, budget=clock.left(1.0))
        if proof.status == "proved":
            count = len(net.layers) - 1
            reason = (
                f"{net.hidden_neurons} hidden neurons in {count} hidden layer{'s' * (count != 1)}, by way of "
                f"{name!r}, proved equal; the smallest of {len(networks)} found."
            )
            return Compiled(net, count, net.hidden_neurons, optimal, name, sizes, reason, proof, clock.elapsed)
    if networks:
        reason = f"{len(networks)} networks were found, but none was proved equal within the budget."
    elif depths:
        reason = (
            f"no network with {hidden_layers} hidden layers was found; {min(depths)} are enough. Some functions have "
            "fewer than any way here gives: see relucirc.discover."
        )
    else:
        reason = f"no network was found within the budget of {clock.seconds} s."
    return Compiled(None, None, None, False, None, sizes, reason, seconds=clock.elapsed)


def _shallow(graph: Graph, clock: Budget) -> tuple[Any, str]:
    from relucirc.optimal.minimal import minimal_network  # noqa: PLC0415  (it asks here for more than one layer)

    found = minimal_network(graph, budget=clock.seconds)
    return found, found.reason


def _one_layer(found: Any, why: str, clock: Budget) -> Compiled:
    if found.network is None:
        return Compiled(None, None, None, False, None, {}, why, seconds=clock.elapsed)
    net = found.network
    sizes = {"shallow": net.sizes[1:-1]}
    return Compiled(
        net, len(net.layers) - 1, net.hidden_neurons, found.optimal, "shallow", sizes, why, None, clock.elapsed
    )


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
        share = Budget(min(SHARE, max(clock.remaining / 3, 0.1)))  # a way that explodes shall not eat the others' time
        try:
            sums = expand(graph, share)
            if sums is None:
                continue
            yield name, graph_of_maxima(sums, graph.inputs)
            yield f"{name}, overlapping", graph_of_maxima(sums, graph.inputs, overlap=True)
            n = len(graph.inputs)
            if any(part.largest > n + 1 for part in sums):
                few = [reduced(part, n + 1, share) for part in sums]
                yield f"{name}, few at a time", graph_of_maxima(few, graph.inputs)
            return
        except (TooLarge, OutOfBudget):
            continue


def _flattened(graph: Graph) -> Graph:
    """Nested maxima merged into max-atoms, each a balanced tree."""
    hinges = HingeGraph(len(graph.inputs), flatten=True)
    outputs, _ = hinges.lower(graph)
    builder = GraphBuilder(graph.inputs)
    made: dict[int, Form] = {}
    replace: Callable[[int], Form | None] = made.get
    for k in hinges.reachable(outputs):
        elements = [form.substitute(replace) for form in hinges.atoms[k].elements]
        made[hinges.n + k] = tree(builder, [Form(), *elements], overlap=False)
    return builder.build([form.substitute(replace) for form in outputs])
