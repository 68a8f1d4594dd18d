"""Hard inputs: networks that no verb finishes within a second or so; and budgets that end after so many steps."""

import itertools
from collections.abc import Sequence

import numpy as np

from relucirc import MLP
from relucirc.core.budget import Budget, OutOfBudget


class StepsLeft:
    """Ends every budget after so many steps, inside of ``with``."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __enter__(self) -> None:
        self.step = Budget.step

        def step(_clock, _counter=None) -> None:
            self.left -= 1
            if self.left < 0:
                raise OutOfBudget

        Budget.step = step

    def __exit__(self, *_) -> None:
        Budget.step = self.step


def random_network(sizes: Sequence[int], seed: int = 0) -> MLP:
    """A network with random float32 weights, of the size that trained ones have."""
    rng = np.random.default_rng(seed)
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = rng.normal(size=(above, below)) / np.sqrt(below)
        layers.append((weight.astype(np.float32), (0.3 * rng.normal(size=above)).astype(np.float32)))
    return MLP.from_arrays(layers)


def disguised(net: MLP, seed: int = 0) -> MLP:
    """The same function: neurons of every hidden layer permuted and scaled."""
    rng = np.random.default_rng(seed)
    layers: list[tuple[list, list]] = []
    order, scales = list(range(len(net.inputs))), [1] * len(net.inputs)
    exact = net.exact().layers
    for depth, layer in enumerate(exact):
        rows = [[row[j] / scales[j] for j in order] for row in layer.weight.tolist()]
        biases = list(layer.exact_bias())
        order, scales = list(range(len(rows))), [1] * len(rows)
        if depth < len(exact) - 1:
            order, scales = rng.permutation(len(rows)).tolist(), [int(c) for c in rng.integers(2, 9, len(rows))]
        layers.append(([[scales[i] * c for c in rows[i]] for i in order], [scales[i] * biases[i] for i in order]))
    return MLP.from_arrays(layers, net.inputs)


def long_formula(terms: int) -> str:
    """A sum of nested maxima and minima of three inputs."""
    parts = (f"Max({i}*x1 + x2/{i + 1}, Min(x3, {i} - x1), Abs(x2 - {i}*x3))" for i in range(1, terms + 1))
    return " + ".join(parts)


def deep_formula(depth: int) -> str:
    """Absolute values and maxima inside each other."""
    formula = "x1"
    for i in range(depth):
        formula = f"Max(x{i % 3 + 1}, Abs({formula} - {i}) - x{(i + 1) % 3 + 1}/{i + 2})"
    return formula


def guarded_formula(depth: int) -> str:
    """Conditions inside each other."""
    formula = "x1 + x2 - x3"
    for i in range(depth):
        formula = f"Piecewise(({formula} + {i}, {i + 1}*x1 > x2 - {i}), (x1 - {i}*x2, True))"
    return formula
