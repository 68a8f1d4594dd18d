"""Regions: cut the domain hinge by hinge until the difference has one hidden layer, then compare.

Exact and complete, exponential in the worst case: the last resort.  Only hinges that others depend
on are cut; on the cells that remain the difference is shallow, and its coefficients decide.  Inputs
that may be exchanged are put in order first.  Where the first layer compares inputs, the cells are
*chambers*, the orders of the inputs, and the leaves are tables of hyperplane weights.

On a domain that may have many regions, bounding goes first: perhaps most of them need no look.
"""

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.geometry.region import Region
from relucirc.geometry.shallow import settle
from relucirc.geometry.subdivision import Thin, subdivide
from relucirc.proof.answers import Found, Proved
from relucirc.proof.methods import bounding
from relucirc.proof.methods.shallow import refuted
from relucirc.proof.methods.symmetry import ordered_pairs
from relucirc.proof.problem import Problem


def decide(problem: Problem) -> Found:
    """Proves the equality on every region, or refutes it on one."""
    found = bounding.decide_equality(problem, bounding.SHARE)
    if found is not None:
        return found
    lowered = problem.hinged
    hinges, differences = lowered.hinges, lowered.differences
    pairs = ordered_pairs(hinges, differences)
    start: Region | None = problem.region
    for i, j in pairs:
        start = start and start.restricted(Form({i: ONE, j: -ONE}))
    assert start is not None
    tree: list = []
    for part in subdivide(hinges, differences, start, shallow=True):
        if isinstance(part, Region):
            tick("regions")
            settled = settle(hinges, differences, part)
            if not settled.is_zero:
                return refuted("regions", problem, part.cell, settled, part.cell.interior_point())
            tree.append(settled.evidence)
        else:
            tree.append({"thin": part.region.multipliers(part.form)} if isinstance(part, Thin) else part)
    evidence = {**lowered.evidence, "tree": tree}
    if pairs:
        evidence["symmetry"] = [list(pair) for pair in pairs]
    return Proved("regions", evidence)
