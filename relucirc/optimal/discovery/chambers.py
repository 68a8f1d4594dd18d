"""Order statistics of more numbers: whether two hidden layers are enough, decided on one chamber.

A symmetric function is determined by its values on the chamber ``x_1 >= x_2 >= ... >= x_n``.  There
every letter is one of the inputs, every word linear, and every atom ``max(A, B)`` either linear or
``B + relu(A - B)`` with one hyperplane.  So the sum of an atom over all permutations is a table: a
weight for every hyperplane that meets the chamber, and a linear part.  The k-th largest input is
``x_k`` there.  It is a combination of atoms iff it is one of these tables, a small linear system that is
solved over the rationals and verified over the integers.

A solution shows that a network with two hidden layers exists.  The network itself would have a neuron
for every permutation of every atom, so it is not built; :func:`relucirc.discover` looks for small ones.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from flint import fmpq

from relucirc.core.answer import Answer
from relucirc.core.budget import OutOfBudget, tick
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.progress import Progress, watched
from relucirc.optimal.discovery.linear import Obstacle, solve_exactly

Word = tuple[tuple[int, int], ...]
Atom = tuple[Word, Word]

MAX_INPUTS = 9
_PLACES = {1: "", 2: "2nd ", 3: "3rd "}
"""How a place among the largest is written, where it is not 4th, 5th, ..."""


@dataclass(frozen=True)
class ChamberProof(Answer):
    """Whether the k-th largest of n numbers is a combination of symmetric sums of atoms; ``bool`` of it says so.

    Attributes:
        status: ``"found"``: it is one; ``"excluded"``: it is none, with any real weights; or ``"unknown"``.
        reason: The same as a sentence.
        n: Number of inputs.
        k: Which one, 1 for the largest.
        degree: Length of the words.
        weights: For a combination: the atoms (words as pairs of inputs) and the weight of each one's sum
            over all n! permutations; an atom with one empty word is its letter alone.  None if there is none.
        orbits: How many tables there are.
        equations: How many entries a table has.
        certificate: None: the weights are the evidence.
        seconds: Wall time used.
    """

    status: str
    reason: str
    n: int
    k: int
    degree: int
    weights: tuple[tuple[fmpq, Atom], ...] | None = None
    orbits: int = 0
    equations: int = 0
    certificate: None = field(default=None, repr=False)
    seconds: float = 0.0

    def __bool__(self) -> bool:
        if self.status == "unknown":
            raise RelucircError(f"it was not decided: {self.reason} Ask .status.")
        return self.weights is not None

    def evaluate(self, point: Sequence[fmpq]) -> fmpq:
        """Evaluates the combination at a point by summing over all permutations; slow, and independent of tables."""
        if self.weights is None:
            raise RelucircError(f"there is nothing to evaluate: {self}")
        total = fmpq(0)
        for moved in itertools.permutations(point):
            for weight, (a, b) in self.weights:
                values = [sum((max(moved[i], moved[j]) for i, j in word), start=fmpq(0)) for word in (a, b) if word]
                total = total + weight * max(values)
        return total


def order_statistic_in_two_layers(
    n: int, k: int = 1, degree: int = 2, *, budget: float | None = None, progress: Progress = None
) -> ChamberProof:
    """Decides whether the k-th largest of n numbers is a combination of the dictionary of a degree.

    Args:
        n: How many numbers.
        k: 1 for the largest, n for the smallest.
        degree: Length of the words; 7 and 8 numbers need 3, and minutes.
        budget: Seconds; None for no limit.
        progress: As for :func:`relucirc.prove`.

    Raises:
        RelucircError: For numbers out of range.

    Example:
        >>> bool(order_statistic_in_two_layers(6)), bool(order_statistic_in_two_layers(7))
        (True, False)
    """
    if not (isinstance(n, int) and 2 <= n <= MAX_INPUTS and isinstance(k, int) and 1 <= k <= n):
        raise RelucircError(f"expected 2 <= n <= {MAX_INPUTS} and 1 <= k <= n, got n={shorten(n)}, k={shorten(k)}.")
    if not (isinstance(degree, int) and 1 <= degree <= 3):
        raise RelucircError(f"degree: expected 1, 2 or 3, got {shorten(degree)}.")
    clock = watched(budget, "chambers", progress)
    try:
        with clock:
            return replace(_decided(n, k, degree), seconds=clock.elapsed)
    except (OutOfBudget, KeyboardInterrupt) as error:
        reason = f"{clock.ended(error)} before it was decided."
        return ChamberProof("unknown", reason, n, k, degree, seconds=clock.elapsed)


def _decided(n: int, k: int, degree: int) -> ChamberProof:
    what = f"the {_PLACES.get(k, f'{k}th ')}largest of {n} numbers"
    where = f"of maxima of two sums of at most {degree} pairwise maxima"
    permutations = np.array(list(itertools.permutations(range(n))))
    atoms: list[Atom] = [(((0, 0),), ()), (((0, 1),), ())]
    atoms += [atom for d in range(1, degree + 1) for atom in _orbits(n, d)]
    tables = [_table(atom, permutations) for atom in atoms]
    planes = sorted({plane for table in tables for plane in table if plane[0] == "plane"})
    place = {("linear", (i,)): i for i in range(n)} | {plane: n + j for j, plane in enumerate(planes)}
    matrix = np.zeros((len(place), len(atoms)), dtype=np.int64)
    for j, table in enumerate(tables):
        for entry, weight in table.items():
            matrix[place[entry], j] = weight
    answer = solve_exactly(matrix, [int(i == k - 1) for i in range(len(place))])
    if isinstance(answer, Obstacle):
        reason = f"{what} is no linear combination {where}: exactly, for any real weights."
        return ChamberProof("excluded", reason, n, k, degree, None, len(atoms), len(place))
    weights = tuple((c, atoms[j]) for j, c in sorted(answer.items()))
    reason = f"{what} is a linear combination {where}, so two hidden layers are enough: exactly proved on a chamber."
    return ChamberProof("found", reason, n, k, degree, weights, len(atoms), len(place))


Entry = tuple[str, tuple[int, ...]]


def _table(atom: Atom, permutations: np.ndarray) -> dict[Entry, int]:
    """The atom summed over all permutations, on the chamber: hyperplane weights and linear part.

    Rank i stands for the (i + 1)-th largest input; a letter's value is the input of smaller rank.
    """
    tick("atoms")
    left, right = (_ranks(word, permutations) for word in atom)
    table: dict[Entry, int] = {}
    if not atom[1]:
        linear = left
    else:
        difference = left - right
        partial: np.ndarray = np.cumsum(difference, axis=1)  # of one sign iff the difference is, on the chamber
        above, below = np.all(partial >= 0, axis=1), np.all(partial <= 0, axis=1)
        linear = np.where(above[:, None], left, right)
        mixed = difference[~above & ~below]
        leading = mixed[np.arange(len(mixed)), (mixed != 0).argmax(axis=1)]
        # max(A, B) = B + relu(A - B) = A + relu(B - A): the one with a positive leading coefficient.
        linear[~above & ~below] = np.where(leading[:, None] > 0, right[~above & ~below], left[~above & ~below])
        mixed = mixed * np.sign(leading)[:, None]
        if len(mixed):
            scale = np.gcd.reduce(mixed, axis=1)
            planes, number = np.unique(mixed // scale[:, None], axis=0, return_inverse=True)
            weights = np.zeros(len(planes), dtype=np.int64)
            np.add.at(weights, number.ravel(), scale)
            for plane, weight in zip(planes.tolist(), weights.tolist(), strict=True):
                table["plane", tuple(plane)] = weight
    for i, weight in enumerate(linear.sum(axis=0).tolist()):
        table["linear", (i,)] = weight
    return table


def _ranks(word: Word, permutations: np.ndarray) -> np.ndarray:
    counts = np.zeros(permutations.shape, dtype=np.int64)
    rows = np.arange(len(permutations))
    for i, j in word:
        np.add.at(counts, (rows, np.minimum(permutations[:, i], permutations[:, j])), 1)
    return counts


def _orbits(n: int, degree: int) -> list[Atom]:
    """One atom of every orbit of the symmetric group: words of one length without a common letter."""
    letters = list(itertools.combinations_with_replacement(range(n), 2))
    words = list(itertools.combinations_with_replacement(letters, degree))
    first = {_canonical((word, ())): word for word in words}
    found = set()
    for word in first.values():
        tick()
        used = set(word)
        for other in words:
            if used.isdisjoint(other):
                found.add(min(_canonical((word, other)), _canonical((other, word))))
    return sorted(found)


def _canonical(atom: Atom) -> Atom:
    """The least renaming of an atom's points, among those that respect how often each occurs where."""
    kinds: dict[tuple, list[int]] = defaultdict(list)
    for point in sorted({i for word in atom for pair in word for i in pair}):
        kinds[tuple(tuple(sorted(i == j for i, j in word if point in (i, j))) for word in atom)].append(point)

    def renamed(orders: Iterable[Iterable[int]]) -> Atom:
        name = {point: i for i, point in enumerate(itertools.chain.from_iterable(orders))}
        words = ([(name[i], name[j]) for i, j in word] for word in atom)
        left, right = (tuple(sorted((min(pair), max(pair)) for pair in word)) for word in words)
        return left, right

    return min(map(renamed, itertools.product(*(itertools.permutations(kinds[kind]) for kind in sorted(kinds)))))
