"""Bounding: no point of the cell breaks a relation, or makes the sides differ, by branch and bound.

Two sides are equal where neither ``left - right > 0`` nor ``right - left > 0`` happens.  So a cell of an equality is
closed as one of relations is; best where the sides differ in hinges that never bend on it, such as neurons that a
domain keeps silent, however many regions the others make.
"""

from collections.abc import Sequence
from math import comb

from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left
from relucirc.core.crew import is_shared
from relucirc.core.exact import ONE, rational
from relucirc.core.graph import Relation
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.bounding.sharing import joined, look_first, search_part
from relucirc.proof.problem import Problem

FEW_REGIONS = 100
"""So few regions of an equality are walked sooner."""
FIRST_SHARE, SHARE = 0.05, 0.4
"""Shares of the remaining time for an equality: before relations between hinges are looked for, and before regions."""
LONG = 600.0
"""Seconds of which they are shares where there are more."""


def decide(problem: Problem) -> Found:
    """Looks for a point with one violation after the other, and proves that there is none."""
    assert problem.violations is not None
    differences = problem.hinged.differences
    return _bounded(problem, [[Relation(differences[i], op) for i, op in some] for some in problem.violations])


def decide_equality(problem: Problem, share: float = FIRST_SHARE) -> Found:
    """Bounds differences on a polyhedron by 0 from above and from below; says nothing if it has few regions."""
    lowered = problem.hinged
    planes = len(lowered.hinges.reachable(lowered.differences))
    regions = sum(comb(planes, k) for k in range(problem.n + 1))  # as many as planes in general position make
    if not problem.constraints or lowered.is_equal or regions <= FEW_REGIONS:
        return None
    violations = [[Relation(d.scale(sign), ">")] for d in lowered.differences if d for sign in (ONE, -ONE)]
    try:
        with part_of_time(share * seconds_left(LONG)):
            return _bounded(problem, violations)
    except OutOfBudget:
        return None


def _bounded(problem: Problem, violations: Sequence[Sequence[Relation]]) -> Found:
    asked, open_, done = (problem, violations), list(range(len(violations))), list[Outcome]()
    if is_shared():
        first = solve(look_first, asked, open_)
        done = [outcome for outcome in first if outcome.found is not None]
        open_ = [i for i, outcome in enumerate(first) if outcome.found is None]
    if not (done and done[-1].final):
        done += solve(search_part, asked, [[i, []] for i in open_])
    if done and done[-1].final:
        return Refuted("bounding", tuple(map(rational, done[-1].found)))
    return Proved("bounding", {**problem.hinged.evidence, "bounding": joined(done, len(violations))})
