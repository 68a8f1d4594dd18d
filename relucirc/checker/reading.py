"""The checker's own reading of a network, and a second opinion on its reading of a formula.

A misread side would make any proof about it worthless, so nothing here is shared with the front
doors: gates are written straight from the weights, and a formula is compared with its own value, found from
SymPy's tree, at a few points.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from flint import fmpq

from relucirc.checker.data import Rejected, require, sequence
from relucirc.checker.evaluating import value_of
from relucirc.core.forms import Form
from relucirc.core.graph import Gate, Graph, MaxGate
from relucirc.core.names import read_names
from relucirc.core.trees import symbols_of
from relucirc.language.function import names_of
from relucirc.language.network import MLP


def check_names(ours: tuple[str, ...], theirs: tuple[str, ...], expressions: Sequence[sympy.Expr]) -> None:
    """Rejects names by which an input could be taken for another: Python's grammar itself is asked about each."""
    require(ours == theirs, "the sides name their inputs differently")
    require(len(set(ours)) == len(ours), "an input name stands twice")
    for name in ours:
        try:
            read = ast.parse(name, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise Rejected(f"no formula can name the input {name!a}") from error
        require(isinstance(read, ast.Name) and read.id == name, f"a formula reads the input {name!a} as another")
    symbols = {symbol.name for symbol in symbols_of(expressions)}
    require(symbols <= set(ours), "the formula is not over these inputs")


def names_asked_about(f: Any, domain: Any, inputs: Sequence[str] | None, certified: Any) -> tuple[str, ...]:
    """Returns the names of the inputs that a question is about, and rejects a certificate about others.

    Only where function and domain call their inputs by name may the certificate list them: a JAX function,
    or a box, tells them apart by position, and then a certificate could choose which is which.
    """
    listed = read_names(sequence(certified, "inputs"))
    if inputs is None and all(map(_is_by_name, f if isinstance(f, list | tuple) else [f])) and _is_by_name(domain):
        return listed
    names = names_of(f, inputs)
    require(names == listed, f"the certificate is about the inputs {listed!a}, the question about {names!a}")
    return names


def _is_by_name(part: Any) -> bool:
    """Whether a formula or a domain, or a part of one, names its inputs; pairs of bounds in a list do not."""
    if isinstance(part, list | tuple):
        return all(_is_by_name(inner) and not isinstance(inner, list | tuple) for inner in part)
    if isinstance(part, Mapping):
        return all(map(_is_by_name, part))
    return part is None or isinstance(part, str | sympy.Basic | int | float)


def graph_of_weights(*nets: MLP) -> Graph:
    """Returns ``max(0, z)`` for every neuron whose pre-activation is not constant, in order, net after net.

    A constant neuron is its value; it has no gate.  Several networks have their own inputs, one after another.
    """
    names = nets[0].inputs if len(nets) == 1 else [f"v{i}" for i in range(sum(len(net.inputs) for net in nets))]
    n, start = len(names), 0
    gates: list[Gate] = []
    outputs: list[Form] = []
    for net in nets:
        # a variable times 1, or a constant
        below: list[tuple[int | None, fmpq]] = [(start + i, fmpq(1)) for i in range(len(net.inputs))]
        start += len(net.inputs)
        for depth, layer in enumerate(net.layers):
            hidden = depth < len(net.layers) - 1
            above: list[tuple[int | None, fmpq]] = []
            for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
                terms: dict[int, fmpq] = {}
                constant = fmpq(bias)
                for j, weight in row:
                    variable, value = below[j]
                    if variable is None:
                        constant += weight * value
                    else:
                        terms[variable] = terms.get(variable, fmpq(0)) + weight
                terms = {v: c for v, c in terms.items() if c != 0}
                if not hidden:
                    outputs.append(Form(terms, constant))
                elif terms:
                    gates.append(MaxGate(Form(), Form(terms, constant)))
                    above.append((n + len(gates) - 1, fmpq(1)))
                else:
                    above.append((None, max(constant, fmpq(0))))
            below = above
    return Graph(tuple(names), tuple(gates), tuple(outputs))


def spots(n: int) -> list[list[fmpq]]:
    """The points at which a formula is read twice: two where ties are, and two where none is."""
    generic = [[fmpq((7 * i + 3 * k * k + 1) % 11 - 5, 1 + (i + k) % 3) for i in range(n)] for k in range(2)]
    return [[fmpq(0)] * n, [fmpq(1)] * n, *generic]


def compare_with_sympy(graph: Graph, expressions: Sequence[sympy.Expr]) -> None:
    """Rejects when a graph and the formula as SymPy holds it disagree at one of a few points."""
    for point in spots(len(graph.inputs)):
        named = dict(zip(graph.inputs, point, strict=True))
        for form_value, expression in zip(graph.evaluate(point), expressions, strict=True):
            theirs = value_of(expression, named)
            require(theirs is None or theirs == form_value, "the formula was misread")
