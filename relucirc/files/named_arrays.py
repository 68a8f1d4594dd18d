"""Networks as named arrays, the way that training code stores them.

A layer is a weight and perhaps a bias with one common name: ``layers.0.weight`` and ``layers.0.bias``,
``fc1.weight``, ``W0`` and ``b0``, ``weight_1`` and ``bias_1``, or ``Dense_0/kernel`` and ``Dense_0/bias``.
Weights are out x in; a *kernel* is in x out, as Flax and Keras store it.  Layers come in the order of the
numbers in their names.  Names that are not numbered say nothing about the order, so the shapes must: if
they fit together in one way only, that is the order, and otherwise the file is refused.

ReLU is between any two layers; arrays do not say which activation a model used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.errors import FileError, NetworkError, shorten
from relucirc.network import MLP

BIASES = ("bias", "b")
_NAME = re.compile(r"(?P<layer>(?:.*[./_:])?)(?P<kind>weight|kernel|bias|w|b)(?P<tail>[._]?\d+)?", re.IGNORECASE)
MAX_UNNUMBERED = 16
"""Most layers whose order is looked for in their shapes."""


@dataclass(frozen=True)
class _Layer:
    """The arrays of one layer, and its name cut into text and numbers."""

    name: str
    weight: Any
    bias: Any

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(re.split(r"\d+", self.name))

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(map(int, re.findall(r"\d+", self.name)))


def network_of_arrays(arrays: Mapping[str, Any], inputs: list[str] | None = None) -> MLP:
    """Builds the network that named arrays describe.

    Args:
        arrays: NumPy arrays by name; dtypes are kept.
        inputs: Names of the inputs, if the file has them.

    Raises:
        FileError: When names or order are not clear.
        NetworkError: When the shapes are not those of a network.
    """
    layers = _ordered(_layers(arrays))
    return MLP.from_arrays([(layer.weight, layer.bias) for layer in layers], inputs)


def arrays_of_network(net: MLP) -> dict[str, np.ndarray]:
    """Returns ``layers.0.weight``, ``layers.0.bias``, ... as float arrays that hold the weights exactly.

    Raises:
        FileError: When some exact weight is neither a float32 nor a float64.
    """
    floats = net
    if any(layer.is_exact for layer in net.layers):
        found = as_floats(net.exact(), np.float32) or as_floats(net.exact(), np.float64)
        if found is None:
            raise FileError(
                "some weight, such as 1/3, is not a binary float, so this format cannot hold the network; "
                "save it as .json, or round it with net.astype('float64')."
            )
        floats = found
    arrays = {}
    for i, layer in enumerate(floats.layers):
        arrays[f"layers.{i}.weight"] = np.ascontiguousarray(np.asarray(layer.weight))
        if layer.bias is not None:
            arrays[f"layers.{i}.bias"] = np.ascontiguousarray(np.asarray(layer.bias))
    return arrays


def as_floats(net: MLP, dtype: Any) -> MLP | None:
    """Returns an exact network with float weights, or None where that would round one."""
    try:
        floats = net.astype(dtype)
    except NetworkError:  # it would overflow
        return None
    return floats if floats.exact() == net else None


def _layers(arrays: Mapping[str, Any]) -> list[_Layer]:
    """Pairs weights and biases by name."""
    weights: dict[str, Any] = {}
    biases: dict[str, Any] = {}
    strangers = []
    for name, array in arrays.items():
        match = _NAME.fullmatch(name)
        if match is None:
            strangers.append(name)
            continue
        kind = match["kind"].lower()
        layer = match["layer"].rstrip("./_:") + (match["tail"] or "").lstrip("._")
        group = biases if kind in BIASES else weights
        if layer in group:
            raise FileError(f"the arrays {shorten(name)} and another one are both the {kind} of layer {layer!r}.")
        is_real = array.dtype.kind in "iu" or jnp.issubdtype(array.dtype, jnp.floating)
        if not is_real or array.dtype.itemsize > 8:
            raise FileError(f"{shorten(name)}: expected numbers, got an array of dtype {array.dtype}.")
        if array.ndim != (1 if group is biases else 2):
            expected = "a vector" if group is biases else "a matrix"
            raise NetworkError(f"{shorten(name)}: expected {expected}, got an array of shape {array.shape}.")
        group[layer] = array.T if kind == "kernel" else array
    strangers += [name for name in biases if name not in weights]
    if strangers or not weights:
        what = f"got {shorten(', '.join(map(repr, strangers)))}" if strangers else "got none"
        raise FileError(
            "expected the weights and biases of a plain perceptron, named like 'layers.0.weight' and "
            f"'layers.0.bias' or 'W0' and 'b0'; {what}."
        )
    return [_Layer(name, weight, biases.get(name)) for name, weight in weights.items()]


def _ordered(layers: list[_Layer]) -> list[_Layer]:
    """Puts layers in order, by their numbers or else by their shapes."""
    if len({layer.words for layer in layers}) == 1:
        by_number = sorted(layers, key=lambda layer: layer.numbers)
        if len({layer.numbers for layer in layers}) == len(layers):
            return by_number
    names = ", ".join(layer.name or "(no name)" for layer in layers)
    if len(layers) > MAX_UNNUMBERED:
        raise FileError(f"the order of the layers {shorten(names)} is not clear; number them, as in 'layers.0.weight'.")
    orders = _chains(layers)
    if len(orders) != 1:
        reason = "their shapes fit in several orders" if orders else "their shapes fit in no order"
        raise FileError(
            f"the order of the layers {shorten(names)} is not clear: {reason}; number them, as in 'layers.0.weight'."
        )
    return orders[0]


def _chains(layers: list[_Layer], limit: int = 2) -> list[list[_Layer]]:
    """Finds orders in which every layer takes what the one before gives; stops at ``limit``."""
    found: list[list[_Layer]] = []

    def extend(chain: list[_Layer], rest: list[_Layer]) -> None:
        if len(found) >= limit:
            return
        if not rest:
            found.append(chain)
        for i, layer in enumerate(rest):
            if not chain or chain[-1].weight.shape[0] == layer.weight.shape[1]:
                extend([*chain, layer], rest[:i] + rest[i + 1 :])

    extend([], layers)
    return found
