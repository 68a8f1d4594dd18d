"""Writes docs/_generated: the catalogue with a drawing for each circuit, and a page for each public module.

Run by conf.py before every build; run it alone with ``python docs/generate.py``.
"""

import ast
import importlib
import re
import shutil
from pathlib import Path
from typing import Any

import relucirc
from relucirc.circuits import catalogue
from relucirc.core.printing import formula_text
from relucirc.core.tables import counted
from relucirc.pictures import draw_circuits, draw_deviation, draw_graph, draw_regions, draw_snapped

HERE = Path(__file__).parent / "_generated"
PACKAGE = Path(relucirc.__file__).parent

SECTION = re.compile(r"^# (?P<title>.+)\n(?P<names>(?:from .+\n)+)", re.MULTILINE)
NAME = re.compile(r"^from relucirc\.\S+ import \w+ as (\w+)$", re.MULTILINE)
ALIASES = ("compile",)
"""Second names for what has another one."""


def verbs() -> dict[str, list[str]]:
    """The public names, by what they are for, from the one place where they stand."""
    table = (PACKAGE / "__init__.pyi").read_text("utf-8")
    found = {m["title"]: [n for n in NAME.findall(m["names"]) if n not in ALIASES] for m in SECTION.finditer(table)}
    return {title: names for title, names in found.items() if names}


def main() -> None:
    """Writes everything."""
    shutil.rmtree(HERE, ignore_errors=True)
    (HERE / "api").mkdir(parents=True)
    (HERE / "drawings").mkdir()
    for name, picture in pictures().items():
        picture.save(HERE / "drawings" / f"page-{name}.svg")
    _write("catalogue.md", catalogue_page())
    modules = module_names()
    _write("api/index.md", api_index(modules))
    for name in modules:
        _write(f"api/{name}.md", module_page(name))


def _write(name: str, text: str) -> None:
    (HERE / name).write_text(text.rstrip() + "\n", encoding="utf-8")


def pictures() -> dict[str, Any]:
    """What docs/pictures.md shows: the pictures of its examples, in light colours, as its paper is."""
    minimum, trained = relucirc.circuits.minimum(), relucirc.circuits.trained()["minimum"].network
    light = {"theme": "light"}
    return {
        "point": relucirc.draw(minimum, at=(-5, 3), **light),
        "circuits": draw_circuits(relucirc.explain(relucirc.circuits.minimum(4)), **light),
        "graph": draw_graph(relucirc.circuits.hat(), "-2 <= x <= 2", **light),
        "regions": draw_regions(relucirc.circuits.median(3), slice={"x3": "1/2"}, **light),
        "deviation": draw_deviation(trained, "Min(x1, x2)", relucirc.Box(-1, 1), **light),
        "snapped": draw_snapped(trained, relucirc.snap(trained, "Min(x1, x2)"), **light),
    }


def catalogue_page() -> str:
    """One entry for each circuit: formula, sizes, proof, drawing, source."""
    lines = [
        "# The catalogue",
        "",
        "Every circuit below is in `relucirc.circuits`, and is proved equal to its formula by `make prove`, as it is",
        "and for all positive rescalings of its neurons.  This page is written by code from the catalogue itself.",
        "In the drawings inputs stand below, outputs above, and hidden neurons say what they detect; positive weights",
        "are blue lines, negative ones dashed, and where lines are many, those without a number are 1 and -1.",
        "",
        "::::{container} catalogue",
        "| name | sizes | formula | where | proved by |",
        "|---|---|---|---|---|",
    ]
    details: list[str] = []
    for name, circuit in catalogue.items():
        net, formula = circuit(), circuit.formula()
        result = relucirc.prove(net, formula, domain=circuit.domain)
        where = f"`{circuit.domain}`" if circuit.domain else "everywhere"
        sizes = "-".join(map(str, net.sizes))
        lines.append(
            f"| [`{name}`](#{name.replace('_', '-')}) | {sizes} | {code(formula, 60)} | {where} | {result.method} |"
        )
        details += ["", f"({name.replace('_', '-')})=", f"## {name}", "", circuit.description, ""]
        if net.hidden_neurons <= MAX_DRAWN and len(net.inputs) <= MAX_DRAWN:
            (HERE / "drawings" / f"{name}.svg").write_text(
                relucirc.draw(net, title=name, theme="light"), encoding="utf-8"
            )
            details += [f"![{name}](drawings/{name}.svg)", ""]
        details += [
            f"- formula: {code(formula, 300)}" + (f" where `{circuit.domain}`" if circuit.domain else ""),
            f"- sizes: {sizes}, {counted(net.hidden_neurons, 'hidden neuron')}",
            f"- source: {circuit.source}",
        ]
    return "\n".join([*lines, "::::", *details])


MAX_DRAWN = 24
"""Most neurons in a drawing."""


def code(value: object, width: int) -> str:
    """Writes a value as inline code, cut to a width, safe in a table."""
    text = formula_text(value)
    text = text if len(text) <= width else text[: width - 3] + "..."
    return "`" + text.replace("|", "\\|") + "`"


FRONTS = ("circuits", "optimal", "optimal.discovery", "training", "pictures", "strategies", "testing")
"""Public modules beside `relucirc` itself; all others are internal."""


def module_names() -> list[str]:
    """The public modules, by their full names."""
    return [f"relucirc.{name}" for name in FRONTS]


def api_index(modules: list[str]) -> str:
    """The public names first, then every module."""
    lines = ["# API", "", "Everything that is needed every day is in `relucirc` itself.", ""]
    for title, names in verbs().items():
        lines += [f"## {title}", "", "```{eval-rst}"]
        for name in names:
            thing = getattr(relucirc, name)
            options = ["   :members:"] if isinstance(thing, type) else []
            path = f"relucirc.{name}"
            if path in modules:  # a package that can be called: its function has the same name
                path, options = f"relucirc.{name}.{name}", [*options, "   :no-index:"]
            lines += [f".. {'autoclass' if isinstance(thing, type) else 'autofunction'}:: {path}", *options, ""]
        lines += ["```", ""]
    lines += [
        "## Modules",
        "",
        "More of everything; the rooms behind them are in CONTRIBUTING.md.",
        "",
    ]
    lines += ["| module | what it is |", "|---|---|"]
    lines += [f"| [{name}]({name}.md) | {summary(name)} |" for name in modules]
    lines += ["", "```{toctree}", ":hidden:", "", *modules, "```"]
    return "\n".join(lines)


def summary(name: str) -> str:
    """The first sentence of a module's docstring, read without importing it."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    first = (ast.get_docstring(ast.parse(source.read_text("utf-8"))) or "").split("\n")[0]
    return first.replace("``", "`").replace("|", "\\|").rstrip(".:")


def module_page(name: str) -> str:
    """One module: its docstring and its public members, wherever they are written."""
    module = importlib.import_module(name)
    lines = [f"# {name}", "", "```{eval-rst}", f".. automodule:: {name}", ""]
    home = "relucirc." if hasattr(module, "__path__") else name  # a package offers what its files hold
    for member, thing in vars(module).items():
        if member.startswith("_") or not (getattr(thing, "__module__", None) or "").startswith(home):
            continue
        if getattr(relucirc, member, None) is thing:  # on the first page already
            continue
        if isinstance(thing, type):
            lines += [f".. autoclass:: {name}.{member}", "   :members:", "   :show-inheritance:", ""]
        elif callable(thing) and not hasattr(thing, "formula"):  # circuits have a page of their own
            lines += [f".. autofunction:: {name}.{member}", ""]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    main()
