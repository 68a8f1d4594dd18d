"""The roundings of one network that are tried: from those that only hold small rationals to nearest numbers.

Every rounding is done in the ways that there are to snap: neuron by neuron, and folded or by hinges.  Each gives a
candidate, and nothing here decides whether it is any good.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.errors import RelucircError
from relucirc.core.exact import approximate, fraction, rational
from relucirc.interpretation.batch import stacked
from relucirc.interpretation.canonical import Layer
from relucirc.interpretation.ground import Ground
from relucirc.interpretation.judging import WAYS, Way
from relucirc.interpretation.rounding import Smallest
from relucirc.interpretation.tidying import tidy, whole
from relucirc.interpretation.writing import number
from relucirc.language.network import MLP

SMALL = 32
"""Largest denominator of a network that is left as it is."""

MOST = 4096
TIGHT = (Smallest(5e-5, 256), Smallest(6.25e-4, 64), Smallest(1e-6, MOST))
"""Roundings that few numbers fit by chance, so that networks which fit them are meant to: from the likeliest."""

DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 128, 256, 1024)
"""Largest denominators that are tried in turn where not every number fits, or where a formula tells which is right."""

DEFAULT, FINER, COARSER = 12, 32, 5
"""Largest denominator that is tried with the tolerance itself first, and factors of the tolerance."""

NOISE = fmpq(1, 2**22)
"""What a number may be off and still be read as the fraction that it was: a few roundings to float32."""


Candidate = tuple[MLP, tuple[str, ...]]
"""A rounded network, and what was done, one sentence each."""


def candidates(
    net: MLP,
    max_denominator: int | None,
    tolerance: float,
    ground: Ground,
    is_far: Callable[[np.ndarray], bool],
    others: Iterable[Candidate] = (),
) -> Iterator[Candidate]:
    """Distinct roundings: the network as it is, those that fit it, then the nearest ones, coarse and fine.

    Args:
        net: The exact network.
        max_denominator: See :func:`relucirc.snap`.
        tolerance: The same.
        ground: Where functions are compared.
        is_far: Whether float values at the points of the ground show that a candidate need not be written.
        others: Candidates by another way; they come after the roundings that fit where there are several hidden layers,
            in which the nearest numbers are seldom the right ones, and last where there is one.
    """
    seen: set[MLP] = set()
    small = _as_it_is(net, max_denominator or SMALL, ground)
    if small is not None:
        seen.add(small[0])
        yield small
    stack = stacked(net, single=True)
    left = (other for other in others if max_denominator is None or denominator_of(other[0]) <= max_denominator)
    for way, rounding, fitting in _rungs(WAYS[min(len(stack) - 1, 2)], max_denominator, tolerance):
        tick()
        if not fitting and len(stack) > 2:
            yield from _new(left, seen)
        with np.errstate(all="ignore"):  # what overflows is no candidate
            proposal = way(stack, rounding, ground.sight)
            unfit = fitting and proposal.misfits[0]
            unfit = unfit or not all(np.isfinite(part).all() for part in (*proposal.numbers, proposal.values))
            if unfit or is_far(proposal.values[0]):
                continue
        moves = proposal.moves(0)
        layers = whole(tidy(proposal.layers(0), ground.bounds, moves), rounding.max_denominator, moves)
        network = _network(layers, net)
        yield from _new([(network, tuple(moves))], seen)
    yield from _new(left, seen)


def _new(found: Iterable[Candidate], seen: set[MLP]) -> Iterator[Candidate]:
    """Those that were not seen before."""
    for candidate in found:
        if candidate[0] not in seen:
            seen.add(candidate[0])
            yield candidate


def denominator_of(net: MLP) -> int:
    """Returns the largest denominator in an exact network."""
    numbers = (c for layer in net.layers for row in (*layer.weight.entries(), layer.exact_bias()) for c in row)
    return max((int(c.q) for c in numbers), default=1)


def _rungs(ways: Sequence[Way], max_denominator: int | None, tolerance: float) -> Iterator[tuple[Way, Smallest, bool]]:
    """Ways to snap, with roundings, and whether every number must fit."""
    most, largest = max_denominator or MOST, max_denominator or DENOMINATORS[-1]
    tight = [replace(rounding, max_denominator=min(rounding.max_denominator, most)) for rounding in TIGHT]
    for way in ways:
        yield from ((way, rounding, True) for rounding in (*tight, Smallest(tolerance, max_denominator or DEFAULT)))
    denominators = sorted({d for d in DENOMINATORS if d < largest} | {largest})
    loose = [Smallest(t, d) for d in denominators for t in (tolerance, tolerance / FINER)]
    loose += [Smallest(min(COARSER * tolerance, 0.2), d) for d in denominators[:7]]
    yield from ((way, rounding, False) for rounding in loose for way in ways)


def _as_it_is(net: MLP, max_denominator: int, ground: Ground) -> Candidate | None:
    """The network without the neurons that do nothing, if every weight is a small rational but for float32's noise."""
    layers, moves = [], []

    def small(value: fmpq) -> fmpq:
        if value.q <= max_denominator:
            return value
        near = rational(fraction(value).limit_denominator(max_denominator))
        if abs(near - value) > NOISE * abs(value):
            raise RelucircError
        moves.append(f"a weight of {number(approximate(value))} is read as {near}.")
        return near

    try:
        for layer in net.layers:
            rows = []
            for row in layer.weight.entries():
                tick()
                rows.append(tuple(map(small, row)))
            layers.append((tuple(rows), tuple(map(small, layer.exact_bias()))))
    except RelucircError:
        return None
    return _network(tidy(layers, ground.bounds, moves), net), tuple(moves)


def _network(layers: Sequence[Layer], net: MLP) -> MLP:
    """Builds the network; biases that are all zero are left out."""
    return MLP.from_arrays([(rows, bias if any(bias) else None) for rows, bias in layers], net.inputs)
