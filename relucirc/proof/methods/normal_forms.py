"""Normal forms: two sides with the same atoms and coefficients are the same function.

In hinges first; then in max-atoms, the tropical normal form, with nested maxima flattened where that
does not multiply: trees of minima and maxima, however they are associated, become one atom.
"""

from relucirc.core.budget import tick
from relucirc.proof.answers import Found, Proved
from relucirc.proof.problem import Problem


def by_hinges(problem: Problem) -> Found:
    """Proves the equality when the hinge normal forms coincide."""
    tick()
    lowered = problem.hinged
    return Proved("normal form", lowered.evidence) if lowered.is_equal else None


def by_max_atoms(problem: Problem) -> Found:
    """Proves the equality when the flattened normal forms coincide."""
    tick()
    lowered = problem.flattened
    return Proved("max-atoms", lowered.evidence) if lowered.is_equal else None
