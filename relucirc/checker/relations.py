"""The checker's own opinion on what a claim of relations says, by values: none of the reading's code is used.

The sides of every comparison are evaluated in SymPy's tree at a few points, the network's gates taken as free
variables, and so are the differences that the claim made of them; those in proportion belong together.  Then every
combination of their signs has to break the claim where, and only where, the relation does not hold.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import product

import sympy
from flint import fmpq
from sympy.core.relational import Relational

from relucirc.checker.data import require
from relucirc.checker.evaluating import truth_of, value_of
from relucirc.checker.reading import compare_with_sympy, spots
from relucirc.core.exact import sign_of
from relucirc.core.feasible import feasibility
from relucirc.core.graph import Graph, gate_value
from relucirc.core.trees import symbols_of
from relucirc.language.claim import Claim
from relucirc.language.domain import Domain
from relucirc.language.relations import output_names

POINTS = 6
"""How many points have no ties; two more have all of them."""
COMBINATIONS = 729
"""Most combinations of signs that are tried: all of six differences."""
WORK = 200_000
"""Most combinations times violations."""


def check_output_names(claim: Claim) -> None:
    """Rejects a relation in which an output could be taken for an input."""
    graph = claim.left if claim.alone is None else claim.alone
    outputs = set(output_names(len(graph.outputs)))
    require(not outputs & set(graph.inputs), "an input has the name of an output")
    assert claim.relation is not None
    symbols = {symbol.name for symbol in symbols_of([claim.relation])}
    require(symbols <= outputs | set(graph.inputs), "the relation is not over these inputs and outputs")


def within_sides(claim: Claim, network: Graph) -> tuple[Graph, Graph]:
    """Returns both sides of a claim within a tolerance, and rejects one that says something else."""
    eps, count = claim.within, len(network.outputs)
    require(eps is not None and eps > 0 and claim.relation is None, "the claim has no tolerance")
    assert eps is not None
    require(claim.violations == tuple(((i, ">"),) for i in range(2 * count)), "the tolerance was misread")
    above, below = claim.right.outputs[:count], claim.right.outputs[count:]
    require(len(below) == count, "the numbers of outputs differ")
    formula = tuple(form.shift(-eps) for form in above)
    require(below == tuple((-form).shift(eps) for form in formula), "the tolerance was misread")
    if claim.expressions is not None:
        require(len(claim.expressions) == count, "the numbers of outputs differ")
        compare_with_sympy(Graph(claim.right.inputs, claim.right.gates, formula), claim.expressions)
    both = (*network.outputs, *(-form for form in network.outputs))
    return Graph(network.inputs, network.gates, both), claim.right


def compare_with_formulas(claim: Claim) -> None:
    """Rejects when formulas were read out of a relation that says something else."""
    assert claim.expressions is not None
    names = output_names(len(claim.expressions))
    for point in spots(len(claim.left.inputs)):
        named = dict(zip(claim.left.inputs, point, strict=True))
        values = [value_of(e, named) for e in claim.expressions]
        outputs = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        if len(outputs) == len(names):
            require(value_of(claim.relation, {**named, **outputs}) is True, "the relation was misread")
            for name, value in outputs.items():
                require(
                    value_of(claim.relation, {**named, **outputs, name: value + 1}) is False, "the relation was misread"
                )


def relation_sides(claim: Claim, network: Graph | None) -> tuple[Graph, Graph]:
    """Returns both sides of a relation, and rejects when its differences, or what breaks it, were misread."""
    require(not any(claim.right.outputs), "a relation's right side is not 0")
    if network is not None:
        require(claim.left.gates[: len(network.gates)] == network.gates, "the relation is about another network")
    if claim.relation is None:
        return claim.left, claim.right
    require(network is not None, "a relation of no network")
    assert network is not None
    comparisons = _comparisons(claim.relation)
    rows = [_differences(claim, network, comparisons, point) for point in _points(network, claim.domain)]
    columns = list(zip(*(row for row in rows if row is not None), strict=True))
    require(len(columns) > 0, "the relation has no value where it was looked at")
    zeros = [fmpq(0)] * len(claim.left.outputs)
    for signs in _combinations(columns, max(81, min(COMBINATIONS, WORK // (1 + len(claim.violations or ()))))):
        broken = claim.is_broken_by(signs[: len(zeros)], zeros)
        truth = truth_of(claim.relation, dict(zip(comparisons, signs[len(zeros) :], strict=True)))
        require(truth is (not broken), "the relation was misread")
    return claim.left, claim.right


def _comparisons(relation: sympy.Basic) -> list[Relational]:
    """What a relation joins by and, or, not; not the comparisons inside of sides."""
    found: dict[Relational, None] = {}
    pending = [relation]
    while pending:
        part = pending.pop()
        if isinstance(part, Relational):
            found[part] = None
        else:
            pending += part.args
    return list(found)


def _points(network: Graph, domain: Domain) -> list[list[fmpq]]:
    """Values of the inputs and of the network's gates, once with inputs of the domain."""
    n, draw = len(network.inputs) + len(network.gates), random.Random(0)
    generic = [[fmpq(draw.randint(-9, 9), draw.randint(1, 4)) for _ in range(n)] for _ in range(POINTS)]
    inside = feasibility(domain.relations, len(network.inputs)).point or ()
    return [[fmpq(0)] * n, [fmpq(1)] * n, *generic, [*inside, *generic[0][len(inside) :]]]


def _differences(
    claim: Claim, network: Graph, comparisons: Sequence[Relational], point: Sequence[fmpq]
) -> list[fmpq] | None:
    """The claim's differences at a point, and those of the comparisons; None where one has no value."""
    outputs = [form.evaluate(point) for form in network.outputs]
    named = dict(zip(network.inputs, point, strict=False)) | dict(zip(output_names(len(outputs)), outputs, strict=True))
    theirs: list[fmpq] = []
    for comparison in comparisons:
        left, right = (value_of(side, named) for side in comparison.args)
        if left is None or right is None:
            return None
        theirs.append(left - right)
    values = list(point)
    for gate in claim.left.gates[len(network.gates) :]:
        values.append(gate_value(gate, values))
    return [*(form.evaluate(values) for form in claim.left.outputs), *theirs]


def _combinations(columns: Sequence[tuple[fmpq, ...]], most: int) -> Iterator[list[fmpq]]:
    """Signs for all columns: one sign for those in proportion, and what is the same everywhere has its own."""
    leading = [next((value for value in column if value), fmpq(1)) for column in columns]
    lines = [tuple(value / lead for value in column) for column, lead in zip(columns, leading, strict=True)]
    free = list(dict.fromkeys(line for line in lines if len(set(line)) > 1))
    draw = random.Random(0)
    every = product((-1, 0, 1), repeat=len(free)) if 3 ** len(free) <= most else None
    for signs in every or ([draw.choice((-1, 0, 1)) for _ in free] for _ in range(most)):
        chosen = dict(zip(free, signs, strict=True))
        yield [
            fmpq(sign_of(lead) * chosen.get(line, int(line[0] != 0))) for line, lead in zip(lines, leading, strict=True)
        ]
