"""Reports: what a page shows is what is so, it answers exactly, and it asks no network for anything."""

import itertools
import json
import re
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
import sympy
from flint import fmpq

import relucirc
from relucirc.cli import main
from relucirc.core.errors import FileError, RelucircError
from relucirc.core.exact import rational
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.pictures.numbers import number
from relucirc.pictures.page.data import graph_data, window_of
from relucirc.pictures.page.document import document

MINIMUM = relucirc.circuits.minimum()
LIMIT = 1_000_000
HOSTILE = '</script><script>document.title="taken"</script><img src=x onerror="alert(1)">"\'&amp;'


def random_network(sizes, seed, digits=None):
    """A network of float32 weights, or of short decimals."""
    draws = np.random.default_rng(seed)
    layers = []
    for a, b in itertools.pairwise(sizes):
        weight, bias = draws.normal(size=(b, a)) / np.sqrt(a), draws.normal(size=b)
        if digits is None:
            layers.append((weight.astype(np.float32), bias.astype(np.float32)))
        else:
            layers.append(
                ([[str(round(c, digits)) for c in row] for row in weight], [str(round(c, digits)) for c in bias])
            )
    return relucirc.MLP.from_arrays(layers, activation="relu")


@pytest.fixture(scope="module")
def wide():
    """A page about a network of sizes 3-16-16-1, which no short formula tells."""
    return relucirc.report(random_network((3, 16, 16, 1), 0), budget=4)


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page; at the end it must not have complained, nor asked for anything."""
    pages = []

    def open_page(made, name="page.html", **options):
        path = tmp_path / name
        path.write_text(made if isinstance(made, str) else made.html, encoding="utf-8")
        pages.append(browser.open(path.as_uri(), **options))
        return pages[-1]

    yield open_page
    for page in pages:
        assert page.complaints == []
        page.close()


def outputs(page):
    """The table of exact values, by output: network, formula, difference."""
    rows = page.run(
        "[...document.querySelectorAll('#outputs tbody tr')].map(r => [r.cells[0].textContent,"
        " [...r.querySelectorAll('.exact')].map(e => e.textContent)])"
    )
    return {name: [Fraction(text.replace("\u2212", "-")) for text in texts] for name, texts in rows}


class Checked(HTMLParser):
    """Every address and every handler in a page."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.handlers, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for key, value in attrs if key in ("src", "href", "action", "data", "poster")]
        self.handlers += [key for key, _ in attrs if key.startswith("on")]


# What a page is


def test_a_page_is_one_file_without_an_address_of_any_other(wide):
    for page in (wide, relucirc.report(MINIMUM, "Min(x1, x2)")):
        found = Checked(page.html)
        assert found.addresses == ["data:,"]
        assert found.handlers == []
        assert "default-src 'none'" in page.html
        assert not re.search(r"url\((?!#)|@import", page.html)
        assert len(page.html.encode()) < LIMIT


def test_both_orders_of_arguments_are_read(tmp_path):
    path = tmp_path / "page.html"
    named = relucirc.report(MINIMUM, path, formula="Min(x1, x2)", domain="x1 >= 0")
    placed = relucirc.report(MINIMUM, "Min(x1, x2)", "x1 >= 0")
    mixed = relucirc.report(MINIMUM, "Min(x1, x2)", domain="x1 >= 0")
    assert path.read_text("utf-8") == named.html
    assert (
        named.result.reason
        == placed.result.reason
        == mixed.result.reason
        == "equal on the whole domain, by normal form."
    )
    with pytest.raises(FileError, match=r"\.html"):
        relucirc.report(MINIMUM, tmp_path / "page.pdf")
    with pytest.raises(FileError, match=r"\.html"):
        relucirc.report(MINIMUM, "page.txt")
    with pytest.raises(FileError, match=r"\.html"):
        named.save(tmp_path / "page")
    with pytest.raises(RelucircError, match="x7"):
        relucirc.report(MINIMUM, "Min(x1, x7)")


def test_a_report_is_an_answer():
    proved = relucirc.report(MINIMUM, "Min(x1, x2)")
    found = relucirc.report(MINIMUM)
    refuted = relucirc.report(MINIMUM, "Max(x1, x2)")
    assert [page.status for page in (proved, found, refuted)] == ["proved", "proved", "refuted"]
    assert relucirc.check(MINIMUM, "Min(x1, x2)", proved.certificate)
    assert relucirc.check(MINIMUM, found.explanation.formula, found.certificate)
    assert refuted.certificate is None
    data = json.loads(json.dumps(refuted.to_json()))
    assert data["status"] == "refuted"
    assert data["result"]["witness"].keys() == {"x1", "x2"}
    assert "<iframe" in proved._repr_html_()
    assert "<!DOCTYPE" not in proved._repr_html_()


def test_the_command_writes_the_page(tmp_path, capsys):
    path = tmp_path / "page.html"
    assert main(["report", "minimum", "Min(x1, x2)", "-o", str(path)]) == 0
    assert "proved: equal at every real input" in capsys.readouterr().out
    assert "<h1>minimum</h1>" in path.read_text("utf-8")
    assert main(["report", "minimum", "Max(x1, x2)", "--json", "-o", str(path)]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "refuted"
    assert main(["report", "minimum", "Min(x1, x2)", "-o", str(tmp_path / "page.txt")]) == 2
    assert ".html" in capsys.readouterr().err


def test_a_large_network_is_a_picture_and_a_sentence(opened):
    made = relucirc.report(random_network((784, 64, 10), 1))
    assert made.explanation is None
    assert made.seconds < 10
    assert len(made.html) < LIMIT / 10
    page = opened(made)
    assert "64 hidden neurons is shown by layers" in page.text("#network")
    assert page.run("document.querySelectorAll('#network svg').length") == 1
    assert not page.run("Boolean(document.querySelector('#point'))")


def test_weights_with_symbols_are_drawn_and_explained(opened):
    page = opened(relucirc.report(relucirc.circuits.minimum.family(), "Min(x1, x2)"))
    assert "proved" in page.text(".verdict")
    assert "symbols" in page.text("#network")


def test_hostile_text_stays_text(opened):
    def formula(x1, x2):
        return x1 - abs(x1 - x2) / 2 + (x2 - x1) / 2

    formula.__name__ = HOSTILE
    made = relucirc.report(MINIMUM, formula, title=HOSTILE)
    page = opened(made, name="<b onclick=alert(1)>.html")
    assert page.run("document.title") == page.text("h1") == HOSTILE
    assert HOSTILE in page.text("#formula")
    assert page.run("document.images.length") == 0
    assert Checked(made.html).handlers == []
    assert "img" not in Checked(made.html).tags


def test_data_cannot_end_its_script(opened):
    page = opened(
        document(HOSTILE, "<p>seen</p>", ["const read = document.getElementById('d').textContent;"], {"d": HOSTILE})
    )
    assert json.loads(page.run("read")) == HOSTILE
    assert page.run("document.title") == HOSTILE


# What is worked out in a page


TEXTS = ["3", "-1/2", "0.25", "1e-3", ".5", "5.", "+7", "-0", "1E3", "12345678901234567890/7", "-2.50e-2", "999999.95"]
UNREADABLE = ["", "x", "1/0", "1/", "/2", "1/2/3", "--1", "1e", ".", "0x10", "1,5", "NaN", "Infinity", "1e999999999"]


def test_numbers_are_read_as_the_library_reads_them(opened):
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)"))
    read = page.run(f"{json.dumps(TEXTS)}.map(t => Q.plain(Q.parse(t)))")
    assert read == [str(rational(text)) for text in TEXTS]
    assert page.run(f"{json.dumps(UNREADABLE)}.map(t => Q.parse(t))") == [None] * len(UNREADABLE)


def test_rounded_numbers_are_those_of_pictures(opened):
    draws = np.random.default_rng(5)
    values = [fmpq(int(p), int(q)) for p, q in draws.integers(1, 10**6, size=(300, 2))]
    values += (
        [-v for v in values[:50]] + [fmpq(1, 3) / 10**k for k in range(9)] + [fmpq(2, 3) * 10**k for k in range(5)]
    )
    values += [fmpq(999_999, 10**6), fmpq(99_999, 100), fmpq(10**12 + 1, 10**7), fmpq(123456), fmpq(-1, 2)]
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)"))
    shown = page.run(f"{json.dumps([str(v) for v in values])}.map(t => Q.rounded(Q.parse(t), 6))")
    for value, found in zip(values, shown, strict=True):
        near = Fraction(found["text"].replace("\u2212", "-"))
        exact = Fraction(int(value.p), int(value.q))
        digit = Fraction(10) ** (len(str(abs(near.numerator // near.denominator))) - 6) if abs(near) >= 1 else None
        assert (near == exact) == found["exact"], value
        assert abs(near - exact) <= (digit or abs(exact) / 10**5) / 2, value
    short = page.run("['-1/2', '333333/1000000', '-24995/100000'].map(t => Q.short(Q.parse(t)))")
    assert short == [number(rational(t)).text for t in ("-1/2", "333333/1000000", "-24995/100000")]


NETWORKS = {
    "3-16-16-1": random_network((3, 16, 16, 1), 0),
    "2-5-4-2": random_network((2, 5, 4, 2), 1),
    "1-6-5-1": random_network((1, 6, 5, 1), 2),
    "decimals": random_network((2, 4, 3, 1), 3, digits=2),
    "sort": relucirc.circuits.sort(3),
    "affine": relucirc.MLP.from_arrays([([["1/3", "-2/7"]], ["1/5"])]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_neuron_has_its_exact_value(name, opened):
    net = NETWORKS[name]
    page = opened(relucirc.report(net, net, budget=10))
    draws = np.random.default_rng(7)
    for _ in range(12):
        point = [
            Fraction(int(p), int(q))
            for p, q in zip(
                draws.integers(-40, 40, len(net.inputs)), draws.integers(1, 9, len(net.inputs)), strict=True
            )
        ]
        texts = json.dumps([str(c) for c in point])
        traced = page.run(
            f"trace(readNetwork(stored('data').network), {texts}.map(Q.parse))"
            ".map(({before, after}) => [before.map(Q.plain), after.map(Q.plain)])"
        )
        expected = net.trace(net.point(*point))
        assert traced[1:] == [[[str(v) for v in layer] for layer in pair] for pair in expected]


FORMULAS = [
    "Min(x1, Max(x2, 1/3)) - Abs(x1 - 2*x2)",
    "Piecewise((x1, x1 > x2), (2*x2 - x1, x1 > -1), (x2, True))",
    "Piecewise((1, (x1 > 0) & (x2 > 0)), (-1, ~((x1 > 0) | (x2 > 1))), (x1, True))",
    [relucirc.median("x1", "x2", 0), sympy.Symbol("x1") / 7],
]


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_formulas_have_their_exact_values(formula, opened):
    graph = graph_of_formula(formula, ("x1", "x2"))
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)"))
    values = [fmpq(k, 6) for k in range(-12, 13, 3)]
    points = [(a, b) for a in values for b in values]
    found = page.run(
        f"(f => {json.dumps([[str(c) for c in p] for p in points])}"
        ".map(p => formulaAt(f, p.map(Q.parse)).map(Q.plain)))"
        f"(readFormula({json.dumps(graph_data(graph))}))"
    )
    assert found == [[str(v) for v in graph.evaluate(point)] for point in points]


@pytest.mark.parametrize("seed", range(6))
def test_a_graph_has_the_pieces_of_the_network(seed, opened):
    net = random_network((1, 4, 3, 2), seed, digits=1)
    page = opened(relucirc.report(net, net, "-3 <= x <= 3", budget=10))
    pieces = page.run(
        "piecesOf(readNetwork(stored('data').network), Q.parse('-3'), Q.parse('3')).map(p =>"
        " [Q.plain(p.low), ...p.forms.flatMap(f => [Q.plain(f.slope), Q.plain(f.constant)])])"
    )
    expected = relucirc.regions(net, "-3 <= x <= 3")
    assert len(pieces) == len(expected.linear_pieces)
    for low, *numbers in pieces:
        inside = Fraction(low) + Fraction(1, 10**9)
        slopes, constants = numbers[::2], numbers[1::2]
        assert [Fraction(s) * inside + Fraction(c) for s, c in zip(slopes, constants, strict=True)] == [
            Fraction(int(v.p), int(v.q)) for v in net.at(inside)
        ]


@pytest.mark.parametrize("seed", range(4))
def test_the_picture_has_the_regions_of_the_plane(seed, opened):
    net = random_network((3, 5, 4, 1), seed)
    page = opened(relucirc.report(net, net, relucirc.Box(-2, 2), budget=10))
    page.type("#input-2", "1/3")
    page.wait("document.querySelector('#picture-note').textContent.includes('x3 = 1/3')")
    expected = relucirc.regions(net, "-2 <= x1 <= 2, -2 <= x2 <= 2, x3 == 1/3")
    assert page.run("document.querySelectorAll('#picture .cell').length") == len(expected)
    maps = {tuple(region.affine_map.weight[0][:2]) for region in expected.activation_regions}
    assert f"{len(maps)} affine map" in page.text("#picture-note")


def test_a_picture_with_more_maps_than_colours_does_not_say_one_for_each(opened):
    page = opened(relucirc.report(random_network((2, 6, 1), 1), budget=10))
    assert "colours come again" in page.text("#picture-note")
    page = opened(relucirc.report(relucirc.circuits.minimum()), "minimum.html")
    assert "one colour for each map" in page.text("#picture-note")


# What a reader does


def test_a_typed_point_is_evaluated_exactly_and_shown_with_a_decimal(opened):
    page = opened(relucirc.report(relucirc.circuits.trained()["minimum"].network, "Min(x1, x2)"))
    page.type("#input-0", "-2/3")
    page.type("#input-1", "0.125")
    net = relucirc.circuits.trained()["minimum"].network
    value = net.at(Fraction(-2, 3), Fraction(1, 8))[0]
    expected = Fraction(int(value.p), int(value.q))
    assert outputs(page) == {"y": [expected, Fraction(-2, 3), expected + Fraction(2, 3)]}
    assert "\u2248 \u22120.666667" in page.text("#point")
    assert "= 0.125" in page.text("#point")
    page.wait("document.querySelector('#said').textContent.includes('x1 = \u22122/3')")
    assert "unlike the formula" in page.run("document.querySelector('#said').textContent")
    page.type("#input-0", "two")
    assert "expected a number such as" in page.text("#point-error")
    assert page.run("document.querySelector('#input-0').getAttribute('aria-invalid')") == "true"
    assert outputs(page)["y"][1] == Fraction(-2, 3)


@pytest.mark.parametrize("made", [relucirc.circuits.minimum(3), relucirc.circuits.absolute()], ids=["plane", "line"])
def test_a_point_further_away_than_floats_reach_is_evaluated_exactly(made, opened):
    page = opened(relucirc.report(made))
    drawn = "document.querySelector('#picture .point').getAttribute('cx')"
    for text in ("-1e400", "1e400"):
        page.type("#input-0", text)
        point = [Fraction(10) ** 400 * (-1 if text[0] == "-" else 1), Fraction(-2), Fraction(3)][: len(made.inputs)]
        value = made.at(*point)[0]
        assert outputs(page)["y"][0] == Fraction(int(value.p), int(value.q))
        page.wait(f"{drawn} {'<' if text[0] == '-' else '>'} {'-1' if text[0] == '-' else '1'}e100")
    for button in ("first", "last"):
        page.click(f"#options button:{button}-of-type")
        page.wait(f"{drawn} > 1e100")


def test_a_neuron_that_is_pointed_at_tells_all_about_itself(opened):
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)"))
    page.hover('#drawing circle[data-name="h1.3"]')
    told = page.text("#neuron")
    for words in ("h1.3", "greaterness detector, x2 over x1", "\u2212x1 + x2", "minimum circuit", "off at the point"):
        assert words in told
    page.wait("document.querySelectorAll('#picture .hatch').length > 0")
    x1, x2 = (Fraction(page.run(f"document.querySelector('#input-{k}').value")) for k in (0, 1))
    assert f"{x2 - x1}".replace("-", "\u2212") in told
    page.press("Escape")


def test_circles_show_values_or_what_they_detect(opened):
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)"))
    page.type("#input-0", "3")
    page.type("#input-1", "-5")
    shown = page.run("[...document.querySelectorAll('#drawing .trace text')].map(t => t.textContent)")
    assert shown == ["3", "x1", "\u22125", "x2", "0", "\u22125", "5", "5", "0", "\u22128", "\u22125", "y"]
    assert page.run("[...document.querySelectorAll('#drawing circle.on')].map(c => c.dataset.name)") == ["h1.2"]
    page.click("#shown input[value=features]")
    assert page.run("document.querySelectorAll('#drawing .trace text').length") == 0
    labels = page.run(
        "[...document.querySelectorAll('#drawing text.label')].filter(t => t.style.display !== 'none')"
        ".map(t => t.textContent)"
    )
    assert len(labels) == 3
    assert all(word in "".join(labels) for word in ("+(x2)", "\u2212(x2)", "x2 > x1"))


def test_an_input_that_is_called_as_the_output_is_told_apart(opened):
    net = relucirc.MLP.from_arrays([([[0, 1], [0, -1], [-1, 1]], None), ([[1, -1, -1]], None)], ("x", "y"))
    page = opened(relucirc.report(net))
    page.type("#input-0", "0")
    page.type("#input-1", "7")
    shown = page.run("[...document.querySelectorAll('#drawing .trace text')].map(t => t.textContent)")
    assert shown == ["0", "x", "7", "y", "7", "7", "0", "\u22127", "7", "7", "0", "output y"]
    idle = page.run("[...document.querySelectorAll('#drawing line.idle')].map(l => l.dataset.name)")
    assert sorted(idle) == ["h1.2 y", "x h1.3"]
    assert outputs(page) == {"output y": [0, 0, 0]}


def test_the_point_is_dragged_and_its_region_follows(opened):
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)"))
    page.wait("document.querySelector('#picture .point') !== null")
    before = page.run("document.querySelector('#picture .around').getAttribute('points')")
    x, y = page.middle("#picture .point")
    page.drag((x, y), (x - 60, y - 150))
    page.wait(f"document.querySelector('#picture .around').getAttribute('points') !== {json.dumps(before)}")
    x1, x2 = (Fraction(page.run(f"document.querySelector('#input-{k}').value")) for k in (0, 1))
    assert x1 < 1
    assert x2 > -2
    assert x1.denominator <= 100
    assert outputs(page)["y"] == [min(x1, x2), min(x1, x2), 0]


def test_all_of_it_goes_by_keys(opened):
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)"))
    seen = []
    for _ in range(30):
        page.press("Tab")
        seen.append(
            page.run(
                "document.activeElement.id || document.activeElement.dataset.name || document.activeElement.tagName"
            )
        )
    assert {"input-0", "input-1", "picture", "SUMMARY", "x1"} <= set(seen)
    page.run("document.querySelector('#drawing circle[data-name=\"x1\"]').focus()")
    for key, name in (("ArrowRight", "x2"), ("ArrowUp", "h1.2"), ("ArrowLeft", "h1.1"), ("ArrowUp", "y")):
        page.press(key)
        assert page.run("document.activeElement.dataset.name") == name
        assert name in page.text("#neuron h3")
    page.run("document.querySelector('#picture').focus()")
    start = Fraction(page.run("document.querySelector('#input-0').value"))
    page.press("ArrowRight")
    assert Fraction(page.run("document.querySelector('#input-0').value")) > start
    unnamed = page.run(
        "[...document.querySelectorAll('input, button, select, svg, [role=region], circle.neuron')].filter(e =>"
        " !(e.labels?.length || e.textContent.trim() || e.matches('[aria-label], [aria-labelledby]')))"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert unnamed == []


def test_a_counterexample_is_shown_where_it_is(opened):
    made = relucirc.report(MINIMUM, "Max(x1, x2)")
    page = opened(made)
    witness = [Fraction(str(v)) for v in made.result.witness.values()]
    assert outputs(page) == {"y": [min(witness), max(witness), min(witness) - max(witness)]}
    page.type("#input-0", "77")
    page.click("#witness")
    assert outputs(page)["y"][2] == min(witness) - max(witness)
    assert page.run("document.querySelectorAll('td.differs').length") == 1


def test_a_difference_stands_out_where_it_is_more_than_is_claimed(opened):
    net = relucirc.circuits.trained()["minimum"].network
    page = opened(relucirc.report(net, "Min(x1, x2)", relucirc.Box(-1, 1), within="1/1000"))
    assert outputs(page)["y"][2] != 0
    assert page.run("document.querySelectorAll('td.differs').length") == 0
    page.type("#input-0", "1000000")
    assert page.run("document.querySelectorAll('td.differs').length") == 1


def test_a_point_outside_of_the_domain_is_said_to_be(opened):
    page = opened(relucirc.report(MINIMUM, "Min(x1, x2)", relucirc.Box(0, 1)))
    assert "outside" not in page.text("#point-help")
    page.type("#input-0", "2")
    assert "outside of the domain" in page.text("#point-help")
    assert "x1 >= 0" in page.text("header")


def test_what_is_saved_is_what_was_found(opened, tmp_path):
    net, formula = relucirc.circuits.minimum(4), "Min(x1, x2, x3, x4)"
    made = relucirc.report(net, formula)
    page = opened(made)
    for name in ("network.json", "certificate.json", "theorem.v"):
        page.click(f'button[data-file="file-{name.partition(".")[0]}"]')
        (tmp_path / name).write_bytes(page.downloaded(name))
    assert relucirc.load(tmp_path / "network.json") == net
    assert relucirc.check(relucirc.load(tmp_path / "network.json"), formula, tmp_path / "certificate.json")
    assert (tmp_path / "theorem.v").read_text("utf-8") == made.theorem.source
    use = page.text("#files")
    assert "relucirc check network.json 'Min(x1, x2, x3, x4)' certificate.json" in use


def test_circuits_have_their_proofs_folded_in(opened):
    page = opened(relucirc.report(relucirc.circuits.minimum(4)))
    assert page.run("[...document.querySelectorAll('details.proof')].every(d => !d.open)")
    text = page.text("#circuits")
    for words in ("u1 = Min(x1, x2), minimum", "y = Min(u1, u2), minimum", "proved: equal at every real input"):
        assert words in text
    page.hover("details.part summary")
    marked = page.run("[...document.querySelectorAll('circle.member')].map(c => c.dataset.name)")
    assert marked == ["h2.3"]


@pytest.mark.parametrize("width", [1280, 600, 375])
@pytest.mark.parametrize("dark", [False, True])
def test_no_page_is_wider_than_its_window(width, dark, wide, opened):
    page = opened(wide, width=width, dark=dark)
    page.hover('#drawing circle[data-name="h2.3"]')
    page.wait("document.querySelectorAll('#picture .cell').length > 20")
    assert page.run("document.documentElement.scrollWidth") <= width
    paper = page.run("getComputedStyle(document.querySelector('.panel')).backgroundColor")
    assert paper == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")


def test_windows_show_the_domain_or_most_kinks():
    net = relucirc.MLP.from_arrays([([[1, 0], [0, 2]], [-30, 4]), ([[1, 1]], None)])
    read = relucirc.language.domain.read_domain
    assert window_of(net, read("0 <= x1 <= 1, x2 >= 5", net.inputs))[0] == (0, 1)
    (left, right), _ = window_of(net, read(None, net.inputs))
    assert left <= -3
    assert right >= 3
    assert window_of(net, read("x2 >= 50", net.inputs))[1][0] == 50
