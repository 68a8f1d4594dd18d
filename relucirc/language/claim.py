"""What is claimed: two graphs, equal at every point of a domain, or their differences in no forbidden relation to 0."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.errors import NetworkError, is_circuit, is_torch, not_a_network
from relucirc.core.exact import sign_of
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation
from relucirc.core.names import read_names
from relucirc.core.trees import symbols_of
from relucirc.language.domain import Domain, declared, read_domain
from relucirc.language.lower.from_family import resolve_family
from relucirc.language.lower.from_formula import graph_of_formula, read_expressions
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP

Violation = tuple[tuple[int, str], ...]
"""What must not happen at any point: of some differences ``left - right``, each by its number, one relation to 0
(``>``, ``>=``, ``==``) holds for every one of them."""


@dataclass(frozen=True)
class Claim:
    """``left = right`` on a domain, or relations between the two.

    A relation is said by what breaks it, in disjunctive form: ``y1 > y2 or y1 > y3`` is broken where
    ``y2 - y1 >= 0`` and ``y3 - y1 >= 0``, one violation of two parts; ``|y - f| <= 1/10`` where
    ``y - f - 1/10 > 0``, or where ``f - y - 1/10 > 0``: two violations of one part each.

    Attributes:
        left: The network as a graph.
        right: The formula as a graph over the same inputs.
        domain: Where that is claimed.
        network: The rational network that ``left`` was read from, None for a JAX function.
        moves: How a symbolic family became that network.
        expressions: The formula in SymPy, one for each output, where it was given so.
        violations: Of a claim of relations, all that would break it; None for equality.
    """

    left: Graph
    right: Graph
    domain: Domain
    network: MLP | None
    moves: tuple[dict, ...] = ()
    expressions: tuple[sympy.Expr, ...] | None = None
    violations: tuple[Violation, ...] | None = None

    def contains(self, point: Sequence[fmpq]) -> bool:
        """Whether the domain holds a point."""
        return self.domain.contains(point)

    def left_value(self, point: Sequence[fmpq]) -> list[fmpq]:
        """The left side's exact value, from the weights themselves where it is a network."""
        return self.left.evaluate(point) if self.network is None else self.network.trace(point)[-1][1]

    def right_value(self, point: Sequence[fmpq]) -> list[fmpq]:
        """The right side's exact value."""
        return self.right.evaluate(point)

    def is_witness(self, point: Sequence[fmpq]) -> bool:
        """Whether a point of the domain refutes the claim, exactly."""
        return self.contains(point) and self.is_broken_by(self.left_value(point), self.right_value(point))

    def is_broken_by(self, left: Sequence[fmpq], right: Sequence[fmpq]) -> bool:
        """Whether these values of the two sides refute the claim."""
        if self.violations is None:
            return list(left) != list(right)
        signs = [sign_of(a - b) for a, b in zip(left, right, strict=True)]
        return any(all(Relation(Form(), op).holds(signs[i]) for i, op in violation) for violation in self.violations)


def read_claim(net: Any, formula: Any, domain: Any = None, inputs: Sequence[str] | None = None) -> Claim:
    """Reads the three parts of a claim; see :func:`relucirc.prove` for what they may be.

    Raises:
        RelucircError: With one sentence for whatever cannot be read.
    """
    moves: tuple[dict, ...] = ()
    network = None
    if isinstance(net, MLP):
        network, found = resolve_family(net) if net.symbols else (net.exact(), [])
        moves = tuple(found)
        left = graph_of_network(network)
    elif isinstance(net, Graph):
        left = net
    elif isinstance(net, Callable) and not is_torch(net) and not is_circuit(net):
        left = graph_of_formula(net, _names(inputs, formula))
    else:
        raise not_a_network(net, "a network (relucirc.MLP) or a JAX function")
    expressions = read_expressions(formula, left.inputs)
    where = read_domain(domain, left.inputs) & declared(symbols_of(expressions or ()), left.inputs)
    right = graph_of_formula(
        formula if expressions is None else list(expressions), left.inputs, len(left.outputs), where
    )
    return Claim(left, right, where, network, moves, expressions)


def _names(inputs: Sequence[str] | None, formula: Any) -> tuple[str, ...]:
    """Names the inputs of a JAX function, given or taken from the other side."""
    if inputs is not None:
        return read_names(inputs)
    if isinstance(formula, MLP | Graph):
        return formula.inputs
    raise NetworkError("a JAX function does not name its inputs; pass inputs=('x1', 'x2', ...) to say them in order.")
