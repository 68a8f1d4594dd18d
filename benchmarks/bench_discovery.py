"""Discovery and minimality: what symmetry, exact search and good luck each cost.

    python benchmarks/bench_discovery.py [--most 6] [--repeats 3]

Every line compares two ways in one run: deciding membership with and without symmetry, the subset
search against trying all subsets, the chamber's table against points, and then times the searches of
docs/optimal.md from the formula to the proof.
"""

import argparse
import itertools
import random
import statistics
import time

from flint import fmpq

import relucirc
from relucirc.core.budget import Budget
from relucirc.language.function import read_function
from relucirc.optimal.discovery import discover, order_statistic_in_two_layers
from relucirc.optimal.discovery.dictionary import Dictionary, Orbits
from relucirc.optimal.discovery.groups import whole
from relucirc.optimal.discovery.linear import solve_exactly
from relucirc.optimal.discovery.sharing import Question
from relucirc.optimal.discovery.target import read_target
from relucirc.optimal.subset_sum import Subset, subset_sum


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def side_by_side(title, ways, repeats):
    """Runs the ways in turn, and prints the median of each and the ratio to the first."""
    times = {name: [] for name in ways}
    results = {}
    for _ in range(repeats):
        for name, run in ways.items():
            seconds, results[name] = timed(run)
            times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    first = next(iter(medians.values()))
    print(title)
    for name, seconds in medians.items():
        print(f"  {name:<44} {seconds:9.3f} s   {seconds / first:8.1f} x   {results[name]}")


def membership(n, symmetric):
    """Decides whether the maximum of n is in the dictionary, with the symmetries of the maximum or without."""
    target = read_target(read_function(f"Max({', '.join(f'x{i + 1}' for i in range(n))})"), 10)
    question = Question(target, 2)
    group = whole(target.classes, n) if symmetric else ("none", ())
    orbits = Orbits.of(question.dictionary, group[1])
    system, _ = question.system(orbits)
    answer = solve_exactly(system.matrix, [int(t) for t in system.target])
    return f"{'member' if isinstance(answer, dict) else 'no member'}, {len(orbits.atoms)} columns"


def subsets(k, exhaustive):
    """A vector subset sum without solution: ours, and all 2^k subsets with integers."""
    rng = random.Random(k)
    vectors = [[2 * rng.randint(-9, 9), rng.randint(-9, 9)] for _ in range(k)]
    target = [rng.randint(-9, 9), 10**6]
    if not exhaustive:
        found = subset_sum([fmpq(c) for c in target], [[fmpq(c) for c in v] for v in vectors], Budget(None))
        return "a subset" if isinstance(found, Subset) else "none"
    for chosen in itertools.product((0, 1), repeat=k):
        if all(t + sum(v[c] for v, b in zip(vectors, chosen, strict=True) if b) == 0 for c, t in enumerate(target)):
            return "a subset"
    return "none"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--most", type=int, default=6, help="largest maximum that is searched for")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    side_by_side(
        "maximum of 4 in the dictionary of degree 2",
        {"sums over orbits": lambda: membership(4, True), "every atom by itself": lambda: membership(4, False)},
        options.repeats,
    )
    side_by_side(
        "maximum of 5 in the dictionary of degree 2",
        {
            "table on one chamber": lambda: bool(order_statistic_in_two_layers(5)),
            "sums over orbits at points": lambda: membership(5, True),
        },
        options.repeats,
    )
    side_by_side(
        "16 hyperplanes: no orientation leaves nothing",
        {"subset search": lambda: subsets(16, False), "all 2^16": lambda: subsets(16, True)},
        options.repeats,
    )
    orbits = len(Orbits.of(Dictionary(5, 2), ()).atoms)
    print(f"searches from the formula to the proof (the dictionary of 5 has {orbits} atoms)")
    for f in ("Max(x1, x2, x3, x4, x5)", "median(x1, x2, x3, x4, x5)", "Max(x1, x2, x3, x4, x5, x6)"):
        if f"x{options.most + 1}" in f:
            continue
        seconds, found = timed(lambda f=f: discover(f))
        size = found.network.sizes if found.network is not None else None
        again, answer = timed(lambda f=f, found=found: relucirc.prove(found.network, f))
        print(f"  {f:<32} {seconds:8.1f} s   {size}, proved again in {again:.2f} s: {answer.status}")


if __name__ == "__main__":
    main()
