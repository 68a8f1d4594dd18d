"""Farkas' lemma for larger systems: floats propose a basis, exact arithmetic decides.

Phase one, ``min |u|`` with ``t = sum l_i g_i + u`` and ``l >= 0``, ends with a basis for either answer.  At
u = 0 the multipliers that are not zero belong to independent generators.  Else the prices y, with which
every ``y.g_i <= 0 < y.t``, are told by the generators of price zero and the entries that are 1 or -1.
"""

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import seconds_left, tick
from relucirc.core.exact import ONE, ZERO, approximate
from relucirc.core.rows import dot, solve_rows

Vector = Sequence[fmpq]
NOISE = 1e-9
SECONDS = 10.0


def proposed(
    target: Vector, generators: Sequence[Vector], *, separate: bool
) -> tuple[list[fmpq] | None, list[fmpq] | None]:
    """Returns multipliers of the generators, or, if asked for, a separating vector; neither without a basis for it."""
    from scipy.optimize import linprog  # noqa: PLC0415  (slow to import, seldom needed)

    dim = len(target)
    matrix = np.zeros((dim, len(generators)))
    for i, generator in enumerate(generators):
        tick()
        for j, c in enumerate(generator):
            if c:
                matrix[j, i] = approximate(c)
    wanted = np.array([approximate(c) for c in target])
    _, exponents = np.frexp(np.abs(np.column_stack([matrix, wanted])).max(axis=1))
    matrix, wanted = np.ldexp(matrix, -exponents[:, None]), np.ldexp(wanted, -exponents)
    if not (np.isfinite(matrix).all() and np.isfinite(wanted).all()):
        return None, None
    off = np.eye(dim)[:, : dim * separate]
    found = linprog(
        np.repeat([1.0 - separate, 1.0], [len(generators), 2 * off.shape[1]]),
        A_eq=np.hstack([matrix, off, -off]),
        b_eq=wanted,
        bounds=(0, None),
        method="highs-ds",
        options={"time_limit": seconds_left(SECONDS)},
    )
    tick()
    if found.status != 0:
        return None, None
    support = [i for i, m in enumerate(found.x[: len(generators)]) if m > NOISE]
    values = solve_rows(target, [generators[i] for i in support])
    if values is not None and all(v.p >= 0 for v in values):
        multipliers = [ZERO] * len(generators)
        for i, value in zip(support, values, strict=True):
            multipliers[i] = value
        return multipliers, None
    if not separate:
        return None, None
    prices = found.eqlin.marginals
    tight = [generators[i] for i in np.flatnonzero(np.abs(prices @ matrix) < NOISE).tolist()]
    most = np.flatnonzero(np.abs(prices) > 1 - NOISE).tolist()
    ends = [(j, -int(np.sign(prices[j])) * fmpq(2) ** -int(exponents[j])) for j in most]
    rows = [[*(g[j] for g in tight), *(ONE if j == k else ZERO for k, _ in ends)] for j in range(dim)]
    separator = solve_rows([*[ZERO] * len(tight), *(end for _, end in ends)], rows)
    if separator is None or dot(separator, target) >= 0 or any(dot(separator, g) < 0 for g in generators):
        return None, None
    return None, separator
