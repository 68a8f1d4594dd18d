"""Regions: cut the domain hinge by hinge until the difference has one hidden layer, then compare.

Exact and complete, exponential in the worst case: the last resort.  Only hinges that others depend
on are cut; on the cells that remain the difference is shallow, and its coefficients decide.  Inputs
that may be exchanged are put in order first.  Where the first layer compares inputs, the cells are
*chambers*, the orders of the inputs, and the leaves are tables of hyperplane weights.

On a domain that may have many regions, bounding goes first: perhaps most of them need no look.
"""

import time
from typing import Any

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, rational, text
from relucirc.core.forms import Form
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve
from relucirc.geometry.region import Region
from relucirc.geometry.shallow import settle
from relucirc.geometry.subdivision import Part, Thin, at_the_end_of, subdivide, way_to
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.methods import bounding
from relucirc.proof.methods.shallow import refuted
from relucirc.proof.methods.symmetry import ordered_pairs
from relucirc.proof.problem import Problem

Pairs = list[tuple[int, int]]
WHOLE = [[[], None]]
"""The piece that is everything: no cuts lead there."""


def decide(problem: Problem) -> Found:
    """Proves the equality on every region, or refutes it on one."""
    found = bounding.decide_equality(problem, bounding.SHARE)
    if found is not None:
        return found
    lowered = problem.hinged
    pairs = ordered_pairs(lowered.hinges, lowered.differences)
    tree: list = []
    for outcome in solve(settle_part, (problem, pairs), [WHOLE]):
        if outcome.final:
            point = outcome.found
            return None if point is None else Refuted("regions", tuple(map(rational, point)))
        tree += outcome.found
    evidence = {**lowered.evidence, "tree": tree}
    if pairs:
        evidence["symmetry"] = [list(pair) for pair in pairs]
    return Proved("regions", evidence)


def settle_part(question: tuple[Problem, Pairs], piece: list[Any], seconds: float | None) -> Outcome:
    """Settles the parts to which some cuts lead, one after the other.

    Returns:
        The tree below them as far as it goes in that time, and two pieces with what is left; or the point where the
        sides differ in the first region in which they do, None if none is found.
    """
    problem, pairs = question
    hinges, differences = problem.hinged.hinges, problem.hinged.differences
    start: Region | None = problem.region
    for i, j in pairs:
        start = start and start.restricted(Form({i: ONE, j: -ONE}))
    assert start is not None
    stack: list[Part] = [at_the_end_of(way, hinges, differences, start, shallow=True) for way in reversed(piece)]
    tree: list = []
    begun = time.monotonic()
    for part in subdivide(hinges, differences, stack, shallow=True):
        if isinstance(part, Region):
            tick("regions")
            settled = settle(hinges, differences, part)
            if not settled.is_zero:
                found = refuted("regions", problem, part.cell, settled, part.cell.interior_point())
                return Outcome(None if found is None else [text(c) for c in found.point], final=True)
            tree.append(settled.evidence)
        else:
            tree.append({"thin": part.region.multipliers(part.form)} if isinstance(part, Thin) else part)
        if seconds is not None and len(stack) > 1 and time.monotonic() - begun > seconds:
            ways = [way_to(left, start) for left in reversed(stack)]
            return Outcome(tree, [ways[:-1], ways[-1:]])  # what was put down first is about half of all
    return Outcome(tree)
