"""Pairs of hinges: any pairing is sound, copies find their partners, and a wrong pair is rejected."""

import itertools

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from test_boxes import BOX, TOP, check, derivation_of, exact_values, linear, lowered, network

import relucirc
from relucirc import MLP, Box
from relucirc.checker.data import Rejected
from relucirc.checker.hinge_bounds import bound_all
from relucirc.checker.scaled import Scaled
from relucirc.checker.substitution import Rows, least, wanted
from relucirc.core.budget import Budget
from relucirc.core.forms import Form
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.lower.from_network import graph_of_network
from relucirc.proof.boxes import decide_on_boxes
from relucirc.proof.boxes.floats import Bounds, Weights, renew, weights_of
from relucirc.proof.boxes.pairs import pairs_of
from relucirc.proof.boxes.setting import Setting, _flips
from relucirc.proof.problem import Lowered

SIZES = [(3, 6, 1), (3, 7, 6, 2), (3, 5, 5, 5, 1)]
ROWS = 24


def anyhow(seed, sizes, data):
    """A network's hinges, scaled, with some pairs on each level, alike or not."""
    low = lowered(network(seed, sizes))
    atoms = derivation_of(low, BOX).atoms
    flips = [data.draw(st.booleans()) for _ in atoms]
    pairs = []
    for hinges in Scaled.of(atoms, BOX, flips).hinges:
        order = data.draw(st.permutations(hinges))
        count = data.draw(st.integers(0, len(hinges) // 2))
        ratios = st.fractions(min_value=1 / 8, max_value=8, max_denominator=16)
        pairs += [(order[2 * i], order[2 * i + 1], fmpq(*data.draw(ratios).as_integer_ratio())) for i in range(count)]
    return Scaled.of(atoms, BOX, flips, pairs)


def alike(seed, sizes, data):
    """The hinges of a network and of a copy, scaled, with the pairs that are proposed."""
    net = network(seed, sizes)
    low, left, right, steps = both(net, copied(net, seed, data.draw(st.sampled_from([1e-4, 1e-2, 0.1, 0.5])))[0], 1)
    flips = [flip == "1" for flip in _flips(low)]
    return Scaled.of(derivation_of(low, BOX).atoms, BOX, flips, pairs_of(left, right, steps))


def arguments(scaled, place):
    """The exact values of every level's rows at a point: hinges, then differences of pairs."""
    values = exact_values(scaled, place)
    return [
        [values[k] for k in hinges] + [values[hinges[level.pairs + i]] - values[hinges[i]] for i in range(level.pairs)]
        for hinges, level in zip(scaled.hinges, scaled.levels, strict=True)
    ]


def boxes(seed, count):
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(0, TOP + 1, (count, 2, 3)), axis=1)
    near = ends[:, 0] + rng.integers(1, TOP // 64, (count, 3))
    ends[::2, 1] = np.minimum(near, TOP)[::2]  # small ones: there differences are known better than hinges
    return ends, ends[:, 0].astype(float), ends[:, 1].astype(float)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([anyhow, alike]), st.integers(0, 10**6), st.sampled_from(SIZES), st.data())
def test_no_bound_is_above_a_value_whatever_is_paired(drawn, seed, sizes, data):
    scaled = drawn(seed, sizes, data)
    bounder, known = bound_all(scaled)
    rng = np.random.default_rng(seed)
    ends, a, b = boxes(seed, 6)
    many = known.gathered([known.row(0)] * 6).renewed(bounder, a, b)
    last = scaled.levels[-1]
    coefficients = rng.integers(-(2**20), 2**20, (ROWS, last.hinges))
    if last.pairs:  # almost opposite, as two copies have them
        noise = rng.integers(-(2**12), 2**12, (ROWS, last.pairs))
        coefficients[:, last.pairs : 2 * last.pairs] = noise - coefficients[:, : last.pairs]
    blocks = {i: np.zeros((ROWS, size)) for i, size in enumerate(scaled.sizes())}
    blocks[len(scaled.levels)] = coefficients.astype(float)
    rows = Rows(blocks, np.ones(ROWS), np.zeros(ROWS))
    which = np.arange(ROWS) % 6
    forms, constants = bounder.down(rows, len(scaled.levels), many.relaxed(bounder), which)
    found = least(forms, constants, a[which], b[which])
    for i in range(6):
        for place in (ends[i, 0], ends[i, 1], *rng.integers(ends[i, 0], ends[i, 1] + 1, (3, 3))):
            values = arguments(scaled, place)
            for j, value in enumerate(v for level in values for v in level):
                assert fmpq(*many.low[i, j].as_integer_ratio()) <= value
                assert value <= fmpq(*many.high[i, j].as_integer_ratio())
            for j in range(i, ROWS, 6):
                total = sum(int(c) * max(v, 0) for c, v in zip(coefficients[j], values[-1], strict=False))
                assert fmpq(*found[j].as_integer_ratio()) <= total


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.sampled_from([anyhow, alike]), st.integers(0, 10**6), st.sampled_from(SIZES), st.data())
def test_floats_bound_as_the_checker_does(drawn, seed, sizes, data):
    scaled = drawn(seed, sizes, data)
    bounder, known = bound_all(scaled)
    _, a, b = boxes(seed, 4)
    many = known.gathered([known.row(0)] * 4)
    many = many.narrowed(bounder, a, b)
    exact = many.renewed(bounder, a, b)
    arrays = Bounds(*(np.asarray(x, np.float32) for x in (many.low, many.high, many.forms * TOP, many.constants)))
    nothing = tuple(np.zeros((1, size), np.float32) for size in scaled.sizes())
    ends = ((a / TOP).astype("float32"), (b / TOP).astype("float32"))
    question = weights_of(bounder), Weights(nothing, np.zeros(1, np.float32)), *ends, arrays
    columns = [bounder.columns(number) for number in range(1, len(scaled.levels) + 1)]
    open_ = [wanted(many.low[:, at], many.high[:, at], level) for at, level in zip(columns, scaled.levels, strict=True)]
    most = tuple(int(rows.sum(1).max(initial=1)) or 1 for rows in open_)
    for bounds, _ in (renew(*question), renew(*question, most=most)):
        for level, at in zip(scaled.levels, columns, strict=True):
            kept = wanted(exact.low[:, at], exact.high[:, at], level)
            for side in ("low", "high"):
                apart = np.asarray(getattr(bounds, side))[:, at] - getattr(exact, side)[:, at]
                assert np.abs(apart[kept]).max(initial=0) < 1e-4


def copied(net, seed, noise):
    """A copy with noise, its neurons in another order and scaled by powers of two; and where each neuron went."""
    rng = np.random.default_rng(seed)
    layers, orders, order, scale = [], [], np.arange(len(net.inputs)), np.ones(len(net.inputs))
    for i, layer in enumerate(net.layers):
        weight, bias = np.array(layer.weight, float), np.array(layer.bias, float)
        weight = (weight * (1 + noise * rng.normal(size=weight.shape)))[:, order] / scale
        last = i == len(net.layers) - 1
        order = np.arange(len(bias)) if last else rng.permutation(len(bias))
        scale = np.ones(len(bias)) if last else 2.0 ** rng.integers(-3, 4, len(bias))
        layers.append(((weight[order] * scale[:, None]).astype("float32"), (bias[order] * scale).astype("float32")))
        orders.append(order)
    return MLP.from_arrays(layers, inputs=net.inputs), orders[:-1]


def both(one, other, eps):
    hinges = HingeGraph(len(one.inputs))
    left, right = graph_of_network(one.exact()), graph_of_network(other.exact())
    (first, steps), (second, more) = hinges.lower(left), hinges.lower(right)
    difference = first[0] - second[0] - Form.constant(eps)
    evidence = {"atoms": hinges.atoms_to_json(), "left": steps, "right": more}
    low = Lowered(hinges, ((difference, Form()),), (difference,), evidence)
    return low, left, right, evidence


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(3, 8, 1), (4, 10, 9, 2)]))
def test_neurons_find_their_partners_in_another_order_and_scaled(seed, sizes):
    net = network(seed, sizes)
    other, orders = copied(net, seed, 1e-3)
    _, left, right, steps = both(net, other, fmpq(1))
    expected, start = set(), 0
    for order in orders:
        expected |= {(start + int(i), start + j) for j, i in enumerate(order)}
        start += len(order)
    atoms = [{step.get("atom"): k for k, step in enumerate(side)} for side in (steps["left"], steps["right"])]
    pairs = pairs_of(left, right, steps)
    assert {(atoms[0][i], atoms[1][j]) for i, j, _ in pairs} <= expected
    assert len(pairs) >= 0.9 * len(expected)


def test_a_copy_with_noise_is_near_by_few_boxes_with_pairs_and_by_many_without():
    net = network(11, (3, 24, 24, 1))
    low, left, right, steps = both(net, copied(net, 1, 1e-3)[0], fmpq(1, 50))
    counts = []
    for pairs in (pairs_of(left, right, steps), []):
        clock = Budget(60.0)
        evidence = decide_on_boxes(low, BOX, (((0, ">="),),), clock, pairs)
        assert isinstance(evidence, dict)
        check(low, BOX, evidence)
        counts.append(clock.progress["boxes"])
    assert counts[0] * 5 <= counts[1]


def test_wrong_pairs_are_rejected():
    net = network(3, (3, 6, 6, 1))
    low, left, right, steps = both(net, copied(net, 1, 1e-3)[0], fmpq(1, 10))
    evidence = decide_on_boxes(low, BOX, (((0, ">="),),), Budget(60.0), pairs_of(left, right, steps))
    check(low, BOX, evidence)
    pairs = evidence["pairs"]
    levels = Scaled.of(derivation_of(low, BOX).atoms, BOX, [f == "1" for f in evidence["flips"]]).hinges
    i, j, ratio = pairs[0]
    for wrong in (
        [*pairs, pairs[0]],
        [*pairs, [j, i, ratio]],
        [[i, i, ratio]],
        [[levels[0][0], levels[1][0], "1"]],
        [[i, j]],
        [[i, j, "0"]],
        [[i, j, "-1"]],
        [[i, j, 1]],
        [[i, j, str(1 << 80)]],
        [[i, 10**6, ratio]],
        [[i, -1, ratio]],
        [[str(i), j, ratio]],
        [None],
        {},
        None,
    ):
        with pytest.raises(Rejected):
            check(low, BOX, {**evidence, "pairs": wrong})
    with pytest.raises(Rejected):  # it needs them
        check(low, BOX, {key: value for key, value in evidence.items() if key != "pairs"})


def test_a_pair_of_networks_is_proved_near_and_the_certificate_is_about_this_eps():
    rng = np.random.default_rng(0)
    sizes = (3, 40, 40, 1)
    layers = [(rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m) * 0.3) for n, m in itertools.pairwise(sizes)]
    net = MLP.from_arrays([(w.astype("float32"), b.astype("float32")) for w, b in layers])
    other = MLP.from_arrays([(w.astype("float16").astype("float32"), b.astype("float32")) for w, b in layers])
    box = Box(-1, 1)
    answer = relucirc.prove(net, other, box, within="1/100", budget=60)
    assert answer.status == "proved"
    assert relucirc.check(net, other, answer.certificate, box, within="1/100")
    assert not relucirc.check(net, other, answer.certificate, box, within="1/100000")


def test_linear_forms_of_pairs_are_exact_differences():
    low = lowered(network(1, (3, 6, 4, 1)))
    atoms = derivation_of(low, BOX).atoms
    plain = Scaled.of(atoms, BOX, [False] * len(atoms))
    first, second = plain.hinges[0][:2]
    paired = Scaled.of(atoms, BOX, [False] * len(atoms), [(first, second, fmpq(3, 2))])
    assert paired.divisors[second] == paired.divisors[first] * fmpq(3, 2)
    assert paired.hinges[0][:2] == [first, second]
    assert linear(low.differences[0])


def test_pairs_of_different_levels_are_left_out():
    """Where a neuron is constant in one network only, those that read it are of a lower level there."""
    low = lowered(network(5, (3, 5, 4, 1)))
    first, *_, last = range(len(low.hinges.atoms))
    apart, alike = (first, last, fmpq(1)), (first, first + 1, fmpq(1))
    atoms = [[linear(element) for element in atom.elements] for atom in low.hinges.atoms]
    with pytest.raises(Rejected, match="not of one level"):
        Scaled.of(atoms, BOX, [False] * len(atoms), [apart])
    assert Setting.of(low, BOX, [((0, ">"),)], [apart, alike]).pairs == [alike]
