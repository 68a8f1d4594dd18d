"""Many networks of one shape side by side: the axis of seeds comes last.

A weight is ``[out, in, seeds]`` and a bias ``[out, seeds]``.  With the seeds last, what a step does
to one weight it does to a vector of them, and networks too small to fill a vector fill one together.
Outside this package a batch of networks is an :class:`~relucirc.language.network.MLP` whose leaves have a
leading axis of seeds, as ``jax.vmap`` makes and takes.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.budget import tick
from relucirc.core.exact import approximate
from relucirc.core.matrix import ExactMatrix
from relucirc.language.affine import Affine
from relucirc.language.network import MLP

Array = Any
Layers = tuple[tuple[Array, Array | None], ...]
"""``(weight, bias)`` for every layer, the axis of seeds last."""
Stack = list[tuple[np.ndarray, np.ndarray]]
"""``(weight, bias)`` for every layer in float64, the axis of seeds first; zeros for no bias."""


def to_networks(layers: Layers, names: Sequence[str]) -> MLP:
    """Returns the networks as one pytree whose leaves have a leading axis of seeds."""
    leading = jax.tree.map(lambda leaf: np.moveaxis(np.asarray(leaf), -1, 0), layers)
    template = MLP(tuple(Affine(*jax.tree.map(lambda leaf: leaf[0], layer)) for layer in leading), tuple(names))
    return jax.tree.unflatten(jax.tree.structure(template), [jnp.asarray(leaf) for leaf in jax.tree.leaves(leading)])


def network_at(networks: MLP, index: int) -> MLP:
    """Returns one network of a batch."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[index], networks)


def stacked(networks: MLP, *, single: bool = False) -> Stack:
    """Returns networks in float64 with the axis of seeds first, as snapping takes them.

    Args:
        networks: A batch of networks, or one network.
        single: Whether it is one; one may be exact.
    """
    stack = []
    for layer in networks.layers:
        if isinstance(layer.weight, ExactMatrix):
            weight = np.zeros(layer.shape)
            for i, row in enumerate(layer.weight.rows):
                tick()
                for j, value in row:
                    weight[i, j] = approximate(value)
            bias = np.array([approximate(b) for b in layer.exact_bias()])
        else:
            weight = np.asarray(layer.weight, np.float64)
            bias = np.zeros(weight.shape[:-1]) if layer.bias is None else np.asarray(layer.bias, np.float64)
        stack.append((weight[None], bias[None]) if single else (weight, bias))
    return stack


def homogeneous(points: np.ndarray) -> np.ndarray:
    """Returns points, one row each, with a 1 before them."""
    return np.hstack([np.ones((len(points), 1)), points])


def activations(stack: Stack, points: np.ndarray) -> list[np.ndarray]:
    """Evaluates networks at points, ``[count, 1 + inputs]``.

    Returns what every layer gives before its ReLU, ``[seeds, count, width]``.
    A point begins with 1; a direction, with 0, is where the networks go to along it, far out.
    """
    once, values, found = points[:, :1], points[:, 1:], []
    for weight, bias in stack:
        values = (np.maximum(values, 0) if found else values) @ weight.swapaxes(-1, -2) + once * bias[:, None]
        found.append(values)
    return found


def forward(stack: Stack, points: np.ndarray) -> np.ndarray:
    """Evaluates networks at points, as :func:`activations` does: ``[seeds, count, outputs]``."""
    return activations(stack, points)[-1]
