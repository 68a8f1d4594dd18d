"""``max_deviation``: the exact largest distance between a network and a formula on a domain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy
from flint import fmpq

from relucirc.budget import Budget, OutOfBudget
from relucirc.cases import Case, Solver
from relucirc.claim import Claim, read_claim
from relucirc.deviation.affine import affine_summit
from relucirc.deviation.algebraic import AlgebraicPoint
from relucirc.deviation.curved import curved_summit
from relucirc.deviation.polynomial import Terms, read_polynomials
from relucirc.deviation.summit import Summit
from relucirc.domain import Domain, declared
from relucirc.errors import DomainError, RelucircError
from relucirc.graph import Graph
from relucirc.lower.from_formula import read_expressions
from relucirc.network import MLP
from relucirc.progress import progress_line
from relucirc.trees import symbols_of


@dataclass(frozen=True)
class Deviation:
    """The supremum of ``|network - formula|`` over a domain.

    Attributes:
        value: The exact supremum, over all outputs: a rational number, a real algebraic one where
            the formula is a polynomial, or ``sympy.oo`` where it is unbounded.
        witness: A point of the domain's closure that attains it, exact coordinates by input name;
            None where it is unbounded.
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
    progress: Callable[[Budget], None] | None = None,
) -> Deviation:
    """Measures exactly how far a network is from a formula: ``sup |net(x) - f(x)|``.

    For a piecewise-linear formula the difference is affine on every region of a common subdivision,
    so the supremum over a polyhedron is attained at a vertex of one, or is infinite along an
    unbounded direction.  For a polynomial on a domain of at most two dimensions it is attained
    at a vertex, on an edge, or where the gradient vanishes: at points with algebraic coordinates.

    Args:
        net: A network or JAX function, as for :func:`relucirc.prove`.
        formula: The formula, as for :func:`relucirc.prove`; or a polynomial with rational
            coefficients, or a list of them.
        domain: The domain, as for :func:`relucirc.prove`.
        budget: Seconds of wall time; None for no limit.
        inputs: Names of the inputs where ``net`` is a function.
        progress: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Deviation`.

    Raises:
        RelucircError: For unreadable input, or when the budget ends first.

    Example:
        >>> import relucirc
        >>> relucirc.max_deviation(relucirc.circuits.identity(), "Max(0, x)", relucirc.Box(-1, 1)).value
        1
        >>> relucirc.max_deviation(relucirc.circuits.absolute(), "x**2", relucirc.Box(0, 1)).value
        1/4
    """
    clock = Budget(budget, method="deviation", on_progress=progress_line() if progress is None else progress)
    polynomials, said = _polynomials(net, formula, inputs)
    claim = read_claim(net, formula if polynomials is None else [0] * len(polynomials), domain, inputs)
    claim = replace(claim, domain=claim.domain & said)
    measure = _Measure(claim, polynomials, clock)
    try:
        Solver(measure.solve, clock, claim.domain.integers).run(claim.left, claim.right, claim.domain.relations)
    except OutOfBudget:
        raise RelucircError(
            f"max_deviation: the budget of {budget:g} s ended; the largest value seen so far is "
            f"{measure.so_far()}. Pass a larger budget or a smaller domain."
        ) from None
    except RecursionError:
        raise RelucircError("max_deviation: the cases are nested too deeply; measure a smaller domain.") from None
    finally:
        clock.close()
    if measure.unbounded:
        return Deviation(sympy.oo, None, attained=False, seconds=clock.elapsed)
    peak = measure.summit.peak
    if peak is None:
        raise DomainError("the domain is empty: it contains no point with integers where integers are asked for.")
    witness = {name: peak.point[i].to_sympy() for i, name in enumerate(claim.left.inputs)}
    return Deviation(peak.value.to_sympy(), witness, peak.attained, clock.elapsed)


def _polynomials(net: Any, formula: Any, inputs: Sequence[str] | None) -> tuple[list[Terms] | None, Domain]:
    """The formula as polynomials, if it is that, and what its symbols are declared to be then."""
    names = net.inputs if isinstance(net, MLP | Graph) else inputs
    expressions = None if names is None else read_expressions(formula, tuple(names))
    if names is None or expressions is None:
        return None, Domain()
    return read_polynomials(expressions, tuple(names)), declared(symbols_of(expressions), names)


class _Measure:
    """The largest absolute difference over all cases."""

    def __init__(self, claim: Claim, polynomials: list[Terms] | None, clock: Budget) -> None:
        self.claim = claim
        self.polynomials = polynomials
        self.clock = clock
        self.summit = Summit()
        self.current = Summit()
        self.unbounded = False

    def solve(self, case: Case) -> "dict | tuple[fmpq, ...] | None":
        """Measures one case; a point asks for finer ones at its fractional inputs, None ends the search."""
        integers = [v for v in self.claim.domain.integers if case.chart.forms[v].terms]

        def belongs(coordinates: AlgebraicPoint) -> bool:
            point = coordinates.lift(case.chart.forms)
            inside = all(r.holds(point.form(r.form).sign()) for r in case.relations)
            return inside and all(point[v].is_integer for v in integers)

        self.current = Summit()
        if self.polynomials is None:
            found = affine_summit(case.problem, belongs, self.clock, self.current)
        else:
            found = curved_summit(case, self.polynomials, belongs, self.clock, self.current)
        if found is None and integers:
            raise DomainError("max_deviation: expected a bounded domain of integer points, got an unbounded one.")
        if found is None:
            self.unbounded = True
            return None
        best = self.summit.peak
        if integers and best is not None and best.attained and found.value.compare(best.value) <= 0:
            return {}
        lifted = found.point.lift(case.chart.forms)
        if integers and not found.attained:
            return tuple(fmpq(2 * c.floor() + 1, 2) if c.rational is None else c.rational for c in lifted)
        self.summit.offer(found.value, lifted, lambda _: found.attained)
        return {}

    def so_far(self) -> str:
        """The largest value seen, for a message."""
        peaks = [s.peak for s in (self.summit, self.current) if s.peak is not None]
        best = max(peaks, key=lambda peak: peak.value.near(), default=None)
        return "not known" if best is None else str(best.value.to_sympy())
