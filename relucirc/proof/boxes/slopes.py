"""Slopes that are optimised: how much of a positive coefficient an open hinge keeps, so that a bound is best.

Where a combination's negative has ``c g`` with ``c > 0``, any share of ``c m``, from 0 to all, is below it
(:mod:`relucirc.checker.substitution`).  The bound is concave in the shares of one level; so they go by half, a quarter,
... the way that the gradient points, for all hinges of many boxes at once, and the best that was met is told to the
checker in 32nds.  Intervals of hinges stay as they are: a box with few open hinges is closed or not by the last pass.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.checker.substitution import SLOPE
from relucirc.proof.boxes.floats import Array, Found, Weights, combinations, relaxed_of

STEPS = tuple(SLOPE >> k for k in range(1, SLOPE.bit_length()))
"""In 32nds."""
UNSAID = -1
"""Where the checker's own choice is as good."""


@jax.jit
def optimised(
    levels: Sequence[Weights], start: Weights, low: Array, high: Array, lows: Array, highs: Array
) -> tuple[Found, Array]:
    """Bounds the combinations with the best slopes that are met.

    Args:
        levels: The hinges.
        start: The negatives of the combinations.
        low: Of every box, the lower ends.
        high: The upper ends.
        lows: Lower bounds of all hinges.
        highs: Upper bounds.

    Returns:
        The bounds, and by box, combination and hinge what stays of a positive coefficient, in 32nds, or ``UNSAID``.
    """
    relaxed = relaxed_of(levels, lows, highs)
    count = len(start.constants)
    chosen = [SLOPE * jnp.repeat(here.kept, count, axis=1) for here in relaxed]
    ends, at = [], 0
    for level, here in zip(levels, relaxed, strict=True):
        own = slice(at, at + here.kept.shape[-1])
        ends.append(((lows[:, own] < 0) & (highs[:, own] > 0))[:, None])
        at += level.constants.shape[0]

    def bound(slopes: list) -> tuple[jax.Array, Found]:
        sloped = [here._replace(kept=kept / SLOPE) for here, kept in zip(relaxed, slopes, strict=True)]
        found = combinations(levels, sloped, start, low, high)
        return found.values.sum(), found

    def step(state: tuple, size: jax.Array) -> tuple[tuple, None]:
        slopes, best, found = state
        (_, now), gradient = jax.value_and_grad(bound, has_aux=True)(slopes)
        better = (now.values > found.values)[..., None]
        best = [jnp.where(better, a, b) for a, b in zip(slopes, best, strict=True)]
        pairs = zip(now, found, strict=True)
        found = Found(*(jnp.where(better if a.ndim > 2 else better[..., 0], a, b) for a, b in pairs))
        ways = [jnp.where(open_, jnp.sign(way), 0.0) for open_, way in zip(ends, gradient, strict=True)]
        slopes = [jnp.clip(a + size * way, 0, SLOPE) for a, way in zip(slopes, ways, strict=True)]
        return (slopes, best, found), None

    first = bound(chosen)[1]
    sizes = jnp.array((*STEPS, 0), low.dtype)
    (_, best, found), _ = jax.lax.scan(step, (chosen, chosen, first), sizes)
    told = [jnp.where(a == b, UNSAID, a).astype(jnp.int8) for a, b in zip(best, chosen, strict=True)]
    return found, jnp.concatenate(_with_differences(told, levels), -1)


def _with_differences(told: Sequence[jax.Array], levels: Sequence[Weights]) -> list[jax.Array]:
    """The same with columns for the differences of pairs, which have no slopes."""
    boxes_and_rows = told[0].shape[:-1]
    none = [jnp.full((*boxes_and_rows, len(level.pairs)), UNSAID, jnp.int8) for level in levels]
    return [part for both in zip(told, none, strict=True) for part in both]


def words_of(told: np.ndarray) -> np.ndarray:
    """What the tree says of each box's combinations: by box and combination, words like ``/17:5/20:0``."""
    words = np.full(told.shape[:2], "", object)
    for box, combination, hinge in zip(*np.nonzero(told != UNSAID), strict=True):
        words[box, combination] += f"/{hinge}:{told[box, combination, hinge]}"
    return words
