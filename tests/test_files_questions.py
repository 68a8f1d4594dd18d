"""Files that ask a question (SMT-LIB 2, VNN-LIB): other tools read them, and answer as the judges do."""

from fractions import Fraction

import hunting
import numpy as np
import plain
import pytest
from hypothesis import given, settings
from stored import net_of

import relucirc
from relucirc import MLP
from relucirc.core.errors import DomainError, FileError, RelucircError
from relucirc.language.vnnlib import read_property
from relucirc.language.vnnlib_text import property_text

z3 = pytest.importorskip("z3", reason="the extra 'smt' is not installed")
pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")

MINIMUM = relucirc.circuits.minimum()
BOX = "-1 <= x1 <= 1, -1 <= x2 <= 1"
CLAIMS = [
    ("Min(x1, x2)", None, None, "unsat"),
    ("x1", None, None, "sat"),
    ("x1", "x1 <= x2", None, "unsat"),
    ("x1", "x1 < x2 + 1/3", None, "sat"),
    ("Min(x1, x2) + Max(0, x1 - 1000)", "x1 <= 1000", None, "unsat"),
    ("Min(x1, x2) + Max(0, x1 - 1000)", "x1 <= 1001, x1 == x2", None, "sat"),
    ("x1", BOX, "2", "unsat"),
    ("x1", BOX, "1.99", "sat"),
    ("y <= x1", None, None, "unsat"),
    ("y < x1", None, None, "sat"),
    ("y <= x1 and y <= x2 and (y >= x1 or y >= x2)", None, None, "unsat"),
    ("y == x1 or y > x2", None, None, "sat"),
]
JUMPS = [
    ("Piecewise((x1, x1 < x2), (x2, True))", None, "unsat"),
    ("Min(x1, x2)*Heaviside(x1 - x2, 1) + x1*Heaviside(x2 - x1, 0)", None, "unsat"),
    ("Min(x1, x2) + Piecewise((1, x1 > 7), (0, True))", None, "sat"),
    ("Min(x1, x2) + Piecewise((1, Eq(x1, 7) & ~(x2 < 3)), (0, True))", None, "sat"),
]


def asked(path):
    """What z3 answers to a file, and the inputs of its model."""
    solver = z3.Solver()
    solver.from_file(str(path))
    answer = str(solver.check())
    return answer, solver.model() if answer == "sat" else None


def values_in(model, names):
    found = {d.name(): model[d] for d in model.decls()}
    return tuple(Fraction(str(found[name])) if name in found else Fraction(0) for name in names)


@pytest.mark.parametrize(("formula", "domain", "within", "answer"), CLAIMS)
def test_z3_answers_a_question_as_prove_does(tmp_path, formula, domain, within, answer):
    path = tmp_path / "question.smt2"
    relucirc.save(MINIMUM, path, formula, domain, within=within)
    assert asked(path)[0] == answer
    assert "(set-logic QF_LRA)" in path.read_text("utf-8")
    assert bool(relucirc.prove(MINIMUM, formula, domain, within=within)) == (answer == "unsat")


@pytest.mark.parametrize(("formula", "domain", "answer"), JUMPS)
def test_z3_answers_a_question_about_steps(tmp_path, formula, domain, answer):
    relucirc.save(MINIMUM, tmp_path / "question.smt2", formula, domain)
    assert asked(tmp_path / "question.smt2")[0] == answer
    with pytest.raises(FileError, match=r"expected a formula that is continuous.*ask a solver, by \.smt2"):
        relucirc.save(MINIMUM, tmp_path / "question.vnnlib", formula, domain)


@settings(max_examples=60)
@given(hunting.cases())
def test_a_random_question_has_the_answer_that_the_judges_give(tmp_path_factory, case):
    path = tmp_path_factory.mktemp("smt") / "question.smt2"
    judged = hunting.verdict_of_z3(case)
    variables = hunting.against_z3.inputs(len(case.names))
    facts = hunting.against_z3.domain_facts(case.relations, variables)
    if hunting.against_z3.decide([z3.RealVal(0)], [z3.RealVal(1)], facts, variables) == "equal":  # at no point
        with pytest.raises(DomainError):
            relucirc.save(case.net, path, case.formula, case.domain)
        return
    relucirc.save(case.net, path, case.formula, case.domain)
    answer, model = asked(path)
    if judged == "equal":
        assert answer == "unsat"
    elif isinstance(judged, tuple):
        assert answer == "sat"
        point = values_in(model, case.names)
        assert plain.inside(case.relations, point)
        assert case.differs_at(point)


def test_integer_inputs_are_declared_so(tmp_path):
    path = tmp_path / "question.smt2"
    relucirc.save(MINIMUM, path, "Min(x1, x2) + Max(0, Min(x1 - 1/4, 3/4 - x1))", "x1 in integers")
    assert "(set-logic QF_LIRA)" in path.read_text("utf-8")
    assert asked(path)[0] == "unsat"
    relucirc.save(MINIMUM, path, "Min(x1, x2) + Max(0, Min(x1 - 1/4, 3/4 - x1))", "x2 in integers")
    assert asked(path)[0] == "sat"
    with pytest.raises(FileError, match="VNN-LIB has no inputs that are integers"):
        relucirc.save(MINIMUM, tmp_path / "question.vnnlib", "x1", "x1 in integers")


def test_no_name_of_an_input_is_a_word_of_a_solver(tmp_path):
    names = ("let", "ite", "select", "pi", "euler", "_", "é", "x1", "push", "distinct", "n", "to_real", "mod", "true")
    net = MLP(MLP.from_arrays([([[1] * len(names)], None)]).layers, names)
    path = tmp_path / "question.smt2"
    relucirc.save(net, path, " + ".join(names))
    assert asked(path)[0] == "unsat"
    relucirc.save(net, path, " + ".join(names[1:]))
    assert asked(path)[0] == "sat"


def test_a_network_alone_is_what_it_computes(tmp_path):
    net = net_of(([[0.1, -2], [3, 4]], [0.5, 0]), ([[1, 0.25], [0, -1]], None))
    relucirc.save(net, tmp_path / "net.smt2")
    point = (Fraction(1, 3), Fraction(-7, 5))
    solver = z3.Solver()
    solver.from_file(str(tmp_path / "net.smt2"))
    text = (tmp_path / "net.smt2").read_text("utf-8")
    assert "check-sat" not in text
    wanted = net.at(*point)
    fixed = " ".join(f"(assert (= {name} (/ {v.numerator} {v.denominator}.0)))" for name, v in (("x1", point[0]),))
    fixed += f"(assert (= x2 (- (/ {-point[1].numerator}.0 {point[1].denominator}.0))))"
    for i, value in enumerate(wanted):
        number = f"(/ {abs(value.p)}.0 {value.q}.0)"
        number = f"(- {number})" if value < 0 else number
        for op, answer in (("=", "sat"), ("distinct", "unsat")):
            solver = z3.Solver()
            solver.from_string(f"{text}{fixed}(assert ({op} output.{i + 1} {number}))")
            assert str(solver.check()) == answer


# VNN-LIB.


def networks_of(folder, version, formula):
    names = ("network", "formula") if version == "2.0" and "y" not in formula else ("difference",)
    return [relucirc.load(folder / f"question.{name}.onnx") for name in names]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize(("formula", "domain", "within", "answer"), CLAIMS)
def test_a_property_has_the_answer_that_prove_gives(tmp_path, formula, domain, within, answer, version):
    path = tmp_path / "question.vnnlib"
    relucirc.save(MINIMUM, path, formula, domain, within=within, version=version)
    assert relucirc.verify(networks_of(tmp_path, version, formula), path).status == answer
    assert property_text(read_property(path.read_text("utf-8"))) == path.read_text("utf-8")


@pytest.mark.parametrize(("formula", "domain", "within"), [claim[:3] for claim in CLAIMS])
def test_a_property_of_version_2_is_read_by_its_own_parser(tmp_path, formula, domain, within):
    vnnlib = pytest.importorskip("vnnlib")
    path = tmp_path / "question.vnnlib"
    relucirc.save(MINIMUM, path, formula, domain, within=within, version="2.0")
    query = vnnlib.parse_query_file(str(path))
    assert len(query.networks) == len(networks_of(tmp_path, "2.0", formula))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_networks_of_a_property_have_the_values_of_both_sides(tmp_path, version):
    from onnx.reference import ReferenceEvaluator

    relucirc.save(MINIMUM, tmp_path / "question.vnnlib", "2*Abs(x1) - x2/4", BOX, version=version)
    points = np.array([[0, 0], [1, -0.5], [-0.75, 1], [0.5, 0.25]], np.float32)
    wanted = [min(a, b) - (2 * abs(a) - b / 4) for a, b in points.tolist()]
    found = {
        path.name: ReferenceEvaluator(str(path)).run(None, {"input": points})[0][:, 0]
        for path in tmp_path.glob("*.onnx")
    }
    if version == "1.0":
        assert found["question.difference.onnx"].tolist() == wanted
    else:
        assert (found["question.network.onnx"] - found["question.formula.onnx"]).tolist() == wanted


def test_a_point_of_a_property_is_one_of_the_question(tmp_path):
    path = tmp_path / "question.vnnlib"
    relucirc.save(MINIMUM, path, "Min(x1, x2) + Max(0, x1 - 1000)", "x1 <= 1000.5", version="2.0")
    found = relucirc.verify(networks_of(tmp_path, "2.0", ""), path)
    point = [found.witness[f"X[0,{i}]"] for i in range(2)]
    assert 1000 < point[0] <= Fraction(2001, 2)
    assert [found.witness[f"V[0,{i}]"] for i in range(2)] == point


@settings(max_examples=60)
@given(hunting.cases(max_inputs=2))
def test_a_random_property_has_the_answer_that_the_judges_give(tmp_path_factory, case):
    folder = tmp_path_factory.mktemp("vnnlib")
    judged = hunting.verdict_of_z3(case)
    for version in ("1.0", "2.0"):
        try:
            relucirc.save(case.net, folder / "question.vnnlib", case.formula, case.domain, version=version)
        except RelucircError:  # a weight such as 1/3, a step, an empty domain
            continue
        names = ("difference",) if version == "1.0" else ("network", "formula")
        nets = [relucirc.load(folder / f"question.{name}.onnx") for name in names]
        found = relucirc.verify(nets, folder / "question.vnnlib", budget=10)
        if judged == "equal":
            assert found.status in ("unsat", "unknown")
        elif isinstance(judged, tuple):
            assert found.status in ("sat", "unknown")


# Refusals.


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("net.vnnlib", {}, "asks whether a network differs from a formula; give formula= too"),
        (
            "net.onnx",
            {"formula": "x1"},
            r"to save a question, expected one of the suffixes \.smt2, \.vnnlib, got \.onnx",
        ),
        ("net.h5", {}, r"expected one of the suffixes \.json.*\.smt2, got \.h5"),
        ("net.smt2", {"domain": "x1 > 0"}, "domain= goes with formula="),
        ("net.json", {"within": 1}, "within= goes with formula="),
        ("net.onnx", {"version": "1.0"}, "version= goes with formula="),
        ("net.smt2", {"formula": "x1", "version": "1.0"}, "version: expected none for this format, got 1.0"),
        ("net.vnnlib", {"formula": "x1", "version": "3.0"}, "version: expected one of 1.0, 2.0, got 3.0"),
        ("net.vnnlib", {"formula": "x1/3"}, r"the difference: layer \d: weight\[.*\] = .*1/3 is not a binary float"),
        ("net.smt2", {"formula": "x1", "domain": "x1 > 0, x1 < 0"}, "the domain is empty"),
        ("net.smt2", {"formula": "x3"}, "the formula uses x3"),
        ("nowhere/net.smt2", {"formula": "x1"}, "cannot write"),
    ],
)
def test_what_is_no_question_is_refused_and_nothing_is_written(tmp_path, name, options, words):
    with pytest.raises(RelucircError, match=words):
        relucirc.save(MINIMUM, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())
