"""``compare``: is it still the same network?  Equal, near or different; and where they part."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.budget import Budget, OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.crew import gathered
from relucirc.core.errors import NetworkError, shorten
from relucirc.core.exact import nearest_integer, rational, to_rational
from relucirc.core.printing import number_text
from relucirc.core.progress import Progress, watched
from relucirc.files import MODULES, load, renamed
from relucirc.language.as_network import as_network
from relucirc.language.box import box_around
from relucirc.language.claim import Claim, read_claim, read_equality, read_tolerance
from relucirc.language.lower.from_model import library_of
from relucirc.language.network import MLP
from relucirc.measure.comparing.alignment import align
from relucirc.measure.comparing.answer import Comparison
from relucirc.measure.comparing.difference import changed_layers, first_difference
from relucirc.measure.comparing.reaching import few_points, points_of_change
from relucirc.measure.comparing.rewrites import rewrites
from relucirc.measure.deviation import max_deviation
from relucirc.measure.rays import ray_of_space
from relucirc.proof.prover import prove
from relucirc.proof.result import Result
from relucirc.proof.sentences import shown

EQUALITY, NEARNESS, WHERE = 0.5, 0.7, 0.5
"""Shares of the time that is left, for each question in turn; the rest is for the largest difference."""
OPEN = "whether they are ever further apart than asked is not known"
FIRST, FEW = 0.1, 8
"""Share of the time for points where changed numbers matter, before anything else, where they are so few."""
LARGE = 4096
"""Networks with so many weights are looked at in a few points first; rewriting them takes seconds."""
ALWAYS = 1e9
"""Seconds where there is no limit."""


def compare(
    first: Any,
    second: Any,
    domain: Any = None,
    within: Any = None,
    *,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> Comparison:
    """Says whether two networks are still the same: equal, near or different; how far apart, and from where on.

    Equality is proved as by :func:`relucirc.prove`, nearness too, and the largest difference is measured as by
    :func:`relucirc.max_deviation`.  Where both are networks of layers, their neurons are written over the same hinges
    ``relu(l)``, with l an affine function of the inputs and of hinges below.  Neurons that were permuted, scaled, split
    or merged are then the same; the lowest one that the other network does not compute is the first difference.

    Args:
        first: A network, its file, a model or a JAX function, as for :func:`relucirc.prove`.
        second: What it is compared with: the same, or a formula.  Inputs of the same names are the same inputs; if the
            second network has none of these names, and as many inputs, they are taken in order.
        domain: Where, as for :func:`relucirc.prove`.
        within: A tolerance, as for :func:`relucirc.prove`: whether they are never further apart.
        budget: Seconds of wall time, after which the answer is what is known; None for no limit.
        inputs: Names of the inputs where ``first`` is a function.
        progress: As for :func:`relucirc.prove`.
        executor: As for :func:`relucirc.prove`.
        workers: As for :func:`relucirc.prove`.
        journal: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Comparison`.

    Raises:
        RelucircError: For what cannot be read.

    Example:
        >>> import relucirc
        >>> net = relucirc.circuits.minimum()
        >>> permuted = relucirc.MLP.from_arrays([([[-1, 1], [0, 2], [0, -1]], None), ([[-1, "1/2", -1]], None)])
        >>> print(relucirc.compare(net, permuted))
        equal: equal at every real input, by normal form.
        same function: layer 0: 3 neurons permuted
        same function: layer 0: 1 neuron scaled
    """
    clock = watched(budget, "the comparison", progress)
    compared = _Comparing((None, None), domain, within, inputs)
    try:
        with clock:
            compared.within = None if within is None else to_rational(read_tolerance(within))
            compared.networks = _read(first, second, domain)
            asked = None if journal is None else read_claim(*compared.networks, domain, inputs, within)
            with gathered(executor, workers, journal, "a comparison", asked):
                compared.run()
    except (OutOfBudget, KeyboardInterrupt) as error:
        return compared.answer(clock, clock.ended(error))
    return compared.answer(clock)


def _read(first: Any, second: Any, domain: Any) -> tuple[Any, Any]:
    """Reads files and models, and gives the second network the first one's input names if it has others."""
    a, b = (_network(net, domain) for net in (first, second))
    if isinstance(a, MLP) and not isinstance(b, MLP) and read_claim(a, b, domain).kind == "relation":
        raise NetworkError(f"compare: expected a network or a formula, got the relation {shorten(str(b))}; ask prove.")
    if isinstance(a, MLP) and isinstance(b, MLP):
        if len(a.inputs) != len(b.inputs) or a.sizes[-1] != b.sizes[-1]:
            raise NetworkError(
                "compare: expected two networks with as many inputs and outputs, got "
                f"{a.sizes[0]} and {a.sizes[-1]} of the first, {b.sizes[0]} and {b.sizes[-1]} of the second."
            )
        shared = set(a.inputs) & set(b.inputs)
        if shared and set(a.inputs) != set(b.inputs):
            raise NetworkError(
                f"compare: expected two networks with the same input names, or with none in common, got "
                f"{', '.join(a.inputs)} and {', '.join(b.inputs)}; rename those of one, as in "
                "relucirc.MLP(net.layers, inputs=('a', 'b', ...))."
            )
        if not shared:
            b = renamed(b, a.inputs)
    return a, b


def _network(net: Any, domain: Any) -> Any:
    if _is_file(net):
        return load(net)
    return as_network(net, domain) if library_of(net) is not None else net


def _is_file(net: Any) -> bool:
    return isinstance(net, os.PathLike) or (isinstance(net, str) and os.path.splitext(net)[1].lower() in MODULES)


@dataclass
class _Comparing:
    """One comparison, and what is known so far."""

    networks: tuple[Any, Any]
    domain: Any
    within: Any
    inputs: Sequence[str] | None
    known: Comparison = field(default_factory=lambda: Comparison("unknown", "nothing was decided"))

    def run(self) -> None:
        """Asks one question after the other, each in its share of the time."""
        if self._look() or (self._is_large() and self._reach(FIRST, FEW)):
            self._where()
            self._measure()
            return
        equal = self._prove(EQUALITY)
        if equal.status == "proved":
            self._know(status="equal", reason=equal.reason, certificate=equal.certificate)
            self._know(deviation=sympy.S.Zero, upper=sympy.S.Zero)
        elif equal.status == "refuted":
            self._differ(equal.witness, (equal.network_value, equal.formula_value))
        if self.within is not None and self.known.status == "unknown":
            self._near()
        self._where()
        if self.known.status == "unknown":
            self._reach(1.0)
        if self.known.status != "equal":
            self._measure()

    def _know(self, **more: Any) -> None:
        self.known = replace(self.known, **more)

    def _look(self) -> bool:
        """Whether large networks differ at one of a few points, so that they need not be rewritten to be told apart."""
        if self.within is not None or not self._is_large():
            return False
        claim = read_equality(*self.networks, self.domain, self.inputs)
        return any(self._witnesses(claim, point) for point in few_points(claim.domain, len(claim.left.inputs)))

    def _is_large(self) -> bool:
        nets = [net for net in self.networks if isinstance(net, MLP) and not net.symbols]
        return len(nets) == 2 and max(map(_size, nets)) >= LARGE

    def _witnesses(self, claim: Claim, point: Sequence[fmpq]) -> bool:
        """Whether the networks differ at a point of the domain, or at the integers next to it."""
        at = [fmpq(nearest_integer(c)) if v in claim.domain.integers else c for v, c in enumerate(point)]
        if not claim.is_witness(at):
            return False
        values = [list(map(to_rational, side(at))) for side in (claim.left_value, claim.right_value)]
        one, other = (side if len(side) > 1 else side[0] for side in values)
        self._differ({name: to_rational(c) for name, c in zip(claim.left.inputs, at, strict=True)}, (one, other))
        return True

    def _prove(self, share: float, within: Any = None) -> Result:
        return prove(
            *self.networks,
            self.domain,
            within=within,
            budget=_share(share),
            inputs=self.inputs,
            progress=None,
        )

    def _differ(self, witness: dict[str, sympy.Rational] | None, values: tuple[Any, Any]) -> None:
        assert witness is not None
        pairs = [(a, b) for a, b in zip(*map(_listed, values), strict=True)]
        i = max(range(len(pairs)), key=lambda i: abs(pairs[i][0] - pairs[i][1]))
        beyond = self.within is None or abs(pairs[i][0] - pairs[i][1]) > self.within
        status = "different" if beyond else "unknown"
        self._know(status=status, witness=witness, value=values[0], other_value=values[1])
        at = shown(tuple(witness), [rational(v, "witness") for v in witness.values()])
        output = f" (output {i})" if len(pairs) > 1 else ""
        one, other = map(number_text, pairs[i])
        rest = "" if beyond else f", but {OPEN}"
        self._know(reason=f"at {at} the first gives {one} and the second {other}{output}{rest}")

    def _near(self) -> None:
        """Decides whether they are within the tolerance."""
        found = self._prove(NEARNESS, self.within)
        if found.status == "refuted":
            self._differ(found.witness, (found.network_value, found.formula_value))
        elif found.status == "proved":
            self._know(status="within", reason=found.reason, certificate=found.certificate, upper=self.within)
        elif self.known.witness is None:
            self._know(status="unknown", reason=OPEN)

    def _where(self) -> None:
        """Finds where networks of layers part."""
        first, second = self.networks
        if not (isinstance(first, MLP) and isinstance(second, MLP)) or first.symbols or second.symbols:
            return
        self._know(changed_layers=changed_layers(first, second))
        clock = Budget(_share(WHERE))
        try:
            with clock:
                if self.known.status != "equal" and len(first.layers) == len(second.layers) > 1:
                    self._know(first_difference=first_difference(*align(first, second, 1)))  # if time ends, this is it
                sides = align(first, second)
                self._know(first_difference=first_difference(*sides), rewrites=rewrites(*sides))
        except OutOfBudget as error:
            clock.ended(error)

    def _reach(self, share: float, most: int | None = None) -> bool:
        """Seeks a point where the numbers that were changed matter, if they are no more; whether there is one."""
        first, second = self.networks
        if not (isinstance(first, MLP) and isinstance(second, MLP)) or first.symbols or second.symbols:
            return False
        changed = changed_layers(first, second)
        count = sum(len(layer.weights) for layer in changed)
        unlike = any(layer.largest is None for layer in changed) or len(first.layers) != len(second.layers)
        if self.within is not None or not count or unlike or (most is not None and count > most):
            return False
        claim = read_equality(*self.networks, self.domain, self.inputs)
        box = box_around(claim.domain, len(claim.left.inputs))
        try:
            with part_of_time(share * seconds_left(ALWAYS)):
                return any(self._witnesses(claim, point) for point in points_of_change(first, changed, box))
        except OutOfBudget:
            tick()
        except NetworkError:  # weights that floats do not hold
            pass
        return False

    def _measure(self) -> None:
        """Measures the largest difference in what is left of the time; from a point where they differ, it is sought."""
        if self.known.witness is not None:
            values = self.known.value, self.known.other_value
            self._know(lower=max(abs(a - b) for a, b in zip(*map(_listed, values), strict=True)))
            claim = read_equality(*self.networks, self.domain, self.inputs)
            towards = tuple(rational(self.known.witness[name], "witness") for name in claim.left.inputs)
            if not claim.domain.relations and ray_of_space(claim.left, claim.right, [towards]) is not None:
                self._know(deviation=sympy.oo, lower=sympy.oo)
                return
        found = max_deviation(*self.networks, self.domain, budget=_share(1.0), inputs=self.inputs)
        self._know(deviation=found.value, lower=sympy.Max(found.lower, self.known.lower))
        self._know(upper=sympy.Min(found.upper, self.known.upper))

    def answer(self, clock: Budget, ended: str | None = None) -> Comparison:
        """What is known, in a sentence."""
        known = self.known
        reason = known.reason.rstrip(".")
        if known.status == "unknown" and ended is not None:
            reason = f"{reason}: {ended}"
        if known.deviation is not None and known.status != "equal":
            reason += f"; the largest difference is {number_text(known.deviation)}"
        elif known.status != "equal" and (known.lower or known.upper.is_finite):
            reason += f"; the largest difference is between {number_text(known.lower)} and {number_text(known.upper)}"
        return replace(known, reason=f"{reason}.", seconds=clock.elapsed, networks=self.networks)


def _listed(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list | tuple) else [values]


def _size(net: MLP) -> int:
    return sum(layer.shape[0] * layer.shape[1] for layer in net.layers)


def _share(part: float) -> float | None:
    left = seconds_left(ALWAYS)
    return None if left == ALWAYS else part * left


__all__ = ["Comparison", "compare"]
