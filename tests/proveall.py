"""The main job, ``make prove``: every built-in circuit proved, and the original's trained networks repaired.

Prints one line for each circuit, with where it holds, and one for its family of symbolic weights.  Then the
six networks that the notebook of "Mathematical Circuits in Neural Networks" (Sean Osier, 2022)
trained: each is refuted with an exact witness, its largest error on ``[-1, 1]^n`` is measured exactly,
it is snapped to small rationals, and the snapped network is proved.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from relucirc.circuits import catalogue, trained
from relucirc.circuits.sources import ORIGINAL
from relucirc.core.errors import shorten
from relucirc.core.printing import formula_text, number_text
from relucirc.core.tables import table
from relucirc.interpretation.snap import snap
from relucirc.language.domain import Box
from relucirc.language.network import MLP
from relucirc.measure.deviation import max_deviation
from relucirc.proof.prover import prove

WIDTH = 36
"""Longest formula that the tables print in full."""


LEGEND = """\
Built-in circuits: network = formula, at every real input, or where the last column says

all weights: every positive rescaling of the hidden neurons at once
cells: the parts of the domain that were proved one by one; hinges: the maxima in them, of both sides
"""


@dataclass(frozen=True)
class Proof:
    """One proof of the first table.

    Attributes:
        name: The circuit's name; a family says so.
        net: The network.
        formula: Its formula.
        where: Where they are equal, in words.
        result: The prover's answer.
    """

    name: str
    net: MLP
    formula: Any
    where: str
    result: Any


@dataclass(frozen=True)
class Repair:
    """One trained network of the second table.

    Attributes:
        name: The function that it was trained on.
        formula: That function.
        refutation: Of the weights as printed.
        deviation: The largest error on the training domain.
        snapped: The network with small rationals, and every move that led there.
        proof: Of the snapped network.
    """

    name: str
    formula: str
    refutation: Any
    deviation: Any
    snapped: Any
    proof: Any


def circuit_proofs() -> Iterator[Proof]:
    """Proves every circuit of the catalogue, and its family of all positive rescalings.

    The original work's circuits are proved at all their example sizes, the others at the default one.
    """
    for name, circuit in catalogue.items():
        for parameters in circuit.examples if ORIGINAL in circuit.source else ((),):
            net, formula = circuit(*parameters), circuit.formula(*parameters)
            called = f"{name}({', '.join(map(str, parameters))})" if parameters else name
            where = circuit.where_words(*parameters)
            yield Proof(called, net, formula, where, prove(net, formula, domain=circuit.domain_of(*parameters)))
        family = circuit.family()
        if family.symbols:
            formula = circuit.formula()
            where = circuit.where_words()
            yield Proof(f"{name}, all weights", family, formula, where, prove(family, formula, domain=circuit.domain))


def repairs() -> Iterator[Repair]:
    """Refutes, measures, snaps and proves every trained network."""
    for name, given in trained().items():
        snapped = snap(given.network)
        yield Repair(
            name=name,
            formula=given.formula,
            refutation=prove(given.network, given.formula),
            deviation=max_deviation(given.network, given.formula, Box(-1, 1)),
            snapped=snapped,
            proof=prove(snapped.network, given.formula),
        )


def main() -> int:
    """Prints both tables; returns 0 if everything was decided as it should be, else 1."""
    start = time.perf_counter()
    proofs = list(circuit_proofs())
    repaired = list(repairs())
    seconds = time.perf_counter() - start

    print(LEGEND)
    rows = [
        [p.name, _sizes(p.net), shorten(formula_text(p.formula), WIDTH), p.result.status,
         p.result.method or "-", *(str(p.result.statistics.get(count, "-")) for count in ("cells", "hinges")),
         f"{1000 * p.result.seconds:.1f}", p.where]
        for p in proofs
    ]  # fmt: skip
    print(table(["name", "sizes", "formula", "status", "method", "cells", "hinges", "ms", "where"], rows))

    print("\nNetworks trained by the original's notebook, weights as printed\n")
    rows = [
        [r.name, r.refutation.status, _point(r.refutation.witness), number_text(r.refutation.network_value),
         number_text(r.refutation.formula_value)]
        for r in repaired
    ]  # fmt: skip
    print(table(["trained on", "status", "at", "network", "formula"], rows))
    print("\nLargest error on [-1, 1]^n, and the same networks snapped to small rationals\n")
    rows = [
        [r.name, number_text(r.deviation.value), f"{float(r.deviation.value):.1e}", _point(r.deviation.witness),
         str(len(r.snapped.moves)), _sizes(r.snapped.network), shorten(r.formula, WIDTH), r.proof.status]
        for r in repaired
    ]  # fmt: skip
    print(table(["trained on", "largest error", "about", "at", "moves", "snapped", "formula", "status"], rows))

    failed = [p.name for p in proofs if p.result.status != "proved"]
    failed += [f"{r.name} (trained)" for r in repaired if r.refutation.status != "refuted"]
    failed += [f"{r.name} (snapped)" for r in repaired if r.proof.status != "proved"]
    count = len(proofs) + len(repaired)
    print(f"\n{count - len(failed)} of {count} proved, each by evidence that the independent checker accepted.")
    print(f"{len(repaired)} trained networks refuted, measured, snapped and proved.  {seconds:.2f} s in all.")
    if failed:
        print(f"not decided as expected: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _sizes(net: MLP) -> str:
    return "-".join(map(str, net.sizes))


def _point(witness: dict[str, Any] | None) -> str:
    return "-" if witness is None else ", ".join(f"{name} = {number_text(value)}" for name, value in witness.items())


if __name__ == "__main__":
    sys.exit(main())
