"""``minimal_network``: the smallest network for a function, and why there is no smaller one."""

import random
from collections.abc import Sequence
from typing import Any

from flint import fmpq, fmpq_mat

from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.graph import Graph
from relucirc.core.progress import Progress, watched
from relucirc.language.function import read_function
from relucirc.optimal.germs import germ
from relucirc.optimal.ground import Ground, read_ground
from relucirc.optimal.one_layer import Minimal, nothing, one_layer
from relucirc.optimal.remainder import Kind
from relucirc.optimal.synthesis import compile_graph


def minimal_network(
    f: Any,
    hidden_layers: int = 1,
    domain: Any = None,
    *,
    bias: bool = True,
    skip: bool = False,
    output_bias: bool | None = None,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
) -> Minimal:
    """Finds the smallest ReLU network with one hidden layer that equals a function.

    The number of hidden neurons is minimal over all real weights.  It is k, k + 1 or k + 2 for one
    output, where k is the number of hyperplanes on which the function folds.

    Args:
        f: The function: a SymPy expression, a list of them for several outputs, text, a network, or a
            JAX function (then give ``inputs``).
        hidden_layers: 1 for the exact minimum.  For more, the smallest network found is returned,
            with a lower bound that is proved but rarely reached.
        domain: Where the network must equal f: None for all of R^n, or a polyhedron with interior,
            as for :func:`relucirc.prove`.
        bias: Whether hidden neurons may have biases.
        skip: Whether a linear skip connection from the inputs to the outputs is free.
        output_bias: Whether outputs may have biases; as ``bias`` by default.
        budget: Seconds; when they end the answer is an interval, and says so.
        inputs: Names of the inputs, in order; f's own symbols by default.
        progress: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Minimal`.

    Raises:
        RelucircError: When f or the domain cannot be read, or f is discontinuous.

    Example:
        >>> import relucirc
        >>> found = relucirc.minimal_network("Min(x1, x2)")
        >>> found.hidden_neurons, found.optimal
        (3, True)
    """
    if not isinstance(hidden_layers, int) or isinstance(hidden_layers, bool) or hidden_layers < 1:
        raise RelucircError(f"hidden_layers: expected 1, 2, ..., got {shorten(hidden_layers)}.")
    kind = Kind(bias, bias if output_bias is None else output_bias, skip)
    clock = watched(budget, "the function", progress)
    try:
        with clock:
            graph = read_function(f, inputs)
            ground = read_ground(domain, graph.inputs)
            if hidden_layers > 1:
                clock.method = "a network of this depth"
                return _deeper(graph, hidden_layers, kind, ground, clock)
            return one_layer(graph, domain, kind, ground, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return nothing(f"{clock.ended(error)} before {clock.method} was known.", clock)


def _deeper(graph: Graph, hidden_layers: int, kind: Kind, ground: Ground, clock: Budget) -> Minimal:
    """More than one hidden layer: the smallest network found, and a bound that is proved."""
    if kind.skip or ground.domain is not None:
        raise RelucircError("more than one hidden layer is answered on all of R^n and without skip connections only.")
    found = compile_graph(graph, hidden_layers, clock)
    if found.network is None:
        return nothing(found.reason, clock)
    biased = any(any(layer.exact_bias()) for layer in found.network.exact().layers)
    if biased and not (kind.bias and kind.output_bias):
        return nothing("the network that was found needs biases; without them nothing is known for this depth.", clock)
    size, directions = found.network.hidden_neurons, essential_dimension(graph)
    bound = hidden_layers - 1 + directions if directions else 0
    reason = (
        f"{size} hidden neurons in {hidden_layers} layers found; at least {bound} are needed, since the function "
        "depends on that many directions and every layer needs a neuron. For more than one hidden layer no exact "
        "minimum is known."
    )
    status = "optimal" if size == bound else "found"
    return Minimal(status, reason, found.network, size, size == bound, bound, seconds=clock.elapsed)


def essential_dimension(graph: Graph) -> int:
    """A lower bound on the number of directions that the function depends on: rank of slopes at a few points."""
    rng = random.Random(5)
    n = len(graph.inputs)
    rows = []
    for _ in range(2 * n + 4):
        point, flag = ([fmpq(rng.randint(-99, 99)) for _ in range(n)] for _ in range(2))
        rows += [[piece.coefficient(v) for v in range(n)] for piece in germ(graph, point, [flag]).pieces]
    return fmpq_mat(rows).rank() if rows and n else 0
