"""Trained networks are snapped to circuits, and a circuit is judged by its proof."""

import itertools
import math
from fractions import Fraction

import jax
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from trained import GRID, SQUARE, as_float, circuit_of, values

import relucirc
from relucirc import MLP
from relucirc.interpretation.batch import stacked
from relucirc.interpretation.folding import by_folding
from relucirc.interpretation.hinging import by_hinges
from relucirc.interpretation.judging import TOLERANCES, Judge
from relucirc.interpretation.neurons import by_neurons
from relucirc.interpretation.rounding import Grid, simplest
from relucirc.interpretation.symmetry import find_symmetries, orbit_key
from relucirc.interpretation.target import read_target
from relucirc.interpretation.writing import network_text
from relucirc.language.domain import Box
from relucirc.language.lower.from_formula import graph_of_formula


@given(st.fractions(-3, 3, max_denominator=500), st.fractions(0, 1, max_denominator=300))
def test_the_simplest_rational_has_the_smallest_denominator_of_all(value, tolerance):
    numerator, denominator = simplest(np.array(float(value)), float(tolerance))
    found = Fraction(int(numerator), int(denominator))
    assert abs(found - value) <= tolerance
    for q in range(1, found.denominator):
        assert math.floor((value + tolerance) * q) < math.ceil((value - tolerance) * q)
    inside = [Fraction(k, found.denominator) for k in range(-4 * found.denominator, 4 * found.denominator + 1)]
    assert abs(found) == min(abs(f) for f in inside if abs(f - value) <= tolerance)


weights = st.integers(-4, 4).map(lambda k: k / 4)


@st.composite
def networks(draw):
    """A small network with one hidden layer in quarters, and biases or none."""
    n, m = draw(st.integers(1, 2)), draw(st.integers(1, 4))
    hidden = np.array(draw(st.lists(st.lists(weights, min_size=n, max_size=n), min_size=m, max_size=m)))
    read = np.array(draw(st.lists(weights, min_size=m, max_size=m)))[None]
    bias = np.array(draw(st.lists(weights, min_size=m, max_size=m))) if draw(st.booleans()) else None
    return hidden, bias, read


def mlp(hidden, bias, read):
    names = ("x",) if hidden.shape[1] == 1 else ("x1", "x2")
    return MLP.from_arrays([(hidden, bias), (read, None if bias is None else np.array([0.25]))], names)


@given(networks(), st.randoms(use_true_random=False))
def test_permuted_rescaled_and_noisy_networks_snap_to_one_circuit(network, random):
    hidden, bias, read = network
    hidden, read = hidden + np.sign(hidden), np.abs(read)  # read-outs that do not cancel
    corners = SQUARE if hidden.shape[1] == 2 else [(fmpq(-1),), (fmpq(1),)]
    circuit = circuit_of(by_neurons, mlp(hidden, bias, read), TOLERANCES[0], corners)
    order = list(range(len(hidden)))
    random.shuffle(order)
    scale = np.array([random.choice((0.5, 1, 2, 4)) for _ in order])
    noise = 1 + 1e-4 * np.array([random.uniform(-1, 1) for _ in order])
    moved = mlp(
        hidden[order] * (scale * noise)[:, None],
        None if bias is None else bias[order] * scale * noise,
        read[:, order] / scale,
    )
    assert circuit_of(by_neurons, moved, TOLERANCES[0], corners).key == circuit.key


@given(networks())
def test_snapping_without_tolerance_changes_no_value_on_the_domain(network):
    hidden, bias, read = network
    corners = SQUARE if hidden.shape[1] == 2 else [(fmpq(-1),), (fmpq(1),)]
    net = mlp(hidden, bias, read)
    points = GRID[::7] if hidden.shape[1] == 2 else np.linspace(-1, 1, 33)[:, None]
    exact = [[fmpq(*c.as_integer_ratio()) for c in point] for point in np.round(points * 64) / 64]
    expected = values(net, np.array([[float(c.p) / float(c.q) for c in point] for point in exact]))[:, 0]
    for way in (by_neurons, by_folding):
        circuit = circuit_of(way, net, 0.0, corners)
        found = [circuit.at(point)[0] for point in exact]
        np.testing.assert_allclose([float(v.p) / float(v.q) for v in found], expected, atol=1e-12)


def test_folding_joins_what_wider_networks_spread():
    """Min in five neurons: a split kink, and the affine part in a direction of its own."""
    hidden = np.array([[1, -1], [2, -2], [0.3, 0.4], [-0.3, -0.4], [-1, 1.0]])
    read = np.array([[-0.25, -0.125, 1.0, -1.0, -0.5]])  # -|x1 - x2| / 2 + 0.3 x1 + 0.4 x2
    net = MLP.from_arrays([(hidden, None), (read, None)], ("x1", "x2"))
    folded = circuit_of(by_folding, net, 1 / 1000, SQUARE)
    assert folded.network(("x1", "x2")).hidden_neurons == 3
    target = "3/10*x1 + 4/10*x2 - Abs(x1 - x2)/2"
    assert relucirc.prove(folded.network(("x1", "x2")), target).status == "proved"


MAX3 = (
    [[1, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]],
    [[1, 1, -1, -1, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]],
    [[1, 1, -1]],
)
"""The maximum of three: x1 - x2 first, then x3 carried by a pair."""


def deep(parts, names=("x1", "x2", "x3")):
    return MLP.from_arrays([(np.float64(w), None) for w in parts], names)


def cube(count=100):
    return np.concatenate(
        [np.random.default_rng(1).uniform(-1, 1, (count, 3)), list(itertools.product((-1, 1), repeat=3))]
    )


def test_folding_a_deep_network_forgets_scales_splits_and_pass_through_bases():
    """The same circuit in two disguises, with noise, is one circuit with three hinges less than neurons."""
    first, second, last = (np.float64(w) for w in MAX3)
    plain = circuit_of(by_hinges, deep(MAX3), 0.0, cube())
    assert network_text(plain.network(("x1", "x2", "x3"))) == "x3 + relu(x2 - x3 + relu(x1 - x2))"
    assert relucirc.prove(plain.network(("x1", "x2", "x3")), "Max(x1, x2, x3)").status == "proved"
    rng = np.random.default_rng(0)
    for _ in range(5):
        scale, above = rng.uniform(0.5, 2, 5), rng.uniform(0.5, 2, 3)
        order = rng.permutation(5)
        turned = first + 0.0
        turned[1:3] += [[0, 0.3, 0.4], [0, -0.3, -0.4]]  # x2 now passes through another direction
        mixed = second.copy()
        mixed[:, 1:3] = second[:, 1:3] / 1.3
        mixed[0, 3:] = [-1 - 0.4 / 1.3, 1 + 0.4 / 1.3]
        hidden = (turned * scale[:, None])[order]
        middle = ((mixed / scale) * above[:, None])[:, order]
        noisy = [m * (1 + 1e-5 * rng.uniform(-1, 1, m.shape)) for m in (hidden, middle, last / above)]
        assert circuit_of(by_hinges, deep(noisy), TOLERANCES[0], cube()).key == plain.key


@given(st.integers(0, 10**6))
def test_folding_a_deep_network_without_tolerance_changes_no_value(number):
    rng = np.random.default_rng(number)
    parts = [rng.integers(-3, 4, (4, 3)) / 2, rng.integers(-3, 4, (3, 4)) / 2, rng.integers(-3, 4, (2, 3)) / 2]
    biases = [rng.integers(-2, 3, len(w)) / 2 for w in parts]
    net = MLP.from_arrays(list(zip(parts, biases, strict=True)), ("x1", "x2", "x3"))
    points = np.round(cube(30) * 64) / 64
    circuit = circuit_of(by_hinges, net, 0.0, points)
    found = [[float(v.p) / float(v.q) for v in circuit.at([fmpq(*c.as_integer_ratio()) for c in p])] for p in points]
    np.testing.assert_allclose(found, values(net, points), atol=1e-9)


def test_a_free_parameter_is_moved_to_a_grid_and_proved():
    """For every t between 0 and 1 this is the maximum:

    ``x3 + relu(x2 - x3) + relu(t (x2 - x3) - relu(x2 - x3) + relu(x1 - t x2 - (1 - t) x3))``.
    """
    t, noise = 0.59713, 4e-4
    first = [[0, 1, -1], [1, -t - noise, t - 1 - noise], [0, 1, -1], [0, -1, 1], [0, 0, 1], [0, 0, -1]]
    second = [[1, 0, 0, 0, 0, 0], [-1, 1, t, noise - t, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1]]
    net = deep([first, second, [[1, 1, 1, -1]]])
    judge = judge_of("Max(x1, x2, x3)", ("x1", "x2", "x3"))
    assert judge.circuit(circuit_of(by_hinges, net, TOLERANCES[0], judge.points)).where is None
    together = Grid(TOLERANCES[0], 24)
    assert judge.circuit(circuit_of(by_hinges, net, together, judge.points)).where == "everywhere"
    assert by_hinges(stacked(net, single=True), together, judge.sight).moved < 1 / 24
    assert where_of(judge, net) == "everywhere"


def test_deep_circuits_that_are_mirror_images_share_a_class():
    target = read_target("Max(x1, x2, x3)", (3, 1))
    points = cube()
    corners = [tuple(map(fmpq, c)) for c in itertools.product((-1, 1), repeat=3)]
    symmetries = find_symmetries(target.graph, corners)
    keys = set()
    for order in itertools.permutations(range(3)):
        net = deep([np.float64(MAX3[0])[:, order], *MAX3[1:]])
        keys.add(orbit_key(circuit_of(by_hinges, net, 0.0, points), symmetries, target.names))
    assert len(keys) == 1


def judge_of(formula, names=("x1", "x2")):
    return Judge(graph_of_formula(formula, names, 1), Box(-1, 1), 5.0)


def verdict_of(judge, net):
    (verdict,) = judge.stack(stacked(net, single=True), biased=any(layer.bias is not None for layer in net.layers))
    return verdict


def where_of(judge, net):
    verdict = verdict_of(judge, net)
    return None if verdict is None else verdict.judgement.where


def test_the_judge_refuses_a_circuit_that_is_wrong_by_little():
    judge = judge_of("Min(x1, x2)")
    right = MLP.from_arrays([([[1, 0], [-1, 0], [1, -1]], None), ([[1, -1, -1]], None)], ("x1", "x2"))
    wrong = MLP.from_arrays([([[1, 0], [-1, 0], [1, -1]], None), ([[1, -1, "-63/64"]], None)], ("x1", "x2"))
    for net, where in ((right, "everywhere"), (wrong, None)):
        floats = as_float(net)
        circuit = circuit_of(by_neurons, floats, 0.0, judge.corners)
        assert judge.circuit(circuit).where == where
    assert where_of(judge, as_float(wrong)) == "everywhere"  # a tolerance of 1/50 repairs it, and is proved


def test_the_proof_is_the_judge_and_not_the_probes():
    """|x| with a tent so narrow that it stands between two probes."""
    judge = judge_of("Abs(x)", ("x",))
    tent = [([[1]], f"{-1 / 3 + k / 2**13}") for k in (1, 0, -1)]
    hidden = [[1], [-1], *[row for rows, _ in tent for row in rows]]
    net = MLP.from_arrays([(hidden, [0, 0, *[b for _, b in tent]]), ([[1, 1, 1, -2, 1]], [0])], ("x",))
    circuit = circuit_of(by_neurons, net, 0.0, judge.corners)
    points = [[fmpq(*float(x).as_integer_ratio())] for x in judge.points[:-2, 0]]
    assert all(circuit.at(point) == [abs(point[0])] for point in points)
    assert circuit.at([fmpq(1, 3)]) != [fmpq(1, 3)]
    assert judge.circuit(circuit).where is None


def test_a_circuit_that_is_right_on_the_domain_only_says_so():
    judge = judge_of("Abs(x)", ("x",))
    net = MLP.from_arrays(
        [(np.array([[1.0], [-1.0], [1.0]]), np.array([0.0, 0.0, -2.0])), (np.ones((1, 3)), np.zeros(1))], ("x",)
    )
    verdict = verdict_of(judge, net)
    assert verdict.judgement.where == "everywhere"  # the neuron that is dead on the domain is dropped
    assert verdict.circuit.network(("x",)).hidden_neurons == 2
    # Of |x| on [-1, 1], one that bends where nobody looks: a wide neuron is always on there.
    bent = MLP.from_arrays(
        [(np.array([[1.0], [-1.0], [1.0]]), np.array([0.0, 0.0, 2.0])), (np.array([[0.5, 1.5, 0.5]]), -np.ones(1))],
        ("x",),
    )
    assert judge.circuit(circuit_of(by_neurons, bent, 0.0, judge.corners)).where == "on the domain"


@pytest.mark.parametrize("dead", [(3, 2, 2, 1), (2, 3, 1), (2, 1)])
def test_networks_without_a_living_neuron_are_judged_too(dead):
    sizes = (2, *dead[1:])
    layers = [(-np.zeros((b, a)), np.full(b, -1.0)) for a, b in itertools.pairwise(sizes)]
    net = MLP.from_arrays(layers, ("x1", "x2"))
    assert where_of(judge_of("x1 - x1 - 1"), net) == "everywhere"
    assert where_of(judge_of("Min(x1, x2)"), net) is None


def test_weights_that_are_not_finite_are_a_failure_and_no_crash():
    net = MLP.from_arrays([(np.ones((3, 2), np.float32), None), (np.ones((1, 3), np.float32), None)], ("x1", "x2"))
    broken = jax.tree.map(lambda leaf: leaf * np.float32("nan"), net)
    assert verdict_of(judge_of("Min(x1, x2)"), broken) is None
