"""The gallery: pictures, each with the lines that made it.  The lines that are shown are those that are run."""

import ast
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exhibit:
    """A picture: what it is called, what it shows, and the code whose last line is the picture."""

    name: str
    title: str
    text: str
    code: str

    def picture(self) -> Any:
        """Runs the code, and gives its last expression."""
        names: dict[str, Any] = {}
        *body, last = ast.parse(self.code.strip()).body
        assert isinstance(last, ast.Expr)
        exec(compile(ast.Module(body, []), self.name, "exec"), names)
        return eval(compile(ast.Expression(last.value), self.name, "eval"), names)

    def markdown(self) -> list[str]:
        """The picture in the page itself, so that hovering works, and its code below."""
        return [
            f"## {self.title}",
            "",
            self.text,
            "",
            "```{raw} html",
            f'<div class="picture">{self.picture()._repr_html_()}</div>',
            "```",
            "",
            ":::{dropdown} The code",
            "```python",
            self.code.strip(),
            "```",
            ":::",
            "",
        ]


EXHIBITS = (
    Exhibit(
        "point",
        "A network at a point",
        "The minimum of −5 and 3.  What goes into a ReLU stands below, what comes out above; the comparison is active.",
        """
import relucirc

relucirc.draw(relucirc.circuits.minimum(), at=(-5, 3))
""",
    ),
    Exhibit(
        "boxes",
        "The circuits of its layers",
        "The minimum of four.  Boxes stand around neurons of a layer that are a circuit of the catalogue.",
        """
import relucirc

net = relucirc.circuits.minimum(4)
relucirc.draw(net, explanation=relucirc.explain(net))
""",
    ),
    Exhibit(
        "circuits",
        "Circuits made of circuits",
        "The same network, taken apart: each trapezoid is a circuit with its formula, proved, and can be closed.",
        """
import relucirc

relucirc.explain(relucirc.circuits.minimum(4)).draw()
""",
    ),
    Exhibit(
        "graph",
        "A graph, with its kinks and pieces",
        "A hat function of three neurons.  Kinks say which neuron bends there.",
        """
import relucirc
from relucirc.pictures import draw_graph

draw_graph(relucirc.circuits.hat(), "-2 <= x <= 2")
""",
    ),
    Exhibit(
        "regions",
        "Linear regions",
        "The median of x1, x2 and 1/2: a plane through a network of three inputs.  One colour for each affine map.",
        """
import relucirc
from relucirc.pictures import draw_regions

draw_regions(relucirc.circuits.median(3), slice={"x3": "1/2"})
""",
    ),
    Exhibit(
        "deviation",
        "How far from a formula, and where",
        "A network that was trained to be the minimum.  The circle is the point of the largest distance, exactly.",
        """
import relucirc
from relucirc.pictures import draw_deviation

net = relucirc.circuits.trained()["minimum"].network
draw_deviation(net, "Min(x1, x2)", relucirc.Box(-1, 1))
""",
    ),
    Exhibit(
        "bounds",
        "Between which values it stays",
        "The least, the middle and the greatest of three numbers: exact bounds, and points that attain them.",
        """
import relucirc

relucirc.bounds(relucirc.circuits.sort(3), "0 <= x1 <= 1, 0 <= x2 <= 1/2, -1 <= x3 <= 2").draw()
""",
    ),
    Exhibit(
        "snapped",
        "Before and after snapping",
        "The same network, and what is left of it when its weights are rounded to small rationals: a proved minimum.",
        """
import relucirc
from relucirc.pictures import draw_snapped

net = relucirc.circuits.trained()["minimum"].network
draw_snapped(net, relucirc.snap(net, "Min(x1, x2)"))
""",
    ),
    Exhibit(
        "front",
        "Shorter formulas, and nearer ones",
        "For each size of formula the nearest that was found, and how far it certainly is from the network.",
        """
import relucirc

net = relucirc.circuits.trained()["minimum"].network
relucirc.explain(net, relucirc.Box(-1, 1), "1/20").front.draw()
""",
    ),
    Exhibit(
        "census",
        "What the seeds became",
        "64 seeds trained to be an absolute value, by the original's regimen: half of them get stuck.",
        """
from relucirc.training import run_census

run_census("absolute", seeds=64, regimen="original", seed=1).draw()
""",
    ),
    Exhibit(
        "layers",
        "A network that is too large to be drawn",
        "Layers are bands, with counts, ranges and histograms of their weights.",
        """
import jax
import relucirc

shapes = [(256, 784), (256, 256), (10, 256)]
keys = jax.random.split(jax.random.key(0), len(shapes))
layers = [(jax.random.normal(k, s) / s[1] ** 0.5, None) for k, s in zip(keys, shapes)]
relucirc.draw(relucirc.MLP.from_arrays(layers))
""",
    ),
)


def page() -> str:
    """The gallery as a page."""
    head = [
        "# Gallery",
        "",
        "Every picture of this page was drawn when the page was built, by the code below it.  Numbers are the values;",
        "where one is too long it is rounded and marked with ≈, and the exact value is shown on hover.",
        "",
    ]
    return "\n".join([*head, *(line for exhibit in EXHIBITS for line in exhibit.markdown())])


FRONT = Exhibit(
    "front-page",
    "One network",
    "",
    """
import relucirc

net = relucirc.MLP.from_arrays([
    ([[0, 1], [0, -1], [-1, 1]], None),
    ([[1, -1, -1]], None),
])
relucirc.draw(net)
""",
)


def front() -> str:
    """The first thing that is seen: one network, its formula, its proof and its picture."""
    import sympy

    import relucirc

    net = relucirc.circuits.minimum()
    assert FRONT.picture() == relucirc.draw(net)
    formula = relucirc.to_sympy(net)
    proof = relucirc.prove(net, formula)
    assert proof
    certificate = relucirc.check(net, formula, proof.certificate)
    smallest = relucirc.minimal_network(formula)
    assert smallest.optimal
    return "\n".join(
        [
            "::::::{grid} 1 1 2 2",
            ":gutter: 3",
            ":class-container: front",
            "",
            ":::::{grid-item}",
            ":columns: 12 12 5 5",
            "```{raw} html",
            '<div class="picture">',
            str(FRONT.picture()),
            "</div>",
            "```",
            ":::::",
            "",
            ":::::{grid-item}",
            ":columns: 12 12 7 7",
            "```python",
            FRONT.code.strip().rpartition("\n")[0],
            "relucirc.to_sympy(net)",
            f'relucirc.prove(net, "{formula}")',
            "```",
            "",
            "formula",
            f": ${sympy.latex(formula)}$",
            "",
            "proof",
            f": {proof}  The certificate was {certificate}",
            "",
            "size",
            f": {net.hidden_neurons} hidden neurons, and no fewer will do: {smallest.reason}",
            ":::::",
            "::::::",
        ]
    )
