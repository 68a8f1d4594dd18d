"""Search: structured and random points, floats to propose and exact arithmetic to decide.

Most wrong claims fail at a point with small coordinates; looking there first is cheap, and gives
witnesses that people can read.
"""

from relucirc.core.budget import Budget
from relucirc.proof.problem import Answer, Problem, Refuted
from relucirc.proof.witness import small_points, suspicious_points

EXACT_TERMS = 6_000
"""Terms evaluated exactly at the small points, all together."""


def decide(problem: Problem, budget: Budget) -> Answer:
    """Refutes the equality at a small, a structured or a random point; never proves."""
    terms = 1 + sum(len(form.terms) for graph in (problem.left, problem.right) for form in graph.forms)
    most = min(64, max(4, EXACT_TERMS // terms))
    for points in (small_points(problem, most), suspicious_points(problem)):
        for point in points:
            budget.step("points")
            if problem.differ_at(point):
                return Refuted("search", point)
    return None
