"""The commands as one table: what each takes, and what it does with that.

A command is a function of the parsed arguments; its docstring is what ``--help`` prints.
"""

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from relucirc.cli.outcome import PROVED, REFUTED, UNKNOWN, Outcome
from relucirc.cli.reading import (
    CERTIFICATE,
    DOMAIN,
    FORMULA,
    FORMULA_HELP,
    NETWORK,
    NETWORK_HELP,
    OUT,
    RELATION_HELP,
    TOGETHER,
    TOLERANCE,
    WITHIN,
    WORKERS,
    Argument,
    argument,
    budget,
    counting,
    file_name,
    positive,
    read_formula,
    read_function,
    read_network,
    save_certificate,
    save_network,
    together,
    widths,
)
from relucirc.cli.show import layers_text, shown
from relucirc.core.errors import RelucircError, require_suffix, shorten
from relucirc.core.printing import formula_text
from relucirc.core.tables import counted, table


class Command(NamedTuple):
    """One command: the question that it answers, what it takes, and what it does."""

    help: str
    arguments: tuple[Argument, ...]
    run: Callable[[argparse.Namespace], Outcome]


COMMANDS: dict[str, Command] = {}
"""Every command by name, in the order of ``--help``."""
FUNCTION = argument("formula", metavar="FORMULA", help="a formula, such as 'Max(x1, x2, x3)'; or a network's file")
RELATION = argument("formula", metavar="FORMULA", help=RELATION_HELP)
MEASURED = ("minimum", "absolute", "minimum(4)")
REGIMENS = "original, best, adam, spread, redraw, best-spread, prune or prune-l1"


def command(help_text: str, *arguments: Argument) -> Callable[[Any], Any]:
    """Enters a function into the table under its own name."""

    def enter(function: Callable[[argparse.Namespace], Outcome]) -> Callable[[argparse.Namespace], Outcome]:
        COMMANDS[function.__name__] = Command(help_text, arguments, function)
        return function

    return enter


@command(
    "does a network equal a formula, or keep a relation, everywhere? proved, or an exact counterexample",
    *(NETWORK, RELATION, DOMAIN, WITHIN, budget(), CERTIFICATE, *TOGETHER),
)
def prove(args: argparse.Namespace) -> Outcome:
    """Decide whether a network equals a formula, or a relation holds, at every point of a domain, exactly."""
    from relucirc import prove

    net, formula = read_network(args.network), read_formula(args.formula)
    result = prove(net, formula, domain=args.domain, within=args.within, budget=args.budget, **together(args))
    return Outcome.of(result, *save_certificate(result, args.certificate))


@command(
    "does any point satisfy a property in VNN-LIB's format? unsat, or sat and an exact point",
    argument("networks", metavar="NET", nargs="+", help=f"{NETWORK_HELP}; as many as the property declares"),
    argument("prop", metavar="PROPERTY", help="a .vnnlib file: what a counterexample has to satisfy"),
    *(budget(), CERTIFICATE, *TOGETHER),
)
def verify(args: argparse.Namespace) -> Outcome:
    """Decide whether any point satisfies a property in VNN-LIB's format; prints unsat, sat and a point, or unknown.

    A property may be about several networks; give them in the order in which it declares them, but for those that it
    declares equal to others.

    Exit status: 0 for unsat, 1 for sat, 3 for unknown.
    """
    from relucirc import verify

    networks = [read_network(text) for text in args.networks]
    found = verify(networks, args.prop, budget=args.budget, **together(args))
    return Outcome.of(found, *save_certificate(found, args.certificate))


@command(
    "are two networks still the same: equal, near or different, and from which neuron on?",
    argument("network", metavar="A", help=NETWORK_HELP),
    argument("other", metavar="B", help=f"{NETWORK_HELP}; or a formula, such as 'Min(x1, x2)'"),
    *(DOMAIN, WITHIN, budget(), CERTIFICATE, *TOGETHER),
)
def compare(args: argparse.Namespace) -> Outcome:
    """Say whether a network kept its function: equal, within a tolerance or different; how far apart; from where on.

    Exit status: 0 for equal or within, 1 for different, 3 for unknown.
    """
    from relucirc import compare

    net, other = read_network(args.network), read_function(args.other)
    found = compare(net, other, args.domain, args.within, budget=args.budget, **together(args))
    return Outcome.of(found, *save_certificate(found, args.certificate))


@command(
    "does a certificate prove what it is for?",
    argument("network", metavar="NET", help=f"{NETWORK_HELP}; or the function of a size or depth"),
    argument("formula", metavar="FORMULA", nargs="*", help=f"{RELATION_HELP}; left out for a size, depth or bounds"),
    argument("certificate", metavar="CERT", help="the file that `--certificate` wrote"),
    *(DOMAIN, WITHIN, WORKERS),
)
def check(args: argparse.Namespace) -> Outcome:
    """Check a certificate, independently of how it was made.

    One that `relucirc prove` wrote is checked for NET and FORMULA, one of `relucirc verify` for its networks, NET ...,
    and its .vnnlib file; one of bounds for NET alone; one of a size or depth, which `relucirc minimal` wrote, for the
    function alone: FORMULA or NET.
    """
    from relucirc import check
    from relucirc.checker.lines import opened

    with opened(args.certificate):
        pass  # what is no certificate is bad input, and no evidence that is rejected
    claim = _claim(args.network, args.formula)
    return Outcome.of(check(*claim, args.certificate, domain=args.domain, within=args.within, workers=args.workers))


def _claim(first: str, others: list[str]) -> tuple[Any, Any]:
    """Reads what a certificate is about: a function alone; a network and a formula; or networks and their property."""
    if not others:
        return read_function(first), None
    if others[-1].lower().endswith(".vnnlib"):
        return [read_network(text) for text in (first, *others[:-1])], others[-1]
    if len(others) > 1:
        raise RelucircError(f"expected one FORMULA, or a .vnnlib file after several networks, got {shorten(others)}.")
    return read_network(first), read_formula(others[0])


@command(
    "write the proof that a network equals a formula as a theorem for Rocq",
    *(NETWORK, FORMULA, DOMAIN, WITHIN, budget()),
    argument("--out", "-o", metavar="OUT", type=file_name, required=True, help="the file to write: .v"),
    argument("--check", action="store_true", help="run coqc on it, and say what Rocq's kernel says"),
)
def theorem(args: argparse.Namespace) -> Outcome:
    """Prove that a network equals a formula, or that a relation holds, and write the proof for Rocq's kernel to check.

    Where that is false, the theorem says so, at a point.  With --check, exit status 2 if Rocq does not accept.
    """
    from relucirc import theorem

    found = theorem(
        read_network(args.network), read_formula(args.formula), args.domain, within=args.within, budget=args.budget
    )
    if not found.source:
        return Outcome.of(found)
    found.save(args.out)
    lines = [f"wrote {args.out}"]
    if args.check:
        checked = found.check()
        if not checked:
            raise RelucircError(f"{args.out} is {checked}")
        lines.append(f"{checked}")
    return Outcome.of(found, *lines)


@command(
    "which formula does a network compute, and which circuits of the catalogue compute the same?",
    *(NETWORK, DOMAIN, TOLERANCE, budget()),
)
def explain(args: argparse.Namespace) -> Outcome:
    """Find the formula that a network computes, prove it, and name what computes the same.

    Circuits are named if the network as a whole computes what they do; features are what neurons detect.  With a
    tolerance the formula is the shortest one found that is certainly no further than that from the network, on the
    domain, or on [-1, 1]^n without one.
    """
    from relucirc import explain

    return Outcome.of(explain(read_network(args.network), args.domain, args.tolerance, budget=args.budget))


@command(
    "which small circuit is a trained network close to, and how far from it?",
    NETWORK,
    argument("formula", metavar="FORMULA", nargs="?", help=f"what it should compute: {FORMULA_HELP}"),
    *(DOMAIN, budget(), OUT),
)
def snap(args: argparse.Namespace) -> Outcome:
    """Round a network to the circuit that it is close to, and say how far that is; with FORMULA, prove the outcome."""
    from relucirc import snap

    formula = None if args.formula is None else read_formula(args.formula)
    found = snap(read_network(args.network), formula, domain=args.domain, budget=args.budget)
    return Outcome.of(found, *save_network(found.network, args.out))


@command(
    "write a network in another format, or the question whether it differs from a formula",
    NETWORK,
    argument("formula", metavar="FORMULA", nargs="?", help=f"for a question, .smt2 or .vnnlib: {RELATION_HELP}"),
    argument(
        "--out",
        "-o",
        metavar="FILE",
        type=file_name,
        required=True,
        help="the file to write: .json, .onnx, .npz, .safetensors or .pt; .smt2 or .vnnlib",
    ),
    *(DOMAIN, WITHIN),
    argument(
        "--version", metavar="V", help="of a .vnnlib file: 1.0 (the default), about one network, or 2.0, about two"
    ),
)
def export(args: argparse.Namespace) -> Outcome:
    """Write a network to a file, losing nothing; the suffix says the format.

    With FORMULA, write the question whether some point of the domain breaks the claim: for a solver (.smt2), or for a
    verifier (.vnnlib, with its networks in ONNX beside it).  The answer is unsat where the claim holds.
    """
    from relucirc import save

    net, formula = read_network(args.network), None if args.formula is None else read_formula(args.formula)
    save(net, args.out, formula, args.domain, within=args.within, version=args.version)
    what = "network" if formula is None else "question"
    return Outcome(f"{what} written to {args.out}", lambda: {"status": "written", "file": args.out})


@command(
    "print a network's layers, weights and formula; with --at, every neuron's values at a point",
    NETWORK,
    argument("--at", metavar="POINT", help="a point, such as 3,-5 or x1=3,x2=-5"),
    argument(
        "--draw",
        "--svg",
        metavar="OUT",
        type=file_name,
        help="write a drawing to this .svg, .pdf, .png or .tex file, with the values at the point if one is given",
    ),
)
def show(args: argparse.Namespace) -> Outcome:
    """Show a network: its layers and weights, its formula, and what happens at a point.

    With --at, every neuron's pre-activation and activation at the point, exactly.
    """
    return shown(args.network.strip(), read_network(args.network), args.at, args.draw)


@command(
    "write one page about a network, to be sent to somebody: diagram, formula, circuits, proof, a point to be moved",
    NETWORK,
    argument("formula", metavar="FORMULA", nargs="?", help=f"what it should equal: {RELATION_HELP}"),
    *(DOMAIN, WITHIN, budget()),
    argument("-o", "--out", metavar="FILE", type=file_name, required=True, help="the page to write: .html"),
)
def report(args: argparse.Namespace) -> Outcome:
    """Write one page about a network, which works from a file, without a server.

    With FORMULA, whether they are equal; without it, the formula that is found.
    """
    from relucirc import report

    net, formula = read_network(args.network), None if args.formula is None else read_formula(args.formula)
    name = args.network.strip()
    require_suffix(args.out, "a report", ".html", ".htm")
    options = {"within": args.within, "title": name, "budget": args.budget}
    found = report(net, formula=formula, domain=args.domain, **options)
    found.save(args.out)
    return Outcome.of(found, f"page written to {args.out}")


@command(
    "into how many regions and linear pieces does a network cut its inputs?",
    *(NETWORK, DOMAIN, budget(), *TOGETHER),
)
def regions(args: argparse.Namespace) -> Outcome:
    """Find all activation regions of a network, their linear pieces, and the affine maps on them, exactly."""
    from relucirc import regions

    found = regions(read_network(args.network), args.domain, budget=args.budget, **together(args))
    counts = ((len(found.linear_pieces), "linear piece"), (len(found.affine_maps), "affine map"))
    return Outcome.of(found, ", ".join(counted(count, what) for count, what in counts))


@command(
    "how far apart are a network and a formula, at most, and where?",
    *(NETWORK, FORMULA, DOMAIN, budget(), CERTIFICATE, *TOGETHER),
)
def deviation(args: argparse.Namespace) -> Outcome:
    """Measure the exact largest distance between a network and a formula on a domain."""
    from relucirc import max_deviation

    net, formula = read_network(args.network), read_formula(args.formula)
    found = max_deviation(net, formula, args.domain, budget=args.budget, **together(args))
    return Outcome.of(found, *save_certificate(found, args.certificate))


@command(
    "which values does a network take, from the least to the greatest?",
    *(NETWORK, DOMAIN, budget(), CERTIFICATE, *TOGETHER),
)
def bounds(args: argparse.Namespace) -> Outcome:
    """Find the exact least and greatest value of every output on a domain, and where they are attained."""
    from relucirc import bounds

    found = bounds(read_network(args.network), args.domain, budget=args.budget, **together(args))
    return Outcome.of(found, *save_certificate(found, args.certificate))


@command(
    "what is the smallest network for a formula, and why is there none smaller?",
    *(FUNCTION, DOMAIN, budget()),
    argument("--hidden-layers", metavar="N", type=positive, default=1, help="how many hidden layers it has (1)"),
    argument("--no-bias", action="store_true", help="allow no biases"),
    argument("--skip", action="store_true", help="make a linear skip connection free"),
    *(OUT, CERTIFICATE),
)
def minimal(args: argparse.Namespace) -> Outcome:
    """Find the smallest network with one hidden layer for a formula, and why there is no smaller one.

    Exit status: 0 if the network's size is proved minimal, 1 if it is proved that there is no such network, else 3.
    """
    from relucirc import minimal_network

    found = minimal_network(
        read_formula(args.formula),
        args.hidden_layers,
        bias=not args.no_bias,
        domain=args.domain,
        skip=args.skip,
        budget=args.budget,
    )
    net, lines = found.network, [found.reason]
    if net is not None:
        lines = [f"{counted(found.hidden_neurons, 'hidden neuron')}: {found.reason}"]
        lines += [] if found.optimal else [f"no network of this kind has fewer than {found.lower_bound}."]
        lines += layers_text(net)
    lines += [*save_network(net, args.out), *save_certificate(found, args.certificate)]
    code = PROVED if found.optimal else REFUTED if found.status == "impossible" else UNKNOWN
    return Outcome("\n".join(lines), found.to_json, code)


@command(
    "is there a small network with two hidden layers for a formula?",
    FUNCTION,
    argument("--degree", metavar="N", type=positive, default=2, help="length of the words searched (2)"),
    *(budget(240.0), OUT, *TOGETHER),
)
def discover(args: argparse.Namespace) -> Outcome:
    """Search for a small network with two hidden layers for a formula, and prove what is found.

    Exit status: 0 if one is found, 1 if it is shown that none of the kind searched for exists, else 3.
    """
    from relucirc import discover

    found = discover(read_formula(args.formula), degree=args.degree, budget=args.budget, **together(args))
    layers = [] if found.network is None else layers_text(found.network)
    return Outcome.of(found, *layers, *save_network(found.network, args.out))


@command(
    "do networks trained from data become circuits? many seeds, each judged by proof",
    argument("name", metavar="NAME", help="a function such as minimum, or a formula such as 'Max(x1, x2)'"),
    argument("--seeds", metavar="N", type=positive, default=1024, help="how many networks (1024)"),
    argument("--regimen", metavar="R", default="original", help=f"how they are trained: {REGIMENS} (original)"),
    argument("--steps", metavar="N", type=positive, help="optimiser steps; the regimen's own by default"),
    argument("--sizes", metavar="W", type=widths, help="widths such as 2-3-1; the function's own by default"),
    argument("--seed", metavar="N", type=counting, default=0, help="number of the run's random key (0)"),
    DOMAIN,
    argument("--out", metavar="DIR", type=file_name, help="write networks, census and report to this folder"),
    *TOGETHER,
)
def train(args: argparse.Namespace) -> Outcome:
    """Train a network from many seeds, snap what came out, and judge each by proof: a census of the circuits found.

    NAME is a function of the experiment, such as minimum, or a formula, or a network's file; the last two need --sizes.
    With --out, networks, census and report go to a folder, and an interrupted run goes on where it stopped when it is
    called again.
    """
    from relucirc.training import run_census

    options = {key: getattr(args, key) for key in ("seeds", "regimen", "steps", "sizes", "seed", "domain", "out")}
    census = run_census(read_formula(args.name), **options, **together(args))
    lines = [str(census)]
    if args.out:
        lines += ["", f"networks, census and report written to {args.out}"]
    return Outcome("\n".join(lines), census.to_json, PROVED if census.finished else UNKNOWN)


@command(
    "measure evaluation beside other tools and beside the machine's limits",
    argument("networks", metavar="NET", nargs="*", help=f"{NETWORK_HELP}; {', '.join(MEASURED)} by default"),
    argument("--points", metavar="N", type=positive, default=1_000_000, help="how many points (1000000)"),
    argument("--rounds", metavar="N", type=positive, default=7, help="how often each is measured (7)"),
    argument("--contender", metavar="NAME", action="append", help="only this one; may be given again"),
    argument("--plot", metavar="OUT", type=file_name, help="draw the table to this file, .svg, .png or .pdf"),
)
def bench(args: argparse.Namespace) -> Outcome:
    """Measure batched evaluation beside other tools, as fractions of what this machine can do.

    All contenders that are installed run in turn, in every round; medians are reported.
    """
    from relucirc.evaluation.benchmarking import run_benchmark

    networks = [(name, read_network(name)) for name in args.networks or MEASURED]
    reports = [
        run_benchmark(net, args.points, name=name, contenders=args.contender, rounds=args.rounds)
        for name, net in networks
    ]
    report = sum(reports[1:], start=reports[0])
    lines = [report.table()]
    if args.plot:
        report.plot(args.plot)
        lines.append(f"plot written to {args.plot}")
    return Outcome("\n\n".join(lines), report.to_json)


@command("list the built-in circuits")
def circuits(args: argparse.Namespace) -> Outcome:  # noqa: ARG001
    """List the built-in circuits: sizes, formulas, and where the formulas hold; with --json, sources too."""
    from relucirc.circuits import catalogue

    rows, data = [], {}
    for name, circuit in catalogue.items():
        sizes = "-".join(map(str, circuit().sizes))
        formula = formula_text(circuit.formula())
        rows.append([name, circuit.kind, sizes, shorten(formula, 60), circuit.where_words()])
        data[name] = {"kind": circuit.kind, "sizes": sizes, "formula": formula} | {
            key: getattr(circuit, key) for key in ("domain", "description", "source")
        }
    return Outcome(table(["name", "kind", "sizes", "formula", "where"], rows), lambda: {"circuits": data})
