"""Find the smallest network with one hidden layer for a formula, and why there is no smaller one.

Exit status: 0 if the network's size is proved minimal, 1 if it is proved that there is no such network, else 3.
"""

import argparse
import json

from relucirc.cli.outcome import PROVED, REFUTED, UNKNOWN, Outcome
from relucirc.cli.reading import add_budget, add_domain, file_name, positive, read_formula
from relucirc.cli.show import layers_text
from relucirc.core.answer import plain
from relucirc.core.tables import counted
from relucirc.core.writing import write_text

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
    parser.add_argument("--out", metavar="FILE", type=file_name, help="write the network to this file")
    parser.add_argument("--certificate", metavar="OUT", type=file_name, help="write the certificate to this file")


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc import minimal_network, save

    found = minimal_network(
        read_formula(args.formula),
        args.hidden_layers,
        bias=not args.no_bias,
        domain=args.domain,
        skip=args.skip,
        budget=args.budget,
    )
    net = found.network
    lines = [f"{counted(found.hidden_neurons, 'hidden neuron')}: {found.reason}" if net is not None else found.reason]
    if net is not None:
        if not found.optimal:
            lines.append(f"no network of this kind has fewer than {found.lower_bound}.")
        lines += layers_text(net)
        if args.out:
            save(net, args.out)
            lines += ["", f"network written to {args.out}"]
    if args.certificate and found.certificate is not None:
        write_text(args.certificate, json.dumps(found.certificate))
        lines.append(f"certificate written to {args.certificate}")
    data = {
        "hidden_neurons": found.hidden_neurons,
        "optimal": found.optimal,
        "lower_bound": found.lower_bound,
        "reason": found.reason,
        "network": None if net is None else net.to_json(),
        "skip": found.skip,
        "certificate": found.certificate,
        "seconds": found.seconds,
    }
    impossible = net is None and found.certificate is not None
    return Outcome("\n".join(lines), plain(data), PROVED if found.optimal else REFUTED if impossible else UNKNOWN)
