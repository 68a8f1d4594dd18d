"""``minimal_network``: the smallest network for a function, and why there is no smaller one."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
from flint import fmpq, fmpq_mat

from relucirc.budget import Budget, OutOfBudget
from relucirc.checker.depth import FORMAT as DEPTH_FORMAT
from relucirc.checker.depth import check_depth_claim
from relucirc.checker.minimal import FORMAT, check_minimal
from relucirc.errors import RelucircError, shorten
from relucirc.exact import text, to_rational
from relucirc.forms import Form
from relucirc.geometry.feasible import nonnegative_multipliers
from relucirc.graph import Graph
from relucirc.network import MLP
from relucirc.optimal.building import build_network, network_to_json, with_skip
from relucirc.optimal.germs import germ
from relucirc.optimal.one_output import settle_one_output
from relucirc.optimal.reading import Ground, read_function, read_ground
from relucirc.optimal.remainder import Kind, Remainder, Settled
from relucirc.optimal.several_outputs import settle_several_outputs
from relucirc.optimal.shallow_form import NotShallow, shallow_form
from relucirc.prover import prove

SHARE = 0.7
"""Share of the remaining time in which the cheapest payment is looked for; the rest is for proofs."""
LONG = 1e6


@dataclass(frozen=True)
class Minimal:
    """What :func:`minimal_network` answers.

    Attributes:
        network: The smallest network found, proved equal to the function; None if there is none of
            the kind asked for, or none was found in time.
        hidden_neurons: Its size; None without a network.
        optimal: Whether no smaller network of this kind exists: True only if the checker accepted
            the certificate for it.
        lower_bound: No network of this kind has fewer hidden neurons (checked, for one hidden layer).
        reason: One or two sentences for people.
        certificate: Evidence for :func:`relucirc.optimal.check_minimal` (or, where the function needs
            two hidden layers, for :func:`relucirc.optimal.check_depth`); plain JSON data.
        skip: With ``skip=True``: for each output the coefficients of the skip connection.
        seconds: Wall time used.
    """

    network: MLP | None
    hidden_neurons: int | None
    optimal: bool
    lower_bound: int
    reason: str
    certificate: dict | None = field(default=None, repr=False)
    skip: tuple[tuple[sympy.Rational, ...], ...] | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        return self.reason


def minimal_network(
    f: Any,
    hidden_layers: int = 1,
    *,
    bias: bool = True,
    domain: Any = None,
    skip: bool = False,
    output_bias: bool | None = None,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
) -> Minimal:
    """Finds the smallest ReLU network with one hidden layer that equals a function.

    The number of hidden neurons is minimal over all real weights.  It is k, k + 1 or k + 2 for one
    output, where k is the number of hyperplanes on which the function folds.

    Args:
        f: The function: a SymPy expression, a list of them for several outputs, text, a network, or a
            JAX function (then give ``inputs``).
        hidden_layers: 1 for the exact minimum.  For more, the smallest network found is returned,
            with a lower bound that is proved but rarely reached.
        bias: Whether hidden neurons may have biases.
        domain: Where the network must equal f: None for all of R^n, or a polyhedron with interior,
            as for :func:`relucirc.prove`.
        skip: Whether a linear skip connection from the inputs to the outputs is free.
        output_bias: Whether outputs may have biases; as ``bias`` by default.
        budget: Seconds; when they end the answer is an interval, and says so.
        inputs: Names of the inputs, in order; f's own symbols by default.

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
    clock = Budget(budget, method="the function")
    try:
        with clock:
            graph = read_function(f, inputs)
            ground = read_ground(domain, graph.inputs)
            if hidden_layers > 1:
                clock.method = "a network of this depth"
                return _deeper(graph, hidden_layers, kind, ground, clock)
            return _one_layer(graph, domain, kind, ground, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return _nothing(f"{clock.ended(error)} before {clock.method} was known.", clock)


def _one_layer(graph: Graph, domain: Any, kind: Kind, ground: Ground, clock: Budget) -> Minimal:
    """The exact minimum: the hyperplanes, the cheapest way to pay for the rest, and the evidence."""
    clock.method = "the set of hyperplanes on which the function folds"
    shape = shallow_form(graph, ground, clock)
    if isinstance(shape, NotShallow):
        return _needs_two(graph, domain, shape, clock)
    remainder = Remainder(shape, kind, ground)
    obstacle = remainder.impossible()
    if obstacle is not None:
        return _nothing(f"no network of this kind computes it: {obstacle}.", clock)
    settle = settle_one_output if len(shape.affine) == 1 else settle_several_outputs
    clock.method = "whether the network found equals the function"
    settled = settle(remainder, clock.part(SHARE * min(clock.remaining, LONG)))
    network, skips = build_network(graph.inputs, remainder, settled.payment)
    return _certified(graph, domain, remainder, settled, network, skips, clock)


def _nothing(reason: str, clock: Budget, certificate: dict | None = None) -> Minimal:
    return Minimal(None, None, False, 0, reason, certificate, seconds=clock.elapsed)


def depth_evidence(graph: Graph, shape: NotShallow) -> dict[str, Any]:
    """Returns the certificate that a function has no network with one hidden layer."""
    return {"format": DEPTH_FORMAT, "inputs": list(graph.inputs), **shape.to_json()}


def _needs_two(graph: Graph, domain: Any, shape: NotShallow, clock: Budget) -> Minimal:
    certificate = depth_evidence(graph, shape)
    verdict = check_depth_claim(graph, certificate, domain)
    if not verdict.accepted:
        return _nothing(f"it does not seem to have one hidden layer, but the checker says: {verdict.reason}", clock)
    reason = (
        "no network with one hidden layer computes it, of any size: at two points of one hyperplane it folds "
        "differently (checked). Use relucirc.compile_formula for a deeper network."
    )
    return _nothing(reason, clock, certificate)


def _certified(
    graph: Graph,
    domain: Any,
    remainder: Remainder,
    settled: Settled,
    network: MLP,
    skips: tuple[tuple[fmpq, ...], ...] | None,
    clock: Budget,
) -> Minimal:
    """Proves the network equal to the function, and has the lower bound checked."""
    equal = prove(with_skip(network, skips), graph, domain=remainder.ground.domain, budget=None)
    if equal.status != "proved":
        return _nothing(f"a network was found but not proved equal: {equal.reason}", clock)
    width, k = network.hidden_neurons, len(remainder.form.folds)
    bound = k + settled.least
    certificate: dict[str, Any] = {
        "format": FORMAT,
        "kind": remainder.kind.to_json(),
        "network": network_to_json(network),
        "equal": equal.certificate,
        "lower_bound": bound,
        "excluded": settled.excluded,
    }
    if skips is not None:
        certificate["skip"] = [[text(c) for c in row] for row in skips]
    if remainder.ground.domain is not None:
        certificate["interior"] = [text(c) for c in remainder.ground.interior]
        certificate["sides"] = _sides(network, remainder)
    verdict = check_minimal(graph, certificate, domain)
    if not verdict.accepted:
        return _nothing(f"the checker rejects the certificate ({verdict.reason}); please report this.", clock)
    named = None if skips is None else tuple(tuple(to_rational(c) for c in row) for row in skips)
    return Minimal(
        network,
        width,
        bound == width,
        bound,
        _reason(width, k, bound, remainder, settled),
        certificate,
        named,
        clock.elapsed,
    )


def _reason(width: int, k: int, bound: int, remainder: Remainder, settled: Settled) -> str:
    planes = f"{k} hyperplane{'s' * (k != 1)}"
    where = "" if remainder.ground.domain is None else " on the domain"
    if bound < width:
        return (
            f"{width} hidden neurons found, at least {bound} needed{where}: an interval, since it is not settled "
            f"how cheaply the affine part beside {planes} can be had."
        )
    if not width:
        return f"it is constant{where}: no hidden neuron is needed."
    if not k:
        return f"it is affine{where}: {width} hidden neuron{'s' * (width != 1)}, and no fewer compute it."
    price = settled.payment.price
    if not price:
        return f"it folds on {planes}{where}, and one neuron for each is enough."
    return (
        f"it folds on {planes}{where}, {'each' if k > 1 else 'which'} needs a neuron, and {price} more "
        f"{'is' if price == 1 else 'are'} needed for the affine part that they leave."
    )


def _sides(network: MLP, remainder: Remainder) -> list[dict[str, Any]]:
    """For every hyperplane of the network: a point inside the domain, or multipliers that keep it out."""
    known = {
        fold.form.scale(1 / fold.form.terms[min(fold.form.terms)]).key: fold.point for fold in remainder.form.folds
    }
    sides: dict[tuple, dict[str, Any]] = {}
    if len(network.layers) == 1:
        return []
    layer = network.exact().layers[0]
    for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
        form = Form(dict(row), bias)
        if not form.terms:
            continue
        form = form.scale(1 / form.terms[min(form.terms)])
        if form.key in sides:
            continue
        if form.key in known:
            sides[form.key] = {"point": [text(c) for c in known[form.key]]}
            continue
        sides[form.key] = {"new": True}
        for name, target in (("above", form), ("below", -form)):
            found = nonnegative_multipliers(target, remainder.ground.constraints, remainder.form.n)
            if found is not None:
                sides[form.key] = {name: [[i, text(c)] for i, c in enumerate(found) if c]}
                break
    return list(sides.values())


def _deeper(graph: Graph, hidden_layers: int, kind: Kind, ground: Ground, clock: Budget) -> Minimal:
    """More than one hidden layer: the smallest network found, and a bound that is proved."""
    from relucirc.optimal.synthesis import compile_graph  # noqa: PLC0415  (it asks back for one layer)

    if kind.skip or ground.domain is not None:
        raise RelucircError("more than one hidden layer is answered on all of R^n and without skip connections only.")
    found = compile_graph(graph, hidden_layers, clock)
    if found.network is None:
        return _nothing(found.reason, clock)
    biased = any(any(layer.exact_bias()) for layer in found.network.exact().layers)
    if biased and not (kind.bias and kind.output_bias):
        return _nothing("the network that was found needs biases; without them nothing is known for this depth.", clock)
    size, directions = found.network.hidden_neurons, essential_dimension(graph)
    bound = hidden_layers - 1 + directions if directions else 0
    reason = (
        f"{size} hidden neurons in {hidden_layers} layers found; at least {bound} are needed, since the function "
        "depends on that many directions and every layer needs a neuron. For more than one hidden layer no exact "
        "minimum is known."
    )
    return Minimal(found.network, size, size == bound, bound, reason, None, seconds=clock.elapsed)


def essential_dimension(graph: Graph) -> int:
    """A lower bound on the number of directions that the function depends on: rank of slopes at a few points."""
    rng = random.Random(5)
    n = len(graph.inputs)
    rows = []
    for _ in range(2 * n + 4):
        point, flag = ([fmpq(rng.randint(-99, 99)) for _ in range(n)] for _ in range(2))
        rows += [[piece.coefficient(v) for v in range(n)] for piece in germ(graph, point, [flag]).pieces]
    return fmpq_mat(rows).rank() if rows and n else 0
