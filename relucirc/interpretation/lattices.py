"""Lattice formulas over the pieces of a function: maxima of minima, and minima of maxima.

At every point a piece is at least as large as the function, or larger: as bits these say where a formula over the
pieces must be true and where false (:mod:`~relucirc.interpretation.monotone`).
"""

from collections.abc import Iterator

import numpy as np

from relucirc.interpretation.germs import TIE, Germs
from relucirc.interpretation.monotone import Monotone, greatest, least
from relucirc.interpretation.terms import Affine, Term, extreme

MOST_PIECES = 20
"""Pieces of a function whose lattice formula is looked for."""
MOST_WRITTEN = 16
"""Sets from which a lattice formula is written down where none is found that is short."""


class Lattices:
    """Writes functions that are known at some points.

    Args:
        germs: Where their pieces are numbered.
        points: The points.
    """

    def __init__(self, germs: Germs, points: np.ndarray) -> None:
        self.germs, self.points = germs, points

    def sets(self, numbers: np.ndarray, pieces: np.ndarray, values: np.ndarray) -> tuple:
        """For every point the pieces at least as large and those larger, as bits; and where that is clear."""
        table = self.germs.table(pieces, self.points)
        own = np.searchsorted(pieces, numbers)
        gap = table - values[:, None]
        small = np.abs(gap) <= TIE * (1 + np.abs(values))[:, None]
        clear = small.sum(axis=1) == 1
        bits = 1 << np.arange(len(pieces))
        larger = (gap > 0) & (np.arange(len(pieces)) != own[:, None])
        false = (larger * bits).sum(axis=1)
        return false | (1 << own), false, clear

    def of(self, numbers: np.ndarray, pieces: np.ndarray) -> Term | None:
        """Returns the shortest lattice formula that is found for a function with these pieces at the points."""
        if len(pieces) > MOST_PIECES:
            return None
        true, false, clear = self.sets(numbers, pieces, self.germs.values(numbers, self.points))
        wanted, unwanted = true[clear], false[clear]
        options = [self._short(wanted, unwanted, pieces)]
        if options[0] is None:
            options = [self._least(wanted, pieces), self._greatest(unwanted, pieces)]
        right = [way for way in options if way is not None and self.germs.is_at(way, numbers, self.points)]
        return min(right, key=lambda way: way.cost, default=None)

    def _letter(self, pieces: np.ndarray, i: int) -> Term:
        return Affine(self.germs.forms[pieces[i]])

    def _short(self, wanted: np.ndarray, unwanted: np.ndarray, pieces: np.ndarray) -> Term | None:
        weights = [self._letter(pieces, i).cost[0] for i in range(len(pieces))]
        found = Monotone(wanted.tolist(), unwanted.tolist(), weights).shortest()

        def term(formula: object) -> Term:
            if isinstance(formula, tuple):
                kind, left, right = formula
                return extreme(1 if kind == "or" else -1, [term(left), term(right)])
            assert isinstance(formula, int)
            return self._letter(pieces, formula)

        return None if found is None else term(found)

    def _least(self, wanted: np.ndarray, pieces: np.ndarray) -> Term | None:
        sets = least(wanted.tolist())
        if not sets or len(sets) > MOST_WRITTEN or not all(sets):
            return None
        return extreme(1, [extreme(-1, [self._letter(pieces, i) for i in _bits(s, len(pieces))]) for s in sets])

    def _greatest(self, unwanted: np.ndarray, pieces: np.ndarray) -> Term | None:
        whole = (1 << len(pieces)) - 1
        sets = [whole & ~s for s in greatest(unwanted.tolist())]
        if not sets or len(sets) > MOST_WRITTEN or not all(sets):
            return None
        return extreme(-1, [extreme(1, [self._letter(pieces, i) for i in _bits(s, len(pieces))]) for s in sets])

    def between(self, wanted: np.ndarray, unwanted: np.ndarray, pieces: np.ndarray) -> Iterator[Term]:
        """Yields lattice formulas, true and false where they must be: the smallest, the largest, the shortest."""
        seen = set()
        for made in (
            self._least(wanted, pieces),
            self._greatest(unwanted, pieces),
            self._short(wanted, unwanted, pieces),
        ):
            if made is not None:
                key = self.germs.of(made, self.points).tobytes()
                if key not in seen:
                    seen.add(key)
                    yield made


def _bits(letters: int, count: int) -> list[int]:
    return [i for i in range(count) if letters >> i & 1]
