"""``max_deviation``: the exact largest distance between a network and a formula on a domain."""

from collections.abc import Sequence
from dataclasses import replace
from math import lcm
from typing import Any

import sympy
from flint import fmpq

from relucirc.checker.certificate import make_certificate
from relucirc.checker.data import number, require
from relucirc.checker.extrema import check_deviation, deviation_certificate, unbounded_certificate
from relucirc.checker.rays import read_ray, slopes
from relucirc.core.budget import Budget, OutOfBudget, part_of_time, seconds_left
from relucirc.core.crew import gathered
from relucirc.core.errors import DomainError
from relucirc.core.exact import nearest_integer, text, to_rational
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation
from relucirc.core.progress import Progress, watched
from relucirc.core.trees import symbols_of
from relucirc.language.claim import Claim, read_equality
from relucirc.language.domain import Domain, declared
from relucirc.language.lower.from_formula import read_expressions
from relucirc.language.network import MLP
from relucirc.measure.between import settle
from relucirc.measure.deviation.affine import Unbounded, affine_summit
from relucirc.measure.deviation.algebraic import Algebraic, AlgebraicPoint
from relucirc.measure.deviation.answer import Deviation, shown, where
from relucirc.measure.deviation.curved import curved_summit
from relucirc.measure.deviation.estimate import Estimate, estimate
from relucirc.measure.deviation.integers import cut_between
from relucirc.measure.deviation.polynomial import Terms, read_polynomials
from relucirc.measure.deviation.summit import Peak, Standing, Summit
from relucirc.measure.extrema import KEPT, Extrema
from relucirc.measure.rays import Ray, drawn_directions, ray_of_space, written
from relucirc.proof.answers import Proved, Split, folded
from relucirc.proof.bounding.leaf import Unbounded as NoLargest
from relucirc.proof.cells import NO_INTEGERS, Case, Cells
from relucirc.proof.prover import prove

SWEEP = "1-D sweep"
CHECKING = 4.0
"""How many times as long as the walk along a line its check may take."""


def max_deviation(
    net: Any,
    formula: Any,
    domain: Any = None,
    *,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
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
        budget: Seconds of wall time, after which the answer is an interval; None for no limit.
        inputs: Names of the inputs where ``net`` is a function.
        progress: As for :func:`relucirc.prove`.
        executor: As for :func:`relucirc.prove`.
        workers: As for :func:`relucirc.prove`.
        journal: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Deviation`.  When the budget ends, or at Ctrl-C, its ``value`` is None, and the supremum
        lies between ``lower`` and ``upper``, both certified.

    Raises:
        RelucircError: For unreadable input.

    Example:
        >>> import relucirc
        >>> relucirc.max_deviation(relucirc.circuits.identity(), "Max(0, x)", relucirc.Box(-1, 1)).value
        1
        >>> relucirc.max_deviation(relucirc.circuits.absolute(), "x**2", relucirc.Box(0, 1)).value
        1/4
    """
    clock = watched(budget, "deviation", progress)
    measure = None
    try:
        with clock:
            polynomials, said = _polynomials(net, formula, inputs)
            claim = read_equality(net, formula if polynomials is None else [0] * len(polynomials), domain, inputs)
            claim = replace(claim, domain=claim.domain & said)
            measure = _Measure((net, formula, domain), claim, polynomials, clock)
            with gathered(executor, workers, journal, f"max_deviation {claim.domain}", (claim, polynomials)):
                found = measure.run()
            return replace(found, question=(net, formula, domain) if isinstance(net, MLP) else None)
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
        if measure is None:
            reason = f"nothing is known: {ended} before the question was read."
            return Deviation(None, None, False, sympy.Integer(0), sympy.oo, reason, clock.elapsed)
        return measure.interval(ended)


def _polynomials(net: Any, formula: Any, inputs: Sequence[str] | None) -> tuple[list[Terms] | None, Domain]:
    """The formula as polynomials, if it is that, and what its symbols are declared to be then."""
    names = net.inputs if isinstance(net, MLP | Graph) else inputs
    expressions = None if names is None else read_expressions(formula, tuple(names))
    if names is None or expressions is None:
        return None, Domain()
    return read_polynomials(expressions, tuple(names)), declared(symbols_of(expressions), names)


class _Measure:
    """The largest absolute difference over all cases."""

    def __init__(self, question: tuple, claim: Claim, polynomials: list[Terms] | None, clock: Budget) -> None:
        self.net, self.formula, self.domain = question
        self.claim = claim
        self.polynomials = polynomials
        self.clock = clock
        self.integers = claim.domain.integers
        self.estimate = Estimate(None, ())
        self.summit = Summit()
        self.current = Summit()
        self.chart: tuple[Form, ...] = ()  # every input over the coordinates of the current case
        self.extrema = Extrema(len(claim.left.outputs), together=True)
        self.cells = Cells(claim)
        self.enclosed: fmpq | None = None  # what the checker has accepted before the end
        self.certificate: dict | None = None

    def run(self) -> Deviation:
        """Measures all cases."""
        if self.polynomials is None and not self.claim.domain.relations and not self.claim.moves:
            sides = self.claim.left, self.claim.right
            ray = ray_of_space(*sides, drawn_directions(len(sides[0].inputs)))
            if ray is not None:
                self.extrema.unbounded[0] = ray
                return self._unbounded()
        self.estimate = estimate(self.claim.left, self.claim.right, self.polynomials, self.claim.domain)
        for corner in self.estimate.corners:
            self._look(corner)
        try:
            self._measure_all()
        except (Unbounded, NoLargest):
            return self._unbounded()
        peak = self.summit.peak
        if peak is None:
            raise DomainError(NO_INTEGERS)
        value, witness = peak.value.to_sympy(), self._named(peak.point)
        reason = f"largest difference {shown(value)}, {where(witness, attained=peak.attained)}."
        certificate, rejection = self._certificate(peak)
        if rejection is not None:
            return self.interval(rejection)
        return Deviation(value, witness, peak.attained, value, value, reason, self.clock.elapsed, certificate)

    def _measure_all(self) -> None:
        """Measures every cell.

        Raises:
            OutOfBudget: When the time is over, and what is known has its certificate, if time was left.
        """
        case, bounding = None, self.polynomials is None and not self.claim.moves
        try:
            with part_of_time(((1 - KEPT) if bounding and self.integers else 1.0) * seconds_left(1e9)):
                for case in self.cells:
                    step = self.measure(case)
                    if step is not None:
                        self.cells.put(step)
                    case = None
        except OutOfBudget:
            if bounding and self.certificate is None:
                self._close(case)
            raise

    def _unbounded(self) -> Deviation:
        reason = "the difference is unbounded on this domain."
        infinite = sympy.oo, None, False, sympy.oo, sympy.oo
        return Deviation(*infinite, reason, self.clock.elapsed, *self._ray())

    def _ray(self) -> tuple[dict | None, Any]:
        """Evidence that the difference grows for ever, and the ray along which it does."""
        found = next((ray for ray in self.extrema.unbounded.values() if ray is not None), None)
        left, right = self.claim.left, self.claim.right
        if found is None or self.claim.moves:
            return None, None

        def accepts(data: dict) -> None:
            lines = read_ray(data, self.claim.domain, len(left.inputs))
            both = zip(slopes(left, left.outputs, lines), slopes(right, right.outputs, lines), strict=True)
            require(any(a != b for a, b in both), "not in this direction")

        ray = written(found, accepts)
        if ray is None:
            return None, None
        certificate = unbounded_certificate(ray)
        if not check_deviation(self.net, self.formula, self.domain, certificate, self.claim.left.inputs):
            return None, None
        names = self.claim.left.inputs
        point, direction = (
            {name: to_rational(number(c)) for name, c in zip(names, ray[part], strict=True)}
            for part in ("point", "direction")
        )
        return certificate, (point, direction)

    def _close(self, case: Case | None) -> None:
        """Encloses the largest difference, by what is proved and by bounds of what is open."""
        self._know()
        ends = self.extrema.close(self.cells, case)
        known = [end for end in ends if end is not None]
        if len(known) == len(ends):
            self._accepts(known)

    def _certificate(self, peak: Peak) -> tuple[dict | None, str | None]:
        """Evidence for a rational value, where every case was bounded, or why the checker does not accept it."""
        value = peak.value.rational
        if value is None or self.polynomials is not None:
            return None, None
        swept = any(isinstance(step, Proved) and step.method == SWEEP for step in self.cells.steps)
        if swept and self.clock.remaining < CHECKING * self.clock.elapsed:
            return None, None  # the check of a sweep takes about as long as the sweep, and does not ask the clock
        if value:
            within = make_certificate(folded(self.cells.steps), self.claim.moves)
        else:
            options = {"budget": self.clock.left(), "inputs": self.claim.left.inputs, "progress": False}
            within = prove(self.net, self.formula, self.domain, **options).certificate
            if within is None:
                return None, None
        at = [c.rational for c in peak.point]
        point = None if not peak.attained or None in at else [text(c) for c in at if c is not None]
        certificate = deviation_certificate(value, point, within)
        verdict = check_deviation(self.net, self.formula, self.domain, certificate, self.claim.left.inputs)
        return (certificate, None) if verdict else (None, self.extrema.unproved(verdict))

    def interval(self, ended: str) -> Deviation:
        """What is known when the search ends early."""
        peak = self._highest()
        lower = sympy.Integer(0) if peak is None else self._attained(peak)
        upper = sympy.oo if self.estimate.upper is None else to_rational(self.estimate.upper)
        if self.enclosed is not None:
            upper = sympy.Max(lower, to_rational(self.enclosed))
        witness = None if peak is None else self._named(peak.point)
        attained = peak is not None and peak.attained
        seen = f" ({where(witness, attained=attained)})" if witness is not None else ""
        most = f"and at most {shown(upper)}" if upper != sympy.oo else "no upper bound is known"
        reason = f"largest difference at least {shown(lower)}{seen}, {most}: {ended}."
        return Deviation(None, witness, attained, lower, upper, reason, self.clock.elapsed, self.certificate)

    def _attained(self, peak: Peak) -> sympy.Expr:
        """The largest difference of any output at a peak; that of the output that found it may be less."""
        point = [c.rational for c in peak.point]
        known = [c for c in point if c is not None]
        if self.polynomials is not None or not peak.attained or len(known) < len(point):
            return peak.value.to_sympy()
        sides = zip(self.claim.left.evaluate(known), self.claim.right.evaluate(known), strict=True)
        return to_rational(max((abs(a - b) for a, b in sides), key=lambda v: v))

    def _highest(self) -> Peak | None:
        """The best of the finished cases and the one that was being measured.

        Between integers a peak of the latter says nothing about the domain.
        """
        peaks, current = [self.summit.peak], self.current.peak
        if current is not None and (current.attained or not self.integers):
            peaks.append(replace(current, point=current.point.lift(self.chart)))
        best: Peak | None = None
        for peak in peaks:
            if peak is not None and (best is None or peak.value.compare(best.value) > 0):
                best = peak
        return best

    def _named(self, point: AlgebraicPoint) -> dict[str, sympy.Expr]:
        return {name: point[i].to_sympy() for i, name in enumerate(self.claim.left.inputs)}

    def _look(self, point: Sequence[fmpq]) -> None:
        """Offers the difference at one point, or at the integers nearest to it, if that is in the domain."""
        at = tuple(fmpq(nearest_integer(c)) if v in self.integers else c for v, c in enumerate(point))
        if not self.claim.contains(at):
            return
        if self.polynomials is None:
            right = self.claim.right.evaluate(at)
        else:
            right = [sum((_monomial(at, e, c) for e, c in terms), start=fmpq(0)) for terms in self.polynomials]
        gap = max(abs(a - b) for a, b in zip(self.claim.left.evaluate(at), right, strict=True))
        self.summit.offer(Algebraic.of(gap), AlgebraicPoint.rational(at), lambda _: Standing.INSIDE)

    def measure(self, case: Case) -> Split | Proved | None:
        """Raises the summit to what one case has, or splits it between integers."""
        self._look(case.chart.inside)
        if self.polynomials is None and case.problem.n != 1:
            return self._bound(case)
        between = bool(case.lattice.rows)  # integers that the cell's equalities do not fix

        def belongs(coordinates: AlgebraicPoint) -> Standing:
            point = coordinates.lift(case.chart.forms)
            if not all(r.holds(point.form(r.form).sign()) for r in case.relations):
                return Standing.NEAR
            return Standing.INSIDE if all(point[v].is_integer for v in self.integers) else Standing.FRACTIONAL

        self.current, self.chart = Summit(), case.chart.forms
        if self.polynomials is None:
            try:
                found = affine_summit(case.problem, belongs, self.clock, self.current)
            except Unbounded as grown:
                if grown.ray is not None:
                    self.extrema.unbounded[0] = _whole_ray(case, *grown.ray)
                raise
        else:
            found = curved_summit(case, self.polynomials, belongs, self.clock, self.current)
            if found is None and between:
                raise DomainError(
                    "max_deviation: expected a bounded domain of integer points for a polynomial, got an unbounded one."
                )
            if found is None:
                raise Unbounded
        if found is not None and self._is_news(found, between=between):
            lifted = found.point.lift(case.chart.forms)
            if between and not found.attained:
                point = tuple(fmpq(2 * c.floor() + 1, 2) if c.rational is None else c.rational for c in lifted)
                split = case.split(cut_between(_on_piece(case, found.sides), point, self.integers) or point)
                assert split is not None
                return split
            self.summit.offer(found.value, lifted, lambda _: found.standing)
        if self.polynomials is None:
            return Proved(SWEEP, {**case.chart.evidence, "atoms": [], "left": [], "right": [], "sweep": True})
        return None

    def _know(self) -> None:
        """Tells the search what is known."""
        known = self.summit.peak
        if known is not None and known.value.rational is not None:
            self.extrema.know(known.value.rational, attained=known.attained)

    def _bound(self, case: Case) -> Proved | Split:
        """Raises the summit by bounding, and proves that nothing is higher; or splits the case between integers."""

        def offer(value: fmpq, point: Sequence[fmpq]) -> None:
            inside = Standing.INSIDE if case.contains(point) else Standing.NEAR
            self.summit.offer(Algebraic.of(value), AlgebraicPoint.rational(point), lambda _: inside)

        self._know()
        if case.lattice.rows:
            return settle(self.extrema, case, offer)
        accept = self._judged if self.cells.is_last and not self.claim.moves else None
        return self.extrema.raise_or_enclose(case, accept, offer)

    def _judged(self, proof: Proved, limits: Sequence[fmpq]) -> bool:
        """Whether the checker accepts that limits are not exceeded on the last case."""
        return self._accepts(limits, proof)

    def _accepts(self, limits: Sequence[fmpq], *more: Proved) -> bool:
        """Whether the checker accepts that nothing is further apart than the largest of some numbers."""
        peak = self.summit.peak
        known = None if peak is None else peak.value.rational
        most = max([fmpq(0) if known is None else known, *limits], key=lambda v: v)
        at = [] if peak is None or not peak.attained else [c.rational for c in peak.point]
        point = [text(c) for c in at if c is not None] or None
        within = make_certificate(folded([*self.cells.steps, *more]), self.claim.moves)
        certificate = deviation_certificate(most, point, within, None if point is None else known)
        if not check_deviation(self.net, self.formula, self.domain, certificate, self.claim.left.inputs):
            return False
        self.enclosed, self.certificate = most, certificate
        return True

    def _is_news(self, found: Peak, *, between: bool) -> bool:
        """Whether a case may hold something higher than what is known, or as high and better attained.

        Between integers the peak is a bound for the case.  Where it stands near the cell only, no point
        of the cell has this value.
        """
        best = self.summit.peak
        if not between or best is None:
            return True
        order = found.value.compare(best.value)
        return order > 0 or (order == 0 and not best.attained and found.standing is not Standing.NEAR)


def _whole_ray(case: Case, start: fmpq, direction: int) -> Ray:
    """A ray on a line, from a point with integers where they are asked for."""
    step = fmpq(1)
    for form in case.lattice.coordinates:
        seen = form.substitute(case.chart.forms.__getitem__)  # a t + b, whole where the inputs are
        a, last = seen.coefficient(0), seen.evaluate([start])
        up = (a > 0) == (direction > 0)
        whole = -(-last.p // last.q) if up else last.p // last.q
        start, step = (whole - seen.const) / a, 1 / abs(a)
    moved = [Form(form.terms).evaluate([direction * step]) for form in case.chart.forms]
    scale = lcm(*(int(c.q) for c in moved))
    return case.chart.lift([start]), tuple(scale * c for c in moved)


def _on_piece(case: Case, sides: Sequence[Form]) -> list[Relation]:
    """What cuts a piece out of all points, over the inputs."""
    named = {k: Form.variable(v) for k, v in enumerate(case.chart.free)}
    return [*case.relations, *(Relation(side.substitute(named.get), ">=") for side in sides)]


def _monomial(point: Sequence[fmpq], exponents: Sequence[int], coefficient: fmpq) -> fmpq:
    for c, exponent in zip(point, exponents, strict=True):
        coefficient = coefficient * c**exponent
    return coefficient
