"""Linear algebra modulo a large prime: proposals about integer matrices, to be verified exactly.

What is independent modulo the prime is independent; what is dependent modulo it very likely is.
"""

from collections.abc import Sequence

from flint import fmpq, nmod_mat

from relucirc.core.budget import tick
from relucirc.core.exact import common_denominator

PRIME = (1 << 61) - 1
BOUND = 1 << 29
"""Numerators and denominators up to this are recovered from residues."""


def reduced(rows: Sequence[Sequence[int]]) -> tuple[nmod_mat, list[int]]:
    """Returns the reduced echelon form of an integer matrix modulo the prime, and the columns of its pivots."""
    entries = [int(c) % PRIME for row in rows for c in row]
    tick()
    matrix, rank = nmod_mat(len(rows), len(rows[0]) if rows else 0, entries, PRIME).rref()
    pivots, j = [], 0
    for i in range(rank):
        while int(matrix[i, j]) == 0:
            j += 1
        pivots.append(j)
        j += 1
    return matrix, pivots


def likely_pivots(rows: Sequence[Sequence[fmpq]]) -> list[int]:
    """Columns of a rational matrix that are independent, and very likely as many as there are."""
    whole = []
    for row in rows:
        tick()
        scale = common_denominator(c for c in row if c)
        whole.append([int((c * scale).p) if c else 0 for c in row])
    return reduced(whole)[1]


def modular_relations(columns: Sequence[Sequence[int]]) -> dict[int, dict[int, fmpq]]:
    """Writes dependent columns over earlier independent ones.

    Args:
        columns: Integer columns of one length, more rows than columns.

    Returns:
        For every dependent column j the combination ``{i: coefficient}`` of independent columns i < j that
        equals it modulo the prime, with coefficients recovered as small fractions.  Columns whose
        coefficients are not small fractions are left out.
    """
    matrix, pivots = reduced([*zip(*columns, strict=True)])
    found: dict[int, dict[int, fmpq]] = {}
    for j in sorted(set(range(len(columns))) - set(pivots)):
        terms = {i: _fraction(int(matrix[row, j])) for row, i in enumerate(pivots) if int(matrix[row, j])}
        known = {i: c for i, c in terms.items() if c is not None}
        if len(known) == len(terms):
            found[j] = known
    return found


def _fraction(residue: int) -> fmpq | None:
    """Recovers p/q with small p and q from ``p * q^-1`` modulo the prime (Wang 1981)."""
    a, b, s, t = PRIME, residue, 0, 1
    while b > BOUND:
        quotient = a // b
        a, b, s, t = b, a - quotient * b, t, s - quotient * t
    return fmpq(b, t) if t and abs(t) <= BOUND else None
