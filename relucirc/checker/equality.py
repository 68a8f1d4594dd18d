"""Accepts or rejects the certificate of an equality, the evidence of :func:`relucirc.prove`."""

from typing import Any

from relucirc.checker.cells import check_cells
from relucirc.checker.certificate import FORMAT
from relucirc.checker.data import fields, require
from relucirc.checker.reading import check_names, compare_with_sympy, graph_of_weights
from relucirc.checker.relations import check_output_names, compare_with_formulas, relation_sides, within_sides
from relucirc.checker.sides import Side, constraint, read
from relucirc.checker.verdict import Verdict, replay
from relucirc.core.graph import Graph
from relucirc.language.claim import Claim


def check_claim(claim: Claim, certificate: Any) -> Verdict:
    """Checks a certificate for a claim that has been read."""

    def steps() -> None:
        fields(certificate, {"format", "proof"}, {"family"}, "a certificate")
        require(certificate["format"] == FORMAT, f"expected the format {FORMAT!r}")
        require(certificate.get("family", []) == list(claim.moves), "the family's moves are not these")
        left, right = sides_of(claim)
        constraints = [constraint(read(r.form), r.op) for r in claim.domain.relations]
        sides = Side(left, {}), Side(right, {})
        check_cells(certificate["proof"], *sides, constraints, claim.domain.integers, claim.violations)

    return replay(steps, "every step was replayed")


def sides_of(claim: Claim) -> tuple[Graph, Graph]:
    """Returns the two sides of a claim, read a second time as far as that is possible; rejects what was misread."""
    require(len(claim.left.outputs) == len(claim.right.outputs), "the numbers of outputs differ")
    check_names(claim.left.inputs, claim.right.inputs, claim.expressions or ())
    network = claim.alone if claim.network is None else graph_of_weights(claim.network)
    if claim.relation is not None:
        check_output_names(claim)
    if claim.kind == "relation":
        return relation_sides(claim, network)
    network = claim.left if network is None else network
    if claim.kind == "within":
        return within_sides(claim, network)
    require(claim.kind == "equal" and claim.violations is None, "the kind of the claim is unknown")
    if claim.expressions is not None:
        compare_with_sympy(claim.right, claim.expressions)
    if claim.relation is not None:
        compare_with_formulas(claim)
    return network, claim.right
