"""The hunt for a wrong answer, at length and with fresh examples: ``make hunt``.

Random claims, equal by construction or nearly equal, go to the library; z3 and exact arithmetic on
segments judge its answers, and every witness is evaluated again in plain fractions.  Every fifth batch asks about
relations, tolerances, bounds, deviations and VNN-LIB properties, with z3 as judge.  Prints its seed and the tally;
ends with an error at the first contradiction, and says how to see it again.

    python tests/hunt.py --cases 20000
    python tests/hunt.py --seed 123456 --cases 500
    python tests/hunt.py --only bounds
    python tests/hunt.py --only fronts --cases 2000

Fronts are asked for by name: each reported distance of a random network is judged by search and by HiGHS.
"""

import argparse
import random
import sys
import time
from collections import Counter
from fractions import Fraction

import hunting
import hunting_bounds
import hunting_fronts
import hunting_properties
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

BATCH = 500
FRONTS = 10
"""Networks of a batch whose fronts are judged."""
HUNT = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, max_examples=BATCH)


def hunt(number: int, tally: Counter, budget: float, only: str | None = None) -> None:
    """Runs one batch: every fifth of relations and bounds, the others of equalities; z3 or segments judge these."""

    @seed(number)
    @HUNT
    @given(st.integers(0, 4), st.data(), hunting_bounds.TOLERANCES)
    def bounding(kind: int, data: st.DataObject, eps: Fraction) -> None:
        tally["cases", "all"] += 1
        if kind == 0:
            hunting_properties.examine(data.draw(hunting_properties.properties()), tally)
        else:
            hunting_bounds.examine_any(data.draw(hunting_bounds.all_kinds()), eps, tally)

    @seed(number)
    @HUNT
    @given(hunting.cases(), st.data())
    def batch(case: hunting.Case, data: st.DataObject) -> None:
        tally["cases", "all"] += 1
        if number % 4 == 0:
            hunting.examine(case, hunting.verdict_of_z3, tally, budget)
        else:
            drawn = data.draw(hunting.segments(len(case.names)))
            hunting.examine(case, lambda case: hunting.verdict_of_segments(case, drawn), tally, budget)

    if only == "fronts":
        hunting_fronts.hunt(number * FRONTS, FRONTS, tally)
        return
    (bounding if number % 5 == 0 or only == "bounds" else batch)()


def main() -> None:
    """Runs batches until the number of cases is reached, and prints what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, help="of the first batch; a fresh one by default")
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for each claim")
    parser.add_argument("--only", choices=["bounds", "fronts"], help="batches of that alone")
    options = parser.parse_args()
    number = random.SystemRandom().randrange(10**9) if options.seed is None else options.seed
    print(f"seed {number}", flush=True)
    again = f" --only {options.only}" if options.only else ""
    tally: Counter = Counter()
    started = time.perf_counter()
    while tally["cases", "all"] < options.cases:
        try:
            hunt(number, tally, options.budget, options.only)
        except BaseException:
            print(f"\nto see this again: python tests/hunt.py --seed {number} --cases 1{again}", file=sys.stderr)
            raise
        number += 1
        if sys.stdout.isatty():
            print(f"\r{tally['cases', 'all']} cases, none wrong", end="", flush=True)
    print(f"\n{tally['cases', 'all']} cases in {time.perf_counter() - started:.0f} s; no answer was contradicted.")
    for (what, kind), count in sorted(tally.items()):
        print(f"{count:8}  {what:24} {kind}")


if __name__ == "__main__":
    main()
