"""Writes docs/_generated: the catalogue with a drawing for each circuit, and a page for each module.

Run by conf.py before every build; run it alone with ``python docs/generate.py``.
"""

import ast
import pkgutil
import re
import shutil
from pathlib import Path

import relucirc
from relucirc.circuits import catalogue
from relucirc.core.printing import formula_text
from relucirc.core.tables import counted

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
    _write("catalogue.md", catalogue_page())
    modules = module_names()
    _write("api/index.md", api_index(modules))
    for name in modules:
        _write(f"api/{name}.md", module_page(name))


def _write(name: str, text: str) -> None:
    (HERE / name).write_text(text.rstrip() + "\n", encoding="utf-8")


def catalogue_page() -> str:
    """One entry for each circuit: formula, sizes, proof, drawing, source."""
    lines = [
        "# The catalogue",
        "",
        "Every circuit below is in `relucirc.circuits`, and is proved equal to its formula by `make prove`, as it is",
        "and for all positive rescalings of its neurons.  This page is written by code from the catalogue itself.",
        "In the drawings positive weights are blue lines, negative ones orange and dashed; where lines are many, those",
        "without a label are 1 and -1.",
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
            (HERE / "drawings" / f"{name}.svg").write_text(relucirc.draw(net, title=name), encoding="utf-8")
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


def module_names() -> list[str]:
    """Every module of the package that has something public, in the order of the package's tree."""
    found = []
    for module in pkgutil.walk_packages([str(PACKAGE)], "relucirc."):
        if not any(part.startswith("_") for part in module.name.split(".")[1:]):
            found.append(module.name)
    return found


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
        "For those who build on the parts, or read the code; floors from the ground up are in",
        "",
    ]
    lines += ["CONTRIBUTING.md.", "", "| module | what it is |", "|---|---|"]
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
    """One module: its docstring and its public members."""
    return f"# {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n   :show-inheritance:\n```"


if __name__ == "__main__":
    main()
