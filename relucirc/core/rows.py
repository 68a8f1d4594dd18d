"""Exact linear algebra on a few rows: what is new in a row, and a row as a combination of others."""

from collections.abc import Sequence

from flint import fmpq, fmpq_mat, nmod_mat

from relucirc.core.budget import tick
from relucirc.core.exact import ZERO, common_denominator

PRIME = (1 << 61) - 1


def fresh_rows(known: Sequence[Sequence[fmpq]], rows: Sequence[Sequence[fmpq]]) -> list[list[fmpq]]:
    """Returns rows that, with the known ones, span all rows: what is new in each, by elimination."""
    echelon: list[tuple[int, list[fmpq]]] = []
    fresh = []
    for i, row in enumerate([*known, *rows]):
        tick()
        rest = list(row)
        for pivot, other in echelon:
            if rest[pivot]:
                factor = rest[pivot] / other[pivot]
                rest = [a - factor * b for a, b in zip(rest, other, strict=True)]
        pivot = next((j for j, c in enumerate(rest) if c), None)
        if pivot is not None:
            echelon.append((pivot, rest))
            if i >= len(known):
                fresh.append(rest)
    return fresh


def solve_rows(target: Sequence[fmpq], rows: Sequence[Sequence[fmpq]]) -> list[fmpq] | None:
    """Returns coefficients with ``target = sum c_i rows_i``, or None where the rows do not span the target."""
    return solve_all([target], rows)[0]


def solve_all(targets: Sequence[Sequence[fmpq]], rows: Sequence[Sequence[fmpq]]) -> list[list[fmpq] | None]:
    """Solves for several targets at once; see :func:`solve_rows`."""
    count = len(rows)
    if not count:
        return [None if any(target) else [] for target in targets]
    if not targets or not len(targets[0]):
        return [[ZERO] * count for _ in targets]
    columns = [*zip(*rows, strict=True)]
    ends = [*zip(*targets, strict=True)]
    reduced, rank = fmpq_mat([[*column, *end] for column, end in zip(columns, ends, strict=True)]).rref()
    pivots = [next(j for j in range(count + len(targets)) if reduced[i, j] != 0) for i in range(rank)]
    inside = sum(pivot < count for pivot in pivots)
    found: list[list[fmpq] | None] = []
    for k in range(len(targets)):
        if any(reduced[i, count + k] != 0 for i in range(inside, rank)):  # what the rows do not reach
            found.append(None)
            continue
        solution = [ZERO] * count
        for i, pivot in enumerate(pivots[:inside]):
            solution[pivot] = reduced[i, count + k]
        found.append(solution)
    return found


def likely_pivots(rows: Sequence[Sequence[fmpq]]) -> list[int]:
    """Columns that are independent, and very likely as many as there are: pivots modulo a large prime.

    Residues of integer multiples of the rows: what is independent modulo the prime is independent.
    """
    if not rows or not len(rows[0]):
        return []
    entries: list[int] = []
    for row in rows:
        tick()
        scale = common_denominator(c for c in row if c)
        entries += [int((c * scale).p) % PRIME if c else 0 for c in row]
    reduced, rank = nmod_mat(len(rows), len(rows[0]), entries, PRIME).rref()
    pivots, j = [], 0
    for i in range(rank):
        while int(reduced[i, j]) == 0:
            j += 1
        pivots.append(j)
        j += 1
    return pivots
