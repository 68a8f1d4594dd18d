"""``prove``: read the claim, walk its cases, try the methods, check the evidence, answer."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from flint import fmpq

from relucirc.checker.certificate import make_certificate
from relucirc.checker.equality import check_claim
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.crew import gathered
from relucirc.core.errors import DomainError
from relucirc.core.exact import nearest_integer, to_rational
from relucirc.core.progress import Progress, watched
from relucirc.geometry.lattice import Cut
from relucirc.language.claim import Claim, read_claim
from relucirc.proof import sentences
from relucirc.proof.answers import Proved, Refuted, Split, Step, folded
from relucirc.proof.branching import asked_around, branch
from relucirc.proof.cells import NO_INTEGERS, Case, Cells
from relucirc.proof.methods import METHODS, RELATIONS
from relucirc.proof.result import Result
from relucirc.proof.witness import shrink

MAX_DEPTH = 900
"""Most cells in each other: as deep as ``json`` writes and reads."""
NESTED = "the cases are nested too deeply."


def prove(
    net: Any,
    formula: Any = True,
    domain: Any = None,
    *,
    within: Any = None,
    budget: float | None = 60.0,
    inputs: Sequence[str | Sequence[str]] | None = None,
    progress: Progress = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> Result:
    """Decides whether a network equals a formula, or stands in a relation, at every point of a domain, exactly.

    The claim is about the function over the real numbers that these exact weights define; the
    float computation is a different function.

    Args:
        net: A network (float weights mean exactly the binary values they hold; symbolic weights
            mean all their values), or a JAX function that is piecewise linear.
        formula: A SymPy expression, a list of them for several outputs, text such as
            ``"Min(x1, x2)"`` (read by a safe parser), another network, or a JAX function.  Or a relation: text such as
            ``"y <= Max(x1, x2) + 1/10"``, or SymPy's, comparisons joined by and, or, not (commas and lists: all hold)
            over the inputs and the output ``y``; of several outputs ``y1, y2, ...``.  Left out for a JAX function
            whose values are conditions, ``lambda x: net(x) <= net(-x)``: that they all hold.
        domain: None for all of R^n; text such as ``"0 <= x1 <= 1, x1 + x2 <= 3"``, SymPy relations,
            or a :class:`relucirc.Box`; integer points by ``"x1 in {0, 1}"``, symbols with
            ``integer=True``, or ``Box(0, 1, integer=True)``.
        within: How far the network's outputs may be from the formula's: a rational number, or text such as ``"1/20"``.
        budget: Seconds of wall time after which the answer is unknown; None for no limit.
        inputs: Names of the inputs, in order, where ``net`` is a function; of several arguments, some of them arrays,
            a name or a list of names for each: ``[("x1", "x2"), ("y1", "y2")]``.
        progress: None for a line on a terminal or in a notebook after two seconds, True for one at once, wherever
            stderr goes, False for none; or a function that is called with the :class:`~relucirc.Budget` a few times a
            second.
        executor: Who works on parts of a hard proof: any of ``concurrent.futures``, or a client of Dask.  The answer
            does not depend on that.
        workers: How many processes work on it, where no executor is given; else how many parts it works on at a time.
        journal: The path of a file in which parts that are done are written, and from which they are read again.

    Returns:
        A :class:`Result`: proved with a certificate that the independent checker has accepted;
        refuted with a small exact witness; or unknown with what was tried.

    Raises:
        RelucircError: When the network, the formula or the domain cannot be read.

    Example:
        >>> import relucirc
        >>> print(relucirc.prove(relucirc.circuits.minimum(), "Min(x1, x2)"))
        proved: equal at every real input, by normal form.
    """
    return _decided(
        lambda: read_claim(net, formula, domain, inputs, within),
        watched(budget, "the claim", progress),
        lambda claim: gathered(executor, workers, journal, f"prove {claim.domain}", claim),
    )


def prove_claim(claim: Claim, *, budget: float | None = None, progress: Progress = None) -> Result:
    """Decides a claim that has been read."""
    return _decided(lambda: claim, watched(budget, "the claim", progress), lambda _: nullcontext())


def _decided(
    read: Callable[[], Claim], clock: Budget, together: Callable[[Claim], AbstractContextManager[object]]
) -> Result:
    try:
        with clock:
            claim = read()
            with together(claim):
                found = walk(claim, Cells(claim), clock)
                if isinstance(found, str):
                    return _unknown(found, clock)
                return _refuted(claim, found, clock) if isinstance(found, Refuted) else _checked(claim, found, clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return _unknown(f"{clock.ended(error)}.", clock)
    except RecursionError:
        return _unknown(NESTED, clock)


def walk(claim: Claim, cells: Cells, clock: Budget) -> list[Step] | Refuted | str:
    """Answers every cell of a claim.

    Returns:
        What became of the cells; a witness of the claim; or a sentence that says why it is not decided.
    """
    for case in cells:
        found = None if case.cell.depth > MAX_DEPTH else _answer(claim, case, clock)
        if found is None:
            return NESTED if case.cell.depth > MAX_DEPTH else "no method decided it."
        if isinstance(found, Refuted):
            return found
        cells.put(found)
    return cells.steps


def _answer(claim: Claim, case: Case, clock: Budget) -> Proved | Refuted | Split | None:
    """Tries the methods on one case; a refutation is a witness of the claim."""
    for name, decide in (METHODS if claim.violations is None else RELATIONS).items():
        clock.method = name
        found = decide(case.problem)
        if isinstance(found, Proved):
            return replace(found, evidence={**case.chart.evidence, **found.evidence})
        if isinstance(found, Refuted) and case.problem.is_refuted_at(found.point):
            return _witness(claim, case, found)
    return None


def _witness(claim: Claim, case: Case, found: Refuted) -> Refuted | Split | None:
    """Moves a point of difference to a witness of the claim, or splits the cell between integers."""
    integers = claim.domain.integers
    point = case.chart.lift(found.point)
    if integers:
        point = tuple(fmpq(nearest_integer(c)) if v in integers else c for v, c in enumerate(point))
        if not claim.is_witness(point):
            asked = asked_around(case, found.point)
            better = None if asked is None else branch(asked, found.point)
            if better is None:
                return case.split(case.chart.lift(found.point))
            if isinstance(better, Cut):
                return case.split(better)
            point = better
    known = claim.is_witness(point)
    return replace(found, point=point if known else case.pull_inside(point, claim.is_witness))


def _checked(claim: Claim, steps: Sequence[Step], clock: Budget) -> Result:
    """Says proved only if the independent checker accepts the evidence."""
    certificate = make_certificate(folded(steps), claim.moves)
    verdict = check_claim(claim, certificate)
    if not verdict.accepted:
        return _unknown(f"a proof was found but the checker rejects it ({verdict.reason}); please report this.", clock)
    proofs = [step for step in steps if isinstance(step, Proved)]
    if claim.domain.integers and not proofs:
        raise DomainError(NO_INTEGERS)
    order = [*METHODS, *RELATIONS]
    method = max((proof.method for proof in proofs), key=order.index, default="cells")
    hinges = sum(len(proof.evidence["atoms"]) + _folds_settled(proof.evidence) for proof in proofs)
    return Result(
        status="proved",
        method=method,
        reason=sentences.proved(claim, method),
        certificate=certificate,
        seconds=clock.elapsed,
        statistics={**clock.progress, "cells": len(proofs), "hinges": hinges},
    )


def _folds_settled(evidence: dict) -> int:
    """How many maxima of a cell are no hinges there, only because its own relations say which side is larger."""
    steps = (step for side in ("left", "right") for step in evidence[side])
    return sum(any(known[0] == "constraint" for known in step.get("by", ())) for step in steps)


def _refuted(claim: Claim, found: Refuted, clock: Budget) -> Result:
    """Shrinks the witness and evaluates the claim there again, from the weights themselves."""
    point = shrink(found.point, claim.is_witness)
    assert claim.is_witness(point)
    network = None if claim.kind == "relation" and claim.alone is None else _values(claim.network_value(point))
    return Result(
        status="refuted",
        method=found.method,
        reason=sentences.refuted(claim, point),
        witness=dict(zip(claim.left.inputs, map(to_rational, point), strict=True)),
        network_value=network,
        formula_value=None if claim.kind == "relation" else _values(claim.formula_value(point)),
        seconds=clock.elapsed,
        statistics=dict(clock.progress),
    )


def _values(values: Sequence[fmpq]) -> Any:
    """A number, or a list of them where there are several."""
    written = [to_rational(value) for value in values]
    return written if len(written) > 1 else written[0]


def _unknown(reason: str, clock: Budget) -> Result:
    done = ", ".join(f"{count} {name}" for name, count in clock.progress.items())
    tried = f" Reached {clock.method} after {clock.elapsed:.1f} s" + (f" ({done})." if done else ".")
    return Result("unknown", None, reason + tried, seconds=clock.elapsed, statistics=dict(clock.progress))
