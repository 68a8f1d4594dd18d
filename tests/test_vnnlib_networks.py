"""VNN-LIB 2.0 with several networks: what the files declare, and what ``verify`` answers."""

import copy
import json
from collections import Counter

import pytest
from hunting_properties import examine, properties
from hypothesis import given, settings

import relucirc
from relucirc.cli import main
from relucirc.core.errors import FileError, RelucircError
from relucirc.language.vnnlib import read_property

F = "(declare-network f (declare-input X Real [1,2]) (declare-output Y Real [1]))"
G = "(declare-network g {} (declare-input W Real [1,2]) (declare-output Z Real [1]))"
TWO, SAME, ALIKE = (F + G.format(relation) for relation in ("", "(equal-to f)", "(isomorphic-to f)"))
BOX = "(assert (and (<= 0 X[0,0]) (<= X[0,0] 1) (<= 0 X[0,1]) (<= X[0,1] 1)))"
TIED = "(assert (== X[0,0] W[0,0]))(assert (== X[0,1] W[0,1]))"
MINIMUM, MAXIMUM = relucirc.circuits.minimum(), relucirc.circuits.maximum()


def test_networks_are_given_in_the_order_of_their_declarations_but_for_equal_ones():
    third = "(declare-network h (declare-input U Real [1]) (declare-output V Real [1]))"
    read = read_property(SAME + third + "(assert (>= Z[0] V[0]))")
    assert [network.model for network in read.networks] == [0, 0, 1]
    assert [network.name for network in read.models] == ["f", "h"]
    assert read.names == ("X[0,0]", "X[0,1]", "W[0,0]", "W[0,1]", "U[0]", "Y[0]", "Z[0]", "V[0]")
    assert [network.like for network in read_property(ALIKE + BOX).networks] == [None, 0]


def test_spaces_before_and_in_brackets_are_allowed_and_a_scalar_needs_none():
    text = "(vnnlib-version <2.0>) (declare-network f (declare-input X Real []) (declare-output Y Real [1, 2]))"
    read = read_property(text + "(assert (>= Y [0, 1] 0.5)) (assert (<= X 1.0)) (assert (>= X[] 0.0))")
    assert read.names == ("X", "Y[0,0]", "Y[0,1]")
    assert (len(read.cases[0].domain), read.cases[0].violations[0][0].form.terms.keys()) == (2, {2})


def test_not_equal_is_less_or_greater():
    (case,) = read_property(F + BOX + "(assert (!= Y[0] 2))").cases
    assert [[relation.op for relation in violation] for violation in case.violations] == [[">"], [">"]]
    assert relucirc.verify(MINIMUM, F + BOX + "(assert (!= Y[0] Y[0]))").status == "unsat"
    assert relucirc.verify(MINIMUM, F + BOX + "(assert (!= Y[0] 0.5))").status == "sat"


@pytest.mark.parametrize(
    "text",
    [
        F + F,
        F + "(declare-network g (declare-input X Real [1,2]) (declare-output Z Real [1]))",
        F + "(declare-network g (declare-input X Real [2]) (declare-output Z Real [1]))",
        F + "(declare-network f (declare-input W Real [1,2]) (declare-output Z Real [1]))",
        F + "(declare-network 3 (declare-input W Real [1,2]) (declare-output Z Real [1]))",
        F + "(declare-network g (equal-to h) (declare-input W Real [1,2]) (declare-output Z Real [1]))",
        F + "(declare-network g (equal-to g) (declare-input W Real [1,2]) (declare-output Z Real [1]))",
        F + "(declare-network g (equal-to f) (declare-input W Real [2,1]) (declare-output Z Real [1]))",
        F + "(declare-network g (equal-to f) (declare-input W float32 [1,2]) (declare-output Z Real [1]))",
        F + "(declare-network g (isomorphic-to f) (declare-input W Real [1,2]) (declare-output Z Real [2]))",
        F + "(declare-network g (like f) (declare-input W Real [1,2]) (declare-output Z Real [1]))",
        SAME + "(declare-network h (equal-to g) (declare-input U Real [1,2]) (declare-output V Real [1]))",
        ALIKE + "(declare-network h (isomorphic-to g) (declare-input U Real [1,2]) (declare-output V Real [1]))",
        F + "(declare-network g (declare-output Z Real [1]) (declare-input W Real [1,2]))",
        F + "(declare-network g (declare-input W Real [1,2]))",
        F + "(declare-network g (declare-input 2W Real [1,2]) (declare-output Z Real [1]))",
        F + "(assert (>= X[0] 1))",
        F + "(assert (>= X[1,0] 1))",
        F + "(assert (>= [0,0] 1))",
        F + "(assert (>= X[0,0][] 1))",
        F + "(vnnlib-version <3.0>)",
        F + "(vnnlib-version)",
    ],
)
def test_declarations_that_do_not_fit_are_refused_with_a_sentence(text):
    with pytest.raises(FileError, match=r"^.+\.$"):
        read_property(text)


def test_equal_inputs_are_one_input():
    text = TWO + BOX + TIED + "(assert (> Y[0] Z[0]))"
    answer = relucirc.verify([MINIMUM, MAXIMUM], text)
    assert answer.status == "unsat"
    assert relucirc.check([MINIMUM, MAXIMUM], text, answer.certificate)
    assert len(answer.certificate["cases"][0]["pivots"]) == 2
    assert relucirc.verify([MAXIMUM, MINIMUM], text).status == "sat"
    assert relucirc.verify([MINIMUM, MAXIMUM], text.replace(TIED, "")).status == "sat"


def test_a_network_may_be_compared_with_itself():
    rising = "(assert (<= X[0,0] W[0,0]))(assert (<= X[0,1] W[0,1]))(assert (> Y[0] Z[0]))"
    answer = relucirc.verify(MAXIMUM, SAME + rising)
    assert answer.status == "unsat"
    assert relucirc.check(MAXIMUM, SAME + rising, answer.certificate)
    falling = rising.replace("(> Y[0] Z[0])", "(< Y[0] Z[0])")
    answer = relucirc.verify(MAXIMUM, SAME + falling)
    assert answer.status == "sat"
    values = answer.witness
    assert max(values["X[0,0]"], values["X[0,1]"]) == values["Y[0]"] < values["Z[0]"]


def test_a_point_is_listed_tensor_by_tensor():
    text = TWO + TIED + "(assert (== X[0,0] 0.25))(assert (== X[0,1] -1.5))"
    answer = relucirc.verify([MINIMUM, MAXIMUM], text)
    lists = ["X Real [1,2]", "0.25", "-1.5", "Y Real [1]", "-1.5", "W Real [1,2]", "0.25", "-1.5", "Z Real [1]", "0.25"]
    assert str(answer).splitlines() == ["sat", *lists]


def test_networks_that_do_not_fit_are_refused_with_a_sentence():
    text = BOX + TIED + "(assert (> Y[0] Z[0]))"
    for nets in (MINIMUM, [MINIMUM], [MINIMUM] * 3, []):
        with pytest.raises(RelucircError, match=r"expected the networks of the property, f, g; got \d instead\."):
            relucirc.verify(nets, TWO + text)
    with pytest.raises(RelucircError, match="g with 2 inputs and 1 outputs"):
        relucirc.verify([MINIMUM, relucirc.circuits.maximum(3)], TWO + text)
    with pytest.raises(RelucircError, match="expected a network"):
        relucirc.verify([MINIMUM, "maximum"], TWO + text)
    other = relucirc.MLP.from_arrays([([[1, 0], [0, 1]], None), ([[1, 1]], None)])
    with pytest.raises(RelucircError, match="isomorphic"):
        relucirc.verify([MINIMUM, other], ALIKE + text)
    assert relucirc.verify([MINIMUM, MAXIMUM], ALIKE + text).status == "unsat"


def test_a_certificate_is_about_these_networks_in_this_order():
    text = ALIKE + BOX + TIED + "(assert (> (+ Y[0] 0.5) (+ Z[0] 0.5)))"
    nets, proof = [MINIMUM, MAXIMUM], relucirc.verify([MINIMUM, MAXIMUM], ALIKE + BOX + TIED + "(assert (> Y[0] Z[0]))")
    proof = proof.certificate
    assert relucirc.check(nets, text, proof)
    other = relucirc.MLP.from_arrays([([[1, 0], [0, 1]], None), ([[1, 1]], None)])
    wide = relucirc.circuits.maximum(3)
    for those in (nets[::-1], [MINIMUM], [MINIMUM] * 3, [MINIMUM, other], [MINIMUM, wide], [wide, MAXIMUM]):
        assert not relucirc.check(those, text, proof)
    for said in (TWO + TIED + "(assert (< Y[0] Z[0]))", ALIKE + BOX + TIED + "(assert (>= Y[0] Z[0]))", TWO + BOX):
        assert not relucirc.check(nets, said, proof)
    assert not relucirc.check(nets, text.replace(TIED, ""), proof)
    for field, value in [("cases", []), ("cases", proof["cases"] * 2), ("format", "relucirc-1"), ("more", 1)]:
        assert not relucirc.check(nets, text, {**copy.deepcopy(proof), field: value})
    with pytest.raises(RelucircError, match="expected a network"):
        relucirc.check([MINIMUM, "maximum"], text, proof)


def test_a_proof_without_networks_needs_those_of_the_property_all_the_same():
    text = ALIKE + "(assert (>= X[0,0] 1))(assert (<= X[0,0] 0))"
    proof = relucirc.verify([MINIMUM, MAXIMUM], text).certificate
    assert relucirc.check([MINIMUM, MAXIMUM], text, proof)
    third = relucirc.circuits.maximum(3)
    one, two = (relucirc.MLP.from_arrays([(rows, None)]) for rows in ([[1]], [[1, 1], [1, 2]]))
    other = relucirc.MLP.from_arrays([([[1, 0], [0, 1]], None), ([[1, 1]], None)])
    wrong = [
        ([MINIMUM, MAXIMUM, MINIMUM], "not as many networks"),
        ([MINIMUM], "not as many networks"),
        ([third, one], "other inputs"),
        ([two, MAXIMUM], "other outputs"),
        ([MINIMUM, other], "architecture"),
    ]
    for nets, said in wrong:
        verdict = relucirc.check(nets, text, proof)
        assert (verdict.status, said in verdict.reason) == ("rejected", True)
    assert not relucirc.check([MINIMUM, MAXIMUM], text, {**proof, "format": "relucirc-1"})
    twice = text.replace("(assert (<= X[0,0] 0))", "(assert (or (<= X[0,0] 0) (<= X[0,0] -1)))")
    assert "not every case" in relucirc.check([MINIMUM, MAXIMUM], twice, proof).reason


def test_assertions_about_inputs_alone():
    assert relucirc.verify(MINIMUM, F + BOX + "(assert (> X[0,0] 1))").status == "unsat"
    assert relucirc.verify(MINIMUM, F + BOX + "(assert (>= X[0,0] 1))").status == "sat"
    assert relucirc.verify(MINIMUM, F + "(assert (<= 1 0))").status == "unsat"
    assert relucirc.verify(MINIMUM, F + "(assert (<= 0 1))").status == "sat"
    assert relucirc.verify(MINIMUM, F).status == "sat"


def test_the_commands_take_several_networks(tmp_path, capsys):
    path, proof = tmp_path / "p.vnnlib", tmp_path / "proof.json"
    path.write_text(TWO + BOX + TIED + "(assert (> Y[0] Z[0]))", encoding="utf-8")
    assert main(["verify", "minimum", "maximum", str(path), "--certificate", str(proof)]) == 0
    assert main(["check", "minimum", "maximum", str(path), str(proof)]) == 0
    assert main(["check", "maximum", "minimum", str(path), str(proof)]) == 1
    assert main(["check", "minimum", "x1", "x2", str(proof)]) == 2
    capsys.readouterr()
    assert main(["verify", "maximum", "minimum", str(path)]) == 1
    assert capsys.readouterr().out.startswith("sat\nX Real [1,2]\n")
    assert main(["verify", "maximum", "minimum", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["tensors"] == {
        "X Real [1,2]": 2,
        "Y Real [1]": 1,
        "W Real [1,2]": 2,
        "Z Real [1]": 1,
    }
    assert main(["verify", "minimum", str(path)]) == 2


@settings(max_examples=60)
@given(properties())
def test_random_properties_are_answered_as_z3_does(asked):
    examine(asked, Counter())
