"""Back to SymPy: expressions that SymPy itself evaluates to the network's exact values, and round trips."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import fmpq
from hard import random_network
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, circuits, prove, to_sympy
from relucirc.circuits import catalogue
from relucirc.core.errors import FormulaError
from relucirc.geometry.lift import rounded
from relucirc.language.formula import parse_formula
from relucirc.strategies import networks, points

SMALL = networks(max_inputs=3, max_depth=2, max_width=3, dtypes=[None, "float32"])
PLANE = networks(max_inputs=2, max_depth=2, max_width=3, outputs=1, dtypes=[None])
X = st.lists(st.fractions(-40, 40, max_denominator=12), min_size=3, max_size=3)


def listed(expressions):
    return expressions if isinstance(expressions, list) else [expressions]


def substituted(expression, net, point):
    """SymPy's own evaluation, at exact numbers."""
    return expression.subs({name: sympy.Rational(v) for name, v in zip(net.inputs, point, strict=True)}).doit()


@settings(max_examples=60)
@given(SMALL, st.data())
def test_maxima_have_the_networks_values_in_sympys_own_arithmetic(net, data):
    point = data.draw(points(net))
    expressions = listed(to_sympy(net))
    assert tuple(substituted(e, net, point) for e in expressions) == net.at(*point)
    for e in expressions:
        kinds = sympy.Max | sympy.Min | sympy.Abs | sympy.Add | sympy.Mul | sympy.Symbol | sympy.Rational
        assert all(isinstance(part, kinds) for part in sympy.preorder_traversal(e))


@settings(max_examples=60)
@given(PLANE, X)
def test_pieces_have_the_networks_values_in_sympys_own_arithmetic(net, numbers):
    point = numbers[: len(net.inputs)]
    assert substituted(to_sympy(net, "piecewise"), net, point) == net.at(*point)[0]


@settings(max_examples=60)
@given(PLANE)
def test_every_piece_is_proved_on_its_polyhedra_and_the_last_condition_is_true(net):
    expression = to_sympy(net, form="piecewise")
    if not isinstance(expression, sympy.Piecewise):
        assert sympy.Poly(expression, *map(sympy.Symbol, net.inputs)).total_degree() <= 1
        return
    assert expression.args[-1][1] is sympy.true
    assert len({value for value, _ in expression.args}) == len(expression.args) >= 2
    for value, condition in expression.args:
        assert sympy.Poly(value, *map(sympy.Symbol, net.inputs)).total_degree() <= 1
        for relation in condition.atoms(sympy.core.relational.Relational):
            assert isinstance(relation, sympy.Ge)
        # Each piece is true on the whole of its closed polyhedra, whatever comes before it.
        for polyhedron in condition.args if isinstance(condition, sympy.Or) else [condition]:
            if polyhedron is not sympy.true:
                assert prove(net, value, domain=polyhedron).status == "proved"


@settings(max_examples=40)
@given(SMALL)
def test_a_network_is_proved_equal_to_what_it_is_lifted_to(net):
    assert prove(net, to_sympy(net)).status == "proved"
    if len(net.inputs) < 3 and net.hidden_neurons <= 6:
        assert prove(net, to_sympy(net, "piecewise")).status == "proved"


@settings(max_examples=40)
@given(SMALL)
def test_what_is_printed_is_read_back(net):
    """From network to SymPy to text to SymPy: the text that a user copies is a formula for the same function."""
    names = set(net.inputs)
    for form in ("max", "piecewise") if len(net.inputs) < 3 else ("max",):
        texts = [str(e) for e in listed(to_sympy(net, form))]
        assert {s.name for t in texts for s in parse_formula(t, net.inputs).free_symbols} <= names
        assert prove(net, texts).status == "proved"


EXPECTED = {
    "positiveness_detector": "Max(0, x)",
    "negativeness_detector": "Max(0, -x)",
    "negative_reconstructor": "Min(0, x)",
    "greaterness_detector": "Max(0, x1 - x2)",
    "identity": "x",
    "negative_identity": "-x",
    "absolute": "Abs(x)",
    "addition": "x1 + x2",
    "subtraction": "x1 - x2",
    "minimum": "Min(x1, x2)",
    "minimum_two_layers": "Min(x1, x2)",
    "maximum": "Max(x1, x2)",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_originals_circuits_are_lifted_to_their_names(name):
    net = catalogue[name]()
    assert str(to_sympy(net)) == EXPECTED[name]


def test_families_are_lifted_for_all_their_weights():
    assert str(to_sympy(circuits.minimum.family())) == "Min(x1, x2)"
    assert str(to_sympy(circuits.absolute.family())) == "Abs(x)"


@pytest.mark.parametrize("n", [3, 5, 9])
def test_trees_are_lifted_flat(n):
    names = sympy.symbols(f"x1:{n + 1}")
    assert to_sympy(circuits.minimum(n)) == sympy.Min(*names)
    assert to_sympy(circuits.maximum(n)) == sympy.Max(*names)


def test_pieces_of_the_minimum():
    expression = to_sympy(circuits.minimum(), form="piecewise")
    x1, x2 = sympy.symbols("x1 x2")
    assert expression in (sympy.Piecewise((x1, x2 >= x1), (x2, True)), sympy.Piecewise((x2, x1 >= x2), (x1, True)))


def test_affine_and_constant_networks_have_no_pieces():
    affine = MLP.from_arrays([([[2, -1]], ["1/3"])])
    x1, x2 = sympy.symbols("x1 x2")
    for form in ("max", "piecewise"):
        assert to_sympy(affine, form) == 2 * x1 - x2 + sympy.Rational(1, 3)
        assert to_sympy(MLP.from_arrays([([[0, 0]], [5])]), form) == 5
        assert to_sympy(circuits.identity(), form) == sympy.Symbol("x")
    several = MLP.from_arrays([([[1, 0], [0, 1], [0, 0]], None)])
    assert to_sympy(several) == [x1, x2, 0]


def test_symbols_of_ones_own():
    a, b = sympy.symbols("a b", real=True)
    assert to_sympy(circuits.minimum(), symbols=[a, b]) == sympy.Min(a, b)
    assert to_sympy(circuits.minimum(), "piecewise", [a, b]).free_symbols == {a, b}
    with pytest.raises(FormulaError, match=r"expected 2 symbols for the inputs \['x1', 'x2'\], got \[a\]"):
        to_sympy(circuits.minimum(), symbols=[a])
    with pytest.raises(FormulaError, match=r"form: expected one of \['max', 'piecewise'\], got latex"):
        to_sympy(circuits.minimum(), form="latex")


def test_float_weights_are_written_as_their_bits():
    net = MLP.from_arrays([(np.array([[0.1]], np.float32), None)])
    assert to_sympy(net) == sympy.Rational(13421773, 134217728) * sympy.Symbol("x")


def test_too_many_regions_are_refused_with_advice(monkeypatch):
    monkeypatch.setattr("relucirc.geometry.lift.MAX_BRANCHES", 3)
    with pytest.raises(FormulaError, match=r"more than 3 regions; use form='max' or relucirc.regions"):
        to_sympy(circuits.spread(), "piecewise")


@pytest.mark.slow
def test_deep_networks_are_lifted_without_deep_recursion():
    deep = MLP.from_arrays([([[1], [-1]], None), *[([[1, 0], [0, 1]], None)] * 300, ([[1, 1]], None)])
    assert str(to_sympy(deep)) == "Abs(x)"
    assert prove(deep, "Abs(x)").status == "proved"
    assert relucirc.explain(deep).formula == sympy.Abs(sympy.Symbol("x"))


@given(st.lists(st.fractions(-3, 3, max_denominator=3), min_size=2, max_size=5, unique=True), st.data())
def test_any_function_of_one_input_comes_back(kinks, data):
    """A spline given by its kinks and slopes, as a network; its pieces are these."""
    jumps = data.draw(st.lists(st.sampled_from([-2, -1, 1, Fraction(1, 2)]), min_size=len(kinks), max_size=len(kinks)))
    net = MLP.from_arrays([([[1]] * len(kinks), [-k for k in kinks]), ([jumps], None)])
    expression, shorter = to_sympy(net, "piecewise"), to_sympy(net)
    for x in [*kinks, *(k + Fraction(1, 7) for k in kinks), Fraction(-9)]:
        expected = sum((j * max(x - k, 0) for j, k in zip(jumps, kinks, strict=True)), start=Fraction(0))
        assert substituted(expression, net, [x]) == sympy.Rational(expected)
        assert substituted(shorter, net, [x]) == sympy.Rational(expected)


def test_formulas_that_nobody_can_read_are_refused_by_their_size_before_they_are_written():
    with pytest.raises(FormulaError, match=r"written out the formula has [\d,]+ numbers and names"):
        to_sympy(random_network((1, 12, 12, 12, 12, 12, 1)))


def test_what_is_shared_is_written_once():
    """Neurons of the second layer read the same first layer with 20 weights each: SymPy holds 20 maxima, not 400."""
    expression = to_sympy(random_network((2, 20, 20, 1)))
    assert len(expression.atoms(sympy.Max, sympy.Min)) <= 4 * 20


def test_a_budgets_end_says_how_far_the_formula_came():
    with pytest.raises(relucirc.RelucircError, match=r"to_sympy: the budget of 0 s ended after nothing; "):
        to_sympy(circuits.minimum(), budget=0)
    with pytest.raises(relucirc.RelucircError, match=r"budget of 0\.5 s ended after (\d+ gates|nothing)"):
        to_sympy(random_network((5, 50, 50, 50, 1)), form="piecewise", budget=0.5)


@given(st.fractions(-(10**6), 10**6), st.integers(1, 8))
def test_a_rounded_number_is_the_nearest_of_its_digits(value, digits):
    found = rounded(fmpq(value.numerator, value.denominator), digits)
    if not value:
        assert found == 0
        return
    exponent = 0
    while abs(value) >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while abs(value) < Fraction(10) ** exponent:
        exponent -= 1
    step = Fraction(10) ** (exponent - digits + 1)
    assert Fraction(str(found)) == round(value / step) * step


def test_a_formula_of_few_digits_is_near_the_network():
    weights = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    net = relucirc.MLP.from_arrays([(weights, weights[:, 0]), (weights[:1, :1] * np.ones((1, 4), np.float32), None)])
    for form in ("max", "piecewise"):
        short = relucirc.to_sympy(net, form, digits=3)
        numbers = short.atoms(sympy.Number)
        assert all(len(str(abs(v)).partition("e")[0].replace(".", "").strip("0")) <= 3 for v in numbers)
        assert not short.atoms(sympy.Rational) - short.atoms(sympy.Integer)
    short = relucirc.to_sympy(net, digits=3)
    found = relucirc.max_deviation(net, short, relucirc.Box(-1, 1), budget=30)
    assert 0 < found.upper < Fraction(1, 20)
    assert relucirc.to_sympy(relucirc.circuits.minimum(), digits=1) == relucirc.to_sympy(relucirc.circuits.minimum())


@pytest.mark.parametrize("digits", [0, -1, 2.5, True, "3", 10**6])
def test_a_wrong_number_of_digits_is_refused(digits):
    with pytest.raises(FormulaError, match="digits: expected a number from 1 to 1000"):
        relucirc.to_sympy(relucirc.circuits.minimum(), digits=digits)
