"""Accepts or rejects the evidence that a property's violations happen nowhere: every case a tree of cells.

The networks are read from their weights once more, and stand side by side: the variables are the inputs of all of
them, and their gates, network after network.  What an assertion equates are two variables here; the chart of a cell
makes them one.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.cells import check_cells
from relucirc.checker.data import fields, require, sequence
from relucirc.checker.linear import UNIT, replace
from relucirc.checker.reading import graph_of_weights
from relucirc.checker.sides import Side, constraint, read
from relucirc.checker.verdict import Verdict, replay
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.language.network import MLP
from relucirc.language.safety import Case, Property

FORMAT = "relucirc-unsat-1"


def check_property(networks: Sequence[MLP], claim: Property, certificate: Any) -> Verdict:
    """Checks that no point of any case breaks the property of exact networks."""

    def steps() -> None:
        fields(certificate, {"format", "cases"}, set(), "a certificate")
        require(certificate["format"] == FORMAT, f"expected the format {FORMAT!r}")
        proofs = sequence(certificate["cases"], "cases")
        require(len(proofs) == len(claim.cases), "not every case has its proof")
        _check_sizes(networks, claim)
        graph = graph_of_weights(*(networks[declared.model] for declared in claim.networks))
        for case, proof in zip(claim.cases, proofs, strict=True):
            _check_case(case, proof, graph)

    return replay(steps, "every bound was replayed")


def _check_sizes(networks: Sequence[MLP], claim: Property) -> None:
    """Rejects networks that are not those that the property declares."""
    require({declared.model for declared in claim.networks} == set(range(len(networks))), "not as many networks")
    for declared in claim.networks:
        net = networks[declared.model]
        require(len(net.inputs) == len(declared.inputs), "the property is about other inputs")
        require(len(net.layers[-1].weight.rows) == len(declared.outputs), "the property is about other outputs")
        if declared.like is not None:
            shapes = [[layer.weight.shape for layer in networks[i].layers] for i in (declared.model, declared.like)]
            require(shapes[0] == shapes[1], "a network has not the architecture of the other")


def _check_case(case: Case, proof: Any, graph: Graph) -> None:
    """Checks that no point of the case's domain has one of its violations."""
    n = len(graph.inputs)
    outputs = {n + i: read(form) for i, form in enumerate(graph.outputs)}
    differences, violations = [], []
    for violation in case.violations:
        parts = [(len(differences) + i, relation.op) for i, relation in enumerate(violation)]
        differences += [replace(read(relation.form), outputs) for relation in violation]
        violations.append(parts)
    forms = [Form({v: c for v, c in d.items() if v != UNIT}, d.get(UNIT, fmpq(0))) for d in differences]
    left = Graph(graph.inputs, graph.gates, tuple(forms))
    right = Graph(graph.inputs, (), (Form(),) * len(forms))
    constraints = [constraint(read(relation.form), relation.op) for relation in case.domain]
    check_cells(proof, Side(left, {}), Side(right, {}), constraints, violations=violations)
