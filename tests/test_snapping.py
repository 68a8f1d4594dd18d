"""Snapping: trained networks become circuits, which are proved; disguised circuits come back."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, DomainError, circuits, snap
from relucirc.circuits import catalogue
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import FormulaError, NetworkError, RelucircError
from relucirc.core.exact import fraction, to_rational
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.interpretation.apart import bounds_apart
from relucirc.interpretation.ground import Ground
from relucirc.interpretation.respelling import respelled
from relucirc.interpretation.rounding import Smallest
from relucirc.interpretation.rounding import rationals as read_back
from relucirc.language.domain import read_domain
from relucirc.strategies import domains, networks, points, rationals

DISGUISED = [
    (circuit, args)
    for circuit in catalogue.values()
    for args in circuit.examples
    if circuit(*args).hidden_neurons <= 24 and circuit.name not in ("yarotsky_square", "sawtooth", "leaky_relu")
]


def disguised(net, seed, *, noise=1e-4, padding=0):
    """A network near a rescaling of ``net``: permuted, noisy, identity circuits of any direction added."""
    rng = np.random.default_rng(seed)
    weights = [layer.weight.to_numpy() for layer in net.layers]
    biases = [np.array([float(fraction(b)) for b in layer.exact_bias()]) for layer in net.layers]
    for k in range(len(weights) - 1):
        for _ in range(padding):
            direction, reading = rng.normal(size=weights[k].shape[1]), rng.normal(size=len(weights[k + 1]))
            weights[k] = np.vstack([weights[k], direction, direction])
            biases[k] = np.append(biases[k], [0.3, 0.3])
            weights[k + 1] = np.column_stack([weights[k + 1], reading, -reading])
        order, scale = rng.permutation(len(biases[k])), np.exp(0.7 * rng.normal(size=len(biases[k])))
        weights[k] = (weights[k] * scale[:, None])[order]
        biases[k] = (biases[k] * scale)[order]
        weights[k + 1] = (weights[k + 1] / scale)[:, order]
    layers = []
    for weight, bias in zip(weights, biases, strict=True):
        moved = weight + noise * rng.normal(size=weight.shape) * np.abs(weight).max(axis=1, keepdims=True)
        layers.append((moved, bias + noise * rng.normal(size=bias.shape) if bias.any() else None))
    return MLP.from_arrays(layers, net.inputs)


def rescaled(net, seed, dtype):
    """The same function but for rounding: every hidden neuron times a positive number, in floats."""
    rng = np.random.default_rng(seed)
    weights = [layer.weight.to_numpy() for layer in net.layers]
    biases = [np.array([float(fraction(b)) for b in layer.exact_bias()]) for layer in net.layers]
    for k in range(len(weights) - 1):
        scale = np.exp(rng.normal(size=len(biases[k])))
        weights[k], biases[k] = weights[k] * scale[:, None], biases[k] * scale
        weights[k + 1] = weights[k + 1] / scale
    return MLP.from_arrays(
        [(w.astype(dtype), b.astype(dtype)) for w, b in zip(weights, biases, strict=True)], net.inputs
    )


def random_floats(rng, sizes):
    """A network as training begins with it."""
    return MLP.from_arrays(
        [((rng.normal(size=(o, i)) / np.sqrt(i)).astype(np.float32), (rng.normal(size=o) * 0.3).astype(np.float32))
         for i, o in itertools.pairwise(sizes)])  # fmt: skip


@st.composite
def floating(draw, outputs=None):
    """Networks of any float weights."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    sizes = [min(sizes[0], 2), *sizes[1:-1], outputs or min(sizes[-1], 2)]
    return random_floats(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), sizes)


def small_networks(max_depth):
    return networks(max_depth=max_depth, weights=rationals(max_numerator=4, max_denominator=3), dtypes=[None])


def apart(one, other, point):
    return max(abs(a - b) for a, b in zip(one.at(*point), other.at(*point), strict=True))


def extremes(net, box):
    """The smallest and the largest value of a network with one output, by how far it is from constants beyond."""
    far = sympy.Integer(10**6)
    constants = [MLP.from_arrays([([[0] * len(net.inputs)], [c])], net.inputs) for c in (far, -far)]
    below, above = (relucirc.max_deviation(net, constant, box).value for constant in constants)
    return far - below, above - far


def named(example):
    return f"{example[0].name}{example[1] or ''}" if isinstance(example, tuple) else None


@pytest.mark.parametrize("name", circuits.trained())
def test_each_trained_network_becomes_its_circuit_which_is_proved(name):
    entry = circuits.trained()[name]
    snapped = snap(entry.network)
    assert snapped.network.sizes == catalogue[name]().sizes
    assert snapped.moves
    assert relucirc.prove(snapped.network, entry.formula).status == "proved"
    neurons = zip(
        snapped.network.layers[0].weight.rows, zip(*snapped.network.layers[1].weight.tolist(), strict=True), strict=True
    )
    known = catalogue[name]()
    expected = zip(known.layers[0].weight.rows, zip(*known.layers[1].weight.tolist(), strict=True), strict=True)
    assert {(str(row), str(reading)) for row, reading in neurons} == {
        (str(row), str(reading)) for row, reading in expected
    }


@pytest.mark.parametrize("name", circuits.trained())
def test_with_a_formula_the_proof_comes_along(name):
    entry = circuits.trained()[name]
    snapped = snap(entry.network, entry.formula)
    assert snapped.result.status == "proved"
    assert relucirc.check(snapped.network, entry.formula, snapped.result.certificate)
    assert "proved" in str(snapped)


@pytest.mark.parametrize(("circuit", "args"), DISGUISED, ids=map(named, DISGUISED))
@pytest.mark.parametrize("padding", [0, 1])
def test_a_noisy_rescaled_permuted_circuit_comes_back(circuit, args, padding):
    net = disguised(circuit(*args), seed=len(circuit.name) + padding, padding=padding)
    assert relucirc.prove(net, circuit.formula(*args), domain=circuit.domain_of(*args)).status == "refuted"
    snapped = snap(net, circuit.formula(*args), domain=circuit.domain_of(*args))
    assert snapped.result.status == "proved", snapped
    if not padding:
        assert snapped.network.hidden_neurons <= circuit(*args).hidden_neurons


@pytest.mark.parametrize("name", ["yarotsky_square", "sawtooth", "leaky_relu"])
def test_circuits_with_small_weights_come_back_from_smaller_noise(name):
    """A weight of 1/100 is lost in noise of its own size; denominators grow until the proof succeeds."""
    circuit = catalogue[name]
    snapped = snap(disguised(circuit(), seed=3, noise=1e-6), circuit.formula(), domain=circuit.domain)
    assert snapped.result.status == "proved"


@given(
    st.sampled_from([name for name in catalogue if name not in ("yarotsky_square", "sawtooth", "leaky_relu")]),
    st.data(),
)
@settings(max_examples=40)
def test_without_noise_snapping_undoes_any_rescaling(name, data):
    family = catalogue[name].family()
    scales = {w: Fraction(data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))) for w in family.symbols}
    values = {w: scale if w.is_positive else -scale for w, scale in scales.items()}
    layers = [
        (
            [[_value(v, values) for v in row] for row in layer.weight.tolist()],
            [_value(b, values) for b in layer.exact_bias()],
        )
        for layer in family.layers
    ]
    snapped = snap(MLP.from_arrays(layers, family.inputs))
    assert relucirc.prove(snapped.network, catalogue[name]()).status == "proved"


def _value(entry, values):
    return entry.subs(values) if hasattr(entry, "subs") else entry


@given(networks(dtypes=[None, "float32"], max_depth=2))
@settings(max_examples=40)
def test_snapping_takes_any_network(net):
    once = snap(net).network
    assert once.inputs == net.inputs
    assert once.sizes[-1] == net.sizes[-1]
    assert once.hidden_neurons <= max(net.hidden_neurons, 2 * sum(net.sizes))
    assert once.is_exact


def test_on_a_domain_dead_neurons_are_dropped_and_active_ones_pooled():
    net = MLP.from_arrays([([[1], [1], [1], [-1]], [3, "5/2", 0, -4]), ([["1/3", "2/3", 2, 7]], [f"-{8}/3"])])
    snapped = snap(net, "x + 2*Max(0, x)", domain=relucirc.Box(-1, 1))
    assert snapped.result.status == "proved"
    assert any("never active on the domain" in move for move in snapped.moves)


def test_a_deep_network_that_passes_values_on_in_any_direction_is_read_by_its_hinges():
    """The maximum of three, x2 and x3 passed through a first layer in directions of their own."""
    a = np.random.default_rng(0).normal(size=(2, 2))
    b = np.linalg.inv(a)
    first = np.vstack([[1, -1, 0], *(np.hstack([[[0], [0]], side * a]) for side in (1, -1))])
    x2, x3 = (np.hstack([row, -row]) for row in b)
    second = np.array([[1, *(x2 - x3)], [0, *x3], [0, *-x3]])
    net = MLP.from_arrays([(first, None), (second, None), (np.array([[1.0, 1, -1]]), None)])
    snapped = snap(net, "Max(x1, x2, x3)")
    assert snapped.status == snapped.result.status == "proved"
    assert "hidden layers 1 to 2: written as affine forms over 2 hinges" in snapped.moves[0]
    assert snapped.network.sizes == (3, 5, 3, 1)
    assert snap(net).network == snapped.network


def test_an_answer_says_its_status_and_is_plain_data():
    entry = circuits.trained()["minimum"]
    for arguments, status in (((), "snapped"), ((entry.formula,), "proved"), (("x1",), "refuted")):
        snapped = snap(entry.network, *arguments)
        data = json.loads(json.dumps(snapped.to_json()))
        assert (snapped.status, data["status"], data["certificate"]) == (status, status, None)
        assert (data["moved"], data["reason"]) == (str(snapped.moved), snapped.reason)
        assert data["seconds"] == pytest.approx(snapped.seconds, abs=1e-6)
        again = data["network"]["layers"]
        assert MLP.from_arrays([(a["weight"], a["bias"]) for a in again], data["network"]["inputs"]) == snapped.network
    wild = random_floats(np.random.default_rng(0), (2, 3, 1))
    assert snap(wild, max_denominator=2).status == "unchanged"
    assert snap(wild, budget=0).status == "unknown"


def test_moves_are_told_in_words():
    net = MLP.from_arrays(
        [([[0.5, -1.0], [1.0, -2.001], [0.0, 0.0], [1.0, 0.0]], [0, 0, 2, 0]), ([[2.0, 1.0, 0.5, 0.001]], [0])]
    )
    moves = " ".join(snap(net).moves)
    for words in (
        "times (1, -2); the scale moves up",
        "parallel to neuron 1; merged",
        "always gives 2; moved into the biases",
        "nothing reads it",
    ):
        assert words in moves, moves


def test_a_dead_network_becomes_a_constant():
    snapped = snap(MLP.from_arrays([([[1.0]], [-2.0]), ([[0.001]], [0.25])]), domain=Box(-1, 1))
    assert snapped.network == MLP.from_arrays([([[0]], ["1/4"])])
    assert "the network is constant" in snapped.moves[-1]


def test_a_neuron_that_is_never_positive_is_dropped():
    net = MLP.from_arrays([([[1]], None), ([[-1], [1]], None), ([[1, 1]], None)])
    assert snap(net).network.sizes == (1, 1, 1, 1)


def test_a_network_far_from_the_formula_is_refuted_not_forced():
    snapped = snap(circuits.trained()["absolute"].network, "x")
    assert snapped.result.status == "refuted"
    assert snapped.network == circuits.absolute()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.3345, "1/3"), (0.999, "1"), (-0.4999, "-1/2"), (255.3, "255"), (1e-5, "0"), (0.1250001, "1/8"), (0.0, "0")],
)
def test_rounding_takes_the_smallest_denominator_that_fits(value, expected):
    rounded, (misfit,) = Smallest(0.02, 12).numbers(np.array([value]), np.array([max(1, abs(value))]))
    (rounded,) = read_back(rounded)
    assert fraction(rounded) == Fraction(expected)
    assert not misfit


@given(st.floats(-50, 50), st.integers(1, 40), st.sampled_from([0.02, 1e-4, 1e-6]))
def test_rounding_agrees_with_the_search_through_all_denominators(value, largest, tolerance):
    unit = max(1.0, abs(value))
    candidates = [Fraction(round(value * d), d) for d in range(1, largest + 1)]
    fits = [
        c for d, c in enumerate(candidates, 1) if abs(value * d - round(value * d)) <= tolerance * unit * (1 + 1e-9)
    ]
    rounded, (misfit,) = Smallest(tolerance, largest).numbers(np.array([value]), np.array([unit]))
    (rounded,) = read_back(rounded)
    assert misfit == (not fits)
    if fits:
        assert fraction(rounded) == fits[0]
    else:
        assert abs(value - float(fraction(rounded))) <= min(abs(value - float(c)) for c in candidates) + 1e-15


@given(small_networks(max_depth=3))
@settings(max_examples=60)
def test_a_network_of_small_rationals_snaps_to_itself(net):
    snapped = snap(net)
    assert snapped.moved == 0
    assert snapped.exact
    assert relucirc.prove(snapped.network, net).status == "proved"


@given(small_networks(max_depth=2), st.integers(0, 2**32 - 1), st.sampled_from(["float32", "float64"]))
@settings(max_examples=60)
def test_a_network_of_small_rationals_comes_back_from_any_scales_in_floats(net, seed, dtype):
    formulas = relucirc.to_sympy(net)
    # What cancels leaves the floats' own small function, which is not the constant.
    assume(all(f.free_symbols for f in (formulas if isinstance(formulas, list) else [formulas])))
    snapped = snap(rescaled(net, seed, dtype))
    assert relucirc.prove(snapped.network, net).status == "proved", snapped


@pytest.mark.parametrize(
    ("net", "formula"),
    [
        (MLP.from_arrays([([[1, "6/7", "10/11"]], None), ([[1]], None)]), "relu(x1 + 6/7*x2 + 10/11*x3)"),
        (
            MLP.from_arrays([([[1, "6/7", "10/11", "7/9"]], None), ([[1]], [1])]),
            "relu(x1 + 6/7*x2 + 10/11*x3 + 7/9*x4) + 1",
        ),
        (MLP.from_arrays([([[1], ["1/1000"]], [0, -5]), ([["1/1000", 1000]], [1000])]), None),
        (MLP.from_arrays([([["1/12", 100], [30, "-1/12"]], ["1/7", 0]), ([["1/9", 7], [100, "1/30"]], None)]), None),
    ],
)
def test_rows_of_coprime_denominators_and_of_many_sizes_are_not_lost(net, formula):
    snapped = snap(net, formula)
    assert relucirc.prove(snapped.network, net).status == "proved"
    assert formula is None or snapped.result.status == "proved"


@given(networks(max_depth=2, dtypes=[None, "float32"]), floating(), st.data())
@settings(max_examples=80)
def test_snap_never_moves_a_function_further_than_it_says_nor_than_it_may(small, floats, data):
    net = data.draw(st.sampled_from([small, floats]))
    domain = data.draw(domains(net))
    snapped = snap(net, domain=domain, tolerance=data.draw(st.sampled_from([0.02, 0.2, 1e-3])), budget=5)
    inside = read_domain(Box(-1, 1) if domain is None else domain, net.inputs)
    for point in data.draw(st.lists(points(net, elements=st.fractions(-3, 3)), max_size=20)):
        if inside.contains(net.point(*point)):
            assert apart(net, snapped.network, point) <= snapped.moved
    found = relucirc.max_deviation(net, snapped.network, inside).value
    assert found <= snapped.moved
    if domain is not None and snapped.exact:
        assert found == snapped.moved
    how = "an amount" if snapped.moved == sympy.oo else "" if snapped.exact else "at most "
    assert f"moved by {how}" in str(snapped)
    assert snapped.domain in str(snapped)


@pytest.mark.slow
@given(floating(outputs=1), st.sampled_from([0.4, 0.02]))
@settings(max_examples=60)
def test_the_move_is_within_the_tolerance_of_the_functions_scale(net, tolerance):
    box = Box(-1, 1)
    snapped = snap(net, domain=box, tolerance=tolerance)
    low, high = extremes(net, box)
    scale = (high - low) / 2 or abs(high)
    assert snapped.moved <= sympy.Rational(tolerance) * scale


@pytest.mark.parametrize("seed", range(9))
def test_a_function_that_is_not_constant_never_becomes_a_constant(seed):
    """Of nine networks, six became affine or constant; their errors were larger than the functions."""
    rng = np.random.default_rng(seed)
    sizes = (2, 8, 8, 1) if seed % 3 else (2, 8, 1)
    net = random_floats(rng, sizes)
    snapped = snap(net, budget=20)
    values = np.array([float(snapped.network.at(*p)[0]) for p in rng.uniform(-1, 1, (20, 2)).tolist()])
    assert np.ptp(values) > 0
    assert apart(net, snapped.network, (Fraction(1, 3), Fraction(-1, 2))) <= snapped.moved
    assert snapped.network.is_exact


SHAPES = [(1, 1), (3, 2), (1, 0, 1), (2, 3, 0, 2), (2, 0, 3, 1), (3, 4, 4, 4, 2), (1, 1, 1, 1, 1, 1)]


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@pytest.mark.parametrize("domain", [None, Box(-1, 1), Box(0, 1, integer=True), "x1 >= 0"], ids=str)
def test_any_shape_is_snapped(sizes, domain):
    """Layers without a neuron lost their width: arrays of shapes (0, 0) and (2,) could not be broadcast."""
    rng = np.random.default_rng(len(sizes))
    names = tuple(f"x{i + 1}" for i in range(sizes[0]))
    for kind in range(6):
        layers = []
        for before, after in itertools.pairwise(sizes):
            weight = rng.integers(-1, 2, (after, before)) if kind % 2 else rng.normal(size=(after, before))
            weight, bias = weight.astype(float), rng.normal(size=after) - (3 if kind > 3 else 0)
            if kind == 2 and after > 1:
                weight[1], bias[1] = weight[0], bias[0]
            layers.append((weight * (kind != 3), None if kind == 1 else bias))
        net = MLP.from_arrays(layers, names)
        snapped = snap(net, domain=domain, budget=5)
        assert (snapped.network.inputs, snapped.network.sizes[-1]) == (net.inputs, sizes[-1])
        assert apart(net, snapped.network, [1] * sizes[0]) <= snapped.moved


@pytest.mark.parametrize("name", circuits.trained())
def test_what_a_trained_network_moves_is_its_exact_largest_error(name):
    entry = circuits.trained()[name]
    for keywords in ({}, {"formula": entry.formula}, {"formula": entry.formula, "domain": Box(-1, 1)}):
        snapped = snap(entry.network, **keywords)
        assert relucirc.prove(snapped.network, entry.formula).status == "proved"
        assert snapped.exact
        assert snapped.moved == relucirc.max_deviation(entry.network, entry.formula, Box(-1, 1)).value
        assert snapped.moved < sympy.Rational(1, 8000)


def test_without_a_rounding_that_is_near_enough_the_network_itself_comes_back():
    net = random_floats(np.random.default_rng(0), (2, 3, 1))
    snapped = snap(net, max_denominator=2)
    assert snapped.network == net.exact()
    assert (snapped.moved, snapped.moves) == (0, ())
    assert "the network itself, since no rounding was shown to be within 0.02 of its scale" in snapped.reason
    asked = snap(net, "Max(x1, x2)", max_denominator=2)
    assert asked.result.status == "refuted"
    assert asked.deviation.value == relucirc.max_deviation(net, "Max(x1, x2)", Box(-1, 1)).value
    assert "from the formula on [-1, 1]^2: largest difference" in str(asked)


def test_on_a_far_domain_the_scale_is_the_one_there():
    net = MLP.from_arrays([([[1.0]], [-1000.0]), ([[0.731]], [5000.0])])
    snapped = snap(net, domain="1000 <= x, x <= 1001")
    assert snapped.moved <= sympy.Rational(0.02) * sympy.Rational(0.731) / 2
    assert "1000 <= x, x <= 1001" in snapped.reason


def test_on_an_unbounded_domain_a_growing_difference_is_infinite_and_its_part_is_told():
    snapped = snap(MLP.from_arrays([([[1.0001]], None), ([[1.0]], None)]), domain="x >= 0")
    assert snapped.network == MLP.from_arrays([([[1]], None), ([[1]], None)])
    assert snapped.moved == sympy.oo
    assert "an amount without bound on x >= 0, and by about 0.0001 on its part in [-1, 1]" in snapped.reason


def test_where_a_network_is_flat_near_zero_a_larger_cube_is_taken():
    snapped = snap(disguised(circuits.soft_threshold(), seed=1))
    assert snapped.domain == "[-10, 10]"


def test_rounding_many_numbers_asks_the_clock_between_denominators():
    values = np.linspace(0, 1, 64)
    with Budget(0), pytest.raises(OutOfBudget):
        Smallest(1e-9, 1 << 12).numbers(values, np.ones(64))
    with Budget(0), pytest.raises(OutOfBudget):
        read_back(values)


def test_a_budget_that_has_ended_gives_the_network_itself():
    net = random_floats(np.random.default_rng(1), (3, 6, 1))
    snapped = snap(net, budget=0)
    assert snapped.network == net.exact()
    assert "the budget of 0 s ended before a rounding was shown to be within" in snapped.reason


@given(networks(max_depth=2, max_outputs=1, dtypes=[None]), st.data())
@settings(max_examples=60)
def test_networks_are_never_further_apart_than_their_bound(net, data):
    other = data.draw(networks(inputs=net.inputs, outputs=1, max_depth=2, dtypes=[None]))
    near = rescaled(net, data.draw(st.integers(0, 999)), "float32")
    for second in (other, near):
        (bound,) = bounds_apart(net, second, [(fmpq(-1), fmpq(1))] * len(net.inputs))
        assert relucirc.max_deviation(net, second, Box(-1, 1)).value <= to_rational(bound)
    assert bound <= fmpq(1, 100)


@pytest.mark.parametrize(("affine", "neuron"), [(([[1]], ["99/100"]), "99/100"), (([[0]], None), "-99/100")])
def test_a_neuron_that_is_almost_always_or_almost_never_active_is_bounded_by_what_it_hides(affine, neuron):
    one, other = MLP.from_arrays([affine]), MLP.from_arrays([([[1]], [neuron]), ([[1]], None)])
    box = [(fmpq(-1), fmpq(1))]
    assert bounds_apart(one, other, box) == [fmpq(1, 100)]
    assert relucirc.max_deviation(one, other, Box(-1, 1)).value == sympy.Rational(1, 100)


@given(networks(min_depth=1, max_depth=2, dtypes=[None]))
@settings(max_examples=40)
def test_exact_rescalings_and_reflections_are_bounded_by_nothing(net):
    """``relu(l / 2) + relu(l / 2) = relu(l)``: one hyperplane, one variable."""
    first, second, *rest = [(layer.weight.tolist(), list(layer.exact_bias())) for layer in net.layers]
    halves = [[v / 2 for v in row] for row in first[0]] * 2, [b / 2 for b in first[1]] * 2
    doubled = MLP.from_arrays([halves, ([row * 2 for row in second[0]], second[1]), *rest], net.inputs)
    box = [(fmpq(-1), fmpq(1))] * len(net.inputs)
    assert not any(bounds_apart(net, doubled, box))


@given(domains(2, everything=False))
@settings(max_examples=60)
def test_bounds_and_points_of_a_ground_belong_to_the_domain(domain):
    net = circuits.minimum()
    ground = Ground.of(domain, net)
    read = read_domain(domain, net.inputs)
    assert ground.points
    for point in ground.points:
        assert read.contains(point)
        assert all(low <= c <= high for c, (low, high) in zip(point, ground.box, strict=True))
    for v, pair in enumerate(ground.bounds):
        for sign, end in zip((1, -1), pair, strict=True):
            if end is not None:
                beyond = Relation(Form({v: fmpq(-sign)}, sign * end), ">")
                assert feasibility([*read.relations, beyond], 2).point is None


@pytest.mark.parametrize("circuit", [circuits.median(3), circuits.minimum(3), circuits.sort(2)])
def test_a_deep_network_is_written_anew_as_the_short_formula_that_it_is_near(circuit):
    net = disguised(circuit, seed=2, noise=1e-2, padding=1).exact()
    found = list(respelled(net, Ground.of(None, net), lambda _: False))
    assert found
    assert any(relucirc.prove(network, circuit).status == "proved" for network, _ in found)
    for network, moves in found:
        assert network.inputs == net.inputs
        assert moves[0].startswith("it is written anew, as ")
    assert not list(respelled(net, Ground.of(None, net), lambda _: True))


def test_errors_name_what_is_wrong():
    with pytest.raises(RelucircError, match="max_denominator: expected an integer of at least 1, got 0"):
        snap(circuits.identity(), max_denominator=0)
    with pytest.raises(RelucircError, match="tolerance: expected a number between 0 and 1/2, got 2"):
        snap(circuits.identity(), tolerance=2)
    with pytest.raises(RelucircError, match="tolerance: expected a number between 0 and 1/2, got little"):
        snap(circuits.identity(), tolerance="little")
    with pytest.raises(FormulaError):
        snap(circuits.identity(), "y")
    with pytest.raises(NetworkError, match="symbol"):
        snap(circuits.identity.family())
    with pytest.raises(DomainError, match="empty"):
        snap(circuits.identity(), domain="x > 1, x < 0")


@pytest.mark.parametrize(
    "layers",
    [
        [([[10**400]], None)],
        [([[2**1000], [-(2**1000)]], None), ([[2**1000, 1]], None)],
    ],
)
def test_weights_beyond_float64_are_left_as_they_are(layers):
    net = MLP.from_arrays(layers)
    assert snap(net).network == net.exact()
