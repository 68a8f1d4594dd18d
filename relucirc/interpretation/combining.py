"""Affine combinations of functions that are known by their values: which few, and with which short numbers.

Which ones: a beam of subsets, each extended by what takes most of what is left in least squares.  With which numbers:
those of the best uniform approximation, by a linear program, rounded one after another to the shortest numbers that
move the function by no more than they may, the others being fitted again after each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relucirc.core.budget import LONG, seconds_left, tick
from relucirc.interpretation.atoms import short

BEAM = 16
"""Subsets of every size that are extended."""
DEAR = 0.3
"""What one operation more has to gain: the logarithm of the factor by which the sum of squares is less."""
TRIED = 3
"""Subsets of every size that are told."""
PIVOTS = 5_000
"""Most iterations of one linear program."""
COARSE, FINER, FINEST, ROUNDS = 0.2, 4.0, 0.1, 10
"""What rounding may add: at first a part of the range of the values, then less and less by a factor, down to a part of
the error of the best approximation; at most so many times."""
EXACT = 1e-9
"""Errors of floats, relative to the largest value."""


@dataclass(frozen=True)
class Combination:
    """``constant + sum coefficients[i] * functions[i]``."""

    functions: tuple[int, ...]
    coefficients: tuple[Fraction, ...]
    constant: Fraction


def subsets(functions: np.ndarray, values: np.ndarray, costs: np.ndarray, most: int) -> Iterator[tuple[int, ...]]:
    """Yields sets of functions of which affine combinations come near some values: of each size the best few.

    Args:
        functions: Their values, ``[count, points]``.
        values: The values that are wanted.
        costs: What each function costs: of sets that come as near, the cheaper ones are better.
        most: Largest number of functions.
    """
    centred = functions - functions.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(centred, axis=1)
    wanted = values - values.mean()
    scale = float(np.linalg.norm(wanted)) or 1.0
    beam: dict[tuple[int, ...], np.ndarray] = {(): np.zeros((0, len(values)))}
    for _ in range(most):
        found: dict[tuple[int, ...], float] = {}
        for chosen, basis in beam.items():
            tick()
            rest = centred - centred @ basis.T @ basis
            left = wanted - basis.T @ (basis @ wanted)
            norms = np.linalg.norm(rest, axis=1)
            new = norms > 1e-6 * sizes
            gains = np.where(new, (rest @ left) ** 2 / np.where(new, norms, 1.0) ** 2, 0.0)
            errors = np.maximum(left @ left - gains, (EXACT * scale) ** 2)
            scores = np.log(errors) + DEAR * (1 + costs + (1 + costs[list(chosen)]).sum())
            for k in np.argsort(scores, kind="stable")[:BEAM]:
                if gains[k] > 0:
                    found[tuple(sorted((*chosen, int(k))))] = float(scores[k])
        best = sorted(found, key=lambda subset: found[subset])[:BEAM]
        yield from best[:TRIED]
        if not best:
            return
        beam = {subset: np.linalg.qr(centred[list(subset)].T)[0].T for subset in best}


def uniform(functions: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float, float] | None:
    """The best uniform approximation by an affine combination: coefficients, constant and error, by a linear program.

    None where the iterations, or the time, end first.
    """
    from scipy.optimize import linprog  # noqa: PLC0415  (slow to import)

    k, count = functions.shape
    tick()
    sizes = np.maximum(np.abs(functions).max(axis=1), 1e-300)
    table = np.column_stack([(functions / sizes[:, None]).T, np.ones(count)])
    rows = np.block([[table, -np.ones((count, 1))], [-table, -np.ones((count, 1))]])
    cost = np.append(np.zeros(k + 1), 1.0)
    limits = [(None, None)] * (k + 1) + [(0, None)]
    options = {"maxiter": PIVOTS, "time_limit": seconds_left(LONG)}
    found = linprog(cost, rows, np.append(values, -values), bounds=limits, method="highs", options=options)
    if found.status != 0:
        return None
    return found.x[:k] / sizes, float(found.x[k]), float(found.x[-1])


def rounded(chosen: Sequence[int], functions: np.ndarray, values: np.ndarray) -> list[Combination]:
    """Combinations of some functions in short numbers, from shorter numbers to nearer ones.

    Args:
        chosen: Which functions.
        functions: The values of all.
        values: The values that are wanted.
    """
    table = functions[list(chosen)]
    best = uniform(table, values)
    if best is None:
        return []
    coefficients, _, error = best
    scale = float(np.abs(values).max(initial=0.0)) or 1.0
    allowed = [COARSE * float(np.ptp(values))]
    while allowed[-1] > FINEST * max(error, EXACT * scale) and len(allowed) < ROUNDS:
        allowed.append(allowed[-1] / FINER)
    made = (_rounded(table, values, coefficients, slack) for slack in allowed)
    return list(dict.fromkeys(Combination(tuple(chosen), *found) for found in made))


def _rounded(
    table: np.ndarray, values: np.ndarray, coefficients: np.ndarray, allowed: float
) -> tuple[tuple[Fraction, ...], Fraction]:
    """Rounds one coefficient after another, those of the largest functions first, and fits the others again."""
    reach = np.abs(table - table.mean(axis=1, keepdims=True)).max(axis=1)
    order, left = list(np.argsort(-reach)), values.astype(float)
    part = allowed / (len(order) + 1)
    found = [Fraction(0)] * len(order)
    for place, k in enumerate(order):
        (found[k],) = short(np.array([coefficients[k]]), part / max(reach[k], 1e-300))
        left = left - float(found[k]) * table[k]
        rest = order[place + 1 :]
        if rest and float(found[k]) != coefficients[k]:
            design = np.column_stack([table[rest].T, np.ones(len(values))])
            coefficients = coefficients.copy()
            coefficients[rest] = np.linalg.lstsq(design, left, rcond=None)[0][:-1]
    return tuple(found), middle(left, part)


def middle(values: np.ndarray, tolerance: float) -> Fraction:
    """The shortest number near the middle of some values."""
    return short(np.array([(values.max() + values.min()) / 2]), tolerance)[0]
