"""Few atoms: sparse solutions of a linear system, proposed in floats and recomputed exactly.

L1 minimisation gives vertices, and weighting each column by the inverse of its last coefficient makes
them sparser (Candes, Wakin and Boyd 2008).  Where weights shall be small multiples of 1/2, a
mixed-integer program looks for them on that grid.  Either way the support is solved exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from flint import fmpq

from relucirc.core.budget import LONG, seconds_left, tick
from relucirc.optimal.discovery.linear import Obstacle, Solution, fits, independent_rows, solve_exactly

ROUNDS = 5
LETTER_PRICE = 0.01
LETTER_LIMIT = 8
NODES = 5
"""Most nodes of a mixed-integer program: what it finds, it mostly finds in the first, and seconds would not be the same
twice."""
TIME_OR_STEPS, FEASIBLE = 1, 2
"""What linprog says where a limit ended it, and HiGHS of what it found."""
GAP = 0.5
"""Less than an atom cannot be saved."""
_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "mip_max_nodes": NODES,
    "mip_abs_gap": GAP,
    "mip_rel_gap": 0.0,
}


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


def sparse_solutions(system: System) -> Iterator[Solution]:
    """Yields exact solutions of small support, by reweighted L1 minimisation.

    Raises:
        OutOfBudget: When the time is over.
    """
    from scipy.optimize import linprog  # noqa: PLC0415  (slow to import)

    used, prices, columns, right = _reduced(system)
    both_signs = _with_negatives(columns)
    rng = np.random.default_rng(1)
    weights = prices.copy()
    seen: set[frozenset[int]] = set()
    for _ in range(ROUNDS):
        tick()
        answer = linprog(
            np.concatenate([weights, weights]),
            A_eq=both_signs,
            b_eq=right,
            bounds=(0, None),
            method="highs",
            options={"time_limit": seconds_left(LONG)},
        )
        if answer.x is None or answer.status == TIME_OR_STEPS:
            tick()
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


def grid_solution(system: System, denominator: int, limit: int) -> tuple[Solution | None, bool]:
    """Looks for an exact solution with few atoms, weights in {-limit, ..., limit} / denominator.

    Returns:
        The solution, if one was found, and whether it ended by itself: the time did not end it.
    """
    used, prices, columns, right = _reduced(system)
    finer = np.where(prices > LETTER_PRICE, denominator, 2 * denominator)  # halves of words, see Orbits
    most = np.where(prices > LETTER_PRICE, limit, LETTER_LIMIT * finer).astype(float)
    solver: Any = highspy.Highs.__mro__[1]()  # the solver itself: Highs() prints who it is
    for name, value in {**_OPTIONS, "time_limit": seconds_left(LONG)}.items():
        solver.setOptionValue(name, value)
    solver.passModel(_program(_with_negatives(columns / finer), right, prices, most))
    solver.run()
    ended = solver.getModelStatus() != highspy.HighsModelStatus.kTimeLimit
    if solver.getInfo().primal_solution_status != FEASIBLE:
        return None, ended
    values = np.array(solver.getSolution().col_value)
    x = np.rint(values[: len(used)] - values[len(used) :]).astype(int)
    found = {int(used[j]): fmpq(int(x[j]), int(finer[j])) for j in np.flatnonzero(x)}
    return (found if fits(system.matrix, found, [int(t) for t in system.target]) else None), ended


def _program(matrix: Any, right: np.ndarray, prices: np.ndarray, most: np.ndarray) -> highspy.HighsLp:
    """The least price of whole numbers, those of either sign apart, that solve all equations."""
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_, model.col_upper_ = np.concatenate([prices, prices]), np.concatenate([most, most])
    model.col_lower_ = np.zeros(matrix.shape[1])
    model.row_lower_ = model.row_upper_ = right
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    model.integrality_ = [highspy.HighsVarType.kInteger] * matrix.shape[1]
    return model


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
