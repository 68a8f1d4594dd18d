"""Exact linear algebra on a few rows: what is new in a row, and a row as a combination of others."""

from collections.abc import Sequence

from flint import fmpq, fmpq_mat

from relucirc.exact import ZERO


def fresh_rows(known: Sequence[Sequence[fmpq]], rows: Sequence[Sequence[fmpq]]) -> list[list[fmpq]]:
    """Returns rows that, with the known ones, span all rows: what is new in each, by elimination."""
    echelon: list[tuple[int, list[fmpq]]] = []
    fresh = []
    for i, row in enumerate([*known, *rows]):
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
    count = len(rows)
    if not count:
        return None if any(target) else []
    if not len(target):
        return [ZERO] * count
    reduced, rank = fmpq_mat([[*column, t] for *column, t in zip(*rows, target, strict=True)]).rref()
    solution = [ZERO] * count
    for i in range(rank):
        j = next(j for j in range(count + 1) if reduced[i, j] != 0)
        if j == count:
            return None
        solution[j] = reduced[i, count]
    return solution
