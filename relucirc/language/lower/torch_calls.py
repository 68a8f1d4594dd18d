"""PyTorch's operations as JAX expressions: a table by the names and with the arguments of ATen.

What is no piecewise linear function, or is random, is not in it.  A result that cannot be read, such as the places of
largest elements, is None.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import NetworkError
from relucirc.language.lower import torch_windows as windows

Call = Callable[..., Any]


def _leaky(x: Any, slope: Any = 0.01) -> Any:
    return jax.nn.relu(x) - slope * jax.nn.relu(-x)


def _prelu(x: Any, slope: Any) -> Any:
    return _leaky(x, slope.reshape(-1, *[1] * (x.ndim - 2)) if slope.size > 1 else slope.reshape(()))


def _rrelu(x: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *_: Any) -> Any:
    _in_use(training, "a randomized ReLU")
    return _leaky(x, (lower + upper) / 2)


def _clamp(x: Any, low: Any = None, high: Any = None, **bounds: Any) -> Any:
    low, high = bounds.get("min", low), bounds.get("max", high)
    x = x if low is None else jnp.maximum(x, low)
    return x if high is None else jnp.minimum(x, high)


def _in_use(training: bool, what: str) -> None:
    if training:
        raise NetworkError(f"expected a model as it is used, got {what} in training mode; call model.eval().")


def _dropout(x: Any, p: float = 0.5, train: bool = False, *_: Any) -> Any:
    _in_use(train and p != 0, "a dropout")
    return x


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    product = jnp.matmul(x, weight.T)
    return product if bias is None else product + bias


def _sum_of_product(c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    product = jnp.matmul(a, b)
    return (c if beta == 1 else beta * c) + (product if alpha == 1 else alpha * product)


def _add(a: Any, b: Any, alpha: Any = 1) -> Any:
    return a + (b if alpha == 1 else alpha * b)


def _divide(a: Any, b: Any, rounding_mode: str | None = None) -> Any:
    if rounding_mode is not None:
        raise NetworkError(f"expected a quotient, got one that is rounded by {rounding_mode!r}, which jumps.")
    return a / b


def _axes(dim: Any) -> Any:
    return tuple(dim) or None if isinstance(dim, list | tuple) else dim


def _folded(fold: Call) -> Call:
    return lambda x, dim=None, keepdim=False, **_: fold(x, axis=_axes(dim), keepdims=keepdim)


def _mean(x: Any, dim: Any = None, keepdim: bool = False, **_: Any) -> Any:
    total = jnp.sum(x, axis=_axes(dim), keepdims=keepdim)
    return total / (x.size // max(total.size, 1))


def _extremum(fold: Call, of_two: Call) -> Call:
    """``max`` and ``min``: of everything, of two, or along an axis, with the places that are not read."""

    def call(x: Any, other: Any = None, keepdim: bool = False) -> Any:
        if other is None:
            return fold(x)
        if hasattr(other, "shape"):
            return of_two(x, other)
        return fold(x, axis=other, keepdims=keepdim), None

    return call


def _sort(x: Any, dim: int = -1, descending: bool = False, **_: Any) -> Any:
    ordered = jnp.sort(x, axis=dim)
    return (jnp.flip(ordered, dim) if descending else ordered), None


def _largest(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:  # noqa: A002  (ATen)
    if not sorted:
        raise NetworkError("expected the largest in order, got topk with sorted=False.")
    ordered, _ = _sort(x, dim, largest)
    return jax.lax.slice_in_dim(ordered, 0, k, axis=dim % x.ndim), None


def _view(x: Any, shape: Any) -> Any:
    return x.reshape(shape)


def _flatten(x: Any, start: int = 0, end: int = -1) -> Any:
    start, end = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def _unflatten(x: Any, dim: int, sizes: Any) -> Any:
    dim %= x.ndim
    return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])


def _squeeze(x: Any, dim: Any = None) -> Any:
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, list | tuple) else [dim]
    return jnp.squeeze(x, tuple(d % x.ndim for d in dims if x.shape[d] == 1))


def _expand(x: Any, sizes: Any, **_: Any) -> Any:
    shape = (*[1] * (len(sizes) - x.ndim), *x.shape)
    return jnp.broadcast_to(x.reshape(shape), [n if s == -1 else s for s, n in zip(sizes, shape, strict=True)])


def _part(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return x[(*[slice(None)] * (dim % x.ndim), slice(start, end, step))]


def _placed(x: Any, part: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return jnp.asarray(x).at[(*[slice(None)] * (dim % x.ndim), slice(start, end, step))].set(part)


def _one(x: Any, dim: int, index: int) -> Any:
    return jax.lax.index_in_dim(x, index % x.shape[dim], dim, keepdims=False)


def _one_placed(x: Any, part: Any, dim: int, index: int) -> Any:
    return jnp.asarray(x).at[(*[slice(None)] * (dim % x.ndim), index)].set(part)


def _index(x: Any, places: Any) -> Any:
    if any(getattr(place, "dtype", None) == np.bool_ for place in places):
        raise NetworkError("expected places as numbers, got a mask of what is taken.")
    return x[tuple(slice(None) if place is None else place for place in places)]


def _split(x: Any, size: Any, dim: int = 0) -> list[Any]:
    n = x.shape[dim]
    sizes = [min(size, n - k) for k in range(0, n, size)] if isinstance(size, int) else size
    return list(jnp.split(x, np.cumsum(sizes)[:-1].tolist(), axis=dim))


def _chunk(x: Any, chunks: int, dim: int = 0) -> list[Any]:
    return _split(x, -(-x.shape[dim] // chunks), dim)


def _joined(tensors: Any, dim: int = 0) -> Any:
    return jnp.concatenate([t for t in tensors if t.shape != (0,)], dim)  # PyTorch leaves out what is empty so


def _repeat(x: Any, times: Any) -> Any:
    return jnp.tile(x.reshape((*[1] * (len(times) - x.ndim), *x.shape)), times)


def _cast(x: Any, *args: Any, **options: Any) -> Any:
    said = [getattr(arg, "dtype", None) if hasattr(arg, "shape") else dtype_of(arg) for arg in args]
    new = next((d for d in (dtype_of(options.get("dtype")), *said) if d is not None), None)
    return x if new is None else jnp.asarray(x).astype(new)


def _filled(size: Any, value: Any, dtype: Any = None, **_: Any) -> Any:
    usual = {bool: np.dtype(bool), int: np.dtype(np.int64)}.get(type(value), np.dtype(np.float32))
    return jnp.full(size, value, dtype_of(dtype) or usual)


def _filled_like(x: Any, value: Any, dtype: Any = None, **_: Any) -> Any:
    return jnp.full(x.shape, value, dtype_of(dtype) or x.dtype)


def _eye(n: int, m: int | None = None, dtype: Any = None, **_: Any) -> Any:
    return jnp.eye(n, m, dtype=dtype_of(dtype) or np.float32)


def _arange(*ends: Any, dtype: Any = None, **_: Any) -> Any:
    usual = np.dtype(np.int64 if all(isinstance(end, int) for end in ends) else np.float32)
    return jnp.arange(*ends, dtype=dtype_of(dtype) or usual)


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


def dtype_of(dtype: Any) -> Any:
    """NumPy's type for one of PyTorch; None for anything else."""
    name = str(dtype).removeprefix("torch.")
    if name == "bfloat16":
        return np.dtype(jnp.bfloat16)
    return np.dtype(name) if str(dtype).startswith("torch.") and hasattr(np, name) else None


def array_of(tensor: Any) -> np.ndarray:
    """The numbers of a tensor."""
    tensor = tensor.detach().cpu()
    return tensor.float().numpy().astype(jnp.bfloat16) if str(tensor.dtype) == "torch.bfloat16" else tensor.numpy()


def _for_each(names: str, dims: tuple[int, ...], call: Call) -> dict[str, Call]:
    """A call for each number of dimensions that a name is completed by, on a batch of images of so many."""

    def of_images(n: int) -> Call:
        def checked(x: Any, *args: Any, **options: Any) -> Any:
            if x.ndim != n + 2:
                raise NetworkError(f"expected a batch of images of {n} dimensions, got the shape {x.shape}.")
            return call(x, *args, **options)

        return checked

    return {name.replace("#", str(n)): of_images(n) for name in names.split() for n in dims}


_ALL = (1, 2, 3)
CALLS: dict[str, Call] = {
    # Activations.
    "relu": jax.nn.relu, "leaky_relu": _leaky, "prelu": _prelu, "_prelu_kernel": _leaky,
    "rrelu": _rrelu, "hardtanh": lambda x, low=-1.0, high=1.0: _clamp(x, low, high), "clamp": _clamp,
    "relu6": lambda x: _clamp(x, 0, 6), "hardsigmoid": lambda x: _clamp(x + 3, 0, 6) / 6,
    "softshrink": lambda x, lambd=0.5: jax.nn.relu(x - lambd) - jax.nn.relu(-x - lambd), "clip": _clamp,
    "clamp_min": jnp.maximum, "clamp_max": jnp.minimum,
    **dict.fromkeys(("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"), _dropout),
    # Linear maps.
    "linear": _linear, "addmm": _sum_of_product, "baddbmm": _sum_of_product,
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), jnp.matmul), "convolution": windows.convolution,
    "einsum": lambda equation, tensors, **_: jnp.einsum(equation.replace(" ", ""), *tensors),
    **_for_each("conv#d", _ALL, windows.convolve), **_for_each("conv_transpose#d", _ALL, windows.convolve_transposed),
    "batch_norm": windows.batch_norm, "_native_batch_norm_legit_no_training": windows.batch_norm_in_use,
    # Windows and images.
    **_for_each("max_pool#d", _ALL, windows.max_pool), **_for_each("avg_pool#d", _ALL, windows.average_pool),
    **_for_each("max_pool#d_with_indices", _ALL, lambda *args: (windows.max_pool(*args), None)),
    **_for_each("adaptive_avg_pool#d _adaptive_avg_pool#d", _ALL, windows.adaptive(jnp.sum, mean=True)),
    **_for_each("adaptive_max_pool#d", _ALL, lambda *args: (windows.adaptive(jnp.max, mean=False)(*args), None)),
    "pad": windows.pad, "constant_pad_nd": lambda x, pads, value=0: windows.pad(x, pads, value=value),
    **_for_each("reflection_pad#d", _ALL, windows.padding("reflect")),
    **_for_each("replication_pad#d", _ALL, windows.padding("replicate")),
    **_for_each("upsample_nearest#d", _ALL, windows.nearest),
    **_for_each("upsample_linear#d", (1,), windows.linear), **_for_each("upsample_bilinear#d", (2,), windows.linear),
    **_for_each("upsample_trilinear#d", (3,), windows.linear),
    "pixel_shuffle": windows.shuffled, "pixel_unshuffle": windows.unshuffled,
    # Arithmetic.
    "add": _add, "sub": lambda a, b, alpha=1: _add(a, b, -alpha), "rsub": lambda a, b, alpha=1: _add(b, a, -alpha),
    "mul": lambda a, b: a * b, "div": _divide, "neg": lambda a: -a, "abs": jnp.abs, "sign": jnp.sign,
    "maximum": jnp.maximum, "minimum": jnp.minimum, "where": jnp.where, "reciprocal": lambda a: 1 / a,
    "max": _extremum(jnp.max, jnp.maximum), "min": _extremum(jnp.min, jnp.minimum),
    "amax": _folded(jnp.max), "amin": _folded(jnp.min), "sum": _folded(jnp.sum), "mean": _mean,
    "cumsum": lambda x, dim, **_: jnp.cumsum(x, dim), "sort": _sort, "topk": _largest,
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "logical_and": jnp.logical_and, "logical_or": jnp.logical_or,
    "logical_not": jnp.logical_not, "bitwise_and": jnp.bitwise_and, "bitwise_or": jnp.bitwise_or,
    "bitwise_not": jnp.bitwise_not, "masked_fill": lambda x, mask, value: jnp.where(mask, value, x),
    # Moving.
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), _view), "flatten": _flatten, "unflatten": _unflatten,
    "permute": jnp.transpose, "transpose": jnp.swapaxes, "t": lambda x: x.T, "numpy_T": lambda x: x.T,
    "movedim": jnp.moveaxis, "squeeze": _squeeze, "unsqueeze": jnp.expand_dims, "expand": _expand, "repeat": _repeat,
    "cat": _joined, "concat": _joined, "stack": lambda tensors, dim=0: jnp.stack(tensors, dim), "split": _split,
    "split_with_sizes": _split, "chunk": _chunk, "flip": jnp.flip,
    "roll": lambda x, shifts, dims=(): jnp.roll(x, shifts, dims or None),
    "unbind": lambda x, dim=0: list(jnp.moveaxis(x, dim, 0)), "slice": _part, "select": _one, "index": _index,
    "narrow": lambda x, dim, start, length: _part(x, dim, start, start + length),
    "index_select": lambda x, dim, places: jnp.take(x, places, dim),
    "slice_scatter": _placed, "select_scatter": _one_placed,
    "getitem": lambda values, k: values[k], "sym_size": lambda x, dim: x.shape[dim],
    # Copies and constants.
    **dict.fromkeys(("alias", "clone", "contiguous", "detach", "lift_fresh_copy"), _same),
    "copy": lambda x, new, *_: jnp.broadcast_to(new, x.shape).astype(x.dtype),
    "_to_copy": _cast, "to": _cast, "_assert_tensor_metadata": lambda *_, **__: None, "full": _filled,
    "full_like": _filled_like, "eye": _eye,
    "zeros": lambda size, **options: _filled(size, 0.0, **options), "arange": _arange,
    "ones": lambda size, **options: _filled(size, 1.0, **options),
    "empty": lambda size, **options: _filled(size, np.nan, **options),  # no number, until something is put there
    "new_empty": lambda _, size, **options: _filled(size, np.nan, **options),
    "zeros_like": lambda x, **options: _filled_like(x, 0, **options),
    "ones_like": lambda x, **options: _filled_like(x, 1, **options),
    "scalar_tensor": lambda value, **options: _filled((), float(value), **options),
}  # fmt: skip
"""Name of an operation -> what it computes."""
