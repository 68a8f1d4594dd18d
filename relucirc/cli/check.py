"""Check a certificate against the network and the formula, independently of how it was made."""

import argparse
import json
from typing import Any

from relucirc.cli.outcome import PROVED, REFUTED, Outcome
from relucirc.cli.reading import FORMULA_HELP, NETWORK_HELP, add_domain, file_name, read_formula, read_network
from relucirc.core.errors import FileError

HELP = "does a certificate prove that a network equals a formula?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("network", metavar="NET", help=NETWORK_HELP)
    parser.add_argument("formula", metavar="FORMULA", help=FORMULA_HELP)
    parser.add_argument(
        "certificate", metavar="CERT", type=file_name, help="the file that `relucirc prove --certificate` wrote"
    )
    add_domain(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import check

    certificate = _read(args.certificate)
    verdict = check(read_network(args.network), read_formula(args.formula), certificate, domain=args.domain)
    word = "accepted" if verdict.accepted else "rejected"
    data = {"accepted": verdict.accepted, "reason": verdict.reason}
    return Outcome(f"{word}: {verdict.reason}.", data, PROVED if verdict.accepted else REFUTED)


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        raise FileError(
            f"{path}: expected a certificate, a JSON object as `relucirc prove --certificate` writes it."
        ) from None
