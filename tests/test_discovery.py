"""Discovery finds networks by itself, proves them, and says exactly what an empty search shows."""

import itertools
import random
from fractions import Fraction
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.combinatorics import Permutation, PermutationGroup

import relucirc
from relucirc.language.function import read_function
from relucirc.optimal.discovery import discover, order_statistic_in_two_layers, search_architecture
from relucirc.optimal.discovery.dictionary import Dictionary, Orbits
from relucirc.optimal.discovery.groups import subgroups, whole
from relucirc.optimal.discovery.linear import Obstacle, solve_exactly
from relucirc.optimal.discovery.target import read_target

FIVE = "Max(x1, x2, x3, x4, x5)"
SIX = "Max(x1, x2, x3, x4, x5, x6)"


def stored(name):
    with resources.as_file(resources.files("relucirc.circuits") / "data" / name) as path:
        return relucirc.load(path)


@pytest.mark.parametrize(
    ("formula", "at_most"),
    [
        ("Max(x1, x2, x3)", 7),
        ("Min(x1, x2, x3)", 9),
        ("median(x1, x2, x3)", 10),
        ("Max(0, x1, x2)", 8),
        ("Max(x1, x2, x3, x4)", 9),
        ("Max(x1 + x2, 2*x3, x1 + x3)", 12),
        ("2*Max(x1, x2, x3) - x1/3", 10),
    ],
)
def test_small_functions_are_found_and_proved(formula, at_most):
    found = discover(formula, budget=60)
    assert len(found.network.layers) == 3
    assert found.hidden_neurons == found.network.hidden_neurons <= at_most
    assert found.proof.status == "proved"
    assert relucirc.prove(found.network, formula).status == "proved"
    assert relucirc.prove(found.network, found.formula).status == "proved"
    assert "machine-found, exactly proved" in found.reason


@pytest.mark.slow
def test_the_maximum_of_five_is_found_with_two_hidden_layers_from_scratch():
    found = discover(FIVE)
    assert len(found.network.layers) == 3
    assert found.proof.status == "proved"
    assert found.hidden_neurons <= 24
    hidden = [c for layer in found.network.layers[:-1] for row in layer.weight.tolist() for c in row]
    output = found.network.layers[-1].weight.tolist()[0]
    assert all(c in (-2, -1, 0, 1, 2) for c in hidden)
    assert all(2 * c in (-2, -1, 0, 1, 2) for c in output)
    assert relucirc.prove(found.network, FIVE).status == "proved"


@pytest.mark.parametrize(
    ("name", "formula", "most"),
    [("max5_two_layers.json", FIVE, 19), ("median5_two_layers.json", "median(x1, x2, x3, x4, x5)", 42)],
)
def test_the_stored_networks_are_proved_again(name, formula, most):
    net = stored(name)
    assert len(net.layers) == 3
    assert net.hidden_neurons <= most
    answer = relucirc.prove(net, formula)
    assert answer.status == "proved"
    assert relucirc.check(net, formula, answer.certificate).accepted


@pytest.mark.slow
def test_the_stored_maximum_of_six_has_two_hidden_layers_and_is_proved_again():
    net = stored("max6_two_layers.json")
    assert len(net.layers) == 3
    assert relucirc.prove(net, SIX).status == "proved"


@pytest.mark.parametrize(("name", "n", "k"), [("max5_two_layers.json", 5, 4), ("max6_two_layers.json", 6, 5)])
def test_the_stored_networks_agree_with_sorting_at_every_small_point(name, n, k):
    """An independent route: plain integers, all points of a grid fine enough to meet every chamber."""
    net = stored(name)
    size = 5 if n == 5 else 4
    points = np.array(list(itertools.product(range(size), repeat=n)), dtype=np.int64) - 2
    values = points.T
    for i, layer in enumerate(net.layers):
        scale = np.lcm.reduce([int(c.q) for row in layer.weight.rows for _, c in row])
        weight = np.array([[int((c * int(scale)).p) for c in row] for row in layer.weight.tolist()])
        values = weight @ values
        values = values if i == len(net.layers) - 1 else np.maximum(values, 0)
        assert i == len(net.layers) - 1 or scale == 1
    assert (values[0] == int(scale) * np.sort(points, axis=1)[:, k]).all()


def test_one_coefficient_of_the_stored_network_moved_by_two_to_the_minus_40_is_refuted():
    net = stored("max5_two_layers.json")
    rng = random.Random(1)
    for _ in range(3):
        layers = [([list(row) for row in layer.weight.tolist()], None) for layer in net.layers]
        weight = layers[rng.randrange(3)][0]
        row = weight[rng.randrange(len(weight))]
        j = rng.choice([j for j, c in enumerate(row) if c])
        row[j] = row[j] + relucirc.core.exact.rational(Fraction(1, 2**40))
        answer = relucirc.prove(relucirc.MLP.from_arrays(layers, net.inputs), FIVE)
        assert answer.status == "refuted"


def test_an_empty_search_comes_with_evidence_that_checks_by_hand():
    """Words of length one do not give the maximum of five; the row of weights says so, orbit by orbit."""
    found = discover(FIVE, degree=1)
    assert found.network is None
    assert "no linear combination" in found.reason
    points, weights = found.excluded["points"], [int(w) for w in found.excluded["weights"]]
    assert sum(w * max(p) for w, p in zip(weights, points, strict=True)) != 0
    letters = list(itertools.combinations_with_replacement(range(5), 2))
    atoms = [(a,) for a in letters] + list(itertools.combinations(letters, 2))
    for atom in atoms:
        total = 0
        for w, p in zip(weights, points, strict=True):
            for s in itertools.permutations(range(5)):
                total += w * max(max(p[s[i]], p[s[j]]) for i, j in atom)
        assert total == 0


@pytest.mark.parametrize(
    ("n", "degree", "enough"), [(3, 1, True), (4, 1, True), (5, 1, False), (5, 2, True), (6, 2, True)]
)
def test_order_statistics_are_decided_on_one_chamber(n, degree, enough):
    """The combination is evaluated by summing over all permutations, which knows nothing of tables."""
    rng = random.Random(n)
    for k in {1, (n + 1) // 2, n}:
        proof = order_statistic_in_two_layers(n, k, degree)
        assert bool(proof) is enough
        for _ in range(2 if enough else 0):
            point = [relucirc.core.exact.rational(rng.randint(-9, 9)) for _ in range(n)]
            assert proof.evaluate(point) == sorted(point)[-k]


def test_the_chamber_says_of_seven_what_linear_algebra_over_points_says():
    proof = order_statistic_in_two_layers(7)
    assert not proof
    assert "no linear combination" in str(proof)
    assert discover("Max(x1, x2, x3, x4, x5, x6, x7)").excluded is not None


@pytest.mark.slow
def test_two_hidden_layers_are_enough_for_the_maximum_of_seven():
    assert order_statistic_in_two_layers(7, degree=3)


def test_what_discover_does_not_search_is_refused_with_a_sentence():
    with pytest.raises(relucirc.RelucircError, match="two hidden layers"):
        discover("Max(x1, x2)", 3)
    with pytest.raises(relucirc.RelucircError, match="homogeneous"):
        discover("Max(x1, 1)")
    with pytest.raises(relucirc.RelucircError, match="one output"):
        discover(["x1", "x2"])
    with pytest.raises(relucirc.RelucircError, match="degree"):
        discover("Max(x1, x2)", degree=0)
    with pytest.raises(relucirc.RelucircError, match="Piecewise"):
        discover("Piecewise((x1, x1 > x2), (x2, True)) + Max(x1, x2, x3)")


def test_symmetries_are_found_and_nothing_else():
    assert read_target(read_function("Max(x1, x2, x3)"), 10).classes == ((0, 1, 2),)
    target = read_target(read_function("Max(x1, x2) - Max(x3, x4)"), 10)
    assert target.classes == ((0, 1), (2, 3))
    assert not target.with_zero
    target = read_target(read_function("Max(x1, 0) + 2*x2"), 10)
    assert target.with_zero
    assert target.classes == ((0,), (1,), (2,))


@pytest.mark.parametrize(("n", "degree"), [(3, 2), (4, 2), (4, 1)])
def test_orbits_are_those_of_the_whole_group_and_their_sums_are_invariant(n, degree):
    dictionary = Dictionary(n, degree)
    rng = np.random.default_rng(0)
    points = rng.integers(-5, 6, size=(12, n))
    for name, generators in [whole([tuple(range(n))], n), *subgroups([tuple(range(n))], n)]:
        orbits = Orbits.of(dictionary, generators)
        order = PermutationGroup(*(Permutation(list(p)) for p in generators)).order()
        assert sum(map(len, orbits.atoms)) == len(dictionary.atoms), name
        assert all(order % len(orbit) == 0 for orbit in orbits.atoms)
        matrix = orbits.matrix(points)
        for p in generators:
            assert (orbits.matrix(points[:, list(p)]) == matrix).all()


@given(
    st.integers(1, 6).flatmap(
        lambda columns: st.tuples(
            st.lists(st.lists(st.integers(-3, 3), min_size=columns, max_size=columns), min_size=1, max_size=8),
            st.lists(st.integers(-3, 3), min_size=8, max_size=8),
        )
    )
)
@settings(max_examples=150)
def test_linear_systems_are_solved_or_shown_unsolvable(case):
    rows, right = case
    matrix, target = np.array(rows, dtype=np.int64), right[: len(rows)]
    answer = solve_exactly(matrix, target)
    if isinstance(answer, dict):
        for row, value in zip(rows, target, strict=True):
            assert sum((c * row[j] for j, c in answer.items()), start=relucirc.core.exact.ZERO) == value
    else:
        assert isinstance(answer, Obstacle)
        weights = [int(c) for c in answer.row]
        assert all(sum(w * row[j] for w, row in zip(weights, rows, strict=True)) == 0 for j in range(matrix.shape[1]))
        assert sum(w * t for w, t in zip(weights, target, strict=True)) != 0


@pytest.mark.parametrize(
    ("formula", "hidden", "options"),
    [
        ("Min(x1, x2)", [3], {}),
        ("Abs(x)", [2], {}),
        ("clip(x, 0, 1)", [2], {"biases": (-1, 0, 1)}),
        ("Max(x1, x2, x3) - Min(x1, x2, x3)", [3], {}),
        ("Abs(x1 - x2)/2", [2], {"output_weights": ("-1/2", 0, "1/2")}),
    ],
)
def test_tiny_architectures_are_found(formula, hidden, options):
    pytest.importorskip("z3")
    found = search_architecture(formula, hidden, **options)
    assert found.network.sizes[1:-1] == tuple(hidden)
    assert not found.excluded
    assert relucirc.prove(found.network, formula).status == "proved"


@pytest.mark.parametrize(("formula", "hidden"), [("Min(x1, x2)", [2]), ("Abs(x)", [1]), ("Min(x1, x2)", [2, 1])])
def test_an_empty_architecture_says_exactly_what_it_excludes(formula, hidden):
    pytest.importorskip("z3")
    found = search_architecture(formula, hidden, weights=(-2, -1, 0, 1, 2))
    assert found.network is None
    assert found.excluded
    assert "not excluded" in found.reason
    for word in ("{-2, -1, 0, 1, 2}", "points"):
        assert word in found.reason


def test_architectures_that_are_not_small_are_refused():
    pytest.importorskip("z3")
    for hidden in ([], [0], [25], [1.5]):
        with pytest.raises(relucirc.RelucircError, match="hidden"):
            search_architecture("Abs(x)", hidden)
