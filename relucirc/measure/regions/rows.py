"""Equal rows of large integer matrices: hashes propose, comparison decides."""

from collections.abc import Sequence

import numpy as np

CHUNK = 1 << 16
"""Rows that are looked at together."""


def row_hashes(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Mixes integer columns into one 64-bit hash per row."""
    hashes = np.zeros(len(columns[0]) if columns else 0, np.uint64)
    multipliers = np.random.default_rng(20220131).integers(2**62, 2**63, size=len(columns), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column, multiplier in zip(columns, multipliers, strict=True):
            hashes ^= column.astype(np.uint64)
            hashes *= multiplier * np.uint64(2) + np.uint64(1)
            hashes ^= hashes >> np.uint64(29)
    return hashes


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the distinct rows of an integer matrix in order of appearance.

    Returns:
        For every row its number, and for every number the first row that has it.
    """
    parts = [np.zeros(0, np.uint64)]
    for i in range(0, len(rows), CHUNK):
        chunk = rows[i : i + CHUNK]
        parts.append(row_hashes(list(chunk.T)) if rows.shape[1] else np.zeros(len(chunk), np.uint64))
    _, first, numbers = np.unique(np.concatenate(parts), return_index=True, return_inverse=True)
    if not _equal(rows, first[numbers]):  # two different rows share a hash
        _, first, numbers = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[numbers.reshape(-1)], first[order]


def _equal(rows: np.ndarray, partners: np.ndarray) -> bool:
    """Whether every row equals the one with the number beside it."""
    spans = (slice(i, i + CHUNK) for i in range(0, len(rows), CHUNK))
    return all((rows[span] == rows[partners[span]]).all() for span in spans)
