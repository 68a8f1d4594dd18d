"""Operators on elements: arithmetic, comparisons, choices, casts, and functions of constants."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.files.operators.table import Node, operator, room
from relucirc.language.lower.jaxpr.arrays import is_raw
from relucirc.language.lower.jaxpr.limits import Unsupported

_BINARY: dict[str, Callable[..., Any]] = {
    "Add": jnp.add, "Sub": jnp.subtract, "Mul": jnp.multiply, "Equal": jnp.equal, "Less": jnp.less,
    "LessOrEqual": jnp.less_equal, "Greater": jnp.greater, "GreaterOrEqual": jnp.greater_equal,
    "And": jnp.logical_and, "Or": jnp.logical_or, "Xor": jnp.logical_xor, "BitwiseAnd": jnp.bitwise_and,
    "BitwiseOr": jnp.bitwise_or, "BitwiseXor": jnp.bitwise_xor,
}  # fmt: skip
_UNARY: dict[str, Callable[..., Any]] = {
    "Neg": jnp.negative, "Not": jnp.logical_not, "Sign": jnp.sign, "Floor": jnp.floor, "Ceil": jnp.ceil,
    "Round": jnp.round, "Sqrt": jnp.sqrt, "Exp": jnp.exp, "Log": jnp.log, "Sin": jnp.sin, "Cos": jnp.cos,
    "BitwiseNot": jnp.bitwise_not, "Erf": jax.lax.erf, "Identity": lambda x: x,
}  # fmt: skip
WRAPPING = ("Add", "Sub", "Mul", "Neg", "Sum", "Abs", "Pow", "MatMul", "Gemm")
"""Operators whose results may not fit into the type of integers that they are computed in."""


@operator(*_BINARY)
def _binary(node: Node, a: Any, b: Any) -> Any:
    room(np.broadcast_shapes(a.shape, b.shape))
    return _BINARY[node.kind](a, b)


@operator(*_UNARY)
def _unary(node: Node, x: Any) -> Any:
    return _UNARY[node.kind](x)


@operator("Div")
def _divide(node: Node, a: Any, b: Any) -> Any:
    room(np.broadcast_shapes(a.shape, b.shape))
    if jnp.issubdtype(a.dtype, jnp.floating):
        return jnp.divide(a, b)
    dividend, divisor = node.array(0, "dividend"), node.array(1, "divisor")
    if dividend is None or divisor is None or (dividend < 0).any() or (divisor <= 0).any():
        raise Unsupported("it divides integers that are not positive, which runtimes round in different ways")
    return jax.lax.div(*jnp.broadcast_arrays(a, b))


@operator("Reciprocal")
def _reciprocal(node: Node, x: Any) -> Any:  # noqa: ARG001
    return 1 / x


@operator("Pow")
def _power(node: Node, x: Any, y: Any) -> Any:
    room(np.broadcast_shapes(x.shape, y.shape))
    if not jnp.issubdtype(x.dtype, jnp.floating) and jnp.issubdtype(y.dtype, jnp.floating):
        exponents = node.array(1, "exponents")
        if exponents is None or (exponents != np.floor(exponents)).any():
            raise Unsupported("it raises integers to powers that are not whole, whose results are rounded")
    return jnp.power(x, y.astype(x.dtype))


@operator("Mod")
def _modulo(node: Node, a: Any, b: Any) -> Any:
    room(np.broadcast_shapes(a.shape, b.shape))
    return jnp.fmod(a, b) if node.get("fmod", 0) else jnp.mod(a, b)


@operator("Sum", "Mean", "Max", "Min")
def _several(node: Node, *values: Any) -> Any:
    room(np.broadcast_shapes(*(v.shape for v in values)))
    if node.kind in ("Sum", "Mean"):
        if node.kind == "Mean" and not jnp.issubdtype(values[0].dtype, jnp.floating):
            raise Unsupported("it divides integers")
        total = reduce(jnp.add, values)
        return total / len(values) if node.kind == "Mean" else total
    return reduce(jnp.maximum if node.kind == "Max" else jnp.minimum, values)


@operator("Where")
def _where(node: Node, condition: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    room(np.broadcast_shapes(condition.shape, a.shape, b.shape))
    return jnp.where(condition, a, b)


@operator("Cast", "CastLike")
def _cast(node: Node, x: Any, *like: Any) -> Any:
    tensor = node.operands[0]
    new = np.dtype(like[0].dtype) if like else _type(node)
    depends = tensor is not None and not is_raw(tensor.array)
    if depends and new.kind == "b" and jnp.issubdtype(x.dtype, jnp.floating):
        raise Unsupported("whether a value is zero depends on the inputs, and jumps")
    if depends and jnp.issubdtype(new, jnp.floating) and new.itemsize < 2:
        raise Unsupported(f"rounding to {new} of a value that depends on the inputs has many jumps")
    return x.astype(new)


def _type(node: Node) -> np.dtype:
    from onnx import helper  # noqa: PLC0415  (an extra)

    new = np.dtype(helper.tensor_dtype_to_np_dtype(node.get("to")))
    if new.kind not in "biu" and not jnp.issubdtype(new, jnp.floating):
        raise Unsupported(f"values of the type {new} are not read")
    return new


@operator("DequantizeLinear")
def _dequantize(node: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    axis, block = node.get("axis", 1), node.get("block_size", 0)

    def spread(value: Any) -> Any:
        if block:
            room(x.shape)
            return jnp.take(value, np.arange(x.shape[axis]) // block, axis=axis)
        return value.reshape([-1 if k == axis % x.ndim else 1 for k in range(x.ndim)]) if value.size > 1 else value

    scale = spread(scale) if scale.ndim else scale
    centred = x.astype(scale.dtype)
    if zero is not None:
        centred = centred - (spread(zero) if zero.ndim else zero).astype(scale.dtype)
    return centred * scale
