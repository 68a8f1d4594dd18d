"""``explain``: a network's formula, the circuits that compute the same, and what its neurons detect."""

from dataclasses import dataclass, field
from typing import Any

import sympy

from relucirc.core.answer import Answer
from relucirc.core.budget import OutOfBudget
from relucirc.core.errors import FormulaError, not_a_network
from relucirc.core.printing import formula_text
from relucirc.core.progress import Progress, watched
from relucirc.core.trees import parts_of
from relucirc.geometry.lift import graph_of, write_formula
from relucirc.interpretation.catalogue import Known
from relucirc.interpretation.features import Feature, features_in
from relucirc.language.domain import Domain, read_domain
from relucirc.language.lower.from_family import resolve_family
from relucirc.language.network import MLP
from relucirc.proof.prover import prove

PRINTED = 20_000
"""Larger formulas are not printed among other lines: SymPy takes seconds for it, and nobody reads them."""


@dataclass(frozen=True)
class Explanation(Answer):
    """What a network computes.

    Attributes:
        formula: The shortest formula found; proved equal to the network on the domain, all of R^n without one.  A list
            for several outputs.  None where none was found and proved: ``reason`` says why.
        circuits: Catalogue circuits that compute the same function there, proved: names, with
            parameters where they are not the defaults, such as ``"minimum(5)"``.
        features: What the hidden neurons detect, one :class:`~relucirc.interpretation.features.Feature` for each,
            from the first layer up, in terms of the variables below it.
        reason: One sentence for people: what is proved, and what was left out when the budget ended.
        seconds: Wall time used.
        certificate: Evidence that the formula is right, which :func:`relucirc.check` accepts.
    """

    formula: Any
    circuits: tuple[str, ...]
    features: tuple[Feature, ...]
    reason: str
    seconds: float = 0.0
    certificate: dict | None = field(default=None, repr=False)

    @property
    def status(self) -> str:
        """``"proved"`` where there is a formula, else ``"unknown"``."""
        return "unknown" if self.formula is None else "proved"

    def __str__(self) -> str:
        if self.formula is None:
            first = f"unknown   {self.reason}"
        elif (size := size_of(self.formula)) > PRINTED:
            first = f"formula   of {size:,} numbers, names and operations, too long to be printed here"
        else:
            first = f"formula   {formula_text(self.formula)}"
        lines = [first, f"circuits  {', '.join(self.circuits) or 'none of the catalogue'}"]
        return "\n".join([*lines, *(f"feature   {feature}" for feature in self.features)])


def explain(
    net: MLP,
    domain: Any = None,
    *,
    budget: float | None = 60.0,
    progress: Progress = None,
) -> Explanation:
    """Finds the formula that a network computes, proves it, and names the circuits that compute the same.

    The network as a whole is compared with the catalogue, not parts of it; features are about single neurons.

    Args:
        net: A network.
        domain: Where it counts, as for :func:`relucirc.prove`; all of R^n by default.
        budget: Seconds of wall time for all of it; None for no limit.  When they end, or at Ctrl-C, the
            answer is what is known until then.
        progress: As for :func:`relucirc.prove`.

    Raises:
        RelucircError: When the network or the domain cannot be read.

    Example:
        >>> import relucirc
        >>> explain(relucirc.circuits.minimum()).formula
        Min(x1, x2)
        >>> explain(relucirc.circuits.absolute(), "x >= 0").formula
        x
    """
    if not isinstance(net, MLP):
        raise not_a_network(net)
    clock = watched(budget, "explain", progress)
    found = _Findings()
    try:
        with clock:
            found.domain = read_domain(domain, net.inputs)
            found.look(net)
            ended = None
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
    return found.answer(ended, clock.elapsed)


@dataclass
class _Findings:
    """What is known so far."""

    domain: Domain = field(default_factory=Domain)
    formula: Any = None
    certificate: dict | None = None
    obstacle: str = "no formula was found"
    circuits: list[str] = field(default_factory=list)
    features: list[Feature] = field(default_factory=list)

    def look(self, net: MLP) -> None:
        """Names the neurons, finds the formula, proves it, and goes through the catalogue."""
        rational = resolve_family(net)[0] if net.symbols else net
        for feature in features_in(rational):
            if feature.formula:
                self.features.append(feature)
        graph = graph_of(rational)
        claimed = net if net.symbols else graph  # a family's certificate says how its symbols were resolved
        try:
            formula = write_formula(graph)
        except FormulaError as error:  # too long to be written
            self.obstacle = str(error).rstrip(".")
        else:
            self.obstacle = "the formula found was not proved"
            result = prove(claimed, formula, self.domain, budget=None)
            if result.status == "proved":
                self.formula, self.certificate = formula, result.certificate
            else:
                self.obstacle = f"the formula found was not proved equal to the network: {result.reason.rstrip('.')}"
        for match in Known(claimed, graph, self.domain).matches():
            self.circuits.append(match.name)
            if match.formula is None or (self.formula is not None and _length(match.formula) >= _length(self.formula)):
                continue
            self.formula, self.certificate = match.formula, match.proof.certificate

    def answer(self, ended: str | None, seconds: float) -> Explanation:
        """Says what is known."""
        if self.formula is None:
            reason = self.obstacle if ended is None else f"{self.obstacle}; {ended}"
        elif ended is None:
            reason = f"the formula is proved equal to the network {self.domain}"
        else:
            reason = f"the formula is proved equal to the network; {ended} before the whole catalogue was tried"
        known = tuple(self.circuits), tuple(self.features)
        return Explanation(self.formula, *known, f"{reason}.", seconds, self.certificate)


def size_of(formula: Any) -> int:
    """How many nodes a formula has as a tree; shared parts are counted wherever they stand, and walked once."""
    roots = formula if isinstance(formula, list) else [formula]
    known: dict[sympy.Basic, int] = {}
    for part in parts_of(roots):
        known[part] = 1 + sum(known[a] for a in part.args)
    return sum(known[root] for root in roots)


def _length(formula: Any) -> tuple[bool, int]:
    """What is compared: how long the text is, if it is not too long to be written."""
    size = size_of(formula)
    return (True, size) if size > PRINTED else (False, len(str(formula)))
