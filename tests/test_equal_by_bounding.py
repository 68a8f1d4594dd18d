"""Equalities on a domain that bounding closes: sides that differ in hinges that never bend there."""

import json
from fractions import Fraction

import pytest
from disguises import disguise, layers_of
from hard import random_network
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box
from relucirc.circuits import compose
from relucirc.core.exact import fraction

EPS = Fraction(1, 2**40)


def clipped(net, low, high):
    """A network, its output kept between two numbers by two more neurons."""
    return compose(MLP.from_arrays([([[1], [1]], [-low, -high]), ([[1, -1]], [low])]), net)


def with_silent_neuron(net, threshold):
    """A network and one more neuron of its first layer, which is active where the sum of the inputs is larger."""
    (rows, bias), (above, offset), *rest = layers_of(net)
    first = [*rows, [Fraction(1)] * len(rows[0])], [*bias, -threshold]
    second = [[*row, Fraction(3)] for row in above], offset
    return MLP.from_arrays([first, second, *rest], net.inputs)


def accept(net, formula, domain):
    result = relucirc.prove(net, formula, domain)
    assert result.status == "proved", result
    certificate = json.loads(json.dumps(result.certificate))
    assert relucirc.check(net, formula, certificate, domain)
    return result


def refute(net, formula, domain):
    result = relucirc.prove(net, formula, domain)
    assert result.status == "refuted", result
    return result


@pytest.mark.parametrize("sizes", [(4, 16, 1), (5, 12, 1), (3, 8, 8, 1)])
def test_a_clip_that_nothing_reaches_is_no_clip(sizes):
    """Its bounds are the exact minimum and maximum; a little nearer they are reached."""
    net, box = random_network(sizes), Box(-1, 1)
    bounds = relucirc.bounds(net, box)
    low, high = (fraction(relucirc.core.exact.rational(end)) for end in (bounds.lower, bounds.upper))
    assert accept(clipped(net, low, high), net, box).method == "bounding"
    assert refute(clipped(net, low, high - EPS), net, box).method in ("search", "bounding")
    refute(clipped(net, low + EPS, high), net, box)


def test_a_disguised_network_without_its_silent_neuron_is_the_same_on_a_box():
    net = random_network((6, 12, 8, 1), 3)
    accept(disguise(with_silent_neuron(net, Fraction(6)), "scaled", "permuted", "split"), net, Box(-1, 1))
    refute(with_silent_neuron(net, 6 - EPS), net, Box(-1, 1))


def test_cells_of_a_piecewise_formula_are_closed_by_bounding():
    net = random_network((4, 14, 1), 1)
    high = fraction(relucirc.core.exact.rational(relucirc.bounds(net, Box(-1, 1)).upper))
    formula = relucirc.to_sympy(net)
    text = f"Piecewise(({formula}, x1 > x2), ({formula}, True))"
    result = accept(clipped(net, Fraction(-100), high), text, Box(-1, 1))
    assert result.method == "bounding"
    assert result.statistics["cells"] == 2


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.integers(2, 5), st.fractions(-1, 1, max_denominator=8))
def test_what_is_proved_by_bounding_holds_at_points(seed, n, level):
    """A neuron of a second layer whose threshold is near its largest value: proved or refuted as that says."""
    inner = random_network((n, 5, 1), seed)
    bounds = relucirc.bounds(inner, Box(0, 1))
    top = fraction(relucirc.core.exact.rational(bounds.upper))
    net = compose(MLP.from_arrays([([[1]], [-(top + level)]), ([[1]], None)]), inner)
    result = relucirc.prove(net, "0", Box(0, 1))
    assert result.status == ("proved" if level >= 0 else "refuted")
    if result.status == "proved":
        assert net.at(*bounds.upper_at.values()) == (0,)


def test_the_evidence_of_an_equality_is_two_trees_for_each_difference():
    net = random_network((4, 16, 1))
    low, high = Fraction(-9), fraction(relucirc.core.exact.rational(relucirc.bounds(net, Box(-1, 1)).upper))
    left = clipped(net, low, high)
    certificate = accept(left, net, Box(-1, 1)).certificate
    trees = certificate["proof"]["bounding"]
    assert len(trees) == 2
    for wrong in (trees[:1], trees[1:], trees[::-1], [*trees, trees[0]], [trees[0], trees[0]], []):
        broken = {**certificate, "proof": {**certificate["proof"], "bounding": wrong}}
        assert not relucirc.check(left, net, broken, Box(-1, 1))
    assert not relucirc.check(clipped(net, low, high - EPS), net, certificate, Box(-1, 1))
    assert not relucirc.check(left, net, certificate, Box(-1, "1.001"))
