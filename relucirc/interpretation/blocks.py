"""Blocks of seeds, each judged by whoever there is: what is judged, and the judgements as data."""

from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.core.exact import rational, text
from relucirc.core.pieces import Outcome
from relucirc.interpretation.batch import Stack
from relucirc.interpretation.canonical import Canonical
from relucirc.interpretation.judging import Judge, Judgement, Verdict


@dataclass(frozen=True)
class Bench:
    """All that is judged.

    Attributes:
        judge: The judge, who remembers what was proved of circuits.
        stack: The networks of all seeds.
        biased: Whether they have biases.
    """

    judge: Judge
    stack: Stack
    biased: bool


def judge_block(bench: Bench, block: list[int], _: float | None) -> Outcome:
    """Judges the seeds from one number to another."""
    part = slice(*block)
    verdicts = bench.judge.stack([(weight[part], bias[part]) for weight, bias in bench.stack], biased=bench.biased)
    return Outcome({"block": block, "verdicts": [None if v is None else _written(v) for v in verdicts]})


def verdicts_of(outcome: Outcome, *, biased: bool) -> list[Verdict | None]:
    """Reads what was judged."""
    return [None if data is None else _read(data, biased) for data in outcome.found["verdicts"]]


def _written(verdict: Verdict) -> dict[str, Any]:
    layers = [[[list(map(text, row)) for row in rows], list(map(text, bias))] for rows, bias in verdict.circuit.layers]
    proof = [verdict.judgement.where, verdict.judgement.method]
    return {"layers": layers, "proof": proof, "moved": verdict.moved, "folded": verdict.folded}


def _read(data: dict[str, Any], biased: bool) -> Verdict:
    layers = tuple((tuple(map(_row, rows)), _row(bias)) for rows, bias in data["layers"])
    return Verdict(Canonical(layers, biased), Judgement(*data["proof"]), data["moved"], data["folded"])


def _row(numbers: list[str]) -> tuple[fmpq, ...]:
    return tuple(map(rational, numbers))
