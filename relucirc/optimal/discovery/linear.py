"""Exact linear algebra for the search: ranks and pivots modulo a prime, solutions over the rationals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpz, fmpz_mat

from relucirc.core.exact import common_denominator
from relucirc.core.modular import PRIME, reduced


def independent_rows(matrix: np.ndarray) -> list[int]:
    """Returns rows that span all rows modulo a large prime, the first possible ones."""
    return reduced(matrix.T.tolist())[1]


Solution = dict[int, fmpq]
"""The coefficients of an exact solution by column, zeros left out."""


@dataclass(frozen=True)
class Obstacle:
    """A row y with ``y . matrix = 0`` and ``y . target != 0``: no solution exists, over any field of numbers."""

    row: tuple[fmpz, ...]


def solve_exactly(matrix: np.ndarray, target: Sequence[int]) -> Solution | Obstacle:
    """Solves ``matrix @ x = target`` over the rationals, or shows that it cannot be done.

    A prime decides which columns and rows matter; the answer is then computed and verified over the
    integers, so that an unlucky prime costs time and never truth.
    """
    goal = [int(t) for t in target]
    found = _solution(matrix, goal)
    if found is not None:
        return found
    row = _solution(np.column_stack([matrix, np.asarray(goal, dtype=np.int64)]).T, [0] * matrix.shape[1] + [1])
    if row is None:
        raise ArithmeticError(f"the prime {PRIME} is unlucky for this system; use other points.")
    scale = common_denominator(row.values())
    return Obstacle(tuple((row[i] * scale).p if i in row else fmpz(0) for i in range(matrix.shape[0])))


def _solution(matrix: np.ndarray, goal: list[int]) -> Solution | None:
    """A solution with independent columns, zeros left out, verified over the integers; None if none is seen."""
    augmented = np.column_stack([matrix, np.asarray(goal, dtype=np.int64)])
    columns = independent_rows(augmented.T)
    if matrix.shape[1] in columns:
        return None
    rows = independent_rows(augmented[:, columns])  # square and regular modulo the prime, so regular
    system = fmpz_mat([[int(matrix[i, j]) for j in columns] for i in rows])
    solved = system.solve(fmpz_mat([[goal[i]] for i in rows]))
    values = {j: solved[k, 0] for k, j in enumerate(columns) if solved[k, 0] != 0}
    return values if fits(matrix, values, goal) else None


def fits(matrix: np.ndarray, values: Solution, goal: Sequence[int]) -> bool:
    """Returns whether the coefficients solve every equation, exactly."""
    denominator = common_denominator(values.values())
    whole = np.array([int((c * denominator).p) for c in values.values()], dtype=object)
    total = matrix[:, list(values)].astype(object) @ whole if values else [0] * len(goal)
    return all(int(t) == denominator * g for t, g in zip(total, goal, strict=True))
