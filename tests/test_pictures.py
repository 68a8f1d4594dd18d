"""Pictures of what networks compute: what they show is what is so, and can be read."""

import pickle
import random
import re
import sys
from fractions import Fraction
from itertools import chain, combinations, pairwise
from types import SimpleNamespace

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import strategies
from relucirc.core.exact import fraction
from relucirc.interpretation.front import front
from relucirc.measure.bounds import Bounds
from relucirc.pictures import (
    draw_bounds,
    draw_census,
    draw_circuits,
    draw_deviation,
    draw_front,
    draw_graph,
    draw_recurring,
    draw_regions,
    draw_snapped,
)
from relucirc.pictures.chart import decades, ticks
from relucirc.pictures.shapes import Disc, Line, Rect, Text, bounds_of, overlap

TRAINED = relucirc.circuits.trained()["minimum"].network
TWO_LAYERS = relucirc.MLP.from_arrays(
    [
        ([[1, 0], [0, 1], [1, -1]], ["1/4", 0, 0]),
        ([[1, 1, -1], [-1, 2, 1]], ["-1/2", 0]),
        ([[1, 1]], None),
    ]
)


def read(text, inputs):
    """The formula that a picture shows, as SymPy; without what says that it is rounded."""
    plain = text.removeprefix("\u2248 ").replace("\u2212", "-")
    plain = re.sub(r"(\d) ([a-z])", r"\1*\2", plain)
    return sympy.sympify(plain, rational=True, locals={name: sympy.Symbol(name) for name in inputs})


def marks(picture, kind):
    return [shape for shape in picture.chart.marks if shape.kind == kind]


def assert_readable(picture):
    """No text lies on another, and nothing is cut off."""
    written = [shape for shape in picture.scene.shapes if isinstance(shape, Text)]
    for a, b in combinations(written, 2):
        assert not overlap(a.bounds, b.bounds), (a.text, b.text)
    for shape in picture.scene.shapes:
        left, top, right, bottom = bounds_of(shape)
        assert -0.01 <= left <= right <= picture.scene.width + 0.01
        assert -0.01 <= top <= bottom <= picture.scene.height + 0.01


# Graphs


@settings(max_examples=40)
@given(strategies.networks(max_inputs=1, outputs=1, max_width=4, max_depth=3), st.data())
def test_a_graph_has_the_networks_kinks_and_pieces(net, data):
    picture = draw_graph(net, f"-3 <= {net.inputs[0]} <= 5")
    kinks = marks(picture, "kink")
    dots = [shape for shape in kinks if isinstance(shape, Disc)]
    pieces = relucirc.regions(net, f"-3 <= {net.inputs[0]} <= 5").linear_pieces
    assert_readable(picture)
    if len(pieces) > 12:
        return
    assert len(dots) == len(pieces) - 1
    for dot in dots:
        x, y = dot.hover.partition(":")[0].strip("()").replace("\u2212", "-").split(", ")
        assert net.at(Fraction(x)) == (sympy.Rational(y),)
    (curve,) = marks(picture, "graph")
    x = data.draw(st.sampled_from(curve.points))[0]
    assert abs(float(net.at(x)[0]) - dict(curve.points)[x]) <= 1e-6 * max(1, abs(dict(curve.points)[x]))
    for key in picture.chart.keys:
        where, _, formula = key.text.partition(":  ")
        exact = read(key.hover or formula, net.inputs)
        ends = [
            Fraction(word.replace("\u2212", "-"))
            for word in where.split(" \u2264 ")
            if word not in (*net.inputs, "everywhere") and not word.startswith("\u2248")
        ]
        for end in ends:
            assert net.at(end)[0] == exact.subs(sympy.Symbol(net.inputs[0]), sympy.Rational(end))


def test_a_graph_names_its_kinks_and_pieces():
    picture = draw_graph(relucirc.circuits.hat(), "-2 <= x <= 2")
    assert {"(\u22121, 0) h1.1", "(0, 1) h1.2", "(1, 0) h1.3"} == {
        shape.text for shape in marks(picture, "kink") if isinstance(shape, Text)
    }
    assert sorted(shape.text for shape in marks(picture, "piece")) == ["0", "0", "x + 1", "\u2212x + 1"]


def test_a_graph_without_a_domain_shows_every_kink_and_both_ends():
    (curve,) = marks(draw_graph(relucirc.circuits.hard_sigmoid()), "graph")
    assert [x for x, _ in curve.points][1:-1] == [-3, 3]
    assert curve.points[0][0] < -3
    assert curve.points[-1][0] > 3


def test_a_formula_is_drawn_beside_the_graph():
    picture = draw_graph(relucirc.circuits.absolute(), "-1 <= x <= 2", formula="x**2")
    (curve,) = marks(picture, "formula")
    assert curve.dash
    assert all(abs(y - x * x) < 1e-12 for x, y in curve.points)


def test_a_graph_is_of_one_input_and_of_an_output_that_there_is():
    with pytest.raises(relucirc.NetworkError, match="one input, got 2; see draw_regions"):
        draw_graph(relucirc.circuits.minimum())
    with pytest.raises(relucirc.NetworkError, match="output: expected a number from 1 to 1, got 2"):
        draw_graph(relucirc.circuits.absolute(), output=2)


# Regions


@pytest.mark.parametrize(
    ("net", "domain"),
    [
        (relucirc.circuits.minimum(), None),
        (TWO_LAYERS, relucirc.Box(-1, 1)),
        (TRAINED, relucirc.Box(-1, 1)),
        (TWO_LAYERS, "x1 >= 0, x2 >= 0, x1 + x2 <= 1"),
    ],
)
def test_a_map_of_regions_covers_the_domain_and_says_what_holds_in_each(net, domain):
    picture = draw_regions(net, domain)
    assert_readable(picture)
    areas = marks(picture, "region")
    total = 0.0
    for shape in areas:
        corners = shape.points
        middle = [Fraction(sum(c[v] for c in corners) / len(corners)) for v in (0, 1)]
        at = dict(zip(map(sympy.Symbol, net.inputs), map(sympy.Rational, middle), strict=True))
        assert net.at(*middle) == (read(shape.hover, net.inputs).subs(at),)
        turned = zip(corners, (*corners[1:], corners[0]), strict=True)
        total += abs(sum(a * d - b * c for (a, b), (c, d) in turned)) / 2
    left, bottom, right, top = picture.chart.window
    share = 0.5 if isinstance(domain, str) else 1
    assert total == pytest.approx(share * (right - left) * (top - bottom))
    for shape in marks(picture, "map"):
        inside = [area for area in areas if area.hover == shape.hover]
        assert inside
    for key in picture.chart.keys:
        shown, exact = key.text.rpartition(":  ")[2], key.hover
        difference = sympy.Poly(read(shown, net.inputs) - read(exact, net.inputs), *map(sympy.Symbol, net.inputs))
        sizes = sympy.Poly(read(exact, net.inputs), *map(sympy.Symbol, net.inputs))
        for monomial, c in difference.terms():
            assert abs(c) <= abs(sizes.coeff_monomial(monomial)) / 100
            assert c == 0 or shown.startswith("\u2248")


def test_colours_of_neighbours_differ_and_borders_name_their_neurons():
    picture = draw_regions(TWO_LAYERS, relucirc.Box(-1, 1))
    areas = marks(picture, "region")
    for a, b in combinations(areas, 2):
        if len(set(a.points) & set(b.points)) > 1 and a.hover != b.hover:
            assert a.fill != b.fill
    kinks = [shape for shape in marks(picture, "kink") if isinstance(shape, Line)]
    for shape in kinks:
        middle = [Fraction((shape.points[0][v] + shape.points[1][v]) / 2) for v in (0, 1)]
        trace = TWO_LAYERS.trace(TWO_LAYERS.point(*middle))
        for name in shape.hover.removesuffix(" = 0").split(", "):
            layer, neuron = map(int, name[1:].split("."))
            assert abs(fraction(trace[layer - 1][0][neuron - 1])) < 1e-12
    assert {shape.text for shape in marks(picture, "name")} == {"h1.1", "h1.3", "h2.1", "h2.2"}


def test_a_slice_shows_a_plane_through_a_larger_network():
    picture = draw_regions(relucirc.circuits.median(3), slice={"x3": "1/2"})
    assert {shape.hover for shape in marks(picture, "region")} == {"x1", "x2", "1/2"}
    assert (picture.chart.x, picture.chart.y) == ("x1", "x2")
    same = draw_regions(relucirc.circuits.median(3), "x3 == 1/2")
    assert picture == same
    with pytest.raises(relucirc.NetworkError, match=r"expected a plane to draw regions on, got 3 dimensions"):
        draw_regions(relucirc.circuits.median(3))
    with pytest.raises(relucirc.NetworkError, match=r"got 1 dimension; say"):
        draw_regions(relucirc.circuits.minimum(), "x1 == x2")


def test_a_map_with_regions_left_out_is_not_drawn(monkeypatch):
    monkeypatch.setattr("relucirc.pictures.plane.PATIENCE", 0.0)
    with pytest.raises(
        relucirc.NetworkError, match=r"expected regions that are all found in 0 s, got \d+; take a part"
    ):
        draw_regions(relucirc.circuits.minimum(), relucirc.Box(0, 1))
    monkeypatch.undo()
    monkeypatch.setattr("relucirc.pictures.plane.MOST_REGIONS", 3)
    with pytest.raises(relucirc.NetworkError, match="expected at most 3 regions for a picture, got 4; take a part"):
        draw_regions(relucirc.circuits.minimum())


@pytest.mark.parametrize("end", ["1e400", "1e200", "1e-400", "1e-200"])
def test_axes_that_floats_do_not_reach_are_refused_in_one_sentence(end):
    box = relucirc.Box(f"-{end}", end)
    for drawn in (
        lambda: draw_graph(relucirc.circuits.hat(), box),
        lambda: draw_regions(relucirc.circuits.minimum(), box),
        lambda: draw_regions(relucirc.circuits.minimum(), f"1e200 <= x1 <= 2e200, 0 <= x2 <= {end}"),
    ):
        with pytest.raises(relucirc.RelucircError, match=r"expected an axis to draw of numbers up to 1e\+100"):
            drawn()
    shown = relucirc.regions(relucirc.circuits.minimum(), box)._repr_html_()
    assert "activation regions" in shown
    assert "<svg" not in shown


def test_every_letter_of_a_picture_of_many_maps_is_told_by_its_key():
    draws = iter(random.Random(1).choices(range(-9, 10), k=99))
    layers = [([[next(draws) for _ in range(2)] for _ in range(7)], [next(draws) for _ in range(7)])]
    net = relucirc.MLP.from_arrays([*layers, ([[1, -1, 2, -2, 3, -3, 1]], None)])
    picture = draw_regions(net, relucirc.Box(-3, 3))
    keys = {key.hover: key.text for key in picture.chart.keys}
    lettered = [shape for shape in marks(picture, "map") if re.fullmatch(r"[A-Z]\d*", shape.text)]
    assert len(lettered) > 5
    assert any("more maps" in key.text for key in picture.chart.keys)
    for shape in lettered:
        assert keys[shape.hover].startswith(f"{shape.text}:")
    assert_readable(picture)


def test_one_of_several_outputs_is_drawn():
    picture = draw_regions(relucirc.circuits.sort(2), output=2)
    assert {shape.hover for shape in marks(picture, "region")} == {"x1", "x2"}
    with pytest.raises(relucirc.NetworkError, match="output: expected a number from 1 to 2, got 3"):
        draw_regions(relucirc.circuits.sort(2), output=3)


# Deviations


def test_a_deviation_shows_the_point_that_attains_it():
    picture = draw_deviation(TRAINED, "Min(x1, x2)", relucirc.Box(-1, 1))
    answer = relucirc.max_deviation(TRAINED, "Min(x1, x2)", relucirc.Box(-1, 1))
    (dot,) = marks(picture, "witness")
    assert (dot.x, dot.y) == tuple(float(answer.witness[name]) for name in ("x1", "x2"))
    assert str(answer.value) in dot.hover
    cells = [shape for shape in picture.chart.marks if isinstance(shape, Rect)]
    assert {shape.fill for shape in cells} <= {f"heat {k}" for k in range(8)}
    assert sum(shape.w * shape.h for shape in cells) == pytest.approx(4)
    assert_readable(picture)


def test_colours_of_a_deviation_are_its_size():
    picture = draw_deviation(relucirc.circuits.minimum(), "x1/2 + x2/2", relucirc.Box(0, 1))
    for shape in picture.chart.marks:
        if isinstance(shape, Rect):  # |x1 - x2| / 2, at most 1/2
            x, y = shape.x + min(shape.w, 1 / 56) / 2, shape.y + shape.h / 2
            level = abs(x - y) / 2 / 0.5 * 8
            if abs(level - round(level)) > 1e-6:
                assert shape.fill == f"heat {int(level)}"
    assert [key.text for key in picture.chart.keys][:2] == ["0 to 1/16", "1/16 to 1/8"]


def test_a_deviation_on_part_of_a_box_is_drawn_there_only():
    picture = draw_deviation(relucirc.circuits.minimum(), "0", "x1 >= 0, x2 >= 0, x1 + x2 <= 1")
    cells = [shape for shape in picture.chart.marks if isinstance(shape, Rect)]
    assert sum(shape.w * shape.h for shape in cells) == pytest.approx(0.5, abs=0.02)
    assert all(shape.x + shape.y <= 1 for shape in cells)


def test_a_deviation_over_a_line_is_a_curve():
    picture = draw_deviation(relucirc.circuits.absolute(), "x**2", "0 <= x <= 1")
    (curve,) = marks(picture, "graph")
    assert all(abs(y - (x - x * x)) < 1e-6 for x, y in curve.points)
    assert [shape.text for shape in marks(picture, "attained")] == ["1/4 at x = 1/2"]
    assert_readable(picture)


def test_what_is_equal_is_drawn_without_the_rounding_of_floats():
    picture = draw_deviation(relucirc.circuits.minimum(), "Min(x1, x2)", relucirc.Box(-1, 1))
    assert {shape.fill for shape in picture.chart.marks if isinstance(shape, Rect)} == {"heat 0"}
    assert [key.text for key in picture.chart.keys] == ["largest: 0 at (1, 0)"]
    thirds = relucirc.MLP.from_arrays([([["1/3"], ["-1/3"]], None), ([["3/7", "3/7"]], None)])
    (curve,) = marks(draw_deviation(thirds, "Abs(x)/7", "-1 <= x <= 1"), "graph")
    assert {y for _, y in curve.points} == {0.0}


@pytest.mark.parametrize(
    ("net", "domain", "said"),
    [
        (relucirc.circuits.absolute(), "x >= 0", "expected a bounded domain for a map, got one where x has no end"),
        (relucirc.circuits.minimum(3), relucirc.Box(0, 1), "one or two inputs, got 3"),
    ],
)
def test_what_is_no_map_is_refused(net, domain, said):
    with pytest.raises(relucirc.RelucircError, match=said):
        draw_deviation(net, "0", domain)


# Fronts, circuits, snapping


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (lambda: draw_front(None), r"expected a front, such as relucirc.explain\(.*\).front, to draw, got None"),
        (lambda: draw_circuits(TRAINED), "expected an explanation, such as .* to draw, got "),
        (lambda: draw_bounds(3), "expected bounds, such as .* to draw, got 3 of type int"),
        (lambda: draw_snapped(TRAINED, TRAINED), "expected what snapping gave, such as .* to draw"),
        (lambda: draw_census({}), "expected a census, such as .* to draw, got {} of type dict"),
    ],
)
def test_what_is_of_another_kind_is_refused_in_one_sentence(drawn, said):
    with pytest.raises(relucirc.RelucircError, match=said):
        drawn()


def test_a_front_shows_every_formula_with_its_distance():
    found = front(TRAINED, budget=20)
    picture = draw_front(found)
    assert_readable(picture)
    dots = marks(picture, "dot")
    assert len(dots) == len(found) == len(picture.chart.keys)
    for entry, dot, key in zip(found, dots, picture.chart.keys, strict=True):
        assert dot.x == entry.price.operations
        if entry.upper:
            assert dot.y == pytest.approx(float(entry.upper)) or dot.y < float(entry.upper)
            assert f"at most {entry.upper}" in key.hover
        else:
            assert key.text.endswith("(proved equal)")


def test_circuits_are_trapezoids_on_trapezoids_that_narrow_upward():
    told = relucirc.explain(relucirc.circuits.minimum(4))
    scene = draw_circuits(told).scene
    blocks = {s.name: s for s in scene.shapes if s.kind == "circuit"}
    assert set(blocks) == {"y", "u1", "u2"}
    for block in blocks.values():
        (a, y1), (b, _), (c, y2), (d, _) = block.points
        assert y2 < y1
        assert c - d < b - a
    assert blocks["y"].points[0][1] < min(blocks[u].points[2][1] for u in ("u1", "u2"))
    assert [s.text for s in scene.shapes if s.kind == "formula"] == ["min(x1, x2)", "min(x3, x4)", "min(u1, u2)"]
    wires = {s.hover for s in scene.shapes if s.kind == "wire"}
    assert wires == {
        "x1 \u2192 u1", "x2 \u2192 u1", "x3 \u2192 u2", "x4 \u2192 u2", "u1 \u2192 y", "u2 \u2192 y",
    }  # fmt: skip
    assert_readable(draw_circuits(told))


def test_circuits_that_are_shared_are_drawn_once():
    told = relucirc.explain(relucirc.circuits.sort(3), budget=20)
    scene = draw_circuits(told).scene
    names = [s.name for s in scene.shapes if s.kind == "circuit"]
    assert len(names) == len(set(names))
    assert {"y1", "y2", "y3"} <= set(names)
    assert_readable(draw_circuits(told))


@pytest.mark.parametrize("net", [relucirc.circuits.sort(3), relucirc.circuits.sort(4), relucirc.circuits.median(3)])
def test_lines_go_past_circuits_and_not_through_them(net):
    picture = draw_circuits(relucirc.explain(net, budget=None))
    blocks = [s.points for s in picture.scene.shapes if s.kind == "circuit"]
    wires = [s.points for s in picture.scene.shapes if s.kind == "wire"]
    assert_readable(picture)
    for (a, bottom), (b, _), (c, top), (d, _) in blocks:
        for start, end in chain.from_iterable(map(pairwise, wires)):
            for k in range(1, 100):
                x, y = (start[v] + k / 100 * (end[v] - start[v]) for v in (0, 1))
                if top + 1 < y < bottom - 1:
                    share = (bottom - y) / (bottom - top)
                    assert not a + share * (d - a) < x < b + share * (c - b)


def test_circuits_are_opened_as_deep_as_is_wanted():
    told = relucirc.explain(relucirc.circuits.minimum(8), budget=20)
    shown = [[s.text for s in draw_circuits(told, depth=k).scene.shapes if s.kind == "formula"] for k in (1, 2)]
    assert shown[0] == [f"min({', '.join(f'x{i}' for i in range(1, 9))})"]
    assert shown[1] == ["min(x1, x2, x3, x4)", "min(x5, x6, x7, x8)", "min(u3, u6)"]
    assert draw_circuits(told, depth=3) == draw_circuits(told)
    with pytest.raises(relucirc.RelucircError, match="depth: expected at least 1, got 0"):
        draw_circuits(told, depth=0)


def test_nested_circuits_are_opened_and_closed_in_a_notebook():
    told = relucirc.explain(relucirc.circuits.minimum(4))
    html = told.draw()._repr_html_()
    levels = re.findall(r'<details name="([\w-]+)"( open)?><summary>([^<]+)</summary>(.*?)</details>', html, re.DOTALL)
    assert [(opened, title) for _, opened, title, _ in levels] == [("", "closed"), (" open", "all open")]
    assert len({group for group, *_ in levels}) == 1
    closed, whole = (inside for *_, inside in levels)
    assert "min(x1, x2, x3, x4)" in closed
    assert "min(u1, u2)" not in closed
    assert str(draw_circuits(told, depth=1)) in closed
    assert str(draw_circuits(told)) in whole
    assert html in told._repr_html_()
    assert pickle.loads(pickle.dumps(told.draw()))._repr_html_() == html
    assert "<details" not in draw_circuits(told, depth=1)._repr_html_()


def test_circuits_that_are_shared_stay_open():
    told = relucirc.explain(relucirc.circuits.sort(3), budget=20)
    assert "<details" not in draw_circuits(told)._repr_html_()


def test_an_explanation_without_parts_has_no_circuits_to_draw():
    near = relucirc.explain(TRAINED, tolerance="1/1000", budget=20)
    with pytest.raises(relucirc.RelucircError, match="got one without parts"):
        draw_circuits(near)


def test_snapping_is_shown_before_and_after():
    snapped = relucirc.snap(TRAINED, "Min(x1, x2)")
    picture = draw_snapped(TRAINED, snapped)
    (moved,) = [s.text for s in picture.scene.shapes if s.kind == "moved"]
    assert moved.startswith("moved \u22485.04e\u22125 on [-1, 1]^2; proved")
    assert abs(float(snapped.moved) - 5.04e-5) < 5e-8
    assert sum(s.kind == "neuron" for s in picture.scene.shapes) == 12
    assert_readable(picture)


# Bounds


def kinds(picture, kind):
    return [shape for shape in picture.scene.shapes if shape.kind == kind]


def test_bounds_are_bars_from_the_least_to_the_greatest_value_with_their_points():
    net = relucirc.MLP.from_arrays([([[1], [-1]], None), ([[1, 1], [3, "-1/2"]], ["1/3", 0])])
    found = relucirc.bounds(net, "-1 <= x <= 2")
    picture = draw_bounds(found)
    assert_readable(picture)
    assert [s.text for s in kinds(picture, "output")] == ["y1", "y2"]
    assert [s.text for s in kinds(picture, "end")] == ["1/3", "7/3", "\u22121/2", "6"]
    assert [s.text for s in kinds(picture, "point")] == [
        "1/3 at x = 0",
        "7/3 at x = 2",
        "\u22121/2 at x = \u22121",
        "6 at x = 2",
    ]
    bars = kinds(picture, "taken")
    unit = bars[1].w / 6.5
    assert [bar.w for bar in bars] == pytest.approx([2 * unit, 6.5 * unit])
    assert bars[0].x - bars[1].x == pytest.approx(unit * (1 / 3 + 1 / 2))


def test_bounds_that_do_not_end_are_arrows_and_those_that_are_not_exact_go_on_pale():
    free = draw_bounds(relucirc.bounds(relucirc.circuits.absolute()))
    assert [s.text for s in kinds(free, "end")] == ["0", "\u221e"]
    assert len(kinds(free, "arrow")) == 1
    assert_readable(free)
    both = draw_bounds(relucirc.bounds(relucirc.circuits.minimum()))
    assert len(kinds(both, "arrow")) == 2
    assert_readable(both)
    rough = Bounds(
        sympy.Integer(-2), sympy.Integer(3), None, None, False, "the budget ended.", least=sympy.Integer(0),
        greatest=sympy.Integer(1), least_at={"x": sympy.Integer(5)}, greatest_at={"x": sympy.Integer(7)},
    )  # fmt: skip
    picture = draw_bounds(rough)
    (outer,), (inner,) = kinds(picture, "bar"), kinds(picture, "taken")
    assert outer.dash
    assert outer.x < inner.x < inner.x + inner.w < outer.x + outer.w
    assert [s.text for s in kinds(picture, "point")] == ["0 at x = 5", "1 at x = 7"]
    assert_readable(picture)


def test_of_many_outputs_the_first_are_drawn():
    net = relucirc.MLP.from_arrays([([[k] for k in range(1, 31)], None)])
    picture = draw_bounds(relucirc.bounds(net, "0 <= x <= 1"))
    assert len(kinds(picture, "bar")) == 24
    assert "... and 6 more outputs" in picture
    assert kinds(picture, "point") == []
    assert_readable(picture)


# Tables


def test_what_recurs_is_a_table_of_counts():
    rows = [
        SimpleNamespace(names=("minimum", "maximum"), formula=sympy.sympify("Min(v1, v2)"), by_group=(8, 0, 3)),
        SimpleNamespace(names=("absolute",), formula=None, by_group=(0, 5, 4)),
    ]
    picture = draw_recurring(["a", "b - c", "d"], [8, 10, 1000], [rows[:1], [], rows[1:]])
    shapes = picture.scene.shapes
    cells = [s for s in shapes if s.kind == "cell"]
    assert [s.hover for s in cells] == ["8 of 8", "0 of 10", "3 of 1,000", "0 of 8", "5 of 10", "4 of 1,000"]
    assert [s.fill for s in cells] == ["heat 7", "heat 0", "heat 0", "heat 0", "heat 4", "heat 0"]
    assert [s.text for s in shapes if s.kind == "count"] == ["8", "3", "5", "4"]
    assert [s.text for s in shapes if s.kind == "row"] == ["minimum, maximum: Min(v1, v2)", "absolute"]
    assert [s.text for s in shapes if s.kind == "group"] == ["1:  a  (8)", "2:  b \u2212 c  (10)", "3:  d  (1,000)"]
    assert_readable(picture)
    many = draw_recurring(["a"], [1], [[SimpleNamespace(names=("x",), formula=None, by_group=(1,))] * 30])
    assert "... and 6 more" in many


# Axes


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 1e-7), (-12345, 99999), (3, 3.0001), (-1e9, 1e12)])
def test_ticks_are_round_numbers_of_the_interval_and_written_as_they_are(low, high):
    found = ticks(low, high)
    assert 3 <= len(found) <= 8
    slack = 1e-9 * (high - low)
    for value, shown in found:
        assert low - slack <= value <= high + slack
        assert float(shown.replace("\u2212", "-")) == value
    assert len({shown for _, shown in found}) == len(found)


def test_decades_are_powers_of_ten():
    assert [shown for _, shown in decades(0.5, 200)] == ["1", "10", "100"]
    assert all(float(shown.replace("\u2212", "-")) == value for value, shown in decades(1e-15, 1e9))


def test_a_chart_is_painted_on_the_users_axes():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    picture = draw_graph(relucirc.circuits.hat(), "-2 <= x <= 2")
    assert picture.plot(axes) is axes
    assert axes.get_xlim() == (-2, 2)
    assert axes.get_xlabel() == "x"
    drawn = [tuple(map(tuple, line.get_xydata().tolist())) for line in axes.lines]
    (curve,) = marks(picture, "graph")
    assert curve.points in drawn
    assert "(0, 1) h1.2" in [text.get_text() for text in axes.texts]
    pyplot.close(figure)
    regions = draw_regions(relucirc.circuits.minimum()).plot()
    assert len(regions.patches) == 4
    logarithmic = draw_front(front(TRAINED, budget=20)).plot()
    assert logarithmic.get_yscale() == "log"


def test_charts_are_saved_as_all_suffixes(tmp_path):
    pytest.importorskip("matplotlib")
    picture = draw_regions(relucirc.circuits.minimum(), theme="dark")
    for suffix, start in ((".svg", b"<svg"), (".pdf", b"%PDF-"), (".png", b"\x89PNG"), (".tex", b"% the linear")):
        picture.save(tmp_path / f"regions{suffix}")
        assert (tmp_path / f"regions{suffix}").read_bytes().startswith(start)


def test_axes_need_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(relucirc.RelucircError, match=r"a chart on axes needs matplotlib: pip install"):
        draw_graph(relucirc.circuits.hat()).plot()
