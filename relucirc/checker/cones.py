"""Many pointed cones at once, each cut by a hyperplane of its own: double description in arrays of exact integers.

A polyhedron with a vertex is the cone of the rays ``(1, x)`` in one dimension more; its first constraint is
``x0 >= 0``.  A cone has its extreme rays, and of each the constraints of its own that it is tight on, as a bit mask.
Where ``z`` is a linear form with both signs on the rays, the part ``z >= 0`` has the rays where ``z >= 0``, and
``z_p q - z_q p`` for every edge between a ray ``p`` with ``z_p > 0`` and a ray ``q`` with ``z_q < 0``.  Two extreme
rays span an edge iff no third one is tight wherever both are (Fukuda and Prodon 1996, proposition 7), for which they
share ``d - 2`` constraints at least.

Integers are int64 as long as a bound of their size, in floats, says that nothing overflows, and Python's beyond that.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

LIMIT = 2.0**62
"""Sums of products whose absolute values add up to less, in floats, fit into int64 with room for rounding."""


@dataclass(frozen=True)
class Cones:
    """Cones side by side.

    Attributes:
        rays: Integers, one row per ray; those of one cone stand together.
        masks: For each ray 64-bit words: the constraints of its cone that it is tight on.
        begins: Where the rays of each cone begin, and where the last ones end.
    """

    rays: np.ndarray
    masks: np.ndarray
    begins: np.ndarray

    def __len__(self) -> int:
        return len(self.begins) - 1

    @property
    def sizes(self) -> np.ndarray:
        """How many rays each cone has."""
        return np.diff(self.begins)

    @property
    def owners(self) -> np.ndarray:
        """The cone of every ray."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def values(self, rows: np.ndarray) -> np.ndarray:
        """The value of a form at every ray, given a row for each cone, or one for all."""
        return dots(np.broadcast_to(rows, (len(self), self.rays.shape[1]))[self.owners], self.rays)

    def any_of(self, flags: np.ndarray) -> np.ndarray:
        """For every cone whether a flag of some ray is set."""
        return np.add.reduceat(flags, self.begins[:-1], dtype=np.int64) > 0 if len(self) else np.zeros(0, bool)

    def taken(self, chosen: np.ndarray) -> "Cones":
        """Some of the cones, as often as they are named, in that order."""
        sizes = self.sizes[chosen]
        at = _ranges(self.begins[:-1][chosen], sizes)
        return Cones(self.rays[at], self.masks[at], _ends(sizes))

    def parts(self, values: np.ndarray, bit: int, chosen: np.ndarray, sides: np.ndarray) -> "Cones":
        """Parts of cones.

        Args:
            values: A form at every ray, of both signs on every cone that is cut.
            bit: The number of the form as a constraint.
            chosen: For every part its cone, ascending.
            sides: 1 for the part where the form is not negative, -1 for the other, 0 for all of it.
        """
        word, flag = bit // 64, np.uint64(1 << bit % 64)
        cut = np.zeros(len(self), bool)
        cut[chosen[sides != 0]] = True
        fresh = self._edges(values, cut)
        fresh.masks[:, word] |= flag
        masks = self.masks.copy()
        masks[(values == 0) & cut[self.owners], word] |= flag
        old = replace(self, masks=masks).taken(chosen)
        at = _ranges(self.begins[:-1][chosen], self.sizes[chosen])
        kept = np.repeat(sides, self.sizes[chosen]) * (1 * (values[at] > 0) - (values[at] < 0)) >= 0
        new = fresh.taken(np.where(sides != 0, chosen, len(self)))
        owners = np.concatenate([old.owners[kept], new.owners])
        order = np.argsort(owners, kind="stable")
        return Cones(
            np.concatenate([old.rays[kept], new.rays])[order],
            np.concatenate([old.masks[kept], new.masks])[order],
            _ends(np.bincount(owners, minlength=len(chosen))),
        )

    def _edges(self, values: np.ndarray, cut: np.ndarray) -> "Cones":
        """Where the edges of the cones that are cut meet the hyperplane; none for the others, nor for one more."""
        owners = self.owners
        above, below = (np.flatnonzero(cut[owners] & (values * sign > 0)) for sign in (1, -1))
        counts = np.bincount(owners[below], minlength=len(self))
        first = _ends(counts)[:-1]
        p = np.repeat(above, counts[owners[above]])
        q = below[_ranges(first[owners[above]], counts[owners[above]])]
        common = self.masks[p] & self.masks[q]
        enough = np.bitwise_count(common).sum(axis=1) >= self.rays.shape[1] - 2
        p, q, common = p[enough], q[enough], common[enough]
        sizes = self.sizes[owners[p]]
        tight = self.masks[_ranges(self.begins[:-1][owners[p]], sizes)]
        shared = np.repeat(common, sizes, axis=0)
        both = ((tight & shared) == shared).all(axis=1)
        edge = np.add.reduceat(both, _ends(sizes)[:-1], dtype=np.int64) == 2 if len(p) else np.zeros(0, bool)
        p, q = p[edge], q[edge]
        rays = _between(self.rays, values, p, q)
        sizes = np.append(np.bincount(owners[p], minlength=len(self)), 0)
        return Cones(rays, common[edge], _ends(sizes))


def dots(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sums of products, row by row, exactly."""
    if left.dtype == object or right.dtype == object:
        return (left.astype(object) * right).sum(axis=1)
    large = ~((np.abs(left).astype(float) * np.abs(right).astype(float)).sum(axis=1) < LIMIT)
    found = (left * right).sum(axis=1)
    return _with_large(found, large, lambda: dots(left[large].astype(object), right[large]))


def _with_large(found: np.ndarray, large: np.ndarray, work: Callable[[], np.ndarray]) -> np.ndarray:
    """What was found in int64, with the rows that might not fit there worked out anew in Python's integers."""
    if not large.any():
        return found
    part = work()
    if max(map(abs, part.flat)) >= 2**62:
        found = found.astype(object)
    found[large] = part
    return found


def _between(rays: np.ndarray, values: np.ndarray, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The rays ``z_p q - z_q p``, in lowest terms."""
    if rays.dtype == object or values.dtype == object:
        return _reduced(values[p].astype(object)[:, None] * rays[q] - values[q].astype(object)[:, None] * rays[p])
    sizes = [np.abs(part).astype(float) for part in (values[p], rays[q], values[q], rays[p])]
    large = ~((sizes[0][:, None] * sizes[1] + sizes[2][:, None] * sizes[3]).max(axis=1, initial=0) < LIMIT)
    found = _reduced(values[p][:, None] * rays[q] - values[q][:, None] * rays[p])
    return _with_large(found, large, lambda: _between(rays.astype(object), values, p[large], q[large]))


def _reduced(rays: np.ndarray) -> np.ndarray:
    return rays // np.maximum(np.gcd.reduce(rays, axis=1), 1)[:, None] if len(rays) else rays


def _ranges(begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The numbers of many ranges, one range after the other."""
    ends = _ends(sizes)
    return np.arange(ends[-1]) + np.repeat(begins - ends[:-1], sizes)


def _ends(sizes: np.ndarray) -> np.ndarray:
    """Zero, and the sums of the first sizes."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
