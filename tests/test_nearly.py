"""What trained neurons nearly detect: the name that a person would give, with a distance that nothing exceeds."""

import re
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
import sympy
from hypothesis import given, settings

from relucirc import MLP, Box, explain
from relucirc.interpretation.nearly import nearly
from relucirc.language.domain import read_domain

WEIGHTS = st.integers(-40, 40).map(lambda k: k / 32)


def value_of(formula, values):
    """A formula over named values."""
    names = {name.replace(".", "_"): value for name, value in values.items()}
    return eval(re.sub(r"h(\d+)\.", r"h\1_", formula), {"relu": lambda z: max(z, 0.0), **names})


@given(st.lists(st.tuples(*[WEIGHTS] * 4), min_size=2, max_size=4), st.lists(WEIGHTS, min_size=4, max_size=4))
@settings(max_examples=60)
def test_no_neuron_is_further_from_what_it_nearly_is(rows, above):
    net = MLP.from_arrays(
        [
            ([row[:3] for row in rows], [row[3] for row in rows]),
            ([above[: len(rows)]], [0.01]),
            ([[1.0]], [0.0]),
        ]
    )
    domain = read_domain("-1 <= x1 <= 2, 0 <= x2 <= 1, -x1 <= x3 <= 1", net.inputs)
    found = nearly(net, domain)
    rng = np.random.default_rng(0)
    for _ in range(40 if found else 0):
        x1, x2 = rng.uniform(-1, 2), rng.uniform(0, 1)
        values = np.array([x1, x2, rng.uniform(-x1, 1)])
        names = dict(zip(net.inputs, values, strict=True))
        for depth, layer in enumerate(net.layers[:-1], 1):
            values = np.maximum(np.asarray(layer.weight, float) @ values + np.asarray(layer.bias, float).ravel(), 0)
            for i, value in enumerate(values, 1):
                if near := found.get((depth, i)):
                    assert abs(value - value_of(near.formula, names)) <= float(near.deviation) + 1e-9
            names |= {f"h{depth}.{i}": value for i, value in enumerate(values, 1)}


def test_neurons_of_a_trained_minimum_are_named():
    net = MLP.from_arrays(
        [
            ([[1.001, -0.999], [0.003, 0.9], [-0.001, -1.1], [0.5, 0.2]], [1e-4, -2e-3, 0.0, 0.3]),
            ([[-1, 1.1, -0.9, 0]], [0]),
        ]
    )
    found = explain(net, Box(-1, 1), tolerance="1/10")
    near = [feature.near and (feature.near.name, feature.near.of) for feature in found.features]
    assert near == [
        ("greaterness detector", ("x1", "x2")),
        ("positiveness detector", ("x2",)),
        ("negativeness detector", ("x2",)),
        None,
    ]
    assert str(found.features[0]).startswith(
        "neuron 1: threshold detector, nearly a greaterness detector, x1 over x2 (within 0.0021 of relu(x1 - x2)): "
    )
    assert all(feature.near.deviation <= Fraction(1, 20) for feature in found.features[:3])


def test_a_printed_distance_is_rounded_up():
    net = MLP.from_arrays([([[1.0, -1.0]], [0.0101]), ([[1.0]], [0.0])])
    (near,) = nearly(net, read_domain(Box(-1, 1), net.inputs)).values()
    assert "within 0.011 of relu(x1 - x2)" in str(near)


def test_nothing_is_said_where_a_neuron_has_a_name_or_no_bound():
    net = MLP.from_arrays([([[1.0, -1.0], [0.7, 0.1]], [0.0, 0.2]), ([[1.0, 1.0]], [0.0])])
    assert (1, 1) not in nearly(net, read_domain(Box(-1, 1), net.inputs))
    assert not nearly(net, read_domain("x1 >= 0", net.inputs))


def test_a_neuron_that_is_small_is_not_near_to_what_is_zero():
    net = MLP.from_arrays([([[1.0], [1.001]], [0.0, 0.0]), ([[1.0, -1.01]], [0.01]), ([[1.0]], [0.0])])
    assert (2, 1) not in nearly(net, read_domain(Box(-1, 1), net.inputs))


def test_a_printed_distance_that_floats_do_not_hold_is_rounded_up_too():
    net = MLP.from_arrays([([[1, -1]], [Fraction(1, 10**400)]), ([[1]], [0])])
    (near,) = nearly(net, read_domain(Box(-1, 1), net.inputs)).values()
    assert "within 1.0e-400 of" in str(near) or "within 1e-400 of" in str(near)


def test_weights_with_symbols_are_explained_within_a_tolerance():
    a = sympy.Symbol("a", positive=True)
    family = MLP.from_arrays([([[a, -a], [0, 1], [0, -1]], None), ([[-1 / a, 1, -1]], None)])
    assert explain(family, Box(-1, 1), tolerance="1/10").deviation <= Fraction(1, 10)


@pytest.mark.parametrize(
    ("rows", "above", "domain"),
    [
        ([[1e-320, -1e-320], [1e-320, 0]], [1.0, 1.0], Box(-1, 1)),
        ([[1, 0], [0, 1]], [1, 1], "-1e400 <= x1 <= 1e400, -1 <= x2 <= 1"),
        ([[10**400, -(10**400)], [0, 0]], [Fraction(1, 10**400), 0], Box(-1, 1)),
    ],
)
def test_what_floats_do_not_hold_is_explained_all_the_same(rows, above, domain):
    found = explain(MLP.from_arrays([(rows, [0, 0]), ([above], [0])]), domain, tolerance="1/10", budget=10)
    assert found.status == "proved"
