"""One hidden layer: the smallest network for a graph, and the evidence that none is smaller."""

from dataclasses import asdict, dataclass, field
from typing import Any

import sympy
from flint import fmpq

from relucirc.checker.depth import FORMAT as DEPTH_FORMAT
from relucirc.checker.depth import check_depth_claim
from relucirc.checker.minimal import FORMAT, check_minimal, network_to_json
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget
from relucirc.core.exact import text, to_rational
from relucirc.core.feasible import nonnegative_multipliers
from relucirc.core.graph import Graph
from relucirc.core.tables import counted
from relucirc.language.network import MLP
from relucirc.optimal.building import build_network, with_skip
from relucirc.optimal.ground import Ground
from relucirc.optimal.one_output import OneOutput
from relucirc.optimal.remainder import Kind, Remainder, Settled
from relucirc.optimal.several_outputs import SeveralOutputs
from relucirc.optimal.shallow_form import NotShallow, ShallowForm, shallow_form
from relucirc.proof.prover import prove

SHARE = 0.7
"""Share of the remaining time in which the cheapest payment is looked for; the rest is for proofs."""
FOLDS = "the set of hyperplanes on which the function folds"


@dataclass(frozen=True)
class Minimal(Answer):
    """What :func:`minimal_network` answers.

    Attributes:
        status: ``"optimal"``: the checker accepted that there is no smaller network of this kind; ``"found"``: a
            network, perhaps not the smallest; ``"impossible"``: there is no network of this kind, of any size;
            or ``"unknown"``.
        reason: One or two sentences for people.
        network: The smallest network found, proved equal to the function; None if there is none of
            the kind asked for, or none was found in time.
        hidden_neurons: Its size; None without a network.
        optimal: Whether no smaller network of this kind exists: True only if the checker accepted
            the certificate for it.
        lower_bound: No network of this kind has fewer hidden neurons (checked, for one hidden layer).
        certificate: Evidence for :func:`relucirc.optimal.check_minimal` (or, where the function needs
            two hidden layers, for :func:`relucirc.optimal.check_depth`); plain JSON data.
        skip: With ``skip=True``: for each output the coefficients of the skip connection.
        seconds: Wall time used.
    """

    status: str
    reason: str
    network: MLP | None = None
    hidden_neurons: int | None = None
    optimal: bool = False
    lower_bound: int = 0
    certificate: dict | None = field(default=None, repr=False)
    skip: tuple[tuple[sympy.Rational, ...], ...] | None = None
    seconds: float = 0.0

    def _line(self) -> str:
        if self.network is None:
            return self.reason
        fewest = ", the fewest" if self.optimal else ""
        return f"{counted(self.network.hidden_neurons, 'hidden neuron')}{fewest}: {self.reason}"


def one_layer(graph: Graph, domain: Any, kind: Kind, ground: Ground, clock: Budget) -> Minimal:
    """The exact minimum: the hyperplanes, the cheapest way to pay for the rest, and the evidence."""
    clock.method = FOLDS
    return of_shape(graph, domain, kind, ground, shallow_form(graph, ground, clock), clock)


def of_shape(
    graph: Graph, domain: Any, kind: Kind, ground: Ground, shape: ShallowForm | NotShallow | None, clock: Budget
) -> Minimal:
    """The same for a function whose shallow form was looked for."""
    if shape is None:
        return nothing(f"{FOLDS} was not found: what was proposed was neither proved nor refuted.", clock)
    if isinstance(shape, NotShallow):
        return _needs_two(graph, domain, shape, clock)
    remainder = Remainder(shape, kind, ground)
    obstacle = remainder.impossible()
    if obstacle is not None:
        return Minimal("impossible", f"no network of this kind computes it: {obstacle}.", seconds=clock.elapsed)
    question = OneOutput if len(shape.affine) == 1 else SeveralOutputs
    clock.method = "whether the network found equals the function"
    settled = question(remainder, clock.share(SHARE)).settle()
    network, skips = build_network(graph.inputs, remainder, settled.payment)
    return _certified(graph, domain, remainder, settled, network, skips, clock)


def nothing(reason: str, clock: Budget) -> Minimal:
    """The answer that knows nothing."""
    return Minimal("unknown", reason, seconds=clock.elapsed)


def _needs_two(graph: Graph, domain: Any, shape: NotShallow, clock: Budget) -> Minimal:
    certificate = {"format": DEPTH_FORMAT, "inputs": list(graph.inputs), **shape.to_json()}
    verdict = check_depth_claim(graph, certificate, domain)
    if not verdict.accepted:
        return nothing(f"it does not seem to have one hidden layer, but the checker says: {verdict.reason}", clock)
    reason = (
        "no network with one hidden layer computes it, of any size: at two points of one hyperplane it folds "
        "differently (checked). Use relucirc.compile_formula for a deeper network."
    )
    return Minimal("impossible", reason, certificate=certificate, seconds=clock.elapsed)


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
        return nothing(f"a network was found but not proved equal: {equal.reason}", clock)
    width, k = network.hidden_neurons, len(remainder.form.folds)
    bound = k + settled.least
    certificate: dict[str, Any] = {
        "format": FORMAT,
        "kind": asdict(remainder.kind),
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
        return nothing(f"the checker rejects the certificate ({verdict.reason}); please report this.", clock)
    named = None if skips is None else tuple(tuple(to_rational(c) for c in row) for row in skips)
    status, reason = "optimal" if bound == width else "found", _reason(width, k, bound, remainder, settled)
    return Minimal(status, reason, network, width, bound == width, bound, certificate, named, clock.elapsed)


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
    for form in network.exact().layers[0].forms():
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
