"""Measure batched evaluation beside other tools, as fractions of what this machine can do.

All contenders that are installed run in turn, in every round; medians are reported.
"""

import argparse

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import NETWORK_HELP, file_name, positive, read_network

HELP = "measure evaluation beside other tools and beside the machine's limits"
NETWORKS = ("minimum", "absolute", "minimum(4)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's arguments."""
    parser.add_argument("networks", metavar="NET", nargs="*", help=f"{NETWORK_HELP}; {', '.join(NETWORKS)} by default")
    parser.add_argument("--points", metavar="N", type=positive, default=1_000_000, help="how many points (1000000)")
    parser.add_argument("--rounds", metavar="N", type=positive, default=7, help="how often each is measured (7)")
    parser.add_argument("--contender", metavar="NAME", action="append", help="only this one; may be given again")
    parser.add_argument("--plot", metavar="OUT", type=file_name, help="draw the table to this file, .svg, .png or .pdf")


def run(args: argparse.Namespace) -> Outcome:
    """Runs the command."""
    from relucirc.evaluation.benchmarking import run_benchmark

    networks = [(name, read_network(name)) for name in args.networks or NETWORKS]
    reports = [
        run_benchmark(net, args.points, name=name, contenders=args.contender, rounds=args.rounds)
        for name, net in networks
    ]
    report = sum(reports[1:], start=reports[0])
    lines = [report.table()]
    if args.plot:
        report.plot(args.plot)
        lines.append(f"plot written to {args.plot}")
    return Outcome("\n\n".join(lines), report.to_json())
