"""The ladder of roundings: from those that only hold small rationals to nearest numbers, coarse and fine.

Every rounding is done in two ways, neuron by neuron, and with the neurons of a layer pooled first.  Each gives a
candidate, and nothing here decides whether it is any good.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.exact import approximate, fraction, rational
from relucirc.interpretation.snapping.ground import Ground
from relucirc.interpretation.snapping.layers import Layer, exact_layers, number, rational_network
from relucirc.interpretation.snapping.neurons import MisfitError, Neurons
from relucirc.interpretation.snapping.pooling import activity, image, pooled, without
from relucirc.interpretation.snapping.rounding import Rounding
from relucirc.interpretation.snapping.tidying import tidy, whole
from relucirc.language.network import MLP

SMALL = 32
"""Largest denominator of a network that is left as it is."""

MOST = 4096
TIGHT = (Rounding(256, 5e-5), Rounding(64, 6.25e-4), Rounding(MOST, 1e-6))
"""Roundings that few numbers fit by chance, so that networks which fit them are meant to: from the likeliest."""

DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 128, 256, 1024)
"""Largest denominators that are tried in turn where not every number fits, or where a formula tells which is right."""

DEFAULT, FINER, COARSER = 12, 32, 5
"""Largest denominator that is tried with the tolerance itself first, and factors of the tolerance."""

NOISE = fmpq(1, 2**22)
"""What a number may be off and still be read as the fraction that it was: a few roundings to float32."""


@dataclass(frozen=True)
class Candidate:
    """A rounded network, and what was done, one sentence each."""

    network: MLP
    moves: tuple[str, ...]


def candidates(
    net: MLP, max_denominator: int | None, tolerance: float, ground: Ground, clock: Budget
) -> Iterator[Candidate]:
    """Distinct roundings: the network as it is, those that fit it, then the nearest ones, coarse and fine."""
    seen: set[MLP] = set()
    for found in _roundings(net, max_denominator, tolerance, ground, clock):
        clock.step()
        if found.network not in seen:
            seen.add(found.network)
            yield found


def _roundings(
    net: MLP, max_denominator: int | None, tolerance: float, ground: Ground, clock: Budget
) -> Iterator[Candidate]:
    small = _as_it_is(net, max_denominator or SMALL, ground)
    if small is not None:
        yield small
    floats = [layer.floats() for layer in exact_layers(net)]
    largest = max_denominator or DENOMINATORS[-1]
    for rounding in (*TIGHT, Rounding(max_denominator or DEFAULT, tolerance)):
        capped = replace(rounding, max_denominator=min(rounding.max_denominator, max_denominator or MOST))
        yield from _ways(net, floats, Neurons(capped, clock.step, fitting=True), ground)
    denominators = sorted({d for d in DENOMINATORS if d < largest} | {largest})
    rungs = [Rounding(d, allowed) for d in denominators for allowed in (tolerance, tolerance / FINER)]
    rungs += [Rounding(d, min(COARSER * tolerance, 0.2)) for d in denominators[:7]]
    for rounding in rungs:
        yield from _ways(net, floats, Neurons(rounding, clock.step, fitting=False), ground)


def _as_it_is(net: MLP, max_denominator: int, ground: Ground) -> Candidate | None:
    """The network without the neurons that do nothing, if every weight is a small rational but for float32's noise."""
    layers, moves = exact_layers(net), []
    for layer in layers:
        for part in (layer.weight, layer.bias):
            for index, value in np.ndenumerate(part):
                if value.q > max_denominator:
                    part[index] = near = rational(fraction(value).limit_denominator(max_denominator))
                    if abs(near - value) > NOISE * abs(value):
                        return None
                    moves.append(f"a weight of {number(approximate(value))} is read as {near}.")
    return Candidate(rational_network(tidy(layers, ground.bounds, moves), net.inputs), tuple(moves))


def _ways(net: MLP, layers: list[Layer], neurons: Neurons, ground: Ground) -> Iterator[Candidate]:
    """Rounds twice: neuron by neuron, and with hyperplanes pooled first."""
    for pool in (False, True):
        neurons.moves = []
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                network = _rounded(net, list(layers), neurons, ground, pool=pool)
        except (MisfitError, FloatingPointError, OverflowError):  # the last two beyond float64
            continue
        yield Candidate(network, tuple(neurons.moves))


def _rounded(net: MLP, layers: list[Layer], neurons: Neurons, ground: Ground, *, pool: bool) -> MLP:
    """Rounds the layers from the inputs up."""
    done: list[Layer] = []
    box = ground.float_bounds
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
    done = tidy(done, ground.bounds, neurons.moves)
    whole(done, neurons.rounding.max_denominator, neurons.moves)
    return rational_network(done, net.inputs)
