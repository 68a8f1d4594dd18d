"""Evaluation beside other tools and beside the machine's limits: every claim of docs/benchmarks-evaluation.md.

    python benchmarks/bench_evaluation.py [--rounds 9] [--json OUT] [--plot OUT] [--quick]
    python -m pytest benchmarks/bench_evaluation.py --benchmark-only

All contenders and limits run in turn in every round.  For each claim one line says what was
measured, by medians and by the fastest rounds (which other load on the machine disturbs least),
and whether the goal was reached by both, by one, or by none.
"""

import argparse
import json
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import relucirc
from relucirc.evaluation.benchmarking import CONTENDERS, interleaved, run_benchmark
from relucirc.evaluation.benchmarking.contenders import MissingError, Task
from relucirc.evaluation.benchmarking.run import _points

NAIVE = ("jax.jit(vmap(net))", "jax.jit, matrix products")
RIVALS = (*NAIVE, "onnxruntime", "torch.compile")
OURS = ("relucirc, reused output", "relucirc", "relucirc.evaluate, NumPy")


def dense_network(*sizes):
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(b, a)) / np.sqrt(a), rng.normal(size=b)) for a, b in pairwise(sizes)]
    return relucirc.MLP.from_arrays([(w.astype(np.float32), b.astype(np.float32)) for w, b in layers])


SMALL = {
    "2-3-1 minimum": relucirc.circuits.minimum(),
    "1-2-1 absolute": relucirc.circuits.absolute(),
    "4-input minimum": relucirc.circuits.minimum(4),
}
DENSE = {"2-64-64-1": dense_network(2, 64, 64, 1), "16-256-256-16": dense_network(16, 256, 256, 16)}


class Verdicts:
    """Claims, what was measured by medians and by fastest rounds, and the goal."""

    def __init__(self):
        self.lines = []

    def __call__(self, claim, median, fastest, goal, unit, most=False):
        """Prints and keeps one claim; ``most`` where the goal is not to be exceeded."""
        met = [value <= goal if most else value >= goal for value in (median, fastest)]
        verdict = "reached" if all(met) else "not reached" if not any(met) else "by one of the two"
        show = f"{median:.0%}, {fastest:.0%}" if unit == "%" else f"{median:.3g}, {fastest:.3g} {unit}"
        wanted = f"{'at most' if most else 'at least'} {goal:.0%}" if unit == "%" else f"at least {goal:g} {unit}"
        self.lines.append((claim, show, wanted, verdict))
        print(f"  {claim}: {show} (goal: {wanted}): {verdict}", flush=True)


def best(lines, names, field):
    return min(getattr(lines[name], field) for name in names if name in lines)


def small(report, verdicts, points, rounds):
    """2-3-1, 1-2-1 and 4-input minimum at the speed of a copy."""
    for name, net in SMALL.items():
        report += run_benchmark(net, points, name=name, rounds=rounds)
        lines = report.of(name, "features", points)
        ours = lines[OURS[0]]
        claim = f"{name}, {points:,} points, features, reused output"
        verdicts(f"{claim}, of copy", ours.of_copy, ours.of_copy_fastest, 0.8, "%")
        ratios = [best(lines, RIVALS, field) / getattr(ours, field) for field in ("seconds", "fastest")]
        verdicts(f"{claim}, faster than the best other", *ratios, 10, "times")
        lines = report.of(name, "rows", points)
        ratios = [best(lines, RIVALS, field) / best(lines, OURS, field) for field in ("seconds", "fastest")]
        verdicts(f"{name}, {points:,} points, rows, faster than the best other", *ratios, 3, "times")
    return report


def dense(report, verdicts, points, rounds):
    """Dense layers: nobody is faster, and half of the peak of multiply-adds."""
    for name, net in DENSE.items():
        report += run_benchmark(net, points, name=name, rounds=rounds)
        for layout in ("rows", "features"):
            lines = report.of(name, layout, points)
            others = [other for other in lines if other not in OURS]
            ratios = [best(lines, others, field) / best(lines, OURS, field) for field in ("seconds", "fastest")]
            claim = f"{name}, {points:,} points, {layout}"
            verdicts(f"{claim}, faster than the best other", *ratios, 0.95, "times")
            if name == "16-256-256-16":
                shares = [max(getattr(lines[o], f) or 0 for o in OURS) for f in ("of_peak", "of_peak_fastest")]
                verdicts(f"{claim}, of multiply-add peak", *shares, 0.5, "%")
    return report


def tree(report, verdicts, rounds):
    """Minimum of 1024 from its weights."""
    name, net = "minimum of 1024", relucirc.circuits.minimum(1024)
    for points in (1_000, 10_000):
        report += run_benchmark(net, points, name=name, rounds=rounds, contenders=[*OURS, *NAIVE])
        for layout in ("rows", "features"):
            lines = report.of(name, layout, points)
            ratios = [best(lines, NAIVE, field) / best(lines, OURS[:2], field) for field in ("seconds", "fastest")]
            verdicts(f"{name}, {points:,} points, {layout}, faster than naive JAX", *ratios, 50, "times")
    return report


def overhead(verdicts, rounds):
    """A call with 1,000 points costs what a jitted function costs, from JAX to JAX and from NumPy to NumPy."""
    net = relucirc.circuits.minimum().astype(np.float32)
    array = _points(2, 1000, "rows", 0)
    xs = jnp.asarray(array)
    naive, compiled = jax.jit(jax.vmap(net)), relucirc.compile_network(net)
    runs = {
        "naive": lambda: naive(xs).block_until_ready(),
        "compiled": lambda: compiled(xs).block_until_ready(),
        "evaluate": lambda: relucirc.evaluate(net, xs).block_until_ready(),
        "naive, NumPy": lambda: np.array(naive(array)),
        "evaluate, NumPy": lambda: relucirc.evaluate(net, array),
    }
    seconds = interleaved(runs, max(41, rounds))
    for ours, beside in (("compiled", "naive"), ("evaluate", "naive"), ("evaluate, NumPy", "naive, NumPy")):
        ratios = [float(f(seconds[ours]) / f(seconds[beside])) for f in (np.median, min)]
        verdicts(f"2-3-1 minimum, 1,000 points, {ours} / jax.jit(vmap(net))", *ratios, 1.2, "%", most=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--plot", help="draw the figures to this file")
    parser.add_argument("--quick", action="store_true", help="a tenth of the points")
    options = parser.parse_args()
    verdicts, scale = Verdicts(), 10 if options.quick else 1
    print("by medians, by fastest rounds:")
    overhead(verdicts, options.rounds)
    report = run_benchmark(SMALL["1-2-1 absolute"], 1000, name="warm-up", rounds=1, contenders=["numpy"])
    report.lines.clear()
    report.limits.clear()
    report.plans.clear()
    report = dense(report, verdicts, 100_000 // scale, options.rounds)
    report = tree(report, verdicts, options.rounds)
    report = small(report, verdicts, 10_000_000 // scale, options.rounds)
    print("\n" + report.table())
    if options.plot:
        report.plot(options.plot)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report.to_json() | {"verdicts": verdicts.lines}, file, indent=1)


pytestmark = pytest.mark.filterwarnings("ignore")
CASES = {name: (net, 1_000_000) for name, net in SMALL.items()}
CASES |= {name: (net, 100_000) for name, net in DENSE.items()}
CASES["minimum of 1024"] = (relucirc.circuits.minimum(1024), 1_000)


@pytest.fixture(autouse=True)
def _only_when_asked_for(request):
    if not request.config.getoption("benchmark_only", default=False):
        pytest.skip("measurements run with --benchmark-only (pip install 'relucirc[bench]')")


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("layout", ["rows", "features"])
@pytest.mark.parametrize("name", CASES)
def test_evaluation(benchmark, name, layout, contender):
    net, points = CASES[name]
    task = Task(net.astype(np.float32), _points(net.sizes[0], points, layout, 0), layout)
    try:
        run = CONTENDERS[contender](task)
    except MissingError as reason:
        pytest.skip(str(reason))
    benchmark.group = f"{name}, {points:,} points, {layout}"
    run()
    benchmark.pedantic(run, rounds=5, warmup_rounds=1)


if __name__ == "__main__":
    main()
