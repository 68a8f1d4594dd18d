"""Points where a violation is nearest: gradient ascent from many starts at once, in floats.

Of a violation the least of its combinations is raised, on the unit cube: from the best point so far a step about along
its gradient, divided by its largest entry, and back into the cube; longer after a step that led up, else shorter.  A
little noise leads past kinks.  Inputs may matter very differently; so a start that stands in a
box is moved in shares of the box's widths, which the search has made about equally important.  In NumPy: a few hundred
points take less time than compiling.
"""

from collections.abc import Sequence

import numpy as np

from relucirc.core.budget import tick
from relucirc.proof.boxes.floats import Weights

SAMPLE = 2048
"""Points that are looked at first."""
FIRST, STEPS = 0.3, 60
"""The first step, as a share of the cube, and how many there are."""
LONGER, SHORTER = 1.5, 0.6
NOISE = 0.5
"""Of each entry of a gradient, as a share."""


def sample(n: int, count: int = SAMPLE) -> np.ndarray:
    """Returns so many points of the unit cube, always the same: inside, on faces of any dimension, and corners."""
    rng = np.random.default_rng(n)
    points, pinned = rng.random((count, n)), rng.random((count, n)) < np.linspace(0, 1, count)[:, None]
    return np.where(pinned, np.rint(points), points).astype(np.float32)


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
    rng = np.random.default_rng(0)
    widths = np.ones_like(points) if widths is None else widths
    x, best, most = points, points, np.full(len(points), -np.inf)
    step, slope = np.full((len(points), 1), FIRST, points.dtype), np.zeros_like(points)
    for _ in range(STEPS):
        tick()
        values = values_at(levels, start, x)
        here = values[-1][:, numbers].min(1)
        up = (here > most)[:, None]
        best, most = np.where(up, x, best), np.maximum(here, most)
        step = np.where(up, LONGER * step, SHORTER * step)
        found = widths * gradients(levels, start, values, numbers[values[-1][:, numbers].argmin(1)])
        slope = np.where(up, found, slope)
        way = slope * (1 + NOISE * rng.standard_normal(slope.shape))
        size = np.abs(way).max(1, keepdims=True)
        x = np.clip(best + step * widths * way / np.where(size > 0, size, 1), 0, 1).astype(points.dtype)
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
            with np.errstate(invalid="ignore"):  # floats only propose; a point that is no number is none
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
