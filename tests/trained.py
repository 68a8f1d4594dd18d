"""What the tests of training share: points of the square, plain values, and networks in floats."""

from fractions import Fraction

import numpy as np
from flint import fmpq

from relucirc import MLP

SQUARE = [tuple(fmpq(c) for c in corner) for corner in ((-1, -1), (-1, 1), (1, -1), (1, 1))]
GRID = np.stack(np.meshgrid(*[np.linspace(-1, 1, 21)] * 2), axis=-1).reshape(-1, 2)
STUCK = {
    "dead neuron": ([[1, 0], [-1, 0], [0, 0]], [1, -1, 0]),
    "twin neurons": ([[-1, 0.2], [0.2, -1], [-2, 0.6]], [-0.41, -0.83, -0.2]),
    "local optimum": ([[1, 0], [0, -1], [-0.7, -1]], [-0.83, -0.83, -0.3]),
    "diverged": ([[np.nan, 0], [0, 1], [1, 1]], [1, 1, 1]),
    "unfinished": ([[1, 0], [-1, 0], [1, -1]], [1, -1, -0.9]),
}
"""Networks of the minimum that are stuck, by the kind of their failure: hidden rows and read-outs."""


def values(net, points):
    layers = [(np.asarray(a.weight, float), None if a.bias is None else np.asarray(a.bias, float)) for a in net.layers]
    for k, (weight, bias) in enumerate(layers):
        points = (np.maximum(points, 0) if k else points) @ weight.T + (0 if bias is None else bias)
    return points


def as_float(net):
    return MLP.from_arrays(
        [(np.array([[float(Fraction(str(w))) for w in row] for row in a.weight.strings()]),
          None if a.bias is None else np.array([float(Fraction(str(b))) for b in a.exact_bias()]))
         for a in net.exact().layers], net.inputs)  # fmt: skip


def batch_of(networks):
    hidden = np.stack([np.float32(h) for h, _ in networks], axis=-1)
    read = np.stack([np.float32([r]) for _, r in networks], axis=-1)
    return ((hidden, None), (read, None))
