"""Where networks start: how the first weights are drawn.

``linear`` is what ``torch.nn.Linear`` does by default, and so the original's: every weight and bias
uniform in ``[-1/sqrt(fan_in), 1/sqrt(fan_in)]``.

``spread`` draws the hidden neurons of a layer together.  Their directions are Gaussian vectors with
their common mean taken out and scaled to length one.  Before that scaling they add up to zero, so
wherever the input is (but on a set of measure zero) some neuron is active: the layer starts without
a blind side.  Two neurons start exactly opposed.  The read-out weights are drawn like ``linear``'s,
a tenth as large: while gradient descent keeps ``|v|^2 - |w|^2`` of a neuron (it does, in the limit
of small steps), a read-out v smaller than the row w can change sign, and the row cannot collapse to
zero.  With biases, every hidden neuron's hyperplane passes through a point drawn from the domain.

For one input and two hidden neurons ``spread`` starts at the rows +1 and -1: the hidden layer of the
hand-derived circuits of identity, negative identity and absolute value, up to scale.  There the
initialisation contains half of the answer.  For two inputs the direction is random.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from relucirc.interpretation.batch import Layers

Rng = np.random.Generator
Points = Callable[[Rng, int], np.ndarray]
"""From a generator and a count to points of the domain, ``[count, coordinates]``."""

READ_OUT = 0.1
"""How much smaller than linear's the read-out of ``spread`` is."""


def linear(rng: Rng, sizes: Sequence[int], bias: bool, points: Points) -> Layers:
    """Draws every weight uniformly in ``[-1/sqrt(fan_in), 1/sqrt(fan_in)]``."""
    del points
    return tuple(_uniform(rng, n, m, bias) for n, m in itertools.pairwise(sizes))


def spread(rng: Rng, sizes: Sequence[int], bias: bool, points: Points) -> Layers:
    """Draws the hidden neurons of every layer together, without a blind side; small read-outs."""
    layers = []
    for k, (n, m) in enumerate(itertools.pairwise(sizes[:-1])):
        weight = rng.standard_normal((m, n), np.float32)
        weight -= weight.mean(axis=0) if m > 1 else 0
        weight /= np.linalg.norm(weight, axis=1, keepdims=True)
        through = points(rng, m) if k == 0 else np.full((m, n), 0.1, np.float32)
        layers.append((weight, -np.sum(weight * through, axis=1) if bias else None))
    weight, offset = _uniform(rng, sizes[-2], sizes[-1], bias)
    scale = np.float32(READ_OUT if len(sizes) > 2 else 1)
    return (*layers, (scale * weight, None if offset is None else scale * offset))


def _uniform(rng: Rng, n: int, m: int, bias: bool) -> tuple[np.ndarray, np.ndarray | None]:
    bound = np.float32(n**-0.5)
    weight = (2 * rng.random((m, n), np.float32) - 1) * bound
    return weight, (2 * rng.random(m, np.float32) - 1) * bound if bias else None


INITIALISATIONS = {"linear": linear, "spread": spread}
"""Name -> how one network is drawn."""
