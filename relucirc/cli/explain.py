"""Find the formula that a network computes, prove it, and name what computes the same.

Circuits are named if the network as a whole computes what they do; features are what neurons detect.
"""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import NETWORK_HELP, add_budget, add_domain, read_network

HELP = "which formula does a network compute, and which circuits of the catalogue compute the same?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    add_domain(parser)
    add_budget(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import explain

    return Outcome.of(explain(read_network(args.network), args.domain, budget=args.budget))
