"""Bounding on boxes: for networks that are too large for linear programs, on a box of few inputs."""

from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.bounding.question import Question
from relucirc.proof.boxes import NAME, decide_on_boxes
from relucirc.proof.boxes.pairs import pairs_of
from relucirc.proof.problem import Problem

INPUTS = 10
"""Most inputs: each is cut."""
HINGES = 100
"""Fewest hinges for which this is faster than linear programs: it compiles for some seconds."""
SHARE = 0.9
"""Share of the time that is left; linear programs have the rest."""


def decide(problem: Problem) -> Found:
    """Bounds violations on smaller and smaller boxes; says nothing about few hinges, or on what is no box."""
    gates = len(problem.left.gates) + len(problem.right.gates)
    if problem.violations is None or problem.n > INPUTS or gates < HINGES:
        return None
    ends = Question(problem.hinged.hinges, problem.relations, ()).box
    box = [(low[0], high[0]) for low, high in ends if low is not None and high is not None]
    if len(box) < problem.n or len(problem.hinged.hinges.atoms) < HINGES:
        return None
    try:
        with part_of_time(SHARE * seconds_left(1e9)) as clock:
            pairs = pairs_of(problem.left, problem.right, problem.hinged.evidence)
            found = decide_on_boxes(problem.hinged, box, problem.violations, clock, pairs)
    except OutOfBudget:
        return None
    if found is None or isinstance(found, Refuted):
        return found if found is None or problem.is_refuted_at(found.point) else None
    return Proved(NAME, {**problem.hinged.evidence, "boxes": found})
