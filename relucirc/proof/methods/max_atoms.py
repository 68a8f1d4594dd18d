"""Max-atoms: the tropical normal form, with nested maxima flattened where that does not multiply.

Trees of minima and maxima, however they are associated, become one atom.
"""

from relucirc.core.budget import Budget
from relucirc.proof.problem import Answer, Problem, Proved


def decide(problem: Problem, budget: Budget) -> Answer:
    """Proves the equality when the flattened normal forms coincide."""
    budget.step()
    lowered = problem.flattened
    return Proved("max-atoms", lowered.evidence) if lowered.is_equal else None
