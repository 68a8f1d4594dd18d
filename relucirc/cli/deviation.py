"""Measure the exact largest distance between a network and a formula on a domain."""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import FORMULA_HELP, NETWORK_HELP, add_budget, add_domain, read_formula, read_network

HELP = "how far apart are a network and a formula, at most, and where?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    parser.add_argument("formula", metavar="FORMULA", help=FORMULA_HELP)
    add_domain(parser)
    add_budget(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import max_deviation

    net, formula = read_network(args.network), read_formula(args.formula)
    return Outcome.of(max_deviation(net, formula, args.domain, budget=args.budget))
