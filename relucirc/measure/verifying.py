"""``verify``: is there a point that a property file asks for?  Decided exactly, by bounding on boxes."""

import os
from dataclasses import dataclass, field

import sympy
from flint import fmpq

from relucirc.checker.boxes import box_of
from relucirc.checker.data import Rejected
from relucirc.checker.safety import FORMAT, check_property
from relucirc.checker.sides import read
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import NetworkError, not_a_network
from relucirc.core.exact import sign_of, to_rational
from relucirc.core.forms import Form
from relucirc.core.progress import Progress, watched
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP
from relucirc.language.safety import Case, Property
from relucirc.language.vnnlib import property_of
from relucirc.proof.answers import Refuted
from relucirc.proof.boxes import decide_on_boxes
from relucirc.proof.problem import Lowered


@dataclass(frozen=True)
class Verified(Answer):
    """The answer to "does any point satisfy the property?".

    Attributes:
        status: ``"unsat"``, ``"sat"`` or ``"unknown"``.
        reason: One sentence for people.
        witness: Sat: the exact values of inputs and outputs, by the file's names.
        certificate: Unsat: evidence that the checker has accepted; plain JSON data.
        seconds: Wall time used.
        statistics: Counters: ``boxes``, and of these those ``bounded anew``.
    """

    status: str
    reason: str
    witness: dict[str, sympy.Rational] | None = None
    certificate: dict | None = field(default=None, repr=False)
    seconds: float = 0.0
    statistics: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.status if self.witness is None else f"{self.status}\n{self.point()}"

    def point(self) -> str:
        """Writes the witness in VNN-LIB's form; numbers without an end in decimals are rounded."""
        values = (self.witness or {}).items()
        return "(" + "\n ".join(f"({name} {_decimal(value)})" for name, value in values) + ")"


def verify(
    net: MLP,
    prop: str | os.PathLike[str],
    *,
    budget: float | None = 60.0,
    progress: Progress = None,
) -> Verified:
    """Decides whether any point satisfies a property in VNN-LIB's format, over the real numbers.

    Args:
        net: A network.
        prop: The path of a ``.vnnlib`` file, or its text.
        budget: Seconds of wall time after which the answer is unknown; None for no limit.
        progress: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Verified`: unsat with a certificate that the checker has accepted; sat with an exact point; or
        unknown.

    Raises:
        RelucircError: When the network or the property cannot be read, or are not about the same numbers of inputs
            and outputs.

    Example:
        >>> import relucirc
        >>> box = "(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (>= X_1 0)) (assert (<= X_1 1))"
        >>> names = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real)"
        >>> print(verify(relucirc.circuits.minimum(), f"{names} {box} (assert (>= Y_0 1.5))"))
        unsat
        >>> print(verify(relucirc.circuits.minimum(), f"{names} {box} (assert (>= Y_0 0.5))").status)
        sat
    """
    clock = watched(budget, "the property", progress)
    try:
        with clock:
            return _verified(net, prop, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return Verified("unknown", f"{clock.ended(error)}.", seconds=clock.elapsed, statistics=dict(clock.progress))


def _verified(net: MLP, prop: str | os.PathLike[str], clock: Budget) -> Verified:
    if not isinstance(net, MLP):
        raise not_a_network(net)
    claim = property_of(prop)
    network = net.exact()
    sizes = len(network.inputs), network.layers[-1].weight.shape[0]
    if sizes != (claim.inputs, claim.outputs):
        raise NetworkError(
            f"expected a network with {claim.inputs} inputs and {claim.outputs} outputs, as the property has, "
            f"got one with {sizes[0]} and {sizes[1]}."
        )
    hinges = HingeGraph(len(network.inputs))
    graph = graph_of_network(network)
    outputs, steps = hinges.lower(graph)
    proofs, open_cases = [], 0
    for case in claim.cases:
        found = _decided(case, hinges, outputs, steps, clock)
        if isinstance(found, Refuted):
            values = [*found.point, *network.trace(found.point)[-1][1]]
            if _breaks(case, values):
                named = dict(zip(claim.names, map(to_rational, values), strict=True))
                reason = "the property has a point, exactly evaluated."
                return Verified("sat", reason, named, seconds=clock.elapsed, statistics=dict(clock.progress))
        open_cases += not isinstance(found, dict)
        proofs.append(found)
    if open_cases:
        return _unknown(f"{open_cases} of {len(proofs)} cases were not decided.", clock)
    return _accepted(
        network, claim, {"format": FORMAT, "atoms": hinges.atoms_to_json(), "steps": steps, "cases": proofs}, clock
    )


def _accepted(network: MLP, claim: Property, certificate: dict, clock: Budget) -> Verified:
    """Says unsat only if the checker accepts the evidence."""
    verdict = check_property(network, claim, certificate)
    if not verdict.accepted:
        return _unknown(f"the checker rejects the evidence that was found ({verdict.reason}).", clock)
    reason = f"no point satisfies the property, by bounds on {clock.progress.get('boxes', 0)} boxes."
    return Verified("unsat", reason, None, certificate, clock.elapsed, dict(clock.progress))


def _unknown(reason: str, clock: Budget) -> Verified:
    return Verified("unknown", reason, seconds=clock.elapsed, statistics=dict(clock.progress))


def _decided(
    case: Case, hinges: HingeGraph, outputs: list[Form], steps: list[dict], clock: Budget
) -> dict | Refuted | None:
    n = hinges.n
    ends = [form for r in case.domain for form in ([r.form, -r.form] if r.op == "==" else [r.form])]
    try:
        box = box_of([read(form) for form in ends if form.terms], n)
    except Rejected:
        return None
    parts = [relation for violation in case.violations for relation in violation]
    values = {n + k: form for k, form in enumerate(outputs)}
    differences = tuple(relation.form.substitute(values.get) for relation in parts)
    evidence = {"atoms": [], "left": steps, "right": []}
    lowered = Lowered(hinges, tuple((d, Form()) for d in differences), differences, evidence)
    numbers = iter(range(len(parts)))
    violations = tuple(tuple((next(numbers), r.op) for r in violation) for violation in case.violations)
    return decide_on_boxes(lowered, box, violations, clock)


def _breaks(case: Case, values: list[fmpq]) -> bool:
    """Whether inputs and outputs lie in a case and satisfy one of its violations, exactly."""

    def hold(relations: tuple) -> bool:
        return all(r.holds(sign_of(r.form.evaluate(values))) for r in relations)

    return hold(case.domain) and any(map(hold, case.violations))


def _decimal(value: sympy.Rational) -> str:
    """A decimal: exact where it ends within 60 places."""
    scaled = value * 10**60
    whole = int(sympy.floor(scaled + sympy.Rational(1, 2)))
    digits = str(abs(whole)).rjust(61, "0")
    text = f"{digits[:-60]}.{digits[-60:]}".rstrip("0").rstrip(".")
    return f"-{text}" if whole < 0 else text
