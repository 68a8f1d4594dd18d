"""Formulas as text: SymPy's text, with the inputs in the order in which people count."""

import json
import re

import pytest
import sympy
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from relucirc import strategies
from relucirc.cli import main
from relucirc.core.names import natural
from relucirc.core.printing import formula_text
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
