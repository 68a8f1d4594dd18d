"""Networks as plain float layers while they are being snapped, and as rational layers afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from relucirc.errors import NetworkError
from relucirc.network import MLP


@dataclass
class Layer:
    """An affine layer in float64.

    Attributes:
        weight: Shape (out, in).
        bias: Shape (out,).
    """

    weight: np.ndarray
    bias: np.ndarray


@dataclass
class RationalLayer:
    """An affine layer in small rationals: dense rows, and the bias."""

    weight: list[list[Fraction]]
    bias: list[Fraction]

    def floats(self) -> Layer:
        """Returns the layer in float64."""
        width = len(self.weight[0]) if self.weight else 0
        weight = np.array(self.weight, dtype=np.float64).reshape(len(self.weight), width)
        return Layer(weight, np.array(self.bias, dtype=np.float64))


def float_layers(net: MLP) -> list[Layer]:
    """Reads a network as float64; floats only propose what is proved later.

    Raises:
        NetworkError: For symbolic weights, and for weights beyond float64.
    """
    layers = []
    for i, layer in enumerate(net.exact().layers):
        weight = layer.weight.to_numpy(np.float64)
        bias = np.zeros(layer.shape[0]) if layer.bias is None else layer.bias.to_numpy(np.float64)[:, 0]
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise NetworkError(f"layer {i}: a weight is too large to snap; expected numbers within float64.")
        layers.append(Layer(weight, bias))
    return layers


def rational_network(layers: Sequence[RationalLayer], inputs: Sequence[str]) -> MLP:
    """Builds the network; biases that are all zero are left out."""
    pairs: list[tuple[Any, Any]] = [(layer.weight, layer.bias if any(layer.bias) else None) for layer in layers]
    return MLP.from_arrays(pairs, inputs)


def number(value: float) -> str:
    """Writes a float for people; one that is near an integer in full."""
    return f"{value:.5g}" if value == round(value, 4) or f"{value:.5g}" != f"{round(value)}" else repr(value)


def vector(values: Sequence[Any]) -> str:
    """Writes a row for people."""
    shown = [number(v) if isinstance(v, float) else str(v) for v in values]
    return f"({', '.join(shown if len(shown) <= 12 else [*shown[:12], '...'])})"
