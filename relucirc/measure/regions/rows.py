"""Equal rows of large integer matrices."""

import numpy as np


def grouped_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorts rows so that equal ones stand together, in order.

    Returns:
        The order, and for every place in it whether the row there differs from the one before.
    """
    order = np.lexsort(rows.T) if rows.size else np.arange(len(rows))
    differs = np.ones(len(order), bool)
    differs[1:] = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    return order, differs


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the distinct rows of an integer matrix in order of appearance.

    Returns:
        For every row its number, and for every number the first row that has it.
    """
    order, differs = grouped_rows(rows)
    first = order[differs]
    appearance = np.argsort(first)
    numbers = np.empty_like(order)
    numbers[order] = np.argsort(appearance)[np.cumsum(differs) - 1]
    return numbers, first[appearance]
