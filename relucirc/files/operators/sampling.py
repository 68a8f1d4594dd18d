"""Operators that sample images at constant places, or put windows back into an image."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.files.operators.moving import scattered
from relucirc.files.operators.resize import HALF, around
from relucirc.files.operators.table import Node, operator, room
from relucirc.language.lower.interpolation import weighted
from relucirc.language.lower.jaxpr.limits import Unsupported

MAX_POINTS = 1 << 14
"""Most places that are sampled: each is computed as a fraction."""


@operator("GridSample")
def _sample(node: Node, x: Any, grid: Any) -> Any:
    places = node.required(1, "grid").astype(np.float64)
    shape, sizes = grid.shape[1:-1], x.shape[2:]
    if grid.shape[-1] != len(sizes) or not np.isfinite(places).all():
        raise Unsupported("its grid does not fit")
    if math.prod(grid.shape[:-1]) > MAX_POINTS:
        raise Unsupported(f"it samples {math.prod(grid.shape[:-1]):,} places; at most {MAX_POINTS:,} are read")
    images = []
    for image, points in zip(x, places.reshape(len(places), -1, len(sizes)), strict=True):
        rows = [_row(node, [Fraction(float(v)) for v in point[::-1]], sizes) for point in points]
        images.append(weighted(image.reshape(x.shape[1], -1), 1, rows).reshape(x.shape[1], *shape))
    return jnp.stack(images).astype(x.dtype)


def _row(node: Node, point: Sequence[Fraction], sizes: Sequence[int]) -> dict[int, Fraction]:
    """Returns the weights of numbered pixels at one place: products of those along the axes."""
    axes = [list(_along(node, v, n).items()) for v, n in zip(point, sizes, strict=True)]
    row: dict[int, Fraction] = {}
    for places in product(*axes):
        number, weight = 0, Fraction(1)
        for (k, w), n in zip(places, sizes, strict=True):
            number, weight = number * n + k, weight * w
        row[number] = row.get(number, Fraction(0)) + weight
    return row


def _along(node: Node, v: Fraction, n: int) -> dict[int, Fraction]:
    """Returns the weights of the n pixels of an axis at a place between -1 and 1."""
    corners, padding = bool(node.get("align_corners", 0)), node.word("padding_mode", "zeros")
    mode = node.word("mode", "linear").removeprefix("bi")
    if mode not in ("nearest", "linear", "cubic") or padding not in ("zeros", "border", "reflection"):
        raise Unsupported(f"its mode {mode!r} with {padding!r} is not known")
    ends = (Fraction(0), Fraction(n - 1)) if corners else (-HALF, n - HALF)
    x = (v + 1) / 2 * (n - 1) if corners else ((v + 1) * n - 1) / 2
    x = Fraction(round(x)) if mode == "nearest" else x
    if not ends[0] <= x <= ends[1]:
        if padding == "border":
            x = min(max(x, Fraction(0)), Fraction(n - 1))
        elif padding == "reflection":
            x = _reflected(x, *ends)
    near = {int(x): Fraction(1)} if mode == "nearest" else around(mode, x, Fraction(-3, 4))
    weights: dict[int, Fraction] = {}
    for k, w in near.items():
        if not 0 <= k < n:
            if padding == "zeros":
                continue
            k = min(max(k, 0), n - 1) if padding == "border" else int(_reflected(Fraction(k), *ends))
        weights[k] = weights.get(k, Fraction(0)) + w
    return weights


def _reflected(x: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """Folds a place back between two mirrors."""
    if low == high:
        return low
    turns, rest = divmod(x - low, high - low)
    return low + rest if turns % 2 == 0 else high - rest


@operator("Col2Im")
def _put_back(node: Node, x: Any, *_: Any) -> Any:
    """Adds what windows hold to where they lie in the image."""
    image, kernel = node.ints(1, "image_shape") or [], node.ints(2, "block_shape") or []
    ones = [1] * len(image)
    pads, steps, holes = (node.get(name) or default for name, default in
                          (("pads", [0] * 2 * len(image)), ("strides", ones), ("dilations", ones)))  # fmt: skip
    room([n + low + high for n, low, high in zip(image, pads, pads[len(image) :], strict=False)])
    numbers = np.pad(
        np.arange(math.prod(image)).reshape(image),
        list(zip(pads, pads[len(image) :], strict=False)),
        constant_values=-1,
    )
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, holes, strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(numbers, reach)
    seen = seen[tuple(slice(None, None, s) for s in (*steps, *holes))].reshape(-1, math.prod(kernel)).T
    channels = x.shape[1] // len(seen)
    room([x.shape[0], channels, *image])
    offsets = math.prod(image) * np.arange(x.shape[0] * channels).reshape(-1, 1, 1)
    targets, inside = (seen + offsets).ravel(), np.broadcast_to(seen >= 0, (len(offsets), *seen.shape)).ravel()
    if targets.size != x.size:
        raise Unsupported("its windows do not fit the image")
    updates = x.reshape(-1)[np.flatnonzero(inside)]
    empty = jnp.zeros(x.shape[0] * channels * math.prod(image), x.dtype)
    return scattered("add", empty, targets[inside], updates).reshape(x.shape[0], channels, *image)


@operator("MaxUnpool")
def _unpool(node: Node, x: Any, *_: Any) -> Any:
    """Puts the elements at the numbered places of an array of zeros."""
    index, kernel = node.required(1, "indices").ravel(), node.get("kernel_shape")
    steps, pads = node.get("strides") or [1] * len(kernel), node.get("pads") or [0] * 2 * len(kernel)
    ends = [low + high for low, high in zip(pads, pads[len(kernel) :], strict=False)]
    sides = [(n - 1) * s - e + k for n, s, e, k in zip(x.shape[2:], steps, ends, kernel, strict=True)]
    shape = (*x.shape[:2], *sides)
    room(shape)
    if index.size and not 0 <= index.min() <= index.max() < math.prod(shape):
        raise Unsupported("an index is outside of its result")
    result = scattered("none", jnp.zeros(math.prod(shape), x.dtype), index, x.reshape(-1)).reshape(shape)
    wanted = node.ints(2, "output_shape")
    if wanted is None:
        return result
    room(wanted)
    return jnp.pad(result, [(0, w - n) for w, n in zip(wanted, shape, strict=True)])
