"""What a report tells of a network: proof, explanation and theorem, each in its share of the time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import RelucircError
from relucirc.core.exact import ZERO, rational, text
from relucirc.core.graph import Graph, Relation
from relucirc.core.printing import formula_text
from relucirc.core.tables import counted
from relucirc.interpretation.explanation import Explanation, explain
from relucirc.interpretation.writing import sum_text
from relucirc.language.claim import read_claim, read_tolerance
from relucirc.language.domain import Domain
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.language.network import MLP
from relucirc.pictures.network import is_large
from relucirc.proof.prover import prove
from relucirc.proof.result import Result
from relucirc.proof.theorem import Theorem, theorem

PROVING, EXPLAINING = 0.5, 0.6
"""Shares of what is left of the time for the proof, and for the explanation."""
LONGEST = 5_000
"""Longest formula, in characters, that a theorem is written of."""
MOST_GATES = 2_000
"""Most gates of a formula that the page evaluates."""


@dataclass(frozen=True)
class Question:
    """What a report is about.

    Attributes:
        net: The network.
        formula: What it should equal, or a relation; None where that is asked.
        domain: Where, as it was given.
        where: The same, read.
        within: How far they may be apart; None for equal.
        title: What the page is called.
    """

    net: MLP
    formula: Any
    domain: Any
    where: Domain
    within: Any
    title: str

    @property
    def answers(self) -> bool:
        """Whether every neuron is drawn, and the page evaluates the network."""
        return not is_large(self.net) and not self.net.symbols


@dataclass(frozen=True)
class Findings:
    """What is known.

    Attributes:
        asked: What it is about.
        result: Of the formula that was given.
        explanation: None for a network that is drawn by layers.
        graph: The formula as the page evaluates it; None for relations, and for what is too large.
        theorem: None where there is none.
    """

    asked: Question
    result: Result | None
    explanation: Explanation | None
    graph: Graph | None
    theorem: Theorem | None

    @property
    def formula(self) -> Any:
        """The formula that was given, or else the one that was found."""
        return self.asked.formula if self.asked.formula is not None else getattr(self.explanation, "formula", None)

    @property
    def certificate(self) -> dict | None:
        """Of the formula."""
        found = self.explanation if self.asked.formula is None else self.result
        return None if found is None else found.certificate

    @property
    def tolerance(self) -> fmpq:
        """How far network and formula may be apart."""
        if self.asked.formula is None:
            deviation = None if self.explanation is None else self.explanation.deviation
            return rational(deviation or 0)
        return ZERO if self.asked.within is None else read_tolerance(self.asked.within)

    @property
    def witness(self) -> Sequence[fmpq] | None:
        """The counterexample, if there is one."""
        point = None if self.result is None else self.result.witness
        return None if point is None else [rational(point[name]) for name in self.asked.net.inputs]

    @property
    def verdict(self) -> tuple[str, str]:
        """One word and one sentence."""
        if self.result is not None:
            return self.result.status, self.result.reason
        if self.explanation is None:
            return "unknown", f"no formula was given, and {by_layers(self.asked.net)}."
        return self.explanation.status, f"{self.explanation.reason.rstrip('.')}."


def look(asked: Question, clock: Budget) -> Findings:
    """Proves, explains, and writes the theorem."""
    result = explanation = None
    if asked.formula is not None:
        seconds = clock.share(PROVING).left()
        result = prove(asked.net, asked.formula, asked.domain, within=asked.within, budget=seconds)
    if not is_large(asked.net):
        seconds = clock.share(EXPLAINING).left()
        tolerance = asked.within if asked.formula is None else None
        explanation = explain(asked.net, asked.domain, tolerance, budget=seconds)
    found = Findings(asked, result, explanation, None, None)
    graph = _if_any(lambda: _graph(found))
    return Findings(asked, result, explanation, graph, _if_any(lambda: _theorem(found, clock)))


def _graph(found: Findings) -> Graph | None:
    """The formula as the page evaluates it."""
    asked = found.asked
    if found.formula is None or not asked.answers:
        return None
    if asked.formula is not None:
        claim = read_claim(asked.net, asked.formula, asked.domain, None, asked.within)
        if claim.kind == "relation":
            return None
        if claim.kind == "equal":  # y == f too
            return claim.right if len(claim.right.gates) <= MOST_GATES else None
    graph = graph_of_formula(found.formula, asked.net.inputs, asked.net.sizes[-1], asked.where)
    return graph if len(graph.gates) <= MOST_GATES else None


def _theorem(found: Findings, clock: Budget) -> Theorem | None:
    """The theorem, where it is covered."""
    asked = found.asked
    decided = found.formula is not None if found.result is None else found.result.status != "unknown"
    if asked.within is not None or not decided or asked.net.symbols or len(said(found.formula)) > LONGEST:
        return None
    made = theorem(asked.net, found.formula, asked.domain, budget=clock.left())
    return made if made.source else None


def _if_any(make: Callable[[], Any]) -> Any:
    """What is made; None where the time ends, or it is not covered."""
    try:
        return make()
    except (OutOfBudget, RelucircError):
        return None


def by_layers(net: MLP) -> str:
    """Why a large network is not explained."""
    return f"a network of {counted(net.hidden_neurons, 'hidden neuron')} is shown by layers, and not explained"


def is_written(formula: Any) -> bool:
    """Whether a formula is text, or can be written as that."""
    return not isinstance(formula, MLP) and (not isinstance(formula, Callable) or hasattr(formula, "free_symbols"))


def said(formula: Any) -> str:
    """A formula as it was given."""
    if isinstance(formula, str):
        return formula
    if isinstance(formula, MLP):
        return f"a network of sizes {'-'.join(map(str, formula.sizes))}"
    return formula_text(formula) if is_written(formula) else getattr(formula, "__name__", type(formula).__name__)


def domain_text(asked: Question) -> str:
    """A domain as it was written, or else as conditions that are read again."""
    if isinstance(asked.domain, str):
        return asked.domain
    names = asked.net.inputs
    integers = [f"{names[v]} integer" for v in sorted(asked.where.integers)]
    return ", ".join([*(_condition(relation, names) for relation in asked.where.relations), *integers])


def _condition(relation: Relation, names: Sequence[str]) -> str:
    """A relation; a bound of one input as such."""
    terms = sorted(relation.form.terms.items())
    if len(terms) > 1:
        return f"{sum_text([(c, names[v]) for v, c in terms], relation.form.const, times='*')} {relation.op} 0"
    ((v, c),) = terms
    op = relation.op if c > 0 or relation.op == "==" else relation.op.replace(">", "<")
    return f"{names[v]} {op} {text(-relation.form.const / c)}"
