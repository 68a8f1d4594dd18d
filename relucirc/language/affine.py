"""Affine layers of networks, over floats or over exact rationals, and how JAX is told of frozen dataclasses."""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flint import fmpq
from jax.core import Tracer

from relucirc.core.errors import NetworkError, shorten
from relucirc.core.forms import Form
from relucirc.core.matrix import ExactMatrix

Array = Any

SHOWN = 64
"""A network of up to this many weights is printed with them, a larger one by its sizes."""


@dataclass(frozen=True, eq=False)
class Affine:
    """One affine layer ``x -> weight @ x + bias``.

    Attributes:
        weight: Array or :class:`ExactMatrix` of shape ``(out, in)``.
        bias: Array or one-column :class:`ExactMatrix` of shape ``(out,)`` or ``(out, 1)``, or
            None for a layer without biases.

    Two layers are equal if their weights and biases are: exact with exact, or floats of one dtype.
    """

    weight: Array
    bias: Array | None = None

    def __post_init__(self) -> None:
        _check_layer(self.weight, self.bias)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Affine):
            return NotImplemented
        return _same(self.weight, other.weight) and _same(self.bias, other.bias)

    def __hash__(self) -> int:
        return hash((self.weight,) if self.is_exact else (self.shape, *np.asarray(self.weight).ravel()[:64].tolist()))

    def __repr__(self) -> str:
        if entries(self) <= SHOWN:
            return f"Affine(weight={self.weight!r}, bias={self.bias!r})"
        return f"<affine layer {dimensions(self)}, {kind(self)}>"

    @property
    def shape(self) -> tuple[int, int]:
        """``(out, in)``."""
        rows, columns = self.weight.shape
        return rows, columns

    @property
    def is_exact(self) -> bool:
        """Whether the weights are exact rationals."""
        return isinstance(self.weight, ExactMatrix)

    def exact_bias(self) -> tuple[Any, ...]:
        """Returns the exact bias of an exact layer, zeros where it has none."""
        if self.bias is None:
            return (fmpq(0),) * self.weight.shape[0]
        return tuple(dict(row).get(0, fmpq(0)) for row in self.bias.rows)

    def forms(self) -> list[Form]:
        """Returns the rows of an exact layer as affine forms over what it reads."""
        return [Form(dict(row), b) for row, b in zip(self.weight.rows, self.exact_bias(), strict=True)]

    def __call__(self, x: Array) -> Array:
        """Applies the layer to one point of shape ``(in,)``."""
        weight, bias = self.weight, self.bias
        if isinstance(weight, ExactMatrix):
            weight = jnp.asarray(weight.to_numpy(x.dtype))
        y = weight @ x
        if bias is None:
            return y
        if isinstance(bias, ExactMatrix):
            bias = jnp.asarray(bias.to_numpy(x.dtype)[:, 0])
        return y + bias


def entries(layer: Affine) -> int:
    """How many numbers a layer has, 0 where placeholders stand for arrays."""
    return sum(math.prod(getattr(part, "shape", ())) for part in (layer.weight, layer.bias) if hasattr(part, "shape"))


def dimensions(layer: Affine) -> str:
    """The widths of a layer, in and out; the shape where networks are stacked, as for ``jax.vmap``."""
    shape = layer.weight.shape
    return f"{shape[1]}-{shape[0]}" if len(shape) == 2 else "x".join(map(str, shape))


def kind(layer: Affine) -> str:
    """What numbers a layer holds, in a word."""
    return "exact" if layer.is_exact else str(getattr(layer.weight, "dtype", type(layer.weight).__name__))


def _same(a: Any, b: Any) -> bool:
    """Whether two matrices, or two absent ones, are of one kind and hold the same numbers."""
    if a is None or b is None or isinstance(a, ExactMatrix) or isinstance(b, ExactMatrix):
        return a is b or (isinstance(a, ExactMatrix) and a == b)
    return getattr(a, "dtype", None) == getattr(b, "dtype", None) and np.array_equal(a, b)


def _check_layer(weight: Any, bias: Any) -> None:
    """Checks shapes, and values where they are concrete; tracers and placeholders pass."""
    if not hasattr(weight, "shape"):
        raise NetworkError(f"weight: expected a matrix, got {shorten(weight)}; use MLP.from_arrays for lists.")
    if len(weight.shape) != 2:
        raise NetworkError(f"weight: expected a matrix (out x in), got shape {tuple(weight.shape)}.")
    if bias is not None:
        expected = (weight.shape[0], 1) if isinstance(bias, ExactMatrix) else (weight.shape[0],)
        if tuple(bias.shape) != expected:
            turned = tuple(bias.shape) == (weight.shape[1],)
            raise NetworkError(
                f"bias: expected one entry for each of the {weight.shape[0]} rows of the weight "
                f"{tuple(weight.shape)}, got shape {tuple(bias.shape)}"
                + ("; weights are out x in, so transpose it." if turned else ".")
            )
    for name, array in (("weight", weight), ("bias", bias)):
        if isinstance(array, np.ndarray) or (isinstance(array, jax.Array) and not isinstance(array, Tracer)):
            values = np.asarray(array)
            if jnp.issubdtype(values.dtype, jnp.floating) and not np.isfinite(values.astype(np.float64)).all():
                where = np.argwhere(~np.isfinite(values.astype(np.float64)))[0].tolist()
                raise NetworkError(f"{name}{where}: expected finite numbers, got {values[tuple(where)]}.")


def register(cls: type, fields: tuple[str, ...], static: tuple[str, ...]) -> None:
    """Registers a dataclass as a pytree whose unflattening skips validation, as JAX requires."""

    def flatten(node: Any) -> tuple[Any, Any]:
        keyed = tuple((jax.tree_util.GetAttrKey(name), getattr(node, name)) for name in fields)
        return keyed, tuple(getattr(node, name) for name in static)

    def unflatten(aux: Any, children: Any) -> Any:
        node = object.__new__(cls)
        for name, value in zip((*fields, *static), (*children, *aux), strict=True):
            object.__setattr__(node, name, value)
        return node

    jax.tree_util.register_pytree_with_keys(cls, flatten, unflatten)


register(Affine, ("weight", "bias"), ())
