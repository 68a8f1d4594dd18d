"""Exact linear algebra for the search: ranks and pivots modulo a prime, solutions over the rationals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpz, fmpz_mat

from relucirc.core.modular import PRIME, reduced


def independent_rows(matrix: np.ndarray) -> list[int]:
    """Returns rows that span all rows modulo a large prime, the first possible ones."""
    return reduced(matrix.T.tolist())[1]


@dataclass(frozen=True)
class Solution:
    """Coefficients of an exact solution, zeros left out."""

    coefficients: dict[int, fmpq]


@dataclass(frozen=True)
class Obstacle:
    """A row y with ``y . matrix = 0`` and ``y . target != 0``: no solution exists, over any field of numbers."""

    row: tuple[fmpz, ...]


def solve_exactly(matrix: np.ndarray, target: Sequence[int]) -> Solution | Obstacle:
    """Solves ``matrix @ x = target`` over the rationals, or shows that it cannot be done.

    A prime decides which columns and rows matter; the answer is then computed and verified over the
    integers, so that an unlucky prime costs time and never truth.
    """
    augmented = np.column_stack([matrix, np.asarray(target, dtype=np.int64)])
    columns = independent_rows(augmented.T)
    last = matrix.shape[1]
    solvable = last not in columns
    chosen = [j for j in columns if j != last]
    rows = independent_rows(augmented[:, columns])
    goal = [int(t) for t in target]
    if solvable:
        system = fmpz_mat([[int(matrix[i, j]) for j in chosen] for i in rows])
        right = fmpz_mat([[goal[i]] for i in rows])
        numerators, denominator = _solve(system, right)
        values = {j: fmpq(numerators[k], denominator) for k, j in enumerate(chosen) if numerators[k] != 0}
        if fits(matrix, values, goal):
            return Solution(values)
    obstacle = _left_kernel_row(matrix, goal)
    if obstacle is not None:
        return Obstacle(obstacle)
    raise ArithmeticError(f"the prime {PRIME} is unlucky for this system; use other points.")


def _solve(system: fmpz_mat, right: fmpz_mat) -> tuple[list[fmpz], fmpz]:
    solution = system.solve(right)  # fmpq_mat
    entries = [solution[i, 0] for i in range(solution.nrows())]
    denominator = fmpz(1)
    for c in entries:
        denominator = denominator.lcm(c.q)
    return [(c * denominator).p for c in entries], denominator


def fits(matrix: np.ndarray, values: dict[int, fmpq], goal: Sequence[int]) -> bool:
    """Returns whether the coefficients solve every equation, exactly."""
    denominator = fmpz(1)
    for c in values.values():
        denominator = denominator.lcm(c.q)
    whole = {j: int((c * denominator).p) for j, c in values.items()}
    total = np.zeros(matrix.shape[0], dtype=object)
    for j, c in whole.items():
        total = total + matrix[:, j].astype(object) * c
    return all(int(t) == int(denominator) * g for t, g in zip(total, goal, strict=True))


def _left_kernel_row(matrix: np.ndarray, goal: Sequence[int]) -> tuple[fmpz, ...] | None:
    """A row orthogonal to all columns but not to the target, verified over the integers."""
    augmented = np.column_stack([matrix, np.asarray(goal, dtype=np.int64)])
    last = matrix.shape[1]
    columns = independent_rows(augmented.T)
    if last not in columns:
        return None
    rows = independent_rows(augmented[:, columns])
    # Square and regular modulo the prime, so regular: y . (chosen columns) = 0 and y . target = 1.
    system = fmpz_mat([[int(augmented[i, j]) for i in rows] for j in columns])
    right = fmpz_mat([[int(j == last)] for j in columns])
    entries, _ = _solve(system, right)
    row = [fmpz(0)] * matrix.shape[0]
    for i, c in zip(rows, entries, strict=True):
        row[i] = c
    used = [i for i, c in enumerate(row) if c != 0]
    weights = np.array([int(row[i]) for i in used], dtype=object)
    images = weights @ matrix[used].astype(object)
    reaches = sum(int(row[i]) * goal[i] for i in used)
    return tuple(row) if not images.any() and reaches else None
