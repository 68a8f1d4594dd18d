"""Asks both checkers, that in Python and that in Gallina, about broken certificates and false statements.

    python tests/theorem_mutations.py --certificates 200 --statements 50

Certificates are those of small claims of every kind, broken in one field (``certificates.mutants``); statements are
their networks with one weight 2^-40 larger, each with the certificate of the network as it was.  Rocq's kernel computes
its verdicts, many in one run of ``coqc``; what both say is counted.  Two things are wrong, and the status is 1 then:
that the kernel accepts what Python rejects for a reason that is not one of ``HARMLESS``, and that either accepts a
network that is refuted at a point.  What Python alone accepts is listed: there the kernel's rules are narrower.
"""

import argparse
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certificates
from test_theorem import SMALL, nudged, translated
from test_theorem_claims import CLAIMS
from theorems import HEADER, compile_theory, compiled, part_of, question

import relucirc
from relucirc.checker.equality import check_claim
from relucirc.core.errors import RelucircError
from relucirc.proof import prover
from relucirc.proof.methods import METHODS
from relucirc.proof.prover import prove_claim
from relucirc.proof.theorem import theorem
from relucirc.proof.theorem.gallina import network_text
from relucirc.proof.theorem.stating import File

HARMLESS = re.compile(
    r"an atom is not used|has no elements|has a value already|is not an? (object|list)|has the fields|"
    r"has no (kind|number)|steps for|trees for|interior|given twice|there are no wires"
)
"""What Python rejects and the kernel need not: what nothing reads, what is said twice, what only looks wrong, a point
inside a cell, which Rocq's rules do without, and the 0-1 principle of no wires, where one point is tried."""
TOGETHER = 100
"""Questions in one run of coqc."""


@dataclass(frozen=True)
class Specimen:
    """A theorem, and its claim as both checkers read it."""

    name: str
    file: File
    source: str
    certificate: dict


@dataclass(frozen=True)
class Asked:
    """One question: what was broken, what the kernel is asked, what Python says and why, whether it is false."""

    what: str
    text: str
    accepted: bool
    reason: str
    false: bool = False


@dataclass
class Outcome:
    """What both checkers said: how often each pair of verdicts came, and what is wrong or narrower."""

    counts: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    narrower: list[str] = field(default_factory=list)

    def add(self, kind: str, asked: Asked, kernel: bool) -> None:
        """Compares two verdicts."""
        self.counts[kind, asked.accepted, kernel] += 1
        if asked.false and (kernel or asked.accepted):
            self.wrong.append(f"{asked.what}: a false statement is accepted")
        elif kernel and not asked.accepted and not HARMLESS.search(asked.reason):
            self.wrong.append(f"{asked.what}: the kernel accepts, Python says: {asked.reason}")
        elif asked.accepted and not kernel:
            self.narrower.append(asked.what)

    def __str__(self) -> str:
        said = {True: "accepts", False: "rejects"}
        lines = [
            f"{kind}: Python {said[python]}, the kernel {said[kernel]}: {count}"
            for (kind, python, kernel), count in sorted(self.counts.items())
        ]
        lines += [f"narrower: {what}" for what in self.narrower]
        return "\n".join([*lines, *(f"WRONG: {what}" for what in self.wrong)])


def specimens() -> Iterator[Specimen]:
    """Small theorems, by the normal form and one more method at a time."""
    claims = {name: (*claim, None) for name, claim in SMALL.items()}
    claims |= {name: claim for name, claim in CLAIMS.items() if "not" not in name.split()}
    for name, layers, formula, domain in certificates.CLAIMS:
        claims[f"{name} again" if name in claims else name] = (
            relucirc.MLP.from_arrays(layers),
            formula,
            domain,
            None,
        )
    seen, every = set(), prover.METHODS
    for name, (net, formula, domain, within) in claims.items():
        for methods in [list(METHODS), *(["normal form", method] for method in METHODS)]:
            prover.METHODS = {method: METHODS[method] for method in methods}
            try:
                found = theorem(net, formula, domain, within=within, standalone=False, budget=20)
            except RelucircError:
                continue  # no theorem: of the evidence Rocq has no rule for
            finally:
                prover.METHODS = every
            if found.status == "proved" and found.source not in seen:
                seen.add(found.source)
                assert found.certificate is not None
                file = File.read(net, formula, domain, within)
                method = found.reason.rpartition(", by ")[2].rstrip(".")
                yield Specimen(f"{name}, by {method}", file, found.source, found.certificate)


def broken(specimen: Specimen) -> Iterator[tuple[str, dict, str]]:
    """Broken certificates that say something else in Rocq, and what they say there."""
    seen = {part_of(specimen.source, "evidence")}
    for what, path, certificate in certificates.mutants(specimen.certificate):
        if path[:1] == ("proof",):
            evidence = translated(specimen.file, certificate["proof"])
            if evidence is not None and evidence not in seen:
                seen.add(evidence)
                yield f"{specimen.name}: {'.'.join(map(str, path))} {what}", certificate, evidence


def about_certificates(found: Sequence[Specimen], count: int, draw: random.Random) -> Iterator[Asked]:
    """Questions about broken certificates, evenly spread over the specimens."""
    parts = [draw.sample(every, len(every)) for every in (list(broken(specimen)) for specimen in found)]
    while count > 0 and any(parts):
        for specimen, left in zip(found, parts, strict=True):
            if left and count > 0:
                count -= 1
                what, certificate, evidence = left.pop()
                verdict = check_claim(specimen.file.claim, certificate)
                yield Asked(what, _said(specimen.source, evidence=evidence), verdict.accepted, verdict.reason)


def about_statements(found: Sequence[Specimen], count: int, draw: random.Random) -> Iterator[Asked]:
    """Questions about networks with one weight 2^-40 larger; whether they are refuted is asked of the prover."""
    nets = [(specimen, i, net) for specimen in found for i, net in enumerate(nudged(specimen.file.net))]
    for specimen, i, net in draw.sample(nets, min(count, len(nets))):
        claim = _claim(specimen, net)
        verdict = check_claim(claim, specimen.certificate)
        false = prove_claim(claim, budget=20).status == "refuted"
        text = _said(specimen.source, network=network_text(net))
        yield Asked(f"{specimen.name}: weight {i}", text, verdict.accepted, verdict.reason, false)


def _claim(specimen: Specimen, net: Any) -> Any:
    """The same claim of another network."""
    file = specimen.file
    given = file.claim.relation if file.claim.kind == "relation" else file.other or list(file.formulas.expressions)
    return File.read(net, given, file.claim.domain, file.claim.within).claim


def _said(source: str, **changed: str) -> str:
    goal = question(source, "true", **changed).partition(" = true.\nProof")[0]
    return f"Eval vm_compute in ({goal.removeprefix('Goal ')}).\n"


def kernel_verdicts(asked: Sequence[Asked], theory: str) -> list[bool]:
    """What Rocq computes; what it cannot read as a term at all it does not accept."""
    said: list[bool] = []
    texts = [one.text for one in asked]
    while len(said) < len(texts):
        batch = texts[len(said) : len(said) + TOGETHER]
        checked = compiled(HEADER + "".join(batch), theory)
        values = [value == "true" for value in re.findall(r"^\s+= (true|false)$", checked.output, re.MULTILINE)]
        said += values
        if not checked:
            assert len(values) < len(batch), checked
            said.append(False)
    return said


def compared(certificates_asked: int, statements: int, seed: int, theory: str) -> Outcome:
    """Asks both checkers."""
    draw, found, outcome = random.Random(seed), list(specimens()), Outcome()
    for kind, asked in (
        ("certificates", list(about_certificates(found, certificates_asked, draw))),
        ("statements", list(about_statements(found, statements, draw))),
    ):
        for one, verdict in zip(asked, kernel_verdicts(asked, theory), strict=True):
            outcome.add(kind, one, verdict)
    return outcome


def main() -> int:
    """Prints what both checkers said; returns 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificates", type=int, default=200, help="how many broken certificates")
    parser.add_argument("--statements", type=int, default=50, help="how many networks with one weight changed")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        theory = os.environ.get("RELUCIRC_THEORY") or compile_theory(Path(folder))
        outcome = compared(asked.certificates, asked.statements, asked.seed, theory)
    print(outcome)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
