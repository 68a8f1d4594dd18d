"""Networks as models of other libraries: the same weights in the same float types, and ReLU between the layers.

A model runs in floating point, in its library's way.  What it stores is the network, weight by weight: given back to
:func:`relucirc.prove`, it is proved equal.
"""

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from relucirc.core.errors import NetworkError
from relucirc.language.floats import Layer, float_layers

TORCH = ("float16", "bfloat16", "float32", "float64")
"""The types of weights that PyTorch multiplies."""


def torch_model(net: Any) -> Any:
    """Returns a ``torch.nn.Sequential`` of Linear and ReLU; see :meth:`relucirc.MLP.to_torch`."""
    try:
        import torch  # noqa: PLC0415  (an extra)
    except ImportError:
        raise _missing("PyTorch", "relucirc[torch]") from None
    layers = _layers(net)
    types = sorted({str(array.dtype) for pair in layers for array in pair if array is not None})
    if len(types) > 1 or types[0] not in TORCH:
        raise NetworkError(
            f"PyTorch: expected weights of one type among {', '.join(TORCH)}, got {', '.join(types)}; use net.astype."
        )
    parts: list[Any] = []
    for weight, bias in layers:
        rows, columns = weight.shape
        linear = torch.nn.utils.skip_init(torch.nn.Linear, columns, rows, bias is not None)
        linear.weight = torch.nn.Parameter(torch_tensor(torch, weight))
        if bias is not None:
            linear.bias = torch.nn.Parameter(torch_tensor(torch, bias))
        parts += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1]).eval()


def torch_tensor(torch: ModuleType, array: np.ndarray) -> Any:
    """Returns a copy of an array as a tensor of the same type."""
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def equinox_model(net: Any) -> Any:
    """Returns an ``equinox.nn.Sequential`` of Linear and ReLU; see :meth:`relucirc.MLP.to_equinox`."""
    try:
        import equinox  # noqa: PLC0415  (no dependency)
    except ImportError:
        raise _missing("Equinox", "equinox") from None
    parts: list[Any] = []
    for weight, bias in _jax_layers(net, "Equinox"):
        rows, columns = weight.shape
        linear = equinox.nn.Linear(columns, rows, bias is not None, dtype=weight.dtype, key=jax.random.key(0))
        linear = equinox.tree_at(lambda part: part.weight, linear, jnp.asarray(weight))
        if bias is not None:
            linear = equinox.tree_at(lambda part: part.bias, linear, jnp.asarray(bias))
        parts += [linear, equinox.nn.Lambda(jax.nn.relu)]
    return equinox.nn.Sequential(parts[:-1])


def flax_model(net: Any, api: str) -> Any:
    """Returns a Sequential of Flax NNX, or a bound one of Linen; see :meth:`relucirc.MLP.to_flax`."""
    makers = {"nnx": _nnx_model, "linen": _linen_model}
    if api not in makers:
        raise NetworkError(f"api: expected 'nnx' or 'linen', got {api!r}.")
    try:
        import flax  # noqa: F401, PLC0415  (no dependency)
    except ImportError:
        raise _missing("Flax", "flax") from None
    return makers[api](_jax_layers(net, "Flax"))


def _nnx_model(layers: list[Layer]) -> Any:
    from flax import nnx  # noqa: PLC0415  (no dependency)

    parts: list[Any] = []
    for weight, bias in layers:
        rows, columns = weight.shape
        linear = nnx.Linear(columns, rows, use_bias=bias is not None, param_dtype=weight.dtype, rngs=nnx.Rngs(0))
        linear.kernel = nnx.Param(jnp.asarray(weight.T))
        if bias is not None:
            linear.bias = nnx.Param(jnp.asarray(bias))
        parts += [linear, nnx.relu]
    return nnx.Sequential(*parts[:-1])


def _linen_model(layers: list[Layer]) -> Any:
    from flax import linen  # noqa: PLC0415  (no dependency)

    parts: list[Any] = []
    params = {}
    for i, (weight, bias) in enumerate(layers):
        parts += [linen.Dense(weight.shape[0], use_bias=bias is not None, param_dtype=weight.dtype), linen.relu]
        params[f"layers_{2 * i}"] = {"kernel": jnp.asarray(weight.T)}
        if bias is not None:
            params[f"layers_{2 * i}"]["bias"] = jnp.asarray(bias)
    return linen.Sequential(parts[:-1]).bind({"params": params})


def _layers(net: Any) -> list[Layer]:
    if net.symbols:
        names = ", ".join(s.name for s in net.symbols)
        raise NetworkError(f"the weights have the symbols {names}; models hold numbers, so substitute first.")
    try:
        layers = float_layers(net)
    except NetworkError as error:
        raise NetworkError(
            f"{str(error).rstrip('.')}, so no model holds the network; round it with net.astype('float64')."
        ) from None
    if any(0 in weight.shape for weight, _ in layers):
        raise NetworkError("expected layers of at least one neuron, got an empty one; other libraries have none.")
    return layers


def _jax_layers(net: Any, library: str) -> list[Layer]:
    layers = _layers(net)
    for pair in layers:
        for array in pair:
            if array is not None and jax.dtypes.canonicalize_dtype(array.dtype) != array.dtype:
                raise NetworkError(
                    f"{library}: expected weights that JAX does not round, got {array.dtype}; call "
                    "jax.config.update('jax_enable_x64', True), or round them with net.astype('float32')."
                )
    return layers


def _missing(library: str, package: str) -> NetworkError:
    return NetworkError(f"a model of {library} needs the package: pip install '{package}'.")
