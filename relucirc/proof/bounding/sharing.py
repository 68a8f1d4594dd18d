"""Branch and bound in pieces: one for each violation, and for each part of the tree that is left by another piece.

A piece is a violation's number and the way to a part of its tree: at each division by which hinge, and to which part.
Who is given it searches there, one part after the other.  After so many steps what is left is given back; the tree has
gaps there, for the trees of those pieces.  Before that, all violations are looked for where they are likeliest, for
some steps, since a point refutes the claim.
"""

from collections.abc import Sequence
from typing import Any

from relucirc.core.budget import OutOfBudget, part_of_time
from relucirc.core.exact import text
from relucirc.core.graph import Relation
from relucirc.core.pieces import Outcome
from relucirc.proof.bounding.question import Question
from relucirc.proof.bounding.search import Search, Turn
from relucirc.proof.problem import Problem

EARLY, FEW, MANY = 6, 40, 500
"""So deep in the tree a piece is given back after a few steps, that soon all have work; deeper, after many."""
LIKELIEST = 1200
"""Steps in which a violation is looked for where it is likeliest."""
Asked = tuple[Problem, Sequence[Sequence[Relation]]]
"""A polyhedron, and what must not hold together on it."""


def search_part(asked: Asked, piece: list[Any], seconds: float | None) -> Outcome:
    """Searches a part of the tree of one violation.

    Returns:
        The violation's number and the tree there, in what comes before, between and after the pieces that are left;
        or a point of the violation.
    """
    number, way = piece
    search, left = _search(asked, number), []
    search.descend(way)
    if seconds is None:
        search.run()
    else:
        left = [[*way, *below] for below in search.explore(FEW if len(way) < EARLY else MANY)]
    return _outcome(number, search, left)


def look_first(asked: Asked, number: int, _: float | None) -> Outcome:
    """Looks for one violation where it is likeliest; finds nothing where that takes too many steps."""
    search = _search(asked, number)
    try:
        with part_of_time(1e9, LIKELIEST) as clock:
            search.run()
    except OutOfBudget:
        if clock.taken <= LIKELIEST:
            raise
        return Outcome(None)
    return _outcome(number, search)


def _search(asked: Asked, number: int) -> Search:
    problem, violations = asked
    return Search(Question(problem.hinged.hinges, problem.relations, tuple(violations[number])))


def _outcome(number: int, search: Search, left: Sequence[Sequence[Turn]] = ()) -> Outcome:
    """What was found, and the ways to what is left."""
    segments = search.segments() if search.point is None else None
    if segments is None:
        assert search.point is not None
        return Outcome([text(c) for c in search.point], final=True)
    return Outcome([number, segments], [[number, list(way)] for way in left])


def joined(outcomes: Sequence[Outcome], count: int) -> list[list[dict]]:
    """Writes the trees of so many violations, from outcomes in the order of the trees."""
    trees: list[list[dict]] = [[] for _ in range(count)]
    gaps: list[list[list[dict]]] = [[]]  # of each tree with gaps that are being filled, what comes after each gap
    for outcome in outcomes:
        number, (first, *others) = outcome.found
        trees[number] += first
        if others:
            gaps.append(others[::-1])
            continue
        while gaps[-1]:
            trees[number] += gaps[-1].pop()
            if gaps[-1]:
                break
            gaps.pop()
    return trees
