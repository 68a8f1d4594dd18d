"""Branch and bound in pieces: one for each violation, and for each part of the tree that turns out to be large.

A piece is a violation's number and the way to a part of its tree, as the numbers of the parts at each division.  Who
is given it divides again along that way, which is always the same, and searches below.  A piece that takes too many
steps is given back as the two parts of its first division: how it is divided stands in the tree either way.
"""

from collections.abc import Sequence
from typing import Any

from relucirc.core.budget import OutOfBudget, part_of_time
from relucirc.core.exact import text
from relucirc.core.graph import Relation
from relucirc.core.pieces import Outcome
from relucirc.proof.bounding.question import Question
from relucirc.proof.bounding.search import Search
from relucirc.proof.problem import Problem

EARLY, FEW, MANY = 6, 40, 2000
"""So deep in the tree a piece is given back after a few steps, that soon all have work; deeper, after many."""
Asked = tuple[Problem, Sequence[Sequence[Relation]]]
"""A polyhedron, and what must not hold together on it."""


def search_part(asked: Asked, piece: list[Any], seconds: float | None) -> Outcome:
    """Searches a part of the tree of one violation.

    Returns:
        The violation's number and the tree there, or how it is divided and two pieces; or a point of the violation.
    """
    (problem, violations), (number, way) = asked, piece
    search = Search(Question(problem.hinged.hinges, problem.relations, tuple(violations[number])))
    search.descend(way)
    limit = None if seconds is None else FEW if len(way) < EARLY else MANY
    try:
        with part_of_time(1e9, limit) as clock:
            search.run()
            tree = search.evidence() if search.point is None else None
    except OutOfBudget:
        if limit is None or clock.taken <= limit or search.root.by is None:
            raise
        return Outcome([number, search.head()], [[number, [*way, side]] for side in (0, 1)])
    if tree is None:
        assert search.point is not None
        return Outcome([text(c) for c in search.point], final=True)
    return Outcome([number, tree])
