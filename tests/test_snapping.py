"""Snapping: trained networks become circuits, which are proved; disguised circuits come back."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, circuits, snap
from relucirc.circuits import catalogue
from relucirc.errors import FormulaError, NetworkError, RelucircError
from relucirc.exact import fraction
from relucirc.snapping.layers import Layer
from relucirc.snapping.pooling import activity, image, pooled
from relucirc.snapping.rounding import Rounding
from relucirc.strategies import networks, points

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


@given(networks(min_depth=1, max_depth=1, dtypes=[None]), st.data())
@settings(max_examples=60)
def test_pooling_keeps_the_function(net, data):
    first, last = (
        Layer(layer.weight.to_numpy(), np.array([float(fraction(b)) for b in layer.exact_bias()]))
        for layer in net.layers
    )
    point = np.array([float(c) for c in data.draw(points(net, elements=st.integers(-5, 5)))])
    low, above = pooled(first, last, 1e-9, np.zeros(len(first.bias), dtype=bool))
    before = last.weight @ np.maximum(first.weight @ point + first.bias, 0) + last.bias
    after = above.weight @ np.maximum(low.weight @ point + low.bias, 0) + above.bias
    assert np.allclose(before, after, atol=1e-6)


@given(networks(min_depth=1, max_depth=1, dtypes=[None]), st.data())
def test_bounds_on_a_box_hold(net, data):
    layer = Layer(net.layers[0].weight.to_numpy(), np.array([float(fraction(b)) for b in net.layers[0].exact_bias()]))
    box = (np.full(len(net.inputs), -1.0), np.full(len(net.inputs), 2.0))
    point = np.array([float(c) for c in data.draw(points(net, elements=st.fractions(-1, 2)))])
    value = layer.weight @ point + layer.bias
    never, always = activity(layer, box)
    least, most = image(layer, box)
    assert (value[never] <= 1e-9).all()
    assert (value[always] >= -1e-9).all()
    assert (least - 1e-9 <= np.maximum(value, 0)).all()
    assert (np.maximum(value, 0) <= most + 1e-9).all()


def test_on_a_domain_dead_neurons_are_dropped_and_active_ones_pooled():
    net = MLP.from_arrays([([[1], [1], [1], [-1]], [3, "5/2", 0, -4]), ([["1/3", "2/3", 2, 7]], [f"-{8}/3"])])
    snapped = snap(net, "x + 2*Max(0, x)", domain=relucirc.Box(-1, 1))
    assert snapped.result.status == "proved"
    assert any("never active on the domain" in move for move in snapped.moves)


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
    snapped = snap(MLP.from_arrays([([[1.0]], [0.0]), ([[0.001]], [0.25])]))
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
    assert Rounding(12, 0.02).number(value) == Fraction(expected)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=5).filter(any), st.floats(0.01, 100))
def test_directions_are_found_from_any_multiple(vector, scale):
    found, direction = Rounding(12, 0.02).direction([scale * v for v in vector])
    divisor = np.gcd.reduce(vector)
    assert direction == tuple(v // divisor for v in vector)
    assert found == pytest.approx(scale * divisor)


def test_errors_name_what_is_wrong():
    with pytest.raises(RelucircError, match="max_denominator: expected an integer of at least 1, got 0"):
        snap(circuits.identity(), max_denominator=0)
    with pytest.raises(RelucircError, match="tolerance: expected a number between 0 and 1/2, got 2"):
        snap(circuits.identity(), tolerance=2)
    with pytest.raises(FormulaError):
        snap(circuits.identity(), "y")
    with pytest.raises(NetworkError, match="symbol"):
        snap(circuits.identity.family())
    with pytest.raises(NetworkError, match="too large to snap"):
        snap(MLP.from_arrays([([[10**400]], None)]))
    with pytest.raises(NetworkError, match="too large to snap: a product of them"):
        snap(MLP.from_arrays([([[2**1000], [-(2**1000)]], None), ([[2**1000, 1]], None)]))
