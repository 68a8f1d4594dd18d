"""``prove``: read the claim, walk its cases, try the methods, check the evidence, answer."""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.certificate import make_certificate
from relucirc.checker.equality import check_claim
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import DomainError, shorten
from relucirc.core.exact import nearest_integer, text, to_rational
from relucirc.core.progress import Progress, watched
from relucirc.geometry.lattice import Cut
from relucirc.language.claim import Claim, read_claim
from relucirc.proof.branching import branch
from relucirc.proof.cases import Case, Solver
from relucirc.proof.methods import METHODS
from relucirc.proof.problem import Proved, Refuted
from relucirc.proof.result import Result
from relucirc.proof.witness import shrink

SHOWN = 6
"""How many coordinates of a witness the sentence about it has."""


def prove(
    net: Any,
    formula: Any,
    domain: Any = None,
    *,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
) -> Result:
    """Decides whether a network equals a formula at every point of a domain, exactly.

    The claim is about the function over the real numbers that these exact weights define; the
    float computation is a different function.

    Args:
        net: A network (float weights mean exactly the binary values they hold; symbolic weights
            mean all their values), or a JAX function that is piecewise linear.
        formula: A SymPy expression, a list of them for several outputs, text such as
            ``"Min(x1, x2)"`` (read by a safe parser), another network, or a JAX function.
        domain: None for all of R^n; text such as ``"0 <= x1 <= 1, x1 + x2 <= 3"``, SymPy relations,
            or a :class:`relucirc.Box`; integer points by ``"x1 in {0, 1}"``, symbols with
            ``integer=True``, or ``Box(0, 1, integer=True)``.
        budget: Seconds of wall time after which the answer is unknown; None for no limit.
        inputs: Names of the inputs, in order, where ``net`` is a function.
        progress: None for a line on a terminal or in a notebook after two seconds, True for one at once, wherever
            stderr goes, False for none; or a function that is called with the :class:`~relucirc.Budget` a few times a
            second.

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
    clock = watched(budget, "the claim", progress)
    try:
        with clock:
            claim = read_claim(net, formula, domain, inputs)
            attempt = _Attempt(claim, clock)
            solver = Solver(attempt.solve, clock, claim.domain.integers)
            proof = solver.run(claim.left, claim.right, claim.domain.relations)
            if proof is not None:
                return _checked(claim, proof, attempt, clock)
            if attempt.witness is not None:
                return _refuted(claim, attempt.witness, attempt.methods[-1], clock)
            return _unknown("no method decided it.", clock)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return _unknown(f"{clock.ended(error)}.", clock)
    except RecursionError:
        return _unknown("the cases are nested too deeply.", clock)


class _Attempt:
    """Solves cases, and remembers the methods that did it and the witness that ended it."""

    def __init__(self, claim: Claim, clock: Budget) -> None:
        self.claim = claim
        self.clock = clock
        self.methods: list[str] = []
        self.witness: tuple[fmpq, ...] | None = None
        self.hinges = 0
        self.cells = 0

    def solve(self, case: Case) -> dict | Cut | None:
        for name, decide in METHODS.items():
            self.clock.method = name
            answer = decide(case.problem, self.clock)
            if isinstance(answer, Proved):
                self.methods.append(answer.method)
                self.cells += 1
                self.hinges += len(answer.evidence["atoms"]) + _folds_settled(answer.evidence)
                return answer.evidence
            if isinstance(answer, Refuted) and case.problem.is_refuted_at(answer.point):
                return self._refute(case, answer)
        return None

    def _refute(self, case: Case, answer: Refuted) -> Cut | None:
        """Moves a point of difference to a witness of the claim, or cuts the cell between integers."""
        integers = self.claim.domain.integers
        point = case.chart.lift(answer.point)
        if integers:
            rounded = tuple(fmpq(nearest_integer(c)) if v in integers else c for v, c in enumerate(point))
            found = rounded if self.claim.is_witness(rounded) else branch(case, answer.point, self.clock)
            if isinstance(found, Cut):
                return found
            point = found
        self.methods.append(answer.method)
        known = self.claim.is_witness(point)
        self.witness = point if known else case.pull_inside(point, self.claim.is_witness)
        return None


def _checked(claim: Claim, proof: dict, attempt: _Attempt, clock: Budget) -> Result:
    """Says proved only if the independent checker accepts the evidence."""
    certificate = make_certificate(proof, claim.moves)
    verdict = check_claim(claim, certificate)
    if not verdict.accepted:
        return _unknown(f"a proof was found but the checker rejects it ({verdict.reason}); please report this.", clock)
    if claim.domain.integers and not attempt.methods:
        raise DomainError("the domain is empty: it contains no point with integers where integers are asked for.")
    order = list(METHODS)
    method = max(attempt.methods, key=order.index) if attempt.methods else "cases"
    family = ", for all weights of the family" if claim.moves else ""
    return Result(
        status="proved",
        method=method,
        reason=f"equal {claim.domain}{family}, by {method}.",
        certificate=certificate,
        seconds=clock.elapsed,
        statistics={**clock.progress, "cells": attempt.cells, "hinges": attempt.hinges},
    )


def _folds_settled(evidence: dict) -> int:
    """How many maxima of a cell are no hinges there, only because its own relations say which side is larger."""
    steps = (step for side in ("left", "right") for step in evidence[side])
    return sum(any(known[0] == "constraint" for known in step.get("by", ())) for step in steps)


def _refuted(claim: Claim, witness: tuple[fmpq, ...], method: str, clock: Budget) -> Result:
    """Shrinks the witness and evaluates both sides there again, from the weights themselves."""
    point = shrink(witness, claim.is_witness)
    names = claim.left.inputs
    left, right = claim.left_value(point), claim.right_value(point)
    assert left != right
    assert claim.contains(point)
    at = _shown(names, point)
    i, (a, b) = next((i, pair) for i, pair in enumerate(zip(left, right, strict=True)) if pair[0] != pair[1])
    network, formula = [to_rational(v) for v in left], [to_rational(v) for v in right]
    which = f" (output {i + 1})" if len(network) > 1 else ""
    return Result(
        status="refuted",
        method=method,
        reason=f"at {at} the network gives {shorten(text(a))} and the formula {shorten(text(b))}{which}.",
        witness=dict(zip(names, map(to_rational, point), strict=True)),
        network_value=network if len(network) > 1 else network[0],
        formula_value=formula if len(formula) > 1 else formula[0],
        seconds=clock.elapsed,
        statistics=dict(clock.progress),
    )


def _shown(names: Sequence[str], point: Sequence[fmpq]) -> str:
    """Writes a point; with many inputs, those that are not 0."""
    pairs = [(name, v) for name, v in zip(names, point, strict=True) if v or len(names) <= SHOWN]
    shown = [f"{name} = {shorten(text(v))}" for name, v in pairs[:SHOWN]]
    if not shown:
        return "the origin" if names else "the only point"
    rest = ", ..." if len(pairs) > SHOWN else " and 0 elsewhere," if len(pairs) < len(names) else ""
    return ", ".join(shown) + rest


def _unknown(reason: str, clock: Budget) -> Result:
    done = ", ".join(f"{count} {name}" for name, count in clock.progress.items())
    tried = f" Reached {clock.method} after {clock.elapsed:.1f} s" + (f" ({done})." if done else ".")
    return Result("unknown", None, reason + tried, seconds=clock.elapsed, statistics=dict(clock.progress))
