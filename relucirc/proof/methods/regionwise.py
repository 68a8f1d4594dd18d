"""Regions: cut the domain hinge by hinge until the difference has one hidden layer, then compare.

Exact and complete, exponential in the worst case: the last resort.  Only hinges that others depend
on are cut; on the cells that remain the difference is shallow, and its coefficients decide.  Inputs
that may be exchanged are put in order first.  Where the first layer compares inputs, the cells are
*chambers*, the orders of the inputs, and the leaves are tables of hyperplane weights.
"""

from collections.abc import Iterator

from relucirc.core.budget import Budget
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.proof.methods.shallow import Settled, is_shallow, points_of_difference, settle
from relucirc.proof.methods.symmetry import ordered_pairs
from relucirc.proof.problem import Answer, Lowered, Problem, Proved, Refuted


def decide(problem: Problem, budget: Budget) -> Answer:
    """Proves the equality on every region, or refutes it on one."""
    return decide_lowered(problem, problem.hinged, budget)


def decide_lowered(problem: Problem, lowered: Lowered, budget: Budget) -> Answer:
    """The same for differences that were lowered, and perhaps reduced, before."""
    hinges, differences = lowered.hinges, lowered.differences
    if any(not hinges.atoms[k].is_hinge for k in hinges.reachable(differences)):
        return None
    pairs = ordered_pairs(hinges, differences)
    order = [Form({i: ONE, j: -ONE}) for i, j in pairs]
    start = Region.of([*problem.constraints, *order], problem.n)
    assert start is not None
    tree: list = []
    stack: list[Region | dict] = [start]
    while stack:
        region = stack.pop()
        budget.step()
        if isinstance(region, dict):
            tree.append(region)
            continue
        forms = [region.resolve(form) for form in differences]
        atom = _next_cut(hinges, forms, region)
        if atom is None:
            budget.step("regions")
            settled = settle(hinges, forms, region)
            if not settled.is_zero:
                return _refuted(problem, region, settled)
            tree.append(settled.evidence)
            continue
        tree.append(atom)
        stack.extend(_parts(hinges, atom, region))
    evidence = {**lowered.evidence, "tree": tree}
    if pairs:
        evidence["symmetry"] = [list(pair) for pair in pairs]
    return Proved("regions", evidence)


def _refuted(problem: Problem, region: Region, settled: Settled) -> Answer:
    for point in points_of_difference(region.cell, settled, region.cell.interior_point()):
        if problem.differ_at(point):
            return Refuted("regions", point)
    return None


def _next_cut(hinges: HingeGraph, forms: list[Form], region: Region) -> int | None:
    """The lowest open atom that another open one depends on; None where the forms are shallow."""
    if is_shallow(hinges, forms, region.decided):
        return None
    n = hinges.n
    reached: set[int] = set()
    stack = [v for form in forms for v in form.terms if v >= n]
    needed: set[int] = set()
    while stack:
        v = stack.pop()
        if v in reached or v in region.decided:
            continue
        reached.add(v)
        below = {u for u in hinges.atom(v).elements[0].terms if u >= n and u not in region.decided}
        needed |= below
        stack.extend(below)
    return min(needed) - n


def _parts(hinges: HingeGraph, atom: int, region: Region) -> Iterator["Region | dict"]:
    """The parts of a cut in reverse order: where the hinge's form is ``<= 0``, then ``>= 0``."""
    v = hinges.n + atom
    form = region.resolve(hinges.atoms[atom].elements[0])
    if form.is_constant:
        yield region.decide(v, form if form.const.p > 0 else Form())
        return
    above, below = region.cut(form)
    # A side without interior is thin: the form is of the other sign on the whole region.
    yield {"thin": region.multipliers(form)} if below is None else below.decide(v, Form())
    yield {"thin": region.multipliers(-form)} if above is None else above.decide(v, form)
