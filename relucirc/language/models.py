"""Layers out of models of other libraries: what can be seen of the activations, and what must be said.

A network of this library has ReLU after every layer but the last.  Pairs of arrays are given as such a
network.  A linear layer of PyTorch, Equinox or Flax comes from a model that may have any activation: either
it is seen, as in a ``torch.nn.Sequential`` or an ``equinox.nn.MLP``, and then it must be ReLU; or whoever
gives the layers says that it is, by ``activation="relu"``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import NetworkError, is_torch, shorten

RELU = "relu"
CHAINS = (
    ("equinox.nn.", "MLP"),
    ("equinox.nn.", "Sequential"),
    ("torch.nn.", "Sequential"),
    ("torch.nn.", "ModuleList"),
    ("flax.nnx.", "Sequential"),
)
"""The models that are known to call their layers in order: package and class."""
PACKAGES = ("torch.nn.", "equinox.nn.", "flax.nnx.")
"""Where the linear layers are that are known to be no more than that."""


def check_activation(activation: Any) -> None:
    """Refuses what is said about a model's activation, unless it is nothing or ReLU."""
    if activation is not None and not (isinstance(activation, str) and activation == RELU):
        name = activation if isinstance(activation, str) else name_of(activation)
        raise NetworkError(f"activation: expected 'relu', the only one that is read, got {shorten(name)!r}.")


def layers_of(model: Any, activation: str | None) -> tuple[list[Any], bool]:
    """Returns the parts of a model or of a list, and whether ReLU between its layers is seen or said.

    Args:
        model: A list of layers, an ``equinox.nn.MLP``, or a chain of layers and activations of any library.
        activation: ``"relu"``, or None for what is not said.

    Raises:
        NetworkError: For another activation, and for what has no layers in order.
    """
    check_activation(activation)
    own = getattr(model, "activation", None)
    if own is not None and not is_relu(own):
        raise NetworkError(f"expected a model whose activation is ReLU, got {kind_of(model)} with {name_of(own)}.")
    last = getattr(model, "final_activation", None)
    if last is not None and not _is_identity(last):
        raise NetworkError(f"expected a model without a last activation, got {kind_of(model)} with {name_of(last)}.")
    if isinstance(model, Mapping):
        raise NetworkError(
            f"expected a list of pairs (weight, bias), got {kind_of(model)} with the keys {shorten(list(model))}; "
            "save a state dict to a file, and read that by relucirc.load."
        )
    parts = getattr(model, "layers", model)
    known = any(type(model).__module__.startswith(package) and kind_of(model) == name for package, name in CHAINS)
    known = known and not (is_torch(model) and _is_changed(model))
    if not isinstance(parts, Iterable) or isinstance(parts, str) or (callable(model) and not known):
        hint = ""
        if callable(model) and not isinstance(model, type):
            hint = (
                ", which does not show how it calls its layers; if it is a chain of linear layers with ReLUs between, "
                "give them in order, with activation='relu'"
            )
        raise NetworkError(f"expected a list of pairs (weight, bias), got {shorten(model)}{hint}.")
    return list(parts), own is not None or activation is not None


def chain(parts: list[Any], relu: bool) -> list[tuple[Any, Any]]:
    """Returns the pairs of a list of pairs, linear layers and activations.

    Args:
        parts: What is given, in order; activations may be among them, and then every one must be.
        relu: Whether ReLU is known to stand where no activation is given.
    """
    pairs, linear, open_layer, seen = [], [], False, any(map(_is_activation, parts))
    for i, part in enumerate(parts):
        if _is_activation(part):
            if not is_relu(part):
                raise NetworkError(f"layer {i}: expected a linear layer or a ReLU, got {name_of(part)}.")
            if not open_layer or i == len(parts) - 1:
                raise NetworkError(f"layer {i}: expected a ReLU between two linear layers, got one elsewhere.")
            open_layer = False
            continue
        pairs.append(_pair(part, i))
        if seen and open_layer:
            raise NetworkError(f"layer {i}: expected a ReLU before it, as before the other layers, got none.")
        linear += [] if isinstance(part, tuple | list) else [part]
        open_layer = True
    if linear and len(pairs) > 1 and not (relu or seen):
        raise NetworkError(
            f"expected to be told the activation between the layers, which {kind_of(linear[0])} does not show, got "
            "none; if it is ReLU, add activation='relu', and other activations are not read."
        )
    return pairs


def is_relu(function: Any) -> bool:
    """Whether an activation is the ReLU of JAX, Equinox, Flax or PyTorch."""
    function = function.fn if _is_of(type(function), "Lambda") else function
    if function is jax.nn.relu or (is_torch(function) and _is_of(type(function), "ReLU") and not _is_changed(function)):
        return True
    module = getattr(function, "__module__", None)
    return module in ("torch", "torch.nn.functional") and getattr(function, "__name__", None) == "relu"


def name_of(function: Any) -> str:
    """Returns the name of an activation: a function's own, a module's class."""
    function = function.fn if _is_of(type(function), "Lambda") else function
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else kind_of(function)


def kind_of(value: Any) -> str:
    """Returns the name of a value's class."""
    return type(value).__name__


def _is_identity(function: Any) -> bool:
    """Whether a function gives back what it gets, whatever it is."""
    token = object()
    try:
        return function(token) is token
    except Exception:  # whatever a function does that needs an array
        return False


def _weight(part: Any) -> Any:
    """The weight of a linear layer, out x in; None for what has none."""
    weight = getattr(part, "weight", None)
    kernel = getattr(part, "kernel", None)  # Flax stores in x out
    if weight is None and hasattr(kernel, "shape") and hasattr(part, "bias"):
        return jnp.asarray(kernel).T
    return weight if hasattr(part, "bias") else None


def _is_of(kind: type, name: str) -> bool:
    """Whether a class is the one of this name of a library that is known."""
    return kind.__name__ == name and kind.__module__.startswith(PACKAGES)


def _is_changed(part: Any) -> bool:
    """Whether calling a layer does more than its class says: hooks of PyTorch, or a method of the object alone."""
    return any(vars(part).get(name) for name in ("_forward_hooks", "_forward_pre_hooks", "forward"))


def _is_linear(part: Any) -> bool:
    """Whether calling a layer is its weight and bias and no more, as far as its class is one that is known."""
    name = "forward" if is_torch(part) else "__call__"
    callers = [base for base in type(part).__mro__ if name in vars(base)]
    if not any(base.__module__.startswith(PACKAGES) for base in callers):
        return True
    return _is_of(callers[0], "Linear") and not (is_torch(part) and _is_changed(part))


def _is_activation(part: Any) -> bool:
    return callable(part) and not isinstance(part, type) and _weight(part) is None


def _pair(part: Any, i: int) -> tuple[Any, Any]:
    if isinstance(part, tuple | list) and len(part) == 2:
        return part[0], part[1]
    weight = None if isinstance(part, tuple | list) else _weight(part)
    if weight is None:
        raise NetworkError(
            f"layer {i}: expected a pair (weight, bias), got {shorten(part)}; write (weight, None) for a layer "
            "without biases, and leave ReLUs out."
        )
    shape = np.shape(weight)
    if len(shape) != 2:
        raise NetworkError(
            f"layer {i}: expected a linear layer, got {kind_of(part)} with a weight of shape {tuple(shape)}; only "
            "linear layers and ReLUs are read."
        )
    if not _is_linear(part):
        raise NetworkError(
            f"layer {i}: expected a linear layer, got {kind_of(part)}, which may compute more than its weight and bias "
            "say; give the pair (weight, bias) if it does not."
        )
    bias = getattr(part, "bias", None)
    return weight, jnp.asarray(bias) if getattr(part, "kernel", None) is not None and bias is not None else bias
