"""A region of the input space: its cell, its inequalities, and what is decided there."""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.exact import text
from relucirc.core.feasible import nonnegative_multipliers
from relucirc.core.forms import Form
from relucirc.geometry.cell import Cell, normal_of


@dataclass(frozen=True)
class Region:
    """A full-dimensional polyhedron on the way through a tree of cuts.

    Attributes:
        cell: Its vertices, rays and lines.
        constraints: All inequalities ``>= 0`` that were asked for, the redundant ones included; a
            proof names them by number.
        owners: For every bit of the cell's masks after the first the number of its constraint.
        decided: The affine value of every decided atom, by variable.
    """

    cell: Cell
    constraints: tuple[Form, ...]
    owners: tuple[int, ...]
    decided: dict[int, Form]

    @staticmethod
    def everything(n: int) -> "Region":
        """Returns all of R^n."""
        return Region(Cell.everything(n), (), (), {})

    @staticmethod
    def of(constraints: Sequence[Form], n: int) -> "Region | None":
        """Cuts a polyhedron out of R^n; None if it has no interior."""
        region: Region | None = Region.everything(n)
        for form in constraints:
            if region is not None:
                region = region.restricted(form)
        return region

    @property
    def n(self) -> int:
        """Number of inputs."""
        return self.cell.dimension

    @property
    def cuts(self) -> list[Form]:
        """The inequalities that really cut, in the order of the bits of the cell's masks after the first."""
        return [self.constraints[i] for i in self.owners]

    def restricted(self, form: Form) -> "Region | None":
        """Returns the part where a form is ``>= 0``, or None if that has no interior."""
        return self._part(form, self.cell.cut(normal_of(form, self.n))[0])

    def cut(self, form: Form) -> "tuple[Region | None, Region | None]":
        """Returns the parts where a form is ``>= 0`` and ``<= 0``; None for one without interior."""
        above, below = self.cell.cut(normal_of(form, self.n))
        return self._part(form, above), self._part(-form, below)

    def _part(self, form: Form, cell: Cell | None) -> "Region | None":
        if cell is None:
            return None
        owners = self.owners if cell is self.cell else (*self.owners, len(self.constraints))
        return Region(cell, (*self.constraints, form), owners, self.decided)

    def decide(self, v: int, value: Form) -> "Region":
        """Returns the region with one more atom's value known."""
        return Region(self.cell, self.constraints, self.owners, {**self.decided, v: value})

    def resolve(self, form: Form) -> Form:
        """Replaces decided atoms, whose values are over inputs alone."""
        return form.substitute(self.decided.get)

    def multipliers(self, form: Form) -> list:
        """Shows that a form is ``>= 0`` here: ``[[constraint, "multiplier"], ...]``, the rest a constant ``>= 0``.

        By duality the constraints that are tight where the form is least are enough.
        """
        if form.is_constant:
            return []
        normal = normal_of(form, self.n)
        tight = self._tight_where_least(normal)
        found = nonnegative_multipliers(form, [self.constraints[i] for i in tight], self.n)
        assert found is not None
        return [[i, text(m)] for i, m in zip(tight, found, strict=True) if m]

    def _tight_where_least(self, normal: Sequence[int]) -> list[int]:
        best: fmpq | None = None
        mask = 0
        values = self.cell.values(normal)
        assert values is not None
        for (ray, tight), dot in zip(self.cell.rays, values, strict=True):
            if ray[0]:
                value = fmpq(dot, ray[0])
                if best is None or value < best:
                    best, mask = value, tight
        return [owner for bit, owner in enumerate(self.owners) if mask >> (bit + 1) & 1]
