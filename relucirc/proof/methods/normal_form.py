"""Normal form: two sides with the same hinges and coefficients are the same function."""

from relucirc.core.budget import Budget
from relucirc.proof.problem import Answer, Problem, Proved


def decide(problem: Problem, budget: Budget) -> Answer:
    """Proves the equality when the hinge normal forms coincide."""
    budget.step()
    lowered = problem.hinged
    return Proved("normal form", lowered.evidence) if lowered.is_equal else None
