"""Regions: cut the polyhedron hinge by hinge until the difference is affine everywhere.

Exact and complete, exponential in the worst case: the last resort.  On each cell the hinge's form
is affine; if it has one sign there, Farkas multipliers say so, else the cell is cut in two.  A
leaf where the difference vanishes identically is done, any other leaf gives a counterexample.
"""

from collections.abc import Sequence

from flint import fmpq

from relucirc.budget import Budget
from relucirc.exact import ONE, ZERO, text
from relucirc.forms import Form
from relucirc.geometry.combination import cone_combination
from relucirc.problem import Answer, Problem, Proved, Refuted
from relucirc.subdivision import Cut, Part, Thin, subdivide


def decide(problem: Problem, budget: Budget) -> Answer:
    """Proves the equality on every region, or refutes it on one."""
    lowered = problem.hinged
    tree: list = []
    walk = subdivide(
        lowered.hinges, lowered.differences, problem.cell, problem.constraints, done=lambda forms: not any(forms)
    )
    for event in walk:
        budget.step()
        if isinstance(event, Cut):
            tree.append(event.atom)
        elif isinstance(event, Thin):
            tree.append({"thin": _multipliers(event.constraint, event.constraints, problem.n)})
        else:
            budget.step("regions")
            if any(event.part.forms):
                return Refuted("regions", _point_of_difference(event.part))
            tree.append("equal")
    return Proved("regions", {**lowered.evidence, "tree": tree})


def _multipliers(constraint: Form, constraints: Sequence[Form], n: int) -> list:
    """Multipliers that show ``constraint >= 0`` to have no interior together with the others.

    The last index is the constraint itself; the combination is a constant <= 0.
    """
    vectors = [[c.const, *(c.coefficient(v) for v in range(n))] for c in constraints]
    slack = [ONE, *[ZERO] * n]
    target = [-constraint.const, *(-constraint.coefficient(v) for v in range(n))]
    multipliers = cone_combination(target, [*vectors, slack]).multipliers
    assert multipliers is not None
    used = [[i, text(m)] for i, m in enumerate(multipliers[:-1]) if m]
    return [*used, [len(constraints), "1"]]


def _point_of_difference(part: Part) -> tuple[fmpq, ...]:
    """A point inside the cell where an affine difference that is not zero does not vanish."""
    difference = next(d for d in part.forms if d)
    centre = part.cell.interior_point()
    if difference.evaluate(centre):
        return centre
    for vertex in part.cell.vertices:
        middle = tuple((a + b) / 2 for a, b in zip(centre, vertex, strict=True))
        if difference.evaluate(middle):
            return middle
    for move in [*part.cell.directions, *(line[1:] for line in part.cell.lines)]:
        moved = tuple(c + fmpq(m) for c, m in zip(centre, move, strict=True))
        if difference.evaluate(moved):
            return moved
    raise AssertionError("a non-zero affine form vanishes on no full-dimensional cell")
