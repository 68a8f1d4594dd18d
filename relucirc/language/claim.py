"""What is claimed: two graphs, equal at every point of a domain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.errors import DomainError, NetworkError, is_circuit, is_torch, not_a_network, shorten
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation
from relucirc.core.names import read_names
from relucirc.core.trees import symbols_of
from relucirc.language.domain import Domain, declared, read_domain
from relucirc.language.lower.from_family import resolve_family
from relucirc.language.lower.from_formula import graph_of_formula, read_expressions
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP


@dataclass(frozen=True)
class Claim:
    """``left = right`` on a domain.

    Attributes:
        left: The network as a graph.
        right: The formula as a graph over the same inputs.
        domain: Where they are claimed equal.
        network: The rational network that ``left`` was read from, None for a JAX function.
        moves: How a symbolic family became that network.
        expressions: The formula in SymPy, one for each output, where it was given so.
    """

    left: Graph
    right: Graph
    domain: Domain
    network: MLP | None
    moves: tuple[dict, ...] = ()
    expressions: tuple[sympy.Expr, ...] | None = None

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
        """Whether a point of the domain tells the sides apart, exactly."""
        return self.contains(point) and self.left_value(point) != self.right_value(point)


def read_claim(net: Any, formula: Any, domain: Any = None, inputs: Sequence[str] | None = None) -> Claim:
    """Reads the three parts of a claim; see :func:`relucirc.prove` for what they may be.

    Raises:
        RelucircError: With one sentence for whatever cannot be read; an empty domain too.
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
    described = shorten(domain) + "".join(f", and {word}" for word in where.words)
    if where.relations and feasibility(where.relations, len(left.inputs)).point is None:
        raise DomainError(f"the domain is empty: no point satisfies {described}.")
    if where.integers and feasibility(rounded(where), len(left.inputs)).point is None:
        raise DomainError(f"the domain is empty: no point with integers satisfies {described}.")
    return Claim(left, right, where, network, moves, expressions)


def rounded(domain: Domain) -> list[Relation]:
    """Returns the relations, those of integer inputs alone rounded to the integers that their forms take."""
    found: list[Relation] = []
    for relation in domain.relations:
        terms = relation.form.terms
        if not terms or not domain.integers.issuperset(terms):
            found.append(relation)
            continue
        scale, whole = Form(terms).primitive()
        bound = -relation.form.const / scale
        below = int(bound.p // bound.q)
        above = below + int(relation.op == ">" or bound.q != 1)
        found.append(Relation(whole.shift(fmpq(-above)), ">="))
        if relation.op == "==":
            found.append(Relation(-whole.shift(fmpq(-below)), ">="))
    return found


def _names(inputs: Sequence[str] | None, formula: Any) -> tuple[str, ...]:
    """Names the inputs of a JAX function, given or taken from the other side."""
    if inputs is not None:
        return read_names(inputs)
    if isinstance(formula, MLP | Graph):
        return formula.inputs
    raise NetworkError("a JAX function does not name its inputs; pass inputs=('x1', 'x2', ...) to say them in order.")
