"""Modules of PyTorch as JAX functions: what ``torch.fx`` records, call by call, with the module's own numbers."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import NetworkError, shorten


def function_of_torch(module: Any) -> Callable[[Any], Any]:
    """Returns the JAX function of one point that a module computes.

    Raises:
        NetworkError: When torch.fx cannot record it, or it has operations that are not read; all are named.
    """
    import torch  # noqa: PLC0415  (it is there, since there is a module of it)

    class Tracer(torch.fx.Tracer):
        def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
            return type(m).__name__ in MODULES or super().is_leaf_module(m, module_qualified_name)

    try:
        graph = Tracer().trace(module)
    except Exception as error:  # whatever a module does that cannot be recorded
        first = shorten((str(error).strip() or type(error).__name__).splitlines()[0])
        raise NetworkError(f"{type(module).__name__} cannot be recorded by torch.fx: {first}.") from None
    layers = dict(module.named_modules())
    nodes = list(graph.nodes)
    unread = [text for node in nodes if (text := _unread(node, layers)) is not None]
    if unread:
        raise NetworkError(
            f"expected layers and operations that are read and piecewise linear, got "
            f"{', '.join(dict.fromkeys(unread))} in {type(module).__name__}."
        )

    numbers = [_array(parameter) for parameter in module.parameters()]
    floats = [array.dtype for array in numbers if array.dtype.kind == "f"]

    def function(x: Any) -> Any:
        result = _run(module, nodes, layers, x[None].astype(floats[0] if floats else x.dtype))
        return jax.tree.map(lambda array: array[0], result)

    return function


def _run(module: Any, nodes: Sequence[Any], layers: dict[str, Any], x: Any) -> Any:
    values: dict[Any, Any] = {}

    def known(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(known, value)) if type(value) in (list, tuple) else value
        if isinstance(value, slice):
            return slice(known(value.start), known(value.stop), known(value.step))
        return values[value] if type(value).__name__ == "Node" else value

    for node in nodes:
        args, kwargs = [known(arg) for arg in node.args], {k: known(v) for k, v in node.kwargs.items()}
        if node.op == "placeholder":
            values[node] = x
        elif node.op == "get_attr":
            values[node] = _array(operator.attrgetter(node.target)(module))
        elif node.op == "call_module":
            layer = layers[node.target]
            values[node] = MODULES[type(layer).__name__](layer, *args)
        elif node.op == "output":
            return args[0]
        else:
            values[node] = CALLS[_name(node.target)](*args, **kwargs)
    raise AssertionError("a recorded graph ends with its output")


def _unread(node: Any, layers: dict[str, Any]) -> str | None:
    """What a recorded call is, if it is not read."""
    if node.op == "call_module":
        layer = layers[node.target]
        known = type(layer).__name__ in MODULES
        return None if known else f"{type(layer).__name__} (layer {shorten(node.target)!r})"
    if node.op in ("call_function", "call_method"):
        return None if _name(node.target) in CALLS else f"{_name(node.target)} (call {node.name!r})"
    return None


def _name(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def _array(tensor: Any) -> np.ndarray:
    """The numbers of a tensor; bfloat16, which NumPy has not, widened."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def _relu(x: Any, inplace: bool = False) -> Any:  # noqa: ARG001
    return jax.nn.relu(x)


def _leaky(x: Any, negative_slope: Any = 0.01, inplace: bool = False) -> Any:  # noqa: ARG001
    return jax.nn.relu(x) - negative_slope * jax.nn.relu(-x)


def _clamp(x: Any, min: Any = None, max: Any = None, **_: Any) -> Any:  # noqa: A002  (PyTorch's names)
    x = x if min is None else jnp.maximum(x, min)
    return x if max is None else jnp.minimum(x, max)


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    product = x @ weight.T
    return product if bias is None else product + bias


def _layer(layer: Any, x: Any) -> Any:
    return _linear(x, _array(layer.weight), None if layer.bias is None else _array(layer.bias))


def _prelu(layer: Any, x: Any) -> Any:
    slope = _array(layer.weight)
    return _leaky(x, slope.reshape(-1, *[1] * (x.ndim - 2)) if slope.size > 1 else slope)


def _tuple(value: Any, n: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,) * n


def _convolve(layer: Any, x: Any) -> Any:
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise NetworkError(
            f"expected a convolution padded with zeros by numbers, got {type(layer).__name__} otherwise."
        )
    pads = [(p, p) for p in layer.padding]
    result = jax.lax.conv_general_dilated(
        x, jnp.asarray(_array(layer.weight).astype(x.dtype)), layer.stride, pads, rhs_dilation=layer.dilation,
        feature_group_count=layer.groups,
    )  # fmt: skip
    return result if layer.bias is None else result + _array(layer.bias).reshape(-1, *[1] * len(pads))


def _batch_norm(layer: Any, x: Any) -> Any:
    if layer.running_mean is None:
        raise NetworkError(
            f"expected a batch normalisation with stored statistics, got {type(layer).__name__} without."
        )
    shape = (-1, *[1] * (x.ndim - 2))
    mean, variance = (_array(v).reshape(shape) for v in (layer.running_mean, layer.running_var))
    factor = 1 / jnp.sqrt(jnp.asarray(variance) + np.asarray(layer.eps, variance.dtype))
    if layer.weight is None:
        return (x - mean) * factor
    weight, bias = (_array(v).reshape(shape) for v in (layer.weight, layer.bias))
    return (x - mean) * (weight * factor) + bias


def _pool(layer: Any, x: Any, start: float, combine: Any) -> Any:
    n = x.ndim - 2
    sizes, steps, pads = (_tuple(v, n) for v in (layer.kernel_size, layer.stride or layer.kernel_size, layer.padding))
    holes = _tuple(getattr(layer, "dilation", 1), n)
    if layer.ceil_mode or getattr(layer, "return_indices", False):
        raise NetworkError(f"expected a pool with neither ceil_mode nor return_indices, got {type(layer).__name__}.")
    ends = [(0, 0), (0, 0), *((p, p) for p in pads)]
    one = (1, 1)
    filler = np.asarray(start, x.dtype)
    return jax.lax.reduce_window(
        x, filler, combine, (*one, *sizes), (*one, *steps), ends, window_dilation=(*one, *holes)
    )


def _average_pool(layer: Any, x: Any) -> Any:
    sizes = _tuple(layer.kernel_size, x.ndim - 2)
    if any(_tuple(layer.padding, x.ndim - 2)) and not layer.count_include_pad:
        raise NetworkError("expected an average pool that counts its padding, got count_include_pad=False.")
    return _pool(layer, x, 0.0, jax.lax.add) / (getattr(layer, "divisor_override", None) or math.prod(sizes))


def _adaptive(layer: Any, x: Any) -> Any:
    if set(_tuple(layer.output_size, 1)) != {1}:
        raise NetworkError(f"expected an adaptive pool to size 1, got {type(layer).__name__}({layer.output_size}).")
    axes = tuple(range(2, x.ndim))
    return jnp.sum(x, axes, keepdims=True) / math.prod(x.shape[2:])


def _flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    start, end = start_dim % x.ndim, end_dim % x.ndim
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def _view(x: Any, *shape: Any) -> Any:
    return x.reshape(shape[0] if len(shape) == 1 and isinstance(shape[0], list | tuple) else shape)


def _reduced(fold: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return fold(x, axis=tuple(dim) if isinstance(dim, list) else dim, keepdims=keepdim)

    return call


def _mean(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    total = _reduced(jnp.sum)(x, dim, keepdim)
    return total / (x.size // max(total.size, 1))


def _dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:  # noqa: ARG001
    if training and p:
        raise NetworkError("expected a model as it is used, got a dropout in training mode; call model.eval().")
    return x


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


_POOLS = [f"{kind}{n}d" for n in (1, 2, 3) for kind in ("Conv", "BatchNorm", "MaxPool", "AvgPool", "AdaptiveAvgPool")]
_KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "Conv": _convolve,
    "BatchNorm": _batch_norm,
    "MaxPool": lambda layer, x: _pool(layer, x, -math.inf, jax.lax.max),
    "AvgPool": _average_pool,
    "AdaptiveAvgPool": _adaptive,
}
MODULES: dict[str, Callable[[Any, Any], Any]] = {
    **{name: _KINDS[name[:-2]] for name in _POOLS},
    "Linear": _layer,
    "ReLU": lambda layer, x: _relu(x),  # noqa: ARG005
    "LeakyReLU": lambda layer, x: _leaky(x, layer.negative_slope),
    "PReLU": _prelu,
    "ReLU6": lambda layer, x: _clamp(x, 0, 6),  # noqa: ARG005
    "Hardtanh": lambda layer, x: _clamp(x, layer.min_val, layer.max_val),
    "Hardsigmoid": lambda layer, x: _clamp(x + 3, 0, 6) / 6,  # noqa: ARG005
    "Softshrink": lambda layer, x: _relu(x - layer.lambd) - _relu(-x - layer.lambd),
    "Flatten": lambda layer, x: _flatten(x, layer.start_dim, layer.end_dim),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Identity"), lambda layer, x: _same(x)),  # noqa: ARG005
}
"""Class of a layer -> what it computes."""
CALLS: dict[str, Callable[..., Any]] = {
    "relu": _relu, "relu_": _relu, "leaky_relu": _leaky, "relu6": lambda x, **_: _clamp(x, 0, 6), "linear": _linear,
    "add": lambda a, b: a + b, "iadd": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "truediv": lambda a, b: a / b, "div": lambda a, b: a / b, "neg": lambda a: -a, "matmul": lambda a, b: a @ b,
    "getitem": lambda a, key: a[key], "abs": jnp.abs, "clamp": _clamp, "clip": _clamp, "maximum": jnp.maximum,
    "minimum": jnp.minimum, "flatten": _flatten, "view": _view, "reshape": _view, "sum": _reduced(jnp.sum),
    "amax": _reduced(jnp.max), "amin": _reduced(jnp.min), "mean": _mean, "dropout": _dropout, "contiguous": _same,
    "cat": lambda tensors, dim=0: jnp.concatenate(tensors, dim), "unsqueeze": jnp.expand_dims, "squeeze": jnp.squeeze,
    "stack": lambda tensors, dim=0: jnp.stack(tensors, dim),
    "size": lambda a, k=None: a.shape if k is None else a.shape[k],
    "hardtanh": lambda x, min_val=-1.0, max_val=1.0, **_: _clamp(x, min_val, max_val),
}  # fmt: skip
"""Function or method -> what it computes."""
