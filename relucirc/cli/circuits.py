"""List the built-in circuits: sizes, formulas, and where the formulas hold; with --json, sources too."""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.core.errors import shorten
from relucirc.core.printing import formula_text
from relucirc.core.tables import table

HELP = "list the built-in circuits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments: none."""


def run(args: argparse.Namespace) -> Outcome:  # noqa: ARG001
    """Runs the command."""
    from relucirc.circuits import catalogue

    rows, data = [], {}
    for name, circuit in catalogue.items():
        sizes = "-".join(map(str, circuit().sizes))
        formula = formula_text(circuit.formula())
        rows.append([name, circuit.kind, sizes, shorten(formula, 60), circuit.where_words()])
        data[name] = {
            "kind": circuit.kind,
            "sizes": sizes,
            "formula": formula,
            "domain": circuit.domain,
            "description": circuit.description,
            "source": circuit.source,
        }
    return Outcome(table(["name", "kind", "sizes", "formula", "where"], rows), {"circuits": data})
