"""Drawings of networks: every neuron and weight is there, every number is the value, and nothing lies on another."""

import pickle
from fractions import Fraction
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc import strategies
from relucirc.circuits import catalogue
from relucirc.interpretation.features import Feature
from relucirc.pictures.boxes import groups_of
from relucirc.pictures.numbers import number
from relucirc.pictures.palette import DARK, LIGHT
from relucirc.pictures.shapes import Disc, Line, Text, bounds_of, overlap, text_width

SVG = "{http://www.w3.org/2000/svg}"


def elements(picture, kind):
    """The elements of a picture that stand for something."""
    root = ElementTree.fromstring(picture)
    return [node for node in root.iter() if kind in node.get("class", "").split()]


def texts(picture):
    return [node.text for node in ElementTree.fromstring(picture).findall(f".//{SVG}text")]


@given(strategies.networks())
def test_every_neuron_is_a_circle_and_every_weight_and_bias_a_line(net):
    picture = relucirc.draw(net, summary=False)
    assert len(elements(picture, "neuron")) == sum(net.sizes)
    assert {node.tag for node in elements(picture, "neuron")} == {f"{SVG}circle"}
    layers = net.exact().layers
    assert len(elements(picture, "weight")) == sum(len(row) for layer in layers for row in layer.weight.rows)
    biases = [sum(b != 0 for b in layer.exact_bias()) for layer in layers]
    assert len(elements(picture, "bias")) == sum(biases)
    assert len(elements(picture, "one")) == sum(map(bool, biases))


def test_a_point_shows_the_originals_worked_example():
    picture = relucirc.draw(relucirc.circuits.minimum(), at=(3, -5))
    shown = [node.text for node in elements(picture, "value")]
    assert shown == ["3", "\u22125", "0", "\u22125", "5", "5", "0", "\u22128", "\u22125"]  # after relu, before it


def test_a_hidden_circle_is_cut_in_two_with_the_value_above():
    scene = relucirc.draw(relucirc.circuits.identity(), at=(-7,)).scene
    after, before = [shape for shape in scene.shapes if isinstance(shape, Text) and shape.kind == "value"][3:5]
    circle = next(shape for shape in scene.shapes if isinstance(shape, Disc) and shape.name == "h1.2")
    assert (after.text, before.text) == ("7", "7")
    assert circle.y - circle.r < after.y < circle.y < before.y < circle.y + circle.r


def test_lines_of_a_greaterness_detector_stand_out_where_it_is_active_only():
    def width(at):
        shapes = relucirc.draw(relucirc.circuits.minimum(), at=at).scene.shapes
        (line,) = [shape for shape in shapes if shape.name == "x2 h1.3" and isinstance(shape, Line)]
        return line.width

    assert width((-5, 3)) > width((3, -5))


NUMBERS = st.one_of(
    st.fractions(-2, 2, max_denominator=100_000),
    st.fractions(),
    st.builds(lambda m, e: m * Fraction(10) ** e, st.fractions(-10, 10, max_denominator=1000), st.integers(-400, 400)),
)


def number_of(shown):
    """The number that a text shows, and half a unit of its last digit where it says that it is rounded."""
    about = shown.startswith("\u2248")
    plain = shown.removeprefix("\u2248").replace("\u2212", "-")
    mantissa, _, exponent = plain.partition("e")
    digits = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Fraction(plain), Fraction(10) ** -digits / 2 if about else 0


def values_of(nodes):
    """The exact values that texts show, after a look at what is drawn."""
    exact = []
    for node in nodes:
        value, half = number_of(node.text)
        title = node.find(f"{SVG}title")
        exact.append(value if title is None else Fraction(title.text))
        assert abs(value - exact[-1]) <= half
        assert len(node.text) <= 11
    return sorted(exact)


@pytest.mark.parametrize("direction", ["up", "right"])
@given(st.lists(NUMBERS, min_size=4, max_size=4), NUMBERS)
def test_every_number_shown_is_the_value_or_the_value_rounded_and_says_so(direction, weights, x):
    a, b, c, d = weights
    net = relucirc.MLP.from_arrays([([[a]], [b]), ([[c]], [d])], ["x"])
    picture = relucirc.draw(net, at=[x], direction=direction)
    before = a * x + b
    hidden = max(0, before)
    assert values_of(elements(picture, "value")) == sorted([x, hidden, before, c * hidden + d])
    assert values_of(elements(picture, "number")) == sorted(v for v in weights if v)


def test_a_wide_network_at_a_point_is_narrow_enough_to_be_read():
    wide = [
        ([[(-1) ** (i + j) * (i + j + 1) for j in range(a)] for i in range(b)], [i + 1 for i in range(b)])
        for a, b in ((3, 16), (16, 16), (16, 1))
    ]
    picture = relucirc.draw(relucirc.MLP.from_arrays(wide), at=(1, 2, 3))
    assert picture.scene.width < 1000
    names = [shape for shape in picture.scene.shapes if isinstance(shape, Text) and shape.kind == "name"]
    assert {name.text for name in names} == {"x1", "x2", "x3", "y"}
    (circle,) = [shape for shape in picture.scene.shapes if isinstance(shape, Disc) and shape.name == "h1.1"]
    assert "threshold" in circle.hover
    assert "before relu" in circle.hover


@pytest.mark.parametrize(("inputs", "width"), [(3, 4), (3, 16), (12, 4)])
def test_names_of_inputs_stand_apart_at_a_point(inputs, width):
    names = [f"wwwwwwwwwww{chr(97 + i)}ww" for i in range(inputs)]
    net = relucirc.MLP.from_arrays([([[1] * inputs] * width, None), ([[1] * width], None)], names)
    written = [s for s in relucirc.draw(net, at=range(inputs)).scene.shapes if isinstance(s, Text) and s.text in names]
    assert len(written) == inputs
    assert not any(overlap(a.bounds, b.bounds) for a, b in combinations(written, 2))


def test_an_output_shows_its_value_and_no_cut_fraction():
    net = relucirc.MLP.from_arrays([([["-0.24995"]], None)])
    assert "\u2248\u22120.250" in texts(relucirc.draw(net, at=(1,)))
    assert number(relucirc.core.exact.rational("9.999e-9")).text == "\u22481.00e-8".replace("-", "\u2212")


@pytest.mark.parametrize("direction", ["up", "right"])
@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("name", sorted(catalogue))
def test_no_text_lies_on_another_nor_on_a_circle_that_is_not_its_own(name, traced, direction):
    net = catalogue[name]()
    if max(net.sizes) > 8 or len(net.sizes) > 5:
        pytest.skip("too large to be read number by number")
    scene = relucirc.draw(net, direction=direction, at=[1] * len(net.inputs) if traced else None).scene
    written = [shape for shape in scene.shapes if isinstance(shape, Text)]
    for a, b in combinations(written, 2):
        assert not overlap(a.bounds, b.bounds), (a.text, b.text)
    circles = [shape for shape in scene.shapes if isinstance(shape, Disc)]
    outside = [text for text in written if text.kind in ("number", "name", "caption")]
    assert not [(t.text, c.name) for t in outside for c in circles if overlap(t.bounds, bounds_of(c))]
    for shape in scene.shapes:
        left, top, right, bottom = bounds_of(shape)
        assert 0 <= left <= right <= scene.width
        assert 0 <= top <= bottom <= scene.height


def test_letters_are_no_wider_than_the_layout_takes_them_to_be():
    pytest.importorskip("matplotlib")
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    for text in ("\u2248\u22120.0123", "x12 > x34", "minimum circuit", "MLP @ 100%", "wm", "200,704 weights"):
        box = TextPath((0, 0), text, size=100, prop=FontProperties(family="DejaVu Sans")).get_extents()
        assert box.width <= text_width(text, 100)


def test_a_minus_is_wider_than_a_dash_of_the_line_that_it_stands_on():
    assert texts(relucirc.draw(relucirc.circuits.negative_identity())).count("\u22121") == 2


def test_hidden_neurons_say_what_they_detect():
    assert {"+(x2)", "\u2212(x2)", "x2 > x1"} <= set(texts(relucirc.draw(relucirc.circuits.minimum())))


def test_circuits_of_a_layer_are_boxes_in_boxes():
    shapes = relucirc.draw(relucirc.circuits.minimum()).scene.shapes
    outer, inner = [bounds_of(shape) for shape in shapes if shape.kind == "circuit"]
    assert outer[0] < inner[0] < inner[2] < outer[2]
    assert outer[1] < inner[1] < inner[3] < outer[3]
    inside = [s.name for s in shapes if isinstance(s, Disc) and overlap(bounds_of(s), inner)]
    assert inside == ["h1.1", "h1.2"]
    assert not elements(relucirc.draw(relucirc.circuits.minimum(), circuits=False), "circuit")


def test_neurons_that_nothing_needs_are_faint():
    net = relucirc.MLP.from_arrays([([[1], [-1], [1]], [0, 0, -1]), ([[1, -1, 0]], None)])
    faint = [s.name for s in relucirc.draw(net).scene.shapes if isinstance(s, Disc) and s.opacity < 1]
    assert faint == ["h1.3"]
    twice = relucirc.MLP.from_arrays([([[1], [-1], [1], [-1]], None), ([[1, -1, -1, 1]], None)])
    told = relucirc.explain(twice, budget=20)
    faint = [
        s.name for s in relucirc.draw(twice, explanation=told).scene.shapes if isinstance(s, Disc) and s.opacity < 1
    ]
    assert faint == [f"h{r.layer}.{r.neuron}" for r in told.redundant] != []


def test_families_and_names_are_written_safely():
    family = catalogue["identity"].family()
    assert {"w1", "w2", "1/w1"} <= set(texts(relucirc.draw(family)))
    odd = relucirc.MLP.from_arrays([([[1]], None)], ["größe"])
    assert "größe" in texts(relucirc.draw(odd, title="<a & b>"))
    hostile = relucirc.draw(odd, title="a\x00\x1b\ud800\ufffe]]>--></title><script>b")
    assert ElementTree.fromstring(hostile)[0].text == "a" + 4 * "\ufffd" + "]]>--></title><script>b"


def test_a_large_network_is_drawn_by_its_layers():
    net = relucirc.MLP.from_arrays([([[k + 1] for k in range(500)], None), ([["1/3"] * 500], [7])])
    shown = texts(relucirc.draw(net))
    assert {"1 input", "500 hidden neurons", "1 output", "500 weights", "from 1 to 500", "from 1/3 to 1/3"} <= set(
        shown
    )
    assert "biases 7 to 7" in shown
    with pytest.raises(relucirc.NetworkError, match="at most 400 inputs and neurons for a drawing of each, got 502"):
        relucirc.draw(net, summary=False)


def test_a_summary_of_a_family_says_how_many_symbols_it_has():
    shown = set(texts(relucirc.draw(catalogue["minimum"].family(), summary=True)))
    assert {"6 weights, 2 zero", "from 3 symbols", "3 weights"} <= shown


def test_a_summary_counts_what_is_there():
    net = relucirc.MLP.from_arrays([([[1, 0], [0, -2]], None), ([[0, "1/2"]], None)])
    shown = set(texts(relucirc.draw(net, summary=True)))
    assert {"4 weights, 2 zero", "from \u22122 to 1", "2 hidden neurons, 1 unread", "from 0 to 1/2"} <= shown


@pytest.mark.parametrize(
    ("wrong", "said"), [({"direction": "down"}, "expected up or right"), ({"theme": "blue"}, "auto, light, dark")]
)
def test_other_directions_and_themes_are_refused(wrong, said):
    with pytest.raises(relucirc.RelucircError, match=said):
        relucirc.draw(relucirc.circuits.absolute(), **wrong)


def test_a_circuit_of_the_catalogue_is_drawn_as_its_network():
    assert relucirc.draw(catalogue["minimum"]) == relucirc.draw(catalogue["minimum"]())


def test_a_drawing_is_text_that_can_be_copied():
    picture = relucirc.draw(relucirc.circuits.absolute())
    assert pickle.loads(pickle.dumps(picture)) == picture == picture._repr_svg_()
    assert repr(picture).startswith("<drawing of a network of sizes 1-2-1, ")


# Files


def test_each_suffix_writes_what_it_says(tmp_path):
    pytest.importorskip("matplotlib")
    picture = relucirc.draw(relucirc.circuits.absolute())
    for suffix in (".svg", ".pdf", ".png", ".tex"):
        picture.save(tmp_path / f"absolute{suffix}")
    assert (tmp_path / "absolute.svg").read_text("utf-8") == picture
    assert (tmp_path / "absolute.pdf").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "absolute.png").read_bytes().startswith(b"\x89PNG")
    written = (tmp_path / "absolute.tex").read_text("utf-8")
    assert written.count(r"\begin{tikzpicture}") == written.count(r"\end{tikzpicture}") == 1
    assert written.count("{") == written.count("}")
    assert "{$-$(x)}" in written
    assert "\u2212" not in written
    with pytest.raises(relucirc.FileError, match="cannot write"):
        picture.save(tmp_path / "no" / "absolute.svg")


def test_a_png_has_twice_the_pixels_and_the_pictures_colours(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    for theme, light in (("auto", 1.0), ("dark", 0.1)):
        picture = relucirc.draw(relucirc.circuits.absolute(), theme=theme)
        picture.save(tmp_path / "absolute.png")
        pixels = imread(tmp_path / "absolute.png")
        assert pixels.shape[:2] == (2 * picture.scene.height, 2 * picture.scene.width)
        assert abs(pixels[0, 0, 0] - light) < 0.1


@pytest.mark.parametrize("name", ["net.jpg", "net", "net.svg.gz", ".svg"])
def test_a_drawing_is_saved_under_no_other_suffix(tmp_path, name):
    with pytest.raises(relucirc.FileError, match=r"expected a file name ending in \.svg, \.pdf, \.png or \.tex"):
        relucirc.draw(relucirc.circuits.absolute()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_one_sentence_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(relucirc.RelucircError, match=r"a drawing as \.png needs matplotlib: pip install"):
        relucirc.draw(relucirc.circuits.absolute()).save(tmp_path / "absolute.png")


# Light and dark


def test_colours_follow_the_reader_unless_they_are_fixed():
    net = relucirc.circuits.absolute()
    auto, light, dark = (relucirc.draw(net, theme=theme) for theme in ("auto", "light", "dark"))
    assert ":root.relucirc-auto{color-scheme:light dark}" in auto
    assert "<style>" not in light + dark
    assert "#ffffff" in light
    assert "#ffffff" not in dark
    roles = {
        name for node in ElementTree.fromstring(auto).iter() for name in node.get("class", "").split() if "-" in name
    }
    for role in roles - {"relucirc-auto"}:
        kind, _, colour = role.partition("-")
        colour = colour.replace("-", " ")
        pair = f"light-dark({LIGHT[colour]},{DARK[colour]})"
        assert f".relucirc-auto .{role}{{{'fill' if kind == 'f' else 'stroke'}:{pair}}}" in auto


# Boxes


def test_of_circuits_that_share_a_part_only_one_has_a_box():
    pair, other, whole = (Feature(f"{n} circuit", 1, n, ()) for n in ((1, 2), (2, 3), (1, 2, 3, 4)))
    above = Feature("circuit above", 2, (2, 3))
    assert [(g.neurons, g.depth) for g in groups_of([whole, other, pair, above])] == [
        ((1, 2), 0),
        ((1, 2), 0),
        ((0, 1, 2, 3), 1),
    ]
