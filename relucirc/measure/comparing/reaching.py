"""Points where a number that was changed matters.

A weight of a neuron is multiplied by what it reads, and the neuron has to be on: both pre-activations have to be
positive at once, which may be so in a thin part of the domain only.  From random points of several sizes, floats walk
towards each half-space that a point is not in, by the gradient of the pre-activation there.  What they propose is
decided exactly by whoever asks.
"""

import random
from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import approximate, nearest_integer, rational
from relucirc.language.box import Interval, box_around
from relucirc.language.domain import Domain
from relucirc.language.network import MLP
from relucirc.measure.comparing.difference import ChangedLayer

SIZES = (1.0, 10.0, 0.25, 100.0)
"""Of the first points."""
STARTS, TURNS, WORK = 400, 400, 10_000_000
"""Points of each size, steps of each, and how many weights all points may meet in a step."""
NUMBERS, KEPT = 8, 3
"""How many changed numbers are looked at, and points for each size."""
BITS = (2, 6, 12, 24, 52)
"""Points are rounded to so many binary places, the fewest first."""
MARGIN = 1e-3
LOOKS, GRID = 4, 4
"""How many points are looked at first, and on how fine a grid."""
Layers = list[tuple[np.ndarray, np.ndarray]]
At = tuple[int, int]


def few_points(domain: Domain, n: int) -> Iterator[list[fmpq]]:
    """Yields a few short points of the box around a domain: its middle, or 0, and some at random."""
    rng = random.Random(0)
    ends = box_around(domain, n)
    for turn in range(LOOKS):
        point = []
        for low, high in ends:
            share = fmpq(rng.randint(0, GRID) if turn else GRID // 2, GRID)
            a = low if low is not None else fmpq(-2) if high is None else high - 4
            b = high if high is not None else a + 4
            point.append(a + share * (b - a))
        yield point


def points_of_change(net: MLP, changed: Sequence[ChangedLayer], box: Sequence[Interval]) -> Iterator[list[fmpq]]:
    """Yields points of a box where changed numbers are likely to matter, short ones first."""
    layers = [
        (np.array(layer.weight, float), np.zeros(layer.shape[0]) if layer.bias is None else np.array(layer.bias, float))
        for layer in net.astype("float64").layers
    ]
    ends = [(-np.inf if a is None else approximate(a), np.inf if b is None else approximate(b)) for a, b in box]
    low, high = np.array(ends).T
    numbers = [(layer.layer, *at) for layer in changed for at in layer.weights][:NUMBERS]
    for depth, row, column in numbers:
        wanted = [(depth, row)] if depth < len(layers) - 1 else []
        wanted += [(depth - 1, column)] if depth and column < len(layers[depth - 1][0]) else []
        for size in SIZES:
            for point in _walked(layers, wanted, size, low, high):
                exact = [rational(c) for c in point.tolist()]
                for bits in BITS:
                    yield [fmpq(nearest_integer(c * (1 << bits)), 1 << bits) for c in exact]


@np.errstate(all="ignore")  # what overflows is no point
def _walked(layers: Layers, wanted: Sequence[At], size: float, low: np.ndarray, high: np.ndarray) -> list[np.ndarray]:
    """Some points at which all wanted neurons are on."""
    rng, n = np.random.default_rng(0), layers[0][0].shape[1]
    starts = max(8, min(STARTS, WORK // sum(weight.size for weight, _ in layers)))
    points = np.clip(size * rng.normal(size=(starts, n)), low, high)
    for _ in range(TURNS):
        tick()
        before = _pre_activations(layers, points)
        least = np.min([before[depth][:, k] for depth, k in wanted], axis=0, initial=np.inf)
        if (least > 0).any():
            return [point for point in points[np.argsort(-least)[:KEPT]] if np.isfinite(point).all()]
        for depth, k in wanted:
            value, slope = before[depth][:, k], _gradient(layers, before, depth, k)
            step = np.where(value < MARGIN * size, MARGIN * size - value, 0) / ((slope**2).sum(1) + 1e-12)
            points = points + np.minimum(step, 10 * size)[:, None] * slope * rng.uniform(0.3, 1.2, (starts, 1))
        points = np.clip(points, low, high)
    return []


def _pre_activations(layers: Layers, points: np.ndarray) -> list[np.ndarray]:
    found, values = [], points
    for weight, bias in layers:
        found.append(values @ weight.T + bias)
        values = np.maximum(found[-1], 0)
    return found


def _gradient(layers: Layers, before: Sequence[np.ndarray], depth: int, k: int) -> np.ndarray:
    """The gradients of one pre-activation at all points."""
    slope = np.repeat(layers[depth][0][k][None], len(before[0]), axis=0)
    for below in range(depth - 1, -1, -1):
        slope = (slope * (before[below] > 0)) @ layers[below][0]
    return slope
