"""What the tests of training share: plain arithmetic on networks, points of the square, and networks made by hand."""

from fractions import Fraction

import jax
import numpy as np
from flint import fmpq

from relucirc import MLP
from relucirc.interpretation.batch import stacked
from relucirc.interpretation.canonical import Canonical
from relucirc.interpretation.proposal import Sight
from relucirc.interpretation.rounding import Rounding, Within
from relucirc.training.driver import _Work

KEY = jax.random.key(7)
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


def circuit_of(way, net, rounding, points):
    """The circuit that one way to snap makes of one network, on the domain that points span."""
    rounding = rounding if isinstance(rounding, Rounding) else Within(rounding)
    seen = np.array([[1.0, *(float(c.p) / float(c.q) if isinstance(c, fmpq) else c for c in p)] for p in points])
    proposal = way(stacked(net, single=True), rounding, Sight(seen, seen))
    return Canonical.of(proposal.layers(0), biased=any(layer.bias is not None for layer in net.layers))


def batch_of(networks):
    hidden = np.stack([np.float32(h) for h, _ in networks], axis=-1)
    read = np.stack([np.float32([r]) for _, r in networks], axis=-1)
    return ((hidden, None), (read, None))


def leaves(trained):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(trained.networks)]


def assert_same(a, b):
    for one, other in zip([*leaves(a), a.losses, a.draws], [*leaves(b), b.losses, b.draws], strict=True):
        np.testing.assert_array_equal(one, other)


def work_of(f, sizes, regimen, steps, seeds):
    return _Work.read(f, sizes, KEY, seeds, regimen, steps, None, None, None)


def forward(layers, x):
    """One network with the usual ``W x + b`` on rows of points, in double precision."""
    values = [x]
    for k, (weight, bias) in enumerate(layers):
        z = (np.maximum(values[-1], 0) if k else values[-1]) @ weight.T
        values.append(z if bias is None else z + bias)
    return values


def one_seed(layers, seed):
    return [(np.float64(w[..., seed]), None if b is None else np.float64(b[..., seed])) for w, b in layers]
