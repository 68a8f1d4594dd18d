"""Formulas as text: SymPy's text, with the inputs in the order in which people count."""

import json
import re

import pytest
import sympy
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc import strategies
from relucirc.cli import main
from relucirc.core.names import natural
from relucirc.core.printing import formula_text, number_text
from relucirc.language.lower.from_formula import graph_of_formula

LETTERS = "abcdefghijkl"
"""Twelve names that sort as text in the order of x1, ..., x12."""


@given(strategies.formulas(4, max_leaves=10))
def test_with_one_digit_a_formula_is_written_as_sympy_writes_it(formula):
    assert formula_text(formula) == str(formula)


@given(st.data())
def test_twelve_inputs_are_in_the_order_of_twelve_letters(data):
    drawn = data.draw(strategies.formulas(list(LETTERS), max_leaves=14, piecewise=False))
    numbers = {sympy.Symbol(letter): sympy.Symbol(f"x{i + 1}") for i, letter in enumerate(LETTERS)}
    with sympy.evaluate(False):
        counted = drawn.xreplace(numbers)
    lettered = re.sub(r"\b([a-l])\b", lambda m: f"x{LETTERS.index(m.group(1)) + 1}", str(drawn))
    assert formula_text(counted) == lettered


@given(strategies.formulas(12, max_leaves=8))
def test_the_text_is_the_formula_again(formula):
    names = [f"x{i + 1}" for i in range(12)]
    read, written = (graph_of_formula(f, names, 1) for f in (formula, formula_text(formula)))
    for k in range(6):
        point = [fmpq((7 * i * (k + 1) + k) % 11 - 5, k + 1) for i in range(len(names))]
        assert read.evaluate(point) == written.evaluate(point)


def named_in_order(text):
    found = re.findall(r"\bx\d+\b", text)
    return found == sorted(found, key=natural)


@pytest.mark.parametrize("circuit", ["minimum", "maximum", "and_gate", "nor_gate"])
def test_everything_that_shows_a_formula_counts_its_inputs(circuit, capsys):
    called = f"{circuit}(12)"
    for words in (("show", called), ("show", called, "--json"), ("explain", called), ("explain", called, "--json")):
        assert main(words) == 0
        out = capsys.readouterr().out
        formula = json.loads(out)["formula"] if "--json" in words else re.search("formula:? .*", out).group()
        assert len(re.findall(r"\bx\d+\b", formula)) >= 12
        assert named_in_order(formula), formula


NUMBERS = {
    "1/3": fmpq(1, 3),
    "-100000000.../7 (about -1.429e+29)": -sympy.Rational(10**30 + 1, 7),
    "1180591620.../7178979876... (about 0.001645)": fmpq(2**70 + 1, 3**50),
    "1000000000... (about 1.000e+5000)": sympy.Integer(10) ** 5000,
    "1/1000000000... (about 1.000e-400)": sympy.Rational(1, 10**400),
    "sqrt(2)/3": sympy.sqrt(2) / 3,
    "1/22539340290692258087863249 + sqrt(2)": sympy.sqrt(2) + sympy.Rational(1, 7**30),
    "oo": sympy.oo,
    "0": sympy.Integer(0),
}


@pytest.mark.parametrize("text", NUMBERS)
def test_a_long_number_is_cut_with_a_decimal_beside_it(text):
    number = NUMBERS[text]
    if text.startswith("1/2253"):
        assert number_text(number).endswith(" (about 1.414)")
    else:
        assert number_text(number) == text


def test_commands_cut_long_numbers(tmp_path, capsys):
    path = str(tmp_path / "net.json")
    relucirc.save(relucirc.MLP.from_arrays([([[fmpq(2**70 + 1, 3**50)]], None)]), path)
    assert main(["show", path, "--at", f"1/{3**40}"]) == 0
    out = capsys.readouterr().out
    assert "1180591620.../7178979876... (about 0.001645)" in out
    assert "output    1180591620.../8727963568... (about 1.353e-22)" in out
