"""Six definitions of a linear region, told apart, and how many there are of each.

They are those of Stargalla, Hertrich and Reichman, The computational complexity of counting linear regions in ReLU
neural networks (arXiv 2505.16716), on the closure of a domain; ``f`` is what the network computes.

1. *Activation regions*: the sets of points at which the same neurons are active, that is positive; also where such a
   set has no interior.  Every point lies inside one face of one cell of the complex, on which all signs are constant.
2. *Proper* ones: those with interior, the cells.
3. *Convex regions*: the polyhedra with interior of a polyhedral complex on each of which ``f`` is affine, as few as can
   be.
4. *Open connected regions*: maximal open connected sets on which ``f`` is affine.
5. *Closed connected regions*: maximal closed connected sets with interior on which ``f`` is affine.  Such a set is a
   component of ``{f = g}``, where ``g`` is the map of some cell; it may go on, without interior, through cells that
   have other maps, and so join what is apart.
6. *Affine regions*: maximal sets with interior on which ``f`` is affine, one for each map.

Of these 1 has most, and each has as many as the next at least.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.answer import plain
from relucirc.core.budget import tick
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.measure.regions.exact_walk import Follower, Walker, decided_rows, incidence
from relucirc.measure.regions.tree import Start

JOINED = 300
"""Of more cells than this none are put together to find how few convex regions are enough."""
Vector = tuple[int, ...]


@dataclass(frozen=True)
class RegionCounts:
    """How many linear regions there are by each of six definitions; see :mod:`relucirc.measure.regions.definitions`.

    Attributes:
        activation: Sets of points with the same active neurons, those without interior included.
        proper_activation: Those with interior.
        convex: The fewest polyhedra of a complex on each of which the network is affine: not fewer than the first
            number, and not more than the second; they are equal where the number is known.
        open_connected: Maximal open connected sets on which the network is affine.
        closed_connected: Maximal closed connected sets with interior on which it is.
        affine: Maximal sets with interior on which it is, connected or not.
    """

    activation: int
    proper_activation: int
    convex: tuple[int, int]
    open_connected: int
    closed_connected: int
    affine: int

    def __str__(self) -> str:
        low, high = self.convex
        rows = [
            (f"{self.activation:,}", "activation regions"),
            (f"{self.proper_activation:,}", "proper activation regions"),
            (f"{low:,}" if low == high else f"{low:,} to {high:,}", "convex regions"),
            (f"{self.open_connected:,}", "open connected regions"),
            (f"{self.closed_connected:,}", "closed connected regions"),
            (f"{self.affine:,}", "affine regions"),
        ]
        width = max(len(number) for number, _ in rows)
        return "\n".join(f"{number:>{width}} {name}" for number, name in rows)

    def to_json(self) -> dict[str, Any]:
        """Returns the counts as plain JSON data."""
        return {name: plain(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Known:
    """What is known of a complex.

    Attributes:
        signs: The signs of the neurons, a row for each cell.
        pairs: The cells that share a facet.
        pieces: The open connected region of every cell.
        maps: The affine map of every cell.
        entries: The map of a number: rows of integers, constants first, times what does not depend on the map.
    """

    signs: np.ndarray
    pairs: list[list[int]]
    pieces: list[int]
    maps: list[int]
    entries: Callable[[int], np.ndarray]


def counts_of(start: Start, known: Known) -> RegionCounts:
    """Counts the regions of a complex that is complete by all six definitions.

    Args:
        start: Its network and domain.
        known: What is known of it.
    """
    faces = Faces(start, known.signs)
    parts = Parts(faces, known.pairs, known.pieces)
    return RegionCounts(
        len(set(faces.patterns())),
        len(known.signs),
        (parts.least, parts.most),
        len(set(known.pieces)),
        _closed(faces, known),
        len(set(known.maps)),
    )


class Faces:
    """The cells of a complex with their faces.

    Args:
        start: The network and the domain.
        signs: The signs of the neurons, a row for each cell.
    """

    def __init__(self, start: Start, signs: np.ndarray) -> None:
        self.start, self.signs = start, signs
        self._follower = Follower(start.network, Walker.begin(start.network, start.cell))
        self.rays: list[list[Vector]] = []
        self.masks: list[list[int]] = []
        self.own_lines: list[tuple[Vector, ...]] = []
        for row in signs.tolist():
            tick()
            walker = self._follower.to(tuple(row))
            self.rays.append([ray for ray, _ in walker.cell.rays])
            self.own_lines.append(walker.cell.lines)
            self.masks.append(incidence(start.network, walker, self.bit0))

    @property
    def bit0(self) -> int:
        """The bit of the first neuron in masks."""
        return len(self.start.normals)

    def patterns(self) -> Iterator[bytes]:
        """Which neurons are active on the faces of the cells, the cells included."""
        for row, masks in zip(self.signs, self.masks, strict=True):
            tick()
            faces, fresh = set(masks), set(masks)
            while fresh:
                fresh = {face & mask for face in fresh for mask in masks} - faces
                faces |= fresh
            for face in faces:
                if not face & 1:  # not at infinity
                    zero = face >> self.bit0
                    yield np.array([s > 0 and not zero >> k & 1 for k, s in enumerate(row.tolist())]).tobytes()

    def between(self, i: int, j: int) -> list[Vector]:
        """The rays of the facet between two cells: where all neurons vanish whose signs differ."""
        differ = sum(1 << (self.bit0 + int(k)) for k in np.flatnonzero(self.signs[i] * self.signs[j] < 0))
        return [ray for ray, mask in zip(self.rays[i], self.masks[i], strict=True) if mask & differ == differ]

    def normal(self, i: int, j: int) -> Vector:
        """The form that vanishes on the facet between two cells and is positive inside of the first."""
        k = int(np.flatnonzero(self.signs[i] * self.signs[j] < 0)[0])
        sign = int(self.signs[i, k])
        return tuple(sign * c for c in decided_rows(self.start.network, tuple(self.signs[i, : k + 1].tolist()))[k])


def _closed(faces: Faces, known: Known) -> int:
    """Counts the components with interior of the sets on which the network is what it is on some cell.

    Around a point of such a set the cells that have it are joined by facets that have it, too: so those facets are
    enough to say what is joined.
    """
    several = set(known.maps) - _alone(known.maps, known.pieces)
    total = len(set(known.maps) - several)
    entries = {number: known.entries(number) for number in set(known.maps)} if several else {}
    facets = [faces.between(i, j) for i, j in known.pairs] if several else []
    for number in several:
        joined = Joined(len(faces.signs))
        for (i, j), rays in zip(known.pairs, facets, strict=True):
            tick()
            if _meets(entries[known.maps[i]] - entries[number], rays, faces.own_lines[i]):
                joined.join(i, j)
        total += len({joined.of(i) for i, own in enumerate(known.maps) if own == number})
    return total


def _alone(numbers: Sequence[int], pieces: Sequence[int]) -> set[int]:
    """The maps that one linear piece alone has."""
    owners: dict[int, set[int]] = {}
    for number, piece in zip(numbers, pieces, strict=True):
        owners.setdefault(number, set()).add(piece)
    return {number for number, own in owners.items() if len(own) == 1}


def _meets(rows: np.ndarray, rays: Sequence[Vector], lines: Sequence[Vector]) -> bool:
    """Whether forms vanish together at some point of a face."""
    if not rows.any():
        return True
    values = [[int(sum(c * x for c, x in zip(row, ray, strict=True))) for row in rows.tolist()] for ray in rays]
    along = [[int(sum(c * x for c, x in zip(row, line, strict=True))) for row in rows.tolist()] for line in lines]
    if any(ray[0] and not any(value) for ray, value in zip(rays, values, strict=True)):
        return True
    for k in range(len(rows)):
        column = [value[k] for value in values]
        if (min(column) > 0 or max(column) < 0) and not any(value[k] for value in along):
            return False
    count = len(rays) + len(lines)
    relations = [Relation(Form.variable(r), ">=") for r in range(len(rays))]
    relations.append(Relation(Form({r: fmpq(ray[0]) for r, ray in enumerate(rays) if ray[0]}, fmpq(0)), ">"))
    for k in range(len(rows)):
        terms = {r: fmpq(value[k]) for r, value in enumerate([*values, *along]) if value[k]}
        if terms:
            relations.append(Relation(Form(terms, fmpq(0)), "=="))
    return feasibility(relations, count).point is not None


class Parts:
    """Polyhedra put together from the cells of a complex, and how few they may be.

    From the cells on, parts of one map are joined as long as a complex is left: every part convex, and every facet of a
    part the facet of one other part, from which it follows that faces meet in faces (Gruber and Ryshkov 1989).  So many
    are enough.  On the other hand every open connected region takes at least one, and two where it is not convex, or
    where one of its facets borders on two others.

    Args:
        faces: The cells.
        pairs: Those that share a facet.
        pieces: The open connected region of every cell.
    """

    def __init__(self, faces: Faces, pairs: Sequence[Sequence[int]], pieces: Sequence[int]) -> None:
        self._faces, self._pieces = faces, pieces
        self._normals = {(i, j): faces.normal(i, j) for pair in pairs for i, j in (pair, pair[::-1])}
        self._of = list(range(len(pieces)))
        self._members = {i: {i} for i in range(len(pieces))}

    @cached_property
    def least(self) -> int:
        """Not fewer are enough."""
        members: dict[int, set[int]] = {}
        for i, piece in enumerate(self._pieces):
            members.setdefault(piece, set()).add(i)
        return sum(1 if self._is_part(own, self._pieces) else 2 for own in members.values())

    @cached_property
    def most(self) -> int:
        """So many are enough."""
        if self.least == len(set(self._pieces)):
            return self.least
        open_ = len(self._pieces) <= JOINED
        while open_ and len(self._members) > self.least:
            open_ = False
            for i, j in self._normals:
                tick()
                if self._of[i] != self._of[j] and self._pieces[i] == self._pieces[j] and self._join(i, j):
                    open_ = True
        return len(self._members)

    def _join(self, i: int, j: int) -> bool:
        """Joins the parts of two cells, and all that has to be joined with them; whether that can be."""
        of, members = list(self._of), {name: set(own) for name, own in self._members.items()}
        waiting = [(of[i], of[j])]
        while waiting:
            a, b = (of[name] for name in waiting.pop())  # parts have the name of a cell of theirs
            if a == b:
                continue
            union = members[a] | members[b]
            if len({self._pieces[m] for m in union}) > 1:
                return False
            members[a] = union
            del members[b]
            for m in union:
                of[m] = a
            if not self._is_convex(union, of):
                return False
            near = {of[q] for (p, q) in self._normals if of[p] == a and of[q] != a}
            for name in (a, *near):
                for several in self._facets(members[name], of).values():
                    first, *others = sorted(several)
                    waiting += [(first, other) for other in others]
        if not all(self._is_part(own, of) for own in members.values()):
            return False
        self._of, self._members = of, members
        return True

    def _facets(self, own: set[int], of: Sequence[int]) -> dict[Vector, set[int]]:
        """For every hyperplane of a facet the parts beyond it."""
        found: dict[Vector, set[int]] = {}
        for (i, j), normal in self._normals.items():
            if i in own and j not in own:
                found.setdefault(_primitive(normal), set()).add(of[j])
        return found

    def _is_convex(self, own: set[int], of: Sequence[int]) -> bool:
        """Whether all of a part lies on the inner side of each of its facets."""
        for normal in self._facets(own, of):
            for m in own:
                if any(_dot(normal, line) for line in self._faces.own_lines[m]):
                    return False
                if any(_dot(normal, ray) < 0 for ray in self._faces.rays[m]):
                    return False
        return True

    def _is_part(self, own: set[int], of: Sequence[int]) -> bool:
        """Whether a part is convex, and borders on one other at every facet."""
        return self._is_convex(own, of) and all(len(beyond) == 1 for beyond in self._facets(own, of).values())


class Joined:
    """Numbers that are joined to classes."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def of(self, i: int) -> int:
        """The number that stands for a number's class."""
        while self._above[i] != i:
            self._above[i] = self._above[self._above[i]]
            i = self._above[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Joins two classes."""
        self._above[self.of(i)] = self.of(j)


def _dot(a: Iterable[int], b: Iterable[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _primitive(row: Vector) -> Vector:
    divisor = gcd(*row) or 1
    return tuple(c // divisor for c in row)
