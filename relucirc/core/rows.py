"""Exact linear algebra on a few rows: what is new in a row, a row as a combination of others, and kernels."""

from collections.abc import Sequence

from flint import fmpq, fmpq_mat

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO

Rows = Sequence[Sequence[fmpq]]


def dot(a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
    """Returns the sum of the products of two rows' entries."""
    return sum((x * y for x, y in zip(a, b, strict=True) if x and y), start=ZERO)


def echelon(rows: Rows) -> tuple[list[list[fmpq]], list[int]]:
    """Returns the non-zero rows of the reduced echelon form, and the columns of their pivots."""
    tick()
    if not rows or not len(rows[0]):
        return [], []
    matrix, rank = fmpq_mat([list(row) for row in rows]).rref()
    reduced = [[matrix[i, j] for j in range(len(rows[0]))] for i in range(rank)]
    return reduced, [next(j for j, c in enumerate(row) if c) for row in reduced]


def kernel(rows: Rows) -> list[list[fmpq]]:
    """Returns a basis of the vectors that all rows take to zero, one for every column without a pivot."""
    reduced, pivots = echelon(rows)
    found = []
    for free in sorted(set(range(len(rows[0]))) - set(pivots)):
        vector = [ZERO] * len(rows[0])
        vector[free] = ONE
        for row, pivot in zip(reduced, pivots, strict=True):
            vector[pivot] = -row[free]
        found.append(vector)
    return found


def fresh_rows(known: Rows, rows: Rows) -> list[list[fmpq]]:
    """Returns rows that, with the known ones, span all rows: what is new in each, zero at the pivots before it."""
    every = [*known, *rows]
    _, independent = echelon([*zip(*every, strict=True)])
    fresh = []
    for k, i in enumerate(independent):
        if i >= len(known):
            rest = list(every[i])
            for row, pivot in zip(*echelon([every[j] for j in independent[:k]]), strict=True):
                factor = every[i][pivot]
                rest = [a - factor * b if b else a for a, b in zip(rest, row, strict=True)] if factor else rest
            fresh.append(rest)
    return fresh


def solve_rows(target: Sequence[fmpq], rows: Rows) -> list[fmpq] | None:
    """Returns coefficients with ``target = sum c_i rows_i``, or None where the rows do not span the target."""
    return solve_all([target], rows)[0]


def solve_all(targets: Rows, rows: Rows) -> list[list[fmpq] | None]:
    """Solves for several targets at once; see :func:`solve_rows`."""
    count = len(rows)
    known, unknown, system = _settled([*zip(*rows, *targets, strict=True)], count)
    reduced, pivots = echelon(system)
    inside = sum(pivot < len(unknown) for pivot in pivots)
    found: list[list[fmpq] | None] = []
    for k in range(len(targets)):
        column = [row[len(unknown) + k] for row in reduced]
        if any(column[inside:]):  # what the rows do not reach
            found.append(None)
            continue
        solution = [ZERO] * count
        for i, values in known.items():
            solution[i] = values[k]
        for value, pivot in zip(column, pivots[:inside], strict=False):
            solution[unknown[pivot]] = value
        found.append(solution)
    return found


def _settled(system: Rows, count: int) -> tuple[dict[int, list[fmpq]], list[int], list[list[fmpq]]]:
    """Solves equations with one unknown, again and again: boxes and bounds leave hardly any other.

    Args:
        system: One row for every equation: factors of the unknowns, then right sides.
        count: How many unknowns there are.

    Returns:
        The unknowns that are told so, each with a value for every right side; the others; and the equations for those.
    """
    factors = [{i: c for i, c in enumerate(row[:count]) if c} for row in system]
    sides = [list(row[count:]) for row in system]
    users: dict[int, list[int]] = {}
    for e, terms in enumerate(factors):
        for i in terms:
            users.setdefault(i, []).append(e)
    known: dict[int, list[fmpq]] = {}
    single = [e for e, terms in enumerate(factors) if len(terms) == 1]
    while single:
        tick()
        e = single.pop()
        if not factors[e]:
            continue
        ((i, factor),) = factors[e].items()
        known[i] = values = [side / factor for side in sides[e]]
        for other in users[i]:
            c = factors[other].pop(i)
            sides[other] = [side - c * value for side, value in zip(sides[other], values, strict=True)]
            if len(factors[other]) == 1:
                single.append(other)
    unknown = [i for i in range(count) if i not in known]
    rest = [(terms, side) for terms, side in zip(factors, sides, strict=True) if terms or any(side)]
    return known, unknown, [[*(terms.get(i, ZERO) for i in unknown), *side] for terms, side in rest]
