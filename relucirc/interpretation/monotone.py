"""The shortest lattice formula: a monotone Boolean function with as few letters as possible, given on some points.

A maximum and minimum P of affine pieces ``l_1, ..., l_k`` has the value v at a point iff, with every piece read as
the bit "at least v", P is true there, and with "more than v" it is false.  So each point gives two sets of pieces: one
where the formula must be true, one where it must be false.  All others are free, and that is where formulas get short.

Formulas are made from the shortest up, one for each function on those sets (equal on them is equal), as bit masks
over all sets: "and" is a minimum, "or" a maximum.  The last step looks only for what is right.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from relucirc.core.budget import tick

MOST_SETS = 62
MOST_MADE = 2000
"""Formulas of one length that are used further."""
MADE, LETTERS = 5, 10
"""Letters of the formulas that are all made, and of those that are put together from two of them."""
Made = dict[int, tuple[int, Any]]
"""For every function, as a mask over the sets: the weight of the lightest formula, and the formula."""


class Monotone:
    """The search for one function.

    Args:
        true: Sets of letters, as bits: the formula must be true where exactly these letters are.
        false: Sets where it must be false.
        weights: How long each letter is, which decides between formulas of equally many letters.
    """

    def __init__(self, true: Sequence[int], false: Sequence[int], weights: Sequence[int]) -> None:
        wanted, unwanted = least(true), greatest(false)
        self.possible = not any(t & ~f == 0 for t in wanted for f in unwanted)
        self.sets = [*wanted, *unwanted]
        self.yes = (1 << len(wanted)) - 1
        self.no = ((1 << len(self.sets)) - 1) & ~self.yes
        self.weights = weights

    def shortest(self) -> Any:
        """Returns a letter's number, ``("and" or "or", left, right)``, or None where nothing short is found."""
        if not self.possible or len(self.sets) > MOST_SETS:
            return None
        self.made: Made = {}
        for i, weight in sorted(enumerate(self.weights), key=lambda pair: pair[1]):
            mask = sum(1 << k for k, letters in enumerate(self.sets) if letters >> i & 1)
            self.made.setdefault(mask, (weight, i))
        right = [pair for mask, pair in self.made.items() if self._is_right(mask)]
        if right:
            return min(right, key=lambda pair: pair[0])[1]
        self.levels = [np.array([], np.uint64), np.array(list(self.made), np.uint64)]
        for letters in range(2, LETTERS + 1):
            found = self._joined(letters)
            if found is not None:
                return found
            if letters <= MADE:
                self.levels.append(self._next(letters))
        return None

    def _is_right(self, mask: int) -> bool:
        return mask & self.yes == self.yes and not mask & self.no

    def _pairs(self, letters: int) -> list[tuple[int, int]]:
        most = len(self.levels) - 1
        return [(a, letters - a) for a in range((letters + 1) // 2, letters) if a <= most]

    def _joined(self, letters: int) -> Any:
        """The lightest right formula of so many letters out of two shorter ones."""
        best: tuple[int, Any] | None = None
        yes, no = np.uint64(self.yes), np.uint64(self.no)
        for a, b in self._pairs(letters):
            for kind in ("or", "and"):
                # Nothing wrongly true may stand in "or", nothing wrongly false in "and".
                left, right = (
                    masks[(masks & no) == 0] if kind == "or" else masks[(masks & yes) == yes]
                    for masks in (self.levels[a], self.levels[b])
                )
                for start in range(0, len(left), 256):
                    tick()
                    some = left[start : start + 256, None]
                    fits = ((some | right) & yes) == yes if kind == "or" else ((some & right) & no) == 0
                    for i, j in np.argwhere(fits)[:2000]:
                        (u, x), (v, y) = self.made[int(left[start + i])], self.made[int(right[j])]
                        if best is None or u + v < best[0]:
                            best = u + v, (kind, x, y)
        return None if best is None else best[1]

    def _next(self, letters: int) -> np.ndarray:
        """The functions that a formula of so many letters has, and no shorter one."""
        fresh: Made = {}
        for a, b in self._pairs(letters):
            left, right = self.levels[a], self.levels[b]
            for start in range(0, len(left), 64):
                tick()
                some = left[start : start + 64, None]
                for kind, masks in (("or", some | right), ("and", some & right)):
                    values, where = np.unique(masks, return_index=True)
                    for mask, place in zip(values.tolist(), where.tolist(), strict=True):
                        if mask in self.made or not mask:
                            continue
                        i, j = divmod(place, len(right))
                        (u, x), (v, y) = self.made[int(left[start + i])], self.made[int(right[j])]
                        if mask not in fresh or u + v < fresh[mask][0]:
                            fresh[mask] = u + v, (kind, x, y)
        chosen = sorted(fresh, key=lambda mask: (self._wrong(mask), fresh[mask][0]))[:MOST_MADE]
        self.made.update((mask, fresh[mask]) for mask in chosen)
        return np.array(chosen, np.uint64)

    def _wrong(self, mask: int) -> int:
        return (self.yes & ~mask).bit_count() + (mask & self.no).bit_count()


def least(sets: Sequence[int]) -> list[int]:
    """Returns the sets that hold no other one."""
    kept: list[int] = []
    for letters in sorted(set(sets), key=int.bit_count):
        if not any(other & ~letters == 0 for other in kept):
            kept.append(letters)
    return kept


def greatest(sets: Sequence[int]) -> list[int]:
    """Returns the sets that lie in no other one."""
    kept: list[int] = []
    for letters in sorted(set(sets), key=int.bit_count, reverse=True):
        if not any(letters & ~other == 0 for other in kept):
            kept.append(letters)
    return kept
