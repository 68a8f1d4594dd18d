"""What is claimed: two graphs, equal at every point of a domain, or their differences in no forbidden relation to 0."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.errors import FormulaError, NetworkError, is_circuit, not_a_network, shorten
from relucirc.core.exact import ONE, rational, sign_of
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation
from relucirc.core.trees import symbols_of
from relucirc.language.domain import Domain, declared, read_domain
from relucirc.language.lower.from_family import resolve_family
from relucirc.language.lower.from_formula import graph_of_formula, read_expressions
from relucirc.language.lower.from_model import library_of
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.lower.from_relation import graph_of_condition, graph_of_relation
from relucirc.language.lower.naming import names_of_function
from relucirc.language.lower.violations import Violation
from relucirc.language.network import MLP
from relucirc.language.relations import as_formulas, output_names, read_relation


@dataclass(frozen=True)
class Claim:
    """``left = right`` on a domain, or relations between the two.

    A relation is said by what breaks it, in disjunctive form: ``y1 > y2 or y1 > y3`` is broken where
    ``y2 - y1 >= 0`` and ``y3 - y1 >= 0``, one violation of two parts; ``|y - f| <= 1/10`` where
    ``y - f - 1/10 > 0``, or where ``f - y - 1/10 > 0``: two violations of one part each.

    Attributes:
        left: The network as a graph.  Within a tolerance: its outputs, and then the opposite of each.  Of relations:
            the differences that they compare.
        right: The formula as a graph over the same inputs.  Within a tolerance: its outputs, and then the opposite of
            each, all plus the tolerance.  Of relations: zeros.
        domain: Where that is claimed.
        network: The rational network that ``left`` was read from, None for a JAX function.
        moves: How a symbolic family became that network.
        expressions: The formula in SymPy, one for each output, where it was given so.
        violations: Of a claim of relations, all that would break it; None for equality.
        kind: What is claimed: ``"equal"``, ``"within"`` a tolerance, or a ``"relation"``.
        alone: The network alone as a graph, where ``left`` is more.
        relation: The relation in SymPy, over inputs and outputs, where it was given so.
        within: The tolerance.
    """

    left: Graph
    right: Graph
    domain: Domain
    network: MLP | None
    moves: tuple[dict, ...] = ()
    expressions: tuple[sympy.Expr, ...] | None = None
    violations: tuple[Violation, ...] | None = None
    kind: str = "equal"
    alone: Graph | None = None
    relation: sympy.Basic | None = None
    within: fmpq | None = None

    def contains(self, point: Sequence[fmpq]) -> bool:
        """Whether the domain holds a point."""
        return self.domain.contains(point)

    def network_value(self, point: Sequence[fmpq]) -> list[fmpq]:
        """The network's exact outputs, from the weights themselves where it is a network."""
        if self.network is not None:
            return self.network.trace(point)[-1][1]
        return (self.left if self.alone is None else self.alone).evaluate(point)

    def left_value(self, point: Sequence[fmpq]) -> list[fmpq]:
        """The left side's exact value, from the weights themselves where it is a network."""
        if self.kind == "relation":
            return self.left.evaluate(point)
        outputs = self.network_value(point)
        return outputs if self.kind == "equal" else [*outputs, *(-value for value in outputs)]

    def right_value(self, point: Sequence[fmpq]) -> list[fmpq]:
        """The right side's exact value."""
        return self.right.evaluate(point)

    def formula_value(self, point: Sequence[fmpq]) -> list[fmpq]:
        """The formula's exact values, which the network's are claimed to be equal to, or near."""
        values = self.right_value(point)
        return values if self.within is None else [value - self.within for value in values[: len(values) // 2]]

    def is_witness(self, point: Sequence[fmpq]) -> bool:
        """Whether a point of the domain refutes the claim, exactly."""
        return self.contains(point) and self.is_broken_by(self.left_value(point), self.right_value(point))

    def is_broken_by(self, left: Sequence[fmpq], right: Sequence[fmpq]) -> bool:
        """Whether these values of the two sides refute the claim."""
        return is_broken(self.violations, left, right)


def read_claim(
    net: Any, formula: Any, domain: Any = None, inputs: Sequence[str | Sequence[str]] | None = None, within: Any = None
) -> Claim:
    """Reads the parts of a claim; see :func:`relucirc.prove` for what they may be.

    Raises:
        RelucircError: With one sentence for whatever cannot be read.
    """
    tolerance = None if within is None else read_tolerance(within)
    if formula is True and _is_function(net):
        return _condition(net, domain, inputs)
    side = _read_network(net, formula, inputs, domain)
    outputs = output_names(len(side.graph.outputs))
    relation = read_relation(formula, side.graph.inputs, outputs)
    if relation is None:
        return _equality(side, formula, domain, tolerance)
    if tolerance is not None:
        raise FormulaError(f"within= goes with a formula, got the relation {shorten(formula)}; write the tolerance in.")
    formulas = as_formulas(relation, outputs)
    if formulas is not None:
        return replace(_equality(side, formulas, domain), relation=relation)
    return _relation(side, relation, outputs, domain)


def read_equality(net: Any, formula: Any, domain: Any = None, inputs: Sequence[str] | None = None) -> Claim:
    """Reads the claim that a network equals a formula.

    Raises:
        RelucircError: With one sentence for whatever cannot be read.
    """
    return _equality(_read_network(net, formula, inputs, domain), formula, domain)


@dataclass(frozen=True)
class _Network:
    """What a claim is about: a graph, and where it came from."""

    graph: Graph
    network: MLP | None = None
    moves: tuple[dict, ...] = ()


def _read_network(net: Any, formula: Any, inputs: Any, domain: Any) -> _Network:
    if isinstance(net, MLP):
        network, found = resolve_family(net) if net.symbols else (net.exact(), [])
        return _Network(graph_of_network(network), network, tuple(found))
    if isinstance(net, Graph):
        return _Network(net)
    if _is_function(net):
        from relucirc.language.lower.from_jax import graph_of_function  # noqa: PLC0415  (tracing is for functions only)

        return _Network(graph_of_function(net, _names(net, inputs, formula, domain)))
    raise not_a_network(net, "a network (relucirc.MLP) or a JAX function")


def _equality(side: _Network, formula: Any, domain: Any, within: fmpq | None = None) -> Claim:
    left = side.graph
    expressions = read_expressions(formula, left.inputs)
    where = read_domain(domain, left.inputs) & declared(symbols_of(expressions or ()), left.inputs)
    right = graph_of_formula(
        formula if expressions is None else list(expressions), left.inputs, len(left.outputs), where
    )
    claim = Claim(left, right, where, side.network, side.moves, expressions)
    if not within:  # at most 0 apart is equal
        return claim
    return replace(
        claim,
        left=_both_ways(left, fmpq(0)),
        right=_both_ways(right, within),
        violations=tuple(((i, ">"),) for i in range(2 * len(left.outputs))),
        kind="within",
        alone=left,
        within=within,
    )


def _both_ways(graph: Graph, shift: fmpq) -> Graph:
    """The same gates, with every output and then the opposite of each, shifted."""
    return replace(graph, outputs=tuple(f.shift(shift) for f in (*graph.outputs, *(-f for f in graph.outputs))))


def _relation(side: _Network, relation: sympy.Basic, outputs: Sequence[str], domain: Any) -> Claim:
    graph = side.graph
    symbols = {symbol for symbol in symbols_of([relation]) if symbol.name in graph.inputs}
    where = read_domain(domain, graph.inputs) & declared(symbols, graph.inputs)
    named = dict(zip(outputs, graph.outputs, strict=True))
    left, violations = graph_of_relation(relation, graph, named, where)
    return Claim(
        left,
        Graph(left.inputs, (), (Form(),) * len(left.outputs)),
        where,
        side.network,
        side.moves,
        violations=violations,
        kind="relation",
        alone=graph,
        relation=relation,
    )


def _condition(function: Any, domain: Any, inputs: Any) -> Claim:
    left, violations = graph_of_condition(function, _names(function, inputs, None, domain))
    right = Graph(left.inputs, (), (Form(),) * len(left.outputs))
    return Claim(left, right, read_domain(domain, left.inputs), None, violations=violations, kind="relation")


def _is_function(net: Any) -> bool:
    return (
        (isinstance(net, Callable) or library_of(net) is not None) and not isinstance(net, MLP) and not is_circuit(net)
    )


def read_tolerance(tolerance: Any, what: str = "within") -> fmpq:
    """Reads how far outputs may be from a formula's: a rational number, or text such as ``"1/20"``.

    Raises:
        FormulaError: For what is no number, or a negative one; it names ``what`` was given.
    """
    value = -ONE if isinstance(tolerance, bool) else rational(tolerance, what)
    if value < 0:
        raise FormulaError(f"{what}: expected a number that is not negative, got {shorten(tolerance)}.")
    return value


def _names(function: Any, inputs: Any, formula: Any, domain: Any) -> Any:
    """Names the inputs of a JAX function: given, taken from the other side, or clear from what is said."""
    if inputs is not None:
        return inputs
    if isinstance(formula, MLP | Graph):
        return formula.inputs
    names = names_of_function(function, formula, domain)
    if names is None:
        raise NetworkError(
            "a JAX function does not name its inputs; pass inputs=('x1', 'x2', ...) to say them in order."
        )
    return names


def is_broken(violations: Sequence[Violation] | None, left: Sequence[fmpq], right: Sequence[fmpq]) -> bool:
    """Whether values of the two sides are in violation; without violations, whether they differ."""
    if violations is None:
        return list(left) != list(right)
    signs = [sign_of(a - b) for a, b in zip(left, right, strict=True)]
    return any(all(Relation(Form(), op).holds(signs[i]) for i, op in violation) for violation in violations)
