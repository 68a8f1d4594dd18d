"""Check a certificate, independently of how it was made.

One that `relucirc prove` wrote is checked for NET and FORMULA; one of a size or depth, which `relucirc minimal` wrote,
for the function alone: FORMULA or NET.
"""

import argparse
import json
from typing import Any

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import (
    NETWORK_HELP,
    RELATION_HELP,
    add_domain,
    add_within,
    read_formula,
    read_function,
    read_network,
)
from relucirc.core.errors import FileError

HELP = "does a certificate prove what it is for?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=f"{NETWORK_HELP}; or the function of a size or depth")
    parser.add_argument("formula", metavar="FORMULA", help=f"{RELATION_HELP}; left out for a size or depth")
    parser.add_argument("certificate", metavar="CERT", nargs="?", help="the file that `--certificate` wrote")
    add_domain(parser)
    add_within(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import check

    if args.certificate is None:
        claim, path = (read_function(args.network), None), args.formula
    else:
        claim, path = (read_network(args.network), read_formula(args.formula)), args.certificate
    return Outcome.of(check(*claim, _read(path), domain=args.domain, within=args.within))


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        raise FileError(f"{path}: expected a certificate, a JSON object as `--certificate` writes it.") from None
