"""Few atoms: sparse solutions of a linear system, proposed in floats and recomputed exactly.

L1 minimisation gives vertices, and weighting each column by the inverse of its last coefficient makes
them sparser (Candes, Wakin and Boyd 2008).  Where weights shall be small multiples of 1/2, a
mixed-integer program looks for them on that grid.  Either way the support is solved exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.budget import Budget, seconds_left
from relucirc.optimal.discovery.linear import Obstacle, Solution, fits, independent_rows, solve_exactly

ROUNDS = 5
LETTER_PRICE = 0.01
LETTER_LIMIT = 8


@dataclass(frozen=True)
class System:
    """``matrix @ x = target``, columns with prices; the last ``letters`` columns are almost free."""

    matrix: np.ndarray
    target: np.ndarray
    prices: np.ndarray
    letters: int

    @staticmethod
    def of(matrix: np.ndarray, target: np.ndarray, sizes: np.ndarray) -> "System":
        """Prices orbits by size."""
        letters = matrix.shape[1] - len(sizes)
        return System(matrix, target, np.concatenate([sizes, np.full(letters, LETTER_PRICE)]), letters)


def sparse_solutions(system: System, budget: Budget) -> Iterator[Solution]:
    """Yields exact solutions of small support, by reweighted L1 minimisation."""
    from scipy.optimize import linprog  # noqa: PLC0415  (slow to import)

    used, prices, columns, right = _reduced(system)
    both_signs = _with_negatives(columns)
    rng = np.random.default_rng(1)
    weights = prices.copy()
    seen: set[frozenset[int]] = set()
    for _ in range(ROUNDS):
        if budget.remaining <= 0:
            return
        answer = linprog(
            np.concatenate([weights, weights]),
            A_eq=both_signs,
            b_eq=right,
            bounds=(0, None),
            method="highs",
            options={"time_limit": seconds_left(min(budget.remaining, 1e6))},
        )
        if answer.x is None:
            return
        x = answer.x[: len(used)] - answer.x[len(used) :]
        support = frozenset(int(used[j]) for j in np.flatnonzero(np.abs(x) > 1e-7))
        if support not in seen:
            seen.add(support)
            solution = _on_support(system, sorted(support))
            if solution is not None:
                yield solution
        weights = prices / (np.abs(x) + 0.05 * rng.uniform(0.5, 1.5, size=len(used)))
        weights[prices <= LETTER_PRICE] = LETTER_PRICE


def grid_solution(system: System, denominator: int, limit: int, seconds: float) -> Solution | None:
    """Returns an exact solution with few atoms, weights in {-limit, ..., limit} / denominator."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415

    used, prices, columns, right = _reduced(system)
    finer = np.where(prices > LETTER_PRICE, denominator, 2 * denominator)  # halves of words, see Orbits
    bounds = np.where(prices > LETTER_PRICE, limit, LETTER_LIMIT * finer).astype(float)
    answer = milp(
        np.concatenate([prices, prices]),
        constraints=LinearConstraint(_with_negatives(columns / finer), right, right),
        integrality=np.ones(2 * len(used)),
        bounds=Bounds(np.zeros(2 * len(used)), np.concatenate([bounds, bounds])),  # type: ignore[arg-type]
        options={"time_limit": max(seconds, 0.05)},
    )
    if answer.x is None:
        return None
    x = np.rint(answer.x[: len(used)] - answer.x[len(used) :]).astype(int)
    found = {int(used[j]): fmpq(int(x[j]), int(finer[j])) for j in np.flatnonzero(x)}
    return found if fits(system.matrix, found, [int(t) for t in system.target]) else None


def _reduced(system: System) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The columns that are not zero, their prices, and independent equations of these, both sides."""
    rows = independent_rows(np.column_stack([system.matrix, system.target]))
    used = np.flatnonzero(np.abs(system.matrix).max(axis=0, initial=0) > 0)
    return used, system.prices[used], system.matrix[rows][:, used].astype(float), system.target[rows].astype(float)


def _with_negatives(columns: np.ndarray) -> Any:
    from scipy.sparse import csc_array  # noqa: PLC0415  (slow to import)

    return csc_array(np.hstack([columns, -columns]))


def _on_support(system: System, support: list[int]) -> Solution | None:
    answer = solve_exactly(system.matrix[:, support], [int(t) for t in system.target])
    return None if isinstance(answer, Obstacle) else {support[j]: c for j, c in answer.items()}
