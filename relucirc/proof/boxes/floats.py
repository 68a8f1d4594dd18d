"""The checker's bounds in floats, for thousands of boxes at once: JAX, the same code on a CPU and on a GPU.

What is computed, and with which multipliers, is what :mod:`relucirc.checker.substitution` computes in whole numbers;
so a box that is decided here with a little to spare is decided there.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.checker.hinge_bounds import Bounder
from relucirc.checker.scaled import FINE

Array = Any
"""Of JAX, or of NumPy."""
TIED = 3e-4
"""Two sizes whose ratio is nearer to 1 may compare otherwise in whole numbers."""


class Weights(NamedTuple):
    """One level: matrices by blocks (0: inputs, L: level L; an empty one is zero), and constants.

    ``pairs`` has no entries; its length is the number of pairs, whose hinges are the first columns.
    """

    blocks: tuple[Array | None, ...]
    constants: Array
    pairs: Array = np.zeros((0, 0))


class Bounds(NamedTuple):
    """Of every box: bounds of all hinges, level by level, and input forms below each and below its negative."""

    low: Array
    high: Array
    forms: Array
    constants: Array


class Found(NamedTuple):
    """Of every box and combination: a lower bound, and the input form that gives it."""

    values: Array
    forms: Array
    constants: Array


def weights_of(bounder: Bounder) -> tuple[Weights, ...]:
    """Returns a derivation's levels as floats."""
    levels = []
    for number, level in enumerate(bounder.levels):
        unit = 2.0**-level.places
        blocks = tuple(
            ((level.weights[b] + level.fine[b] * 2.0**-FINE) * unit).astype(np.float32) if b in level.weights else None
            for b in range(number + 1)
        )
        levels.append(Weights(blocks, (level.constants * unit).astype(np.float32), np.zeros((level.pairs, 0))))
    return tuple(levels)


@partial(jax.jit, static_argnames="most")
def renew(
    levels: Sequence[Weights], start: Weights, low: Array, high: Array, known: Bounds, most: tuple[int, ...] = ()
) -> tuple[Bounds, Found]:
    """Bounds hinges by substitution, none worse than known, and then the combinations.

    Args:
        levels: The hinges.
        start: The negatives of the combinations.
        low: Of every box, the lower ends.
        high: The upper ends.
        known: What is known of the hinges.
        most: So many of each level are bounded anew, those that are furthest from being decided; else all.
    """
    narrowed = _least(known.forms, known.constants, low[:, None], high[:, None])
    least, highest = jnp.maximum(known.low, narrowed[:, 0]), jnp.minimum(known.high, -narrowed[:, 1])
    relaxed, parts = [], []
    at = 0
    for level, rows in zip(levels, most or [len(level.constants) for level in levels], strict=True):
        own = slice(at, at + len(level.constants))
        here = Bounds(least[:, own], highest[:, own], known.forms[:, :, own], known.constants[:, :, own])
        parts.append(_renewed(levels, relaxed, level, (low, high), here, rows))
        relaxed.append(_relaxed(parts[-1].low, parts[-1].high, level.pairs))
        at = own.stop
    lows, highs, forms, constants = zip(*parts, strict=True)
    bounds = Bounds(
        *(jnp.concatenate(p, 1) for p in (lows, highs)), *(jnp.concatenate(p, 2) for p in (forms, constants))
    )
    return bounds, combinations(levels, relaxed, start, low, high)


def _renewed(
    levels: Sequence[Weights], relaxed: list, level: Weights, box: tuple[Array, Array], known: Bounds, rows: int
) -> Bounds:
    """Bounds so many hinges of one level, where the levels below have multipliers."""
    boxes, count = len(box[0]), len(level.constants)
    which = jnp.arange(count)[None]
    if rows < count:
        which = jax.lax.top_k(_openness(known.low, known.high, level.pairs), rows)[1]
    constants = level.constants[which]
    blocks = tuple(None if b is None else jnp.concatenate([b[which], -b[which]], 1) for b in level.blocks)
    both = jnp.concatenate([constants, -constants], 1)
    forms, constant = _down(levels, relaxed, blocks, both, box[0])
    values = _least(forms, constant, *box)
    if relaxed:
        others, constants = _down(levels, [here.dropping() for here in relaxed], blocks, both, box[0])
        again = _least(others, constants, *box)
        undecided = (values[:, :rows] < 0) & (values[:, rows:] < 0) & (which < count - len(level.pairs))
        better = jnp.tile(undecided, (1, 2)) & (again > values)
        forms, constant = jnp.where(better[..., None], others, forms), jnp.where(better, constants, constant)
        values = jnp.where(better, again, values)
    values, forms, constant = (a.reshape(boxes, 2, rows, *a.shape[2:]) for a in (values, forms, constant))
    if rows < count:
        i = jnp.arange(boxes)[:, None]
        at = i[..., None], jnp.arange(2)[:, None], which[:, None]
        low, high = known.low.at[i, which].max(values[:, 0]), known.high.at[i, which].min(-values[:, 1])
        return Bounds(low, high, known.forms.at[at].set(forms), known.constants.at[at].set(constant))
    low, high = jnp.maximum(known.low, values[:, 0]), jnp.minimum(known.high, -values[:, 1])
    return Bounds(low, high, forms, constant)


def _openness(low: jax.Array, high: jax.Array, pairs: Array) -> jax.Array:
    """How far each hinge of a level is from being decided; a difference as far as the hinges of its pair."""
    count = len(pairs)
    open_ = jnp.maximum(jnp.minimum(-low, high), 0.0)[:, : low.shape[1] - count]
    return jnp.concatenate([open_, jnp.maximum(open_[:, :count], open_[:, count : 2 * count])], 1)


@jax.jit
def narrow(
    levels: Sequence[Weights], start: Weights, low: Array, high: Array, known: Bounds
) -> tuple[Array, Array, Found]:
    """Bounds all hinges from the forms known, and then the combinations; returns lower and upper bounds, and those."""
    values = _least(known.forms, known.constants, low[:, None], high[:, None])
    lows, highs = jnp.maximum(known.low, values[:, 0]), jnp.minimum(known.high, -values[:, 1])
    return lows, highs, combinations(levels, relaxed_of(levels, lows, highs), start, low, high)


def combinations(levels: Sequence[Weights], relaxed: list, start: Weights, low: Array, high: Array) -> Found:
    """Bounds the combinations by substitution; nothing is said on boxes where whole numbers may choose otherwise."""
    blocks = tuple(None if b is None else b[None] for b in start.blocks)
    forms, constants = _down(levels, relaxed, blocks, start.constants[None], low)
    values = _least(forms, constants, low, high)
    for here in relaxed:
        values = jnp.where(here.tied[:, None] > 0, -jnp.inf, values)
    return Found(values, forms, constants)


class Relaxed(NamedTuple):
    """Of one level, what :class:`relucirc.checker.substitution.Relaxed` is; ``sides`` are those of its pairs.

    ``tied`` counts, for every box, the pairs where it hardly decides which rule is used.
    """

    low: Array
    kept: Array
    slope: Array
    used: Array
    tied: Array
    sides: tuple[tuple[Array, Array, Array], ...]

    def dropping(self) -> "Relaxed":
        """The same where nothing stays of the positive coefficients of open hinges."""
        return self._replace(kept=(self.low >= 0).astype(self.kept.dtype))


def relaxed_of(levels: Sequence[Weights], lows: Array, highs: Array) -> list[Relaxed]:
    """Chooses the multipliers by the bounds of all hinges."""
    relaxed, at = [], 0
    for level in levels:
        count = level.constants.shape[0]
        relaxed.append(_relaxed(lows[:, at : at + count], highs[:, at : at + count], level.pairs))
        at += count
    return relaxed


def _relaxed(low: jax.Array, high: jax.Array, pairs: Array) -> Relaxed:
    count, hinges = len(pairs), low.shape[1] - len(pairs)
    chord = jnp.where(low >= 0, 1.0, jnp.where(high <= 0, 0.0, high / jnp.maximum(high - low, 1e-30)))
    gap = -jnp.minimum(low, 0.0) * chord
    lo, up, along = low[:, hinges:], high[:, hinges:], chord[:, hinges:]
    alone, together = gap[:, :count] + gap[:, count : 2 * count], jnp.maximum(-lo, up) / 2
    used, tied = alone > together, (jnp.abs(alone - together) < TIED * together).sum(1)
    sides = []
    for start, slope in ((0, 1.0 - along), (count, along)):
        on, off = low[:, start : start + count] >= 0, high[:, start : start + count] <= 0
        ends = (jnp.where(on | off, 0.0, end)[:, None] for end in (lo, up))
        sides.append((jnp.where(on, 1.0, jnp.where(off, 0.0, slope))[:, None], *ends))
    low, high, slope = low[:, :hinges], high[:, :hinges], chord[:, :hinges]
    kept = ((high > 0) & (high >= -low)).astype(low.dtype)
    return Relaxed(low[:, None], kept[:, None], slope[:, None], used[:, None], tied, tuple(sides))


def _join(c: jax.Array, relaxed: Relaxed) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Takes what is joined out of the coefficients; returns the rest, the differences' multipliers and constants."""
    count = relaxed.used.shape[-1]
    one, other, rest = jnp.split(c, (count, 2 * count), axis=-1)
    t = jnp.where(jnp.abs(other) <= jnp.abs(one), other, -one)
    t = jnp.where(relaxed.used & (one * other < 0), t, 0.0)
    c = jnp.concatenate([one + t, other - t, jnp.broadcast_to(rest, (*t.shape[:-1], rest.shape[-1]))], -1)
    below, above = relaxed.sides
    rise, fall = jnp.maximum(t, 0.0), jnp.minimum(t, 0.0)
    q = rise * below[0] + fall * above[0]
    constant = jnp.minimum(*(rise * (jnp.minimum(z, 0.0) - below[0] * z) for z in below[1:]))
    constant += jnp.minimum(*(fall * (jnp.maximum(z, 0.0) - above[0] * z) for z in above[1:]))
    return c, q, constant.sum(-1)


def _down(
    levels: Sequence[Weights], relaxed: list, start: Sequence[Array | None], constants: Array, low: Array
) -> tuple[jax.Array, jax.Array]:
    """Substitutes the levels that have multipliers, the last one first, from rows for every box, or one for all."""
    rows, n = constants.shape[1], low.shape[-1]
    blocks = list(start)
    total = jnp.broadcast_to(constants, (low.shape[0], rows))
    for number in range(len(relaxed), 0, -1):
        c = blocks[number]
        if c is None:
            continue
        level, here = levels[number - 1], relaxed[number - 1]
        differences = []
        if len(level.pairs):
            c, q, constant = _join(c, here)
            differences, total = [q], total + constant
        negative = jnp.minimum(c, 0.0)
        d = jnp.concatenate([jnp.maximum(c, 0.0) * here.kept + negative * here.slope, *differences], -1)
        total = total - (negative * here.slope * jnp.minimum(here.low, 0.0)).sum(-1) + d @ level.constants
        for b, weights in enumerate(level.blocks):
            if weights is not None:
                blocks[b] = d @ weights if blocks[b] is None else blocks[b] + d @ weights
    inputs = jnp.zeros((1, rows, n)) if blocks[0] is None else blocks[0]
    return jnp.broadcast_to(inputs, (low.shape[0], rows, n)), total


def _least(forms: Array, constants: Array, low: Array, high: Array) -> jax.Array:
    return jnp.minimum(forms * low[..., None, :], forms * high[..., None, :]).sum(-1) + constants
