"""Formulas rewritten by identities of the max-plus algebra are proved equal; near misses are judged by z3.

The rewritten pairs share little structure, so that the later methods (0-1 principle, cuts, regions) have to
work; every certificate goes through the checker.
"""

import os

import against_z3
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc.language.lower.from_formula import graph_of_formula

NAMES = ("x1", "x2", "x3", "x4")
X = sympy.symbols(NAMES)
EXAMPLES = int(os.environ.get("RELUCIRC_CASES", "40"))
HALF = sympy.Rational(1, 2)


def lattice(kind, *args):
    return kind(*args, evaluate=False)


@st.composite
def pairs(draw, depth=3):
    """Two expressions that are equal on R^4 by construction."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        form = sum((draw(st.sampled_from([-1, 0, 1, 2])) * x for x in X), draw(st.sampled_from([0, 0, 1, HALF])))
        return sympy.sympify(form), sympy.sympify(form)
    kind = draw(st.sampled_from(["max", "min", "abs", "sum", "scale", "median", "clip"]))
    a, a2 = draw(pairs(depth=depth - 1))
    if kind == "abs":
        ways = [sympy.Abs(a2, evaluate=False), lattice(sympy.Max, a2, -a2), 2 * lattice(sympy.Max, 0, a2) - a2]
        return sympy.Abs(a, evaluate=False), draw(st.sampled_from(ways))
    if kind == "scale":
        c = draw(st.sampled_from([sympy.Integer(-2), sympy.Integer(-1), HALF, sympy.Integer(3)]))
        return c * a, c * a2
    b, b2 = draw(pairs(depth=depth - 1))
    if kind == "sum":
        return a + b, b2 + a2
    if kind == "max":
        ways = [a2 + lattice(sympy.Max, 0, b2 - a2), -lattice(sympy.Min, -a2, -b2), (a2 + b2 + sympy.Abs(a2 - b2)) / 2]
        return lattice(sympy.Max, a, b), draw(st.sampled_from(ways))
    if kind == "min":
        ways = [a2 - lattice(sympy.Max, 0, a2 - b2), a2 + b2 - lattice(sympy.Max, a2, b2)]
        return lattice(sympy.Min, a, b), draw(st.sampled_from(ways))
    if kind == "clip":
        low, high = sympy.Integer(-1), sympy.Integer(2)
        ways = [
            lattice(sympy.Min, high, lattice(sympy.Max, low, a2)),
            low + lattice(sympy.Max, 0, a2 - low) - lattice(sympy.Max, 0, a2 - high),
        ]
        return lattice(sympy.Max, low, lattice(sympy.Min, high, a)) + b, draw(st.sampled_from(ways)) + b2
    c, c2 = draw(pairs(depth=depth - 1))
    two = [lattice(sympy.Min, p, q) for p, q in ((a2, b2), (b2, c2), (a2, c2))]
    ways = [
        lattice(sympy.Max, *two),
        lattice(sympy.Min, *(lattice(sympy.Max, p, q) for p, q in ((a2, b2), (b2, c2), (a2, c2)))),
        lattice(sympy.Max, two[0], lattice(sympy.Min, c2, lattice(sympy.Max, a2, b2))),
    ]
    return relucirc.median(a, b, c), draw(st.sampled_from(ways))


def judge(left, right):
    facts = []
    variables = against_z3.inputs(len(NAMES))
    sides = [against_z3.graph_terms(side, variables, facts) for side in (left, right)]
    return against_z3.decide(*sides, facts, variables, seconds=5)


def graph(expression):
    return graph_of_formula(expression, NAMES)


@given(pairs())
@settings(max_examples=EXAMPLES)
def test_rewritten_formulas_are_proved(pair):
    left, right = pair
    result = relucirc.prove(graph(left), right, budget=20)
    assert result.status != "refuted", result
    if len(graph(left).gates) + len(graph(right).gates) <= 16:
        assert result.status == "proved", result
    if result.status == "proved":
        assert relucirc.check(graph(left), right, result.certificate)


@given(pairs(), pairs(depth=1), st.sampled_from([sympy.Integer(1), sympy.Rational(1, 2**40)]))
@settings(max_examples=EXAMPLES // 2)
def test_rewritten_formulas_plus_something_are_judged_as_z3_does(pair, extra, size):
    left, right = pair
    moved = right + size * lattice(sympy.Max, 0, extra[0])
    result = relucirc.prove(graph(left), moved, budget=10)
    if result.status == "refuted":
        point = {name: result.witness[name] for name in NAMES}
        values = [sympy.sympify(e.doit()).subs(point) for e in (left, moved)]
        assert values[0] != values[1]
    judged = judge(graph(left), graph(moved))
    if judged != "unknown" and result.status != "unknown":
        assert (result.status == "proved") == (judged == "equal")
