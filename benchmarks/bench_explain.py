"""Explaining at random: formulas are compiled, disguised and explained; is what comes back as short as the source?

    python benchmarks/bench_explain.py [--count 200] [--seed 0] [--budget 60] [--store PATH] [--show]

A formula has 2 to 4 inputs and 3 to 8 operations among Min, Max, Abs, clip, relu, + and rational multiples.  Its
network is split, padded, turned, scaled and permuted.  Operations are counted as `sympy.count_ops` counts them.
"""

import argparse
import json
import pickle
import random
import statistics
import sys
import time
from pathlib import Path

import sympy

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from disguises import EVERY_WAY, disguise

import relucirc

NUMBERS = [sympy.Rational(*pair) for pair in ((1, 2), (2, 1), (3, 1), (-1, 1), (1, 3), (-2, 1), (3, 2))]
SMALL = [sympy.Integer(k) for k in (-2, -1, 0, 1, 2, 3)]


def random_formula(rng: random.Random) -> sympy.Expr:
    """A formula that has so many operations when it is made, and really bends."""
    while True:
        symbols = sympy.symbols(f"x1:{rng.randint(2, 4) + 1}")
        formula = _grown(rng, symbols, rng.randint(3, 8))
        if (
            int(sympy.count_ops(formula)) >= 3
            and len(formula.free_symbols) >= 2
            and formula.has(sympy.Max, sympy.Min, sympy.Abs)
        ):
            return formula


def _grown(rng: random.Random, symbols, operations: int) -> sympy.Expr:
    if not operations:
        return rng.choice(symbols) if rng.random() < 0.85 else rng.choice(SMALL)
    kind = rng.choice(["min", "max", "abs", "clip", "relu", "+", "+", "times"])
    if kind in ("min", "max", "+"):
        left = rng.randint(0, operations - 1)
        parts = [_grown(rng, symbols, left), _grown(rng, symbols, operations - 1 - left)]
        return {"min": sympy.Min, "max": sympy.Max, "+": sympy.Add}[kind](*parts)
    inner = _grown(rng, symbols, operations - 1)
    if kind == "abs":
        return sympy.Abs(inner)
    if kind == "relu":
        return sympy.Max(0, inner)
    if kind == "clip":
        low = rng.choice(SMALL)
        return sympy.Min(low + rng.randint(1, 3), sympy.Max(low, inner))
    return rng.choice(NUMBERS) * inner


def networks(count: int, seed: int):
    """Sources with disguised networks; what cannot be compiled in time is left out, and counted by nobody."""
    rng = random.Random(seed)
    while count:
        formula = random_formula(rng)
        compiled = relucirc.compile_formula(formula, budget=20)
        if compiled.network is not None:
            count -= 1
            yield formula, disguise(compiled.network, *EVERY_WAY, seed=rng.randrange(10**6))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--store", help="where the networks are kept between runs")
    parser.add_argument("--show", action="store_true", help="print every formula that came back longer")
    options = parser.parse_args()
    if options.store and Path(options.store).exists():
        made = pickle.loads(Path(options.store).read_bytes())
    else:
        made = list(networks(options.count, options.seed))
        if options.store:
            Path(options.store).write_bytes(pickle.dumps(made))
    short, seconds = 0, []
    for number, (source, net) in enumerate(made[: options.count]):
        start = time.perf_counter()
        found = relucirc.explain(net, budget=options.budget)
        seconds.append(time.perf_counter() - start)
        before = int(sympy.count_ops(source))
        after = None if found.formula is None else int(sympy.count_ops(found.formula))
        short += after is not None and after <= before
        if options.show and (after is None or after > before):
            print(f"{number}: {before} {source}  ->  {after} {found.formula}  ({seconds[-1]:.1f} s)", flush=True)
    print(
        json.dumps(
            {
                "formulas": len(seconds),
                "no longer than the source": short,
                "median seconds": round(statistics.median(seconds), 2),
                "most seconds": round(max(seconds), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
