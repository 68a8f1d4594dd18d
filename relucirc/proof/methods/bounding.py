"""Bounding: no point of the cell breaks a relation, by branch and bound."""

from relucirc.core.graph import Relation
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.bounding.question import Question
from relucirc.proof.bounding.search import Search
from relucirc.proof.problem import Problem


def decide(problem: Problem) -> Found:
    """Looks for a point with one violation after the other, and proves that there is none."""
    assert problem.violations is not None
    lowered, trees = problem.hinged, []
    for violation in problem.violations:
        parts = tuple(Relation(lowered.differences[i], op) for i, op in violation)
        search = Search(Question(lowered.hinges, problem.relations, parts))
        search.run()
        tree = search.evidence() if search.point is None else None
        if tree is None:
            assert search.point is not None
            return Refuted("bounding", search.point)
        trees.append(tree)
    return Proved("bounding", {**lowered.evidence, "bounding": trees})
