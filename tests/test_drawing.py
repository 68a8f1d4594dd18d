"""Drawings are well-formed SVG that shows every neuron, and at a point values that are what they seem."""

from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


NUMBERS = st.one_of(
    st.fractions(-2, 2, max_denominator=100_000),
    st.fractions(),
    st.builds(lambda m, e: m * Fraction(10) ** e, st.fractions(-10, 10, max_denominator=1000), st.integers(-400, 400)),
)


def number_of(shown):
    """The number that a text shows, and half a unit of its last digit where it says that it is rounded."""
    plain = shown.replace("\u2212", "-").removeprefix("+")
    about = plain.startswith("\u2248")
    plain = plain.removeprefix("\u2248").removeprefix("+")
    mantissa, _, exponent = plain.partition("e")
    digits = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Fraction(plain), Fraction(10) ** -digits / 2 if about else 0


@given(st.lists(NUMBERS, min_size=4, max_size=4), NUMBERS)
def test_every_number_shown_is_the_value_or_the_value_rounded_and_says_so(weights, x):
    a, b, c, d = weights
    net = relucirc.MLP.from_arrays([([[a]], [b]), ([[c]], [d])], ["x"])
    hidden = max(0, a * x + b)
    numbers = [*(v for v in (a, c, b, d) if v), x, hidden, c * hidden + d]
    root = ElementTree.fromstring(relucirc.draw(net, at=[x]))
    shown = [node for node in root.findall(f".//{SVG}text") if node.text != "x"]
    assert len(shown) == len(numbers)
    exact = []
    for node in shown:
        value, half = number_of(node.text)
        title = node.find(f"{SVG}title")
        exact.append(value if title is None else Fraction(title.text))
        assert abs(value - exact[-1]) <= half
        assert len(node.text) <= 16  # a sign and a mark beside 14 characters
    assert sorted(exact) == sorted(numbers)


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


@pytest.mark.parametrize("name", ["net.png", "net", "net.svg.pdf", ".svg"])
def test_a_drawing_is_svg_and_saved_under_no_other_suffix(tmp_path, name):
    with pytest.raises(relucirc.FileError, match=r"expected a file name ending in \.svg"):
        relucirc.draw(relucirc.circuits.absolute()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_network_too_large_to_read_is_refused():
    with pytest.raises(relucirc.NetworkError, match="at most 400"):
        relucirc.draw(relucirc.MLP.from_arrays([([[1]] * 500, None)]))


def test_a_circuit_of_the_catalogue_is_drawn_as_its_network():
    assert relucirc.draw(catalogue["minimum"]) == relucirc.draw(catalogue["minimum"]())
