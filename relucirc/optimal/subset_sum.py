"""Subset sums of rational vectors: which subset N has ``target + sum_N v_i = 0``, or why none has.

This is what the exact minimum for one hidden layer comes down to.  The answer is exact either way:

* *Lattice.*  If no integer combination of the vectors gives -target, a rational row y says so: every
  ``y.v_i`` is an integer and ``y.target`` is not, or every ``y.v_i`` is zero and ``y.target`` is not.
* *Independent parts.*  Vectors that share no coordinate are separate questions.
* *Search.*  Sums of both ends are built towards each other, equal sums once, hopeless sums never:
  all subsets, in the time of half of them.

The evidence for "none" is a list of rows: already in these coordinates no subset works.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat

from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.exact import ONE, ZERO, approximate
from relucirc.core.rows import dot

Vector = Sequence[fmpq]
MAX_SUMS = 300_000
"""Sums kept at each end of the search."""
MAX_LATTICE = 300
MAX_PROPOSED = 10**6


@dataclass(frozen=True)
class Subset:
    """The subset that works."""

    members: frozenset[int]


@dataclass(frozen=True)
class NoSubset:
    """Rows y_1, ..., y_r: the images ``y_j.target`` and ``y_j.v_i`` alone allow no subset."""

    rows: tuple[tuple[fmpq, ...], ...]


def subset_sum(target: Vector, vectors: Sequence[Vector], budget: Budget) -> Subset | NoSubset | None:
    """Finds a subset with ``target + sum = 0``, or shows that there is none; for too many sums None.

    Raises:
        OutOfBudget: When the time is over.
    """
    d = len(target)
    if not d:
        return Subset(frozenset())
    obstacle = _lattice(target, vectors)
    if obstacle is not None:
        return NoSubset((obstacle,))
    members: set[int] = set()
    undecided = False
    for coordinates, indices in _parts(vectors, d):
        part = [[vectors[i][c] for c in coordinates] for i in indices]
        found = _search([target[c] for c in coordinates], part, budget)
        if found is None:
            undecided = True
        elif not found:
            return NoSubset(tuple(_unit(c, d) for c in coordinates))
        else:
            members |= {indices[i] for i in found[0]}
    if undecided:
        proposal = _proposed(target, vectors, budget)
        return None if proposal is None else Subset(proposal)
    return Subset(frozenset(members))


def subset_in_time(target: Vector, vectors: Sequence[Vector], budget: Budget) -> Subset | NoSubset | None:
    """Returns the same, and gives up when the time is over."""
    try:
        return subset_sum(target, vectors, budget)
    except OutOfBudget:
        return None


def _unit(c: int, d: int) -> tuple[fmpq, ...]:
    return tuple(ONE if i == c else ZERO for i in range(d))


def _lattice(target: Vector, vectors: Sequence[Vector]) -> tuple[fmpq, ...] | None:
    """A row that shows -target to be no integer combination of the vectors, if it is none."""
    d = len(target)
    if max(d, len(vectors)) > MAX_LATTICE:
        return None
    scale = lcm(*(int(c.q) for v in vectors for c in v), 1)
    entries = [int((scale * c).p) for v in vectors for c in v]
    basis = fmpz_mat(len(vectors), d, entries).hnf() if vectors else fmpz_mat(0, d)
    rows = [[fmpq(basis[i, j], scale) for j in range(d)] for i in range(basis.nrows())]
    rows = [row for row in rows if any(row)]
    pivots = [next(j for j, c in enumerate(row) if c) for row in rows]
    dual = _dual(rows, pivots, d)
    for row in dual:
        value = dot(row, target)
        if value.q != 1:
            return row
    for j in set(range(d)) - set(pivots):
        left = [-row[j] for row in rows]
        row = tuple(sum((a * y[c] for a, y in zip(left, dual, strict=True)), start=_unit(j, d)[c]) for c in range(d))
        if dot(row, target):
            return row
    return None


def _dual(rows: list[list[fmpq]], pivots: list[int], d: int) -> list[tuple[fmpq, ...]]:
    """Rows y_i on the pivot coordinates with ``y_i . rows[j] = (i == j)``."""
    inverse = fmpq_mat([[row[p] for p in pivots] for row in rows]).inv().tolist() if rows else []
    columns = [dict(zip(pivots, column, strict=True)) for column in zip(*inverse, strict=True)]
    return [tuple(column.get(c, ZERO) for c in range(d)) for column in columns]


def _parts(vectors: Sequence[Vector], d: int) -> list[tuple[list[int], list[int]]]:
    """Connected parts: coordinates, and the vectors that are not zero on them."""
    from scipy.sparse import coo_array  # noqa: PLC0415  (slow to import)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    used = [[c for c in range(d) if v[c]] for v in vectors]
    links = [(row[0], c) for row in used for c in row[1:]]
    edges = coo_array((np.ones(len(links)), tuple(np.array(links, dtype=int).reshape(-1, 2).T)), (d, d))
    count, part = connected_components(edges, directed=False)
    parts: list[tuple[list[int], list[int]]] = [([], []) for _ in range(count)]
    for c in range(d):
        parts[part[c]][0].append(c)
    for i, row in enumerate(used):
        if row:
            parts[part[row[0]]][1].append(i)
    return parts


def _search(target: Vector, vectors: Sequence[Vector], budget: Budget) -> tuple[list[int]] | tuple[()] | None:
    """All subsets, from both ends: ``(members,)``, ``()`` for none, None when there are too many sums."""
    scale = lcm(*(int(c.q) for v in [target, *vectors] for c in v), 1)
    goal = tuple(int((scale * c).p) for c in target)
    steps = [tuple(int((scale * c).p) for c in v) for v in vectors]
    order = _order(steps)
    lows, highs = _reach([steps[i] for i in order])
    # `ahead` holds target + sums over order[:left]; `behind` holds what must be there, over order[right:].
    ahead: dict[tuple[int, ...], int] = {goal: 0}
    behind: dict[tuple[int, ...], int] = {(0,) * len(goal): 0}
    zero = (0,) * len(goal)
    left, right = 0, len(order)
    while left < right and zero not in ahead:  # what is left may be left out
        budget.step()
        forward = len(ahead) <= len(behind)
        grown = ahead if forward else behind
        if len(grown) > MAX_SUMS:
            return None
        i = order[left] if forward else order[right - 1]
        bit, step = 1 << i, steps[i] if forward else tuple(-c for c in steps[i])
        extended = dict(grown)
        for total, mask in grown.items():
            extended.setdefault(tuple(a + b for a, b in zip(total, step, strict=True)), mask | bit)
        if forward:
            left += 1
            low, high = lows[left], highs[left]
            ahead = {
                s: m for s, m in extended.items() if all(a <= -c <= b for a, c, b in zip(low, s, high, strict=True))
            }
            if not ahead:
                return ()
        else:
            right -= 1
            behind = extended
    small, large = sorted((ahead, behind), key=len)
    for total, mask in small.items():
        other = large.get(total)
        if other is not None:
            return ([i for i in range(len(steps)) if (mask | other) >> i & 1],)
    return ()


def _order(steps: Sequence[tuple[int, ...]]) -> list[int]:
    """Vectors coordinate by coordinate, rare coordinates first, so that sums are cut early."""
    if not steps:
        return []
    uses = [sum(1 for s in steps if s[c]) for c in range(len(steps[0]))]
    order: dict[int, None] = {}
    for c in sorted(range(len(uses)), key=uses.__getitem__):
        order.update((i, None) for i, s in enumerate(steps) if s[c])
    return list(order)


def _reach(steps: Sequence[tuple[int, ...]]) -> tuple[list[list[int]], list[list[int]]]:
    """For every position the least and largest sums, per coordinate, of the vectors from there on."""
    table = np.array(steps, dtype=object).reshape(len(steps), -1 if steps else 0)[::-1]
    start = np.zeros((1, table.shape[1]), dtype=object)
    lows, highs = (np.cumsum(np.vstack([start, part]), axis=0)[::-1] for part in (table.clip(max=0), table.clip(min=0)))
    return lows.tolist(), highs.tolist()


def _proposed(target: Vector, vectors: Sequence[Vector], budget: Budget) -> frozenset[int] | None:
    """A subset proposed by mixed-integer programming in floats, and verified exactly."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (only for the largest questions)

    if any(abs(c) > MAX_PROPOSED for v in [target, *vectors] for c in v):
        return None  # floats would not tell sums apart
    matrix = np.array([[approximate(c) for c in v] for v in vectors]).T
    right = -np.array([approximate(c) for c in target])
    limit = min(budget.remaining, 20.0)
    answer = milp(
        np.zeros(len(vectors)),
        integrality=np.ones(len(vectors)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, right, right),  # type: ignore[arg-type]  (SciPy's stubs say float)
        options={"time_limit": max(limit, 0.1)},
    )
    if answer.x is None:
        return None
    members = frozenset(int(i) for i in np.flatnonzero(answer.x > 0.5))
    totals = (sum((vectors[i][c] for i in members), start=target[c]) for c in range(len(target)))
    return None if any(totals) else members
