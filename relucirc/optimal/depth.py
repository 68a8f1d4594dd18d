"""``depth_certificate``: how many hidden layers a function needs, as far as that is known.

What can be certified:

* 0: the function is affine;
* 1: it has a shallow form, and here is the network;
* at least 2: two points of one hyperplane with different jumps.

Nothing more is claimed for real weights: no function is known to need three hidden layers.  For
*integer* weights, the maximum of n numbers needs ``ceil(log2 n)`` hidden layers (Haase, Hertrich and
Loho, "Lower Bounds on the Depth of Integral ReLU Neural Networks via Lattice Polytopes", ICLR 2023,
arXiv 2302.12553); that bound is stated where the function is proved to be such a maximum.  It says
nothing about weights such as 1/2: the maximum of five has two hidden layers with halves, and needs
three with integers.  From above, ``ceil(log2(n + 1))`` hidden layers are enough for every piecewise
linear function of n inputs (Arora, Basu, Mianjy and Mukherjee, ICLR 2018, arXiv 1611.01491).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.graph import Graph, MaxGate
from relucirc.core.progress import Progress, watched
from relucirc.language.function import read_function
from relucirc.language.network import MLP
from relucirc.optimal.ground import Ground, read_ground
from relucirc.optimal.one_layer import nothing, of_shape
from relucirc.optimal.remainder import Kind
from relucirc.optimal.shallow_form import ShallowForm, shallow_form
from relucirc.proof.prover import prove

INTEGER_REFERENCE = (
    "Haase, Hertrich, Loho: Lower Bounds on the Depth of Integral ReLU Neural Networks via Lattice Polytopes, "
    "ICLR 2023, arXiv 2302.12553"
)


@dataclass(frozen=True)
class Depth(Answer):
    """What :func:`depth_certificate` answers.

    Attributes:
        status: ``"shallow"``: here is a network with at most one hidden layer; ``"deep"``: there is none; or
            ``"unknown"``.
        reason: One or two sentences for people.
        lower_bound: Hidden layers needed with real weights, certified: 0, 1 or 2.
        upper_bound: Hidden layers that are enough: 0 or 1 with the network, else by Arora et al.; None where
            the time ended before the function was read.
        network: A network of at most one hidden layer, if there is one.
        certificate: Evidence: for at least 2, what :func:`relucirc.optimal.check_depth` reads; with a
            network, what :func:`relucirc.optimal.check_minimal` reads.
        integer_lower_bound: Hidden layers needed if all weights are integers, where the published
            theorem applies; else None.
        reference: Where that theorem is.
        seconds: Wall time used.
    """

    status: str
    reason: str
    lower_bound: int = 0
    upper_bound: int | None = None
    network: MLP | None = None
    certificate: dict | None = field(default=None, repr=False)
    integer_lower_bound: int | None = None
    reference: str | None = None
    seconds: float = 0.0

    @property
    def one_hidden_layer(self) -> bool | None:
        """Whether one hidden layer is enough; None where that was not settled in time."""
        return {"shallow": True, "deep": False}.get(self.status)


def depth_certificate(
    f: Any,
    domain: Any = None,
    *,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
) -> Depth:
    """Decides whether one hidden layer computes a function, with a certificate either way.

    Args:
        f: The function, as for :func:`relucirc.minimal_network`.
        domain: Where it counts: None for all of R^n, or a polyhedron with interior.
        budget: Seconds.
        inputs: Names of the inputs, in order; f's own symbols by default.
        progress: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Depth`.

    Raises:
        RelucircError: When f or the domain cannot be read, or f is discontinuous.

    Example:
        >>> import relucirc
        >>> relucirc.depth_certificate("Max(x1, x2, x3)").lower_bound
        2
    """
    clock = watched(budget, "depth", progress)
    enough = None
    try:
        with clock:
            graph = read_function(f, inputs)
            enough = layers_enough(len(graph.inputs))
            return _depth(graph, domain, read_ground(domain, graph.inputs), enough, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        reason = f"{clock.ended(error)} before it was known whether one hidden layer is enough."
        return Depth("unknown", reason, 0, enough, seconds=clock.elapsed)


def _depth(graph: Graph, domain: Any, ground: Ground, enough: int, clock: Budget) -> Depth:
    shape = shallow_form(graph, ground, clock)
    if isinstance(shape, ShallowForm):
        return _one_layer(graph, domain, ground, shape, enough, clock)
    found = of_shape(graph, domain, Kind(True, True, False), ground, shape, clock)
    if found.certificate is None:
        return Depth("unknown", found.reason, 0, enough, seconds=clock.elapsed)
    try:
        integer = _integer_bound(graph) if ground.domain is None else None
    except (OutOfBudget, KeyboardInterrupt):  # what is known without it is an answer
        integer = None
    reason = "two hidden layers are needed: at two points of one hyperplane the function folds differently (checked)."
    if integer is not None:
        reason += (
            f" With integer weights {integer} are needed (Haase, Hertrich, Loho 2023), which says nothing about "
            "other weights."
        )
    reference = None if integer is None else INTEGER_REFERENCE
    return Depth("deep", reason, 2, max(enough, 2), None, found.certificate, integer, reference, clock.elapsed)


def layers_enough(n: int) -> int:
    """Returns ``ceil(log2(n + 1))``: enough hidden layers for every function of n inputs."""
    return n.bit_length()


def _one_layer(graph: Graph, domain: Any, ground: Ground, shape: ShallowForm, enough: int, clock: Budget) -> Depth:
    affine = not shape.folds
    try:
        found = of_shape(graph, domain, Kind(True, True, affine), ground, shape, clock)
    except (OutOfBudget, KeyboardInterrupt):
        found = nothing(
            "one hidden layer is enough, and none is not; the time ended before a network was proved.", clock
        )
    network = found.network
    if affine:
        reason = "it is affine: no hidden layer is needed."
        network = None if network is None else _affine_network(network, found.skip)
    elif network is None:
        reason = found.reason
    else:
        reason = (
            f"one hidden layer is enough, with {found.hidden_neurons} neurons; none is not, since the function folds."
        )
    upper = 0 if affine else enough if network is None else 1
    status = "unknown" if network is None else "shallow"
    return Depth(status, reason, int(not affine), upper, network, found.certificate, seconds=clock.elapsed)


def _affine_network(constant: MLP, skip: Any) -> MLP:
    return MLP.from_arrays(
        [([list(row) for row in skip], list(constant.exact().layers[-1].exact_bias()))], constant.inputs
    )


def _integer_bound(graph: Graph) -> int | None:
    """The published bound, if the function is proved to be a maximum or minimum of its inputs, 0 perhaps among them.

    ``Max(0, x_1, ..., x_m)`` is as hard as the maximum of m + 1 numbers, since the latter is
    ``x_0 + Max(0, x_1 - x_0, ...)``; minima are maxima of negated inputs.
    """
    if len(graph.outputs) != 1:
        return None
    used = _inputs_used(graph)
    symbols = [sympy.Symbol(graph.inputs[v]) for v in used]
    for kind in (sympy.Max, sympy.Min):
        for extra in ((), (sympy.Integer(0),)):
            operands = (*extra, *symbols)
            if len(operands) > 2 and prove(graph, kind(*operands, evaluate=False), budget=None).status == "proved":
                return (len(operands) - 1).bit_length()
    return None


def _inputs_used(graph: Graph) -> list[int]:
    """The inputs that occur; one that cancels makes the comparison with a maximum fail, which is safe."""
    forms = list(graph.outputs)
    for gate in graph.gates:
        forms += [gate.left, gate.right] if isinstance(gate, MaxGate) else [form for _, form in gate.branches]
    return sorted({v for form in forms for v in form.terms if v < len(graph.inputs)})
