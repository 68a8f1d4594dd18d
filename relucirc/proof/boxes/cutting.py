"""Where boxes are cut: slabs that a bound excludes come off first, then the box is halved."""

from collections.abc import Iterator, Sequence

import numpy as np

from relucirc.checker.boxes import MIDDLE, WIDTH
from relucirc.checker.substitution import GRID
from relucirc.proof.boxes.floats import Bounds
from relucirc.proof.boxes.tree import Node

FEWEST = 3
"""A slab of fewer 64ths of the width is not worth its place in the tree."""

LITTLE, TINY = 0.1, 1e-30
UNIT = 2.0**-GRID


def cut_slabs(
    nodes: list[Node],
    low: np.ndarray,
    high: np.ndarray,
    values: np.ndarray,
    forms: np.ndarray,
    violation: np.ndarray,
    left: np.ndarray,
    told: np.ndarray,
) -> None:
    """Cuts off, in place, what the bounds exclude at the ends of each box; ``nodes``, ``low`` and ``high`` shrink.

    Args:
        nodes: The boxes' nodes.
        low: Whole lower ends.
        high: Whole upper ends.
        values: Lower bounds of the combinations' negatives on the boxes, less a margin.
        forms: The input forms that give them, for whole ends.
        violation: The violation of each combination.
        left: By box and violation, whether it is not excluded yet.
        told: By box and combination, what is told of slopes.
    """
    n = low.shape[1]
    best = np.minimum(forms * low[:, None], forms * high[:, None])
    for axis in range(n):
        for upper in (False, True):
            slope = forms[:, :, axis] if upper else -forms[:, :, axis]  # outwards
            with np.errstate(divide="ignore", invalid="ignore"):
                rest = values - best[:, :, axis]
                end = np.where(slope > 0, -rest / forms[:, :, axis], np.inf if upper else -np.inf)
            place, by = _agreed(end, violation, left, upper)
            width = high[:, axis] - low[:, axis]
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.nan_to_num((place - low[:, axis]) / width * WIDTH, nan=0.0, posinf=99.0, neginf=-99.0)
            at = np.clip(np.ceil(share), 1, WIDTH) if upper else np.clip(np.floor(share), 0, WIDTH - 1)
            worth = (WIDTH - at if upper else at) >= FEWEST
            for i in np.nonzero(worth & (width >= WIDTH))[0]:
                k = int(at[i])
                parts = nodes[i].cut(axis, k)
                slab, nodes[i] = parts if not upper else parts[::-1]
                slab.closed = {int(c): told[i, c] for c in by[i] if c >= 0}
                middle = low[i, axis] + (high[i, axis] - low[i, axis]) * k // WIDTH
                (high if upper else low)[i, axis] = middle


def _agreed(end: np.ndarray, violation: np.ndarray, left: np.ndarray, upper: bool) -> tuple[np.ndarray, np.ndarray]:
    """The end behind which every violation left is excluded, and by which combination each (-1 for none needed)."""
    towards = -1.0 if upper else 1.0
    places, by = [], []
    for v in range(left.shape[1]):
        numbers = np.nonzero(violation == v)[0]
        reach = end[:, numbers] * towards
        chosen = reach.argmax(1)
        places.append(np.where(left[:, v], reach.max(1), np.inf))
        by.append(np.where(left[:, v], numbers[chosen], -1))
    return towards * np.min(places, axis=0), np.stack(by, 1)


def halves(low: np.ndarray, high: np.ndarray, axis: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the ends of the lower and of the upper halves."""
    rows = np.arange(len(low))
    a, b = low[rows, axis], high[rows, axis]
    middle = a + (b - a) * MIDDLE // WIDTH
    lower, upper = high.copy(), low.copy()
    lower[rows, axis] = upper[rows, axis] = middle
    yield low, lower
    yield upper, high


def axes(low: np.ndarray, high: np.ndarray, forms: np.ndarray, wanted: np.ndarray, known: Bounds) -> np.ndarray:
    """Chooses the input that the open hinges' bounds owe most to; -1 where no box can be cut.

    Of every open hinge an input has a share: what its form says that the argument moves with the input, of the
    distance between the bounds.  What a combination itself owes to the input counts a little, and alone where no hinge
    is open.

    Args:
        low: Whole ends.
        high: Whole ends.
        forms: Input forms of the combinations, for shares of the whole box.
        wanted: By box and combination, whether it belongs to a violation that is left.
        known: What is known of the hinges.
    """
    width = high - low
    slope = (np.abs(forms) * wanted[:, :, None]).max(1) * width
    open_ = (known.low < 0) & (known.high > 0)
    spread = np.where(open_, known.high - known.low, np.inf)
    moved = np.abs(known.forms).max(1) * (width * UNIT)[:, None]
    effect = (moved / spread[:, :, None]).sum(1) + LITTLE * slope / (slope.sum(1, keepdims=True) + TINY)
    effect = np.where(width >= 2, effect, -1.0)
    return np.where(effect.max(1) >= 0, effect.argmax(1), -1)


def shares(nodes: Sequence[Node], axis: np.ndarray) -> tuple[list[Node], list[Node]]:
    """Cuts every node in its middle; returns the lower and the upper parts."""
    pairs = [node.cut(int(a), MIDDLE) for node, a in zip(nodes, axis, strict=True)]
    return [a for a, _ in pairs], [b for _, b in pairs]
