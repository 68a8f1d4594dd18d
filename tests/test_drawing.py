"""Drawings are well-formed SVG that shows every neuron, and exact values at a point."""

from xml.etree import ElementTree

import pytest
from hypothesis import given

import relucirc
from relucirc import strategies
from relucirc.circuits import catalogue

SVG = "{http://www.w3.org/2000/svg}"


@given(strategies.networks())
def test_every_neuron_is_a_circle_and_every_weight_a_line(net):
    root = ElementTree.fromstring(relucirc.draw(net))
    assert len(root.findall(f".//{SVG}circle")) == sum(net.sizes)
    weights = sum(len(row) for layer in net.exact().layers for row in layer.weight.rows)
    assert len(root.findall(f".//{SVG}line")) == weights


def texts(picture):
    return [node.text for node in ElementTree.fromstring(picture).findall(f".//{SVG}text")]


def test_a_point_shows_the_originals_worked_example():
    found = texts(relucirc.draw(relucirc.circuits.minimum(), at=(3, -5)))
    assert sorted(t for t in found if t in ("3", "-5", "0", "5")) == ["-5", "-5", "0", "0", "3", "5"]


def test_a_minus_is_wider_than_a_dash_of_the_line_that_it_stands_on():
    assert texts(relucirc.draw(relucirc.circuits.negative_identity())).count("\u22121") == 2


def test_families_and_names_are_written_safely():
    family = catalogue["identity"].family()
    assert {"w1", "w2", "1/w1"} <= set(texts(relucirc.draw(family)))
    odd = relucirc.MLP.from_arrays([([[1]], None)], ["größe"])
    assert "größe" in texts(relucirc.draw(odd, title="<a & b>"))


def test_a_drawing_is_saved_and_shown_in_notebooks(tmp_path):
    picture = relucirc.draw(relucirc.circuits.absolute())
    picture.save(tmp_path / "absolute.svg")
    assert (tmp_path / "absolute.svg").read_text("utf-8") == picture == picture._repr_svg_()
    with pytest.raises(relucirc.FileError, match="cannot write"):
        picture.save(tmp_path / "no" / "absolute.svg")


def test_a_network_too_large_to_read_is_refused():
    with pytest.raises(relucirc.NetworkError, match="at most 400"):
        relucirc.draw(relucirc.MLP.from_arrays([([[1]] * 500, None)]))


def test_a_circuit_of_the_catalogue_is_drawn_as_its_network():
    assert relucirc.draw(catalogue["minimum"]) == relucirc.draw(catalogue["minimum"]())
