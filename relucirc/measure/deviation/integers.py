"""Integer points of cells: whether there are any, and where to cut between them."""

from collections import deque
from collections.abc import Collection, Sequence

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.geometry.lattice import Cut
from relucirc.language.domain import Domain


def cut_between(relations: Sequence[Relation], point: Sequence[fmpq], integers: Collection[int]) -> Cut | None:
    """A cut along a side of a cell or piece that has a fractional value at a point of it, if there is one.

    Unlike cuts at the inputs, cuts along the sides come to an end in strips that are not bounded.
    """
    for relation in relations:
        form = Form(relation.form.terms)
        if form.terms and set(form.terms) <= set(integers):
            _, whole = form.primitive()
            value = whole.evaluate(point)
            if value.q != 1:
                return Cut.near(whole, value)
    return None


def has_integer_point(relations: Sequence[Relation], n: int, integers: Collection[int]) -> bool:
    """Whether relations have a solution in which some inputs are integers: breadth first, so that one is found.

    Relations of integer inputs alone are rounded to what their forms take, which empties strips between integers.
    Where there is no solution, and the polyhedron is not bounded, the search may still not end.
    """
    integers = frozenset(integers)
    pending = deque([Domain(tuple(relations), integers).rounded])
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
