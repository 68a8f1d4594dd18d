"""What a comparison says of names and of neurons is true."""

import pytest

from relucirc import MLP, NetworkError, compare

FIRST = [([[1, 0]], None)]


def test_inputs_are_taken_by_name_or_in_order_but_not_half_and_half():
    net = MLP.from_arrays(FIRST, ("a", "b"))
    assert compare(net, MLP.from_arrays([([[0, 1]], None)], ("b", "a"))).status == "equal"
    assert compare(net, MLP.from_arrays(FIRST, ("u", "v"))).status == "equal"
    with pytest.raises(NetworkError, match="or with none in common, got a, b and b, c"):
        compare(net, MLP.from_arrays(FIRST, ("b", "c")))


def test_networks_that_are_equal_everywhere_are_not_said_to_differ_somewhere():
    nested = MLP.from_arrays([([[1, -1], [-1, 1]], None), ([[1, 1]], [-1]), ([[1]], None)])
    flat = MLP.from_arrays([([[1, -1], [-1, 1]], [-1, -1]), ([[1, 1]], None)])
    found = compare(nested, flat)
    assert found.status == "equal"
    assert str(found.first_difference) == "layer 0, neurons 0, 1"
    assert "by other neurons from layer 0, neurons 0, 1 on" in str(found)
    assert "differ" not in str(found)
