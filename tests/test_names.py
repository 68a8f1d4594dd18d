"""A name leads to one position, whichever way a question is read."""

import ast
import json
import keyword
import sys
import unicodedata

import jax.numpy as jnp
import pytest
import sympy
from hypothesis import assume, example, given
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, load, prove
from relucirc.checker.data import Rejected
from relucirc.checker.reading import check_names
from relucirc.cli import main
from relucirc.core import names
from relucirc.core.errors import RelucircError
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.language import formula
from relucirc.language.domain import read_domain
from relucirc.optimal import check_depth, check_minimal, depth_certificate, minimal_network

TWINS = [
    ("\u03bc", "\u00b5"),  # Greek mu, micro sign
    ("x", "\uff58"),  # full width
    ("H", "\u210c"),  # Fraktur
    ("fi", "\ufb01"),  # ligature
    ("\u00e9", "e\u0301"),  # composed, decomposed
    ("x1", "x\uff11"),  # full-width digit
]
"""Pairs that Python's grammar reads as one name."""
UNUSABLE = ["max", "Min", "Piecewise", "relu", "clip", "sign", "lambda", "if", "and", "not", "True", "None", "Eq", "Or"]

twins = pytest.mark.parametrize("twin", TWINS, ids=ascii)


def first_of(inputs):
    """The network that gives its first input."""
    return MLP.from_arrays([([[1] + [0] * (len(inputs) - 1)], None)], inputs)


def as_the_grammar_reads(name: str) -> str | None:
    """The identifier that Python's parser makes of a name; None if it reads none."""
    try:
        body = ast.parse(name, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return body.id if isinstance(body, ast.Name) else None


def is_read(name: str) -> bool:
    try:
        names.read_names([name])
    except RelucircError:
        return False
    return True


def test_of_all_of_unicode_exactly_the_names_are_read_that_the_grammar_leaves_as_they_are():
    """Every code point, on its own and after a letter, against Python's own parser."""
    candidates = [before + chr(point) for before in ("", "x") for point in range(sys.maxunicode + 1)]
    possible = [name for name in candidates if name.isidentifier()]
    assert len(possible) > 250_000
    wrong = [ascii(name) for name in possible if is_read(name) != (as_the_grammar_reads(name) == name)]
    assert wrong == []


letters = st.characters(categories=["Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Nd", "Pc"])
identifiers = st.text(letters, min_size=1, max_size=4).filter(str.isidentifier)


@st.composite
def confusable(draw):
    """Two or three identifiers, some of them spellings that normalise to each other."""
    some = draw(st.lists(identifiers, min_size=1, max_size=2, unique=True))
    form = draw(st.sampled_from(["NFKC", "NFKD", "NFC", "NFD"]))
    return [*some, unicodedata.normalize(form, some[0])]


@given(confusable())
@example(["\u03bc", "\u00b5"])
@example(["x", "\uff58"])
def test_text_and_symbols_lead_to_the_same_input_or_the_names_are_refused(spelled):
    if len(set(spelled)) < len(spelled) or not all(as_the_grammar_reads(name) == name for name in spelled):
        with pytest.raises(RelucircError):
            first_of(spelled)
        return
    net = first_of(spelled)
    for i, name in enumerate(net.inputs):
        want = "proved" if i == 0 else "refuted"
        symbol = sympy.Symbol(name)
        assert prove(net, symbol).status == want
        assert prove(net, name).status == want
        zero = MLP.from_arrays([([[0] * len(net.inputs)], None)], net.inputs)
        for domain in (f"{name} == 0", sympy.Eq(symbol, 0)):
            assert prove(zero, net, domain).status == want


@given(identifiers, identifiers)
@example("\u03bc", "\u00b5")
def test_text_with_another_spelling_is_not_read_as_an_input(name, other):
    assume(other != name)
    assume(is_read(name))
    net = first_of([name])
    for question in (lambda: prove(net, other), lambda: prove(net, name, f"{other} >= 0")):
        with pytest.raises(RelucircError):
            question()


def every_door(inputs, tmp_path):
    """Everything that takes the names of inputs."""
    path = tmp_path / "net.json"
    layers = [{"weight": [["1"] + ["0"] * (len(inputs) - 1)]}]
    path.write_text(json.dumps({"inputs": inputs, "layers": layers}), encoding="utf-8")
    plain = first_of([f"x{i}" for i in range(len(inputs))])

    def function(*values):
        return values[0]

    return {
        "from_arrays": lambda: first_of(inputs),
        "MLP": lambda: MLP(plain.layers, tuple(inputs)),
        "symbols": lambda: first_of([sympy.Symbol(name) for name in inputs]),
        "a file": lambda: load(path),
        "load(inputs=)": lambda: relucirc.files.renamed(plain, inputs),
        "prove(inputs=)": lambda: prove(function, "0", inputs=inputs),
        "max_deviation(inputs=)": lambda: relucirc.max_deviation(function, "0", relucirc.Box(0, 1), inputs=inputs),
        "minimal_network(inputs=)": lambda: minimal_network("0", inputs=inputs),
        "depth_certificate(inputs=)": lambda: depth_certificate(function, inputs=inputs),
        "a graph": lambda: Graph(tuple(inputs), (), ()),
        "a graph's builder": lambda: GraphBuilder(inputs),
        "a domain": lambda: read_domain("0 <= 1", inputs),
    }


@pytest.mark.parametrize("bad", [*map(list, TWINS), ["x", "x"], *([name] for name in UNUSABLE)], ids=ascii)
def test_every_front_door_refuses_names_that_could_be_taken_for_another(bad, tmp_path):
    for door, enter in every_door(bad, tmp_path).items():
        with pytest.raises(RelucircError) as refusal:
            enter()
        message = str(refusal.value)
        assert message.isascii(), door
        assert ascii(bad[-1])[1:-1].replace("\\", "") in message.replace("\\", ""), (door, message)


@twins
def test_the_command_line_refuses_them_with_one_sentence(twin, tmp_path, capsys):
    path = tmp_path / "mu.json"
    path.write_text(json.dumps({"inputs": list(twin), "layers": [{"weight": [["1", "0"]]}]}), encoding="utf-8")
    assert main(["prove", str(path), twin[1]]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.isascii()
    assert said.err.count("\n") == 1


@twins
def test_the_checker_asks_the_grammar_itself(twin):
    """Its own reading, beside the front doors'."""
    check_names(("x1", "x2"), ("x1", "x2"), [sympy.Symbol("x1")])
    for wrong in (twin, twin[::-1], twin[1:], ("x", "x"), ("lambda",), ("1",), ("x y",), ("",)):
        with pytest.raises(Rejected):
            check_names(wrong, wrong, [])
    with pytest.raises(Rejected, match="differently"):
        check_names(("x1",), ("x2",), [])
    with pytest.raises(Rejected, match="not over these inputs"):
        check_names((twin[0],), (twin[0],), [sympy.Symbol(twin[1])])


def test_certificates_do_not_name_the_inputs():
    """Duplicated, exchanged or foreign names in a certificate are rejected; so is a function without names."""
    small = minimal_network("Max(x1, 2*x2)").certificate
    deep = depth_certificate("Max(x1, x2, x3)").certificate
    assert check_minimal("Max(x1, 2*x2)", small)
    assert check_depth("Max(x1, x2, x3)", deep)
    for changed in (["x1", "x1"], ["x2", "x1"], ["\u03bc", "\u00b5"], ["x1", "max"], ["x1"], ["x1", "x2", "x3"], []):
        forged = {**small, "network": {**small["network"], "inputs": changed}}
        assert not check_minimal("Max(x1, 2*x2)", forged)
    for changed in (["x1", "x2", "x2"], ["x1", "x2", "x3", "x3"], ["x1", "x2"], "x1"):
        assert not check_depth("Max(x1, x2, x3)", {**deep, "inputs": changed})

    assert not check_depth(lambda a, b, c: jnp.maximum(a, jnp.maximum(b, c)), deep)
    assert not check_minimal(jnp.maximum, small)


def test_the_reserved_names_are_those_that_formulas_call():
    called = {name for name in formula._FUNCTIONS if name} | {"And", "Or", "Not", "Eq", "Ne"}
    assert called == names.FUNCTIONS
    assert not any(map(is_read, [*called, *keyword.kwlist]))


def test_names_are_sorted_as_people_count():
    assert sorted(["x10", "x2", "y1", "x1", "x"], key=names.natural) == ["x", "x1", "x2", "x10", "y1"]
