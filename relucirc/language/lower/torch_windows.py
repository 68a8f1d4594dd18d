"""PyTorch's operations on images, as JAX expressions: convolutions, pools, normalisation, padding, resizing.

The arguments are those of ATen, PyTorch's library of operations.  The first axis is the batch, the second the channels.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import NetworkError
from relucirc.language.lower.interpolation import weighted

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""PyTorch's names for what stands in a padding -> NumPy's."""


def several(value: Any, n: int) -> list[int]:
    """One number for each of n axes, out of one for all, or a list."""
    values = list(value) if isinstance(value, list | tuple) else [value]
    return values * n if len(values) == 1 else values


def biased(result: Any, bias: Any) -> Any:
    """Adds a bias for each channel, if there is one."""
    return result if bias is None else result + bias.reshape(-1, *[1] * (result.ndim - 2))


def convolve(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """A convolution; its padding is numbers, ``"same"`` or ``"valid"``."""
    n = weight.ndim - 2
    holes = several(dilation, n)
    if padding == "same":
        reach = [(k - 1) * d for k, d in zip(weight.shape[2:], holes, strict=True)]
        pads = [(r // 2, r - r // 2) for r in reach]
    else:
        pads = [(p, p) for p in several(0 if padding == "valid" else padding, n)]
    result = jax.lax.conv_general_dilated(
        *alike(x, weight),
        several(stride, n), pads, rhs_dilation=holes, feature_group_count=groups,
    )  # fmt: skip
    return biased(result, bias)


def convolve_transposed(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Any:  # fmt: skip
    """Spreads x by the strides, and slides the mirrored kernel over it."""
    n = weight.ndim - 2
    x, weight = alike(x, weight)
    kernel = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:]).swapaxes(1, 2)
    kernel = jnp.flip(kernel.reshape(-1, *kernel.shape[2:]), range(2, weight.ndim))
    steps, pads, extra, holes = (several(v, n) for v in (stride, padding, output_padding, dilation))
    reach = [(k - 1) * d for k, d in zip(weight.shape[2:], holes, strict=True)]
    ends = [(r - p, r - p + e) for r, p, e in zip(reach, pads, extra, strict=True)]
    result = jax.lax.conv_general_dilated(
        x, kernel, [1] * n, ends, lhs_dilation=steps, rhs_dilation=holes, feature_group_count=groups
    )
    return biased(result, bias)


def convolution(
    x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool, output_padding: Any,
    groups: int,
) -> Any:  # fmt: skip
    """The one operation that all convolutions are decomposed into."""
    if transposed:
        return convolve_transposed(x, weight, bias, stride, padding, output_padding, groups, dilation)
    return convolve(x, weight, bias, stride, padding, dilation, groups)


def alike(x: Any, weight: Any) -> tuple[Any, Any]:
    """Two arrays in the wider of their types."""
    dtype = jnp.promote_types(x.dtype, weight.dtype)
    return jnp.asarray(x, dtype), jnp.asarray(weight, dtype)


def batch_norm(
    x: Any, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float, *_: Any
) -> Any:
    """In evaluation mode: the root of a stored variance is the float that its type gives."""
    del momentum
    if training or mean is None or variance is None:
        raise NetworkError("expected a batch normalisation with stored statistics, got one in training mode.")
    shape = (-1, *[1] * (x.ndim - 2))
    variance = jnp.asarray(variance)
    factor = 1 / jnp.sqrt(variance + np.asarray(eps, variance.dtype))
    factor = factor if weight is None else weight * factor
    result = (x - mean.reshape(shape)) * factor.reshape(shape)
    return result if bias is None else result + bias.reshape(shape)


def batch_norm_in_use(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, momentum: float, eps: float) -> Any:
    """The same, as it is decomposed: its other results are of no use here."""
    return batch_norm(x, weight, bias, mean, variance, False, momentum, eps), None, None


def _windows(
    x: Any, start: float, combine: Callable[..., Any], sizes: Any, steps: Any, pads: Any, holes: Any, ceil_mode: bool
) -> tuple[Any, list[np.ndarray]]:
    """What windows see, combined; and for each axis how many places of the padded input each sees, without overhang."""
    n = x.ndim - 2
    sizes = several(sizes, n)
    steps, pads, holes = several(steps or sizes, n), several(pads, n), several(holes, n)
    ends, counts = [], []
    for size, k, s, p, d in zip(x.shape[2:], sizes, steps, pads, holes, strict=True):
        reach, padded = (k - 1) * d + 1, size + 2 * p
        count = (-(-(padded - reach) // s) if ceil_mode else (padded - reach) // s) + 1
        if ceil_mode and (count - 1) * s >= size + p:  # the last window has to start in the input or before it
            count -= 1
        if count < 1:
            raise NetworkError(f"expected windows that fit, got {k} places with holes of {d} in {padded}.")
        ends.append((p, max((count - 1) * s + reach - size - p, 0)))
        counts.append(np.array([[s * i, min(s * i + reach, padded)] for i in range(count)]))
    one = (1, 1)
    kept = tuple(slice(0, len(c)) for c in counts)
    result = jax.lax.reduce_window(
        x, np.asarray(start, x.dtype), combine, (*one, *sizes), (*one, *steps), [(0, 0), (0, 0), *ends],
        window_dilation=(*one, *holes),
    )  # fmt: skip
    return result[(..., *kept)], counts


def max_pool(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """The largest element of each window."""
    return _windows(x, -math.inf, jax.lax.max, kernel_size, stride, padding, dilation, ceil_mode)[0]


def average_pool(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The mean of each window."""
    total, ends = _windows(x, 0.0, jax.lax.add, kernel_size, stride, padding, 1, ceil_mode)
    divisors = np.ones((), np.int64)
    for end, size, p in zip(ends, x.shape[2:], several(padding, x.ndim - 2), strict=True):
        low, high = (end[:, 0], end[:, 1]) if count_include_pad else np.clip(end.T, p, p + size)
        divisors = divisors[..., None] * (high - low)
    return total / (divisor_override or divisors.astype(x.dtype))


def adaptive(reduce: Callable[..., Any], mean: bool) -> Callable[..., Any]:
    """A pool whose windows are chosen so that there are as many as asked for."""

    def pool(x: Any, output_size: Any) -> Any:
        n = x.ndim - 2
        sizes = [x.shape[2 + k] if s is None else s for k, s in enumerate(several(output_size, n))]
        for axis, (size, before) in enumerate(zip(sizes, x.shape[2:], strict=True), 2):
            parts = []
            for i in range(size):
                low, high = i * before // size, -(-(i + 1) * before // size)
                part = reduce(jax.lax.slice_in_dim(x, low, high, axis=axis), axis=axis, keepdims=True)
                parts.append(part / (high - low) if mean else part)
            x = jnp.concatenate(parts, axis)
        return x

    return pool


def pad(x: Any, pads: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """Pads the last axes, the last one first; a negative number cuts off."""
    ends = [(0, 0)] * (x.ndim - len(pads) // 2) + [tuple(pads[k : k + 2]) for k in range(len(pads) - 2, -1, -2)]
    x = x[tuple(slice(max(-low, 0), size - max(-high, 0)) for (low, high), size in zip(ends, x.shape, strict=True))]
    ends = [(max(low, 0), max(high, 0)) for low, high in ends]
    if mode == "constant":
        return jnp.pad(x, ends, constant_values=0 if value is None else value)
    return jnp.pad(x, ends, mode=MODES[mode])


def padding(mode: str) -> Callable[[Any, Sequence[int]], Any]:
    """The operation that pads in one way."""
    return lambda x, pads: pad(x, pads, mode)


def nearest(x: Any, size: Any = None, *scales: Any) -> Any:
    """Each element repeated, for whole factors, or one of so many left."""
    for axis, (before, after, ratio) in enumerate(_axes(x, size, scales), 2):
        if max(after, before) % min(after, before) or ratio != Fraction(before, after):
            raise NetworkError(f"expected an image resized by whole factors, got {before} to {after} by the nearest.")
        places = np.arange(after) * before // after
        x = jnp.take(x, places, axis=axis, mode="clip")
    return x


def linear(x: Any, size: Any = None, align_corners: bool = False, *scales: Any) -> Any:
    """Means of the elements around each place, with the fractions as weights that the sizes give."""
    for axis, (before, after, ratio) in enumerate(_axes(x, size, scales), 2):
        if align_corners:
            step, first = Fraction(before - 1, after - 1) if after > 1 else Fraction(0), Fraction(0)
        else:
            step, first = ratio, ratio / 2 - Fraction(1, 2)
        rows = []
        for y in range(after):
            place = min(max(first + step * y, Fraction(0)), Fraction(before - 1))
            low = math.floor(place)
            rows.append({k: w for k, w in ((low, 1 - (place - low)), (low + 1, place - low)) if w})
        x = weighted(x, axis, rows).astype(x.dtype)
    return x


def _axes(x: Any, size: Any, scales: Sequence[Any]) -> list[tuple[int, int, Fraction]]:
    """For each axis its length, the one asked for, and how far apart the places of the result lie."""
    n = x.ndim - 2
    factors = scales[0] if len(scales) == 1 and isinstance(scales[0], list | tuple) else list(scales)
    factors = [None] * n if not factors or None in factors else several(factors, n)
    found = []
    for k, before in enumerate(x.shape[2:]):
        factor = factors[k]
        after = math.floor(before * factor) if size is None else several(size, n)[k]
        found.append((before, after, Fraction(before, after) if factor is None else 1 / Fraction(factor)))
    return found


def shuffled(x: Any, factor: int) -> Any:
    """Channels put between the pixels."""
    *batch, channels, height, width = x.shape
    x = x.reshape(*batch, channels // factor**2, factor, factor, height, width)
    k = len(batch)
    order = [*range(k), k, k + 3, k + 1, k + 4, k + 2]
    return x.transpose(order).reshape(*batch, channels // factor**2, height * factor, width * factor)


def unshuffled(x: Any, factor: int) -> Any:
    """Pixels put into channels."""
    *batch, channels, height, width = x.shape
    x = x.reshape(*batch, channels, height // factor, factor, width // factor, factor)
    k = len(batch)
    order = [*range(k), k, k + 2, k + 4, k + 1, k + 3]
    return x.transpose(order).reshape(*batch, channels * factor**2, height // factor, width // factor)
