"""Find the smallest network with one hidden layer for a formula, and why there is no smaller one.

Exit status: 0 if the network's size is proved minimal, 1 if it is proved that there is no such network, else 3.
"""

import argparse

from relucirc.cli.outcome import PROVED, REFUTED, UNKNOWN, Outcome
from relucirc.cli.reading import (
    add_budget,
    add_certificate,
    add_domain,
    add_out,
    positive,
    read_formula,
    save_certificate,
    save_network,
)
from relucirc.cli.show import layers_text
from relucirc.core.tables import counted

HELP = "what is the smallest network for a formula, and why is there none smaller?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("formula", metavar="FORMULA", help="a formula, such as 'Min(x1, x2)'; or a network's file")
    add_domain(parser)
    add_budget(parser)
    parser.add_argument(
        "--hidden-layers", metavar="N", type=positive, default=1, help="how many hidden layers it has (1)"
    )
    parser.add_argument("--no-bias", action="store_true", help="allow no biases")
    parser.add_argument("--skip", action="store_true", help="make a linear skip connection free")
    add_out(parser)
    add_certificate(parser)


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import minimal_network

    found = minimal_network(
        read_formula(args.formula),
        args.hidden_layers,
        bias=not args.no_bias,
        domain=args.domain,
        skip=args.skip,
        budget=args.budget,
    )
    net = found.network
    first = found.reason if net is None else f"{counted(found.hidden_neurons, 'hidden neuron')}: {found.reason}"
    lines = [first]
    if net is not None:
        lines += [] if found.optimal else [f"no network of this kind has fewer than {found.lower_bound}."]
        lines += layers_text(net)
    lines += [*save_network(net, args.out), *save_certificate(found, args.certificate)]
    code = PROVED if found.optimal else REFUTED if found.status == "impossible" else UNKNOWN
    return Outcome("\n".join(lines), found.to_json, code)
