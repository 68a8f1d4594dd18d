"""What notebooks show: a line, the picture, the details folded; and what it is for in one line of text."""

from xml.etree import ElementTree

import pytest

import relucirc
from relucirc.interpretation.front import front
from relucirc.pictures import draw_regions


def parts(html):
    """The line, the drawing's title, and the titles of what is folded."""
    root = ElementTree.fromstring(f"<div>{html}</div>")
    assert root[0].tag == "pre"
    svg = root.find(".//{http://www.w3.org/2000/svg}svg")
    title = None if svg is None else svg.find("{http://www.w3.org/2000/svg}title").text
    return root[0].text, title, [node.text for node in root.iter("summary")]


SHOWN = {
    "a network": (relucirc.circuits.minimum, "ReLU network 2-3-1 of x1, x2", "a network of sizes 2-3-1", ["weights"]),
    "a circuit of the catalogue": (
        lambda: relucirc.circuits.absolute,
        "absolute: ",
        "a network of sizes 1-2-1",
        ["source"],
    ),
    "an explanation": (
        lambda: relucirc.explain(relucirc.circuits.minimum()),
        "formula   Min(x1, x2)",
        "the circuits inside of a network",
        ["more", "certificate"],
    ),
    "regions": (
        lambda: relucirc.regions(relucirc.circuits.minimum()),
        "complete: 4 activation regions in all.",
        "the linear regions of a network of sizes 2-3-1",
        ["more"],
    ),
    "a line's regions": (
        lambda: relucirc.regions(relucirc.circuits.hat(), "-2 <= x <= 2"),
        "complete: 4 activation regions in all.",
        "the graph of a network of sizes 1-3-1",
        ["more"],
    ),
    "a deviation": (
        lambda: relucirc.max_deviation(relucirc.circuits.absolute(), "x**2", "0 <= x <= 1"),
        "largest difference 1/4",
        "how far a network is from a formula",
        [],
    ),
    "a front": (
        lambda: front(relucirc.circuits.absolute(), "-1 <= x <= 1", budget=20),
        "formulas, each certified on ",
        "shorter formulas, and how far they are on ",
        ["more"],
    ),
    "a smallest network": (
        lambda: relucirc.minimal_network("Abs(x)"),
        "2 hidden neurons, the fewest: ",
        "a network of sizes 1-2-1",
        None,
    ),
    "regions of three inputs": (
        lambda: relucirc.regions(relucirc.circuits.median(3), relucirc.Box(0, 1)),
        "activation regions in all.",
        "the linear regions of a network of sizes 3-",
        ["more"],
    ),
    "bounds": (
        lambda: relucirc.bounds(relucirc.circuits.sort(2), relucirc.Box(0, 1)),
        "0 <= y1 <= 1; 0 <= y2 <= 1 on the whole domain.",
        "the values of every output",
        ["certificate"],
    ),
    "a theorem": (
        lambda: relucirc.theorem(relucirc.circuits.absolute(), "Abs(x)", standalone=False),
        "proved: equal at every real input",
        None,
        ["the end of the file for Rocq", "certificate"],
    ),
    "what recurs": (
        lambda: relucirc.universality([relucirc.circuits.minimum(), relucirc.circuits.maximum()]),
        "2 networks",
        "which of 1 groups",
        ["more"],
    ),
    "a snapped network": (
        lambda: relucirc.snap(relucirc.circuits.trained()["absolute"].network, "Abs(x)"),
        "moved by ",
        "a network of sizes 1-2-1",
        ["more"],
    ),
    "a proof": (lambda: relucirc.prove(relucirc.circuits.absolute(), "Abs(x)"), "proved: ", None, ["certificate"]),
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_notebook_shows_a_line_the_picture_and_the_rest_folded(what):
    ask, line, title, folded = SHOWN[what]
    shown, drawn, summaries = parts(ask()._repr_html_())
    assert line in shown
    assert "\n" not in shown
    assert (drawn or "").startswith(title or "")
    assert (drawn is None) is (title is None)
    if folded is not None:
        assert [summary.partition(",")[0] for summary in summaries] == folded


@pytest.mark.parametrize("what", SHOWN)
def test_a_plain_repr_says_what_it_is_in_a_line_or_two(what):
    value = SHOWN[what][0]()
    assert type(value).__name__.lower().removesuffix("network") in repr(value).lower()
    assert len(repr(value)) <= 180
    assert "\n" not in repr(value)


def test_a_repr_of_an_answer_is_its_first_line_and_its_own_one_stays():
    proof = relucirc.prove(relucirc.circuits.absolute(), "Abs(x)")
    assert repr(proof) == "<Result: proved: equal at every real input, by normal form.>"
    assert repr(relucirc.regions(relucirc.circuits.hat())) == "<complex of 4 activation regions in 1 inputs>"


def test_regions_of_more_than_two_inputs_are_shown_on_a_slice_that_is_named():
    found = relucirc.regions(relucirc.circuits.median(3), relucirc.Box(0, 1))
    assert "where x3 = 1/2" in [key.text for key in found.draw().chart.keys]
    assert found.draw() == draw_regions(relucirc.circuits.median(3), relucirc.Box(0, 1), slice={"x3": "1/2"})
    thick = draw_regions(relucirc.circuits.minimum(3), relucirc.Box(0, 1), slice={"x3": "1/3"})
    assert "where x3 = 1/3" in [key.text for key in thick.chart.keys]
    oblique = draw_regions(relucirc.circuits.median(3), "x1 + x2 + x3 == 1")
    assert not [key for key in oblique.chart.keys if "where" in key.text]


def test_what_has_a_picture_gives_it_and_the_rest_says_that_it_has_none(tmp_path):
    told = relucirc.explain(relucirc.circuits.minimum(4))
    assert "min(u1, u2)" in told.draw()
    told.draw().save(tmp_path / "circuits.svg")
    proof = relucirc.prove(relucirc.circuits.absolute(), "Abs(x)")
    with pytest.raises(relucirc.RelucircError, match="there is no picture of this Result"):
        proof.draw()


def test_formulas_are_shown_where_they_are_short():
    assert (
        relucirc.explain(relucirc.circuits.minimum())._repr_latex_() == r"$\displaystyle \min\left(x_{1}, x_{2}\right)$"
    )
    assert relucirc.circuits.sort(2)._repr_latex_().count(r",\quad ") == 1
    wide = relucirc.MLP.from_arrays([([[k] for k in range(1, 40)], None), ([[1] * 39], None)])
    assert wide._repr_latex_() is None
    assert relucirc.prove(wide, "0")._repr_latex_() is None


def test_a_picture_that_cannot_be_drawn_is_left_out():
    thin = relucirc.regions(relucirc.circuits.minimum(3), "x1 == x2, x2 == x3")
    assert parts(thin._repr_html_())[1] is None
    unbounded = relucirc.max_deviation(relucirc.circuits.absolute(), "0")
    assert parts(unbounded._repr_html_())[1] is None


def test_stacked_networks_are_shown_as_text():
    import jax

    net = relucirc.circuits.absolute().astype("float32")
    stacked = jax.tree.map(lambda leaf: jax.numpy.stack([leaf, leaf]), net)
    assert parts(stacked._repr_html_()) == (repr(stacked), None, [])
