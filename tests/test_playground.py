"""The playground: the smallest network for a graph, and where a changed network stops being equal, are what is so."""

import json
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import sympy

import relucirc

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The page, as the site has it."""
    sys.path.insert(0, str(DOCS))
    try:
        from playground import build
    finally:
        sys.path.remove(str(DOCS))
    folder = tmp_path_factory.mktemp("site")
    build.write(folder)
    return folder / "page.html"


@pytest.fixture
def page(browser, built):
    """The page in a browser; at the end it must not have complained, nor asked for anything."""
    opened = browser.open(built.as_uri())
    yield opened
    assert opened.complaints == []
    opened.close()


def points_text(points):
    return ", ".join(f"{x} {y}" for x, y in points)


def formula_of(points):
    """The graph through points, its outer pieces going on for ever."""
    x = sympy.Symbol("x")
    cases = []
    for k, ((a, b), (c, d)) in enumerate(pairwise(points)):
        a, b, c, d = (sympy.Rational(str(v)) for v in (a, b, c, d))
        line = sympy.expand(b + (d - b) / (c - a) * (x - a))
        cases.append((line, True if k == len(points) - 2 else x < c))
    return sympy.Piecewise(*cases)


def network_of(page, points):
    """What the page's construction gives, as a network."""
    data = page.run(f"networkData(smallest(readPoints({json.dumps(points_text(points))}).points))")
    return relucirc.MLP.from_arrays([(layer["weight"], layer["bias"]) for layer in data["layers"]], ("x",))


def random_points(seed):
    draws = np.random.default_rng(seed)
    count = int(draws.integers(2, 8))
    xs = sorted(draws.choice(np.arange(-12, 13), count, replace=False).tolist())
    return [(Fraction(x, 3), Fraction(int(draws.integers(-6, 7)), 2)) for x in xs]


GRAPHS = [
    [(0, 3), (1, 3)],
    [(-2, -2), (2, 2)],
    [(-2, 2), (0, 0), (2, 2)],
    [(-1, 0), (0, 0), (1, 1), (2, 1)],
    [(-2, 0), (-1, 0), (0, 1), (1, 0), (2, 0)],
    [(-2, 0), (0, 0), (1, 0), (2, 5)],
    [(-1, -3), (0, 0), (1, 3), (2, 4)],
    *map(random_points, range(12)),
]


@pytest.mark.parametrize("points", GRAPHS, ids=points_text)
def test_the_network_for_a_graph_is_equal_to_it_and_the_smallest(points, page):
    net, formula = network_of(page, points), formula_of(points)
    smallest = relucirc.minimal_network(formula, inputs=("x",)) if formula.free_symbols else None
    assert relucirc.prove(net, formula)
    assert net.hidden_neurons == (0 if smallest is None else smallest.hidden_neurons)
    assert smallest is None or smallest.optimal


def test_the_page_says_among_which_networks_its_own_is_the_smallest(page):
    points = [(-3, 0), (-2, 0), (0, 2), (1, 2), (3, 0), (4, 0)]
    deep = network(([[-1], [1]], [0, -1]), ([[-1, -1]], [2]), ([[1]], None))
    assert relucirc.prove(deep, formula_of(points))
    assert (deep.hidden_neurons, network_of(page, points).hidden_neurons) == (3, 4)
    page.run("document.querySelector('input[value=graph]').click()")
    page.type("#points", points_text(points))
    assert page.text("#smallest").startswith("4 hidden neurons In one hidden layer each of its 4 folds needs a neuron;")
    page.run("document.querySelector('input[value=circuit]').click()")


def network(*layers):
    return relucirc.MLP.from_arrays(layers)


EQUAL = {
    "permuted": (network(([[1], [-1]], None), ([[1, 2]], None)), network(([[-1], [1]], None), ([[2, 1]], None))),
    "rescaled": (network(([[1]], [1]), ([[6]], None)), network(([[3]], [3]), ([[2]], None))),
    "split": (network(([[1]], [1]), ([[6]], None)), network(([[1], [2]], [1, 2]), ([[2, 2]], None))),
    "turned": (
        network(([[1, -1], [1, 0], [-1, 0]], [1, 0, 0]), ([[1, 0, 0]], None)),
        network(([[-1, 1], [1, -1], [-1, 1]], [-1, 0, 0]), ([[1, 1, -1]], [1])),
    ),
    "dead": (network(([[1], [0]], [0, -3]), ([[1, 5]], None)), network(([[1], [0]], [0, 3]), ([[1, 0]], None))),
    "constant neuron": (network(([[1], [0]], [0, 3]), ([[1, 5]], None)), network(([[1]], None), ([[1]], [15]))),
    "deep": (
        network(([[1]], None), ([[1]], ["-1"]), ([[1]], None)),
        network(([[2], [-1]], [-2, -5]), ([["1/2", 0], [0, 3]], None), ([[1, 0]], None)),
    ),
    "affine": (network(([[1], [-1]], None), ([[1, -1]], [2])), network(([["1"]], [2]))),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_networks_are_seen_to_be_equal(name, page):
    a, b = EQUAL[name]
    assert relucirc.prove(a, b)
    assert asked(page, a, b) == [True, None]


def asked(page, a, b):
    """Whether the page finds two networks equal, and a point where they differ."""
    data = json.dumps([a.to_json(), b.to_json()])
    return page.run(f"(([a, b]) => [isEqual(a, b), differenceOf(a, b)?.map(Q.plain) ?? null])({data}.map(readNetwork))")


@pytest.mark.parametrize("seed", range(8))
def test_a_network_that_was_changed_differs_at_the_point(seed, page):
    draws = np.random.default_rng(seed)
    hidden, n = int(draws.integers(1, 5)), int(draws.integers(1, 4))
    weight, bias = draws.integers(-2, 3, (hidden, n)), draws.integers(-2, 3, hidden)
    outer = draws.integers(-2, 3, (1, hidden))
    a = network((weight.tolist(), bias.tolist()), (outer.tolist(), ["1/2"]))
    changed = weight.astype(object)
    changed[0, 0] += Fraction(1, 1000)
    b = network(([[str(c) for c in row] for row in changed], bias.tolist()), (outer.tolist(), ["1/2"]))
    equal, point = asked(page, a, b)
    result = relucirc.prove(a, b)
    assert equal == bool(result)
    assert (point is None) == equal
    if point is not None:
        assert a.at(*point) != b.at(*point)


def test_a_difference_in_a_narrow_place_is_found(page):
    """A tooth of width 1/500, where no small point is."""
    tooth = [[1], [1], [1]], ["-1/3", "-1003/3003", "-1005/3003"]
    a, b = network(tooth, ([[0, 0, 0]], None)), network(tooth, ([[1, -2, 1]], None))
    equal, point = asked(page, a, b)
    assert not equal
    assert a.at(*point) != b.at(*point)


def test_a_deep_network_of_one_input_is_decided(page):
    a = relucirc.circuits.sawtooth()
    data = a.to_json()
    data["layers"][1]["weight"][0][0] = "2000001/1000000"
    b = relucirc.MLP.from_arrays([(layer["weight"], layer["bias"]) for layer in data["layers"]], a.inputs)
    equal, point = asked(page, a, b)
    assert not equal
    assert a.at(*point) != b.at(*point)
    assert asked(page, a, a) == [True, None]


def test_every_circuit_opens_and_is_equal_until_a_weight_is_moved(page):
    names = page.run("[...document.querySelectorAll('#circuit option')].map(o => o.value)")
    assert {"identity", "absolute", "minimum", "minimum of four", "maximum", "median"} <= set(names)
    for name in names:
        page.run(
            f"(s => {{ s.value = {json.dumps(name)}; s.dispatchEvent(new Event('change')); }})"
            "(document.querySelector('#circuit'))"
        )
        assert page.run("document.querySelector('#verdict').dataset.status") == "equal", name
        assert page.run("[...document.querySelectorAll('td.differs')].length") == 0
        page.click("#more")
        assert page.run("document.querySelector('#verdict').dataset.status") == "different", name
        page.click("#witness")
        assert page.run("[...document.querySelectorAll('td.differs')].length") > 0, name
        page.click("#back")
        assert page.run("document.querySelector('#verdict').dataset.status") == "equal", name


def test_a_weight_is_clicked_typed_and_judged(page):
    page.run("document.querySelector('#drawing line[data-name=\"h1.3 y\"]').dispatchEvent(new MouseEvent('click'))")
    assert page.run("document.querySelector('#weight').selectedOptions[0].textContent") == "h1.3 \u2192 y"
    page.type("#value", "-9/10")
    text = page.text("#verdict")
    assert text.startswith("no longer equal")
    witness = page.run("witness.map(Q.plain)")
    net = relucirc.MLP.from_arrays([([[0, 1], [0, -1], [-1, 1]], None), ([[1, -1, "-9/10"]], None)])
    (value,) = net.at(*witness)
    wanted = min(sympy.Rational(w) for w in witness)
    assert value != wanted
    assert f"the network gives {value}, the formula {wanted}".replace("-", "\u2212") in text
    page.hover('#drawing circle[data-name="h1.3"]')
    assert "detector" not in page.text("#neuron")  # of the weights as they were
    assert page.run("getComputedStyle(document.querySelector('#drawing .circuit')).visibility") == "hidden"
    page.type("#value", "one")
    assert "expected a number" in page.text("#value-error")
    page.type("#value", "-1")
    assert page.text("#verdict").startswith("equal")
    assert "greaterness detector" in page.text("#neuron")


def test_a_graph_is_drawn_by_pointer_keys_and_text(page):
    page.click("#mode input[value=graph]")
    assert "3 hidden neurons" in page.text("#smallest")
    x, y = page.middle("#sketch .handle:nth-of-type(3)")
    page.drag((x, y), (x, y - 60))
    points = page.run("pointsText(sketch.points())")
    height = Fraction(points.split(", ")[2].split()[1])
    assert height > 1
    assert height.denominator in (1, 2, 4)
    page.press("ArrowDown")
    assert page.run("pointsText(sketch.points())").split(", ")[2] == f"0 {height - Fraction(1, 4)}"
    assert page.run("document.activeElement.getAttribute('aria-label')").startswith("fold 3 of 5")
    page.click("#add")
    assert page.run("sketch.points().length") == 6
    page.press("Delete")
    page.click("#remove")
    assert page.run("sketch.points().length") < 6
    page.type("#points", "-1 0, 1/3 2/7, 2 0")
    assert "2 hidden neurons" in page.text("#smallest")
    assert page.run("document.querySelectorAll('td.differs').length") == 0
    assert page.run("document.querySelector('#verdict').dataset.status") == "equal"
    page.type("#points", "1 0, 0 2")
    assert "from left to right" in page.text("#points-error")
    page.type("#points", "0 1, 1 1")
    assert page.text("#smallest").startswith("0 hidden neurons")
    for far in ("0 0, 1 1e999", "0 0, 1e-300 1e300, 1 0", "0 0, 1e-999 1, 1 0"):
        page.type("#points", far)
        assert page.text("#verdict").startswith("equal")
    page.type("#value", "1e400")
    assert page.text("#verdict").startswith("no longer equal")


@pytest.mark.parametrize("width", [1280, 600, 375])
@pytest.mark.parametrize("mode", ["circuit", "graph"])
def test_the_page_fits_its_window(width, mode, built, browser):
    with browser.open(built.as_uri(), width=width) as page:
        page.click(f"#mode input[value={mode}]")
        assert page.run("document.documentElement.scrollWidth") <= width
        assert page.complaints == []
