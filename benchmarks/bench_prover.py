"""Proving at scale: minimum of k against z3, disguises, sorting networks, composed blocks, near misses.

    python benchmarks/bench_prover.py [--most 1024] [--z3-seconds 150] [--repeats 3]

Both sides of every comparison run in this process, one after the other, medians over repeats.
z3 gets the specification as inequalities, and the neurons as If (the usual way) and as inequalities (its best).
Our seconds include the independent check.
"""

import argparse
import itertools
import json
import random
import resource
import statistics
import time
from importlib import resources

import numpy as np
import sympy
from flint import fmpq

import relucirc
from relucirc import MLP, circuits
from relucirc.circuits.combine import affine_identity
from relucirc.core.forms import Form
from relucirc.core.matrix import ExactMatrix
from relucirc.language.affine import Affine
from relucirc.language.layers import network_of


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def median_time(run, repeats):
    times, result = [], None
    for _ in range(repeats):
        seconds, result = timed(run)
        times.append(seconds)
    return statistics.median(times), result


def z3_minimum(net, limit, neurons):
    """Seconds for z3 to show that no point tells the network from the minimum; None past the limit.

    The specification is written as inequalities, the neurons likewise or as If.
    """
    import z3

    solver = z3.SolverFor("QF_LRA")
    solver.set("timeout", int(limit * 1000))
    inputs = z3.Reals(" ".join(net.inputs))
    values, count = list(inputs), 0
    for depth, layer in enumerate(net.exact().layers):
        sums = []
        for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
            terms = [z3.Q(int(c.p), int(c.q)) * values[j] for j, c in row]
            sums.append(z3.Sum([*terms, z3.Q(int(bias.p), int(bias.q))]))
        if depth == len(net.layers) - 1:
            values = sums
            break
        if neurons == "If":
            values = [z3.If(total > 0, total, 0) for total in sums]
            continue
        values = []
        for total in sums:
            y = z3.Real(f"h{count}")
            count += 1
            solver.add(y >= 0, y >= total, z3.Or(y <= 0, y <= total))
            values.append(y)
    low = z3.Real("low")
    solver.add(*(low <= x for x in inputs), z3.Or(*(low >= x for x in inputs)), values[0] != low)
    seconds, answer = timed(solver.check)
    return seconds if answer == z3.unsat else None


def disguised(net, seed):
    """The same function: neurons permuted, rescaled, split in two; dead and cancelling ones added."""
    rng = random.Random(seed)
    layers = net.exact().layers
    current = [(i, fmpq(1)) for i in range(len(net.inputs))]
    built = []
    for depth, layer in enumerate(layers):
        copies = {}
        for new, (old, factor) in enumerate(current):
            if old is not None:
                copies.setdefault(old, []).append((new, factor))

        def rewrite(row, copies=copies):
            terms = {}
            for j, c in row:
                shares = [fmpq(rng.randint(-3, 3), 2) for _ in copies[j][1:]]
                shares.append(1 - sum(shares, fmpq(0)))
                for (new, factor), share in zip(copies[j], shares, strict=True):
                    terms[new] = c * share / factor
            return terms

        rows, bias = layer.weight.rows, layer.exact_bias()
        if depth == len(layers) - 1:
            chosen = [(i, fmpq(1)) for i in range(len(rows))]
        else:
            chosen = [
                (i, fmpq(rng.randint(1, 9), rng.randint(1, 9)))
                for i in range(len(rows))
                for _ in range(2 if rng.random() < 0.2 else 1)
            ]
            chosen += [(None, fmpq(1))] * 3
            rng.shuffle(chosen)
        matrix, column = [], []
        for i, factor in chosen:
            if i is None:
                matrix.append({rng.randrange(len(current)): fmpq(rng.randint(-3, 3))})
                column.append({0: fmpq(rng.randint(-3, 3))})
            else:
                matrix.append({j: factor * c for j, c in rewrite(rows[i]).items()})
                column.append({0: factor * bias[i]})
        shape = (len(matrix), len(current))
        built.append(Affine(ExactMatrix.sparse(shape, matrix), ExactMatrix.sparse((len(matrix), 1), column)))
        current = chosen
    return MLP(tuple(built), net.inputs)


def unimodular(net):
    """The network behind x_i -> x_i + 2 x_(i+1), and the arguments of its formula."""
    n = len(net.inputs)
    rows = [{i: fmpq(1), **({i + 1: fmpq(2)} if i + 1 < n else {})} for i in range(n)]
    first = Affine(net.exact().layers[0].weight @ ExactMatrix.sparse((n, n), rows), net.exact().layers[0].bias)
    arguments = [" + ".join(f"{c}*{net.inputs[j]}" for j, c in row.items()) for row in rows]
    return MLP((first, *net.exact().layers[1:]), net.inputs), arguments


def report(name, net, formula, repeats, domain=None, expect="proved"):
    seconds, result = median_time(lambda: relucirc.prove(net, formula, domain, budget=300), repeats)
    line = f"{name:44s} {result.status:8s} {result.method or '':14s} {seconds:8.3f} s"
    if result.status == "proved":
        checking, verdict = median_time(lambda: relucirc.check(net, formula, result.certificate, domain), repeats)
        size = len(json.dumps(result.certificate)) / 1000
        line += f"  checked in {checking:7.3f} s  {size:9.1f} kB  {'accepted' if verdict else 'REJECTED'}"
    elif result.status == "refuted":
        at = ", ".join(f"{k}={v}" for k, v in list(result.witness.items())[:3])
        line += f"  at {at}{', ...' if len(result.witness) > 3 else ''}"
    print(line + ("" if result.status == expect else f"   EXPECTED {expect}"), flush=True)
    return seconds


def minima(arguments):
    print("minimum of k as a plain network, against z3")
    for k in (16, 64, 256, 512, 1024):
        if k > arguments.most:
            break
        net = circuits.minimum(k)
        formula = f"Min({', '.join(net.inputs)})"
        repeats = arguments.repeats if k <= 256 else 1
        ours = report(f"minimum({k}), {net.hidden_neurons} neurons", net, formula, repeats)
        if k <= arguments.z3_most:
            for neurons in ("If", "inequalities"):
                theirs = z3_minimum(net, arguments.z3_seconds, neurons)
                ratio = f"{theirs / ours:.0f}" if theirs else f"over {arguments.z3_seconds / ours:.0f}"
                answer = f"{theirs:.3f} s" if theirs else f"no answer in {arguments.z3_seconds} s"
                print(f"  z3, neurons as {neurons}: {answer}, {ratio} times ours", flush=True)
        report("  permuted, rescaled, split, padded", disguised(net, k), formula, repeats)
        moved, forms = unimodular(net)
        report("  behind a unimodular input change", moved, f"Min({', '.join(forms)})", repeats)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB\n")


def order_statistics(arguments):
    print("sorting networks")
    from itertools import combinations

    def subsets(n, k):
        names = [f"x{i + 1}" for i in range(n)]
        return "Min(" + ", ".join(f"Max({', '.join(s)})" if k > 1 else s[0] for s in combinations(names, k)) + ")"

    net = circuits.sort(8)
    report("sort(8), subset formulas", net, [subsets(8, k + 1) for k in range(8)], arguments.repeats)
    report("median(9), 126 maxima of 5", circuits.median(9), subsets(9, 5), arguments.repeats)
    near = f"{subsets(9, 5)} + 1/1099511627776*relu(Min({', '.join(f'x{i + 1} - x{i + 2}' for i in range(8))}))"
    report("median(9), off by 2^-40 in one chamber", circuits.median(9), near, arguments.repeats, expect="refuted")
    report("median(25) against its formula", circuits.median(25), f"median({', '.join(circuits.median(25).inputs)})", 1)
    report("median(25) against a bubble sort", circuits.median(25), bubble_median(25), 1)


def guarded(arguments):
    print("a Piecewise, one cell for every set of conditions")
    rng = np.random.default_rng(0)
    sizes = (2, 6, 6, 1)
    net = MLP.from_arrays(
        [
            (rng.normal(size=(m, n)).astype(np.float32), rng.normal(size=m).astype(np.float32))
            for n, m in itertools.pairwise(sizes)
        ]
    )
    formula = relucirc.to_sympy(net, form="piecewise")
    report(f"2-6-6-1, float, {len(formula.args)} branches", net, formula, min(arguments.repeats, 3))


def composed(arguments):
    """Blocks that are maxima of five numbers in two hidden layers, whose hinges compare sums."""
    print("maxima of five in two hidden layers, one after the other")
    five = relucirc.load(resources.files("relucirc.circuits") / "data" / "max5_two_layers.json")
    passed = affine_identity(1)
    last = network_of([[Form.variable(i) for i in (0, 1, 2, 2, 2)]], ["x1", "x2", "x3"])

    def maximum(n):
        return f"Max({', '.join(f'x{i + 1}' for i in range(n))})"

    claims = {
        "5, fed into an identity": (circuits.compose(circuits.identity(), five), maximum(5)),
        "6, one input beside": (circuits.compose(circuits.maximum(2), circuits.parallel(five, passed)), maximum(6)),
        "9, one as an input of another": (
            circuits.compose(five, circuits.parallel(five, *[passed] * 4)),
            maximum(9),
        ),
        "11, two blocks, an input, and a block": (
            circuits.compose(five, last, circuits.parallel(five, five, passed)),
            maximum(11),
        ),
        "25, five blocks and a block": (circuits.compose(five, circuits.parallel(*[five] * 5)), maximum(25)),
    }
    for name, (net, formula) in claims.items():
        report(f"maximum of {name}", net, formula, arguments.repeats)
        report("  permuted, rescaled, split, padded", disguised(net, 1), formula, arguments.repeats)
        near = f"{formula} + 1/1099511627776*relu(Min({', '.join(f'x{i + 1} - x{i + 2}' for i in range(4))}))"
        report("  off by 2^-40 in one chamber of five inputs", net, near, 1, expect="refuted")
    print()


def bounded(arguments):
    """Random float32 networks on [-1, 1]^n behind a clip at their exact extrema, which changes nothing."""
    print("a network behind a clip that it never reaches, on [-1, 1]^n")
    box = relucirc.Box(-1, 1)
    for sizes in ((3, 16, 1), (5, 16, 1), (8, 16, 1), (4, 8, 8, 1), (3, 16, 16, 1)):
        rng = np.random.default_rng(0)
        net = MLP.from_arrays(
            [
                (rng.normal(size=(m, n)).astype(np.float32) / np.float32(n**0.5), rng.normal(size=m).astype(np.float32))
                for n, m in itertools.pairwise(sizes)
            ]
        )
        ends = relucirc.bounds(net, box, budget=120)
        low, high = ends.lower, ends.upper
        for name, top, expect in (
            ("", high, "proved"),
            ("  clipped 2^-40 lower", high - sympy.Rational(1, 2**40), "refuted"),
        ):
            clip = MLP.from_arrays([([[1], [1]], [-low, -top]), ([[1, -1]], [low])])
            report(name or "-".join(map(str, sizes)), circuits.compose(clip, net), net, arguments.repeats, box, expect)
    print()


def bubble_median(n):
    """The median by odd-even transposition, as a formula graph of another network."""
    from relucirc.core.graph import GraphBuilder

    builder = GraphBuilder([f"x{i + 1}" for i in range(n)])
    wires = [builder.input(i) for i in range(n)]
    for step in range(n):
        for i in range(step % 2, n - 1, 2):
            larger = builder.max([wires[i], wires[i + 1]])
            wires[i], wires[i + 1] = wires[i] + wires[i + 1] - larger, larger
    return builder.build([wires[n // 2]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=1024)
    parser.add_argument("--z3-most", type=int, default=256)
    parser.add_argument("--z3-seconds", type=float, default=150)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    minima(arguments)
    order_statistics(arguments)
    guarded(arguments)
    composed(arguments)
    bounded(arguments)


if __name__ == "__main__":
    main()
