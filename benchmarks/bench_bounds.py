"""Bounds: exact deviations against a MILP in floats; the ACAS Xu networks and their properties.

    python benchmarks/bench_bounds.py deviation [--sizes 2-16-1,5-16-1] [--repeats 3] [--milp-seconds 120]
    python benchmarks/bench_bounds.py acasxu --acasxu FOLDER [--properties 1,2,3,4] [--budget 116]

``deviation`` measures the largest distance of random float32 networks (weights N(0, 1/fan-in), biases N(0, 0.09)) from
``sum(Max(0, x_i))`` on [-1, 1]^n: ours exact, certified, the certificate checked, in the seconds told; and HiGHS's
mixed-integer program in floats (scipy.optimize.milp, one binary for each neuron, big-M from interval bounds), both
signs, the seconds of the two solves alone.  Both run in turn in this process; medians over repeats, which end when one
problem has taken ten seconds.

``acasxu``: FOLDER holds ``acasxu_*.onnx`` and ``prop_*.vnnlib``.  One line for every network and property: the verdict,
the seconds of reading and search and those of the check, boxes, the size of the certificate, and what the judges of
``_judges.py`` say of the verdict; then how many boxes a second are bounded anew by JAX and by the same code in NumPy,
in batches of 256.  A contradiction ends it with an error.
"""

import argparse
import itertools
import json
import statistics
import time
from pathlib import Path

import jax
import numpy as np
from _judges import judged_sat, judged_unsat
from scipy.optimize import Bounds, LinearConstraint, milp

import relucirc
from relucirc import MLP, Box
from relucirc.checker.safety import check_property
from relucirc.language.vnnlib import read_property
from relucirc.proof.boxes import floats

SIZES = "2-16-1,2-64-1,2-256-1,2-32-32-1,3-32-32-1,4-16-16-1,5-16-1,6-32-1,8-16-1,8-32-1,16-16-1,16-32-1"
ENOUGH = 10.0
"""Seconds after which a problem is not measured again."""
BATCH = 256


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def random_layers(sizes, seed=0):
    """Weights and biases in float32, layer by layer."""
    rng = np.random.default_rng(seed)
    return [
        (rng.normal(0, 1 / np.sqrt(k), (m, k)).astype(np.float32), rng.normal(0, 0.3, m).astype(np.float32))
        for k, m in itertools.pairwise(sizes)
    ]


class MixedInteger:
    """``network - sum(Max(0, x_i))`` on [-1, 1]^n as a mixed-integer program.

    A hinge h = max(0, z) with lo <= z <= up is h >= z, h <= z - lo (1 - d), h <= up d, 0 <= h, d in {0, 1}.
    """

    def __init__(self, layers):
        n = layers[0][0].shape[1]
        self.low, self.high, self.whole, self.rows = [-1.0] * n, [1.0] * n, [0] * n, []
        inputs = list(range(n)), -np.ones(n), np.ones(n)
        below = inputs
        for weight, bias in layers[:-1]:
            below = self.hinges(weight.astype(float), bias.astype(float), *below)
        subtracted = self.hinges(np.eye(n), np.zeros(n), *inputs)[0]
        weight, bias = layers[-1]
        self.cost, self.constant = np.zeros(len(self.low)), float(bias[0])
        self.cost[below[0]] = weight[0]
        self.cost[subtracted] -= 1.0

    def hinges(self, weight, bias, columns, low, high):
        """Adds a layer; returns its columns and their bounds."""
        least = np.maximum(weight, 0) @ low + np.minimum(weight, 0) @ high + bias
        most = np.maximum(weight, 0) @ high + np.minimum(weight, 0) @ low + bias
        found = []
        for row, b, lo, up in zip(weight, bias, least, most, strict=True):
            h = len(self.low)
            self.low += [0.0, 0.0]
            self.high += [max(up, 0.0), 1.0]
            self.whole += [0, 1]
            argument = dict(zip(columns, -row, strict=True))
            self.rows += [
                ({h: 1.0, **argument}, b, np.inf),
                ({h: 1.0, h + 1: -lo, **argument}, -np.inf, b - lo),
                ({h: 1.0, h + 1: -up}, -np.inf, 0.0),
            ]
            found.append(h)
        return found, np.zeros(len(bias)), np.maximum(most, 0.0)

    def largest(self, sign, seconds):
        """Seconds of the solve, and the largest value times the sign; None where the time ended."""
        matrix = np.zeros((len(self.rows), len(self.low)))
        for i, (row, _, _) in enumerate(self.rows):
            matrix[i, list(row)] = list(row.values())
        limits = LinearConstraint(matrix, [row[1] for row in self.rows], [row[2] for row in self.rows])
        options = {"time_limit": seconds}
        taken, found = timed(
            lambda: milp(
                -sign * self.cost,
                constraints=limits,
                bounds=Bounds(self.low, self.high),
                integrality=self.whole,
                options=options,
            )
        )
        return taken, sign * self.constant - found.fun if found.status == 0 else None


def deviation_of(size, seconds, budget):
    """One problem once: our seconds, the answer, MILP's seconds, its value."""
    layers = random_layers(tuple(map(int, size.split("-"))))
    net = MLP.from_arrays(layers)
    formula = " + ".join(f"Max(0, {name})" for name in net.inputs)
    ours, answer = timed(lambda: relucirc.max_deviation(net, formula, Box(-1, 1), budget=budget, progress=False))
    program = MixedInteger(layers)
    solves = [program.largest(sign, seconds) for sign in (1, -1)]
    values = [value for _, value in solves]
    theirs = None if None in values else max(values)
    checked = size_of = None
    if answer.certificate:
        checked, verdict = timed(lambda: relucirc.check(net, formula, answer.certificate, Box(-1, 1)))
        size_of = len(json.dumps(answer.certificate)) if verdict else None
    return ours, sum(taken for taken, _ in solves), answer, theirs, checked, size_of


def deviations(args):
    deviation_of("2-4-1", args.milp_seconds, args.budget)  # what both need once
    print("| network | largest difference | exact, s | check, s | certificate, kB | MILP, s | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    ratios = []
    for size in args.sizes.split(","):
        runs = []
        for _ in range(args.repeats):
            runs.append(deviation_of(size, args.milp_seconds, args.budget))
            if max(runs[-1][:2]) > ENOUGH:
                break
        ours, milps = (statistics.median(run[i] for run in runs) for i in (0, 1))
        _, _, answer, theirs, checked, size_of = runs[-1]
        ratio, over = ours / milps, "" if theirs is not None else "over "
        ratios.append(ratio)
        shown = "unknown" if answer.value is None else f"{float(answer.value):.9f}"
        if answer.value is not None and theirs is not None and abs(float(answer.value) - theirs) > 1e-5 * (1 + theirs):
            shown += f" (MILP: {theirs:.9f})"
        proof = "none | none" if size_of is None else f"{checked:.2f} | {size_of / 1000:,.0f}"
        print(f"| {size} | {shown} | {ours:.2f} | {proof} | {over}{milps:.2f} | {ratio:.2f} |", flush=True)
    print(
        f"median ratio {statistics.median(ratios):.2f}, largest {max(ratios):.2f} (below 1: the exact answer is faster)"
    )


def speeds(seed=0):
    """Boxes a second, bounded anew: JAX, and the same functions in NumPy; five inputs, six layers of 50."""
    rng = np.random.default_rng(seed)
    sizes = [5, *[50] * 6]
    levels = []
    for number in range(6):
        matrix = (rng.normal(size=(50, sizes[number])) / np.sqrt(sizes[number])).astype(np.float32)
        blocks = tuple(matrix if b == number else None for b in range(number + 1))
        levels.append(floats.Weights(blocks, np.zeros(50, np.float32)))
    last = rng.normal(size=(4, 50)).astype(np.float32)
    start = floats.Weights((*[None] * 6, last), np.zeros(4, np.float32))
    low = rng.uniform(0, 0.9, (BATCH, 5)).astype(np.float32)
    high = low + np.float32(0.1)
    big = np.full((BATCH, 300), 1e30, np.float32)
    known = floats.Bounds(-big, big, np.zeros((BATCH, 2, 300, 5), np.float32), np.zeros((BATCH, 2, 300), np.float32))

    def rate(work):
        work()
        began, rounds = time.perf_counter(), 0
        while time.perf_counter() - began < 2.0:
            work()
            rounds += 1
        return rounds * BATCH / (time.perf_counter() - began)

    levels = tuple(levels)
    with_jax = rate(lambda: jax.block_until_ready(floats.renew(levels, start, low, high, known)))
    library, floats.jnp = floats.jnp, np
    try:
        with_numpy = rate(lambda: floats.renew.__wrapped__(levels, start, low, high, known))
    finally:
        floats.jnp = library
    return with_jax, with_numpy


def instance(network, prop, budget):
    began = time.perf_counter()
    net, claim = relucirc.load(network), read_property(prop.read_text())
    answer = relucirc.verify(net, prop, budget=budget, progress=False)
    taken = time.perf_counter() - began
    line = f"{network.stem} {prop.stem}: {answer.status:7} {taken:6.1f} s"
    if answer.certificate:
        began = time.perf_counter()
        verdict = check_property([net.exact()], claim, answer.certificate)
        checked = time.perf_counter() - began
        line += (
            f" (of these check {checked:5.1f} s, {verdict.status}), {len(json.dumps(answer.certificate)):,} characters"
        )
    print(f"{line}, {answer.statistics}", flush=True)
    if answer.status == "sat":
        print(f"    {judged_sat(network, claim, answer.witness)}", flush=True)
    elif answer.status == "unsat":
        assert verdict, verdict
        print(f"    {judged_unsat(net, claim)}", flush=True)
    return answer.status != "unknown"


def acasxu(args):
    decided = [
        instance(network, args.acasxu / f"prop_{prop}.vnnlib", args.budget)
        for network in sorted(args.acasxu.glob("*.onnx"))
        for prop in args.properties.split(",")
    ]
    print(f"decided: {sum(decided)} of {len(decided)}")
    with_jax, with_numpy = speeds()
    print(
        f"boxes a second, bounded anew: JAX {with_jax:,.0f}, NumPy {with_numpy:,.0f} ({jax.devices()[0].device_kind})"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("section", nargs="?", choices=["deviation", "acasxu"], help="deviation, or acasxu if a folder")
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--milp-seconds", type=float, default=120.0)
    parser.add_argument("--acasxu", type=Path)
    parser.add_argument("--properties", default="1,2,3,4")
    parser.add_argument("--budget", type=float, default=116.0)
    args = parser.parse_args()
    if args.section == "acasxu" and args.acasxu is None:
        parser.error("acasxu needs --acasxu FOLDER")
    section = args.section or ("acasxu" if args.acasxu else "deviation")
    {"deviation": deviations, "acasxu": acasxu}[section](args)


if __name__ == "__main__":
    main()
