"""Bounds: the ACAS Xu networks and their properties, decided exactly and certified.

    python benchmarks/bench_bounds.py --acasxu FOLDER [--properties 1,2,3,4] [--budget 116]

FOLDER holds ``acasxu_*.onnx`` and ``prop_*.vnnlib``.  One line for every network and property: the verdict, the seconds
of reading and search and those of the check, boxes, the sizes of the certificate (the normal form, and the bounds), and
how many boxes a second are bounded anew by JAX and by the same code in NumPy, in batches of 256.
"""

import argparse
import json
import time
from pathlib import Path

import jax
import numpy as np

import relucirc
from relucirc.checker.safety import check_property
from relucirc.files.vnnlib_file import read_property
from relucirc.proof.boxes import floats

BATCH = 256


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
    net = relucirc.load(network)
    answer = relucirc.verify(net, prop, budget=budget, progress=False)
    taken = time.perf_counter() - began
    line = f"{network.stem} {prop.stem}: {answer.status:7} {taken:6.1f} s"
    if answer.certificate:
        began = time.perf_counter()
        verdict = check_property(net.exact(), read_property(prop.read_text()), answer.certificate)
        checked = time.perf_counter() - began
        bounds = len(json.dumps(answer.certificate["cases"]))
        form = len(json.dumps(answer.certificate)) - bounds
        line += f" (of these check {checked:5.1f} s, {verdict.status}), {form:,} + {bounds:,} characters"
    print(f"{line}, {answer.statistics}", flush=True)
    return answer.status != "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acasxu", type=Path, required=True)
    parser.add_argument("--properties", default="1,2,3,4")
    parser.add_argument("--budget", type=float, default=116.0)
    args = parser.parse_args()
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


if __name__ == "__main__":
    main()
