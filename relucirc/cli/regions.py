"""Find all activation regions of a network, the linear pieces that they form, and the affine maps on them, exactly."""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import NETWORK_HELP, add_budget, add_domain, read_network
from relucirc.core.tables import counted

HELP = "into how many regions and linear pieces does a network cut its inputs?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    add_domain(parser)
    add_budget(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import regions

    found = regions(read_network(args.network), args.domain, budget=args.budget)
    counts = ((len(found.linear_pieces), "linear piece"), (len(found.affine_maps), "affine map"))
    return Outcome.of(found, ", ".join(counted(count, what) for count, what in counts))
