"""Find the formula that a network computes, prove it, and name what computes the same.

Circuits are named if the network as a whole computes what they do; features are what neurons detect.
"""

import argparse

from relucirc.cli.outcome import Outcome
<<<<<<< HEAD
from relucirc.cli.reading import NETWORK_HELP, add_budget, read_network
=======
from relucirc.cli.reading import NETWORK_HELP, add_budget, add_domain, read_network
>>>>>>> a8c9011 (Explain on a domain from the command line, and answer as the other verbs do)

HELP = "which formula does a network compute, and which circuits of the catalogue compute the same?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    add_domain(parser)
    add_budget(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import explain

<<<<<<< HEAD
    return Outcome.of(explain(read_network(args.network), budget=args.budget))
=======
    return Outcome.of(explain(read_network(args.network), args.domain, budget=args.budget))
>>>>>>> a8c9011 (Explain on a domain from the command line, and answer as the other verbs do)
