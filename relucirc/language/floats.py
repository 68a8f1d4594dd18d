"""Networks in float arrays that hold the weights exactly: what files of floats and models of other libraries take."""

from typing import Any

import numpy as np

from relucirc.core.errors import NetworkError, shorten
from relucirc.core.exact import text

Layer = tuple[np.ndarray, np.ndarray | None]
"""A weight (out x in) and a bias, None for none."""


def float_layers(net: Any) -> list[Layer]:
    """Returns the layers of a network in float arrays that hold the weights exactly.

    A network with float weights has them as they are.  An exact one has float32 if that rounds none of its weights,
    and float64 otherwise.

    Args:
        net: A network.

    Raises:
        NetworkError: When some exact weight is neither a float32 nor a float64; it is named.

    Example:
        >>> import relucirc
        >>> weight, bias = float_layers(relucirc.circuits.identity())[0]
        >>> weight.tolist(), str(weight.dtype), bias
        ([[1.0], [-1.0]], 'float32', None)
    """
    if any(layer.is_exact for layer in net.layers):
        found = as_floats(net.exact(), np.float32) or as_floats(net.exact(), np.float64)
        if found is None:
            raise NetworkError(f"{_culprit(net.exact())} is not a binary float.")
        net = found
    return [(_array(layer.weight), None if layer.bias is None else _array(layer.bias)) for layer in net.layers]


def as_floats(net: Any, dtype: Any) -> Any:
    """Returns an exact network with float weights, or None where that would round one."""
    try:
        floats = net.astype(dtype)
    except NetworkError:  # it would overflow
        return None
    return floats if floats.exact() == net else None


def as_double(value: Any) -> float | None:
    """Returns the double that a rational number is; None where it is none."""
    p, q = int(value.p), int(value.q)
    if q & (q - 1):
        return None
    try:
        quotient = p / q
    except OverflowError:
        return None
    return quotient if quotient.as_integer_ratio() == (p, q) else None


def _array(values: Any) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(values))


def _culprit(net: Any) -> str:
    """The first number of a network that is no double, and its place."""
    for i, layer in enumerate(net.layers):
        matrices = {"weight": layer.weight} if layer.bias is None else {"weight": layer.weight, "bias": layer.bias}
        for name, matrix in matrices.items():
            for j, row in enumerate(matrix.rows):
                for k, value in row:
                    if as_double(value) is None:
                        place = f"{j}, {k}" if name == "weight" else f"{j}"
                        return f"layer {i}: {name}[{place}] = {shorten(text(value))}"
    return "some weight"
