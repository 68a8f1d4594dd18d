"""``bounds``: the exact least and greatest value of every output on a domain, and points that attain them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sympy
from flint import fmpq

from relucirc.checker.data import number, require
from relucirc.checker.extrema import bounds_certificate, check_bounds
from relucirc.checker.rays import read_ray, slopes
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget, part_of_time, seconds_left
from relucirc.core.crew import gathered
from relucirc.core.errors import DomainError
from relucirc.core.exact import ONE, text, to_rational
from relucirc.core.printing import number_text
from relucirc.core.progress import Progress, watched
from relucirc.language.box import End
from relucirc.language.claim import Claim, read_equality
from relucirc.language.function import read_function
from relucirc.language.network import MLP
from relucirc.measure.between import settle
from relucirc.measure.deviation.estimate import bound_outputs
from relucirc.measure.extrema import KEPT, Extrema
from relucirc.measure.rays import written
from relucirc.proof.answers import Proved, Split
from relucirc.proof.cells import NO_INTEGERS, Case, Cells

LOOK = 0.5
"""Share of the time within which there have to be outer bounds."""
At = dict[str, sympy.Rational] | None


@dataclass(frozen=True)
class Bounds(Answer):
    """The least and the greatest value of every output on a domain.

    A network with several outputs has a list in every field.

    Attributes:
        lower: No point of the domain has a smaller value: the infimum itself where ``lower_exact``, else a certified
            bound; ``-oo`` for none.
        upper: The same above, ``oo`` for no bound.
        lower_at: A point ``{input: number}`` of the domain that attains ``lower``; None where there is none, as on an
            open domain, or none is known.
        upper_at: The same above.
        exact: Whether every bound is the infimum or supremum itself.
        least: The least value that was seen, at ``least_at``, so that the infimum is not more; None if none was.
        greatest: The same above, at ``greatest_at``.
        lower_ray: Where ``lower`` is ``-oo``: a point and a direction, ``{input: number}`` each, along which the output
            falls for ever, at ``point + t direction`` for t = 0, 1, 2, ...; None where none is known.
        upper_ray: The same above.
        reason: One sentence for people.
        seconds: Wall time used.
        certificate: Evidence for :func:`relucirc.check`; None for a family of networks, and where the budget ended
            before there was a proof.
    """

    lower: Any
    upper: Any
    lower_at: Any
    upper_at: Any
    exact: bool
    reason: str
    seconds: float = 0.0
    certificate: dict[str, Any] | None = field(default=None, repr=False)
    least: Any = None
    greatest: Any = None
    least_at: Any = None
    greatest_at: Any = None
    lower_ray: Any = None
    upper_ray: Any = None

    @property
    def status(self) -> str:
        """``"exact"``, or ``"unknown"`` where some bound is only an outer one."""
        return "exact" if self.exact else "unknown"


def bounds(
    net: Any,
    domain: Any = None,
    *,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> Bounds:
    """Finds the exact least and greatest value of every output on a domain, with points that attain them.

    Branch and bound over hinges: linear programs in floats propose, and a non-negative combination of facts, in
    rationals, proves each part.  See docs/bounds.md.

    Args:
        net: A network, a formula or a JAX function, as for :func:`relucirc.prove`.
        domain: The domain, as for :func:`relucirc.prove`.
        budget: Seconds of wall time, after which certified outer bounds are the answer, and the values that were seen;
            None for no limit.
        inputs: Names of the inputs where ``net`` is a function.
        progress: As for :func:`relucirc.prove`.
        executor: As for :func:`relucirc.prove`.
        workers: As for :func:`relucirc.prove`.
        journal: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Bounds`.

    Raises:
        RelucircError: For unreadable input, and for an empty domain.

    Example:
        >>> import relucirc
        >>> found = relucirc.bounds(relucirc.circuits.minimum(), "0 <= x1 <= 1, -1 <= x2 <= 2")
        >>> found.lower, found.upper
        (-1, 1)
        >>> bool(relucirc.check(relucirc.circuits.minimum(), None, found.certificate, "0 <= x1 <= 1, -1 <= x2 <= 2"))
        True
    """
    clock = watched(budget, "bounds", progress)
    search = None
    try:
        with clock:
            graph = read_function(net, inputs)
            asked = net if isinstance(net, MLP) else graph
            claim = read_equality(asked, [0] * len(graph.outputs), domain, graph.inputs)
            search = _Search((net, domain), claim, clock)
            with gathered(executor, workers, journal, f"bounds {claim.domain}", claim):
                search.run()
                return search.answer()
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
        if search is None:
            nothing = f"nothing is known: {ended} before the question was read."
            return Bounds(-sympy.oo, sympy.oo, None, None, False, nothing, clock.elapsed)
        return search.answer(ended)


class _Search:
    """The extrema of all outputs over all cells."""

    def __init__(self, question: tuple, claim: Claim, clock: Budget) -> None:
        self.net, self.domain = question
        self.claim, self.clock = claim, clock
        self.count = len(claim.left.outputs)
        self.extrema = Extrema(self.count, together=False)
        self.outer: list[End] = [None] * (2 * self.count)
        self.cells = Cells(claim)
        self.enclosed: Sequence[End] = [None] * (2 * self.count)  # what the checker has accepted before the end
        self.certificate: dict | None = None

    def run(self) -> None:
        """Bounds every cell, after a look at the whole.

        Raises:
            OutOfBudget: When the time of the search is over, and what is known has its certificate, if time was left.
        """
        with suppress(OutOfBudget), part_of_time(LOOK * seconds_left(1e9)):
            bound_outputs(self.claim.left, self.claim.domain, self.outer)
        case = None
        try:
            with part_of_time(((1 - KEPT) if self.claim.domain.integers else 1.0) * seconds_left(1e9)):
                for case in self.cells:
                    self.cells.put(self._answered(case))
                    case = None
        except OutOfBudget:
            if self.certificate is None and not self.claim.moves:
                self._accepts(self.extrema.close(self.cells, case))
            raise
        if not any(value is not None for value in self.extrema.values) and not self.extrema.unbounded:
            raise DomainError(NO_INTEGERS)

    def _answered(self, case: Case) -> Proved | Split:
        if case.lattice.rows:
            return settle(self.extrema, case)
        return self.extrema.raise_or_enclose(case, self._judged if self.cells.is_last else None)

    def _judged(self, proof: Proved, limits: Sequence[fmpq]) -> bool:
        """Whether the checker accepts that limits are not exceeded on the last case."""
        if self.extrema.unbounded:
            return False
        known = zip(limits, self.extrema.values, strict=True)
        ends = [limit if value is None else max(limit, value, key=lambda v: v) for limit, value in known]
        return self._accepts(ends, proof)

    def answer(self, ended: str | None = None) -> Bounds:
        """What is known, exactly or from outside and from inside."""
        ends = [self._end(i, ended is None) for i in range(2 * self.count)]
        seen = [
            point if there else None for point, there in zip(self.extrema.points, self.extrema.attained, strict=True)
        ]
        values = [None if at is None else value for at, value in zip(seen, self.extrema.values, strict=True)]
        points = [at if value == end else None for at, value, end in zip(seen, values, ends, strict=True)]
        rays = [self._ray(i) for i in range(2 * self.count)]
        certificate, rejection = self._certificate(ends, points, rays) if ended is None else (self.certificate, None)
        if rejection is not None:
            return self.answer(rejection)
        columns = {
            ("upper", "lower"): [sympy.oo if end is None else to_rational(end) for end in ends],
            ("greatest", "least"): [None if value is None else to_rational(value) for value in values],
            ("upper_at", "lower_at"): [self._named(point) for point in points],
            ("greatest_at", "least_at"): [self._named(point) for point in seen],
            ("upper_ray", "lower_ray"): [self._named_ray(ray) for ray in rays],
        }
        known = {}
        for (above, below), column in columns.items():
            known[above], known[below] = column[: self.count], column[self.count :]
        for name in ("lower", "least"):
            known[name] = [None if value is None else -value for value in known[name]]
        perhaps = "" if ended is None else f", perhaps less: {ended}"
        reason = f"{self._sentence(known['lower'], known['upper'])}{perhaps}."
        each = {name: column[0] if self.count == 1 else column for name, column in known.items()}
        return Bounds(**each, exact=ended is None, reason=reason, seconds=self.clock.elapsed, certificate=certificate)

    def _named(self, point: Sequence[fmpq] | None) -> At:
        return None if point is None else dict(zip(self.claim.left.inputs, map(to_rational, point), strict=True))

    def _ray(self, i: int) -> dict | None:
        """A ray along which the i-th difference grows for ever, from where on no gate bends."""
        found = self.extrema.unbounded.get(i)
        if found is None or self.claim.moves:
            return None
        graph, sign = self.claim.left, ONE if i < self.count else -ONE

        def accepts(data: dict) -> None:
            lines = read_ray(data, self.claim.domain, len(graph.inputs))
            (slope,) = slopes(graph, [graph.outputs[i % self.count]], lines)
            require(sign * slope > 0, "not in this direction")

        return written(found, accepts)

    def _named_ray(self, ray: dict | None) -> tuple[At, At] | None:
        """The point and the direction."""
        if ray is None:
            return None
        point, direction = (self._named([number(c) for c in ray[name]]) for name in ("point", "direction"))
        return point, direction

    def _sentence(self, lower: Sequence[sympy.Expr], upper: Sequence[sympy.Expr]) -> str:
        said = []
        for i, (low, high) in enumerate(zip(lower, upper, strict=True)):
            name = "y" if self.count == 1 else f"y{i + 1}"
            if low == high:
                said.append(f"{name} = {number_text(low)}")
                continue
            left = f"{number_text(low)} <= " if low.is_finite else ""
            right = f" <= {number_text(high)}" if high.is_finite else ""
            said.append(f"{left}{name}{right}" if left or right else f"{name} has no bound, below or above,")
        return f"{'; '.join(said)} {self.claim.domain}"

    def _end(self, i: int, finished: bool) -> fmpq | None:
        """What the i-th difference does not exceed; None where it is not bounded, or no bound is known."""
        if i in self.extrema.unbounded:
            return None
        if finished:
            return self.extrema.values[i]
        end = self.outer[i] if self.enclosed[i] is None else self.enclosed[i]
        value = self.extrema.values[i]
        return end if end is None or value is None else max(end, value, key=lambda v: v)

    def _accepts(self, ends: Sequence[End], *more: Proved) -> bool:
        """Whether the checker accepts that ends are not exceeded, by what is known of all cells."""
        if self.claim.moves or all(end is None for end in ends):
            return False
        points = [p if there else None for p, there in zip(self.extrema.points, self.extrema.attained, strict=True)]
        points = [None if end is None else p for p, end in zip(points, ends, strict=True)]
        seen = [value if p is not None else None for p, value in zip(points, self.extrema.values, strict=True)]
        self.extrema.steps = [*self.cells.steps, *more]
        evidence = self.extrema.proof(ends)
        certificate = bounds_certificate(self._written(ends), _places(points), evidence, self._written(seen))
        if not check_bounds(self.net, self.domain, certificate, self.claim.left.inputs):
            return False
        self.enclosed, self.certificate = ends, certificate
        return True

    def _certificate(
        self, ends: Sequence[End], points: list, rays: Sequence[dict | None]
    ) -> tuple[dict | None, str | None]:
        """Evidence that the checker has accepted, or why it does not."""
        bounded = any(end is not None for end in ends)
        if self.claim.moves or not (bounded or any(rays)):
            return None, None
        self.extrema.steps = self.cells.steps
        proof = self.extrema.proof(ends) if bounded else None
        certificate = bounds_certificate(self._written(ends), _places(points), proof, rays=rays)
        verdict = check_bounds(self.net, self.domain, certificate, self.claim.left.inputs)
        return (certificate, None) if verdict else (None, self.extrema.unproved(verdict))

    def _written(self, ends: Sequence[End]) -> list[str | None]:
        """Bounds as text: upper ones, and of the others the opposites."""
        signed = [(end, ONE if i < self.count else -ONE) for i, end in enumerate(ends)]
        return [None if end is None else text(sign * end) for end, sign in signed]


def _places(points: Sequence[Sequence[fmpq] | None]) -> list[list[str] | None]:
    return [None if point is None else [text(c) for c in point] for point in points]
