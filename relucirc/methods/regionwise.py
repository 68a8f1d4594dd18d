"""Regions: cut the polyhedron hinge by hinge until the difference is affine everywhere.

Exact and complete, exponential in the worst case: the last resort.  On each cell the hinge's form
is affine; if it has one sign there, Farkas multipliers say so, else the cell is cut in two.  A
leaf where the difference vanishes identically is done, any other leaf gives a counterexample.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.budget import Budget
from relucirc.exact import ONE, ZERO, text
from relucirc.forms import Form
from relucirc.geometry.cell import Cell, normal_of
from relucirc.geometry.combination import cone_combination
from relucirc.hinges import HingeGraph
from relucirc.problem import Answer, Problem, Proved, Refuted


@dataclass(frozen=True)
class _Node:
    """A cell with what is known there: constraints cut so far, values of decided atoms."""

    cell: Cell
    constraints: tuple[Form, ...]
    decided: dict[int, Form]
    differences: tuple[Form, ...]


def decide(problem: Problem, budget: Budget) -> Answer:
    """Proves the equality on every region, or refutes it on one."""
    lowered = problem.hinged
    hinges, n = lowered.hinges, problem.n
    tree: list = []
    stack: list[_Node | list] = [_Node(problem.cell, problem.constraints, {}, lowered.differences)]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            tree.append({"thin": node})
            continue
        if not any(node.differences):
            budget.step("regions")
            tree.append("equal")
            continue
        atom = _next_atom(node, n, hinges)
        if atom is None:
            budget.step("regions")
            return Refuted("regions", _point_of_difference(node))
        tree.append(atom)
        form = hinges.atoms[atom].elements[0].substitute(node.decided.get)
        if form.is_constant:
            stack.append(_decide(node, node.cell, n + atom, form if form.const.p > 0 else Form()))
            continue
        positive, negative = node.cell.cut(normal_of(form, n))
        for part, constraint, value in ((negative, -form, Form()), (positive, form, form)):
            if part is None:
                stack.append(_thin(constraint, node.constraints, n))
            else:
                stack.append(_decide(node, part, n + atom, value, constraint))
    return Proved("regions", {**lowered.evidence, "tree": tree})


def _next_atom(node: _Node, n: int, hinges: HingeGraph) -> int | None:
    """The undecided atom lowest in the graph that the differences still depend on."""
    open_atoms = hinges.reachable(node.differences)
    return next((k for k in open_atoms if n + k not in node.decided), None)


def _decide(node: _Node, cell: Cell, v: int, value: Form, *constraints: Form) -> _Node:
    """The node for a part of the cell on which the atom v has a known affine value."""
    decided = {**node.decided, v: value}
    differences = tuple(d.substitute(decided.get) for d in node.differences)
    return _Node(cell, (*node.constraints, *constraints), decided, differences)


def _thin(constraint: Form, constraints: Sequence[Form], n: int) -> list:
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


def _point_of_difference(node: _Node) -> tuple[fmpq, ...]:
    """A point inside the cell where an affine difference that is not zero does not vanish."""
    difference = next(d for d in node.differences if d)
    centre = node.cell.interior_point()
    if difference.evaluate(centre):
        return centre
    for vertex in node.cell.vertices:
        middle = tuple((a + b) / 2 for a, b in zip(centre, vertex, strict=True))
        if difference.evaluate(middle):
            return middle
    moves = [*node.cell.directions, *(line[1:] for line in node.cell.lines)]
    for move in moves:
        moved = tuple(c + fmpq(m) for c, m in zip(centre, move, strict=True))
        if difference.evaluate(moved):
            return moved
    raise AssertionError("a non-zero affine form vanishes on no full-dimensional cell")
