"""Linear dependences between integer columns, by elimination modulo a prime."""

from collections.abc import Callable, Sequence

import numpy as np
from flint import fmpq

PRIME = 2**31 - 1
BOUND = 30_000
"""Numerators and denominators up to this are recovered from residues."""


def modular_relations(
    columns: Sequence[Sequence[int]], tick: Callable[[], None] = lambda: None
) -> dict[int, dict[int, fmpq]]:
    """Writes dependent columns over earlier independent ones; a proposal, to be verified exactly.

    Args:
        columns: Integer columns of one length, more rows than columns.
        tick: Called at every pivot; it may raise to stop.

    Returns:
        For every dependent column j the combination ``{i: coefficient}`` of independent columns i < j that
        equals it modulo a prime, with coefficients recovered as small fractions.  Columns whose
        coefficients are not small fractions are left out.
    """
    matrix = np.array([[value % PRIME for value in column] for column in columns], dtype=np.int64).T
    rows, count = matrix.shape
    pivots: list[int] = []
    r = 0
    for j in range(count):
        candidates = np.flatnonzero(matrix[r:, j]) if r < rows else np.array([], int)
        if not len(candidates):
            continue
        tick()
        k = r + int(candidates[0])
        matrix[[r, k]] = matrix[[k, r]]
        matrix[r] = matrix[r] * pow(int(matrix[r, j]), -1, PRIME) % PRIME
        factors = matrix[:, j].copy()
        factors[r] = 0
        others = np.flatnonzero(factors)
        tail = matrix[r, j:]
        matrix[others, j:] = (matrix[others, j:] - factors[others, None] * tail) % PRIME
        pivots.append(j)
        r += 1
    found: dict[int, dict[int, fmpq]] = {}
    independent = set(pivots)
    for j in range(count):
        if j in independent:
            continue
        terms: dict[int, fmpq] | None = {}
        for row, i in enumerate(pivots):
            residue = int(matrix[row, j])
            if residue:
                value = _fraction(residue)
                if value is None:
                    terms = None
                    break
                terms[i] = value
        if terms is not None:
            found[j] = terms
    return found


def _fraction(residue: int) -> fmpq | None:
    """Recovers p/q with small p and q from ``p * q^-1`` modulo the prime (Wang 1981)."""
    a, b, s, t = PRIME, residue, 0, 1
    while b > BOUND:
        quotient = a // b
        a, b, s, t = b, a - quotient * b, t, s - quotient * t
    return fmpq(b, t) if t and abs(t) <= BOUND else None
