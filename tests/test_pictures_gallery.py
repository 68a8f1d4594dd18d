"""The front page and the gallery show what is so, drawn by the lines that they show."""

import re
from importlib import import_module
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

import relucirc
from relucirc.pictures import Drawing, draw_census
from relucirc.pictures.shapes import Text, overlap
from relucirc.training import run_census

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def gallery(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return import_module("gallery")


@pytest.fixture
def drawn(gallery):
    pytest.importorskip("optax")
    return {exhibit.name: exhibit.picture() for exhibit in gallery.EXHIBITS}


def test_every_kind_of_picture_is_in_the_gallery(gallery, drawn):
    code = "".join(exhibit.code for exhibit in gallery.EXHIBITS)
    kinds = {"draw(", "draw_graph", "draw_regions", "draw_deviation", "draw_snapped", "explain(", "front", "bounds("}
    assert {kind for kind in kinds if kind not in code} == set()
    for name, picture in drawn.items():
        assert isinstance(picture, Drawing), name
        ElementTree.fromstring(picture)
        assert picture.scene.width <= 860, name


def test_the_page_shows_the_lines_that_drew_its_pictures(gallery, drawn):
    blocks = re.findall(r"^```python\n(.*?)^```", gallery.page(), re.MULTILINE | re.DOTALL)
    assert blocks == [exhibit.code.strip() + "\n" for exhibit in gallery.EXHIBITS]
    circuits = next(exhibit for exhibit in gallery.EXHIBITS if exhibit.name == "circuits")
    assert str(drawn["circuits"]) in "\n".join(circuits.markdown())


def test_the_front_page_shows_one_network_with_its_formula_proof_size_and_picture(gallery):
    page = gallery.front()
    names = {}
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec(code, names)
    net = names["net"]
    assert str(relucirc.draw(net)) in page
    assert r"$\min\left(x_{1}, x_{2}\right)$" in page
    assert str(relucirc.prove(net, "Min(x1, x2)")) in page
    assert "3 hidden neurons, and no fewer will do" in page


def test_a_census_is_drawn_with_its_own_counts():
    pytest.importorskip("optax")
    census = run_census("absolute", seeds=16, steps=150, regimen="original", progress=False)
    picture = draw_census(census)
    shapes = picture.scene.shapes
    counts = [found.count for found in (*census.circuits, *census.failures)]
    assert [int(s.text) for s in shapes if s.kind == "count"] == counts
    assert sum(counts) == census.seeds == 16
    texts = {s.text for s in shapes if isinstance(s, Text)}
    assert census.failures
    for failure in census.failures:  # the function of a typical one, in two digits
        assert f"{failure.kind}: \u2248 {failure.computes}".replace("-", "\u2212") in texts
    bars = [s for s in shapes if s.kind == "bar"]
    assert [s.hover for s in bars] == [f"{count} of 16 seeds" for count in counts]
    assert [not s.dash for s in bars] == [True] * len(census.circuits) + [False] * len(census.failures)
    assert [s.w for s in bars] == pytest.approx([420 * count / max(counts) for count in counts])
    assert len([s for s in shapes if s.kind == "loss"]) == 16
    written = [s for s in shapes if isinstance(s, Text)]
    for a, b in combinations(written, 2):
        assert not overlap(a.bounds, b.bounds), (a.text, b.text)
