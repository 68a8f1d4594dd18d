"""What is asked about: a function as a graph, and the polyhedron on which it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from relucirc.core.errors import DomainError, shorten
from relucirc.core.exact import ZERO
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.geometry.cell import Cell, cell_of
from relucirc.geometry.chart import chart_of_domain
from relucirc.language.domain import Domain, read_domain
from relucirc.language.lower.from_family import resolve_family
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.language.lower.naming import names_of
from relucirc.language.network import MLP


def read_function(f: Any, inputs: Sequence[str] | None = None) -> Graph:
    """Reads a function: a formula, a list of them, text, a network, a graph or a JAX function.

    Args:
        f: The function.
        inputs: Names of the inputs, in order.  By default a network's own names, or the formula's
            symbols in natural order (x2 before x10); ``x`` for a formula without symbols.

    Raises:
        FormulaError: When it cannot be read, or is a JAX function and no names are given.
    """
    names = names_of(f, inputs)
    return graph_of_formula(resolve_family(f)[0] if isinstance(f, MLP) and f.symbols else f, names)


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
