"""Exact volumes of polyhedra given by their rays, by a triangulation.

The pyramids over the facets that a vertex does not lie on, with that vertex as apex, make up a bounded polyhedron; so
do, inside of each facet, those over its own facets, down to points.  What is left are simplices, of volume
``|det| / n!``.  A face is known by the set of its rays, as a bit mask: its facets are the largest sets of rays, not all
of its own, that are tight on one constraint more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import factorial
from typing import Any

import sympy
from flint import fmpq, fmpz_mat

from relucirc.core.answer import plain
from relucirc.core.budget import tick
from relucirc.core.exact import rational, to_rational
from relucirc.geometry.cell import Cell, transposed


@dataclass(frozen=True)
class Volumes:
    """The volumes of many regions.

    Attributes:
        smallest: The least volume; None if no region is bounded.
        largest: The largest volume of a bounded region.
        unbounded: How many regions have no volume.
        powers: How many have a volume of at least ``2**k`` and less than ``2**(k + 1)``, for every k that occurs.
    """

    smallest: sympy.Rational | None = None
    largest: sympy.Rational | None = None
    unbounded: int = 0
    powers: dict[int, int] = field(default_factory=dict)

    @staticmethod
    def of(volumes: Iterable[fmpq | None]) -> "Volumes":
        """Sums up the volumes of some regions, None for those that are not bounded."""
        smallest: fmpq | None = None
        largest: fmpq | None = None
        unbounded, powers = 0, dict[int, int]()
        for volume in volumes:
            if volume is None:
                unbounded += 1
                continue
            smallest = volume if smallest is None or volume < smallest else smallest
            largest = volume if largest is None or volume > largest else largest
            power = _power(volume)
            powers[power] = powers.get(power, 0) + 1
        first, last = (None if end is None else to_rational(end) for end in (smallest, largest))
        return Volumes(first, last, unbounded, dict(sorted(powers.items())))

    def with_(self, other: "Volumes") -> "Volumes":
        """Puts two of these together."""
        least = [v.smallest for v in (self, other) if v.smallest is not None]
        most = [v.largest for v in (self, other) if v.largest is not None]
        powers = {
            k: self.powers.get(k, 0) + other.powers.get(k, 0) for k in sorted(self.powers.keys() | other.powers.keys())
        }
        return Volumes(min(least, default=None), max(most, default=None), self.unbounded + other.unbounded, powers)

    def to_json(self) -> dict[str, Any]:
        """Returns the same as plain JSON data."""
        return {name: plain(value) for name, value in vars(self).items()}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Volumes":
        """Reads what :meth:`to_json` wrote."""
        smallest, largest = (
            None if data[name] is None else to_rational(rational(data[name])) for name in ("smallest", "largest")
        )
        return Volumes(smallest, largest, data["unbounded"], {int(k): count for k, count in data["powers"].items()})


def _power(volume: fmpq) -> int:
    """The whole k with ``2**k <= volume < 2**(k + 1)``."""
    k = int(volume.p).bit_length() - int(volume.q).bit_length()
    return k if (int(volume.p) >= int(volume.q) << k if k >= 0 else int(volume.p) << -k >= int(volume.q)) else k - 1


def volume_of(cell: Cell) -> fmpq | None:
    """The volume of a cell; None if it is not bounded.

    Example:
        >>> from relucirc.core.forms import Form
        >>> from relucirc.geometry.cell import cell_of
        >>> x, y = Form.variable(0), Form.variable(1)
        >>> print(volume_of(cell_of([x, y, -x - y + Form({}, fmpq(1))], 2)))
        1/2
    """
    if cell.lines or not all(ray[0] for ray, _ in cell.rays):
        return None
    rays = [ray for ray, _ in cell.rays]
    tight = list(transposed([mask for _, mask in cell.rays]).values())
    total = fmpq(0)
    for corners in _simplices((1 << len(rays)) - 1, tight, cell.dimension):
        tick()
        scale = 1
        for i in corners:
            scale *= rays[i][0]
        total += fmpq(abs(fmpz_mat([list(rays[i]) for i in corners]).det()), scale)
    return total / factorial(cell.dimension)


def _simplices(face: int, tight: Sequence[int], dimension: int) -> Iterator[tuple[int, ...]]:
    """The corners of simplices that make up a face, by their numbers."""
    apex = (face & -face).bit_length() - 1
    if dimension == 0:
        yield (apex,)
        return
    for facet in _facets(face, tight, dimension):
        if not facet >> apex & 1:
            for corners in _simplices(facet, tight, dimension - 1):
                yield (apex, *corners)


def _facets(face: int, tight: Sequence[int], dimension: int) -> list[int]:
    """The facets of a face: the largest of the parts of it that are tight on a constraint, and not all of it."""
    parts = {face & rays for rays in tight} - {face}
    parts = {part for part in parts if part.bit_count() >= dimension}
    return [part for part in parts if not any(part & other == part and part != other for other in parts)]
