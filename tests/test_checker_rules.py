"""Every rule of the checker, alone: hand-made evidence that breaks one rule and no other.

Most claims here are false: without the rule the evidence would be a proof of them.  `make mutants` takes
the rules away one at a time, and these tests go red.
"""

import dataclasses
import re
from typing import Any

import pytest
import sympy

from relucirc import MLP
from relucirc.checker.data import Rejected, form, index, number, variable
from relucirc.checker.equality import check_claim
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Guard, SelectGate
from relucirc.language.claim import Claim, read_claim

RELU = [([[1]], None), ([[1]], None)]
ABS = [([[1], [-1]], None), ([[1, 1]], None)]
APART = [([[1, -1], [-1, 1]], None), ([[1, 1]], None)]
"""|x1 - x2|."""
LARGEST = [([[1, -1], [0, 1], [0, -1]], None), ([[1, 1, -1]], None)]
TWICE = [([[1], [1]], None), ([[1, -1]], None)]
DEEP = [([[1]], None), ([[1]], [-1]), ([[1]], None)]
"""relu(relu(x) - 1)."""
PROJECTION = [([[1, 0]], None)]
ZERO = [([[0, 0]], None)]

ON = {"atom": 0, "scale": "1", "base": {}}
"""A gate that is atom 0."""
FLIPPED = {"atom": 0, "scale": "1", "base": {"v0": "-1"}}
"""max(0, -x) where atom 0 is max(0, x): -x + relu(x)."""
X = [[{"v0": "1"}]]
DONE: dict = {"atoms": [], "left": [], "right": []}


def case(left: list, atoms: list = X, right: Any = (), **more: Any) -> dict:
    return {"atoms": atoms, "left": left, "right": list(right), **more}


def claim(layers: Any, formula: Any, domain: Any = None) -> Claim:
    return read_claim(MLP.from_arrays(layers), formula, domain)


def verdict(about: Claim, proof: Any) -> Any:
    return check_claim(about, {"format": "relucirc-certificate-1", "proof": proof})


def split(left: Any, right: Any, at: str = "0") -> dict:
    return {"split": {"v0": "1", **({"1": at} if at != "0" else {})}, "positive": left, "rest": right}


POSITIVE = {"interior": ["1"], "atoms": [], "left": [{"take": "right", "by": [["constraint", 0, "1"]]}], "right": []}
"""relu(x) = x on x > 0."""
EVERY = claim(RELU, "x", "-1 <= x <= 1")
STEP = "Piecewise((x, x > 0), (0, True))"


def nonpositive(constraint: int = 0, right: Any = ()) -> dict:
    """relu(x) = 0 where a constraint says that -x >= 0."""
    step = {"take": "left", "by": [["constraint", constraint, "1"]]}
    return {"interior": ["-1"], "atoms": [], "left": [step], "right": list(right)}


def test_the_parts_that_are_broken_below_are_good():
    assert verdict(claim(RELU, "x", "x > 0"), POSITIVE)
    assert verdict(claim(RELU, STEP), split(POSITIVE, nonpositive()))
    inner = {**POSITIVE, "left": [{"take": "right", "by": [["constraint", 1, "1"]]}]}
    twice = split(split(inner, {"empty": [[0, "1"], [1, "1"]]}), nonpositive())
    assert verdict(claim(RELU, STEP), twice)
    assert verdict(
        claim(ABS, "x", "x >= 0"), case([ON, FLIPPED], interior=["1"], tree=[{"shallow": [[0, "+", [[0, "1"]]]]}])
    )
    assert verdict(claim(ABS, "0", "x == 0"), {"pivots": {"v0": [[0, "1"]]}, **case(TAKEN * 2, [])})
    assert verdict(claim(ABS, "0", "x <= 0, x >= 0"), thin())
    assert verdict(claim(TWICE, "0"), with_lemmas([SAME]))
    assert verdict(claim(LARGEST, "Max(x1, x2)"), largest())
    assert verdict(claim(APART, "Abs(x1 - x2)"), apart())
    assert verdict(claim(DEEP, "relu(x - 1)"), deep())
    assert verdict(claim(RELU, "Max(0, 2*x)/2"), case([ON], right=[{"atom": 0, "scale": "2", "base": {}}]))
    assert verdict(claim(PROJECTION, "x1", "x1 in {0, 1}"), {"integer": {"v0": "1"}, "at": "0", **bits()})


TAKEN = [{"take": "right", "by": []}]


def thin(**more: Any) -> dict:
    """|x| = 0 where x <= 0 and x >= 0."""
    implied = [[[0, "1"], [1, "1"]]]
    return {"implied": implied, "pivots": {"v0": [[1, "1"]]}, **case(TAKEN * 2, []), **more}


SAME = {"zero": {"v1": "1", "v2": "-1"}, "free": ["v0"], "proof": case([ON, ON])}
"""relu(x) = relu(x)."""


def with_lemmas(lemmas: Any) -> dict:
    second = {"atom": 1, "scale": "1", "base": {}}
    return case([ON, second], [*X, *X], lemmas=lemmas)


def bits() -> dict:
    return {
        "below": {"implied": [[[0, "1"], [2, "1"]]], "pivots": {"v0": [[0, "1"]]}, **DONE},
        "above": {"implied": [[[1, "1"], [2, "1"]]], "pivots": {"v0": [[2, "1"]]}, **DONE},
    }


def largest(**more: Any) -> dict:
    """Max(x1, x2) by the 0-1 principle: atom 0 compares x1 and x2."""
    atoms = [[{"v0": "1", "v1": "-1"}], [{"v1": "1"}]]
    other = [{"atom": 1, "scale": "1", "base": {}}, {"atom": 1, "scale": "1", "base": {"v1": "-1"}}]
    right = [{"atom": 0, "scale": "1", "base": {"v1": "1"}}]
    proof = {"atoms": atoms, "left": [ON, *other], "right": right, "comparators": [[0, {"v0": "1"}, {"v1": "1"}]]}
    return {**proof, **more}


def compared(formula: str, comparators: Any, **more: Any) -> tuple[Claim, dict]:
    """relu(x1 - x2) against a formula without gates."""
    about = claim([([[1, -1]], None), ([[1]], None)], formula)
    return about, {**case([ON], [[{"v0": "1", "v1": "-1"}]]), "comparators": comparators, **more}


COMPARED = [0, {"v0": "1"}, {"v1": "1"}]


def apart(**more: Any) -> dict:
    """|x1 - x2| by symmetry: with x1 >= x2 it is x1 - x2."""
    mirrored = {"atom": 0, "scale": "1", "base": {"v0": "-1", "v1": "1"}}
    right = [{"atom": 0, "scale": "2", "base": {"v0": "-1", "v1": "1"}}]
    return {**case([ON, mirrored], [[{"v0": "1", "v1": "-1"}]], right), **more}


def exchanged(formula: str, tree: Any, symmetry: Any, layers: Any = APART) -> tuple[Claim, dict]:
    """A formula without gates, of which only x1 >= x2 is looked at."""
    mirrored = {"atom": 0, "scale": "1", "base": {"v0": "-1", "v1": "1"}}
    steps = [ON, mirrored][: len(layers[0][0])]
    return claim(layers, formula), case(steps, [[{"v0": "1", "v1": "-1"}]], symmetry=symmetry, tree=tree)


def deep(**more: Any) -> dict:
    """relu(relu(x) - 1) = relu(x - 1): cut at x, then at relu(x) - 1."""
    atoms = [*X, [{"v1": "1", "1": "-1"}], [{"v0": "1", "1": "-1"}]]
    second, third = ({"atom": k, "scale": "1", "base": {}} for k in (1, 2))
    tree = [0, {"shallow": []}, 1, {"shallow": [[2, "-", [[0, "1"]]]]}]
    return {**case([ON, second], atoms, [third], tree=tree), **more}


def gates(right: Any, left: Any, gate: int = 0, side: str = "left") -> dict:
    return {"side": side, "gate": gate, "right": right, "left": left}


AS_IT_IS = {"interior": ["1"], **DONE}
SIGN = "Piecewise((1, x > 0), (0, True))"
MEASURED = {"v0": "1"}

RULES: dict[str, tuple[Claim, Any, str]] = {
    # cells
    "a proof that is no object": (EVERY, [], "a proof is not an object"),
    "an empty cell that is not": (EVERY, {"empty": []}, "do not show a cell empty"),
    "an empty cell by no constant": (EVERY, {"empty": [[0, "1"]]}, "do not show a cell empty"),
    "an empty cell by a positive constant": (EVERY, {"empty": [[0, "1"], [1, "1"]]}, "do not show a cell empty"),
    "an empty cell by negative multipliers": (EVERY, {"empty": [[0, "-1"], [1, "-1"]]}, "the wrong sign"),
    "an empty cell by a zero multiplier": (
        claim(RELU, "x", "x > -1"),
        {"empty": [[0, "0"]]},
        "a multiplier has the wrong sign",
    ),
    "an empty cell that touches itself": (
        claim(ABS, "0", "x <= 0, x >= 0"),
        {"empty": [[0, "1"], [1, "1"]]},
        "do not show a cell empty",
    ),
    "a multiplier alone": (EVERY, {"empty": [[0]]}, "a pair is malformed"),
    "an integer split of a real input": (
        claim(PROJECTION, "x1 + x2 - x2", "x1 in {0, 1}"),
        {"integer": {"v1": "1"}, "at": "0", **bits()},
        "reads more than integer inputs",
    ),
    "an integer split of a fraction": (
        claim(PROJECTION, "x1", "x1 in {0, 1}"),
        {"integer": {"v0": "1/2"}, "at": "0", **bits()},
        "is not between integers",
    ),
    "an integer split at a fraction": (
        claim(PROJECTION, "x1", "x1 in {0, 1}"),
        {"integer": {"v0": "1"}, "at": "1/2", **bits()},
        "is not between integers",
    ),
    "a gate of neither side": (EVERY, gates(DONE, DONE, side="middle"), "the side of a gate is none of left, right"),
    "a gate that is a choice": (claim(RELU, SIGN), gates(DONE, DONE, side="right"), "gate 0 is no maximum"),
    "a gate decided twice": (
        claim(RELU, "x", "x >= 0"),
        gates(gates(DONE, DONE), {"implied": [[[0, "1"], [1, "1"]]], "pivots": {"v0": [[0, "1"]]}, **DONE}),
        "gate 0 is decided twice",
    ),
    "a gate above one that is open": (
        claim(DEEP, "relu(x - 1)"),
        gates(DONE, DONE, gate=1),
        "gate 1 is decided before those it needs",
    ),
    "a choice that is open": (claim(RELU, SIGN), case([ON]), "the cell does not decide gate 0"),
    "two proofs in one": (claim(PROJECTION, "x1"), {**DONE, "tree": [], "comparators": []}, "a case has two proofs"),
    "symmetry alone": (claim(PROJECTION, "x1"), {**DONE, "symmetry": []}, "symmetry without a tree"),
    "wires alone": (claim(PROJECTION, "x1"), {**DONE, "wires": [], "weights": []}, "wires without comparators"),
    "weights alone": (claim(PROJECTION, "x1"), {**DONE, "weights": []}, "wires without comparators"),
    "normal forms that differ": (claim(RELU, "x"), case([ON]), "the normal forms differ"),
    "a flag that is false": (claim(TWICE, "0"), with_lemmas([{**SAME, "known": False}]), "a flag is true or absent"),
    "a flag that is a number": (claim(TWICE, "0"), with_lemmas([{**SAME, "raw": 1}]), "a flag is true or absent"),
    "a variable that is free twice": (
        claim(TWICE, "0"),
        with_lemmas([{**SAME, "free": ["v0", "v0"]}]),
        "a variable is free twice",
    ),
    "the same lemma again": (claim(TWICE, "0"), with_lemmas([SAME, SAME]), "says nothing new about an atom"),
    "a lemma about inputs": (
        claim(TWICE, "0"),
        with_lemmas([{"zero": {}, "free": ["v0"], "proof": DONE}]),
        "says nothing new about an atom",
    ),
    "a lemma that reads an input": (
        claim(TWICE, "0"),
        with_lemmas([{**SAME, "free": []}]),
        "a lemma reads an input that is not free",
    ),
    "pivots in a list": (claim(ABS, "0", "x == 0"), {"pivots": [], **case(TAKEN * 2, [])}, "pivots is not an object"),
    "a pivot by an inequality": (
        claim(ABS, "0", "x >= 0"),
        {"pivots": {"v0": [[0, "1"]]}, **case(TAKEN * 2, [])},
        "constraint 0 is no equality",
    ),
    "a pivot that is not solved": (
        claim(ABS, "0", "x == 0"),
        {"pivots": {"v0": [[0, "2"]]}, **case(TAKEN * 2, [])},
        "the pivot v0 is not solved",
    ),
    "a pivot over another": (
        claim([([[1, 0, 0]], None)], "x3", "x1 + x2 == 0, x2 + x3 == 0"),
        {"pivots": {"v0": [[0, "1"]], "v1": [[1, "1"]]}, **DONE},
        "a pivot depends on a pivot",
    ),
    "an equality that is left": (claim(ABS, "0", "x == 0"), case(TAKEN * 2, []), "equality 0 does not vanish"),
    "an equality that contradicts the chart": (
        claim(ZERO, "0", "x1 == 0, x2 == 0"),
        {"pivots": {"v0": [[0, "1"]]}, **DONE},
        "equality 1 does not vanish",
    ),
    "an interior point with a coordinate too many": (
        claim(RELU, "x", "x > 0"),
        {**POSITIVE, "interior": ["1", "1"]},
        "the interior point has the wrong dimension",
    ),
    "an interior point on the boundary": (
        claim(RELU, "x", "x > 0"),
        {**POSITIVE, "interior": ["0"]},
        "the interior point is not inside",
    ),
    "an implied equality by a negative multiplier": (
        claim(ABS, "0", "x >= 0, 2*x >= 0"),
        {"implied": [[[0, "2"], [1, "-1"]]], "pivots": {"v0": [[0, "1"]]}, **case(TAKEN * 2, [])},
        "a multiplier has the wrong sign",
    ),
    "an implied equality by a zero multiplier": (
        claim(ABS, "0", "x >= 0"),
        {"implied": [[[0, "0"]]], "pivots": {"v0": [[0, "1"]]}, **case(TAKEN * 2, [])},
        "a multiplier has the wrong sign",
    ),
    "an implied equality by nothing": (claim(ABS, "0", "x >= 0"), thin(implied=[[]]), "forces no equality"),
    "an implied equality that is none": (
        claim(ABS, "0", "x >= 0"),
        {"implied": [[[0, "1"]]], "pivots": {"v0": [[0, "1"]]}, **case(TAKEN * 2, [])},
        "forces no equality",
    ),
    # trees
    "a thin part that is the whole": (claim(RELU, "x"), case([ON], tree=[{"thin": []}]), "that was not cut"),
    "a tree with a token too many": (
        claim(DEEP, "relu(x - 1)"),
        deep(tree=[*deep()["tree"], {"shallow": []}]),
        "the tree goes on after its end",
    ),
    "a cut at one atom twice": (
        claim(DEEP, "relu(x - 1)"),
        deep(tree=[0, 0, {"shallow": []}]),
        "atom 0 is cut twice",
    ),
    "a cut before those below it": (claim(DEEP, "relu(x - 1)"), deep(tree=[1]), "atom 1 comes before those below it"),
    "a sign by a negative multiplier": (
        claim(RELU, "x", "x <= 0"),
        case([ON], interior=["-1"], tree=[{"shallow": [[0, "+", [[0, "-1"]]]]}]),
        "a multiplier is not positive",
    ),
    "a sign that is not shown": (
        claim(RELU, "x", "x <= 0"),
        case([ON], interior=["-1"], tree=[{"shallow": [[0, "+", []]]}]),
        "the multipliers do not show a sign",
    ),
    "a sign up to a negative constant": (
        claim(RELU, "x", "x >= -1"),
        case([ON], interior=["0"], tree=[{"shallow": [[0, "+", [[0, "1"]]]]}]),
        "the multipliers do not show a sign",
    ),
    "a sign with a part too many": (
        claim(RELU, "x", "x >= 0"),
        case([ON], interior=["1"], tree=[{"shallow": [[0, "+", [[0, "1"]], 0]]}]),
        "a sign is malformed",
    ),
    "a sign that is none": (
        claim(RELU, "x", "x >= 0"),
        case([ON], interior=["1"], tree=[{"shallow": [[0, "0", [[0, "1"]]]]}]),
        "a sign is none of",
    ),
    "two signs of one atom": (
        claim(RELU, "x", "x >= 0"),
        case([ON], interior=["1"], tree=[{"shallow": [[0, "+", [[0, "1"]]], [0, "+", [[0, "1"]]]]}]),
        "atom 0 has a value already",
    ),
    "a kink": (claim(RELU, "0"), case([ON], tree=[{"shallow": []}]), "a difference has a kink"),
    "an affine rest": (claim(RELU, "relu(x) + x"), case([ON], right=[ON], tree=[{"shallow": []}]), "is not zero"),
    "a mirror image without its affine part": (
        claim(ABS, "2*relu(x)"),
        case([ON, FLIPPED], right=[ON], tree=[{"shallow": []}]),
        "a difference is not zero",
    ),
    # symmetry
    "an exchange of three": (*exchanged("x1 - x2", [{"shallow": [[0, "+", [[0, "1"]]]]}], [[0, 1, 0]]), "malformed"),
    "an exchange of an input with itself": (
        claim(RELU, "0"),
        case([ON], symmetry=[[0, 0]], tree=[{"shallow": [[0, "-", [[0, "1"]]]]}]),
        "a transposition of one input",
    ),
    "an exchange to and fro": (
        *exchanged("0", [{"shallow": [[0, "-", [[1, "1"]]]]}], [[0, 1], [1, 0]]),
        "an input is in two chains",
    ),
    "an exchange that changes the difference": (
        *exchanged("x1 - x2", [{"shallow": [[0, "+", [[0, "1"]]]]}], [[0, 1]]),
        "a transposition changes a difference",
    ),
    "an exchange that moves a hinge away": (
        claim([([[1, 0]], None), ([[1]], None)], "x1"),
        case([ON], X, symmetry=[[0, 1]], tree=[{"shallow": [[0, "+", []]]}]),
        "atom 0 is moved to no other",
    ),
    # derivations
    "an atom of nothing": (claim(PROJECTION, "x1"), case([], [[]]), "atom 0 has no elements"),
    "a step too few": (claim(RELU, "0"), case([], []), "0 steps for 1 gates"),
    "a step too many": (claim(PROJECTION, "x1"), case([ON]), "1 steps for 0 gates"),
    "a maximum of neither side": (
        claim(RELU, "x", "x >= 0"),
        case([{"take": "both", "by": [["constraint", 0, "1"]]}], [], interior=["1"]),
        "what gate 0 takes is none of left, right",
    ),
    "a scale of 0": (claim(RELU, "0"), case([{**ON, "scale": "0"}]), "the scale is not positive"),
    "a negative scale": (
        claim(RELU, "-relu(-x)"),
        case([{**ON, "scale": "-1"}], [[{"v0": "-1"}]], [{"atom": 0, "scale": "1", "base": {}}]),
        "the scale is not positive",
    ),
    "another multiple": (claim(RELU, "0"), case([{**ON, "scale": "2"}]), "gate 0 is not this multiple of atom 0"),
    "a term of two": (
        claim(RELU, "x", "x >= 0"),
        case([{"take": "right", "by": [["constraint", "1"]]}], [], interior=["1"]),
        "a term of the proof is malformed",
    ),
    "a term that is no list": (
        claim(RELU, "x", "x >= 0"),
        case([{"take": "right", "by": ["abc"]}], [], interior=["1"]),
        "gate 0 is not a list",
    ),
    "a larger side by a negative multiplier": (
        claim(RELU, "x", "x <= 0"),
        case([{"take": "right", "by": [["constraint", 0, "-1"]]}], [], interior=["-1"]),
        "a multiplier is not positive",
    ),
    "a term of no kind": (
        claim(RELU, "x", "x >= 0"),
        case([{"take": "right", "by": [["axiom", 0, "1"]]}], [], interior=["1"]),
        "a term of the proof has no kind",
    ),
    "a larger side that is not": (
        claim(RELU, "x"),
        case([{"take": "right", "by": []}], []),
        "the combination does not show which side is larger",
    ),
    "a larger side up to a negative constant": (
        claim([([[1]], [-1]), ([[1]], None)], "x - 1", "x >= 0"),
        case([{"take": "right", "by": [["constraint", 0, "1"]]}], [], interior=["1"]),
        "the combination does not show which side is larger",
    ),
    "an atom that nothing uses": (claim(PROJECTION, "x1"), case([]), "an atom is not used"),
    # the 0-1 principle
    "wires without weights": (*compared("x1", [COMPARED], wires=[{"v0": "1"}]), "wires and weights come together"),
    "weights without wires": (*compared("x1", [COMPARED], weights=[["1", "0"]]), "wires and weights come together"),
    "no wires": (*compared("x1", [], wires=[], weights=[[]]), "there are no wires"),
    "a wire twice": (
        *compared("x1", [COMPARED], wires=[{"v0": "1"}, {"v0": "1"}], weights=[["1", "0"]]),
        "a wire is given twice",
    ),
    "a comparator of two": (*compared("x1", [COMPARED[:2]]), "a comparator is malformed"),
    "a comparator twice": (*compared("x1", [COMPARED, COMPARED]), "atom 0 is compared twice"),
    "a comparator of no wires": (*compared("x1", [[0, {"v0": "2"}, {"v0": "1", "v1": "1"}]]), "does not compare wires"),
    "another comparator": (*compared("x1", [[0, {"v1": "1"}, {"v0": "1"}]]), "atom 0 is not this comparator"),
    "a difference of other wires": (
        *compared("x1 - x2", [COMPARED], wires=[{"v0": "1"}, {"v1": "1"}], weights=[["0", "0"]]),
        "a difference is no combination",
    ),
    "a difference with a constant": (*compared("x1 - x2 + 1", [COMPARED]), "a difference does not vanish at 0"),
    "a difference at a 0-1 point": (*compared("x1 - x2", [COMPARED]), "a difference does not vanish on"),
    "weights of another length": (
        *compared("x1 - x2", [COMPARED], wires=[{"v0": "1"}, {"v1": "1"}], weights=[["1"]]),
        "the weights have the wrong shape",
    ),
    "weights for two outputs": (
        *compared("x1 - x2", [COMPARED], wires=[{"v0": "1"}, {"v1": "1"}], weights=[["-1", "1"], ["-1", "1"]]),
        "the weights have the wrong shape",
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_evidence_is_rejected_for_the_one_rule_that_it_breaks(name):
    about, proof, why = RULES[name]
    answer = verdict(about, proof)
    assert not answer
    assert re.search(why, answer.reason), answer.reason


MAX_3 = claim(LARGEST, "Max(0, x1, x2)")
"""False: the network is Max(x1, x2)."""


def of_three(**more: Any) -> dict:
    """Max(0, x1, x2) as one atom of two elements, beside the network's hinges."""
    atoms = [[{"v0": "1", "v1": "-1"}], [{"v1": "1"}], [{"v0": "1"}], [{"v0": "1"}, {"v1": "1"}]]
    left = [ON, {"atom": 1, "scale": "1", "base": {}}, {"atom": 1, "scale": "1", "base": {"v1": "-1"}}]
    right = [
        {"atom": 2, "scale": "1", "base": {}},
        {"atom": 3, "scale": "1", "base": {}, "expand": [2]},
    ]
    return {"atoms": atoms, "left": left, "right": right, **more}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "the normal forms differ"),
        ({"tree": [3]}, "atom 3 is no hinge"),
        ({"tree": [{"shallow": [[3, "+", []]]}]}, "atom 3 is no hinge"),
        ({"tree": [{"shallow": []}]}, "atom 3 is no hinge"),
        ({"tree": [], "symmetry": [[0, 1]]}, "atom 3 is no hinge"),
    ],
)
def test_a_maximum_of_three_is_cut_nowhere(more, why):
    answer = verdict(MAX_3, of_three(**more))
    assert not answer
    assert re.search(why, answer.reason), answer.reason


def test_an_exchange_needs_all_of_space():
    """relu(x1 - x2) + relu(x2 - x1) is symmetric, the domain x1 >= x2 is not."""
    about = claim(APART, "x1 - x2", "x1 >= x2 - 1")
    mirrored = {"atom": 0, "scale": "1", "base": {"v0": "-1", "v1": "1"}}
    symmetric = claim(APART, "Abs(x1 - x2)", "x1 >= x2 - 1")
    atoms = [[{"v0": "1", "v1": "-1"}]]
    right = [{"atom": 0, "scale": "2", "base": {"v0": "-1", "v1": "1"}}]
    proof = {**case([ON, mirrored], atoms, right), "interior": ["1", "0"], "tree": [{"shallow": []}]}
    assert verdict(symmetric, proof)
    assert "symmetry is for all of R^n" in verdict(symmetric, {**proof, "symmetry": [[0, 1]]}).reason
    forged = {**case([ON, mirrored], atoms), "interior": ["1", "0"], "tree": [{"shallow": []}], "symmetry": [[0, 1]]}
    assert not verdict(about, forged)


def test_a_choice_of_unknown_kind_is_rejected():
    choice = SelectGate(((Guard("perhaps"), Form()), (Guard("true"), Form())))
    about = claim(RELU, Graph(("x",), (choice,), (Form(),)))
    assert "unknown kind" in verdict(about, case([ON])).reason


def test_more_than_30_wires_are_refused_not_tried():
    about = claim([([[1] + [0] * 30], None)], "x1")
    assert "2^31 points are too many" in verdict(about, {**DONE, "comparators": []}).reason


def test_the_frame_of_a_certificate_is_read():
    good = {"format": "relucirc-certificate-1", "proof": POSITIVE}
    about = claim(RELU, "x", "x > 0")
    assert check_claim(about, good)
    for changed, why in (
        ({**good, "format": "relucirc-certificate-2"}, "expected the format"),
        ({**good, "family": [{"scale": "w"}]}, "the family's moves are not these"),
        ({**good, "note": ""}, "a certificate has the fields"),
        ({"proof": POSITIVE}, "a certificate has the fields"),
        ([], "a certificate is not an object"),
    ):
        assert why in check_claim(about, changed).reason
    w = sympy.Symbol("w", positive=True)
    family = MLP.from_arrays([([[w]], None), ([[1 / w]], None)])
    assert "moves" in check_claim(read_claim(family, "relu(x)"), {**good, "proof": case([ON], right=[ON])}).reason
    wide = dataclasses.replace(about.right, outputs=(*about.right.outputs, Form()))
    assert "the numbers of outputs differ" in check_claim(dataclasses.replace(about, right=wide), good).reason


def test_a_misread_formula_is_rejected():
    """The graph says x, the expression says x + 1."""
    about = claim([([[1]], None)], "x")
    assert verdict(about, DONE)
    assert "misread" in verdict(dataclasses.replace(about, expressions=(sympy.Symbol("x") + 1,)), DONE).reason
    assert "not over these" in verdict(dataclasses.replace(about, expressions=(sympy.Symbol("y"),)), DONE).reason


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (lambda: number(1), "a number is not text"),
        (lambda: number("1" * 100_001), "a number is not text"),
        (lambda: number("1/0"), "not a rational"),
        (lambda: number("1/"), "not a rational"),
        (lambda: number("--1"), "not a rational"),
        (lambda: number("1.5"), "not a rational"),
        (lambda: number("\u0661"), "not a rational"),
        (lambda: form([], 1), "a form is not an object"),
        (lambda: form({"v0": "1", "v00": "1"}, 1), "a form names a variable twice"),
        (lambda: form({"v1": "1"}, 1), "unknown variable"),
        (lambda: variable("x0", 1), "not a variable"),
        (lambda: variable("v", 1), "not a variable"),
        (lambda: variable("v-1", 1), "not a variable"),
        (lambda: variable(0, 1), "not a variable"),
        (lambda: variable("v" + "0" * 11, 1), "not a variable"),
        (lambda: index(1, 1), "index out of range"),
        (lambda: index(-1, 1), "index out of range"),
        (lambda: index(True, 2), "index out of range"),
        (lambda: index("0", 1), "index out of range"),
    ],
)
def test_the_smallest_parts_are_read_exactly(read, why):
    with pytest.raises(Rejected, match=why):
        read()
