"""Activation regions: exact counts against a second exact route, speed, and cost as they multiply.

    python benchmarks/bench_regions.py [--most 1000000] [--repeats 3]
    PYTHONPATH=tests python benchmarks/bench_regions.py --judged

Everything is measured in this process, one after the other.  With ``--judged`` counts are checked against
routes that share no code with the library: polytopes clipped with an algebraic edge test (tests/clipping.py)
on boxes, z3 (tests/patterns.py) over all of space.  Times are wall seconds and, in brackets, processor seconds,
which a busy machine inflates less; medians over repeats, compilation aside.
"""

import argparse
import itertools
import multiprocessing
import os
import random
import resource
import statistics
import tempfile
import time
from fractions import Fraction

import numpy as np

from relucirc import MLP, Box, check, circuits, count_regions, regions
from relucirc.measure.regions.compilation import is_available

GENERIC = [(2, 16, 16, 1), (2, 32, 32, 1), (3, 16, 16, 1), (4, 12, 12, 1)]
TERNARY = GENERIC
GROWING = [(12, "1"), (24, "1"), (40, "1/5"), (40, "2/5"), (40, "1"), (40, "8")]
"""Widths w of 4-w-w-1, and halves of the sides of boxes."""


def float_net(sizes, seed):
    """Normal weights of variance 1 / inputs, normal biases of deviation 1/2, in float32."""
    rng = np.random.default_rng(seed)
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = rng.normal(size=(above, below)) / np.sqrt(below)
        layers.append((weight.astype(np.float32), (rng.normal(size=above) / 2).astype(np.float32)))
    return MLP.from_arrays(layers)


def ternary_net(sizes, seed):
    """Weights and biases drawn from -1, 0, 1."""
    rng = random.Random(seed)
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = [[rng.choice((-1, 0, 1)) for _ in range(below)] for _ in range(above)]
        layers.append((weight, [rng.choice((-1, 0, 1)) for _ in range(above)]))
    return MLP.from_arrays(layers)


def timed(run):
    wall, processor = time.perf_counter(), time.process_time()
    result = run()
    return time.perf_counter() - wall, time.process_time() - processor, result


def with_maps(net, domain, compiled=None):
    """All regions, with their exact affine maps told apart."""
    found = regions(net, domain, compiled=compiled)
    assert len(found.map_numbers) == len(found)
    return found


def median(run, repeats):
    """Median wall and processor seconds, and the last result."""
    times = []
    for _ in range(repeats):
        wall, processor, result = timed(run)
        times.append((wall, processor))
    return *(statistics.median(column) for column in zip(*times, strict=True)), result


def compare(net, domain, judge, repeats):
    """One line: counts and times of one route, or of both; an error where they differ."""
    wall, processor, found = median(lambda: with_maps(net, domain), repeats)
    second = ""
    if judge is not None:
        judge_wall, _, judged = timed(lambda: list(judge(net)))
        signs = {tuple(row) for row in found.signs.tolist()}
        assert len(signs) == len(found)
        assert signs == {p.signs for p in judged}, "the two routes differ"
        assert len(found.affine_maps) == len({p.output for p in judged}), "the two routes differ in their maps"
        second = f"  second route {judge_wall:7.2f} s, equal"
    sizes = "-".join(map(str, net.sizes))
    print(
        f"  {sizes:12s} {len(found):6d} regions {len(found.linear_pieces):6d} pieces {len(found.affine_maps):6d} maps"
        f"  {wall:7.3f} ({processor:6.3f}) s{second}  replayed {found.replayed}",
        flush=True,
    )


def judges():
    """The second routes: on the box [-1, 1]^n, and over all of space."""
    from clipping import clipped_regions
    from patterns import by_z3, patterns, plain_layers

    return (
        lambda net: clipped_regions(plain_layers(net)),
        lambda net: patterns(net, [], by_z3(len(net.inputs))),
    )


def counts(repeats, judged):
    clipped, asked = judges() if judged else (None, None)
    print("random float32 networks on [-1, 1]^n" + (", against clipped polytopes" if judged else ""))
    for sizes in GENERIC:
        for seed in range(2):
            compare(float_net(sizes, seed), Box(-1, 1), clipped, repeats)
    print("{-1, 0, 1} weights and biases over all of R^n" + (", against z3" if judged else ""))
    for sizes in TERNARY:
        compare(ternary_net(sizes, 3), None, asked, repeats)


def speed(repeats):
    print("4-12-12-1 on [-1, 1]^4, exact affine maps included")
    nets = [float_net((4, 12, 12, 1), seed) for seed in range(10)]
    ways = [("exact integers, without numba", False, 1)]
    if is_available():
        ways.append(("compiled, with numba", True, repeats))
    for name, compiled, times in ways:
        wall, processor, found = median(lambda c=compiled: [with_maps(net, Box(-1, 1), c) for net in nets], times)
        total = sum(map(len, found))
        print(f"  {name:30s} {total:7d} regions  {total / wall:8.0f} ({total / processor:8.0f}) regions/s", flush=True)


def growth(most, repeats):
    print("4-w-w-1 on boxes, exact affine maps included: cost of a region as they multiply")
    for width, text in GROWING:
        net, size = float_net((4, width, width, 1), 1), Fraction(text)
        wall, processor, found = median(lambda n=net, s=size: with_maps(n, Box(-s, s)), repeats if width < 40 else 1)
        count = len(found)
        print(
            f"  w = {width} on [-{text}, {text}]^4".ljust(26)
            + f"{count:9d} regions  {wall:8.2f} ({processor:7.2f}) s  "
            f"{1e6 * wall / count:6.1f} ({1e6 * processor / count:5.1f}) us a region  replayed {found.replayed}",
            flush=True,
        )
        if count >= most:
            break


def sawtooth(repeats):
    net = circuits.sawtooth(16)
    wall, processor, found = median(lambda: with_maps(net, Box(0, 1)), repeats)
    pieces, _, number = timed(lambda: len(found.linear_pieces))
    assert number == 2**16
    print(f"sawtooth of depth 16: {number} linear pieces, {wall:.2f} ({processor:.2f}) s, merging {pieces:.2f} s")


STREAMED = {"10^5": ((4, 20, 20, 1), 8), "10^6": ((4, 36, 36, 1), 8), "10^7": ((4, 72, 72, 1), 8)}
"""Sizes of random networks of integers from -9 to 9, and halves of the sides of boxes."""


def whole_net(sizes, seed):
    """Weights and biases that are integers from -9 to 9."""
    rng = np.random.default_rng(seed)
    return MLP.from_arrays(
        [
            (rng.integers(-9, 10, (above, below)), rng.integers(-9, 10, above))
            for below, above in itertools.pairwise(sizes)
        ]
    )


def peak():
    """The most memory that this process and its own had, in MiB, of each the largest."""
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024


def count_alone(name, path, workers, volumes):
    """Counts and lists regions, in a process of its own."""
    sizes, half = STREAMED[name]
    options = {"compiled": True, "workers": workers, "volumes": volumes}
    wall, processor, found = timed(
        lambda: count_regions(whole_net(sizes, 1), Box(-half, half), certificate=path, **options)
    )
    return f"{found.regions:,} regions, {found.affine_maps:,} maps", wall, processor, peak()


def check_alone(name, path, workers, _):
    """Checks the list, in a process of its own."""
    sizes, half = STREAMED[name]
    wall, processor, found = timed(lambda: check(whole_net(sizes, 1), None, path, Box(-half, half), workers=workers))
    return str(found.status), wall, processor, peak()


def streamed(names, workers, volumes):
    """Counts without keeping, and has the list checked; of each the seconds and the most memory."""
    context = multiprocessing.get_context("spawn")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "regions.gz")
            for work in (count_alone, check_alone):
                with context.Pool(1, maxtasksperchild=1) as pool:
                    said, wall, processor, most = pool.apply(work, (name, path, workers, volumes))
                print(f"{name}: {said}, {wall:.1f} ({processor:.1f}) s, peak memory {most} MiB", flush=True)
            print(f"{name}: the list has {os.path.getsize(path) / 1e6:.1f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=10**6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--judged", action="store_true", help="compare counts; needs PYTHONPATH=tests, and z3")
    parser.add_argument("--streamed", nargs="+", choices=STREAMED, help="only count, list and check so many regions")
    parser.add_argument("--workers", type=int, help="processes that count and check, with --streamed")
    parser.add_argument("--volumes", action="store_true", help="exact volumes as well, with --streamed")
    arguments = parser.parse_args()
    if arguments.streamed:
        streamed(arguments.streamed, arguments.workers, arguments.volumes)
        return
    wall, _, _ = timed(lambda: with_maps(float_net((2, 3, 1), 0), Box(-1, 1), is_available()))
    print(f"compilation, or loading what was compiled before: {wall:.1f} s")
    counts(arguments.repeats, arguments.judged)
    speed(arguments.repeats)
    growth(arguments.most, arguments.repeats)
    sawtooth(arguments.repeats)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
