"""The experiment of docs/training.md: thousands of networks for each function, each proved or not.

    python benchmarks/experiment.py                                  what docs/training.json says, as tables
    python benchmarks/experiment.py run [GROUP ...] [--jobs N]       trains and judges, and writes docs/training.json
    python benchmarks/experiment.py write                            writes the tables and figures of docs/training.md

A group is a table: six, ablation, beyond, wide.  Every cell of a table is one census in a process of its own; the
numbers of cells that are not run again stay as they are.
"""

import argparse
import datetime
import itertools
import json
import multiprocessing
import os
import platform
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
RESULTS = DOCS / "training.json"

SIX = ("identity", "negative_identity", "absolute", "addition", "subtraction", "minimum")
MORE = ("maximum", "distance")
BEYOND = ("clip", "hat", "maximum3", "median3", "maximum4")
CHOSEN_ON, FRESH = 1, 100
"""Regimens were chosen on key 1; what is reported was measured on key 100."""

ABLATION = {
    "SGD": ("original", {"steps": 4000}),
    "SGD, redraw": ("original", {"steps": 4000, "redraws": 12, "redraw_part": 0.75}),
    "SGD, spread": ("original", {"steps": 4000, "initial": "spread"}),
    "Adam": ("best", {"redraws": 0, "decay": "constant"}),
    "Adam, cosine": ("best", {"redraws": 0}),
    "Adam, cosine, spread": ("best", {"redraws": 0, "initial": "spread"}),
    "Adam, redraw": ("best", {"decay": "constant"}),
    "Adam, cosine, redraw (best)": ("best", {}),
    "Adam, cosine, redraw, spread": ("best", {"initial": "spread"}),
}
"""All with 4,000 steps.  Redraw: up to 12 times in the first three quarters.  Spread: without a blind side."""

LONG = {"steps": 20_000}
HARD = {
    "original": ("original", {"steps": 20_000}),
    "adam": ("adam", LONG),
    "best": ("best", LONG),
    "best-spread": ("best-spread", LONG),
    "prune": ("prune", LONG),
    "prune-l1": ("prune-l1", LONG),
    "best, wider": ("best", LONG),
}
WIDER = {"clip": (8,), "hat": (12,), "maximum3": (10, 6), "median3": (9, 6), "maximum4": (12, 6)}
"""Hidden widths of *best, wider*; what comes out is snapped and folded, not pruned in training."""

WIDE = {
    "absolute": ((2,), (4,), (8,), (16,)),
    "minimum": ((3,), (6,), (12,), (24,)),
    "clip": ((2,), (4,), (8,), (16,)),
    "hat": ((3,), (6,), (12,), (24,)),
    "maximum3": ((5, 3), (10, 6)),
}
"""Hidden widths: the smallest that are enough, and twice, four times, eight times as many."""


@dataclass(frozen=True)
class Cell:
    """One census."""

    group: str
    label: str
    function: str
    regimen: str
    seeds: int = 1024
    key: int = FRESH
    hidden: tuple[int, ...] | None = None
    changes: dict = field(default_factory=dict)

    @property
    def name(self):
        """How the results call it."""
        return f"{self.group}/{self.label}/{self.function}"


def cells():
    """All cells, the longest first."""
    made = [Cell("six", "original", name, "original", key=0) for name in SIX]
    made += [Cell("six", "best", name, "best", seeds=4096) for name in SIX]
    made += [Cell("six", "best", name, "best") for name in MORE]
    for label, (regimen, changes) in ABLATION.items():
        made += [Cell("ablation", label, name, regimen, changes=changes) for name in SIX]
    for label, (regimen, changes) in HARD.items():
        for name in BEYOND[:2] if label.startswith("prune") else BEYOND:
            wider = WIDER[name] if label == "best, wider" else None
            seeds = 1024 if wider is None else 512
            made.append(Cell("beyond", label, name, regimen, seeds=seeds, hidden=wider, changes=changes))
    for name, widths in WIDE.items():
        steps = {"steps": 20_000 if name in BEYOND else 4000}
        made += [Cell("wide", "-".join(map(str, w)), name, "adam", seeds=512, hidden=w, changes=steps) for w in widths]
    return sorted(made, key=lambda cell: (cell.function not in BEYOND[2:], cell.function not in BEYOND))


def pruned_size(net):
    """Hidden neurons of a circuit with one hidden layer after folding, which is exact and changes no value."""
    import numpy as np

    from relucirc.interpretation.batch import stacked
    from relucirc.interpretation.folding import by_folding
    from relucirc.interpretation.proposal import Sight
    from relucirc.interpretation.rounding import Within

    if len(net.layers) != 2:
        return net.hidden_neurons
    corners = np.array([(1, *corner) for corner in itertools.product((-1, 1), repeat=len(net.inputs))])
    folded = by_folding(stacked(net, single=True), Within(0.0), Sight(corners, corners))
    return len(folded.layers(0)[0][0])


def run_cell(cell):
    """Trains and judges one cell; returns plain data."""
    from relucirc.training import FUNCTIONS, run_census

    known = FUNCTIONS[cell.function]
    sizes = known.sizes if cell.hidden is None else (known.sizes[0], *cell.hidden, known.sizes[-1])
    census = run_census(
        cell.function,
        seeds=cell.seeds,
        regimen=cell.regimen,
        seed=cell.key,
        sizes=sizes,
        progress=False,
        **cell.changes,
    )
    data = census.to_json()
    features, neurons, pruned = Counter(), Counter(), Counter()
    for circuit in census.circuits:
        neurons[circuit.network.hidden_neurons] += circuit.count
        pruned[pruned_size(circuit.network)] += circuit.count
        for feature in circuit.features:
            features[feature] += circuit.count
    kinds = Counter()
    for failure in census.failures:
        kinds[failure.kind] += failure.count
    keep = ("target", "sizes", "total_steps", "seeds", "proved", "interval", "low_loss", "low_loss_not_proved")
    return {
        **{key: data[key] for key in (*keep, "proved_not_low_loss", "classes", "train_seconds", "judge_seconds")},
        "key": cell.key,
        "redrawn": int((census.draws > 1).sum()),
        "distinct": len(census.circuits),
        "circuits": [
            {key: c[key] for key in ("circuit", "count", "class", "proved", "hidden_neurons")}
            for c in data["circuits"][:6]
        ],
        "failures": data["failures"][:6],
        "kinds": dict(kinds.most_common()),
        "features": dict(features.most_common()),
        "neurons": {str(k): neurons[k] for k in sorted(neurons)},
        "pruned": {str(k): pruned[k] for k in sorted(pruned)},
    }


def save(results):
    """Writes the results, one cell a line."""
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(data)}" for name, data in results["cells"].items())
    RESULTS.write_text(f'{{"about": {json.dumps(results["about"])},\n"cells": {{\n{lines}\n}}}}\n')


def run(groups, jobs, missing):
    """Runs the cells of some groups side by side, and writes what comes in as it comes."""
    import jax

    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"cells": {}}
    todo = [cell for cell in cells() if not groups or cell.group in groups]
    todo = [cell for cell in todo if not (missing and cell.name in results["cells"])]
    results["about"] = {
        "date": datetime.date.today().isoformat(),
        "command": "python benchmarks/experiment.py run",
        "machine": f"{os.cpu_count()} CPU cores, {jobs} censuses side by side",
        "versions": f"Python {platform.python_version()}, jax {jax.__version__}",
    }
    started = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        waiting = {pool.submit(run_cell, cell): cell for cell in todo}
        for done, future in enumerate(as_completed(waiting), 1):
            cell, data = waiting[future], future.result()
            results["cells"][cell.name] = data
            seconds = time.perf_counter() - started
            print(
                f"{done:3} of {len(todo)}, {seconds:4.0f} s: {cell.name:<50} {data['proved']:5} of {data['seeds']:5}, "
                f"trained {data['train_seconds']:.0f} s, judged {data['judge_seconds']:.0f} s",
                flush=True,
            )
            order = {c.name: i for i, c in enumerate(sorted(cells(), key=lambda c: (c.group, c.label, c.function)))}
            results["cells"] = dict(sorted(results["cells"].items(), key=lambda item: order.get(item[0], -1)))
            save(results)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", nargs="?", choices=("show", "run", "write"), default="show")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="six, ablation, beyond, wide; all by default")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side (2)")
    parser.add_argument("--missing", action="store_true", help="run only the cells that have no numbers yet")
    options = parser.parse_args()
    if options.action == "run":
        run(options.groups, options.jobs, options.missing)
        return
    import _experiment_page as page

    results = json.loads(RESULTS.read_text())
    if options.action == "write":
        page.write(results, DOCS)
    else:
        for name, table in page.tables(results).items():
            print(f"{name}\n\n{table}\n")


if __name__ == "__main__":
    main()
