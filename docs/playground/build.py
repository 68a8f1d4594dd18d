"""Writes the playground: one page with circuits of the catalogue, each proved, and drawings for networks to come."""

from html import escape
from pathlib import Path
from string import Template

import relucirc
from relucirc.circuits import catalogue
from relucirc.core.printing import formula_text
from relucirc.language.domain import Domain
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.pictures.page.data import bench_data
from relucirc.pictures.page.document import BENCH, bench_html, document, scripts

HERE = Path(__file__).parent
CODE = ("smallest", "equal", "sketch", "playground")
MOST_NEURONS, MOST_INPUTS = 10, 3
"""Circuits with more are not for looking at."""
WIDEST = 7
"""Neurons of the largest network for a graph that is drawn: 6 folds, and one more."""
SHAPES = {
    "a hat": "-2 0, -1 0, 0 1, 1 0, 2 0",
    "the absolute value": "-2 2, 0 0, 2 2",
    "the identity": "-2 -2, 2 2",
    "a clip": "-1 0, 0 0, 1 1, 2 1",
    "two teeth": "-2 0, -1 1, 0 0, 1 1, 2 0",
    "thirds": "-2 1, -1/3 0, 1/3 2/3, 2 -1",
}
"""Graphs to begin with."""


def chosen():
    """The circuits of the page: small ones that equal their formulas everywhere."""
    for name, circuit in catalogue.items():
        net = circuit()
        if circuit.domain is None and net.hidden_neurons <= MOST_NEURONS and len(net.inputs) <= MOST_INPUTS:
            yield name, circuit, net
    deep = catalogue["minimum"]
    yield "minimum of four", deep, deep(4)


def circuit_part(name, circuit, net):
    """A circuit with its data, its drawing, and the proof that it is its formula."""
    formula = circuit.formula(4) if net.sizes[0] == 4 else circuit.formula()
    result = relucirc.prove(net, formula)
    assert result, (name, result)
    data = bench_data(net, graph_of_formula(formula, net.inputs), Domain(), None)
    about = f"{circuit.description} Formula: {formula_text(formula)}. From: {circuit.source}."
    return {"data": data, "drawing": relucirc.draw(net), "about": about, "proof": f"proved, by {result.method}"}


def templates():
    """Drawings of networks of one input with 0, 1, ... hidden neurons, for weights of some length."""
    yield relucirc.draw(relucirc.MLP.from_arrays([([["-11/35"]], ["-12/35"])]), circuits=False)
    for k in range(1, WIDEST + 1):
        hidden = [[f"-{i + 1}1/35"] for i in range(k)], ["-12/35"] * k
        outer = [[f"-{i + 3}1/35" for i in range(k)]], ["-12/35"]
        net = relucirc.MLP.from_arrays([hidden, outer])
        yield relucirc.draw(net, circuits=False, title="the smallest network with one hidden layer for the graph")


def page():
    """The page as HTML."""
    circuits = {name: circuit_part(name, circuit, net) for name, circuit, net in chosen()}
    options = {"circuits": dict.fromkeys(circuits), "shapes": {text: name for name, text in SHAPES.items()}}
    filled = {
        key: "".join(
            f'<option value="{escape(value)}"{" selected" if value == "minimum" else ""}>'
            f"{escape(shown or value.replace('_', ' '))}</option>"
            for value, shown in entries.items()
        )
        for key, entries in options.items()
    }
    body = Template((HERE / "playground.html").read_text("utf-8")).substitute(
        filled, bench=bench_html(""), version=relucirc.__version__
    )
    code = [*scripts(BENCH), STORED, *((HERE / f"{name}.js").read_text("utf-8") for name in CODE)]
    data = {"parts": {"circuits": circuits, "drawings": list(templates())}}
    return document("relucirc: the playground", body, code, data, [(HERE / "playground.css").read_text("utf-8")])


STORED = "const stored = (id) => JSON.parse(element(id).textContent);"


def write(folder):
    """Writes the page into a folder of the site."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.html").write_text(page(), encoding="utf-8")
