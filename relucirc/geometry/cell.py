"""Full-dimensional polyhedra, cut by hyperplanes: the double description method in integers.

A polyhedron in R^n is held as the cone over it in R^(n+1): lines, and rays ``(x0, x)`` with
``x0 >= 0``; a ray with ``x0 > 0`` is the vertex ``x / x0``, one with ``x0 = 0`` a direction.  Each
ray remembers, as a bit mask, on which constraints it is tight.  Cutting by a hyperplane keeps,
splits and creates rays (Motzkin, Raiffa, Thompson, Thrall 1953; Fukuda and Prodon 1996).
Hand-made circuits are degenerate by nature: many hyperplanes through one point, unbounded cells,
lines inside cells.  All of these are ordinary here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from operator import mul

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import sign_of
from relucirc.core.forms import Form

Ray = tuple[tuple[int, ...], int]
"""A primitive integer vector ``(x0, x1, ..., xn)``, and the mask of its tight constraints."""

INDEXED = 24
"""Cells with more rays than this look adjacency up by constraint instead of ray by ray."""


@dataclass(frozen=True)
class Cell:
    """A full-dimensional polyhedron.

    Attributes:
        lines: Integer vectors spanning the lineality space.
        rays: Vertices and unbounded directions.
        cuts: Number of constraints that made it; constraint 0 is ``x0 >= 0``.
    """

    lines: tuple[tuple[int, ...], ...]
    rays: tuple[Ray, ...]
    cuts: int

    @staticmethod
    def everything(n: int) -> "Cell":
        """Returns all of R^n."""
        unit = [tuple(int(i == k) for i in range(n + 1)) for k in range(n + 1)]
        return Cell(tuple(unit[1:]), ((unit[0], 0),), 1)

    @property
    def dimension(self) -> int:
        """Dimension of the space."""
        return len(self.rays[0][0]) - 1

    def values(self, normal: Sequence[int]) -> list[int] | None:
        """Returns ``normal . ray`` for every ray, or None where the hyperplane crosses a line."""
        if any(_dot(normal, line) for line in self.lines):
            return None
        return [_dot(normal, ray) for ray, _ in self.rays]

    def sign(self, form: Form) -> int | None:
        """Returns the sign of a form on the whole cell, 0 for the zero form, None if it has both."""
        if form.is_constant:
            return sign_of(form.const)
        values = self.values(normal_of(form, self.dimension))
        if values is None:
            return None
        return 1 if min(values) >= 0 else -1 if max(values) <= 0 else None

    def cut(self, normal: Sequence[int]) -> "tuple[Cell | None, Cell | None]":
        """Cuts by the hyperplane ``normal . (1, x) = 0``, where ``normal`` is not zero.

        Returns:
            The part where it is ``>= 0`` and the part where it is ``<= 0``; None for a part
            without interior.  A part that is the whole cell is the same object.
        """
        return self.split(normal, self.values(normal))

    def split(self, normal: Sequence[int], values: "list[int] | None") -> "tuple[Cell | None, Cell | None]":
        """Cuts like :meth:`cut`, given the hyperplane's values at the rays."""
        if values is None:
            return self._cut_line(normal)
        if min(values) >= 0:
            return self, None
        if max(values) <= 0:
            return None, self
        bit = 1 << self.cuts
        kept: list[Ray] = []
        above: list[Ray] = []
        below: list[Ray] = []
        over, under = [], []
        for (ray, mask), value in zip(self.rays, values, strict=True):
            if value > 0:
                above.append((ray, mask))
                over.append((ray, mask, value))
            elif value < 0:
                below.append((ray, mask))
                under.append((ray, mask, value))
            else:
                kept.append((ray, mask | bit))
        kept += self._edges(over, under, bit)
        cuts = self.cuts + 1
        return Cell(self.lines, (*above, *kept), cuts), Cell(self.lines, (*below, *kept), cuts)

    def _edges(self, over: list, under: list, bit: int) -> Iterable[Ray]:
        """New rays: where an edge between adjacent rays of opposite sign meets the hyperplane.

        Two rays are adjacent iff no third one is tight on every constraint on which both are.
        """
        needed = self.dimension + 1 - len(self.lines) - 2
        masks = [mask for _, mask in self.rays]
        tight = transposed(masks) if len(masks) > INDEXED else None
        for p, mask_p, value_p in over:
            tick()
            for q, mask_q, value_q in under:
                common = mask_p & mask_q
                if common.bit_count() < needed:
                    continue
                if tight is None:
                    if sum(1 for mask in masks if common & mask == common) > 2:
                        continue
                elif _third(common, tight, len(masks)):
                    continue
                yield _primitive([value_p * b - value_q * a for a, b in zip(p, q, strict=True)]), common | bit

    def _cut_line(self, normal: Sequence[int]) -> "tuple[Cell, Cell]":
        """Cuts across a line, which becomes one new ray of each part."""
        line_values = [_dot(normal, line) for line in self.lines]
        pivot = next(i for i, value in enumerate(line_values) if value)
        line, value = self.lines[pivot], line_values[pivot]
        if value < 0:
            line, value = tuple(-c for c in line), -value
        bit = 1 << self.cuts
        lines, rays = [], []
        for i, (other, v) in enumerate(zip(self.lines, line_values, strict=True)):
            tick()
            if i != pivot:
                lines.append(_primitive([value * a - v * b for a, b in zip(other, line, strict=True)]))
        for ray, mask in self.rays:
            tick()
            v = _dot(normal, ray)
            moved = _primitive([value * a - v * b for a, b in zip(ray, line, strict=True)]) if v else ray
            rays.append((moved, mask | bit))
        tight = bit - 1  # a line is tight on every earlier constraint
        opposite = tuple(-c for c in line)
        cuts = self.cuts + 1
        return Cell((*lines,), (*rays, (line, tight)), cuts), Cell((*lines,), (*rays, (opposite, tight)), cuts)

    @property
    def vertices(self) -> list[tuple[fmpq, ...]]:
        """The vertices (of the section across the lineality space, where there are lines)."""
        return [tuple(fmpq(c, ray[0]) for c in ray[1:]) for ray, _ in self.rays if ray[0]]

    @property
    def directions(self) -> list[tuple[int, ...]]:
        """The extreme directions of the recession cone."""
        return [ray[1:] for ray, _ in self.rays if not ray[0]]

    def interior_point(self) -> tuple[fmpq, ...]:
        """Returns a point strictly inside: the mean of the vertices, moved along all directions."""
        vertices = self.vertices
        mean = [sum(column, start=fmpq(0)) / len(vertices) for column in zip(*vertices, strict=True)]
        for direction in self.directions:
            mean = [m + d for m, d in zip(mean, direction, strict=True)]
        return tuple(mean)


def _dot(normal: Sequence[int], vector: Sequence[int]) -> int:
    return sum(map(mul, normal, vector))


def transposed(masks: Sequence[int]) -> dict[int, int]:
    """For every constraint, as one bit, the mask of the rays that are tight on it."""
    tight: dict[int, int] = {}
    for r, mask in enumerate(masks):
        while mask:
            low = mask & -mask
            tight[low] = tight.get(low, 0) | 1 << r
            mask ^= low
    return tight


def _third(common: int, tight: dict[int, int], count: int) -> bool:
    """Whether more than two of the rays are tight on all constraints in ``common``."""
    rays = (1 << count) - 1
    while common:
        low = common & -common
        rays &= tight[low]
        if rays.bit_count() == 2:
            return False
        common ^= low
    return rays.bit_count() > 2


def _primitive(vector: list[int]) -> tuple[int, ...]:
    divisor = gcd(*vector)
    return tuple(c // divisor for c in vector) if divisor > 1 else tuple(vector)


def normal_of(form: Form, n: int) -> tuple[int, ...]:
    """Returns the primitive integer normal ``(const, coefficients)`` of a form over the inputs."""
    _, primitive = form.primitive()
    return (int(primitive.const.p), *(int(primitive.coefficient(v).p) for v in range(n)))


def cell_of(constraints: Iterable[Form], n: int) -> Cell | None:
    """Returns the polyhedron where all forms are ``>= 0``, or None when it has no interior."""
    cell: Cell | None = Cell.everything(n)
    for form in constraints:
        if form.is_constant:
            if form.const.p < 0:
                return None
            continue
        cell, _ = cell.cut(normal_of(form, n))
        if cell is None:
            return None
    return cell
