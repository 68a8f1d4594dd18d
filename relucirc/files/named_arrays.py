"""Networks as named arrays, the way that training code stores them.

A layer is a weight and perhaps a bias with one common name: ``layers.0.weight`` and ``layers.0.bias``,
``fc1.weight``, ``W0`` and ``b0``, ``weight_1`` and ``bias_1``, or ``Dense_0/kernel`` and ``Dense_0/bias``.
Weights are out x in; a *kernel* is in x out, as Flax and Keras store it.  Layers come in the order of the
numbers in their names.  Names that are not numbered say nothing about the order, so the shapes must: if
they fit together in one way only, that is the order, and otherwise the file is refused.

ReLU is between any two layers.  Arrays seldom say which activation a model used: files that are written here
do, and others are read with a warning unless ``activation="relu"`` is said, and refused where something in
them speaks against a plain perceptron with ReLU.
"""

import itertools
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import ActivationWarning, FileError, NetworkError, shorten
from relucirc.language.floats import float_layers
from relucirc.language.models import RELU
from relucirc.language.network import MLP

BIASES = ("bias", "b")
_NAME = re.compile(r"(?P<layer>(?:.*[./_:])?)(?P<kind>weight|kernel|bias|w|b)(?P<tail>[._]?\d+)?", re.IGNORECASE)
BATCH_NORM = "a batch normalisation (BatchNorm)"
OTHER_KINDS = {
    BATCH_NORM: r"running_(mean|var)|num_batches_tracked|moving_(mean|variance)|batch_stats",
    "a recurrent layer (RNN, LSTM or GRU)": r"(weight|bias)_(ih|hh)|(\b|_)(lstm|gru|rnn)(\b|_|\d)|recurrent_kernel",
    "attention": r"in_proj_(weight|bias)|attention|self_attn|(\b|_)(q|k|v)_proj",
    "a reparametrised weight": r"weight_(g|v|u|orig)$|parametrizations",
    "an embedding": r"(\b|_)embeddings?(\b|_|\d)",
    "a quantised layer": r"zero_point|_packed_params",
}
"""What is no plain perceptron -> names of arrays that show it."""
ADVICE = {
    BATCH_NORM: "; fold it into the layer before it, as torch.nn.utils.fusion.fuse_linear_bn_eval does, and save that",
}
OTHER_ACTIVATIONS = frozenset(
    (
        "tanh", "sigmoid", "gelu", "silu", "swish", "elu", "selu", "celu", "crelu", "prelu", "rrelu", "leaky", "mish",
        "leakyrelu", "softplus", "softsign", "softmax", "hardtanh", "hardswish", "hardsigmoid", "hardshrink", "glu",
        "softshrink", "tanhshrink", "logsigmoid", "swiglu", "geglu", "maxout",
    )
)  # fmt: skip
"""Words in the names of arrays that show another activation."""
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


def network_of_arrays(
    file: Path, arrays: Mapping[str, Any], inputs: list[str] | None, named: Any, said: str | None
) -> MLP:
    """Builds the network that named arrays describe.

    Args:
        file: Where they are from, for a warning.
        arrays: NumPy arrays by name; dtypes are kept.
        inputs: Names of the inputs, if the file has them.
        named: The activation that the file names, if any.
        said: ``"relu"`` where the caller says so.

    Raises:
        FileError: When names or order are not clear.
        NetworkError: When the shapes are not those of a network.
    """
    if named is not None and named != RELU:
        raise FileError(f"expected a model whose activation is ReLU, got the activation {shorten(named)!r}.")
    layers = _ordered(_layers(arrays))
    net = MLP.from_arrays([(layer.weight, layer.bias) for layer in layers], inputs)
    if named is None and said is None and len(layers) > 1:
        message = (
            f"{file}: read as a ReLU network: the file names no activation; if that is right, say activation='relu'."
        )
        warnings.warn(message, ActivationWarning, stacklevel=4)  # where load was called
    return net


def arrays_of_network(net: MLP) -> dict[str, np.ndarray]:
    """Returns ``layers.0.weight``, ``layers.0.bias``, ... as float arrays that hold the weights exactly.

    Raises:
        FileError: When some exact weight is neither a float32 nor a float64.
    """
    try:
        layers = float_layers(net)
    except NetworkError as error:
        reason = str(error).rstrip(".")
        raise FileError(
            f"{reason}, so this format cannot hold the network; save it as .json, or round it with "
            "net.astype('float64')."
        ) from None
    arrays = {}
    for i, (weight, bias) in enumerate(layers):
        arrays[f"layers.{i}.weight"] = weight
        if bias is not None:
            arrays[f"layers.{i}.bias"] = bias
    return arrays


def _layers(arrays: Mapping[str, Any]) -> list[_Layer]:
    """Pairs weights and biases by name."""
    _refuse_other_models(arrays)
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
            hint = ""
            if group is weights and array.ndim == 1:
                hint = "; a vector is the scale of a normalisation or the slopes of a PReLU, which are not read"
            raise NetworkError(f"{shorten(name)}: expected {expected}, got an array of shape {array.shape}{hint}.")
        group[layer] = array.T if kind == "kernel" else array
    strangers += [name for name in biases if name not in weights]
    if strangers or not weights:
        what = f"got {shorten(', '.join(map(repr, strangers)))}" if strangers else "got none"
        raise FileError(
            "expected the weights and biases of a plain perceptron, named like 'layers.0.weight' and "
            f"'layers.0.bias' or 'W0' and 'b0'; {what}."
        )
    return [_Layer(name, weight, biases.get(name)) for name, weight in weights.items()]


def _refuse_other_models(arrays: Mapping[str, Any]) -> None:
    """Refuses arrays whose names show more than linear layers and ReLUs."""
    for name in arrays:
        words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
        kind = next((kind for kind, pattern in OTHER_KINDS.items() if re.search(pattern, name, re.IGNORECASE)), None)
        kind = kind or next((f"the activation {word}" for word in words if word in OTHER_ACTIVATIONS), None)
        if kind is not None:
            raise FileError(
                f"expected the weights and biases of a plain perceptron with ReLU, got {shorten(name)!r}, which shows "
                f"{kind}{ADVICE.get(kind, '')}."
            )


def _ordered(layers: list[_Layer]) -> list[_Layer]:
    """Puts layers in order, by their numbers or else by their shapes."""
    if len({layer.words for layer in layers}) == 1:
        by_number = sorted(layers, key=lambda layer: layer.numbers)
        if len({layer.numbers for layer in layers}) == len(layers):
            return by_number
    reason = ""
    if len(layers) <= MAX_UNNUMBERED:
        orders = list(itertools.islice(_chains([], layers), 2))
        if len(orders) == 1:
            return orders[0]
        reason = f": their shapes fit in {'several orders' if orders else 'no order'}"
    names = shorten(", ".join(layer.name or "(no name)" for layer in layers))
    raise FileError(f"the order of the layers {names} is not clear{reason}; number them, as in 'layers.0.weight'.")


def _chains(chain: list[_Layer], rest: list[_Layer]) -> Iterator[list[_Layer]]:
    """Yields the orders that begin with a chain, in which every layer takes what the one before gives."""
    if not rest:
        yield chain
    for i, layer in enumerate(rest):
        if not chain or chain[-1].weight.shape[0] == layer.weight.shape[1]:
            yield from _chains([*chain, layer], rest[:i] + rest[i + 1 :])
