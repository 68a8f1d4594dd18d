"""``snap``: round a network to the circuit that it is close to, say how far that is, and prove that it is one.

Candidates come from a ladder of roundings.  Each is measured against the network on the domain, and the first that
is near enough is the answer; what is too far is no answer, and without any the network itself comes back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from flint import fmpq

from relucirc.budget import Budget, OutOfBudget
from relucirc.deviation import Deviation
from relucirc.errors import NetworkError, RelucircError, not_a_network, shorten
from relucirc.exact import approximate, fraction, rational
from relucirc.network import MLP
from relucirc.prover import prove
from relucirc.result import Result
from relucirc.snapping.distance import Distance, Measure
from relucirc.snapping.ground import Ground
from relucirc.snapping.layers import Layer, exact_layers, number, rational_network
from relucirc.snapping.neurons import MisfitError, Neurons
from relucirc.snapping.pooling import activity, image, pooled, without
from relucirc.snapping.rounding import Rounding
from relucirc.snapping.tidying import tidy, whole

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
class Snapped:
    """A network in small rationals, and how far it is from the network that it came from.

    Attributes:
        network: The network, exact; the one that was given where no rounding is near enough.
        moves: What was changed, one sentence each, in order.
        result: The answer of :func:`relucirc.prove` for it, where a formula was given.
        moved: How far the function moved: the largest ``|net - network|`` on the domain, over all outputs, or a
            number that it certainly does not exceed; infinite where the two drift apart without end.
        exact: Whether ``moved`` is that largest difference itself.
        domain: The domain that ``moved`` is about, in words: the one that was given, or [-1, 1]^n (or the first larger
            cube, [-10, 10]^n and so on, on which the network is not flat).
        reason: One sentence about it.
        deviation: How far the network is from the formula on that domain, if it was not proved to be equal.
    """

    network: MLP
    moves: tuple[str, ...]
    result: Result | None = None
    moved: sympy.Expr = sympy.S.Zero
    exact: bool = True
    domain: str = ""
    reason: str = ""
    deviation: Deviation | None = None

    def __str__(self) -> str:
        lines = [*self.moves, f"sizes {self.network.sizes}", self.reason]
        if self.result is not None:
            lines.append(str(self.result))
        if self.deviation is not None:
            lines.append(
                f"largest difference from the formula on {self.domain}: {_amount(self.deviation.value, exact=True)}."
            )
        return "\n".join(lines)


def snap(
    net: MLP,
    formula: Any = None,
    *,
    domain: Any = None,
    max_denominator: int | None = None,
    tolerance: float = 0.02,
    budget: float | None = 60.0,
) -> Snapped:
    """Rounds a network to the circuit that it is close to, and says how far its function moved.

    Layer by layer, hidden neurons are brought to one scale, rounded, and merged where they are parallel, dead ones
    are dropped, and the output weights rounded to small rationals.  Several roundings are tried: those that only hold
    numbers which are small rationals but for noise, then the nearest rationals with larger and larger denominators.
    The first that is near enough to the network on the domain is the answer; if none is, the network itself is, and
    the reason says so.  A network of small rationals is left as it is, but for neurons that do nothing.

    Near enough means that no output moves further than the tolerance times its scale: half of the difference
    between its largest and smallest value on the domain, as far as sample points show (its size, if it is constant).

    Args:
        net: A network, usually trained.
        formula: What it should compute, as for :func:`relucirc.prove`; all roundings are then tried until one is
            proved, which may be as far away as five times the tolerance.  If none is proved, the answer is the one
            that would be given without a formula.
        domain: The domain of the claim, and where functions are compared; [-1, 1]^n without one.  Neurons that are
            never active on it are dropped.  Of an unbounded domain the part in a box around zero decides.
        max_denominator: Largest denominator that numbers are rounded to; 1024, or 4096 where those fit closely.
        tolerance: How far the function may move, relative to its scale.
        budget: Seconds of wall time; None for no limit.

    Returns:
        The :class:`Snapped` network; ``.moved`` says how far it is from ``net``.  With a formula, ``.result`` is
        its proof, or its refutation with ``.deviation``, how far it is from the formula.

    Raises:
        RelucircError: When the network has symbolic weights, or the formula or the domain cannot be read.

    Example:
        >>> import relucirc
        >>> trained = relucirc.circuits.trained()["absolute"]
        >>> snapped = snap(trained.network)
        >>> snapped.network == relucirc.circuits.absolute()
        True
        >>> print(snapped.reason)
        moved by 163/5000000 (3.3e-05) on [-1, 1], 7e-05 of its scale there.
    """
    if not isinstance(net, MLP):
        raise not_a_network(net)
    if net.symbols:
        raise NetworkError(f"weights have symbols {[s.name for s in net.symbols]}; substitute numbers first.")
    _check(max_denominator, tolerance)
    net, clock = net.exact(), Budget(budget)
    ground = Ground.of(domain, net)
    measure = Measure(net, ground, tolerance, clock)
    tried: list[Snapped] = []
    ended = False
    try:
        for candidate in _candidates(net, max_denominator, tolerance, ground, clock):
            if measure.is_seen_far(candidate.network, 1 if formula is None else COARSER):
                continue
            if formula is not None:
                result = prove(candidate.network, formula, domain=domain, budget=clock.left(0.05))
                tried.append(replace(candidate, result=result))
                if result.status != "proved":
                    continue
            distance = measure.distance(candidate.network, 1 if formula is None else COARSER)
            if all(distance.fits) or (formula is not None and not distance.is_far):
                return _answer(tried[-1] if tried else candidate, measure, distance)
    except OutOfBudget:
        ended = True
    for candidate in tried:
        if clock.remaining <= 0:
            ended = True
            break
        distance = measure.distance(candidate.network)
        if all(distance.fits):
            return _compared(_answer(candidate, measure, distance), formula, measure)
    end = (
        f"the budget of {budget:g} s ended before a rounding was shown to be"
        if ended
        else "no rounding was shown to be"
    )
    reason = f"moved by 0 on {ground.where}: the network itself, since {end} within {tolerance:g} of its scale there."
    result = None if formula is None else prove(net, formula, domain=domain, budget=clock.left(0.05))
    return _compared(Snapped(net, (), result, domain=ground.where, reason=reason), formula, measure)


def _answer(found: Snapped, measure: Measure, distance: Distance) -> Snapped:
    """Says how far a network moved, measured exactly where the time is enough."""
    ground = measure.ground
    distance = measure.sharpened(found.network, distance)
    moved, exact = distance.largest
    said = f"moved by {_amount(moved, exact=exact)} on {ground.where}"
    if ground.part is not None:
        part = f"{_amount(moved, exact=exact)} on its part in {ground.part}"
        moved, exact = measure.everywhere(found.network)
        said = f"moved by {_amount(moved, exact=exact)} on {ground.where}, and by {part}"
    share = measure.share(distance)
    scale = f", {share:.1g} of its scale there" if 0 < share < np.inf else ""
    return replace(found, moved=moved, exact=exact, domain=ground.where, reason=f"{said}{scale}.")


def _compared(found: Snapped, formula: Any, measure: Measure) -> Snapped:
    """Adds how far a network is from the formula, where it is not proved to equal it."""
    if formula is None or found.result is None or found.result.status == "proved":
        return found
    return replace(found, deviation=measure.from_formula(found.network, formula))


def _amount(value: sympy.Expr, *, exact: bool) -> str:
    if value == sympy.oo:
        return "an amount without bound" if exact else "an amount that was not measured in time"
    shown = str(value) if len(str(value)) <= 24 else f"about {float(value):.6g}"
    about = f" ({float(value):.2g})" if "/" in shown else ""
    return f"{'' if exact else 'at most '}{shown}{about}"


def _candidates(
    net: MLP, max_denominator: int | None, tolerance: float, ground: Ground, clock: Budget
) -> Iterator[Snapped]:
    """Distinct roundings: the network as it is, those that fit it, then the nearest ones, coarse and fine."""
    seen: set[MLP] = set()
    for found in _roundings(net, max_denominator, tolerance, ground, clock):
        clock.step()
        if found.network not in seen:
            seen.add(found.network)
            yield found


def _roundings(
    net: MLP, max_denominator: int | None, tolerance: float, ground: Ground, clock: Budget
) -> Iterator[Snapped]:
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


def _as_it_is(net: MLP, max_denominator: int, ground: Ground) -> Snapped | None:
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
    return Snapped(rational_network(tidy(layers, ground.bounds, moves), net.inputs), tuple(moves))


def _ways(net: MLP, layers: list[Layer], neurons: Neurons, ground: Ground) -> Iterator[Snapped]:
    """Rounds twice: neuron by neuron, and with hyperplanes pooled first."""
    for pool in (False, True):
        neurons.moves = []
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                network = _rounded(net, list(layers), neurons, ground, pool=pool)
        except (MisfitError, FloatingPointError, OverflowError):  # the last two beyond float64
            continue
        yield Snapped(network, tuple(neurons.moves))


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


def _check(max_denominator: int | None, tolerance: float) -> None:
    if max_denominator is not None and (not isinstance(max_denominator, int) or max_denominator < 1):
        raise RelucircError(f"max_denominator: expected an integer of at least 1, got {shorten(max_denominator)}.")
    if not 0 < tolerance < 0.5:
        raise RelucircError(f"tolerance: expected a number between 0 and 1/2, got {shorten(tolerance)}.")
