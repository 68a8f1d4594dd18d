"""Theorems of random claims, each compiled: ``python tests/theorem_hunt.py --claims 300 --seed 7``.

The claims are those of ``hunt.py``: equalities, tolerances and relations, on domains of every kind, with integer
inputs.  What is proved or refuted is written as a theorem, many into one run of ``coqc``, statement and proof.  Counted
is what the kernel accepted, what was refused, by its name, and what it did not accept; the status is 1 if there is any
of the last, since a claim that is decided and written down has to be accepted.
"""

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hunting
import hunting_bounds
import plain
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from theorems import HEADER, compile_theory, compiled

from relucirc.core.errors import RelucircError
from relucirc.proof.theorem import theorem
from relucirc.proof.theorem.audit import objection
from relucirc.proof.theorem.covered import NotCovered

TOGETHER = 40
"""Theorems in one run of coqc."""
OPENING = f"From Coq Require Reals.\n{HEADER}"


@dataclass(frozen=True)
class Asked:
    """A claim as :func:`theorem` takes it, and what kind it is of."""

    kind: str
    net: Any
    claim: Any
    domain: Any
    within: Any = None


@dataclass
class Outcome:
    """How often each kind came to each end, and what the kernel did not accept."""

    counts: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{count:6}  {kind}: {what}" for (kind, what), count in sorted(self.counts.items())]
        return "\n".join([*lines, *(f"WRONG: {what}" for what in self.wrong)])


@st.composite
def claims(draw: st.DrawFn) -> Asked:
    """Equalities, tolerances and relations."""
    kind = draw(st.sampled_from(["equal", "equal", "within", "relation"]))
    if kind == "equal":
        case = draw(hunting.cases())
        return Asked(kind, case.net, case.formula, case.domain)
    question = draw(hunting_bounds.questions(integers=draw(st.booleans()), bounded=draw(st.booleans())))
    n, count = len(question.names), len(question.outputs)
    if kind == "relation":
        relation = draw(hunting_bounds.relations_(n, count))
        return Asked(kind, question.net, plain.as_text(relation, (*question.names, *question.outputs)), question.domain)
    texts = [plain.as_text(draw(hunting.formulas(n)), question.names) for _ in range(count)]
    within = str(draw(hunting_bounds.TOLERANCES))
    return Asked(kind, question.net, texts[0] if count == 1 else texts, question.domain, within)


def drawn(count: int, seed: int) -> list[Asked]:
    """So many claims."""
    found: list[Asked] = []

    @seeded(seed)
    @settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, max_examples=count)
    @given(claims())
    def collect(one: Asked) -> None:
        found.append(one)

    collect()
    return found


def written(asked: Sequence[Asked], budget: float, outcome: Outcome) -> Iterator[tuple[Asked, str]]:
    """The theorems of those claims that are decided, and covered."""
    for one in asked:
        try:
            found = theorem(one.net, one.claim, one.domain, within=one.within, budget=budget, standalone=False)
        except NotCovered as error:
            outcome.counts[one.kind, f"refused: {_name(error)}"] += 1
        except RelucircError as error:
            outcome.counts[one.kind, f"no claim: {type(error).__name__}"] += 1
        else:
            if found.status == "unknown":
                outcome.counts[one.kind, "unknown"] += 1
                continue
            complaint = objection(found.source)
            if complaint is not None:
                outcome.wrong.append(f"{complaint}: {one}")
            else:
                yield one, found.source


def _name(error: NotCovered) -> str:
    return re.sub(r"\(.*\)", "(...)", str(error).removeprefix("theorem: "))


def judge(found: Sequence[tuple[Asked, str]], theory: str, outcome: Outcome) -> None:
    """Has the kernel check theorems; halves a batch until each that it does not accept is alone."""
    text = OPENING
    for i, (_, source) in enumerate(found):
        text += f"Module Asked{i}.\n{source[source.index('Import List') :]}\nEnd Asked{i}.\n"
    checked = compiled(text, theory)
    if checked:
        for one, source in found:
            outcome.counts[one.kind, f"accepted: {'refuted' if 'check_broken' in source else 'proved'}"] += 1
    elif len(found) == 1:
        ((one, _),) = found
        outcome.counts[one.kind, "NOT ACCEPTED"] += 1
        outcome.wrong.append(f"{checked.reason}: {one}\n{one.net.to_json()}")
    else:
        middle = len(found) // 2
        judge(found[:middle], theory, outcome)
        judge(found[middle:], theory, outcome)


def hunted(count: int, seed: int, budget: float, theory: str) -> Outcome:
    """Draws claims and asks."""
    outcome = Outcome()
    batch: list[tuple[Asked, str]] = []
    for pair in written(drawn(count, seed), budget, outcome):
        batch.append(pair)
        if len(batch) == TOGETHER:
            judge(batch, theory, outcome)
            batch = []
    if batch:
        judge(batch, theory, outcome)
    return outcome


def main() -> int:
    """Prints what came; returns 1 if a theorem was not accepted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for each claim")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        theory = os.environ.get("RELUCIRC_THEORY") or compile_theory(Path(folder))
        outcome = hunted(asked.claims, asked.seed, asked.budget, theory)
    print(outcome)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
