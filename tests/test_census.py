"""The census: every converged network is proved and checked, all seeds are counted, and failures get their names."""

import itertools
import json
import math
from fractions import Fraction

import jax
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc import MLP
from relucirc.cli import main
from relucirc.domain import Box
from relucirc.errors import FileError, RelucircError
from relucirc.exact import rational
from relucirc.lower.from_formula import graph_of_formula
from relucirc.training import FUNCTIONS, REGIMENS, run_census, train, wilson
from relucirc.training.driver import Trained
from relucirc.training.failures import group_failures
from relucirc.training.features import features_of
from relucirc.training.folding import fold_network
from relucirc.training.hinging import fold_deep
from relucirc.training.judging import Judge
from relucirc.training.layers import to_networks
from relucirc.training.moving import TOLERANCES
from relucirc.training.neurons import snap_network
from relucirc.training.rounding import simplest
from relucirc.training.symmetry import find_symmetries, orbit_key
from relucirc.training.target import read_target
from relucirc.training.writing import network_text

SQUARE = [tuple(fmpq(c) for c in corner) for corner in ((-1, -1), (-1, 1), (1, -1), (1, 1))]
GRID = np.stack(np.meshgrid(*[np.linspace(-1, 1, 21)] * 2), axis=-1).reshape(-1, 2)


@pytest.fixture(scope="module", params=["minimum", "absolute", "clip"])
def census(request):
    """Networks from a short training: some converge, and some are stuck."""
    steps, regimen = {"minimum": (800, "adam"), "absolute": (300, "adam"), "clip": (3000, "best")}[request.param]
    return run_census(request.param, seeds=96, regimen=regimen, steps=steps, batch=200, progress=False)


def grid(n):
    return GRID if n == 2 else np.linspace(-1, 1, 201)[:, None]


def values(net, points):
    layers = [(np.asarray(a.weight, float), None if a.bias is None else np.asarray(a.bias, float)) for a in net.layers]
    for k, (weight, bias) in enumerate(layers):
        points = (np.maximum(points, 0) if k else points) @ weight.T + (0 if bias is None else bias)
    return points


def as_float(net):
    return MLP.from_arrays(
        [(np.array([[float(Fraction(str(w))) for w in row] for row in a.weight.strings()]),
          None if a.bias is None else np.array([float(Fraction(str(b))) for b in a.exact_bias()]))
         for a in net.exact().layers], net.inputs)  # fmt: skip


# Counting


def test_every_seed_is_counted_once(census):
    assert 0 < census.proved < census.seeds == 96
    assert sum(circuit.count for circuit in census.circuits) == census.proved == census.converged.sum()
    failed = sorted(seed for failure in census.failures for seed in failure.seeds)
    assert failed == np.flatnonzero(~census.converged).tolist()
    assert all(failure.count == len(failure.seeds) for failure in census.failures)
    for place, circuit in enumerate(census.circuits):
        assert (census.circuit_of == place).sum() == circuit.count
    assert sum(census.classes) == census.proved
    assert census.classes == sorted(census.classes, reverse=True)
    assert [c.count for c in census.circuits] == sorted((c.count for c in census.circuits), reverse=True)


def test_every_circuit_is_proved_afresh_and_its_certificate_is_accepted(census):
    formula = census.target
    for circuit in census.circuits:
        domain = None if circuit.where == "everywhere" else Box(-1, 1)
        result = relucirc.prove(circuit.network, formula, domain=domain)
        assert result.status == "proved"
        assert relucirc.check(circuit.network, formula, result.certificate, domain)


def test_a_converged_network_is_near_its_circuit_and_the_others_are_far_from_the_target(census):
    points = grid(len(census.circuits[0].network.inputs))
    wanted = values(as_float(census.circuits[0].network), points)
    for seed in range(census.seeds):
        net, circuit = census.trained.network(seed), census.snapped(seed)
        assert (circuit is not None) == census.converged[seed]
        if circuit is not None:
            np.testing.assert_allclose(values(as_float(circuit), points), wanted, atol=1e-9)
            assert np.abs(values(net, points) - wanted).max() < 0.1
    stuck = {s for f in census.failures if f.kind != "unfinished" for s in f.seeds}
    for seed in stuck:
        assert np.abs(values(census.trained.network(seed), points) - wanted).max() > 0.02


def test_circuits_differ_and_mirror_images_share_a_class(census):
    texts = [str(circuit) for circuit in census.circuits]
    assert len(set(texts)) == len(texts)
    if census.target == "Min(x1, x2)":
        assert set(texts) == {
            "-relu(-x1) - relu(x1 - x2) + relu(x1)",
            "-relu(-x1 + x2) - relu(-x2) + relu(x2)",
        }
        assert {circuit.orbit for circuit in census.circuits} == {1}
        assert all("minimum circuit" in circuit.features for circuit in census.circuits)


def test_the_interval_and_the_json_say_what_the_census_says(census):
    data = json.loads(json.dumps(census.to_json()))
    assert data["proved"] == census.proved
    assert data["interval"] == pytest.approx(wilson(census.proved, 96), abs=1e-6)
    assert sum(c["count"] for c in data["circuits"]) + sum(f["count"] for f in data["failures"]) == 96
    assert sum(data["draws"].values()) == 96
    for circuit in data["circuits"]:
        rows = circuit["network"]["layers"]
        again = MLP.from_arrays([(layer["weight"], layer["bias"]) for layer in rows], circuit["network"]["inputs"])
        assert relucirc.prove(again, census.target).status == "proved"


def test_the_report_shows_the_rate_the_circuits_and_the_failures(census):
    text = str(census)
    low, high = census.interval
    assert f"{census.proved} of 96 seeds proved" in text
    assert f"(95 % interval {low:.1%} to {high:.1%})" in text
    assert str(census.circuits[0]) in text
    assert census.failures[0].kind in text


def test_the_census_can_be_drawn(census, tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("census.svg", "census.png"):
        census.draw(tmp_path / name)
    svg = (tmp_path / "census.svg").read_text("utf-8")
    assert str(census.circuits[0]).replace(">", "&gt;") in svg
    assert len(svg) < 250_000
    assert (tmp_path / "census.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(FileError, match=r"\.svg, \.png or \.pdf, got 'census.txt'"):
        census.draw(tmp_path / "census.txt")
    with pytest.raises(FileError, match="cannot write"):
        census.draw(tmp_path / "none" / "census.svg")


# Wilson's interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # the textbook values, to four digits
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (1024, 1024, 0.9963, 1.0),
    ],
)
def test_wilsons_interval_has_its_known_values(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000), st.data())
def test_wilsons_bounds_are_where_the_score_test_just_rejects(trials, data):
    successes = data.draw(st.integers(0, trials))
    p, z = successes / trials, 1.959963984540054
    for bound in wilson(successes, trials):
        if 0 < bound < 1:
            assert abs(p - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / trials), rel=1e-9)
        else:
            assert bound == p


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, 0)])
def test_wilson_refuses_impossible_counts(successes, trials):
    with pytest.raises(RelucircError, match="expected successes among at least one trial"):
        wilson(successes, trials)


# Snapping


@given(st.fractions(-3, 3, max_denominator=500), st.fractions(0, 1, max_denominator=300))
def test_the_simplest_rational_has_the_smallest_denominator_of_all(value, tolerance):
    found = simplest(rational(value), rational(tolerance))
    found = Fraction(int(found.p), int(found.q))
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
    snap = snap_network(mlp(hidden, bias, read), TOLERANCES[0], corners)
    order = list(range(len(hidden)))
    random.shuffle(order)
    scale = np.array([random.choice((0.5, 1, 2, 4)) for _ in order])
    noise = 1 + 1e-4 * np.array([random.uniform(-1, 1) for _ in order])
    moved = mlp(
        hidden[order] * (scale * noise)[:, None],
        None if bias is None else bias[order] * scale * noise,
        read[:, order] / scale,
    )
    assert snap_network(moved, TOLERANCES[0], corners).circuit.key == snap.circuit.key


@given(networks())
def test_snapping_without_tolerance_changes_no_value_on_the_domain(network):
    hidden, bias, read = network
    corners = SQUARE if hidden.shape[1] == 2 else [(fmpq(-1),), (fmpq(1),)]
    net = mlp(hidden, bias, read)
    points = GRID[::7] if hidden.shape[1] == 2 else np.linspace(-1, 1, 33)[:, None]
    exact = [[fmpq(*c.as_integer_ratio()) for c in point] for point in np.round(points * 64) / 64]
    expected = values(net, np.array([[float(c.p) / float(c.q) for c in point] for point in exact]))[:, 0]
    for way in (snap_network, fold_network):
        circuit = way(net, fmpq(0), corners).circuit
        found = [circuit.at(point)[0] for point in exact]
        np.testing.assert_allclose([float(v.p) / float(v.q) for v in found], expected, atol=1e-12)


def test_folding_joins_what_wider_networks_spread():
    """Min in five neurons: a split kink, and the affine part in a direction of its own."""
    hidden = np.array([[1, -1], [2, -2], [0.3, 0.4], [-0.3, -0.4], [-1, 1.0]])
    read = np.array([[-0.25, -0.125, 1.0, -1.0, -0.5]])  # -|x1 - x2| / 2 + 0.3 x1 + 0.4 x2
    net = MLP.from_arrays([(hidden, None), (read, None)], ("x1", "x2"))
    folded = fold_network(net, fmpq(1, 1000), SQUARE).circuit
    assert folded.hidden_neurons == 3
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
    plain = fold_deep(deep(MAX3), fmpq(0), cube()).circuit
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
        assert fold_deep(deep(noisy), TOLERANCES[0], cube()).circuit.key == plain.key


@given(st.integers(0, 10**6))
def test_folding_a_deep_network_without_tolerance_changes_no_value(number):
    rng = np.random.default_rng(number)
    parts = [rng.integers(-3, 4, (4, 3)) / 2, rng.integers(-3, 4, (3, 4)) / 2, rng.integers(-3, 4, (2, 3)) / 2]
    biases = [rng.integers(-2, 3, len(w)) / 2 for w in parts]
    net = MLP.from_arrays(list(zip(parts, biases, strict=True)), ("x1", "x2", "x3"))
    points = np.round(cube(30) * 64) / 64
    circuit = fold_deep(net, fmpq(0), points).circuit
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
    one_by_one = fold_deep(net, TOLERANCES[0], judge.everywhere)
    assert judge.circuit(one_by_one.circuit).where is None
    together = fold_deep(net, TOLERANCES[0], judge.everywhere, 24)
    assert judge.circuit(together.circuit).where == "everywhere"
    assert together.largest_move < fmpq(1, 24)
    assert judge.seed(net)[1].where == "everywhere"


def test_deep_circuits_that_are_mirror_images_share_a_class():
    target = read_target("Max(x1, x2, x3)", (3, 1))
    points = cube()
    corners = [tuple(map(fmpq, c)) for c in itertools.product((-1, 1), repeat=3)]
    symmetries = find_symmetries(target.graph, corners, points, target.values(points))
    keys = set()
    for order in itertools.permutations(range(3)):
        net = deep([np.float64(MAX3[0])[:, order], *MAX3[1:]])
        keys.add(orbit_key(fold_deep(net, fmpq(0), points).circuit, symmetries, target.names))
    assert len(keys) == 1


def judge_of(formula, names=("x1", "x2")):
    return Judge(graph_of_formula(formula, names, 1), Box(-1, 1), 5.0)


def test_the_judge_refuses_a_circuit_that_is_wrong_by_little():
    judge = judge_of("Min(x1, x2)")
    right = MLP.from_arrays([([[1, 0], [-1, 0], [1, -1]], None), ([[1, -1, -1]], None)], ("x1", "x2"))
    wrong = MLP.from_arrays([([[1, 0], [-1, 0], [1, -1]], None), ([[1, -1, "-63/64"]], None)], ("x1", "x2"))
    for net, where in ((right, "everywhere"), (wrong, None)):
        floats = as_float(net)
        circuit = snap_network(floats, fmpq(0), judge.corners).circuit
        assert judge.circuit(circuit).where == where
    assert judge.seed(as_float(wrong))[1].where == "everywhere"  # a tolerance of 1/50 repairs it, and is proved


def test_the_proof_is_the_judge_and_not_the_probes():
    """|x| with a tent so narrow that it stands between two probes."""
    judge = judge_of("Abs(x)", ("x",))
    tent = [([[1]], f"{-1 / 3 + k / 2**13}") for k in (1, 0, -1)]
    hidden = [[1], [-1], *[row for rows, _ in tent for row in rows]]
    net = MLP.from_arrays([(hidden, [0, 0, *[b for _, b in tent]]), ([[1, 1, 1, -2, 1]], [0])], ("x",))
    circuit = snap_network(net, fmpq(0), judge.corners).circuit
    points = [[fmpq(*float(x).as_integer_ratio())] for x in judge.points[:, 0]]
    assert all(circuit.at(point) == [abs(point[0])] for point in points)
    assert circuit.at([fmpq(1, 3)]) != [fmpq(1, 3)]
    assert judge.circuit(circuit).where is None


def test_a_circuit_that_is_right_on_the_domain_only_says_so():
    judge = judge_of("Abs(x)", ("x",))
    net = MLP.from_arrays(
        [(np.array([[1.0], [-1.0], [1.0]]), np.array([0.0, 0.0, -2.0])), (np.ones((1, 3)), np.zeros(1))], ("x",)
    )
    snap, judgement = judge.seed(net)
    assert judgement.where == "everywhere"  # the neuron that is dead on the domain is dropped
    assert snap.dropped == 1
    # Of |x| on [-1, 1], one that bends where nobody looks: a wide neuron is always on there.
    bent = MLP.from_arrays(
        [(np.array([[1.0], [-1.0], [1.0]]), np.array([0.0, 0.0, 2.0])), (np.array([[0.5, 1.5, 0.5]]), -np.ones(1))],
        ("x",),
    )
    assert judge.circuit(snap_network(bent, fmpq(0), judge.corners).circuit).where == "on the domain"


@pytest.mark.parametrize("dead", [(3, 2, 2, 1), (2, 3, 1), (2, 1)])
def test_networks_without_a_living_neuron_are_judged_too(dead):
    sizes = (2, *dead[1:])
    layers = [(-np.zeros((b, a)), np.full(b, -1.0)) for a, b in itertools.pairwise(sizes)]
    net = MLP.from_arrays(layers, ("x1", "x2"))
    assert judge_of("x1 - x1 - 1").seed(net)[1].where == "everywhere"
    assert judge_of("Min(x1, x2)").seed(net)[1].where is None


def test_weights_that_are_not_finite_are_a_failure_and_no_crash():
    net = MLP.from_arrays([(np.ones((3, 2), np.float32), None), (np.ones((1, 3), np.float32), None)], ("x1", "x2"))
    broken = jax.tree.map(lambda leaf: leaf * np.float32("nan"), net)
    assert judge_of("Min(x1, x2)").seed(broken) == (None, judge_of("Max(x1, x2)").seed(broken)[1])


# Failures


STUCK = {
    "dead neuron": ([[1, 0], [-1, 0], [0, 0]], [1, -1, 0]),
    "twin neurons": ([[-1, 0.2], [0.2, -1], [-2, 0.6]], [-0.41, -0.83, -0.2]),
    "local optimum": ([[1, 0], [0, -1], [-0.7, -1]], [-0.83, -0.83, -0.3]),
    "diverged": ([[np.nan, 0], [0, 1], [1, 1]], [1, 1, 1]),
    "unfinished": ([[1, 0], [-1, 0], [1, -1]], [1, -1, -0.9]),
}


def batch_of(networks):
    hidden = np.stack([np.float32(h) for h, _ in networks], axis=-1)
    read = np.stack([np.float32([r]) for _, r in networks], axis=-1)
    return ((hidden, None), (read, None))


def test_stuck_networks_made_by_hand_get_their_kinds():
    target = read_target("Min(x1, x2)", (2, 3, 1))
    wanted = target.values(GRID)
    layers = batch_of(list(STUCK.values()))
    relative = np.array([0.3, 0.2, 0.2, np.nan, 1e-5])
    symmetries = find_symmetries(target.graph, SQUARE, GRID, wanted)
    found = group_failures(layers, np.arange(5), relative, GRID, wanted, symmetries, target.names)
    kinds = {failure.seeds[0]: failure.kind for failure in found}
    assert kinds == dict(enumerate(STUCK))
    by_kind = {failure.kind: failure for failure in found}
    assert by_kind["dead neuron"].computes == "-relu(-x1) + relu(x1)"
    assert by_kind["twin neurons"].computes == "-0.81 relu(-x1 + 0.2 x2) - 0.83 relu(0.2 x1 - x2)"


def test_mirror_images_of_a_failure_are_one_group():
    target = read_target("Min(x1, x2)", (2, 3, 1))
    wanted = target.values(GRID)
    hidden, read = STUCK["dead neuron"]
    mirrored = np.array(hidden)[:, ::-1]
    other = STUCK["local optimum"]
    layers = batch_of([(hidden, read), (mirrored, read), other])
    symmetries = find_symmetries(target.graph, SQUARE, GRID, wanted)
    found = group_failures(layers, np.arange(3), np.full(3, 0.3), GRID, wanted, symmetries, target.names)
    assert [(failure.seeds, failure.count) for failure in found] == [((0, 1), 2), ((2,), 1)]
    without = group_failures(layers, np.arange(3), np.full(3, 0.3), GRID, wanted, symmetries[:1], target.names)
    assert len(without) == 3


# Symmetries and features


@pytest.mark.parametrize(
    ("formula", "names", "count"),
    [
        ("x", ("x",), 2),
        ("Abs(x)", ("x",), 2),
        ("Max(x, 0)", ("x",), 1),
        ("Min(x1, x2)", ("x1", "x2"), 2),
        ("x1 + x2", ("x1", "x2"), 4),
        ("Abs(x1 - x2)", ("x1", "x2"), 4),
        ("Max(x1, x2, x3)", ("x1", "x2", "x3"), 6),
        ("median(x1, x2, x3)", ("x1", "x2", "x3"), 12),
    ],
)
def test_all_symmetries_are_found_and_none_besides(formula, names, count):
    target = read_target(formula, (len(names), 1))
    points = np.random.default_rng(0).uniform(-1, 1, (64, len(names)))
    corners = [tuple(fmpq(int(c)) for c in corner) for corner in np.array(np.meshgrid(*[[-1, 1]] * len(names))).reshape(len(names), -1).T]  # fmt: skip  # noqa: E501
    assert len(find_symmetries(target.graph, corners, points, target.values(points))) == count


def test_a_domain_without_the_symmetry_does_not_have_it():
    target = read_target("Min(x1, x2)", (2, 1))
    points = np.random.default_rng(0).uniform(0, 1, (64, 2))
    corners = [tuple(map(fmpq, corner)) for corner in ((0, 0), (0, 1), (2, 0), (2, 1))]
    assert len(find_symmetries(target.graph, corners, points, target.values(points))) == 1


def test_the_two_minimum_circuits_are_mirror_images_and_the_third_is_not():
    target = read_target("Min(x1, x2)", (2, 1))
    symmetries = find_symmetries(target.graph, SQUARE, GRID, target.values(GRID))
    keys = []
    for hidden, read in (
        ([[1, 0], [-1, 0], [1, -1]], [1, -1, -1]),
        ([[0, 1], [0, -1], [-1, 1]], [1, -1, -1]),
        ([[1, 1], [-1, -1], [1, -1], [-1, 1]], [0.5, -0.5, -0.5, -0.5]),
    ):
        net = MLP.from_arrays([(np.float32(hidden), None), (np.float32([read]), None)], ("x1", "x2"))
        circuit = snap_network(net, fmpq(0), SQUARE).circuit
        assert relucirc.prove(circuit.network(("x1", "x2")), "Min(x1, x2)").status == "proved"
        keys.append(orbit_key(circuit, symmetries, target.names))
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("identity", {"positiveness detector", "negativeness detector", "identity circuit"}),
        ("negative_identity", {"positiveness detector", "negativeness detector", "negative identity circuit"}),
        ("absolute", {"positiveness detector", "negativeness detector", "absolute circuit"}),
        ("addition", {"sum detector", "addition circuit"}),
        ("subtraction", {"greaterness detector", "subtraction circuit"}),
        ("distance", {"greaterness detector", "distance circuit"}),
    ],
)
def test_the_originals_circuits_have_the_originals_features(name, features):
    assert features <= set(features_of(getattr(relucirc.circuits, name)()))
    assert {f for f in features_of(getattr(relucirc.circuits, name)()) if "circuit" in f} == {
        f for f in features if "circuit" in f
    }


def test_minimum_and_maximum_reuse_the_identity_circuit():
    for name in ("minimum", "maximum"):
        found = features_of(getattr(relucirc.circuits, name)())
        assert {"identity circuit", "greaterness detector", f"{name} circuit"} <= set(found)


# The whole way


def test_named_functions_have_targets_that_fit_their_sizes():
    for name, function in FUNCTIONS.items():
        target = read_target(function.formula, function.sizes)
        assert target.graph is not None, name
        assert len(target.names) == function.sizes[0]


def test_networks_given_by_hand_are_judged_as_trained_ones_are():
    """The census reads nothing but the networks: here two that are right, and two that are not."""
    trained = train("Min(x1, x2)", (2, 3, 1), key=jax.random.key(0), seeds=4, steps=1, batch=10)
    layers = batch_of([
        ([[2, 0], [-3, 0], [1.5, -1.5]], [0.5, -1 / 3, -2 / 3]),
        ([[0, 1], [-1, 1], [0, -1]], [1, -1, -1]),
        STUCK["twin neurons"],
        STUCK["dead neuron"],
    ])  # fmt: skip
    given = {field: getattr(trained, field) for field in Trained.__dataclass_fields__}
    census = Trained(**{**given, "networks": to_networks(layers, ("x1", "x2"))}).census
    assert census.converged.tolist() == [True, True, False, False]
    assert census.classes == [2]


def test_the_command_prints_the_census_and_writes_the_folder(tmp_path, capsys):
    out = tmp_path / "out"
    words = [
        "train",
        "minimum",
        "--seeds",
        "32",
        "--regimen",
        "adam",
        "--steps",
        "600",
        "--seed",
        "3",
        "--out",
        str(out),
    ]
    assert main(words) == 0
    printed, err = capsys.readouterr()
    assert err == ""
    assert "Min(x1, x2): 2-3-1 networks, regimen adam, 600 steps" in printed
    assert "-relu(-x1 + x2) - relu(-x2) + relu(x2)" in printed
    assert f"networks, census and report written to {out}" in printed
    data = json.loads((out / "census.json").read_text())
    assert f"{data['proved']} of 32 seeds proved" in (out / "report.txt").read_text() in printed + "\n"
    assert relucirc.prove(relucirc.load(out / "circuits" / "circuit1.json"), "Min(x1, x2)")
    assert (out / "census.svg").read_text("utf-8").startswith("<?xml")
    with np.load(out / "networks.npz") as saved:
        assert saved["layer0.weight"].shape == (32, 3, 2)
        assert saved["losses"].shape == (60, 32)
        assert saved["converged"].sum() == data["proved"]
    assert main([*words, "--json"]) == 0  # the finished run is read from its checkpoint
    again = json.loads(capsys.readouterr().out)
    assert {k: again[k] for k in ("proved", "classes", "circuits")} == {
        k: data[k] for k in ("proved", "classes", "circuits")
    }


def test_the_command_refuses_in_one_sentence(capsys):
    for words, message in (
        (("x1 + x2",), "for a formula of your own say the widths"),
        (("minimum", "--regimen", "luck"), "expected one of ['original', 'best'"),
        (("minimum", "--sizes", "2-0-1"), "argument --sizes: expected a positive integer, got 0"),
        (("minimum", "--sizes", "2"), "expected widths such as 2-3-1"),
    ):
        assert main(["train", *words]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert message in err
        assert err.count("\n") == 1


def test_the_commands_help_names_every_regimen(capsys):
    assert main(["train", "--help"]) == 0
    words = capsys.readouterr().out.replace(",", " ").split()
    assert set(REGIMENS) <= set(words)
