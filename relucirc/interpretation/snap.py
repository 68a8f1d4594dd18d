"""``snap``: round a network to the circuit that it is close to, say how far that is, and prove that it is one.

Candidates come from a ladder of roundings.  Each is measured against the network on the domain, and the first that
is near enough is the answer; what is too far is no answer, and without any the network itself comes back.
"""

from dataclasses import dataclass, replace
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
import sympy

from relucirc.core.answer import Answer
from relucirc.core.budget import BRIEF, Budget, OutOfBudget
from relucirc.core.errors import NetworkError, RelucircError, shorten
from relucirc.core.progress import Progress, watched
from relucirc.interpretation.candidates import COARSER, candidates
from relucirc.interpretation.distance import Distance, Measure
from relucirc.interpretation.ground import Ground, words
from relucirc.interpretation.respelling import respelled
from relucirc.language.as_network import as_network
from relucirc.language.network import MLP
from relucirc.measure.deviation import Deviation
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

MANY = 12
"""Moves that a text shows."""


@dataclass(frozen=True)
class Snapped(Answer):
    """A network in small rationals, and how far it is from the network that it came from.

    Attributes:
        status: Where a formula was given, that of its proof.  Otherwise ``"snapped"``, ``"unchanged"`` where no
            rounding is near enough, or ``"unknown"`` where the budget ended before one was found.
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
        seconds: Wall time used.
    """

    network: MLP
    moves: tuple[str, ...]
    status: str = "snapped"
    result: Result | None = None
    moved: sympy.Expr = sympy.S.Zero
    exact: bool = True
    domain: str = ""
    reason: str = ""
    deviation: Deviation | None = None
    seconds: float = 0.0

    def _line(self) -> str:
        return self.reason

    def __str__(self) -> str:
        more = [f"... and {len(self.moves) - MANY:,} more moves"] if len(self.moves) > MANY else []
        lines = [*self.moves[:MANY], *more, f"sizes {self.network.sizes}", self.reason]
        if self.result is not None:
            lines.append(str(self.result))
        if self.deviation is not None:
            lines.append(f"from the formula on {self.domain}: {self.deviation.reason}")
        return "\n".join(lines)


def snap(
    net: MLP,
    formula: Any = None,
    domain: Any = None,
    *,
    max_denominator: int | None = None,
    tolerance: float = 0.02,
    budget: float | None = 60.0,
    progress: Progress = None,
) -> Snapped:
    """Rounds a network to the circuit that it is close to, and says how far its function moved.

    Layer by layer, hidden neurons are brought to one scale, rounded, and merged where they are parallel, dead ones
    are dropped, and the output weights rounded to small rationals.  Several roundings are tried: those that only hold
    numbers which are small rationals but for noise, then the nearest rationals with larger and larger denominators.
    Short formulas that the network is near are compiled as well: with several hidden layers before the nearest
    rationals are tried, which are seldom the right ones there.
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
        progress: As for :func:`relucirc.prove`.

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
    net = as_network(net, domain)
    if net.symbols:
        raise NetworkError(f"weights have symbols {[s.name for s in net.symbols]}; substitute numbers first.")
    _check(max_denominator, tolerance)
    clock = watched(budget, "snap", progress)
    search = _Search(net, formula, domain, clock, max_denominator, tolerance)
    try:
        with clock:
            found = search.run()
    except (OutOfBudget, KeyboardInterrupt) as error:
        found = search.itself(f"{clock.ended(error)} before a rounding", "unknown")
    return replace(found, seconds=clock.elapsed)


@dataclass
class _Search:
    """Looks for the first candidate that is near enough; the arguments of :func:`snap`."""

    net: MLP
    formula: Any
    domain: Any
    clock: Budget
    max_denominator: int | None
    tolerance: float
    measure: Measure | None = None

    def run(self) -> Snapped:
        """Tries all candidates; with a formula, first for one that is proved."""
        self.net = self.net.exact()
        ground = Ground.of(self.domain, self.net)
        self.measure = measure = Measure(self.net, ground, self.tolerance, self.clock)
        factor = 1 if self.formula is None else COARSER
        tried: list[Snapped] = []
        is_far = partial(measure.is_seen_far, factor=factor)
        others = respelled(self.net, ground, is_far)
        for candidate in candidates(self.net, self.max_denominator, self.tolerance, ground, is_far, others):
            found = Snapped(*candidate)
            if self.formula is not None:
                found = self._judged(found)
                tried.append(found)
                if found.result is None or found.result.status != "proved":
                    continue
            distance = measure.distance(found.network, factor)
            if all(distance.fits) or (self.formula is not None and not distance.is_far):
                return _answer(found, measure, distance)
        for found in tried:
            distance = measure.distance(found.network)
            if all(distance.fits):
                return self._compared(_answer(found, measure, distance))
        return self.itself("no rounding", "unchanged")

    def itself(self, end: str, status: str) -> Snapped:
        """The network itself, and why."""
        where = words(self.domain, len(self.net.inputs)) if self.measure is None else self.measure.ground.where
        near = f"was shown to be within {self.tolerance:g} of its scale there"
        found = Snapped(self.net.exact(), (), status, domain=where)
        found = replace(found, reason=f"moved by 0 on {where}: the network itself, since {end} {near}.")
        return found if self.formula is None else self._compared(self._judged(found))

    def _judged(self, found: Snapped) -> Snapped:
        limit = self.clock.left(BRIEF)
        result = prove(found.network, self.formula, domain=self.domain, budget=limit)
        return replace(found, status=result.status, result=result)

    def _compared(self, found: Snapped) -> Snapped:
        """Adds how far a network is from the formula, where it is not proved to equal it."""
        if self.measure is None or found.result is None or found.result.status == "proved":
            return found
        return replace(found, deviation=self.measure.from_formula(found.network, self.formula))


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


def _amount(value: sympy.Expr, *, exact: bool) -> str:
    if value == sympy.oo:
        return "an amount without bound" if exact else "an amount that was not measured in time"
    shown = str(value) if len(str(value)) <= 24 else f"about {float(value):.6g}"
    about = f" ({float(value):.2g})" if "/" in shown else ""
    return f"{'' if exact else 'at most '}{shown}{about}"


def _check(max_denominator: int | None, tolerance: float) -> None:
    if max_denominator is not None and (not isinstance(max_denominator, int) or max_denominator < 1):
        raise RelucircError(f"max_denominator: expected an integer of at least 1, got {shorten(max_denominator)}.")
    if not isinstance(tolerance, Real) or not 0 < tolerance < 0.5:
        raise RelucircError(f"tolerance: expected a number between 0 and 1/2, got {shorten(tolerance)}.")
