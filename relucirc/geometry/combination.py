"""Farkas' lemma, exactly: a target is a non-negative combination of generators, or is separated.

For every target t and generators g_1, ..., g_m exactly one holds: t = sum l_i g_i with l >= 0, or
some s has s.g_i >= 0 for all i and s.t < 0.  Phase one of the simplex method over the rationals,
with Bland's rule (which cannot cycle), decides which and returns the evidence for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.exact import ONE, ZERO

Vector = Sequence[fmpq]


@dataclass(frozen=True)
class Combination:
    """Multipliers l >= 0 with ``target = sum l_i g_i``, or None and the separating vector."""

    multipliers: list[fmpq] | None
    separator: list[fmpq] | None


def cone_combination(target: Vector, generators: Sequence[Vector]) -> Combination:
    """Writes the target as a non-negative combination of the generators, or separates it."""
    rows, flips = _tableau(target, generators)
    count, dim = len(generators), len(target)
    basis = [count + i for i in range(dim)]
    cost = [-sum((row[j] for row in rows), start=ZERO) for j in range(count)]
    cost += [ZERO] * dim + [-sum((row[-1] for row in rows), start=ZERO)]
    while True:
        entering = next((j for j in range(count) if cost[j].p < 0), None)
        if entering is None:
            break
        leaving = _ratio_test(rows, basis, entering)
        _pivot(rows, cost, leaving, entering)
        basis[leaving] = entering
    if cost[-1] != 0:
        return Combination(None, [flip * (cost[count + i] - 1) for i, flip in enumerate(flips)])
    multipliers = [ZERO] * count
    for i, j in enumerate(basis):
        if j < count:
            multipliers[j] = rows[i][-1]
    return Combination(multipliers, None)


def _tableau(target: Vector, generators: Sequence[Vector]) -> tuple[list[list[fmpq]], list[fmpq]]:
    """Rows ``[generators | identity | target]`` with a non-negative right-hand side."""
    rows, flips = [], []
    for i, t in enumerate(target):
        flip = -ONE if t.p < 0 else ONE
        unit = [ONE if k == i else ZERO for k in range(len(target))]
        rows.append([flip * g[i] if g[i] else ZERO for g in generators] + unit + [flip * t])
        flips.append(flip)
    return rows, flips


def _ratio_test(rows: list[list[fmpq]], basis: list[int], entering: int) -> int:
    best, best_ratio = -1, ZERO
    for i, row in enumerate(rows):
        if row[entering].p > 0:
            ratio = row[-1] / row[entering]
            if best < 0 or ratio < best_ratio or (ratio == best_ratio and basis[i] < basis[best]):
                best, best_ratio = i, ratio
    return best  # phase one is bounded below by zero, so some row always qualifies


def _pivot(rows: list[list[fmpq]], cost: list[fmpq], r: int, c: int) -> None:
    scale = ONE / rows[r][c]
    rows[r] = pivot_row = [scale * v if v else ZERO for v in rows[r]]
    for i, row in enumerate(rows):
        if i != r and row[c]:
            factor = row[c]
            rows[i] = [v - factor * p if p else v for v, p in zip(row, pivot_row, strict=True)]
    factor = cost[c]
    cost[:] = [v - factor * p if p else v for v, p in zip(cost, pivot_row, strict=True)]
