"""Accepts or rejects the evidence that a property's violations happen nowhere: every case bounded on boxes."""

from typing import Any

from flint import fmpq

from relucirc.checker.boxes import check_boxes
from relucirc.checker.data import fields, require, sequence
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import Linear, mix, replace
from relucirc.checker.reading import graph_of_weights
from relucirc.checker.sides import read
from relucirc.checker.verdict import Verdict, replay
from relucirc.core.graph import MaxGate
from relucirc.language.network import MLP
from relucirc.language.safety import Case, Property

FORMAT = "relucirc-unsat-1"


def check_property(network: MLP, claim: Property, certificate: Any) -> Verdict:
    """Checks that no point of any case breaks the property of an exact network."""

    def steps() -> None:
        fields(certificate, {"format", "atoms", "steps", "cases"}, set(), "a certificate")
        require(certificate["format"] == FORMAT, f"expected the format {FORMAT!r}")
        proofs = sequence(certificate["cases"], "cases")
        require(len(proofs) == len(claim.cases), "not every case has its proof")
        graph = graph_of_weights(network)
        require(claim.inputs == len(graph.inputs), "the property is about other inputs")
        require(claim.outputs == len(graph.outputs), "the property is about other outputs")
        gates = [(read(gate.left), read(gate.right)) for gate in graph.gates if isinstance(gate, MaxGate)]
        outputs = [read(form) for form in graph.outputs]
        derivation = Derivation.read(certificate["atoms"], len(graph.inputs), [])
        values = dict(enumerate(derivation.lower(gates, outputs, certificate["steps"]), start=len(graph.inputs)))
        derivation.close()
        for case, proof in zip(claim.cases, proofs, strict=True):
            _check_case(case, proof, derivation, values)

    return replay(steps, "every bound was replayed")


def _check_case(case: Case, proof: Any, derivation: Derivation, values: dict[int, Linear]) -> None:
    constraints: list[Linear] = []
    for relation in case.domain:
        form = read(relation.form)
        constraints += [form, mix(((fmpq(-1), form),))] if relation.op == "==" else [form]
    parts = [relation for violation in case.violations for relation in violation]
    differences = [replace(read(relation.form), values) for relation in parts]
    numbers = iter(range(len(parts)))
    violations = [[(next(numbers), relation.op) for relation in violation] for violation in case.violations]
    check_boxes(proof, derivation, differences, constraints, violations)
