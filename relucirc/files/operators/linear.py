"""Operators that are linear maps with constant weights: products, convolutions, normalisation, running sums."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.files.operators.table import Node, operator, room
from relucirc.files.operators.windows import Windows, windows_of
from relucirc.language.lower.jaxpr.limits import Unsupported


@operator("MatMul")
def _product(node: Node, a: Any, b: Any) -> Any:  # noqa: ARG001
    return _matmul(a, b)


def _matmul(a: Any, b: Any) -> Any:
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0] if b.ndim else None
    if not a.ndim or a.shape[-1] != inner:
        raise Unsupported(f"it multiplies the shapes {a.shape} and {b.shape}")
    return jnp.matmul(a, b)


@operator("Gemm")
def _gemm(node: Node, a: Any, b: Any, c: Any = None) -> Any:
    product = _matmul(a.T if node.get("transA") else a, b.T if node.get("transB") else b)
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    product = product if alpha == 1 else alpha * product
    if c is None:
        return product
    return product + jnp.broadcast_to(c if beta == 1 else beta * c, product.shape)


@operator("Einsum")
def _einsum(node: Node, *operands: Any) -> Any:
    return jnp.einsum(node.word("equation", "").replace(" ", ""), *operands)


@operator("Conv")
def _convolve(node: Node, x: Any, w: Any, b: Any = None) -> Any:
    at = windows_of(node, x.shape, w.shape[2:])
    result = jax.lax.conv_general_dilated(
        x, w, at.strides, at.padding, rhs_dilation=at.dilations, feature_group_count=node.get("group", 1)
    )
    return _biased(result, b)


@operator("ConvTranspose")
def _convolve_transposed(node: Node, x: Any, w: Any, b: Any = None) -> Any:
    """Spreads x by the strides, and slides the mirrored kernel over it."""
    groups, spatial = node.get("group", 1), x.ndim - 2
    kernel = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    kernel = jnp.flip(kernel.reshape(-1, *kernel.shape[2:]), range(2, w.ndim))
    strides = node.get("strides") or [1] * spatial
    dilations = node.get("dilations") or [1] * spatial
    extra = node.get("output_padding") or [0] * spatial
    reach = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], dilations, strict=True)]
    full = [s * (n - 1) + r + e for s, n, r, e in zip(strides, x.shape[2:], reach, extra, strict=True)]
    pads = _pads_of_transposed(node, full, [n * s for n, s in zip(x.shape[2:], strides, strict=True)])
    padding = [(r - 1 - low, r - 1 - high + e) for (low, high), r, e in zip(pads, reach, extra, strict=True)]
    room([*x.shape[:2], *full])
    result = jax.lax.conv_general_dilated(
        x, kernel, [1] * spatial, padding, lhs_dilation=strides, rhs_dilation=dilations, feature_group_count=groups
    )
    return _biased(result, b)


def _pads_of_transposed(node: Node, full: list[int], same: list[int]) -> list[tuple[int, int]]:
    """What is cut off at both ends of each axis."""
    kind, shape = node.word("auto_pad", "NOTSET"), node.get("output_shape")
    if kind in ("SAME_UPPER", "SAME_LOWER") and shape is None:
        shape = same
    if shape is None:
        pads = [0] * (2 * len(full)) if kind == "VALID" else node.get("pads") or [0] * (2 * len(full))
        return list(zip(pads[: len(full)], pads[len(full) :], strict=True))
    totals = [n - wanted for n, wanted in zip(full, shape[-len(full) :], strict=True)]
    halves = [(total // 2, total - total // 2) for total in totals]
    return halves if kind == "SAME_UPPER" else [(high, low) for low, high in halves]


def _biased(result: Any, b: Any) -> Any:
    return result if b is None else result + b.reshape(-1, *[1] * (result.ndim - 2))


@operator("BatchNormalization")
def _normalise(node: Node, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    """In evaluation mode, where mean and variance are stored."""
    if node.get("training_mode", 0) or (any(node.outputs[1:]) and node.opset < 14):
        raise Unsupported("a batch normalisation in training mode depends on other points")
    if not node.get("spatial", 1) or variance.ndim != 1:
        raise Unsupported("it has statistics for each place of an image")
    shape = (-1, *[1] * (x.ndim - 2)) if x.ndim > 1 else (-1,)
    factor = scale / jnp.sqrt(variance + node.get("epsilon", float(np.float32(1e-5))))
    return (x - mean.reshape(shape).astype(x.dtype)) * factor.reshape(shape).astype(x.dtype) + bias.reshape(shape)


@operator("CumSum")
def _running_sum(node: Node, x: Any, axis: Any) -> Any:  # noqa: ARG001
    place = int(node.number(1, "axis", 0) or 0) % x.ndim
    x = jnp.flip(x, place) if node.get("reverse") else x
    if node.get("exclusive"):
        first = jnp.zeros_like(jax.lax.slice_in_dim(x, 0, 1, axis=place))
        x = jnp.concatenate([first, jax.lax.slice_in_dim(x, 0, x.shape[place] - 1, axis=place)], place)
    total = jax.lax.cumsum(x, axis=place)
    return jnp.flip(total, place) if node.get("reverse") else total


@operator("AveragePool")
def _average(node: Node, x: Any) -> Any:
    at = windows_of(node, x.shape, node.get("kernel_shape"))
    total = at.reduce(x, 0, jax.lax.add)
    return total / at.counts(x.shape, bool(node.get("count_include_pad", 0))).astype(x.dtype)


@operator("MaxPool")
def _largest(node: Node, x: Any) -> Any:
    at = windows_of(node, x.shape, node.get("kernel_shape"))
    least = -math.inf if jnp.issubdtype(x.dtype, jnp.floating) else np.iinfo(x.dtype).min
    return [at.reduce(x, least, jax.lax.max), None]


@operator("LpPool")
def _norm_pool(node: Node, x: Any) -> Any:
    if node.get("p", 2) != 1:
        raise Unsupported("it is not piecewise linear")
    at: Windows = windows_of(node, x.shape, node.get("kernel_shape"))
    return at.reduce(jnp.maximum(x, 0) + jnp.maximum(-x, 0), 0, jax.lax.add)


@operator("GlobalAveragePool", "GlobalMaxPool")
def _global(node: Node, x: Any) -> Any:
    axes = tuple(range(2, x.ndim))
    if node.kind == "GlobalMaxPool":
        return jnp.max(x, axes, keepdims=True)
    return jnp.sum(x, axes, keepdims=True) / math.prod(x.shape[2:])
