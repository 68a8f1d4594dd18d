"""``compare``: the verdict, and where two networks part, known from how the second was made."""

import random
from fractions import Fraction

import disguises
import jax
import numpy as np
import pytest
import sympy
from flint import fmpq
from hard import random_network
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, NetworkError, RelucircError, circuits, compare
from relucirc.cli import main
from relucirc.measure.comparing.difference import changed_layers
from relucirc.measure.comparing.reaching import points_of_change

BOX = Box(-1, 1)


def arrays_of(net):
    return [(np.array(layer.weight), np.array(layer.bias)) for layer in net.layers]


def shifted(net, layer, row, column):
    """The network with one weight, or the bias after the last one, greater by one unit in its last place."""
    arrays = arrays_of(net)
    table, at = (arrays[layer][1], row) if column == net.sizes[layer] else (arrays[layer][0], (row, column))
    table[at] = np.nextafter(table[at], np.float32(np.inf))
    return MLP.from_arrays(arrays, net.inputs)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_a_weight_moved_by_one_unit_in_the_last_place_is_found_and_located(seed, data):
    sizes = data.draw(st.sampled_from([(2, 3, 1), (3, 4, 4, 2), (2, 3, 3, 3, 1)]))
    net = random_network(sizes, seed)
    layer = data.draw(st.integers(0, len(sizes) - 2))
    row = data.draw(st.integers(0, sizes[layer + 1] - 1))
    column = data.draw(st.integers(0, sizes[layer]))
    other = shifted(net, layer, row, column)
    found = compare(net, other, budget=20.0)
    (changed,) = found.changed_layers
    assert (changed.layer, changed.weights) == (layer, ((row, column),))
    assert found.rewrites == ()
    if found.status == "equal":  # the neuron has no share in the outputs, or is off wherever the layers below let it be
        where = found.first_difference
        assert where is None or (where.layer, where.neurons, where.others) == (layer, (row,), (row,))
        return
    assert found.status == "different"
    point = [found.witness[name] for name in net.inputs]
    assert net.at(*point) != other.at(*point)
    values = net.at(*point)
    assert found.value == (values[0] if len(values) == 1 else list(values))
    where = found.first_difference
    if where.layer == layer:
        assert where.neurons == where.others == (row,)
        assert where.of_outputs == (layer == len(sizes) - 2)
    else:  # always off or always on, and what reads it sees a difference
        assert where.layer == layer + 1


WAYS = {
    "permuted": disguises.permute,
    "scaled": disguises.scale,
    "split": disguises.split,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(8))
def test_what_was_done_to_a_network_is_named_and_leaves_it_equal(way, seed):
    net = random_network((3, 5, 4, 1), seed)
    layers, rng = disguises.layers_of(net), random.Random(seed)
    layer = seed % 2
    WAYS[way](layers, layer, rng)
    other = MLP.from_arrays(layers, net.inputs)
    found = compare(net, other)
    assert (found.status, found.deviation, found.first_difference) == ("equal", 0, None)
    kinds = {rewrite.kind for rewrite in found.rewrites}
    assert kinds <= {way} or (way == "split" and kinds <= {"split", "permuted"})
    assert kinds or layers == disguises.layers_of(net)
    assert all(at[0] == layer for rewrite in found.rewrites for at in rewrite.neurons)
    back = compare(other, net)
    assert back.status == "equal"
    assert (way == "split" and {r.kind for r in back.rewrites} == {"merged"}) or kinds == {
        r.kind for r in back.rewrites
    }


def test_dead_neurons_and_layers_that_pass_everything_on_are_named():
    net = random_network((3, 5, 4, 1), 3)
    layers = disguises.layers_of(net)
    disguises.pad(layers, 0, random.Random(1))
    disguises.insert(layers, 2, random.Random(1))
    found = compare(net, MLP.from_arrays(layers, net.inputs))
    assert (found.status, found.first_difference) == ("equal", None)
    told = {rewrite.kind: rewrite.text for rewrite in found.rewrites}
    assert told["layers"] == "2 hidden layers became 3"
    assert "off" in told


def test_neurons_that_are_off_are_found_in_wide_layers_too():
    """What they read are hinges and opposites of hinges, which a linear program in floats does not add up exactly."""
    net = random_network((5, 50, 50, 2), 4)
    (weight, bias), (above, over) = arrays_of(net)[1:]
    rng = np.random.default_rng(0)
    off = -abs(rng.normal(size=(3, 50))).astype(np.float32)
    reads = np.concatenate([above, rng.normal(size=(2, 3)).astype(np.float32)], axis=1)
    grown = [arrays_of(net)[0], (np.concatenate([weight, off]), np.concatenate([bias, np.zeros(3, np.float32)]))]
    found = compare(MLP.from_arrays([*grown, (reads, over)]), net)
    assert (found.status, found.first_difference) == ("equal", None)
    assert [str(rewrite) for rewrite in found.rewrites] == ["3 neurons always off left out"]
    assert relucirc.check(*found.networks, found.certificate)


def test_a_difference_that_grows_for_ever_is_seen_from_the_point_that_was_found():
    net = random_network((20, 30, 30, 2), 1)
    for layer in range(3):
        arrays = arrays_of(net)
        arrays[layer][0][1, 3] = np.nextafter(arrays[layer][0][1, 3], np.float32(9))
        found = compare(net, MLP.from_arrays(arrays, net.inputs))
        assert (found.status, found.deviation, found.lower) == ("different", sympy.oo, sympy.oo)
    arrays[2][0][1, 3], arrays[2][1][1] = arrays_of(net)[2][0][1, 3], arrays[2][1][1] + np.float32(0.5)
    found = compare(net, MLP.from_arrays(arrays, net.inputs), budget=2.0)
    gap = abs(found.value[1] - found.other_value[1])
    assert found.status == "different"
    assert 0 < gap <= found.lower <= found.upper


def test_a_large_network_that_was_folded_with_rounding_is_told_apart():
    """Its exact weights are quotients with long denominators, which are not rewritten before a point is looked at."""
    arrays = arrays_of(random_network((30, 80, 40, 2), 7))
    scales = [
        np.random.default_rng(k).uniform(0.5, 2, (len(w), 1)).astype(np.float32) for k, (w, _) in enumerate(arrays)
    ]
    exact = [
        ([[Fraction(float(c)) / Fraction(float(s)) for c in row] for row, (s,) in zip(w, scale, strict=True)], b)
        for (w, b), scale in zip(arrays, scales, strict=True)
    ]
    net = MLP.from_arrays(exact)
    folded = MLP.from_arrays([(w / s, b) for (w, b), s in zip(arrays, scales, strict=True)])
    found = compare(net, folded, budget=5.0)
    assert found.status == "different"
    point = [found.witness[name] for name in net.inputs]
    assert list(net.at(*point)) == list(found.value) != list(found.other_value) == list(folded.at(*point))
    assert (found.first_difference.layer, len(found.first_difference.neurons)) == (0, 80)
    on_box = compare(net, folded, Box(1, 2), budget=2.0)
    assert on_box.status == "different"
    assert all(1 <= c <= 2 for c in on_box.witness.values())


def test_points_are_found_where_a_number_that_was_changed_matters():
    """The neuron is on only in a wedge behind x1 = 21."""
    net = MLP.from_arrays([([[1, 0], [1, 1]], [-20, 0]), ([[1, -8]], [-1]), ([[1]], None)])
    other = MLP.from_arrays([([[1, 0], [1, 1]], [-20, 0]), ([["1.001", -8]], [-1]), ([[1]], None)])
    changed = changed_layers(net, other)
    for box in ([(None, None)] * 2, [(fmpq(-30), fmpq(30))] * 2):
        found = next(p for p in points_of_change(net, changed, box) if net.at(*p) != other.at(*p))
        assert found[0] >= 21
        assert all(abs(c) <= 30 for c in found) or box[0][0] is None
    assert not list(points_of_change(net, changed, [(fmpq(-20), fmpq(20))] * 2))


def test_an_identity_written_by_two_neurons_is_the_same_function():
    folded = MLP.from_arrays([([[2, -1], [1, 1]], [1, 0]), ([[1, 3]], [0])])
    unfolded = MLP.from_arrays(
        [
            ([[1, 0], [-1, 0], [0, 1], [0, -1]], None),
            ([[2, -2, -1, 1], [1, -1, 1, -1]], [1, 0]),
            ([[1, 3]], [0]),
        ]
    )
    found = compare(folded, unfolded)
    assert (found.status, found.first_difference) == ("equal", None)
    assert "1 hidden layer became 2" in str(found)


def test_within_a_tolerance_is_proved_and_checked_and_beyond_it_refuted():
    net = random_network((2, 4, 1), 5)
    other = MLP.from_arrays([(w.astype(np.float16).astype(np.float32), b) for w, b in arrays_of(net)], net.inputs)
    exact = relucirc.max_deviation(net, other, BOX).value
    near = compare(net, other, BOX, within=exact)
    assert (near.status, near.deviation) == ("within", exact)
    assert relucirc.check(*near.networks, near.certificate, BOX, within=exact)
    assert not relucirc.check(*near.networks, near.certificate, BOX, within=exact - sympy.Rational(1, 2**60))
    far = compare(net, other, BOX, within=exact - sympy.Rational(1, 2**60))
    assert far.status == "different"
    assert abs(far.value - far.other_value) > exact - sympy.Rational(1, 2**60)


def test_inputs_of_other_names_are_taken_in_order_and_of_the_same_names_by_name():
    net = MLP.from_arrays([([[1, -2]], None), ([[1]], None)], ("a", "b"))
    assert compare(net, MLP.from_arrays(net.layers, ("u", "v"))).status == "equal"
    swapped = MLP.from_arrays([([[-2, 1]], None), ([[1]], None)], ("b", "a"))
    found = compare(net, swapped)
    assert (found.status, found.first_difference) == ("equal", None)
    assert compare(net, MLP.from_arrays(net.layers, ("b", "a"))).status == "different"


def test_formulas_and_functions_compare_as_well():
    assert compare(circuits.minimum(), "Min(x1, x2)").status == "equal"
    found = compare(circuits.minimum(), "Min(x1, x2) + 1/2")
    assert (found.status, found.deviation, found.first_difference) == ("different", sympy.Rational(1, 2), None)


def test_a_model_is_compared_with_the_file_that_was_made_of_it(tmp_path):
    equinox = pytest.importorskip("equinox")
    model = equinox.nn.MLP(2, 1, 4, 2, key=jax.random.key(0))
    path = tmp_path / "model.onnx"
    relucirc.save(MLP.from_arrays(model, ("pressure", "heat")), path)
    found = compare(model, path)
    assert (found.status, found.changed_layers) == ("equal", ())
    changed = MLP.from_arrays([(w, b + np.float32(1)) for w, b in arrays_of(relucirc.load(path))])
    assert compare(path, changed, BOX, within=100).status == "within"


@pytest.mark.parametrize("within", ["nan", "-1", "near", float("inf")])
def test_a_tolerance_that_is_none_is_refused_also_between_equal_networks(within):
    with pytest.raises(RelucircError, match="within"):
        compare(circuits.minimum(), circuits.minimum(), within=within)


def test_networks_of_other_sizes_are_refused_in_one_sentence():
    with pytest.raises(NetworkError, match="as many inputs and outputs, got 2 and 1 of the first, 3 and 1 of the sec"):
        compare(circuits.minimum(), circuits.minimum(3))


def test_when_the_time_ends_what_is_known_is_the_answer():
    net = random_network((5, 50, 50, 5))
    arrays = arrays_of(net)
    arrays[1][0][7, 3] += np.float32(1e-3)
    found = compare(net, MLP.from_arrays(arrays, net.inputs), BOX, within="1/100000", budget=2.0)
    assert found.status in ("unknown", "different")
    assert found.lower <= found.upper
    assert found.first_difference is None or (found.first_difference.layer, found.first_difference.neurons) == (1, (7,))
    assert str(found).endswith(".") or "\n" in str(found)


def test_exact_weights_that_differ_by_little_are_told_from_floats():
    net = MLP.from_arrays([([["1/3", 1]], None), ([[1]], None)])
    other = MLP.from_arrays([([[float(Fraction(1, 3)), 1]], None), ([[1]], None)])
    (changed,) = compare(net, other).changed_layers
    assert changed.weights == ((0, 0),)
    assert changed.largest == abs(sympy.Rational(1, 3) - sympy.Rational(1 / 3))


@pytest.mark.parametrize(
    ("other", "more", "status"),
    [("minimum", (), 0), ("Max(x1, x2)", (), 1), ("x1", ("--domain", "0 <= x1 <= 1, x2 == 1", "--within", "1/2"), 0)],
)
def test_the_command_exits_as_the_answer_is(other, more, status, capsys):
    assert main(["compare", "minimum", other, *more]) == status
    assert capsys.readouterr().out.startswith("equal" if status == 0 else "different")


def two(read_out, other, hidden=((1, 0), (0, 1)), inputs=("x", "y")):
    """Two networks of two hidden neurons that differ in their last layers."""
    biases = [0] * len(hidden)
    return [MLP.from_arrays([(hidden, biases), ([row], [0])], inputs=inputs) for row in (read_out, other)]


@pytest.mark.parametrize("budget", [0.002, 0.004, 0.008, 0.02, 5])
def test_a_budget_that_ends_does_not_make_near_networks_different(budget):
    pair = two([1, 1], [1, 2], [[1], [-1]], ("x",))
    assert compare(*pair, {"x": (-1, 1)}, within=5, budget=budget).status in ("unknown", "within")


def test_a_point_that_is_further_apart_than_asked_is_enough():
    found = compare(*two([1, 1], [1, 2], [[1], [-1]], ("x",)), {"x": (-1, 1)}, within="1/2")
    assert (found.status, found.lower) == ("different", 1)


@pytest.mark.filterwarnings("error")
def test_numbers_that_floats_do_not_hold_are_compared():
    huge = 10**400
    assert compare(*two([1, 1], [1, 2]), {"x": (-huge, huge), "y": (-huge, huge)}).status == "different"
    assert compare(*two([0, 1], [0, 1]), "x >= 1e300").status == "equal"
    assert compare(*two([1, 1], [2, 1], [[huge, 0], [0, 1]]), {"x": (0, 1), "y": (0, 1)}).status == "different"


def test_a_relation_is_not_compared_with():
    with pytest.raises(RelucircError, match="got the relation y >= 1"):
        compare(circuits.minimum(), "y >= 1")
