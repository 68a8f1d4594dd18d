"""``verify``: is there a point that a property file asks for?  Decided exactly.

A case of the property is a claim about all networks side by side, as one graph: on the polyhedron that the assertions
about inputs say, no list of the other assertions holds.  It is decided like any relation; inputs that are equated
become one by the chart of that polyhedron.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import sympy
from flint import fmpq

from relucirc.checker.safety import FORMAT, check_property
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.crew import gathered
from relucirc.core.errors import NetworkError, not_a_network, shorten
from relucirc.core.exact import sign_of, to_rational
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.core.progress import Progress, watched
from relucirc.language.claim import Claim
from relucirc.language.domain import Domain
from relucirc.language.lower.from_network import graph_of_networks
from relucirc.language.network import MLP
from relucirc.language.safety import Case, Property
from relucirc.language.vnnlib import property_of
from relucirc.proof.answers import Proved, Refuted, folded
from relucirc.proof.cells import Cells
from relucirc.proof.prover import walk


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
        tensors: Sat, of a file of version 2: what heads the list of each tensor's values, and how many these are.
    """

    status: str
    reason: str
    witness: dict[str, sympy.Rational] | None = None
    certificate: dict | None = field(default=None, repr=False)
    seconds: float = 0.0
    statistics: dict[str, int] = field(default_factory=dict)
    tensors: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.status if self.witness is None else f"{self.status}\n{self.point()}"

    def point(self) -> str:
        """Writes the witness in the form of the file's version; numbers without an end in decimals are rounded."""
        values = (self.witness or {}).items()
        if self.tensors:
            numbers = iter(_decimal(value) for _, value in values)
            return "\n".join(line for head, count in self.tensors.items() for line in (head, *islice(numbers, count)))
        return "(" + "\n ".join(f"({name} {_decimal(value)})" for name, value in values) + ")"


def verify(
    net: MLP | Sequence[MLP],
    prop: str | os.PathLike[str],
    *,
    budget: float | None = 60.0,
    progress: Progress = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> Verified:
    """Decides whether any point satisfies a property in VNN-LIB's format, over the real numbers.

    Args:
        net: A network; or a list of those that the file declares, in its order, but for those ``equal-to`` others.
        prop: The path of a ``.vnnlib`` file, or its text.
        budget: Seconds of wall time after which the answer is unknown; None for no limit.
        progress: As for :func:`relucirc.prove`.
        executor: As for :func:`relucirc.prove`.
        workers: As for :func:`relucirc.prove`.
        journal: As for :func:`relucirc.prove`.

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

        Two networks, of version 2.0; none of whose points is further from the other's than 1:

        >>> text = '''
        ... (vnnlib-version <2.0>)
        ... (declare-network f (declare-input X Real [2]) (declare-output Y Real []))
        ... (declare-network g (declare-input W Real [2]) (declare-output Z Real []))
        ... (assert (and (== W[0] X[0]) (== W[1] X[1]) (<= 0 X[0]) (<= X[0] 1) (<= 0 X[1]) (<= X[1] 1)))
        ... (assert (> Z (+ Y 1)))'''
        >>> print(verify([relucirc.circuits.minimum(), relucirc.circuits.maximum()], text))
        unsat
    """
    clock = watched(budget, "the property", progress)
    try:
        with clock:
            claim = property_of(prop)
            networks = networks_of(net, claim)
            with gathered(executor, workers, journal, f"verify {shorten(prop)}", (networks, claim)):
                return _verified(networks, claim, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return Verified("unknown", f"{clock.ended(error)}.", seconds=clock.elapsed, statistics=dict(clock.progress))


def _verified(networks: Sequence[MLP], claim: Property, clock: Budget) -> Verified:
    used = [networks[declared.model] for declared in claim.networks]
    graph = graph_of_networks(used, [f"v{i}" for i in range(claim.inputs)])
    proofs, methods, open_cases = [], dict[str, None](), 0
    for case in claim.cases:
        question = _claim(case, graph)
        found = walk(question, Cells(question, may_be_empty=True), clock)
        if isinstance(found, Refuted):
            values = [*found.point, *_outputs(used, found.point)]
            if _breaks(case, values):
                return _sat(claim, values, clock)
        elif isinstance(found, list):
            proofs.append(folded(found))
            methods |= dict.fromkeys(step.method for step in found if isinstance(step, Proved))
            continue
        open_cases += 1
    if open_cases:
        return _unknown(f"{open_cases} of {len(claim.cases)} cases were not decided.", clock)
    return _accepted(networks, claim, {"format": FORMAT, "cases": proofs}, list(methods), clock)


def networks_of(net: Any, claim: Property) -> list[MLP]:
    """Returns the exact networks that a property is about.

    Raises:
        RelucircError: When what is given are no networks, not as many, or not of such sizes.
    """
    given = list(net) if isinstance(net, list | tuple) else [net]
    if not all(isinstance(part, MLP) for part in given):
        raise not_a_network(next(part for part in given if not isinstance(part, MLP)))
    if len(given) != len(claim.models):
        names = ", ".join(declared.name or "one" for declared in claim.models)
        raise NetworkError(f"expected the networks of the property, {names}; got {len(given)} instead.")
    networks = [part.exact() for part in given]
    for declared in claim.models:
        network, of = networks[declared.model], f" {declared.name}" if declared.name else ""
        sizes = len(network.inputs), network.layers[-1].weight.shape[0]
        if sizes != (len(declared.inputs), len(declared.outputs)):
            raise NetworkError(
                f"expected a network{of} with {len(declared.inputs)} inputs and {len(declared.outputs)} outputs, "
                f"as the property has, got one with {sizes[0]} and {sizes[1]}."
            )
        if declared.like is not None and _shapes(network) != _shapes(networks[declared.like]):
            other = claim.models[declared.like].name
            raise NetworkError(f"{declared.name} is declared isomorphic to {other}, but its layers have other sizes.")
    return networks


def _shapes(network: MLP) -> list[tuple[int, ...]]:
    return [layer.weight.shape for layer in network.layers]


def _claim(case: Case, graph: Graph) -> Claim:
    """That no violation of a case happens on its domain."""
    n, parts = len(graph.inputs), [relation for violation in case.violations for relation in violation]
    outputs = {n + k: form for k, form in enumerate(graph.outputs)}
    left = replace(graph, outputs=tuple(relation.form.substitute(outputs.get) for relation in parts))
    right = Graph(graph.inputs, (), (Form(),) * len(parts))
    numbers = iter(range(len(parts)))
    violations = tuple(tuple((next(numbers), r.op) for r in violation) for violation in case.violations)
    return Claim(left, right, Domain(case.domain), None, violations=violations, kind="relation")


def _outputs(networks: Sequence[MLP], point: Sequence[fmpq]) -> list[fmpq]:
    """All networks' outputs, from their weights, each at its part of the point."""
    values, start = [], 0
    for network in networks:
        end = start + len(network.inputs)
        values += network.trace(point[start:end])[-1][1]
        start = end
    return values


def _sat(claim: Property, values: Sequence[fmpq], clock: Budget) -> Verified:
    named = dict(zip(claim.names, map(to_rational, values), strict=True))
    order = [name for declared in claim.networks for name in (*declared.inputs, *declared.outputs)]
    sides = [(head, side) for d in claim.networks for head, side in zip(d.heads, (d.inputs, d.outputs), strict=False)]
    return Verified(
        "sat",
        "the property has a point, exactly evaluated.",
        {name: named[name] for name in order},
        seconds=clock.elapsed,
        statistics=dict(clock.progress),
        tensors={head: len(side) for head, side in sides},
    )


def _accepted(
    networks: Sequence[MLP], claim: Property, certificate: dict, methods: Sequence[str], clock: Budget
) -> Verified:
    """Says unsat only if the checker accepts the evidence."""
    verdict = check_property(networks, claim, certificate)
    if not verdict.accepted:
        return _unknown(f"the checker rejects the evidence that was found ({verdict.reason}).", clock)
    reason = f"no point satisfies the property, by {' and '.join(methods) or 'its assertions about inputs alone'}."
    return Verified("unsat", reason, None, certificate, clock.elapsed, dict(clock.progress))


def _unknown(reason: str, clock: Budget) -> Verified:
    return Verified("unknown", reason, seconds=clock.elapsed, statistics=dict(clock.progress))


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
