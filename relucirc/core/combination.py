"""Farkas' lemma, exactly: a target is a non-negative combination of generators, or is separated.

For every target t and generators g_1, ..., g_m exactly one holds: t = sum l_i g_i with l >= 0, or
some s has s.g_i >= 0 for all i and s.t < 0.  Phase one of the revised simplex method over the
rationals, with Bland's rule (which cannot cycle), decides which and returns the evidence for it.
In larger systems floats propose the evidence first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO
from relucirc.core.proposed import proposed

Vector = Sequence[fmpq]
Sparse = Sequence[tuple[int, fmpq]]
SMALL = 400
"""Systems of so many numbers are solved exactly at once, which takes milliseconds."""


@dataclass(frozen=True)
class Combination:
    """Multipliers l >= 0 with ``target = sum l_i g_i``, or None and the separating vector."""

    multipliers: list[fmpq] | None
    separator: list[fmpq] | None


def cone_combination(target: Vector, generators: Sequence[Vector], *, thorough: bool = True) -> Combination:
    """Writes the target as a non-negative combination of the generators, or separates it.

    Unless it shall be thorough, neither is given for a larger system where floats propose nothing that is exactly so.
    """
    if len(target) * len(generators) > SMALL:
        found = Combination(*proposed(target, generators, separate=thorough))
        if not thorough or found.multipliers is not None or found.separator is not None:
            return found
    return _simplex(target, generators)


def _simplex(target: Vector, generators: Sequence[Vector]) -> Combination:
    count, dim = len(generators), len(target)
    sparse = [[(i, c) for i, c in enumerate(g) if c] for g in generators]
    basis = [count + i for i in range(dim)]  # vector count + i is e_i or -e_i, and is to leave
    inverse = [[ZERO] * dim for _ in range(dim)]
    for i, t in enumerate(target):
        inverse[i][i] = -ONE if t.p < 0 else ONE
    amounts = [abs(t) for t in target]
    while True:
        tick()
        prices = [ZERO] * dim
        for j, row in zip(basis, inverse, strict=True):
            if j >= count:
                prices = [p + c if c else p for p, c in zip(prices, row, strict=True)]
        entering = next((j for j, g in enumerate(sparse) if _dot(prices, g).p > 0), None)
        if entering is None:
            break
        column = [_dot(row, sparse[entering]) for row in inverse]
        # Phase one is bounded below by zero, so some row qualifies.
        leaving = min((amounts[i] / c, basis[i], i) for i, c in enumerate(column) if c.p > 0)[2]
        _pivot(inverse, amounts, column, leaving)
        basis[leaving] = entering
    if any(amount for j, amount in zip(basis, amounts, strict=True) if j >= count):
        return Combination(None, [-p for p in prices])
    multipliers = [ZERO] * count
    for j, amount in zip(basis, amounts, strict=True):
        if j < count:
            multipliers[j] = amount
    return Combination(multipliers, None)


def _dot(vector: Vector, sparse: Sparse) -> fmpq:
    total = ZERO
    for i, c in sparse:
        if vector[i]:
            total = total + vector[i] * c
    return total


def _pivot(inverse: list[list[fmpq]], amounts: list[fmpq], column: Vector, r: int) -> None:
    """Brings the column of the entering vector to ``e_r``."""
    scale = ONE / column[r]
    inverse[r] = pivot_row = [scale * v if v else ZERO for v in inverse[r]]
    amounts[r] = scale * amounts[r]
    for i, factor in enumerate(column):
        if i != r and factor:
            inverse[i] = [v - factor * p if p else v for v, p in zip(inverse[i], pivot_row, strict=True)]
            amounts[i] = amounts[i] - factor * amounts[r]
