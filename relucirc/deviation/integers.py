"""Integer points of cells: whether there are any."""

from collections import deque
from collections.abc import Collection, Sequence
from math import gcd

from flint import fmpq

from relucirc.budget import tick
from relucirc.chart import Chart
from relucirc.exact import ONE, common_denominator
from relucirc.forms import Form
from relucirc.geometry.feasible import feasibility
from relucirc.graph import Relation


def excludes_integers(chart: Chart, integers: Collection[int]) -> bool:
    """Whether the equalities of a chart keep some integer input from being an integer, by divisibility.

    An input ``(a_0 + sum a_i x_i) / d`` over integers x_i takes integer values iff gcd(a_1, ..., d)
    divides a_0; as 1/2 does not, nor 2 x + 1/2.
    """
    for v in integers:
        form = chart.forms[v]
        if any(chart.free[k] not in integers for k in form.terms):
            continue
        scale = common_denominator([*form.terms.values(), form.const])
        if int((form.const * scale).p) % gcd(scale, *(int((c * scale).p) for c in form.terms.values())):
            return True
    return False


def has_integer_point(relations: Sequence[Relation], n: int, integers: Collection[int]) -> bool:
    """Whether relations have a solution in which some inputs are integers: breadth first, so that one is found.

    Where there is none, and the polyhedron is not bounded, the search may not end.
    """
    pending = deque([tuple(relations)])
    while pending:
        tick("cells")
        here = pending.popleft()
        point = feasibility(here, n).point
        if point is None:
            continue
        v = next((v for v in sorted(integers) if point[v].q != 1), None)
        if v is None:
            return True
        floor = fmpq(int(point[v].p) // int(point[v].q))
        for form in (Form({v: -ONE}, floor), Form({v: ONE}, -floor - 1)):
            pending.append((*here, Relation(form, ">=")))
    return False
