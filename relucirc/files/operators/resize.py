"""Resizing images: for each axis a matrix of exact interpolation weights.

A result at place y is a mean of the elements around a place x in the input, which the coordinate transformation gives;
x and the weights are computed as fractions, from the scales as they are stored.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.files.operators.table import Node, operator, room
from relucirc.language.lower.interpolation import weighted
from relucirc.language.lower.jaxpr.limits import Unsupported

HALF = Fraction(1, 2)
MAX_SIDE = 1 << 14
"""Longest axis that is resized to: each of its places is computed as a fraction."""
_ROUNDINGS = {
    "round_prefer_floor": lambda x: math.ceil(x - HALF),
    "round_prefer_ceil": lambda x: math.floor(x + HALF),
    "floor": math.floor,
    "ceil": math.ceil,
}


@dataclass(frozen=True)
class _Axis:
    """How one axis is resized.

    Attributes:
        axis, before, after: The axis, and how many elements it has.
        scale: Elements of the result for each of the input.
        ends: The part of the input that is seen, of a crop.
    """

    axis: int
    before: int
    after: int
    scale: Fraction
    ends: tuple[Fraction, Fraction] = (Fraction(0), Fraction(1))

    def place(self, mode: str, y: int) -> Fraction:
        """Returns where in the input the result's element y lies."""
        last, width = self.before - 1, self.scale * self.before
        if mode == "align_corners":
            return Fraction(0) if width == 1 else y * last / (width - 1)
        if mode == "asymmetric":
            return y / self.scale
        if mode == "tf_crop_and_resize":
            first, end = self.ends
            inside = Fraction(last, 2) if width == 1 else y * last / (width - 1)
            return inside * (end - first) + first * last
        if mode == "pytorch_half_pixel" and self.after == 1:
            return Fraction(0)
        if mode not in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
            raise Unsupported(f"its coordinate transformation {mode!r} is not known")
        offset = Fraction(self.before, 2) * (1 - self.after / width) if mode == "half_pixel_symmetric" else 0
        return offset + (y + HALF) / self.scale - HALF


@operator("Resize", "Upsample")
def _resize(node: Node, x: Any, *_: Any) -> Any:
    mode, at = node.word("mode", "nearest"), node.word("coordinate_transformation_mode", "half_pixel")
    if node.kind == "Upsample" or node.opset < 11:
        at, rounding = "asymmetric", "floor"
    else:
        rounding = node.word("nearest_mode", "round_prefer_floor")
    axes = _axes(node, x.shape)
    after = {a.axis: a.after for a in axes}
    room(after.get(k, n) for k, n in enumerate(map(int, x.shape)))
    dtype = x.dtype
    for a in axes:
        if a.scale == 1 and a.after == a.before and a.ends == (0, 1):
            continue
        places = [a.place(at, y) for y in range(a.after)]
        cut = at == "tf_crop_and_resize"
        outside = np.array([cut and not 0 <= place <= a.before - 1 for place in places], bool)
        if mode == "nearest":
            near = [min(max(_ROUNDINGS[rounding](place), 0), a.before - 1) for place in places]
            x = jnp.take(x, np.array(near, np.int64), axis=a.axis, mode="clip")
        else:
            x = weighted(x, a.axis, [_weights(node, mode, a, place) for place in places]).astype(dtype)
        if outside.any():
            mask = outside.reshape([-1 if k == a.axis else 1 for k in range(x.ndim)])
            x = jnp.where(mask, np.asarray(node.get("extrapolation_value", 0.0), dtype), x)
    return x


def _axes(node: Node, shape: tuple[int, ...]) -> list[_Axis]:
    """Reads which axes are resized, and how."""
    old = node.kind == "Upsample" or node.opset < 11
    scales = node.array(1 if old else 2, "scales")
    if scales is None and node.get("scales") is not None:
        scales = np.array(node.get("scales"), np.float32)
    sizes = None if old else node.ints(3, "sizes")
    axes = [a % len(shape) for a in node.get("axes") or range(len(shape))]
    if sizes:
        ratios = [Fraction(size, max(shape[a], 1)) for a, size in zip(axes, sizes, strict=True)]
        policy = node.word("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            ratios = [min(ratios) if policy == "not_larger" else max(ratios)] * len(ratios)
            sizes = [math.floor(r * shape[a] + HALF) for a, r in zip(axes, ratios, strict=True)]
    elif scales is not None and scales.size:
        values = scales.astype(np.float64).ravel().tolist()
        if not all(math.isfinite(v) and v > 0 for v in values):
            raise Unsupported("its scales should be positive numbers")
        ratios = list(map(Fraction, values))
        sizes = [math.floor(r * shape[a]) for a, r in zip(axes, ratios, strict=True)]
    else:
        raise Unsupported("its scales or sizes are missing")
    if 0 in shape or any(size < 1 for size in sizes):
        raise Unsupported("it resizes to nothing, or from nothing")
    if max([size for a, size in zip(axes, sizes, strict=True) if size != shape[a]], default=0) > MAX_SIDE:
        raise Unsupported(f"it resizes to {max(sizes):,} elements; at most {MAX_SIDE:,} are read")
    ends = [(Fraction(0), Fraction(1))] * len(axes)
    if node.word("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize":
        roi = [Fraction(v) for v in np.ravel(node.required(1, "roi")).astype(np.float64).tolist()]
        ends = list(zip(roi[: len(axes)], roi[len(axes) :], strict=True))
    return [_Axis(a, shape[a], n, r, cut) for a, n, r, cut in zip(axes, sizes, ratios, ends, strict=True)]


def _linear(t: Fraction) -> Fraction:
    return max(1 - abs(t), Fraction(0))


def _cubic(a: Fraction, t: Fraction) -> Fraction:
    t = abs(t)
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + 1
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a if t < 2 else Fraction(0)


def _weights(node: Node, mode: str, a: _Axis, place: Fraction) -> dict[int, Fraction]:
    """Returns the weights of elements around a place; what lies outside counts for the last element, or not at all."""
    if mode not in ("linear", "cubic"):
        raise Unsupported(f"its mode {mode!r} is not known")
    narrow = min(a.scale, Fraction(1)) if node.get("antialias", 0) else Fraction(1)
    weights: dict[int, Fraction] = {}
    for j, w in around(mode, place, Fraction(node.get("cubic_coeff_a", -0.75)), narrow).items():
        k = min(max(j, 0), a.before - 1)
        if k == j or not node.get("exclude_outside", 0):
            weights[k] = weights.get(k, Fraction(0)) + w
    total = sum(weights.values())
    return {k: w / total for k, w in weights.items() if w} if total else weights


def around(mode: str, place: Fraction, a: Fraction, narrow: Fraction = Fraction(1)) -> dict[int, Fraction]:
    """Returns the weights of the whole numbers around a place, of linear or cubic interpolation with a parameter."""
    kernel, reach = (_linear, 1 / narrow) if mode == "linear" else (partial(_cubic, a), 2 / narrow)
    numbers = range(math.ceil(place - reach), math.floor(place + reach) + 1)
    return {j: kernel(narrow * (j - place)) for j in numbers}
