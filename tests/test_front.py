"""The front: short formulas of a network, each no further from it than the front says."""

import json

import numpy as np
import pytest
import sympy
from flint import fmpq
from hunting_fronts import SIZES, assert_does_not_lie, assert_is_a_front, gap, gap_by_milp, random_network
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, NetworkError, RelucircError, circuits, explain
from relucirc.core.columns import evaluate_graph
from relucirc.core.exact import to_rational
from relucirc.interpretation import explanation
from relucirc.interpretation.atoms import Affine, pieces
from relucirc.interpretation.combining import rounded, subsets, uniform
from relucirc.interpretation.front import front
from relucirc.interpretation.price import price_of
from relucirc.interpretation.shapes import Shapes
from relucirc.language.domain import read_domain
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.strategies import domains, networks

X, X1, X2, X3 = sympy.symbols("x x1 x2 x3")
CLIP = sympy.Max(-1, sympy.Min(1, X))
MEDIAN = sympy.Max(sympy.Min(X1, X2), sympy.Min(sympy.Max(X1, X2), X3))


def noisy(net, noise, seed=0):
    """A network near another one."""
    rng = np.random.default_rng(seed)
    layers = []
    for layer in net.exact().layers:
        weight = layer.weight.to_numpy()
        bias = np.array(
            [float(str(b)) if "/" not in str(b) else float(sympy.Rational(str(b))) for b in layer.exact_bias()]
        )
        layers.append((weight + noise * rng.normal(size=weight.shape), bias + noise * rng.normal(size=bias.shape)))
    return MLP.from_arrays(layers, net.inputs)


@pytest.mark.parametrize("seed", range(50))
def test_no_front_lies(seed):
    """Also where a short budget leaves intervals."""
    found = assert_does_not_lie(seed, 20.0 if seed < len(SIZES) else 0.4)
    if seed < len(SIZES):
        assert found.entries[-1].upper == 0
        assert any(entry.exact and entry.certificate is not None for entry in found)


@pytest.mark.parametrize("formula", ["0", "x1", "Max(x1, x2)", "Abs(x1 - x2)/2"])
def test_the_judge_finds_the_largest_difference(formula):
    """So it would see a lie: HiGHS's point attains the exact supremum, but for what floats err."""
    net = random_network(3)
    exact = relucirc.max_deviation(net, formula, Box(-1, 1)).value
    found = gap_by_milp(net, sympy.sympify(formula), (-1, 1))
    assert found <= exact
    assert float(exact - found) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("block", range(50, 80, 10))
def test_no_front_of_more_networks_lies(block):
    for seed in range(block, block + 10):
        assert_does_not_lie(seed, 2.0)


@pytest.mark.parametrize(
    ("formula", "domain"),
    [
        ("x1 + x2", None),
        ("Min(x1, x2)", None),
        ("2*Max(x1, x2) + 1", None),
        ("Abs(x)", None),
        (CLIP, Box(-3, 3)),
        ("Max(0, x - 1/3)", None),
        (MEDIAN, None),
        ("Abs(x1) + Abs(x2)", None),
        ("Max(0, x1) - Min(0, x2) - x3", None),
    ],
)
def test_a_formula_is_found_again_behind_noise(formula, domain):
    exact = relucirc.compile_formula(formula).network
    net = noisy(exact, 1e-3)
    distance = relucirc.max_deviation(net, formula, domain or Box(-1, 1)).value
    entry = front(net, domain).within(3 * distance)
    assert entry.upper <= 3 * distance
    assert relucirc.prove(exact, entry.formula).status == "proved"
    assert entry.price <= price_of(sympy.sympify(formula))


@pytest.mark.parametrize("name", circuits.trained())
def test_a_trained_network_is_explained_by_its_formula(name):
    trained = circuits.trained()[name]
    distance = relucirc.max_deviation(trained.network, trained.formula, Box(-1, 1)).value
    found = explain(trained.network, tolerance=3 * distance)
    assert found.deviation == distance
    assert relucirc.prove(trained.network, found.formula, Box(-1, 1), within=found.deviation)
    assert str(found.formula) == trained.formula
    assert name in found.circuits
    assert "[-1, 1]" in found.reason


def test_the_best_constant_is_in_the_middle():
    constants = [
        entry for entry in front(circuits.sawtooth(4), Box(0, 1)) if not sympy.sympify(entry.formula).free_symbols
    ]
    assert (constants[-1].formula, constants[-1].upper) == (sympy.Rational(1, 2), sympy.Rational(1, 2))


def test_the_best_affine_function_is_found():
    """Of Abs on [-1, 2] that is x/3 + 2/3, which is 2/3 away at -1, 0 and 2."""
    net = circuits.absolute()
    found = front(net, Box(-1, 2))
    affine = [e for e in found if e.formula.has(X) and not e.formula.has(sympy.Abs, sympy.Max, sympy.Min)]
    assert not affine or affine[-1].upper >= sympy.Rational(2, 3)
    values = np.linspace(-1, 2, 301)
    coefficients, constant, error = uniform(values[None], np.abs(values))
    np.testing.assert_allclose([coefficients[0], constant, error], [1 / 3, 2 / 3, 2 / 3], atol=1e-6)


def test_the_front_ends_with_the_network_itself_exactly():
    net = random_network(3)
    last = front(net).entries[-1]
    assert (last.upper, last.exact) == (0, True)
    assert relucirc.prove(net, last.formula, Box(-1, 1)).status == "proved"


def test_what_is_certified_is_checked_by_the_checker():
    net = noisy(circuits.minimum(), 1e-2)
    for entry in front(net, budget=20):
        assert relucirc.check(net, entry.formula, entry.certificate, Box(-1, 1))
        wrong = {**entry.certificate, "value": "1/1000000000"}
        if entry.upper > sympy.Rational(1, 10**9):
            assert not relucirc.check(net, entry.formula, wrong, Box(-1, 1))


@given(networks(max_depth=2, max_outputs=2, dtypes=[None, "float32"]), st.data())
@settings(max_examples=15)
def test_a_front_is_one_on_any_domain(net, data):
    domain = data.draw(domains(net, everything=False))
    found = front(net, domain, budget=3)
    if found.entries:
        assert_is_a_front(net, found)
    inside = read_domain(domain, net.inputs)
    for point in data.draw(
        st.lists(st.lists(st.fractions(-3, 3), min_size=len(net.inputs), max_size=len(net.inputs)), max_size=8)
    ):
        exact = [fmpq(c.numerator, c.denominator) for c in point]
        if inside.contains(exact) and found.region.contains(exact):
            for entry in found:
                graphs = [graph_of_formula(f, net.inputs) for f in (net, entry.formula)]
                assert to_rational(gap(*graphs, exact)) <= entry.upper


def test_on_an_unbounded_domain_the_front_is_about_a_named_part():
    found = front(noisy(circuits.minimum(), 1e-3), "x1 >= 0")
    assert found.domain == "the part of x1 >= 0 in [-1, 1]^2"
    assert found.domain in found.reason
    assert found.within("1/50").formula == sympy.Min(X1, X2)


def test_integers_are_the_only_points_that_count():
    net = MLP.from_arrays([([[1], [1]], ["-1/4", "-3/4"]), ([[2, -2]], None)])  # a step from 1/4 to 3/4
    found = front(net, Box(0, 1, integer=True))
    assert found.entries[-1].formula == X
    assert found.entries[-1].upper == 0


def test_several_outputs_have_a_formula_each():
    net = noisy(circuits.sort(2), 1e-3)
    entry = front(net).within("1/50")
    assert entry.formula == [sympy.Min(X1, X2), sympy.Max(X1, X2)]


def test_without_a_domain_floats_are_looked_at_on_a_cube_that_is_named():
    net = noisy(circuits.absolute(), 1e-4)
    found = explain(net)
    assert found.deviation == 0
    assert found.front.domain == "[-1, 1]"
    assert found.front.within("1/1000").formula == sympy.Abs(X)
    assert explain(circuits.absolute()).front is None
    assert explain(circuits.absolute(), Box(0, 2)).front.entries[-1].formula == X


def test_a_tolerance_that_no_formula_was_shown_to_keep_is_said(monkeypatch):
    monkeypatch.setattr(explanation, "front_of", lambda net, domain, **_: front(net, domain, budget=0))
    net = MLP.from_arrays([(np.random.default_rng(0).normal(size=(40, 9)), None), (np.ones((1, 40)), None)])
    found = explain(net, tolerance="1/1000")
    assert (found.status, found.formula, found.deviation) == ("unknown", None, None)
    assert "no formula was shown to be within 1/1000 on [-1, 1]^9" in found.reason


def test_a_budgets_end_gives_what_was_measured():
    net = random_network(3)
    statuses = [front(net, budget=budget).status for budget in (0, 30)]
    assert statuses == ["unknown", "certified"]
    assert "the budget of 0 s ended" in front(net, budget=0).reason


def test_a_front_is_data():
    found = front(noisy(circuits.minimum(), 1e-3))
    data = json.loads(json.dumps(found.to_json()))
    assert data["status"] == "certified"
    assert data["entries"][1]["formula"] == "Min(x1, x2)"
    assert sympy.Rational(data["entries"][1]["upper"]) == found.entries[1].upper
    assert "Min(x1, x2)" in str(found)
    assert "Min(x1, x2)" in str(explain(noisy(circuits.minimum(), 1e-3), tolerance=1))


def test_errors_name_what_is_wrong():
    with pytest.raises(NetworkError, match="symbol"):
        front(circuits.identity.family())
    with pytest.raises(RelucircError, match="tolerance: expected a number that is not negative, got -1"):
        explain(circuits.minimum(), tolerance=-1)
    with pytest.raises(RelucircError, match="tolerance"):
        explain(circuits.minimum(), tolerance="little")
    with pytest.raises(RelucircError, match="empty"):
        front(circuits.identity(), "x > 1, x < 0")


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_operations_are_those_that_sympy_counts(seed):
    formula = relucirc.to_sympy(random_network(seed % 7).exact())
    parts = formula if isinstance(formula, list) else [formula]
    assert price_of(formula).operations == sum(sympy.count_ops(part) for part in parts)


def test_the_commonest_pieces_are_found_in_short_numbers():
    points = np.random.default_rng(0).uniform(-2, 2, (400, 1))
    inside = np.abs(points[:, 0]) < 1
    slopes = np.where(inside, 1.02, -0.01)[:, None]
    found = pieces(points, np.clip(1.02 * points[:, 0], -1, 1), slopes, 8)
    assert {Affine.variable(0, 1), Affine.constant(1, 1), Affine.constant(-1, 1)} <= set(found)


def test_shapes_are_what_they_are_written_as():
    points = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    shapes = Shapes.of([Affine.variable(0, 2), Affine.variable(1, 2), Affine.constant(0, 2)], points)
    shapes = shapes.grown(np.arange(3), 3)
    shapes = shapes.grown(np.arange(len(shapes)), 3)
    written = [shapes.written(k, (X1, X2)) for k in range(len(shapes))]
    assert len(shapes) > 50
    for formula, values in zip(written, shapes.values, strict=True):
        graph = graph_of_formula(formula, ("x1", "x2"))
        (seen,) = evaluate_graph(graph, list(points.T), np)
        np.testing.assert_allclose(np.broadcast_to(seen, values.shape), values, atol=1e-12)


def test_combinations_are_found_and_rounded_to_short_numbers():
    points = np.random.default_rng(1).uniform(-1, 1, (200, 6))
    functions = np.maximum(points.T, 0)
    values = 2.0003 * functions[1] - 0.4999 * functions[4] + 0.3334
    assert (1, 4) in set(subsets(functions, values, np.ones(6), 3))
    made = [(c.coefficients, c.constant) for c in rounded((1, 4), functions, values + 1e-3 * np.sin(99 * values))]
    assert ((2, sympy.Rational(-1, 2)), sympy.Rational(1, 3)) in [
        (tuple(map(sympy.Rational, c)), sympy.Rational(constant)) for c, constant in made
    ]
