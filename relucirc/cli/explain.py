"""Find the formula that a network computes, prove it, and name what computes the same.

Circuits are named if the network as a whole computes what they do; features are what neurons of its first layer detect.
"""

import argparse

from relucirc.cli.outcome import PROVED, UNKNOWN, Outcome
from relucirc.cli.reading import NETWORK_HELP, add_budget, read_network
from relucirc.core.answer import plain

HELP = "which formula does a network compute, and which circuits of the catalogue compute the same?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    add_budget(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import explain

    found = explain(read_network(args.network), budget=args.budget)
    data = {
        "status": found.status,
        "formula": found.formula,
        "circuits": found.circuits,
        "features": found.features,
        "reason": found.reason,
        "seconds": found.seconds,
    }
    return Outcome(str(found), plain(data), UNKNOWN if found.formula is None else PROVED)
