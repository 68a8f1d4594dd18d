"""Equal rows of large integer matrices: hashes propose, comparison decides."""

from collections.abc import Callable, Sequence

import numpy as np

CHUNK = 1 << 16
"""Rows that are looked at together."""

Columns = Callable[[np.ndarray], Sequence[np.ndarray]]
"""Gives the columns of some rows, so that the whole matrix need not exist."""


def row_hashes(columns: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Mixes integer columns into one 64-bit hash per row."""
    hashes = np.zeros(count, np.uint64)
    multipliers = np.random.default_rng(20220131).integers(2**62, 2**63, size=len(columns), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column, multiplier in zip(columns, multipliers, strict=True):
            hashes ^= column.astype(np.uint64)
            hashes *= multiplier * np.uint64(2) + np.uint64(1)
            hashes ^= hashes >> np.uint64(29)
    return hashes


def grouped_rows(count: int, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Sorts rows so that equal ones stand together, in order.

    Returns:
        The order, and for every place in it whether the row there differs from the one before.
    """
    spans = [np.arange(i, min(i + CHUNK, count)) for i in range(0, count, CHUNK)]
    hashes = np.concatenate([np.zeros(0, np.uint64), *(row_hashes(columns(span), len(span)) for span in spans)])
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    differs = np.ones(count, bool)
    differs[1:] = hashes[1:] != hashes[:-1]
    for span in spans:
        at = span[~differs[span]]
        if any((a != b).any() for a, b in zip(columns(order[at]), columns(order[at - 1]), strict=True)):
            break  # two different rows share a hash
    else:
        return order, differs
    order = np.lexsort(columns(np.arange(count)))
    differs[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns(order)])
    return order, differs


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the distinct rows of an integer matrix in order of appearance.

    Returns:
        For every row its number, and for every number the first row that has it.
    """
    order, differs = grouped_rows(len(rows), lambda at: list(rows[at].T))
    first = order[differs]
    appearance = np.argsort(first)
    rank = np.empty_like(first)
    rank[appearance] = np.arange(len(first))
    numbers = np.empty_like(order)
    numbers[order] = rank[np.cumsum(differs) - 1]
    return numbers, first[appearance]
