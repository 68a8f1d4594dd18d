"""Non-negative combinations for larger systems: floats propose the support, exact arithmetic decides."""

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import seconds_left
from relucirc.core.exact import ZERO, approximate
from relucirc.core.rows import solve_rows

Vector = Sequence[fmpq]
NOISE = 1e-9
SECONDS = 10.0


def proposed_combination(target: Vector, generators: Sequence[Vector]) -> list[fmpq] | None:
    """Writes the target as a non-negative combination of the generators, if floats find a basis for it.

    None means that none was found, not that there is none.
    """
    from scipy.optimize import linprog  # noqa: PLC0415  (slow to import, seldom needed)

    matrix = np.array([[approximate(c) for c in g] for g in generators]).T
    wanted = np.array([approximate(c) for c in target])
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-300)
    matrix, wanted = matrix / scale[:, None], wanted / scale
    if not (np.isfinite(matrix).all() and np.isfinite(wanted).all()):
        return None
    options = {"time_limit": seconds_left(SECONDS)}
    found = linprog(
        np.ones(len(generators)), A_eq=matrix, b_eq=wanted, bounds=(0, None), method="highs-ds", options=options
    )
    if found.status != 0:
        return None
    support = [i for i, m in enumerate(found.x) if m > NOISE]
    values = solve_rows(target, [generators[i] for i in support])
    if values is None or any(v.p < 0 for v in values):
        return None
    multipliers = [ZERO] * len(generators)
    for i, value in zip(support, values, strict=True):
        multipliers[i] = value
    return multipliers
