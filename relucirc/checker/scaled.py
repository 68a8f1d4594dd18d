"""Hinges as integers: the forms of a derivation over variables that are never negative, for exact arithmetic in BLAS.

Three exact changes of variables first, in rationals.  An input is ``x = low + (high - low) t`` with ``t`` in [0, 1].
A hinge ``h = relu(l)`` may be *flipped*: with ``g = relu(-l)``, ``h = g + l``, and a layered network regains its
layers whatever signs the normal form chose.  And each is divided by a positive number, a power of two so that in one
level the terms of all forms add up to about the same, in absolute value, at a few points, and the largest value there
is about 1; any positive numbers would do.  Now every variable is ``t_i`` or ``g_k = relu(m_k)``; all are ``>= 0``; and
``m_k`` is affine in those of lower *levels* (a level is one more than the highest that its form reads).

Hinges ``g = relu(m)`` and ``g' = relu(m')`` of one level may be a *pair*: then ``g'`` is divided by a given multiple of
what ``g`` is divided by, so that both are about the same, and ``m' - m`` is a form of the level like those of hinges.

Then integers.  In one level, ``2^p m_k = sum_j (W_kj + 2^-FINE w_kj + r_kj) v_j + B_k + r_k``, with ``W`` the nearest
integers, of at most ``WEIGHT_BITS`` bits, and ``w`` those nearest to what is left; ``B`` are floats.  Of the
remainders ``r`` the absolute values are kept, rounded up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from flint import fmpq

from relucirc.checker.data import require
from relucirc.checker.linear import UNIT, Linear, affine, minus, mix, replace

WEIGHT_BITS = 24
"""Most bits of an integer weight, and most places behind the point."""
EXACT_BITS = 53
"""Whole numbers below ``2^53``, and all sums and products of whole numbers that stay below, are exact in float64."""
FINE = 20
"""Places of the second part of a weight."""
POINTS = 64
"""How many points say how large hinges are."""
LEAST = 0.25
"""Variables count as if their mean at these points were at least so much."""
LEAST_RATIO = fmpq(1, 1 << 60)
"""The second hinge of a pair is not divided by less, or by as much more, than its own size says."""
ONE = fmpq(1)
Box = Sequence[tuple[fmpq, fmpq]]
Pair = tuple[int, int, fmpq]
"""Two hinges, and by how much more than the first the second is divided."""
Blocks = dict[int, np.ndarray]
"""A matrix by blocks of columns: under 0 the inputs, under L the hinges of level L; a block of zeros is left out."""


@dataclass(frozen=True)
class Level:
    """The integers of one level's forms; see the module.

    Attributes:
        places: ``p``.
        weights: ``W``, by blocks; first the rows of hinges, then those of the differences of pairs.
        fine: ``w``, by the same blocks.
        constants: ``B``.
        spill: ``|r_kj|``, by the same blocks.
        rest: ``|r_k|``.
        pairs: How many there are: their hinges ``g`` come first, then their ``g'``, then all others.
    """

    places: int
    weights: Blocks
    fine: Blocks
    constants: np.ndarray
    spill: Blocks
    rest: np.ndarray
    pairs: int = 0

    @cached_property
    def stacked(self) -> Blocks:
        """``W`` and ``w`` side by side."""
        return {b: np.concatenate([w, self.fine[b]], axis=1) for b, w in self.weights.items()}

    @property
    def hinges(self) -> int:
        """How many rows are those of hinges."""
        return len(self.constants) - self.pairs

    def largest_sum(self) -> float:
        """The most that a row of integers, times these, can add up to, for each unit of its largest entry."""
        fine = [np.abs(block) for block in self.fine.values()]
        both = [np.abs(w) + f * 2.0**-FINE for w, f in zip(self.weights.values(), fine, strict=True)]
        return max([0.0, *(block.sum(0).max(initial=0.0) for block in [*both, *fine])]) + 2.0**self.places + 1.0


@dataclass
class Scaled:
    """A derivation's hinges over non-negative variables.

    Attributes:
        n: Number of inputs.
        box: What each input ranges over.
        forms: ``m_k`` over ``t`` and ``g``, not yet divided, by hinge.
        hinges: The hinges of every level, first level first.
        flipped: ``h_k - g_k`` for flipped hinges, over the new variables.
        pairs: By the second hinge of each pair, the first, and the multiple by which the second is divided.
        divisors: By hinge, what it is divided by.
        levels: The levels that have been made integers.
    """

    n: int
    box: Box
    forms: list[Linear]
    hinges: list[list[int]]
    flipped: dict[int, Linear]
    pairs: dict[int, tuple[int, fmpq]] = field(default_factory=dict)
    divisors: dict[int, fmpq] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)

    @staticmethod
    def of(atoms: Sequence[Sequence[Linear]], box: Box, flips: Sequence[bool], pairs: Sequence[Pair] = ()) -> "Scaled":
        """Changes the variables of a derivation's atoms, which must be hinges."""
        n = len(box)
        require(len(flips) == len(atoms), "not every hinge is said to be flipped or not")
        forms: list[Linear] = []
        scaled = Scaled(n, box, forms, [], {})
        level: dict[int, int] = {}
        for k, elements in enumerate(atoms):
            require(len(elements) == 1, f"atom {k} is no hinge")
            form = scaled.rewritten(elements[0])
            if flips[k]:
                scaled.flipped[n + k] = form
                form = minus({}, form)
            forms.append(form)
            level[n + k] = 1 + max((level[v] for v in form if v >= n), default=0)
            scaled.hinges += [[]] * (level[n + k] - len(scaled.hinges))
            scaled.hinges[level[n + k] - 1] = [*scaled.hinges[level[n + k] - 1], k]
        for first, second, ratio in pairs:
            require(level[n + first] == level[n + second], "a pair of hinges is not of one level")
            require(ratio > 0, "the ratio of a pair is not positive")
            scaled.pairs[second] = first, ratio
        firsts = {first for first, _ in scaled.pairs.values()}
        require(len(firsts | scaled.pairs.keys()) == 2 * len(pairs), "a hinge is in two pairs")
        for i, hinges in enumerate(scaled.hinges):
            seconds = [k for k in hinges if k in scaled.pairs]
            rest = [k for k in hinges if k not in scaled.pairs and k not in firsts]
            scaled.hinges[i] = [*(scaled.pairs[k][0] for k in seconds), *seconds, *rest]
        points = [spread(n)]
        for _ in scaled.hinges:
            scaled._add_level(points)
        return scaled

    def rewritten(self, form: Linear) -> Linear:
        """Returns a form over inputs and hinges as one over the new variables, not yet divided."""
        values = {v: mix(((fmpq(1), {v: fmpq(1)}), (fmpq(1), self.flipped[v]))) for v in form if v in self.flipped}
        opened = {v: affine(((v, high - low), (UNIT, low))) for v, (low, high) in enumerate(self.box) if v in form}
        return replace(form, {**opened, **values})

    def _add_level(self, points: list[np.ndarray]) -> None:
        """Chooses what the next level's hinges are divided by, by values at points, and makes integers of the forms.

        Args:
            points: Values of the inputs and of every lower level; those of this level are added.
        """
        hinges = self.hinges[len(self.levels)]
        place = self.places()
        values = np.zeros((len(points[0]), len(hinges)))
        for i, k in enumerate(hinges):
            form = self.divided(self.forms[k])
            size = max((_bits(c) for c in form.values()), default=0)
            total = 0.0
            for v, c in form.items():
                block, j = place.get(v, (-1, 0))
                value = np.ones(len(values)) if v == UNIT else points[block][:, j]
                share = _float(c * _power(-size))
                values[:, i] += share * value
                total += abs(share) * max(float(value.mean()), LEAST)
            here = int(np.frexp(total)[1])
            values[:, i] *= 2.0**-here
            self.divisors[k] = _power(here + size)
        common = int(np.frexp(np.abs(values).max(initial=0.0))[1])
        for k in hinges:
            self.divisors[k] *= _power(common)
        values *= 2.0**-common
        count = sum(k in self.pairs for k in hinges)
        for i, j in zip(range(count), range(count, 2 * count), strict=True):
            divisor = self.divisors[hinges[i]] * self.pairs[hinges[j]][1]
            change = self.divisors[hinges[j]] / divisor
            require(LEAST_RATIO <= change <= 1 / LEAST_RATIO, "the hinges of a pair are of too different sizes")
            values[:, j] *= _float(change)
            self.divisors[hinges[j]] = divisor
        points.append(np.maximum(values, 0.0))
        rows = [self.divided(self.forms[k], self.divisors[k]) for k in hinges]
        rows += [minus(rows[count + i], rows[i]) for i in range(count)]
        self.levels.append(self._integers(rows, count))

    def _integers(self, rows: Sequence[Linear], pairs: int) -> Level:
        largest = max((_bits(c) for row in rows for c in row.values()), default=0)
        places = WEIGHT_BITS - max(0, largest)
        require(places >= 0, "the weights of a level are of too different sizes")
        unit = fmpq(1 << places)
        matrix, fine, spill = ([np.zeros((len(rows), size)) for size in self.sizes()] for _ in range(3))
        constants, rest = np.zeros(len(rows)), np.zeros(len(rows))
        place = self.places()
        for i, row in enumerate(rows):
            for v, c in row.items():
                exact = c * unit
                if v == UNIT:
                    constants[i] = _float(exact)
                    rest[i] = _above(exact - _exactly(constants[i]))
                else:
                    block, j = place[v]
                    whole = matrix[block][i, j] = _nearest(exact)
                    small = fine[block][i, j] = _nearest((exact - whole) * (1 << FINE))
                    spill[block][i, j] = _above(exact - whole - fmpq(small, 1 << FINE))
        used = [b for b, m in enumerate(matrix) if m.any() or spill[b].any()]
        blocks = [{b: m[b] for b in used} for m in (matrix, fine, spill)]
        return Level(places, blocks[0], blocks[1], constants, blocks[2], rest, pairs)

    def sizes(self) -> list[int]:
        """The numbers of variables: the inputs, and every level that is made integers."""
        return [self.n, *(len(self.hinges[i]) for i in range(len(self.levels)))]

    def places(self) -> dict[int, tuple[int, int]]:
        """The block and the column of every variable."""
        found = {v: (0, v) for v in range(self.n)}
        for i in range(len(self.levels)):
            found.update({self.n + k: (i + 1, j) for j, k in enumerate(self.hinges[i])})
        return found

    def divided(self, form: Linear, divisor: fmpq = ONE) -> Linear:
        """Returns a form over the divided variables, itself divided by a number."""
        return {v: c * (self.divisors[v - self.n] if v >= self.n else ONE) / divisor for v, c in form.items()}


def spread(n: int) -> np.ndarray:
    """Some points of the unit cube, always the same."""
    steps = np.sqrt(np.arange(2, n + 2) + 1 / np.e)
    return np.concatenate([np.full((1, n), 0.5), np.outer(np.arange(POINTS), steps) % 1.0])


def _power(exponent: int) -> fmpq:
    return fmpq(1 << exponent) if exponent >= 0 else fmpq(1, 1 << -exponent)


def _bits(c: fmpq) -> int:
    """An exponent with ``|c| <= 2^exponent``."""
    return abs(int(c.p)).bit_length() - int(c.q).bit_length() + 1


def _nearest(c: fmpq) -> int:
    return int((2 * c.p + c.q) // (2 * c.q))


def _exactly(value: float) -> fmpq:
    return fmpq(*float(value).as_integer_ratio())


def _above(c: fmpq) -> float:
    """A float that is not less than a number's absolute value."""
    return float(np.nextafter(_float(abs(c)), np.inf)) if c else 0.0


def _float(c: fmpq) -> float:
    return int(c.p) / int(c.q)
