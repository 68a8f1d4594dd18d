"""The public Hypothesis strategies draw what they say, and assertions prove or show a counterexample."""

import inspect
from fractions import Fraction

import hypothesis.strategies as st
import jax.numpy as jnp
import pytest
import sympy
from hypothesis import find, given, settings

import relucirc
from relucirc import strategies
from relucirc.core.exact import rational, to_rational
from relucirc.core.feasible import feasibility
from relucirc.language.domain import read_domain
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.testing import assert_all_equal, assert_equal

NAMES = ("x1", "x2")


@given(st.data())
def test_networks_keep_their_bounds(data):
    net = data.draw(
        strategies.networks(max_inputs=2, outputs=1, min_depth=1, max_depth=2, min_width=2, max_width=3, biases=False)
    )
    assert len(net.inputs) <= 2
    assert net.sizes[-1] == 1
    assert 1 <= len(net.layers) - 1 <= 2
    assert all(2 <= width <= 3 for width in net.sizes[1:-1])
    assert all(layer.bias is None for layer in net.layers)


@given(strategies.networks(min_inputs=2, max_inputs=3, min_outputs=2, max_outputs=3))
def test_networks_have_as_many_inputs_and_outputs_as_asked_for(net):
    assert len(net.inputs) in (2, 3)
    assert net.sizes[-1] in (2, 3)


@given(strategies.formulas(2, constants=st.just(Fraction(7, 2)), piecewise=False))
def test_formulas_hold_the_constants_asked_for(formula):
    at_zero = formula.xreplace(dict.fromkeys(formula.free_symbols, sympy.Integer(0))).doit()
    assert at_zero.p % 7 == 0  # sums of products, each with a constant among its factors


@given(strategies.domains(2, max_relations=1))
def test_polyhedra_have_no_more_relations_than_asked_for(domain):
    assert not isinstance(domain, list) or len(domain) <= 1


@given(strategies.networks(), st.data())
def test_points_fit_networks_and_evaluate_exactly(net, data):
    point = data.draw(strategies.points(net))
    assert net.at(*point) == net.exact().at(*point)


@pytest.mark.parametrize(
    "interesting",
    [
        lambda net: len(net.layers) == 1,
        lambda net: len(net.layers) == 4,
        lambda net: not net.is_exact and net.hidden_neurons > 2,
        lambda net: net.sizes[-1] == 2,
        lambda net: (
            any(layer.bias is not None for layer in net.layers) and any(layer.bias is None for layer in net.layers)
        ),
        lambda net: (
            any(not row for layer in net.exact().layers for row in layer.weight.rows) and net.hidden_neurons > 1
        ),
    ],
)
def test_networks_have_variety(interesting):
    find(strategies.networks(), interesting, settings=settings(max_examples=2000, deadline=None, database=None))


@given(strategies.formulas(NAMES), strategies.points(2))
def test_formulas_are_read_and_agree_with_sympy(formula, point):
    values = {sympy.Symbol(name): sympy.Rational(value) for name, value in zip(NAMES, point, strict=True)}
    graph = graph_of_formula(formula, NAMES)
    (ours,) = graph.evaluate([rational(value) for value in point])
    assert to_rational(ours) == formula.xreplace(values).doit()


@given(strategies.formulas(2, piecewise=False))
def test_formulas_without_piecewise_are_continuous(formula):
    assert not formula.atoms(sympy.Piecewise)
    assert not graph_of_formula(formula, NAMES).has_selects


@given(strategies.domains(2))
def test_domains_are_never_empty(domain):
    read = read_domain(domain, NAMES)
    assert feasibility(read.relations, 2).point is not None


@given(strategies.domains(2, everything=False, bounded=True, flat=False))
def test_domains_are_bounded_and_full_on_request(domain):
    found = relucirc.max_deviation(relucirc.circuits.addition(), "0", domain)
    assert found.value != sympy.oo
    solid = relucirc.max_deviation(relucirc.circuits.addition(), "0", domain).value
    assert solid >= 0
    assert not any(relation.op == "==" for relation in read_domain(domain, NAMES).relations)


def test_rationals_are_small_and_start_with_the_simplest():
    assert find(strategies.rationals(), lambda _: True) == 0
    assert find(strategies.rationals(Fraction(1, 3), Fraction(2, 3)), lambda _: True) == Fraction(1, 2)
    with pytest.raises(relucirc.RelucircError, match="allow larger ones"):
        strategies.rationals(Fraction(1, 100), Fraction(1, 99))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: find(strategies.networks(min_depth=2, max_depth=1), bool), "expected max_depth >= 2, got 1"),
        (lambda: strategies.points("x1"), "expected a number of inputs"),
        (lambda: strategies.rationals(2, 1), "min_value <= max_value"),
    ],
)
def test_wrong_bounds_are_refused_in_a_sentence(make, message):
    with pytest.raises(relucirc.RelucircError, match=message):
        make()


def test_assert_equal_returns_the_proof_or_raises_with_the_witness():
    net = relucirc.circuits.minimum()
    assert assert_equal(net, "Min(x1, x2)").certificate is not None
    assert assert_equal(net, "x1", "x1 <= x2").status == "proved"
    with pytest.raises(AssertionError, match=r"refuted: at x1 = .*, x2 = .* the network gives .* and the formula"):
        assert_equal(net, "Max(x1, x2)")
    with pytest.raises(relucirc.FormulaError):
        assert_equal(net, "Min(x1, x3)")


def test_assert_all_equal_proves_a_construction_and_shrinks_its_arguments():
    def build(n):
        return relucirc.circuits.maximum(n) if n < 4 else relucirc.circuits.minimum(n)

    def formula(n):
        return "Max(" + ", ".join(f"x{i + 1}" for i in range(n)) + ")"

    assert_all_equal(build, formula, st.integers(2, 3), max_examples=5)
    with pytest.raises(AssertionError, match="with 4: refuted"):
        assert_all_equal(build, formula, st.integers(2, 6))


def test_assertions_take_functions_with_named_inputs_as_prove_does():
    def least(v):
        return jnp.minimum(v[0], v[1])

    assert assert_equal(least, "Min(b, a)", inputs=["a", "b"]).status == "proved"
    assert assert_equal(least, "a", "a <= b", budget=30, inputs=["a", "b"]).status == "proved"
    with pytest.raises(AssertionError, match=r"refuted: at a = \S+, b = "):
        assert_equal(least, "Max(a, b)", inputs=["a", "b"])
    ours, theirs = (list(inspect.signature(f).parameters) for f in (assert_equal, relucirc.prove))
    assert ours == [name for name in theirs if name in ours]
    assert set(theirs) - set(ours) == {"progress", "executor", "workers", "journal"}
    assert assert_equal(least, "a", "a <= b + 1/2", within="1/2", inputs=["a", "b"]).status == "proved"

    def scaled(k):
        return lambda v: k * v[0] - v[1]

    for inputs in (["a", "b"], lambda k: ["a", "b"]):  # noqa: ARG005
        assert_all_equal(scaled, lambda k: f"{k}*a - b", st.integers(-3, 3), inputs=inputs, max_examples=5)
    with pytest.raises(AssertionError, match=r"with 1: refuted: at a = \S+, b = "):
        assert_all_equal(scaled, lambda k: f"{k}*a", st.just(1), inputs=["a", "b"])


@settings(max_examples=60)
@given(st.data())
def test_networks_are_proved_equal_to_their_own_formula(data):
    net = data.draw(strategies.networks(max_inputs=2, outputs=1, max_depth=2, max_width=3))
    assert_equal(net, relucirc.to_sympy(net))
