"""Search for a small network with two hidden layers for a formula, and prove what is found.

Exit status: 0 if one is found, 1 if it is shown that none of the kind searched for exists, else 3.
"""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import add_budget, add_out, positive, read_formula, save_network
from relucirc.cli.show import layers_text

HELP = "is there a small network with two hidden layers for a formula?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("formula", metavar="FORMULA", help="a formula, such as 'Max(x1, x2, x3)'; or a network's file")
    parser.add_argument("--degree", metavar="N", type=positive, default=2, help="length of the words searched (2)")
    add_budget(parser, 240.0)
    add_out(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import discover

    found = discover(read_formula(args.formula), degree=args.degree, budget=args.budget)
    layers = [] if found.network is None else layers_text(found.network)
    return Outcome.of(found, *layers, *save_network(found.network, args.out))
