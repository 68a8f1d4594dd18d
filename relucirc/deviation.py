"""The exact largest distance between a network and a formula on a domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpq

from relucirc.budget import Budget, OutOfBudget
from relucirc.cases import Case, Solver
from relucirc.claim import Claim, read_claim
from relucirc.errors import RelucircError
from relucirc.exact import ZERO, to_rational
from relucirc.subdivision import leaves
from relucirc.witness import cost


@dataclass(frozen=True)
class Deviation:
    """The supremum of ``|network - formula|`` over a domain.

    Attributes:
        value: The exact supremum, over all outputs; ``sympy.oo`` where it is unbounded.
        witness: A point of the domain's closure that attains it, ``{name: sympy.Rational}``; None
            where it is unbounded.
        attained: Whether the witness itself attains it.  At a jump of the formula, or on an open
            boundary, the supremum is only approached.
        seconds: Wall time used.
    """

    value: sympy.Expr
    witness: dict[str, sympy.Expr] | None
    attained: bool
    seconds: float = 0.0


def max_deviation(
    net: Any,
    formula: Any,
    domain: Any = None,
    *,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
) -> Deviation:
    """Measures exactly how far a network is from a formula: ``sup |net(x) - f(x)|``.

    The difference is affine on every region of a common subdivision, so the supremum over a
    polyhedron is attained at a vertex of one, or is infinite along an unbounded direction.

    Args:
        net: A network or JAX function, as for :func:`relucirc.prove`.
        formula: The formula, as for :func:`relucirc.prove`.
        domain: The domain, as for :func:`relucirc.prove`.
        budget: Seconds of wall time; None for no limit.
        inputs: Names of the inputs where ``net`` is a function.

    Returns:
        A :class:`Deviation`.

    Raises:
        RelucircError: For unreadable input, or when the budget ends first.

    Example:
        >>> import relucirc
        >>> relucirc.max_deviation(relucirc.circuits.identity(), "Max(0, x)", relucirc.Box(-1, 1)).value
        1
    """
    clock = Budget(budget)
    claim = read_claim(net, formula, domain, inputs)
    measure = _Measure(claim, clock)
    try:
        Solver(measure.solve, clock).run(claim.left, claim.right, claim.domain.relations)
    except OutOfBudget:
        raise RelucircError(
            f"max_deviation: the budget of {budget:g} s ended; the largest value seen so far is "
            f"{measure.value}. Pass a larger budget or a smaller domain."
        ) from None
    if measure.point is None:
        return Deviation(sympy.oo, None, attained=False, seconds=clock.elapsed)
    witness = dict(zip(claim.left.inputs, map(to_rational, measure.point), strict=True))
    attained = claim.contains(measure.point) and _gap(claim, measure.point) == measure.value
    return Deviation(to_rational(measure.value), witness, attained, clock.elapsed)


class _Measure:
    """The largest absolute difference over all parts of all cases."""

    def __init__(self, claim: Claim, clock: Budget) -> None:
        self.claim = claim
        self.clock = clock
        self.value = fmpq(-1)
        self.point: tuple[fmpq, ...] | None = None

    def solve(self, case: Case) -> dict | None:
        lowered = case.problem.hinged
        for part in leaves(lowered.hinges, lowered.differences, case.problem.cell):
            self.clock.step("regions")
            directions = [*part.cell.directions, *(line[1:] for line in part.cell.lines)]
            for difference in part.forms:
                if any(sum(difference.coefficient(v) * c for v, c in enumerate(d)) != 0 for d in directions):
                    self.point = None
                    return None  # unbounded: stop the walk
            for vertex in part.cell.vertices:
                self._offer(max(abs(d.evaluate(vertex)) for d in part.forms), case.chart.lift(vertex))
        return {}

    def _offer(self, value: fmpq, point: tuple[fmpq, ...]) -> None:
        if value > self.value or (value == self.value and self.point is not None and cost(point) < cost(self.point)):
            self.value, self.point = value, point


def _gap(claim: Claim, point: Sequence[fmpq]) -> fmpq:
    pairs = zip(claim.left_value(point), claim.right_value(point), strict=True)
    return max((abs(a - b) for a, b in pairs), default=ZERO)
