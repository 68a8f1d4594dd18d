"""Points where a violation is nearest: gradient ascent from many starts at once, in floats.

Of a violation the least of its combinations is raised, on the unit cube: steps along the gradient, divided by its
largest entry, ever shorter, and back into the cube.  Inputs may matter very differently; so a start that stands in a
box is moved in shares of the box's widths, which the search has made about equally important.  In NumPy: a few hundred
points take less time than compiling.
"""

from collections.abc import Sequence

import numpy as np

from relucirc.core.budget import tick
from relucirc.proof.boxes.floats import Weights

SAMPLE = 2048
"""Points that are looked at first."""
FIRST, LAST = 0.3, 1e-5
"""The first step and the last, as shares of the cube."""
STEPS = 60


def sample(n: int) -> np.ndarray:
    """Returns some points of the unit cube and some of its corners, always the same."""
    rng = np.random.default_rng(n)
    inside, corners = rng.random((SAMPLE // 2, n)), rng.integers(0, 2, (SAMPLE // 2, n))
    return np.concatenate([inside, corners]).astype(np.float32)


def climb(
    levels: Sequence[Weights], start: Weights, numbers: np.ndarray, points: np.ndarray, widths: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Climbs from some points.

    Args:
        levels: The hinges.
        start: The negatives of the combinations.
        numbers: The combinations of one violation, of which the least is raised.
        points: Where to start, in the unit cube.
        widths: For each start, what steps are shares of, input by input; else the cube.

    Returns:
        Points, the best first, and the least of the combinations at each.
    """
    widths = np.ones_like(points) if widths is None else widths
    x, best, most = points, points, np.full(len(points), -np.inf)
    for step in np.geomspace(FIRST, LAST, STEPS):
        tick()
        values = values_at(levels, start, x)
        here = values[-1][:, numbers].min(1)
        best, most = np.where((here > most)[:, None], x, best), np.maximum(here, most)
        slope = widths * gradients(levels, start, values, numbers[values[-1][:, numbers].argmin(1)])
        size = np.abs(slope).max(1, keepdims=True)
        x = np.clip(x + np.float32(step) * widths * slope / np.where(size > 0, size, 1), 0, 1)
    order = np.argsort(-most)
    return best[order], most[order]


def values_at(levels: Sequence[Weights], start: Weights, points: np.ndarray) -> list[np.ndarray]:
    """Evaluates at points: the inputs, the hinges of each level, and at last the combinations."""
    values = [points]
    for number, level in enumerate(levels, start=1):
        count = np.asarray(start.blocks[number]).shape[1]
        values.append(np.maximum(_affine(level, values)[:, :count], 0))
    return [*values, -_affine(start, values)]


def _affine(level: Weights, values: Sequence[np.ndarray]) -> np.ndarray:
    total = np.tile(level.constants, (len(values[0]), 1))
    for value, weights in zip(values, level.blocks, strict=False):
        if weights is not None:
            total += value @ weights.T
    return total


def gradients(levels: Sequence[Weights], start: Weights, values: Sequence[np.ndarray], which: np.ndarray) -> np.ndarray:
    """The gradient of one combination at each point, whose values are given."""
    slopes = [-np.asarray(block)[which] for block in start.blocks]
    for number in range(len(levels), 0, -1):
        slope = slopes[number] * (values[number] > 0)
        for b, weights in enumerate(levels[number - 1].blocks):
            if weights is not None:
                slopes[b] = slopes[b] + slope @ weights[: slope.shape[1]]
    return slopes[0]
