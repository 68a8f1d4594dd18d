"""Pairs: ACAS Xu networks against pruned and rounded copies, on the boxes of properties.

    python benchmarks/bench_pairs.py FOLDER [--networks 1_1,2_1] [--properties 1,2,3,4] [--copies pruned,bfloat16,8-bit]
        [--eps 0.05] [--budget 100] [--measure | --measure-only]
        [--budgets 25,100]

FOLDER holds ``acasxu_*.onnx`` and ``prop_*.vnnlib``.  Copies have the smallest 5 % of each layer's weights set to 0,
weights rounded to bfloat16, or weights rounded to 8 bits a layer.  One line for every network, copy and property: is
the absolute difference at most eps for every input of the box and every output, the seconds (check included), the
boxes, and the size of the certificate.  With ``--measure`` also the interval of the largest difference, in budgets of
its own, one after the other until its ends have a ratio of 1.5.
"""

import argparse
import json
import re
import statistics
import time
from fractions import Fraction
from pathlib import Path

import ml_dtypes
import numpy as np

import relucirc
from relucirc import MLP, Box

SHARE = 0.05
"""Of the weights that are set to 0."""

CLOSE = 1.5
"""An interval whose ends have this ratio is narrow enough to be told."""


def pruned(weight):
    least = np.sort(np.abs(weight).ravel())[int(weight.size * SHARE)]
    return np.where(np.abs(weight) < least, np.float32(0), weight)


def bfloat16(weight):
    return weight.astype(ml_dtypes.bfloat16).astype(np.float32)


def eight_bits(weight):
    unit = np.abs(weight).max() / 127
    return (np.round(weight / unit) * unit).astype(np.float32)


COPIES = {"pruned": pruned, "bfloat16": bfloat16, "8-bit": eight_bits}


def copy_of(net, change):
    layers = [(change(np.array(layer.weight)), np.array(layer.bias)) for layer in net.layers]
    return MLP.from_arrays(layers, inputs=net.inputs)


def box_of(path):
    """The bounds of the inputs, as the file writes them."""
    ends = [[None] * 5, [None] * 5]
    for sign, i, value in re.findall(r"\(([<>])= X_(\d) (-?[\d.eE+-]+)\)", path.read_text()):
        ends[sign == "<"][int(i)] = Fraction(value)
    return Box(*ends)


def claimed(net, other, box, args):
    """Proves or refutes that the difference is at most eps; returns the verdict, the seconds, and a line."""
    began = time.perf_counter()
    answer = relucirc.prove(net, other, box, within=str(args.eps), budget=args.budget, progress=False)
    taken = time.perf_counter() - began
    size = f"{len(json.dumps(answer.certificate)) / 1e6:.1f} MB" if answer.status == "proved" else "-"
    return (
        answer.status,
        taken,
        f"{answer.status:8} {taken:6.1f} s, {answer.statistics.get('boxes', 0):6} boxes, {size}",
    )


def measured(net, other, box, args):
    """Encloses the largest difference; returns the ratio of the ends, and a line."""
    for budget in map(float, args.budgets.split(",")):
        began = time.perf_counter()
        found = relucirc.max_deviation(net, other, box, budget=budget, progress=False)
        ratio = float(found.upper / found.lower) if found.lower else np.inf
        seconds = time.perf_counter() - began
        if ratio <= CLOSE:
            break
    ends = f"[{float(found.lower):.6f}, {float(found.upper):.6f}]"
    how = "exact" if found.lower == found.upper else "certified" if found.certificate else "no certificate"
    return ratio, f"largest in {ends}, ratio {ratio:.4f}, {how}, {seconds:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", help="all")
    parser.add_argument("--properties", default="1,2,3,4")
    parser.add_argument("--copies", default=",".join(COPIES))
    parser.add_argument("--eps", type=Fraction, default=Fraction(1, 20))
    parser.add_argument("--budget", type=float, default=100.0)
    parser.add_argument("--measure", action="store_true", help="the largest differences, too")
    parser.add_argument("--measure-only", action="store_true")
    parser.add_argument("--budgets", default="25,100", help="for that, one after the other; default: %(default)s")
    args = parser.parse_args()
    paths = sorted(args.folder.glob("*.onnx"))
    if args.networks:
        paths = [args.folder / f"acasxu_{name}.onnx" for name in args.networks.split(",")]
    verdicts, ratios = [], []
    for path in paths:
        net = relucirc.load(path)
        for copy in args.copies.split(","):
            other, known = copy_of(net, COPIES[copy]), {}
            for prop in args.properties.split(","):
                file, parts = args.folder / f"prop_{prop}.vnnlib", []
                if not args.measure_only:
                    *verdict, line = claimed(net, other, box_of(file), args)
                    verdicts.append(verdict)
                    parts.append(line)
                if args.measure or args.measure_only:
                    if str(box_of(file)) not in known:  # two properties may speak of the same box
                        known[str(box_of(file))] = measured(net, other, box_of(file), args)
                    ratio, line = known[str(box_of(file))]
                    ratios.append(ratio)
                    parts.append(line)
                print(f"{path.stem} {copy:8} property {prop}: {'; '.join(parts)}", flush=True)
    if verdicts:
        decided = [seconds for status, seconds in verdicts if status != "unknown"]
        print(f"decided: {len(decided)} of {len(verdicts)}, median {statistics.median(decided or [0]):.1f} s")
    if ratios:
        print(f"interval closed to a ratio of {CLOSE}: {sum(ratio <= CLOSE for ratio in ratios)} of {len(ratios)}")


if __name__ == "__main__":
    main()
