"""Decide whether a network equals a formula at every point of a domain, exactly."""

import argparse
import json

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import (
    FORMULA_HELP,
    NETWORK_HELP,
    add_budget,
    add_domain,
    file_name,
    read_formula,
    read_network,
)
from relucirc.core.writing import write_text

HELP = "does a network equal a formula everywhere? proved, or an exact counterexample"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    parser.add_argument("formula", metavar="FORMULA", help=FORMULA_HELP)
    add_domain(parser)
    add_budget(parser)
    help_text = "write the certificate of a proof to this file"
    parser.add_argument("--certificate", metavar="OUT", type=file_name, help=help_text)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import prove

    net, formula = read_network(args.network), read_formula(args.formula)
    result = prove(net, formula, domain=args.domain, budget=args.budget)
    more = []
    if result.certificate is not None and args.certificate:
        write_text(args.certificate, json.dumps(result.certificate))
        more.append(f"certificate written to {args.certificate}")
    return Outcome.of(result, *more)
