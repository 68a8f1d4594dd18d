"""Evaluation in blocks of points that fit in cache, and the dense plan, which lives on it."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from relucirc.core.matrix import ExactMatrix
from relucirc.evaluation.arithmetic import Array, multiply, relu
from relucirc.language.network import MLP

CACHE_BYTES = 2**21
"""Size of the widest layer of one block; half to four times this measured equally fast."""

Layer = tuple[Array, Array | None]


def block_size(widest: int, dtype: Any, memory: int = CACHE_BYTES) -> int:
    """Returns how many points make one block when a point needs ``widest`` values at once."""
    return max(64, memory // (max(widest, 1) * jnp.dtype(dtype).itemsize))


def in_blocks(run: Callable[[Array], Array], xs: Array, outputs: int, block: int, axis: int) -> Array:
    """Applies a function of points to blocks of points, one after another.

    Blocks have one size; the last is shifted back to end with the points, so that some points may
    be computed twice, with the same result.

    Args:
        run: From a block of points to its outputs, both laid out alike.
        xs: Points along ``axis`` of two.
        outputs: Number of outputs.
        block: Most points in a block.
        axis: The axis of points: 0 for row-major, 1 for feature-major.
    """
    points = xs.shape[axis]
    count = -(-points // block)
    if count <= 1:
        return run(xs)
    size = -(-points // count)
    shape = (points, outputs) if axis == 0 else (outputs, points)

    def body(k: Array, out: Array) -> Array:
        start = jnp.minimum(k * size, points - size)
        part = run(lax.dynamic_slice_in_dim(xs, start, size, axis))
        return lax.dynamic_update_slice_in_dim(out, part, start, axis)

    return lax.fori_loop(0, count, body, jnp.zeros(shape, xs.dtype))


def dense_layers(net: MLP, dtype: Any) -> list[Layer]:
    """Returns weights and biases rounded to a dtype, without the neurons that nothing reads."""
    layers = []
    for layer in net.layers:
        bias = None if layer.bias is None else _rounded(layer.bias, dtype).reshape(-1)
        layers.append((_rounded(layer.weight, dtype), bias))
    for k in range(len(layers) - 1, 0, -1):
        weight, bias = layers[k]
        read = (weight != 0).any(axis=0)
        below, below_bias = layers[k - 1]
        if not read.all() and read.any():
            layers[k] = (weight[:, read], bias)
            layers[k - 1] = (below[read], None if below_bias is None else below_bias[read])
    return layers


def run_dense(layers: list[Layer], xs: Array, axis: int) -> Array:
    """Evaluates layer by layer with matrix products, inputs along ``axis`` of two."""
    values = xs
    for number, (weight, bias) in enumerate(layers):
        values = multiply(weight, relu(values) if number else values, axis)
        if bias is not None:
            values = values + (bias[:, None] if axis == 0 else bias)
    return values


def _rounded(weights: Any, dtype: Any) -> np.ndarray:
    if isinstance(weights, ExactMatrix):
        return weights.to_numpy(dtype)
    with np.errstate(over="ignore"):
        return np.asarray(weights).astype(dtype)
