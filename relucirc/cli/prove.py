"""Decide whether a network equals a formula, or a relation holds, at every point of a domain, exactly."""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import (
    NETWORK_HELP,
    RELATION_HELP,
    add_budget,
    add_certificate,
    add_domain,
    add_within,
    read_formula,
    read_network,
    save_certificate,
)

HELP = "does a network equal a formula, or keep a relation, everywhere? proved, or an exact counterexample"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    parser.add_argument("formula", metavar="FORMULA", help=RELATION_HELP)
    add_domain(parser)
    add_within(parser)
    add_budget(parser)
    add_certificate(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import prove

    net, formula = read_network(args.network), read_formula(args.formula)
    result = prove(net, formula, domain=args.domain, within=args.within, budget=args.budget)
    return Outcome.of(result, *save_certificate(result, args.certificate))
