"""What floats see of a network on a region: points, its values there, and its slopes."""

from dataclasses import dataclass

import numpy as np

from relucirc.core.exact import approximate
from relucirc.interpretation.batch import activations, stacked
from relucirc.interpretation.ground import Ground
from relucirc.language.network import MLP

POINTS = 512
TINY = 1e-290
"""Numbers that are all smaller lose digits in floats, and their reciprocals are infinite."""


@dataclass(frozen=True)
class Seen:
    """A network at points of a region.

    Attributes:
        points: The points, ``[count, inputs]``.
        values: What the network gives, ``[count, outputs]``.
        slopes: Its gradients, ``[outputs, count, inputs]``.
        rows: The rows of its first layer, the biases last; none without a hidden layer.
    """

    points: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    rows: np.ndarray

    @staticmethod
    def of(net: MLP, ground: Ground) -> "Seen":
        """Looks at a network on the region of a ground."""
        stack = stacked(net, single=True)
        points = _points(ground)
        with np.errstate(all="ignore"):
            layers = activations(stack, np.hstack([np.ones((len(points), 1)), points]))
            slopes = np.broadcast_to(stack[-1][0][0][:, None], (net.sizes[-1], len(points), stack[-1][0].shape[-1]))
            for (weight, _), below in zip(reversed(stack[:-1]), reversed(layers[:-1]), strict=True):
                slopes = (slopes * (below[0] > 0)) @ weight[0]
        weight, bias = stack[0]
        rows = np.column_stack([weight[0], bias[0]])[: None if len(stack) > 1 else 0]
        return Seen(points, layers[-1][0], slopes, rows)

    @property
    def is_finite(self) -> bool:
        """Whether floats hold all of it."""
        largest = [np.abs(part).max(initial=0.0) for part in (self.values, self.slopes)]
        return all(size == 0 or TINY < size < np.inf for size in largest)


def _points(ground: Ground) -> np.ndarray:
    """The ground's points; of real numbers also points between these, and in a box points on its faces."""
    known = ground.sight.points[: len(ground.points), 1:]
    if ground.region.integers or not len(known):
        return known
    rng = np.random.default_rng(len(known))
    pairs = rng.integers(0, len(known), (max(POINTS - len(known), 0), 2))
    share = rng.uniform(0, 1, (len(pairs), 1))
    between = share * known[pairs[:, 0]] + (1 - share) * known[pairs[:, 1]]
    if all(len(relation.form.terms) < 2 for relation in ground.region.relations):
        ends = np.array([[approximate(end) for end in pair] for pair in ground.box]).T
        sides = rng.integers(0, 4, between.shape)
        sides[len(between) // 2 :] = 2
        between = np.where(sides < 2, np.take_along_axis(ends, sides % 2, axis=0), between)
    return np.concatenate([known, between])
