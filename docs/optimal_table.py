"""The table of docs/optimal-table.md, made from the catalogue: ``python docs/optimal_table.py FILE``.

Every number in it is computed and checked when the table is made; nothing is typed in.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from relucirc.circuits import catalogue
from relucirc.core.errors import DomainError
from relucirc.core.printing import formula_text
from relucirc.files import load
from relucirc.language.network import MLP
from relucirc.optimal.depth import Depth, depth_certificate
from relucirc.optimal.minimal import Minimal, minimal_network
from relucirc.optimal.synthesis import compile as compile_formula
from relucirc.proof.prover import prove

HEADER = """# Sizes: built, proved minimal, smallest known

Written by code (`python docs/optimal_table.py docs/optimal-table.md`) from the catalogue. *One hidden layer* is the
exact minimum over all real weights, with a certificate that the independent checker accepted, or a certificate that
there is no such network of any size. *Two hidden layers* is the smallest network known here, proved equal; no minimum
is claimed for it. *Integer weights* is the number of hidden layers that networks with integer weights need, where the
theorem of Haase, Hertrich and Loho (ICLR 2023) applies; it says nothing about other weights. For real weights no
function is known to need more than two hidden layers.

| circuit | function | where | as built | one hidden layer | two hidden layers | integer weights |
|---|---|---|---|---|---|---|
"""

STORED = {
    "maximum(5)": "max5_two_layers.json",
    "maximum(6)": "max6_two_layers.json",
    "median(5)": "median5_two_layers.json",
}
"""Networks that relucirc.discover found, kept with the package."""

LARGER = (("maximum", (3,)), ("maximum", (4,)), ("maximum", (5,)), ("maximum", (6,)), ("median", (5,)))
WIDEST = 60
"""Longest function that is written out."""
MOST_INPUTS = 6
"""Most inputs for which two hidden layers are asked for."""


@dataclass(frozen=True)
class Row:
    """One function: what was built, and what is known about it."""

    name: str
    net: MLP
    formula: Any
    domain: str | None

    def cells(self) -> list[str]:
        """Returns the row's cells."""
        written = formula_text(self.formula)
        function = f"`{written}`" if len(written) <= WIDEST else _inputs(len(self.net.inputs))
        where = f"`{self.domain}`" if self.domain else "everywhere"
        built = f"{self.net.hidden_neurons} ({'-'.join(map(str, self.net.sizes))})"
        return [f"`{self.name}`", function, where, built, *self.known()]

    def known(self) -> list[str]:
        """Returns the three cells about one layer, two layers and integer weights."""
        try:
            found = minimal_network(self.formula, domain=self.domain, inputs=self.net.inputs, budget=60)
        except DomainError:
            return ["not asked on integer points", "", ""]
        if found.network is not None:
            return [_one_layer(found), "one is enough", ""]
        depth = depth_certificate(self.formula, domain=self.domain, inputs=self.net.inputs, budget=60)
        return [
            "none of any size (certified)" if depth.lower_bound == 2 else found.reason,
            "" if self.domain else self.two_layers(),
            _integer(depth),
        ]

    def two_layers(self) -> str:
        """Returns the smallest network with two hidden layers that is known."""
        options = []
        if len(self.net.inputs) <= MOST_INPUTS:
            compiled = compile_formula(self.formula, hidden_layers=2, inputs=self.net.inputs, budget=30)
            options += [(compiled.network, "compiled")] if compiled.network is not None else []
        if len(self.net.layers) == 3:
            options.append((self.net, "as built"))
        if self.name in STORED:
            with resources.as_file(resources.files("relucirc.circuits") / "data" / STORED[self.name]) as path:
                stored = load(path)
            if prove(stored, self.formula).status == "proved":
                options.append((stored, "discovered"))
        if not options:
            return "none known here"
        net, how = min(options, key=lambda option: option[0].hidden_neurons)
        return f"{net.hidden_neurons} ({'-'.join(map(str, net.sizes))}), {how}"


def _inputs(count: int) -> str:
    return "1 input" if count == 1 else f"{count} inputs"


def _one_layer(found: Minimal) -> str:
    if found.optimal:
        return f"**{found.hidden_neurons}** (certified)"
    return f"{found.lower_bound} to {found.hidden_neurons}"


def _integer(depth: Depth) -> str:
    return "" if depth.integer_lower_bound is None else f"{depth.integer_lower_bound} layers"


def rows() -> Iterator[Row]:
    """Yields every entry of the catalogue, and a few larger ones."""
    for name, circuit in catalogue.items():
        yield Row(name, circuit(), circuit.formula(), circuit.domain)
    for name, parameters in LARGER:
        circuit = catalogue[name]
        title = f"{name}({', '.join(map(str, parameters))})"
        yield Row(title, circuit(*parameters), circuit.formula(*parameters), circuit.domain_of(*parameters))


def optimal_table(progress: Callable[[str], None] = lambda _: None) -> str:
    """Returns the page as Markdown; takes about a minute."""
    lines = []
    for row in rows():
        progress(row.name)
        lines.append("| " + " | ".join(row.cells()) + " |")
    return HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    page = optimal_table(lambda name: print(name, file=sys.stderr))
    Path(sys.argv[1]).write_text(page, encoding="utf-8") if len(sys.argv) > 1 else print(page)
