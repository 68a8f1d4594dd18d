"""Universality: do networks trained for different functions become the same circuits?

    python benchmarks/bench_universality.py run [--store FOLDER] [--deep 128] [--shallow 256]
    python benchmarks/bench_universality.py write

``run`` counts the circuits in two collections of trained networks, and writes docs/universality.json:

* the censuses of docs/training.md, each as large as there where it has one hidden layer and the regimens are the
  original's and the best; wider ones have at most ``--shallow`` seeds, those with two hidden layers ``--deep``;
* networks for functions that are made of shared parts, 64 seeds each.

``write`` writes the tables and pictures of docs/universality.md from that.  Censuses in the folder are not run again.
"""

import argparse
import datetime
import json
import pickle
import platform
import re
import time
from dataclasses import replace
from pathlib import Path

import experiment
import jax
import sympy
from _experiment_page import code, table

from relucirc import Box, universality
from relucirc.interpretation.recurrence import Recurring
from relucirc.pictures.recurring import draw_recurring
from relucirc.training import FUNCTIONS, run_census

DOCS = Path(__file__).parent.parent / "docs"
RESULTS = DOCS / "universality.json"

SHARED = {
    "Min(x1, x2) + Abs(x3)": (3, 10, 1),
    "Abs(x1) - Min(x2, x3)": (3, 10, 1),
    "Max(x1, x2) + 2*Min(x2, x3)": (3, 12, 1),
    "Abs(x1) + Abs(x2 - x3)": (3, 8, 1),
    "Max(0, x1) + 2*Abs(x2 - x3)": (3, 8, 1),
    "clip(x1, -1/2, 1/2) + Min(x2, x3)": (3, 12, 1),
    "clip(x1, -1/2, 1/2) - Abs(x2)": (2, 10, 1),
    "Max(Min(x1, x2), x3)": (3, 10, 6, 1),
    "Abs(Min(x1, x2))": (2, 8, 6, 1),
    "Min(Abs(x1), x2)": (2, 8, 6, 1),
}
"""Function -> sizes of the networks; those with two hidden layers have one circuit inside of another one."""
DOMAIN = Box(-1, 1)
SEEDS = 64
MOST_ROWS = 24
"""Circuits of one function only that are written down."""


def training_cells(deep, shallow):
    """The cells of docs/training.md, without the ablation, which trains the same six functions in other ways."""
    for cell in experiment.cells():
        two_layers = cell.function in experiment.BEYOND[2:]
        small = (
            two_layers or cell.group == "wide" or (cell.group == "beyond" and cell.label not in ("best", "original"))
        )
        if cell.group != "ablation":
            yield replace(cell, seeds=min(cell.seeds, deep if two_layers else shallow) if small else cell.seeds)


def kept(store, name, make, only=False):
    """A census, from the folder if it is there; else it is made, or left out."""
    place = None if store is None else Path(store) / f"{name.replace('/', '__')}.pkl"
    if place is not None and place.exists():
        return pickle.loads(place.read_bytes())
    if only:
        return None
    start = time.perf_counter()
    census = replace(make(), trained=None)
    print(f"{name}: {census.proved} of {census.seeds} proved, {time.perf_counter() - start:.0f} s", flush=True)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(pickle.dumps(census))
    return census


def census_of(cell):
    """Trains and judges one cell."""
    known = FUNCTIONS[cell.function]
    sizes = known.sizes if cell.hidden is None else (known.sizes[0], *cell.hidden, known.sizes[-1])
    return run_census(
        cell.function,
        seeds=cell.seeds,
        regimen=cell.regimen,
        seed=cell.key,
        sizes=sizes,
        progress=False,
        **cell.changes,
    )


def shared_census(formula, sizes):
    """Networks for a function that is made of shared parts."""
    biased = "clip" in formula
    return run_census(
        formula, seeds=SEEDS, regimen="best", sizes=sizes, seed=7, steps=8000, bias=biased, progress=False
    )


def data_of(found):
    """What the page needs."""
    rows = [row for k, row in enumerate(found.rows) if k < MOST_ROWS or row.groups > 1]
    return {
        "reason": found.reason,
        "groups": found.groups,
        "sizes": found.sizes,
        "kinds": len(found.rows),
        "rows": [row.to_json() for row in rows],
        "features": [row.to_json() for row in found.feature_rows],
        "covered": covered(found),
    }


def covered(found):
    """For every group how many of its explained networks have no circuit but those that are in another group too."""
    several = [row.groups > 1 for row in found.rows]
    alone = (found.counts[:, [not s for s in several]] > 0).any(axis=1)
    places = range(len(found.groups))
    return [int((found.explained & ~alone & (found.group_of == k)).sum()) for k in places]


def run(options):
    folder, only = options.store, options.stored
    shared = {
        formula: [kept(folder, f"shared/{formula}", lambda: shared_census(formula, sizes), only)]  # noqa: B023
        for formula, sizes in SHARED.items()
    }
    shared = universality({formula: found for formula, found in shared.items() if found[0]}, DOMAIN, budget=None)
    by_function = {name: [] for name in FUNCTIONS}
    for cell in training_cells(options.deep, options.shallow):
        census = kept(folder, cell.name, lambda: census_of(cell), only)  # noqa: B023
        by_function[cell.function] += [census] if census else []
    trained = universality({name: found for name, found in by_function.items() if found}, DOMAIN, budget=None)
    about = (
        f"Numbers of {datetime.date.today().isoformat()}, made by `python benchmarks/bench_universality.py run`, "
        f"Python {platform.python_version()}, jax {jax.__version__}."
    )
    results = {"about": about, "shared": data_of(shared), "trained": data_of(trained)}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(shared, trained, sep="\n\n")


def rows_of(data, what):
    """The rows as they were."""
    return [
        Recurring(
            row["name"],
            tuple(row.get("names", [row["name"]])),
            sympy.sympify(row["formula"]) if "formula" in row else None,
            row["networks"],
            tuple(row["by_group"]),
        )
        for row in data[what]
    ]


def circuits_table(data, groups):
    rows = [
        (", ".join(row.names), code(str(row.formula)), f"{row.groups}", f"{row.networks:,}")
        for row in rows_of(data, "rows")
        if row.groups > 1
    ]
    return table(("circuit", "formula", f"functions, of {groups}", "networks"), rows, (2, 3))


def groups_table(data):
    lines = zip(data["groups"], data["sizes"], data["covered"], strict=True)
    rows = [
        (
            code(group),
            f"{networks:,}",
            f"{explained:,}",
            f"{whole:,}" + (f" ({whole / explained:.0%})" if explained else ""),
        )
        for group, (explained, networks), whole in lines
    ]
    return table(("function", "networks", "proved", "made of recurring circuits only"), rows, (1, 2, 3))


def write():
    results = json.loads(RESULTS.read_text("utf-8"))
    page = DOCS / "universality.md"
    text = page.read_text("utf-8")
    made = {"about": results["about"]}
    for name in ("shared", "trained"):
        data = results[name]
        made[f"{name}-circuits"] = circuits_table(data, len(data["groups"]))
        made[f"{name}-groups"] = groups_table(data)
        proved = [explained for explained, _ in data["sizes"]]
        picture = draw_recurring(data["groups"], proved, [rows_of(data, "rows")[:16], rows_of(data, "features")])
        picture.save(DOCS / "_static" / f"universality-{name}.svg")
    for name, part in made.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{page} has no place for {name}: expected <!-- {name} --> and <!-- end of {name} -->")
        text = pattern.sub(lambda m, part=part: f"{m[1]}\n{part}\n\n{m[2]}", text)
    page.write_text(text, "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("run", "write"))
    parser.add_argument("--store", help="a folder where censuses are kept between runs")
    parser.add_argument("--stored", action="store_true", help="count what is in the folder, and train nothing")
    parser.add_argument("--deep", type=int, default=128, help="most seeds of networks with two hidden layers (128)")
    parser.add_argument("--shallow", type=int, default=256, help="most seeds of wider networks with one (256)")
    options = parser.parse_args()
    run(options) if options.action == "run" else write()


if __name__ == "__main__":
    main()
