"""Workers: the same proofs by this process, by one worker and by two; seconds, and whether the answers are the same.

    python benchmarks/bench_workers.py [regions] [boxes] [bounding] [census] [--workers 0,1,2] [--repeats 1]
        [--size N] [--acasxu FOLDER] [--property P]

``regions``: a median of three random sums of hinges of three inputs, written in two ways; the proof by regions alone.
``boxes``: the network 1_1 of ACAS Xu, ``y1 <= 3/125`` on a box as wide as a minute's proof takes; with ``--property``
that property instead.  FOLDER holds ``acasxu_1_1.onnx`` and ``prop_*.vnnlib``.
``bounding``: a random network of integers, no further from a formula on a box than at a point that ten seconds find
(for other sizes than the default that need not be true); hinges alone.
``census``: 1,024 seeds of a median of three, trained for a little once, judged each time: as hardly any has converged,
each is tried in all ways.

Without names, all but ``boxes``: a quarter of an hour where nothing else runs.  0 workers is the process alone, without
pieces.  The time to begin processes, and to compile in each, counts.  Proofs have to take a minute or more for that not
to show: ``--size`` makes them larger or smaller, one each.
"""

import argparse
import os
import random
import statistics
import time

import jax
import numpy as np
import sympy

import relucirc
from relucirc import MLP, Box
from relucirc.core.crew import gathered
from relucirc.interpretation.counting import take_census
from relucirc.language.claim import read_claim
from relucirc.optimal import compile_formula
from relucirc.proof import prover
from relucirc.proof.cells import Cells
from relucirc.proof.methods import RELATIONS, regionwise


def sums(n, k, seed):
    """Two ways to write a median of three random sums of k hinges."""
    rng = random.Random(seed)
    x = sympy.symbols(f"x1:{n + 1}")
    high, low = (lambda *a, f=f: f(*a, evaluate=False) for f in (sympy.Max, sympy.Min))

    def line():
        return sum(rng.randint(-3, 3) * v for v in x) + rng.randint(-2, 2)

    a, b, c = (sum(rng.choice([-1, 1]) * sympy.Max(0, line()) for _ in range(k)) for _ in range(3))
    left, right = high(low(a, b), low(b, c), low(a, c)), low(high(a, b), high(b, c), high(a, c))
    return compile_formula(left, inputs=[str(v) for v in x]).network, right


def regions(args):
    (case,) = Cells(read_claim(*sums(3, args.size or 19, 0)))
    problem = case.problem
    assert problem.hinged

    def run(workers):
        with relucirc.Budget(), gathered(workers=workers):
            return regionwise.decide(problem)

    return run, lambda found: found.evidence


def boxes(args):
    net = relucirc.load(f"{args.acasxu}/acasxu_1_1.onnx")
    wide = Box(["2/5", "-1/2", "-1/2", "-1/8", "-1/2"], ["3/5", "1/2", "1/2", "1/2", "1/8"])

    def run(workers):
        if args.property:
            return relucirc.verify(net, f"{args.acasxu}/prop_{args.property}.vnnlib", budget=None, workers=workers)
        return relucirc.prove(net, "y1 <= 3/125", wide, budget=None, workers=workers)

    return run, lambda found: found.certificate


def bounding(args):
    rng = np.random.default_rng(3)
    width = args.size or 90
    hidden, above = (
        (rng.integers(-3, 4, (width, 5)), rng.integers(-2, 3, width)),
        (rng.integers(-2, 3, (1, width)), None),
    )
    net = MLP.from_arrays([hidden, above])
    most = relucirc.max_deviation(net, "Max(0, x1) - x2", Box(-1, 1), budget=10).lower
    prover.RELATIONS = {"bounding": RELATIONS["bounding"]}

    def run(workers):
        return relucirc.prove(net, "Max(0, x1) - x2", Box(-1, 1), within=most, budget=None, workers=workers)

    return run, lambda found: found.certificate


def census(args):
    median = "Max(Min(x1, x2), Min(x2, x3), Min(x1, x3))"
    width = args.size or 64
    trained = relucirc.train(median, (3, width, width, 1), key=jax.random.key(0), seeds=1024, steps=100)

    def told(found):
        return {**found.to_json(), "judge_seconds": 0}

    return lambda workers: take_census(trained, workers=workers), told


PROOFS = {"regions": regions, "boxes": boxes, "bounding": bounding, "census": census}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proofs", nargs="*", choices=[*PROOFS, []], default=["regions", "bounding", "census"])
    parser.add_argument("--workers", default="0,1,2")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--size", type=int)
    parser.add_argument("--acasxu", default=".")
    parser.add_argument("--property", type=int)
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in args.proofs:
        run, told = PROOFS[name](args)
        times, answers = {}, {}
        for workers in [int(w) for w in args.workers.split(",")] * args.repeats:
            before, started = os.times(), time.perf_counter()
            found = run(workers or None)
            seconds, after = time.perf_counter() - started, os.times()
            used = sum(after[:4]) - sum(before[:4])
            times.setdefault(workers, []).append(seconds)
            answers[workers] = told(found)
            print(f"{name}: {workers} workers, {seconds:.1f} s, {used:.1f} s of processors", flush=True)
        medians = {workers: statistics.median(several) for workers, several in times.items()}
        same = len({str(answer) for workers, answer in answers.items() if workers}) <= 1
        ratio = f", {medians[1] / medians[2]:.2f} times faster with two" if {1, 2} <= medians.keys() else ""
        cost = f", one costs {medians[1] / medians[0] - 1:+.0%}" if {0, 1} <= medians.keys() else ""
        print(f"{name}: the answers are {'the same' if same else 'DIFFERENT'}{ratio}{cost}")


if __name__ == "__main__":
    main()
