"""The dictionary: maxima of two sums of pairwise maxima, and their orbits under a permutation group.

A *letter* is ``max(x_i, x_j)`` (or x_i itself, for i = j): one hidden layer.  A *word* is a multiset
of letters, and its value their sum: the support function of a lattice zonotope.  An *atom*
``max(A, B) = B + relu(A - B)`` of two words of one length without a common letter needs one neuron in
a second hidden layer.  A common letter could be moved out.

A group of permutations of the inputs acts on atoms.  If f is invariant under it and a combination of
atoms, then averaging gives a combination of orbit sums; so orbits, and points up to the group, decide
whether f is a combination at all.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from relucirc.core.budget import tick
from relucirc.core.errors import RelucircError

MAX_ATOMS = 40_000_000
"""More are not made: 16 bytes each, and several times that while their orbits are found."""

Permutation = tuple[int, ...]
Word = tuple[int, ...]
"""Numbers of letters, ascending."""


def moving(images: Mapping[int, int], n: int) -> Permutation:
    """Returns the permutation that moves some points, and leaves the others where they are."""
    return tuple(images.get(i, i) for i in range(n))


@dataclass(frozen=True)
class Dictionary:
    """Letters and words over n points.

    Attributes:
        n: Number of points: inputs, and 0 if that is one of them.
        degree: Length of the longest words.
    """

    n: int
    degree: int

    def __post_init__(self) -> None:
        letters = self.n * (self.n + 1) // 2
        most = sum(math.comb(math.comb(letters + d - 1, d), 2) for d in range(1, self.degree + 1))
        if most > MAX_ATOMS:
            raise RelucircError(
                f"degree: the dictionary of degree {self.degree} over {self.n} points has up to {most:,} atoms, and "
                f"{MAX_ATOMS:,} are the limit; take a smaller degree."
            )

    @cached_property
    def letters(self) -> list[tuple[int, int]]:
        """Pairs ``(i, j)`` with ``i <= j``."""
        return list(itertools.combinations_with_replacement(range(self.n), 2))

    @cached_property
    def words(self) -> list[Word]:
        """All words, by length."""
        numbers = range(len(self.letters))
        return [w for d in range(1, self.degree + 1) for w in itertools.combinations_with_replacement(numbers, d)]

    def acting_on_letters(self, p: Permutation) -> list[int]:
        """Returns the image of every letter."""
        number = {pair: k for k, pair in enumerate(self.letters)}
        return [number[min(p[i], p[j]), max(p[i], p[j])] for i, j in self.letters]

    def acting_on_words(self, p: Permutation) -> np.ndarray:
        """Returns the image of every word."""
        image, number = self.acting_on_letters(p), {w: i for i, w in enumerate(self.words)}
        return np.array([number[tuple(sorted(image[k] for k in w))] for w in self.words])

    @cached_property
    def atoms(self) -> np.ndarray:
        """All atoms: rows ``(A, B)`` of word numbers, A < B, of one length, without a common letter.

        Atoms of words of length 1 are ``max(x_i, x_j, x_k, ...)`` too: ``max(max(x_i, x_j), x_k)``.
        """
        found = [np.empty((0, 2), dtype=np.int64)]
        start = 0
        for d, block in itertools.groupby(self.words, key=len):
            block = list(block)
            wide = len(self.letters) > 62
            masks = np.array([sum(1 << k for k in set(w)) for w in block], dtype=object if wide else np.int64)
            for i in range(len(block)):
                tick()
                others = np.flatnonzero((masks[i + 1 :] & masks[i]) == 0) + i + 1
                if d == 1:  # the maximum of two letters over two points is a letter itself
                    points = [{p for k in (*block[i], *block[j]) for p in self.letters[k]} for j in others]
                    others = others[[len(p) > 2 for p in points]]
                found.append(start + np.column_stack([np.full_like(others, i), others]))
            start += len(block)
        return np.concatenate(found)

    def values(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Evaluates letters and words at integer points: arrays (points, letters) and (points, words)."""
        pairs = np.array(self.letters)
        letters = np.maximum(points[:, pairs[:, 0]], points[:, pairs[:, 1]])
        words = np.empty((len(points), len(self.words)), dtype=np.int64)
        for i, w in enumerate(self.words):
            tick()
            words[:, i] = letters[:, list(w)].sum(axis=1)
        return letters, words


@dataclass(frozen=True)
class Orbits:
    """The atoms and letters of a dictionary, grouped by a permutation group.

    Attributes:
        dictionary: The dictionary.
        atoms: For every orbit the rows of ``dictionary.atoms`` in it.
        letters: For every orbit the letters in it.
    """

    dictionary: Dictionary
    atoms: list[np.ndarray]
    letters: list[list[int]]

    @staticmethod
    def of(dictionary: Dictionary, generators: Sequence[Permutation]) -> "Orbits":
        """Computes the orbits: what the generators connect."""
        pairs = dictionary.atoms
        width = len(dictionary.words)
        codes = pairs[:, 0] * width + pairs[:, 1]
        order = np.argsort(codes)
        moved = []
        for p in generators:
            tick()
            image = dictionary.acting_on_words(p)[pairs]
            moved.append(order[np.searchsorted(codes[order], image.min(axis=1) * width + image.max(axis=1))])
        atoms = _connected(len(pairs), moved)
        letters = _connected(len(dictionary.letters), [np.array(dictionary.acting_on_letters(p)) for p in generators])
        return Orbits(dictionary, atoms, [list(map(int, orbit)) for orbit in letters])

    @property
    def sizes(self) -> np.ndarray:
        """The number of atoms in every orbit."""
        return np.array([len(orbit) for orbit in self.atoms], dtype=float)

    def matrix(self, points: np.ndarray) -> np.ndarray:
        """Twice the orbit sums at integer points: a column for every orbit of atoms, then of letters.

        An atom ``max(A, B) = (A + B) / 2 + |A - B| / 2`` is represented by its second half, which, unlike
        ``relu(A - B)``, does not depend on the order of A and B; letters are columns of their own.
        """
        letters, words = self.dictionary.values(points)
        pairs = self.dictionary.atoms
        columns = np.empty((len(points), len(self.atoms) + len(self.letters)), dtype=np.int64)
        for j, orbit in enumerate(self.atoms):
            tick()
            a, b = pairs[orbit].T
            columns[:, j] = np.abs(words[:, a] - words[:, b]).sum(axis=1)
        for j, orbit in enumerate(self.letters):
            columns[:, len(self.atoms) + j] = 2 * letters[:, orbit].sum(axis=1)
        return columns


def _connected(count: int, images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Groups 0 .. count-1 by permutations: what their images connect."""
    from scipy.sparse import coo_array  # noqa: PLC0415  (slow to import)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    if not count:
        return []
    starts = np.tile(np.arange(count), len(images))
    edges = coo_array((np.ones(len(starts), bool), (starts, np.concatenate(images or [starts]))), (count, count))
    orbit = connected_components(edges, directed=False)[1]
    order = np.argsort(orbit, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(orbit[order])) + 1)
