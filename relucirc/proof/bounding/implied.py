"""Bounds of single inputs that several constraints give together: floats propose a number, a combination proves it."""

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import seconds_left, tick
from relucirc.core.exact import ONE, approximate
from relucirc.core.feasible import nonnegative_multipliers
from relucirc.core.forms import Form
from relucirc.core.graph import Relation

End = tuple[fmpq, list[tuple[int, fmpq]]]
"""A bound of an input, and the multiples of constraints that give it."""
ROOM = 2.0**-16
"""By how much, relatively, a bound may be larger than what floats say."""
SECONDS = 10.0


def implied_end(relations: Sequence[Relation], n: int, v: int, side: int) -> End | None:
    """Bounds an input from above (side 1) or from below (side -1), if the constraints do and floats see it."""
    from scipy.optimize import linprog  # noqa: PLC0415  (slow to import, needed where a domain is no box)

    tick()
    used = [i for i, relation in enumerate(relations) if relation.op != "==" and relation.form.terms]
    forms = [relations[i].form for i in used]
    rows = np.array([[approximate(form.coefficient(u)) for u in range(n)] for form in forms]).reshape(len(forms), n)
    ends = np.array([approximate(form.const) for form in forms])
    if not (np.isfinite(rows).all() and np.isfinite(ends).all()):
        return None
    cost = np.zeros(n)
    cost[v] = -side
    options = {"time_limit": seconds_left(SECONDS)}
    found = linprog(cost, A_ub=-rows, b_ub=ends, bounds=(None, None), method="highs-ds", options=options)
    if found.status != 0:
        return None
    most = -found.fun
    bound = _rounded_up(most + ROOM * (1.0 + abs(most)))
    multipliers = nonnegative_multipliers(Form({v: fmpq(-side)}, bound), forms, n)
    if multipliers is None:
        return None
    # side * x <= bound: where several constraints would do, the simplex method has chosen at most n of them
    return side * bound, [(i, m) for i, m in zip(used, multipliers, strict=True) if m]


def _rounded_up(value: float) -> fmpq:
    """A short number that is a little larger."""
    scale = fmpq(1 << 20) if abs(value) < 1 << 20 else ONE
    return fmpq(int(np.ceil(value * float(int(scale.p))))) / scale
