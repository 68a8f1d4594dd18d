"""Networks as plain float layers while they are being snapped, and as rational layers afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relucirc.core.budget import tick
from relucirc.core.exact import ZERO, approximate
from relucirc.language.network import MLP


@dataclass
class Layer:
    """An affine layer, in float64 or as objects in exact rationals; it keeps its shape where it has no neuron.

    Attributes:
        weight: Shape (out, in).
        bias: Shape (out,).
    """

    weight: np.ndarray
    bias: np.ndarray

    def floats(self) -> "Layer":
        """Returns an exact layer in float64."""
        weight = np.zeros(self.weight.shape)
        for i, row in enumerate(self.weight):
            tick()
            weight[i] = [approximate(value) for value in row]
        return Layer(weight, np.array([approximate(value) for value in self.bias]))


def exact_layers(net: MLP) -> list[Layer]:
    """Returns the layers of a network in exact rationals."""
    layers = []
    for layer in net.exact().layers:
        weight, bias = np.full(layer.shape, ZERO, dtype=object), np.full(layer.shape[0], ZERO, dtype=object)
        for i, row in enumerate(layer.weight.rows):
            tick()
            for j, value in row:
                weight[i, j] = value
        bias[:] = layer.exact_bias()
        layers.append(Layer(weight, bias))
    return layers


def rational_network(layers: Sequence[Layer], inputs: Sequence[str]) -> MLP:
    """Builds the network; biases that are all zero are left out."""
    pairs = [(layer.weight.tolist(), layer.bias.tolist() if any(layer.bias) else None) for layer in layers]
    return MLP.from_arrays(pairs, inputs)


def forward(layers: Sequence[Layer], points: np.ndarray) -> np.ndarray:
    """Evaluates float layers at points, one a row; what overflows is no number."""
    values = points
    with np.errstate(all="ignore"):
        for k, layer in enumerate(layers):
            values = (np.maximum(values, 0.0) if k else values) @ layer.weight.T + layer.bias
    return values


def number(value: float) -> str:
    """Writes a float for people; one that is near an integer in full."""
    return f"{value:.5g}" if value == round(value, 4) or f"{value:.5g}" != f"{round(value)}" else repr(value)


def vector(values: Sequence[Any]) -> str:
    """Writes a row for people."""
    shown = [number(v) if isinstance(v, float) else str(v) for v in values]
    return f"({', '.join(shown if len(shown) <= 12 else [*shown[:12], '...'])})"
