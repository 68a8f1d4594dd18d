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

from relucirc.language.network import MLP, Affine

Array = Any
Layers = tuple[tuple[Array, Array | None], ...]
"""``(weight, bias)`` for every layer, the axis of seeds last."""


def to_networks(layers: Layers, names: Sequence[str]) -> MLP:
    """Returns the networks as one pytree whose leaves have a leading axis of seeds."""
    leading = jax.tree.map(lambda leaf: np.moveaxis(np.asarray(leaf), -1, 0), layers)
    template = MLP(tuple(Affine(_first(w), None if b is None else _first(b)) for w, b in leading), tuple(names))
    return jax.tree.unflatten(jax.tree.structure(template), [jnp.asarray(leaf) for leaf in jax.tree.leaves(leading)])


def to_layers(networks: MLP) -> Layers:
    """Returns the layers of a batch of networks, the axis of seeds last, as NumPy arrays."""
    return tuple(
        (np.moveaxis(np.asarray(a.weight), 0, -1), None if a.bias is None else np.moveaxis(np.asarray(a.bias), 0, -1))
        for a in networks.layers
    )


def network_at(networks: MLP, index: int) -> MLP:
    """Returns one network of a batch."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[index], networks)


def _first(leaf: np.ndarray) -> np.ndarray:
    return leaf[0]
