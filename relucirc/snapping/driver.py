"""``snap``: round a network layer by layer to the circuit that it is close to, and prove that it is one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from relucirc.budget import Budget
from relucirc.domain import read_domain
from relucirc.errors import NetworkError, RelucircError, not_a_network, shorten
from relucirc.exact import approximate
from relucirc.network import MLP
from relucirc.prover import prove
from relucirc.result import Result
from relucirc.snapping.layers import RationalLayer, float_layers, rational_network
from relucirc.snapping.neurons import Neurons
from relucirc.snapping.pooling import Box, activity, image, pooled, without
from relucirc.snapping.rounding import Rounding
from relucirc.snapping.tidying import tidy

DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 128, 256)
"""Largest denominators that are tried in turn where a formula can tell which one is right."""

FINER, COARSER = 32, 5
"""Factors of the tolerance."""


@dataclass(frozen=True)
class Snapped:
    """A network in small rationals.

    Attributes:
        network: The network, exact.
        moves: What was changed, one sentence each, in order.
        result: The answer of :func:`relucirc.prove` for it, where a formula was given.
    """

    network: MLP
    moves: tuple[str, ...]
    result: Result | None = None

    def __str__(self) -> str:
        answer = [] if self.result is None else [str(self.result)]
        return "\n".join([*self.moves, f"sizes {self.network.sizes}", *answer])


def snap(
    net: MLP,
    formula: Any = None,
    *,
    domain: Any = None,
    max_denominator: int | None = None,
    tolerance: float = 0.02,
    budget: float | None = 60.0,
) -> Snapped:
    """Rounds a network to the circuit that it is close to.

    Layer by layer, each hidden neuron is rescaled to a primitive direction and its scale moved up, parallel
    neurons are merged, dead ones dropped, and the output weights rounded to small rationals, smallest
    denominators first.  The result is another network: only a proof says what it computes.

    Args:
        net: A network, usually trained.
        formula: What it should compute, as for :func:`relucirc.prove`; denominators 1, 2, 3, ... are then
            tried until it is proved.
        domain: The domain of the claim.  Neurons that are never active on it are dropped.
        max_denominator: Largest denominator; 12, or 256 with a formula.
        tolerance: How far a number may move, relative to the largest weight of its row.
        budget: Seconds for all proofs together; None for no limit.

    Returns:
        The :class:`Snapped` network; with a formula, ``.result`` is its proof, or the refutation of
        the best rounding if none was proved.

    Raises:
        RelucircError: When the network has symbolic weights, or the formula or the domain cannot be read.

    Example:
        >>> import relucirc
        >>> trained = relucirc.circuits.trained()["absolute"]
        >>> snap(trained.network).network == relucirc.circuits.absolute()
        True
    """
    if not isinstance(net, MLP):
        raise not_a_network(net)
    _check(max_denominator, tolerance)
    box = _box(domain, net)
    plain = list(_roundings(net, Rounding(max_denominator or 12, tolerance), box))
    best = plain[0] if plain[0].strained <= plain[1].strained else plain[1]
    if formula is None:
        return best.snapped
    clock = Budget(budget)
    seen: set[MLP] = set()
    for attempt in _attempts(net, max_denominator or DENOMINATORS[-1], tolerance, box):
        network = attempt.snapped.network
        if network in seen:
            continue
        seen.add(network)
        result = prove(network, formula, domain=domain, budget=clock.left(0.05))
        if result.status == "proved":
            return Snapped(network, attempt.snapped.moves, result)
        if clock.seconds is not None and clock.elapsed >= clock.seconds:
            break
    result = prove(best.snapped.network, formula, domain=domain, budget=clock.left(0.05))
    return Snapped(best.snapped.network, best.snapped.moves, result)


@dataclass(frozen=True)
class _Attempt:
    snapped: Snapped
    strained: int


def _attempts(net: MLP, max_denominator: int, tolerance: float, box: Box | None) -> Iterator[_Attempt]:
    """Roundings to larger and larger denominators with the tolerance and a finer one; small ones with a coarser."""
    denominators = [d for d in DENOMINATORS if d <= max_denominator]
    for denominator in denominators:
        for allowed in (tolerance, tolerance / FINER):
            yield from _roundings(net, Rounding(denominator, allowed), box)
    for denominator in denominators[:7]:
        yield from _roundings(net, Rounding(denominator, min(COARSER * tolerance, 0.2)), box)


def _roundings(net: MLP, rounding: Rounding, box: Box | None) -> Iterator[_Attempt]:
    """Rounds twice: neuron by neuron, and with hyperplanes pooled first."""
    for pool in (False, True):
        neurons = Neurons(rounding)
        try:
            with np.errstate(over="raise", invalid="raise"):
                network = _rounded(net, neurons, box, pool=pool)
        except (FloatingPointError, OverflowError):
            raise NetworkError(
                "the weights are too large to snap: a product of them is beyond float64; scale the network down."
            ) from None
        yield _Attempt(Snapped(network, tuple(neurons.moves)), neurons.strained)


def _rounded(net: MLP, neurons: Neurons, box: Box | None, *, pool: bool) -> MLP:
    """Rounds the layers from the inputs up."""
    layers = float_layers(net)
    done: list[RationalLayer] = []
    for depth in range(len(layers) - 1):
        layer, above = layers[depth], layers[depth + 1]
        linear = np.zeros(len(layer.bias), dtype=bool)
        if box is not None:
            dead, linear = activity(layer, box, neurons.rounding.tolerance if pool else 0.0)
            neurons.moves += [
                f"hidden layer {depth + 1}, neuron {i + 1}: never active on the domain; dropped."
                for i in np.flatnonzero(dead)
            ]
            layer, above = without(layer, above, dead)
            linear = linear[~dead]
        if pool:
            before = len(layer.bias)
            layer, above = pooled(layer, above, neurons.rounding.tolerance, linear)
            neurons.moves.append(
                f"hidden layer {depth + 1}: {before} neurons pooled into {len(layer.bias)}, one for each hyperplane "
                "and two for each direction of the affine rest."
            )
        rounded, layers[depth + 1] = neurons.hidden(depth, layer, above)
        done.append(rounded)
        box = None if box is None else image(rounded.floats(), box)
    done.append(neurons.output(layers[-1]))
    return rational_network(tidy(done, len(net.inputs), neurons.moves), net.inputs)


def _check(max_denominator: int | None, tolerance: float) -> None:
    if max_denominator is not None and (not isinstance(max_denominator, int) or max_denominator < 1):
        raise RelucircError(f"max_denominator: expected an integer of at least 1, got {shorten(max_denominator)}.")
    if not 0 < tolerance < 0.5:
        raise RelucircError(f"tolerance: expected a number between 0 and 1/2, got {shorten(tolerance)}.")


def _box(domain: Any, net: MLP) -> Box | None:
    """Bounds of the inputs on a domain, from its relations in one variable."""
    relations = read_domain(domain, net.inputs).relations
    low, high = np.full(len(net.inputs), -np.inf), np.full(len(net.inputs), np.inf)
    for relation in relations:
        if len(relation.form.terms) == 1:
            ((v, c),) = relation.form.terms.items()
            bound = approximate(-relation.form.const / c)
            if relation.op == "==" or c > 0:
                low[v] = max(low[v], bound)
            if relation.op == "==" or c < 0:
                high[v] = min(high[v], bound)
    return (low, high) if relations else None
