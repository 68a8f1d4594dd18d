"""Hard inputs: networks that no verb finishes within a second or so."""

import itertools
from collections.abc import Sequence

import numpy as np

from relucirc import MLP


def random_network(sizes: Sequence[int], seed: int = 0) -> MLP:
    """A network with random float32 weights, of the size that trained ones have."""
    rng = np.random.default_rng(seed)
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = rng.normal(size=(above, below)) / np.sqrt(below)
        layers.append((weight.astype(np.float32), (0.3 * rng.normal(size=above)).astype(np.float32)))
    return MLP.from_arrays(layers)
