"""VNN-LIB: what is read, what is refused with a sentence, and what the command prints."""

import json

import pytest
from flint import fmpq

import relucirc
from relucirc.checker.safety import check_property
from relucirc.cli import main
from relucirc.core.errors import FileError, RelucircError
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.language.vnnlib import read_property

NAMES = "(declare-const X_0 Real)\n(declare-const X_1 Real)\n(declare-const Y_0 Real) ; a comment )\n"
BOX = "(assert (and (<= 0 X_0) (<= X_0 1.0) (>= X_1 0) (>= 1 X_1)))"


def test_numbers_are_exact_decimals():
    (case,) = read_property(NAMES + "(assert (<= X_0 0.1))(assert (>= X_0 -1.5e-1))(assert (> Y_0 (+ X_1 .5)))").cases
    assert case.domain == (
        Relation(Form({0: fmpq(-1)}, fmpq(1, 10)), ">="),
        Relation(Form({0: fmpq(1)}, fmpq(3, 20)), ">="),
    )
    assert case.violations == ((Relation(Form({2: fmpq(1), 1: fmpq(-1)}, fmpq(-1, 2)), ">"),),)


def test_long_numbers_are_read_and_those_beyond_are_refused():
    (case,) = read_property(NAMES + f"(assert (<= X_0 {'9' * 5000}))").cases
    assert case.domain == (Relation(Form({0: fmpq(-1)}, fmpq(10) ** 5000 - 1), ">="),)
    for number in ("9" * 20_000, "\u0663"):  # an Arabic three is a digit to Python
        with pytest.raises(FileError, match=r"expected a number or a declared name"):
            read_property(NAMES + f"(assert (<= X_0 {number}))")


def test_alternatives_of_inputs_are_cases_and_those_of_outputs_are_violations():
    text = NAMES + "(assert (or (<= X_0 0) (and (>= X_0 1) (<= X_1 2))))(assert (or (>= Y_0 3) (<= Y_0 (* 2 X_0))))"
    cases = read_property(text).cases
    assert [len(case.domain) for case in cases] == [1, 2]
    assert [[len(v) for v in case.violations] for case in cases] == [[1, 1], [1, 1]]


def test_version_two_names_the_elements_of_tensors():
    text = """(vnnlib-version <2.0>)
    (declare-network f (declare-input X float32 [1,2]) (declare-output Y float32 [1]))
    (assert (<= X[0,1] 1))(assert (>= Y[0] 2))"""
    read = read_property(text)
    assert read.names == ("X[0,0]", "X[0,1]", "Y[0]")
    assert read.cases[0].violations == ((Relation(Form({2: fmpq(1)}, fmpq(-2)), ">="),),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        ")",
        "((((" * 100,
        NAMES + "(assert (<= X_0 one))",
        NAMES + "(assert (<= X_0 1e999999999))",
        NAMES + "(assert (<= X_9 1))",
        NAMES + "(assert (<= (* X_0 X_1) 1))",
        NAMES + "(assert (<= X_0 1 2))",
        NAMES + "(assert (not (<= X_0 1)))",
        NAMES + "(assert X_0)",
        NAMES + "(assert ())",
        NAMES + "(declare-const X_0 Real)",
        NAMES + "(declare-const X_5 Real)",
        NAMES + "(declare-const Z Int)",
        NAMES + "(check-sat)",
        NAMES + "(assert " + "(or " * 190 + "(<= X_0 1)" + ")" * 500,
        NAMES + "(assert (or (<= X_0 1) (<= X_0 2)))" * 40,
        "(declare-network f (declare-input X float32 [0]))",
        "(declare-network f (declare-input X float32 [9999999,9999999]))",
        "(declare-network f (declare-input X float32 [2] [3]))",
        "(declare-network f)(declare-network g)",
        "(declare-network f (declare-input X real [3]) (declare-output X real [2]))",
        "(declare-network f (declare-input X real [3]) (declare-output Y real [2]))(declare-const X_0 Real)",
    ],
)
def test_what_is_no_property_is_refused_with_a_sentence(text):
    with pytest.raises(FileError, match=r"^.+\.$"):
        read_property(text)


def test_a_property_of_another_size_is_refused():
    with pytest.raises(RelucircError, match="2 inputs and 1 outputs"):
        relucirc.verify(relucirc.circuits.maximum(3), NAMES + BOX + "(assert (>= Y_0 3))")
    with pytest.raises(RelucircError, match="cannot be read"):
        relucirc.verify(relucirc.circuits.maximum(), "no/such/file.vnnlib")


def test_a_domain_need_not_be_a_box_and_a_budget_is_kept():
    answer = relucirc.verify(relucirc.circuits.maximum(), NAMES + "(assert (>= X_0 0))(assert (>= Y_0 3))")
    assert answer.status == "sat"
    for text in (
        "(assert (>= X_0 0))(assert (< Y_0 0))",
        "(assert (<= (+ X_0 X_1) 4))(assert (> (+ X_0 X_1) (* 2 Y_0)))",
    ):
        answer = relucirc.verify(relucirc.circuits.maximum(), NAMES + text)
        assert answer.status == "unsat"
        assert relucirc.check(relucirc.circuits.maximum(), NAMES + text, answer.certificate)
    answer = relucirc.verify(relucirc.circuits.maximum(), NAMES + BOX + "(assert (>= Y_0 3))", budget=1e-6)
    assert answer.status == "unknown"


def test_the_command_prints_the_verdict_and_its_status_says_it_too(tmp_path, capsys):
    net = tmp_path / "net.json"
    relucirc.save(relucirc.circuits.maximum().exact(), net)
    place, proof = tmp_path / "p.vnnlib", tmp_path / "proof.json"
    place.write_text(NAMES + BOX + "(assert (>= Y_0 1.25))")
    assert main(["verify", str(net), str(place), "--certificate", str(proof)]) == 0
    assert capsys.readouterr().out.startswith("unsat\n")
    exact = relucirc.circuits.maximum().exact()
    assert check_property([exact], read_property(place.read_text()), json.loads(proof.read_text()))
    place.write_text(NAMES + BOX + "(assert (>= Y_0 0.75))(assert (<= X_0 0.5))")
    assert main(["verify", str(net), str(place)]) == 1
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "sat"
    assert [line.strip(" (").split()[0] for line in lines] == ["X_0", "X_1", "Y_0"]
    assert lines[0].startswith("((X_0 ")
    assert lines[-1].endswith("))")
    assert main(["verify", str(net), str(place), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "sat"
    assert main(["verify", str(net), str(place), "--budget", "1e-9"]) == 3
    place.write_text("what")
    assert main(["verify", str(net), str(place)]) == 2


def test_a_certificate_is_checked_for_its_own_property_alone(tmp_path, capsys):
    net, prop = relucirc.circuits.minimum(), NAMES + BOX + "(assert (>= Y_0 1.5))"
    certificate = relucirc.verify(net, prop).certificate
    assert relucirc.check(net, prop, certificate)
    assert not relucirc.check(net, prop.replace("1.5", "0.5"), certificate)
    assert not relucirc.check(relucirc.circuits.maximum(), prop.replace("1.5", "0.5"), certificate)
    assert not relucirc.check(net, prop, certificate, "x1 >= 0")
    path, proof = tmp_path / "p.vnnlib", tmp_path / "proof.json"
    path.write_text(prop, encoding="utf-8")
    assert main(["verify", "minimum", str(path), "--certificate", str(proof)]) == 0
    assert main(["check", "minimum", str(path), str(proof)]) == 0
    assert "accepted" in capsys.readouterr().out
