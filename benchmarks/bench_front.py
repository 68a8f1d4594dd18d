"""The front: is the target the formula that a trained network is explained by?

    python benchmarks/bench_front.py [--networks 100] [--medians 20] [--seeds 128] [--budget 60] [--regimen best]

Networks with biases, float32, are trained by Adam on the minimum, |x|, x1 + x2 and a clip with twice and four times the
hidden neurons of the smallest network, and on the median of three with 3-16-16-1 (``best``: with redraws of stuck
seeds; ``plain``: without).  Each is explained with a tolerance of three times its own exact deviation from the target.
Of the medians, the first 20 count whose own deviation is under 0.05.

Beside it stands a stand-in for symbolic regression: a grid of our own formulas over the inputs and the constants 0, 1,
-1 and 1/2, up to two operations, scaled and shifted in least squares, the shortest one whose error on 1,000 samples of
the network is within the same tolerance.  It sees samples only; its deviation is then measured by ours.
"""

import argparse
import json
import statistics
import time
from fractions import Fraction

import jax
import numpy as np
import sympy

import relucirc
from relucirc import Box, explain, max_deviation
from relucirc.core.columns import evaluate_graph
from relucirc.interpretation.atoms import Affine
from relucirc.interpretation.batch import forward, homogeneous, network_at, stacked
from relucirc.interpretation.price import price_of
from relucirc.interpretation.shapes import Shapes
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.training import train

X1, X2, X3 = sympy.symbols("x1 x2 x3")
TARGETS = {
    "minimum": ("Min(x1, x2)", 2, 3, Box(-1, 1)),
    "absolute": ("Abs(x)", 1, 2, Box(-1, 1)),
    "addition": ("x1 + x2", 2, 2, Box(-1, 1)),
    "clip": ("Max(-1, Min(1, x))", 1, 2, Box(-2, 2)),
}
"""Formula, inputs, hidden neurons of the smallest network with biases, domain."""
MEDIAN = sympy.Max(sympy.Min(X1, X2), sympy.Min(sympy.Max(X1, X2), X3))
REGIMENS = {
    "best": {"regimen": "best", "steps": 3000, "batch": 256},
    "plain": {"optimiser": "adam", "rate": 0.01, "decay": "cosine", "steps": 3000, "batch": 256},
}
NEAR_MEDIAN = 0.05
SAMPLES = 1000


def trained(formula, sizes, domain, seeds, regimen):
    """Networks of one shape."""
    found = train(formula, sizes, key=jax.random.key(sizes[1]), seeds=seeds, domain=domain, bias=True, **regimen)
    return [network_at(found.networks, i) for i in range(seeds)]


def is_target(net, formula, target, domain):
    """Whether a formula over the inputs of a network is the target on the domain, proved."""
    if formula is None:
        return False
    return relucirc.prove(graph_of_formula(target, net.inputs), formula, domain).status == "proved"


def grid(n, reach):
    """A grid of formulas, and the points of [-reach, reach]^n that they are seen at."""
    points = np.random.default_rng(0).uniform(-reach, reach, (SAMPLES, n))
    constants = [Affine.constant(Fraction(c), n) for c in (0, 1, -1, Fraction(1, 2))]
    shapes = Shapes.of([*(Affine.variable(i, n) for i in range(n)), *constants], points)
    shapes = shapes.grown(np.arange(len(shapes)), n + len(constants))
    return points, shapes.grown(np.arange(len(shapes)), n + len(constants))


def regressed(net, tolerance, made):
    """The shortest formula of the grid whose error on samples is within the tolerance."""
    points, shapes = made
    values = forward(stacked(net, single=True), homogeneous(points))[0, :, 0]
    best, symbols = None, [sympy.Symbol(name) for name in net.inputs]
    for k in np.argsort(shapes.operations, kind="stable"):
        seen = shapes.values[k]
        fitted = np.round(np.linalg.lstsq(np.column_stack([seen, np.ones(len(seen))]), values, rcond=None)[0], 2)
        for a, b in ((1.0, 0.0), tuple(fitted)):
            if np.abs(a * seen + b - values).max() <= tolerance:
                factor, constant = (sympy.Rational(str(c)) for c in (a, b))
                formula = factor * shapes.written(int(k), symbols) + constant
                if best is None or price_of(formula) < price_of(best):
                    best = formula
        if best is not None and shapes.operations[k] > price_of(best).operations:
            break
    return best


def explained(net, target, domain, budget, made):
    """One line of results."""
    own = max_deviation(net, target, domain, budget=budget).upper
    start = time.perf_counter()
    found = explain(net, domain, 3 * own, budget=budget)
    seconds = time.perf_counter() - start
    guess = regressed(net, 3 * float(own), made)
    measured = None if guess is None else max_deviation(net, guess, domain, budget=budget)
    return {
        "own": float(own),
        "seconds": seconds,
        "formula": str(found.formula),
        "is_target": is_target(net, found.formula, target, domain),
        "deviation": None if found.deviation is None else float(found.deviation),
        "front": len(found.front),
        "grid": str(guess),
        "grid_is_target": is_target(net, guess, target, domain),
        "grid_keeps": measured is not None and bool(measured.upper <= 3 * own),
    }


def told(name, rows):
    """Prints what became of some networks."""
    print(
        f"{name}: target in {sum(r['is_target'] for r in rows)} of {len(rows)}, median"
        f" {statistics.median(r['seconds'] for r in rows):.1f} s, most {max(r['seconds'] for r in rows):.1f} s;"
        f" own deviation {statistics.median(r['own'] for r in rows):.4f}, at most {max(r['own'] for r in rows):.4f};"
        f" grid on samples: target in {sum(r['grid_is_target'] for r in rows)},"
        f" within the tolerance everywhere in {sum(r['grid_keeps'] for r in rows)}"
    )
    for row in rows:
        if not row["is_target"]:
            print(f"   not: {row['formula'][:100]} (own deviation {row['own']:.4f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--medians", type=int, default=20, help="medians with a small own deviation that are explained")
    parser.add_argument("--seeds", type=int, default=128, help="medians that are trained")
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--regimen", choices=REGIMENS, default="best")
    parser.add_argument("--json")
    options = parser.parse_args()
    shapes = [(name, factor) for name in TARGETS for factor in (2, 4)]
    results = {}
    for k, (name, factor) in enumerate(shapes):
        formula, n, width, domain = TARGETS[name]
        count = options.networks * (k + 1) // len(shapes) - options.networks * k // len(shapes)
        if not count:
            continue
        nets = trained(formula, (n, factor * width, 1), domain, count, REGIMENS[options.regimen])
        made = grid(n, domain.upper)
        rows = [explained(net, formula, domain, options.budget, made) for net in nets]
        results[f"{name} {n}-{factor * width}-1"] = rows
        told(f"{name} {n}-{factor * width}-1", rows)
    rows = [row for part in results.values() for row in part]
    if rows:
        told("all", rows)
    if options.medians:
        results["median 3-16-16-1"] = medians(options)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"regimen": options.regimen, "results": results}, file, indent=1)


def medians(options):
    """The medians of three; those count whose own deviation is small, and the first of them are explained."""
    longer = {**REGIMENS[options.regimen], "steps": 6000}
    nets = trained(MEDIAN, (3, 16, 16, 1), Box(-1, 1), options.seeds, longer)
    target = graph_of_formula(MEDIAN, nets[0].inputs)
    near = [net for net in nets if seen_apart(net, target) < NEAR_MEDIAN]
    print(f"median 3-16-16-1: {len(near)} of {len(nets)} seem to be within {NEAR_MEDIAN} of it")
    made, rows = grid(3, 1), []
    for net in near:
        row = explained(net, MEDIAN, Box(-1, 1), options.budget, made)
        rows += [row] if row["own"] < NEAR_MEDIAN else []
        print(f"   {len(rows)}: own {row['own']:.4f}, {row['is_target']}, {row['seconds']:.0f} s", flush=True)
        if len(rows) == options.medians:
            break
    if rows:
        told("median 3-16-16-1, own deviation under 0.05", rows)
    return rows


def seen_apart(net, target):
    """The largest difference at many points: the own deviation is not less."""
    points = np.random.default_rng(1).uniform(-1, 1, (20_000, len(net.inputs)))
    values = forward(stacked(net, single=True), homogeneous(points))[0, :, 0]
    return float(np.abs(values - evaluate_graph(target, list(points.T), np)[0]).max())


if __name__ == "__main__":
    main()
