"""Train a network from many seeds, snap what came out, and judge each by proof: a census of the circuits found.

NAME is a function of the experiment, such as minimum, or a formula, or a network's file; the last two need --sizes.
With --out, networks, census and report go to a folder, and an interrupted run goes on where it stopped when it is
called again.
"""

import argparse

from relucirc.cli.outcome import PROVED, UNKNOWN, Outcome
from relucirc.cli.reading import add_domain, counting, file_name, positive, read_formula
from relucirc.core.errors import shorten

HELP = "do networks trained from data become circuits? many seeds, each judged by proof"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("name", metavar="NAME", help="a function such as minimum, or a formula such as 'Max(x1, x2)'")
    parser.add_argument("--seeds", metavar="N", type=positive, default=1024, help="how many networks (1024)")
    known = "original, best, adam, spread, redraw, best-spread, prune or prune-l1"
    parser.add_argument("--regimen", metavar="R", default="original", help=f"how they are trained: {known} (original)")
    parser.add_argument("--steps", metavar="N", type=positive, help="optimiser steps; the regimen's own by default")
    parser.add_argument("--sizes", metavar="W", type=_sizes, help="widths such as 2-3-1; the function's own by default")
    parser.add_argument("--seed", metavar="N", type=counting, default=0, help="number of the run's random key (0)")
    add_domain(parser)
    parser.add_argument("--out", metavar="DIR", type=file_name, help="write networks, census and report to this folder")


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc.training import run_census

    census = run_census(
        read_formula(args.name),
        seeds=args.seeds,
        regimen=args.regimen,
        steps=args.steps,
        sizes=args.sizes,
        seed=args.seed,
        domain=args.domain,
        out=args.out,
    )
    lines = [str(census)]
    if args.out:
        lines += ["", f"networks, census and report written to {args.out}"]
    return Outcome("\n".join(lines), census.to_json(), PROVED if census.finished else UNKNOWN)


def _sizes(text: str) -> tuple[int, ...]:
    """Reads widths such as ``2-3-1``."""
    parts = text.replace(",", "-").split("-")
    if len(parts) < 2 or not all(part.strip().isdigit() for part in parts):
        raise argparse.ArgumentTypeError(f"expected widths such as 2-3-1, got {shorten(text)!r}")
    return tuple(positive(part) for part in parts)
