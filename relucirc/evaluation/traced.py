"""Evaluation with weights as arguments: for networks that change, as in training."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.matrix import ExactMatrix
from relucirc.evaluation.arithmetic import Array, relu
from relucirc.evaluation.blocks import Layer
from relucirc.language.network import MLP


def current_layers(net: MLP, dtype: Any) -> list[Layer]:
    """Returns a network's weights and biases, rounded to a dtype, as arrays that may be traced."""
    layers = []
    for layer in net.layers:
        bias = None if layer.bias is None else jnp.reshape(_array(layer.bias, dtype), -1)
        layers.append((_array(layer.weight, dtype), bias))
    return layers


def run_traced(layers: list[Layer], columns: list[Array]) -> list[Array]:
    """Evaluates a small network on columns of points, elementwise, any weights."""
    values = columns
    for number, (weight, bias) in enumerate(layers):
        atoms = [relu(v) for v in values] if number else values
        values = []
        for r in range(weight.shape[0]):
            total: Any = sum((weight[r, j] * atoms[j] for j in range(1, len(atoms))), start=weight[r, 0] * atoms[0])
            values.append(total if bias is None else total + bias[r])
    return values


def _array(leaf: Any, dtype: Any) -> Array:
    if isinstance(leaf, jax.Array):
        return leaf.astype(dtype)
    # Rounded once, from the exact or the widest value.
    return jnp.asarray(leaf.to_numpy(dtype) if isinstance(leaf, ExactMatrix) else np.asarray(leaf).astype(dtype))
