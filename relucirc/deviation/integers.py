"""Integer points of cells: whether there are any."""

from collections import deque
from collections.abc import Collection, Sequence

from flint import fmpq

from relucirc.budget import tick
from relucirc.exact import ONE
from relucirc.forms import Form
from relucirc.geometry.feasible import feasibility
from relucirc.graph import Relation


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
