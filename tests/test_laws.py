"""The laws of clips and absolute values: functions stay what they are, and come out shorter."""

import pytest
import sympy
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.interpretation.laws import clipped, mirrored, unclipped
from relucirc.interpretation.neat import Neat
from relucirc.interpretation.routes import shorter_terms
from relucirc.interpretation.terms import Absolute, Affine, Extreme, Sum, added, extreme, graph_of_term
from relucirc.language.domain import Domain
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.proof.prover import prove

NAMES = ("x1", "x2", "x3")
SMALL = st.integers(-3, 3).map(fmpq)
FORMS = st.builds(lambda a, b, c: Form({0: a, 1: b}, c), SMALL, SMALL, SMALL)


def is_same(one, other):
    return prove(graph_of_term(one, NAMES), graph_of_term(other, NAMES)).status == "proved"


def constant(value):
    return Affine(Form.constant(fmpq(value)))


@settings(max_examples=60, deadline=None)
@given(FORMS, FORMS, st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([1, -1]))
def test_the_absolute_value_of_a_clip_is_a_clip_of_an_absolute_value(p, q, bound, other, sign):
    inner = extreme(-sign, [constant(other), Affine(p), Affine(q)])
    term = Absolute(extreme(sign, [constant(bound), inner]))
    ways = list(unclipped(term))
    for way in ways:
        assert is_same(way, term)
    if bound == -other and sign * bound < 0 and isinstance(inner, Extreme) and {p, q} != {Form.constant(fmpq(other))}:
        assert ways


@settings(max_examples=80, deadline=None)
@given(FORMS, SMALL, st.sampled_from([1, -1, 2, -3]), st.sampled_from([1, -1]), st.sampled_from([1, -1]), FORMS)
def test_two_hinges_that_cancel_are_a_clip(form, gap, ratio, one, other, rest):
    if not form.terms:
        return
    first = Extreme(one, (Affine(rest), Affine(rest + form)))
    second = Extreme(other, (Affine(Form()), Affine(form.shift(gap).scale(ratio * ONE))))
    weight = -fmpq(one * other, abs(ratio))
    term = added([(ONE, first), (weight, second)])
    ways = list(clipped(term)) if isinstance(term, Sum) else []
    for way in ways:
        assert is_same(way, term)
    straight = one * other * ratio > 0  # the hinges open to the same side
    if gap and isinstance(term, Sum) and straight:
        assert ways


def test_hinges_that_do_not_cancel_are_left():
    hinges = [Extreme(1, (Affine(Form()), Affine(Form({0: ONE}, fmpq(c))))) for c in (0, 1)]
    assert not list(clipped(added([(ONE, hinges[0]), (ONE, hinges[1])])))
    assert not list(clipped(added([(ONE, hinges[0]), (fmpq(-1, 2), hinges[1])])))


def test_an_argument_and_its_negative_are_proposed_as_an_absolute_value():
    x1, x3 = (Affine(Form.variable(v)) for v in (0, 2))
    term = extreme(
        1, [x1, Affine(Form({2: ONE}, ONE)), extreme(-1, [Affine(Form({0: -ONE})), Affine(Form({2: -ONE}))])]
    )
    (way,) = mirrored(term)
    assert way.cost < Neat()(term).cost
    assert is_same(way, term)
    assert x3 not in term.args  # which is never on top, and had to come back


@pytest.mark.parametrize(
    "formula",
    [
        "Max(x3 + 1, Abs(Max(x1, x3)))",
        "Max(x2, Abs(x3)) + Min(0, Max(-2, x3))/2 + 1",
        "Min(3, Max(1, Abs(Max(x1, 2*x3))/2))",
        "3*Abs(Min(x3 + 3, Abs(x1)))/2",
        "-Abs(x2 + Max(0, x1, x2))",  # touches 0 where it passes from 2*x2 to -x2
        "Abs(Min(x2, x2 + Min(x1, x2)))",
        "x3 + Abs(x1 + Max(0, x1) - 3)",
        "Abs(2*x2 + 2*Abs(x3 + 2))",  # long as long as an affine form stands beside it
        "Min(2, Max(0, -x3 - Max(0, x1)))",
        "x2 + Min(6, Max(3, Abs(x1)))/2",
        "3*Max(0, x1 + Abs(2*x1 + x3 - 1))",
        "3*Abs(Min(1, x2))/2 + 3*Max(0, x1)/2",
    ],
)
def test_formulas_that_need_a_law_are_found(formula):
    (term,) = shorter_terms(graph_of_formula(formula, NAMES), Domain(), 20_000)
    assert term.cost[0] <= int(sympy.count_ops(sympy.sympify(formula)))
    assert prove(graph_of_term(term, NAMES), formula).status == "proved"
