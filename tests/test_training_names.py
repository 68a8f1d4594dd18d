"""What became of networks gets its name: failures by kind, circuits by symmetry and feature."""

import numpy as np
import pytest
from flint import fmpq
from trained import GRID, SQUARE, STUCK, batch_of, circuit_of

import relucirc
from relucirc import MLP
from relucirc.interpretation.batch import stacked, to_networks
from relucirc.interpretation.failures import group_failures
from relucirc.interpretation.features import features_of
from relucirc.interpretation.neurons import by_neurons
from relucirc.interpretation.symmetry import find_symmetries, orbit_key
from relucirc.interpretation.target import read_target

# Failures


def test_stuck_networks_made_by_hand_get_their_kinds():
    target = read_target("Min(x1, x2)", (2, 3, 1))
    wanted = target.values(GRID)
    stack = stacked(to_networks(batch_of(list(STUCK.values())), target.names))
    relative = np.array([0.3, 0.2, 0.2, np.nan, 1e-5])
    symmetries = find_symmetries(target.graph, SQUARE)
    found = group_failures(stack, np.arange(5), relative, GRID, wanted, symmetries, target.names)
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
    stack = stacked(to_networks(batch_of([(hidden, read), (mirrored, read), other]), target.names))
    symmetries = find_symmetries(target.graph, SQUARE)
    found = group_failures(stack, np.arange(3), np.full(3, 0.3), GRID, wanted, symmetries, target.names)
    assert [(failure.seeds, failure.count) for failure in found] == [((0, 1), 2), ((2,), 1)]
    without = group_failures(stack, np.arange(3), np.full(3, 0.3), GRID, wanted, symmetries[:1], target.names)
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
    corners = [tuple(fmpq(int(c)) for c in corner) for corner in np.array(np.meshgrid(*[[-1, 1]] * len(names))).reshape(len(names), -1).T]  # fmt: skip  # noqa: E501
    assert len(find_symmetries(target.graph, corners)) == count


def test_a_domain_without_the_symmetry_does_not_have_it():
    target = read_target("Min(x1, x2)", (2, 1))
    corners = [tuple(map(fmpq, corner)) for corner in ((0, 0), (0, 1), (2, 0), (2, 1))]
    assert len(find_symmetries(target.graph, corners)) == 1


def test_the_two_minimum_circuits_are_mirror_images_and_the_third_is_not():
    target = read_target("Min(x1, x2)", (2, 1))
    symmetries = find_symmetries(target.graph, SQUARE)
    keys = []
    for hidden, read in (
        ([[1, 0], [-1, 0], [1, -1]], [1, -1, -1]),
        ([[0, 1], [0, -1], [-1, 1]], [1, -1, -1]),
        ([[1, 1], [-1, -1], [1, -1], [-1, 1]], [0.5, -0.5, -0.5, -0.5]),
    ):
        net = MLP.from_arrays([(np.float32(hidden), None), (np.float32([read]), None)], ("x1", "x2"))
        circuit = circuit_of(by_neurons, net, 0.0, SQUARE)
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
