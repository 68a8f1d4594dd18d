"""The ground of a question about a function: the polyhedron on which it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from relucirc.core.errors import DomainError, shorten
from relucirc.core.exact import ZERO
from relucirc.core.forms import Form
from relucirc.geometry.cell import Cell, cell_of
from relucirc.geometry.chart import chart_of_domain
from relucirc.language.domain import Domain, read_domain


@dataclass(frozen=True)
class Ground:
    """Where the function counts: all of R^n, or a polyhedron with interior.

    Attributes:
        n: Number of inputs.
        domain: As it was read; None for all of R^n.
        constraints: The relations' forms, ``>= 0`` there.
        interior: A point where all of them are positive, but for constants.
    """

    n: int
    domain: Domain | None
    constraints: tuple[Form, ...]
    interior: tuple

    @cached_property
    def cell(self) -> Cell:
        """The polyhedron by its vertices, rays and lines."""
        cell = cell_of(self.constraints, self.n)
        assert cell is not None
        return cell

    def holds_inside(self, point: Sequence) -> bool:
        """Whether a point is in the interior."""
        return all(form.evaluate(point).p > 0 for form in self.constraints if form.terms)


def read_ground(domain: Any, names: Sequence[str]) -> Ground:
    """Reads the domain of a minimality or depth question.

    Raises:
        DomainError: When it has no interior, is empty, or holds integer points only: one-hidden-layer
            forms are unique only where there is room on both sides of a hyperplane.
    """
    n = len(names)
    read = read_domain(domain, names)
    if read.is_everything:
        return Ground(n, None, (), (ZERO,) * n)
    if read.integers:
        raise DomainError("minimal networks are known on polyhedra, not on integer points; leave the integrality out.")
    chart = chart_of_domain(read, n)
    if len(chart.free) < n:
        raise DomainError(
            f"expected a domain with interior, got one of dimension {len(chart.free)} in R^{n}: {shorten(domain)}; "
            "solve the equalities and ask about a function of fewer inputs."
        )
    return Ground(n, read, tuple(r.form for r in read.relations), chart.interior)
