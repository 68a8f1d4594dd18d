"""Search: structured and random points, floats to propose and exact arithmetic to decide.

Most wrong claims fail at a point with small coordinates; looking there first is cheap, and gives
witnesses that people can read.
"""

from relucirc.budget import Budget
from relucirc.problem import Answer, Problem, Refuted
from relucirc.witness import candidates, float_differences

EXACT_POINTS = 64


def decide(problem: Problem, budget: Budget) -> Answer:
    """Refutes the equality at a small, a structured or a random point; never proves."""
    points = candidates(problem)
    suspicious = float_differences(problem.left, problem.right, points)
    for point in [*points[:EXACT_POINTS], *(points[i] for i in suspicious)]:
        budget.step("points")
        if problem.differ_at(point):
            return Refuted("search", point)
    return None
