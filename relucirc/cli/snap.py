"""Round a network to the circuit that it is close to, and say how far that is; with FORMULA, prove what came out."""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import (
    FORMULA_HELP,
    NETWORK_HELP,
    add_budget,
    add_domain,
    add_out,
    read_formula,
    read_network,
    save_network,
)

HELP = "which small circuit is a trained network close to, and how far from it?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    parser.add_argument("formula", metavar="FORMULA", nargs="?", help=f"what it should compute: {FORMULA_HELP}")
    add_domain(parser)
    add_budget(parser)
    add_out(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import snap

    formula = None if args.formula is None else read_formula(args.formula)
    found = snap(read_network(args.network), formula, domain=args.domain, budget=args.budget)
    return Outcome.of(found, *save_network(found.network, args.out))
