"""Compilation: any piecewise-linear formula becomes a network, at the depth asked for, proved equal."""

import itertools
import runpy
from pathlib import Path

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc.core.budget import Budget
from relucirc.core.forms import Form
from relucirc.language.function import read_function
from relucirc.optimal import compile as compile_formula
from relucirc.optimal.lattice import lattice_maxima
from relucirc.optimal.layers import layered_network, plan_of
from relucirc.optimal.maxima import Maxima, graph_of_maxima, maxima_of, reduced
from relucirc.strategies import formulas, networks


@pytest.mark.parametrize(
    ("formula", "layers", "at_most"),
    [
        ("Max(x1, x2, x3)", 2, 7),
        ("Max(x1, x2, x3, x4)", 3, 11),
        ("Max(x1, x2, x3, x4)", 2, 9),
        ("Max(x1, x2, x3, x4, x5)", 3, 14),
        ("median(x1, x2, x3)", 2, 8),
        ("median(x1, x2, x3, x4, x5)", 3, 34),
        ("order_statistic(2, x1, x2, x3, x4)", 3, 17),
        ("Max(Min(x1, x2), Min(x3, x4))", 2, 9),
        ("Max(Min(x1, x2, x3), Min(x2, x3, x4), x1 - x4)", 3, 25),
        ("Max(x1, x2, x1 + x2, x1 - x2 + 1, 2*x2 - 3, -x1 - 1, 5*x1 - 7)", 2, 20),
        ("relu(relu(x1 - Abs(x2)) - Abs(x1 + x2 - 1))", 2, 7),
        ("Piecewise((Min(x1, x2), x1 > 0), (Min(0, x2) + x1 - Max(x1, 0), True))", 2, 7),
        ("Abs(x1)", 2, 4),
        ("x1 - x2", 3, 6),
        ("5", 2, 2),
    ],
)
def test_every_formula_has_the_depth_asked_for(formula, layers, at_most):
    found = compile_formula(formula, hidden_layers=layers)
    assert len(found.network.layers) == layers + 1 == found.hidden_layers + 1
    assert found.hidden_neurons <= at_most
    assert found.proof.status == "proved"
    assert relucirc.prove(found.network, formula).status == "proved"


def test_one_hidden_layer_is_the_exact_minimum():
    found = compile_formula("Min(x1, x2)", hidden_layers=1)
    assert (found.hidden_neurons, found.optimal) == (3, True)
    found = compile_formula("Max(x1, x2, x3)", hidden_layers=1)
    assert found.network is None
    assert "one hidden layer" in found.reason


def test_without_a_depth_the_smallest_found_is_returned():
    found = compile_formula("Max(x1, x2, x3) - Min(x1, x2, x3)")
    assert (found.method, found.hidden_neurons) == ("shallow", 3)
    assert found.network.hidden_neurons == min(map(sum, found.candidates.values()))


def test_too_few_layers_are_refused_with_what_would_do():
    found = compile_formula("Max(x1, x2, x3, x4, x5)", hidden_layers=2)
    assert found.network is None
    assert "3 are enough" in found.reason


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "2"])
def test_depths_that_are_none_are_refused(bad):
    with pytest.raises(relucirc.RelucircError, match="hidden_layers"):
        compile_formula("x", hidden_layers=bad)


def test_outputs_share_their_neurons():
    both = compile_formula(["Max(x1, x2, x3)", "Min(x1, x2, x3)"])
    assert both.hidden_neurons < 16
    assert relucirc.prove(both.network, ["Max(x1, x2, x3)", "Min(x1, x2, x3)"]).status == "proved"


@given(formulas(2, max_leaves=5, piecewise=False))
@settings(max_examples=60)
def test_two_inputs_always_fit_in_two_hidden_layers(formula):
    found = compile_formula(formula, hidden_layers=2, inputs=("x1", "x2"))
    assert found.network is not None, found.reason
    assert len(found.network.layers) == 3
    assert relucirc.prove(found.network, formula).status == "proved"


@given(networks(min_depth=2, max_depth=3, max_width=3, max_inputs=3, dtypes=(None,)))
@settings(max_examples=60)
def test_a_network_compiles_to_one_that_is_no_larger(net):
    plan = plan_of(read_function(net))
    again = layered_network(plan, net.inputs, max(plan.depth, 1), Budget(None))
    assert relucirc.prove(again, net).status == "proved"
    if plan.depth == len(net.layers) - 1:
        assert again.hidden_neurons <= net.hidden_neurons + 2 * plan.depth * net.sizes[-1]


COEFFICIENTS = st.integers(-3, 3)


@given(st.lists(st.tuples(COEFFICIENTS, COEFFICIENTS, COEFFICIENTS), min_size=1, max_size=7), st.integers(0, 10**9))
@settings(max_examples=100)
def test_large_maxima_are_signed_sums_of_small_ones(rows, seed):
    forms = [Form({0: fmpq(a), 1: fmpq(b)}, fmpq(c)) for a, b, c in rows]
    whole = Maxima(Form())
    whole.add(forms, fmpq(1))
    (small,) = reduced([whole], 3, Budget(None))
    assert small.largest <= 3
    graphs = [graph_of_maxima([m], ("x1", "x2")) for m in (whole, small)]
    for k in range(20):
        point = [fmpq((seed >> k) % 17 - 8, 3), fmpq((seed >> (k + 5)) % 23 - 11, 2)]
        assert graphs[0].evaluate(point) == graphs[1].evaluate(point)


@given(networks(inputs=2, outputs=1, min_depth=1, max_depth=2, max_width=3, dtypes=(None,)))
@settings(max_examples=60)
def test_signed_maxima_equal_the_network_at_every_point(net):
    graph = read_function(net)
    written = graph_of_maxima(maxima_of(graph, Budget(None)), graph.inputs)
    for point in itertools.product((fmpq(-3), fmpq(-1, 2), fmpq(0), fmpq(2)), repeat=2):
        assert written.evaluate(point) == graph.evaluate(point)


@pytest.mark.parametrize("formula", ["median(x1, x2, x3, x4, x5)", "Max(2*Min(x1, x2 + 1), 3 - Max(x1, -x3))"])
def test_lattice_formulas_are_signed_sums_of_minima(formula):
    graph = read_function(formula)
    sums = lattice_maxima(graph, Budget(None))
    assert sums is not None
    written = graph_of_maxima(sums, graph.inputs)
    assert relucirc.prove(written, graph).status == "proved"


def test_sums_of_maxima_inside_maxima_are_no_lattice_formulas():
    assert lattice_maxima(read_function("Max(Abs(x1) + Abs(x2), x3)"), Budget(None)) is None


@pytest.mark.slow
def test_the_table_in_the_docs_is_what_the_code_writes():
    docs = Path(__file__).parent.parent / "docs"
    code = runpy.run_path(str(docs / "optimal_table.py"))
    assert (docs / "optimal-table.md").read_text(encoding="utf-8") == code["optimal_table"]()
