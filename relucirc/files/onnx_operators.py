"""The ONNX operators that are read: affine ones, and those that ReLUs can express."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.errors import NetworkError
from relucirc.core.exact import ONE, rational
from relucirc.core.forms import Form
from relucirc.core.graph import Guard
from relucirc.language.layers import Layers
from relucirc.language.lower.jaxpr.arithmetic import cast
from relucirc.language.lower.jaxpr.arrays import alike, elementwise, exact, is_raw, objects, packed
from relucirc.language.lower.jaxpr.limits import FORM, TERM, Unsupported
from relucirc.language.lower.jaxpr.linear import inner_products
from relucirc.language.lower.jaxpr.scalars import Scalars


@dataclass(frozen=True)
class Tensor:
    """A value in the model: an array as :mod:`relucirc.language.lower.jaxpr.arrays` describes it, and its level."""

    array: np.ndarray
    level: int


@dataclass(frozen=True)
class Node:
    """One operation to do.

    Attributes:
        attributes: By name.
        operands: None for an optional one that is left out.
        neurons: Where ReLUs are put.
        scalars: Exact arithmetic; it makes no gates here.
    """

    attributes: dict[str, Any]
    operands: list[Tensor | None]
    neurons: Layers
    scalars: Scalars

    @property
    def level(self) -> int:
        """The level of what is computed from the operands without a ReLU."""
        return max((t.level for t in self.operands if t is not None), default=0)

    def array(self, k: int) -> np.ndarray:
        """Returns a required operand."""
        array = self.optional(k)
        if array is None:
            raise Unsupported(f"operand {k + 1} is missing")
        return array

    def optional(self, k: int) -> np.ndarray | None:
        """Returns an operand that may be left out."""
        tensor = self.operands[k] if k < len(self.operands) else None
        return None if tensor is None else tensor.array

    def constant(self, k: int, name: str) -> list[int] | None:
        """Returns constant integers: an operand, or the attribute of older versions of ONNX."""
        array = self.optional(k)
        if array is None:
            value = self.attributes.get(name)
            return None if value is None else [int(v) for v in np.ravel(value)]
        if not is_raw(array) or array.dtype.kind not in "iu":
            raise Unsupported(f"its {name} should be constant integers")
        return [int(v) for v in array.ravel()]

    def room(self, count: int, dtype: Any) -> None:
        """Refuses a result of so many elements, before it is made, if it is too large."""
        self.scalars.meter.need(count * np.dtype(dtype).itemsize, f"its result of {count:,} elements")

    def sum(self, *parts: tuple[fmpq, np.ndarray]) -> np.ndarray:
        """Returns the linear combination ``sum c * array``."""
        factors, arrays = zip(*parts, strict=True)
        return elementwise(lambda *values: self.scalars.sum(zip(factors, values, strict=True)), *arrays)

    def relu(self, array: np.ndarray) -> np.ndarray:
        """Puts one neuron for each element, on the next level."""
        size = array.size * (2 * FORM + TERM)  # a neuron is entered in two tables
        self.scalars.meter.need(size, "its ReLUs")
        values = exact(array)
        self.scalars.meter.hold(size)
        return objects(self.neurons.relu(map(form_of, values.ravel()), self.level), values.shape)


def form_of(value: Any) -> Form:
    """Returns an element of an exact array as a form, and refuses infinities and what is no number."""
    if not isinstance(value, Form | fmpq):
        raise NetworkError(f"expected finite numbers throughout, got {value}.")
    return value if isinstance(value, Form) else Form.constant(value)


Operator = Callable[[Node], Tensor]
OPERATORS: dict[str, Operator] = {}
"""Name -> what it does."""


def operator(*names: str) -> Callable[[Callable[[Node], np.ndarray]], Operator]:
    """Enters an operator with one result, which is of the next level if it puts ReLUs.

    What is computed is bounded as it is made; an operator that moves elements, and can have more of them than
    its operands, asks :meth:`Node.room` first.
    """

    def enter(function: Callable[[Node], np.ndarray]) -> Operator:
        def run(node: Node) -> Tensor:
            before = len(node.neurons.level_of)
            result = function(node)
            if not isinstance(result, np.ndarray):  # NumPy unpacks a lone element
                result = np.asarray(result) if isinstance(result, np.generic) else objects([result], ())
            result = _whole(node, result)
            if not any(t is not None and np.may_share_memory(result, t.array) for t in node.operands):
                node.scalars.meter.hold(result.nbytes)
            return Tensor(result, node.level + int(len(node.neurons.level_of) > before))

        OPERATORS.update(dict.fromkeys(names, run))
        return run

    return enter


def _whole(node: Node, result: np.ndarray) -> np.ndarray:
    """Stores what is computed from integers alone as integers; refuses those that would wrap around."""
    dtypes = {tensor.array.dtype for tensor in node.operands if tensor is not None}
    if is_raw(result) or len(dtypes) != 1 or next(iter(dtypes)).kind not in "iu":
        return result
    (dtype,) = dtypes
    if all(isinstance(v, fmpq) and v.q == 1 for v in result.ravel()) and is_raw(whole := packed(result, dtype)):
        return whole
    raise Unsupported(f"its result is not made of {dtype} integers; cast its operands to floats first")


# Moving elements.


@operator("Identity", "Dropout")
def _identity(node: Node) -> np.ndarray:
    training = node.optional(2)
    if training is not None and np.any(training):
        raise Unsupported("dropout in training mode is random")
    return node.array(0)


@operator("Constant")
def _constant(node: Node) -> np.ndarray:
    kinds = {"value": None, "value_float": np.float32, "value_floats": np.float32, "value_int": int, "value_ints": int}
    for name, dtype in kinds.items():
        if name in node.attributes:
            return np.asarray(node.attributes[name], dtype=dtype)
    raise Unsupported("a constant that is not numbers")


@operator("Shape")
def _shape(node: Node) -> np.ndarray:
    shape = np.array(node.array(0).shape, dtype=np.int64)
    return shape[slice(node.attributes.get("start", 0), node.attributes.get("end"))]


@operator("Flatten")
def _flatten(node: Node) -> np.ndarray:
    array = node.array(0)
    return array.reshape(math.prod(array.shape[: node.attributes.get("axis", 1)]), -1)


@operator("Reshape")
def _reshape(node: Node) -> np.ndarray:
    array, shape = node.array(0), node.constant(1, "shape")
    if shape is None:
        raise Unsupported("its shape is missing")
    if not node.attributes.get("allowzero"):
        shape = [array.shape[i] if size == 0 else size for i, size in enumerate(shape)]
    return array.reshape(shape)


@operator("Squeeze")
def _squeeze(node: Node) -> np.ndarray:
    axes = node.constant(1, "axes")
    return np.squeeze(node.array(0), None if axes is None else tuple(axes))


operator("Unsqueeze")(lambda node: np.expand_dims(node.array(0), tuple(node.constant(1, "axes") or ())))
operator("Transpose")(lambda node: np.transpose(node.array(0), node.attributes.get("perm")))


@operator("Concat")
def _concat(node: Node) -> np.ndarray:
    arrays = [node.array(k) for k in range(len(node.operands))]
    node.room(sum(a.size for a in arrays), np.result_type(*arrays))
    return np.concatenate(alike(arrays), node.attributes["axis"])


@operator("Gather")
def _gather(node: Node) -> np.ndarray:
    index = node.array(1)
    if not is_raw(index) or index.dtype.kind not in "iu":
        raise Unsupported("its indices should be constant integers")
    array, axis = node.array(0), node.attributes.get("axis", 0)
    node.room(index.size * (array.size // max(array.shape[axis], 1)), array.dtype)
    return np.take(array, index, axis=axis)


@operator("Slice")
def _slice(node: Node) -> np.ndarray:
    array = node.array(0)
    starts, ends = node.constant(1, "starts") or [], node.constant(2, "ends") or []
    axes = node.constant(3, "axes") or list(range(len(starts)))
    steps = node.constant(4, "steps") or [1] * len(starts)
    index = [slice(None)] * array.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if step <= 0:
            raise Unsupported("its steps should be positive")
        index[axis] = slice(start, end, step)
    return array[tuple(index)]


@operator("Cast")
def _cast(node: Node) -> np.ndarray:
    from onnx import helper  # noqa: PLC0415  (an extra)

    new = np.dtype(helper.tensor_dtype_to_np_dtype(node.attributes["to"]))
    result = cast(node.scalars, node.array(0), new)
    if not is_raw(result) and any(isinstance(v, Guard) for v in result.ravel()):
        raise Unsupported("whether a value is zero depends on the inputs, and jumps")
    return result


# Affine arithmetic.


operator("Add")(lambda node: elementwise(node.scalars.add, node.array(0), node.array(1)))
operator("Sub")(lambda node: elementwise(node.scalars.subtract, node.array(0), node.array(1)))
operator("Mul")(lambda node: elementwise(node.scalars.multiply, node.array(0), node.array(1)))
operator("Neg")(lambda node: elementwise(node.scalars.negate, node.array(0)))


@operator("Div")
def _divide(node: Node) -> np.ndarray:
    if all(is_raw(node.array(k)) and node.array(k).dtype.kind in "iu" for k in (0, 1)):
        raise Unsupported("it divides integers")
    return elementwise(node.scalars.divide, node.array(0), node.array(1))


operator("Sum")(lambda node: node.sum(*((ONE, node.array(k)) for k in range(len(node.operands)))))
operator("MatMul")(lambda node: _product(node.scalars, node.array(0), node.array(1)))


@operator("Gemm")
def _gemm(node: Node) -> np.ndarray:
    a, b, c = node.array(0), node.array(1), node.optional(2)
    a = a.T if node.attributes.get("transA") else a
    b = b.T if node.attributes.get("transB") else b
    alpha, beta = (rational(node.attributes.get(name, 1.0)) for name in ("alpha", "beta"))
    return node.sum((alpha, _product(node.scalars, a, b)), *([] if c is None else [(beta, c)]))


def _product(s: Scalars, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns ``a @ b``, as NumPy defines it: of vectors, matrices and stacks of matrices."""
    left, right = np.atleast_2d(a), b[:, None] if b.ndim == 1 else b
    if not a.ndim or left.shape[-1] != right.shape[-2]:
        raise Unsupported(f"it multiplies the shapes {a.shape} and {b.shape}")
    stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left, right = (np.broadcast_to(each, stack + each.shape[-2:]) for each in (left, right))
    shape = stack + a.shape[-2:-1] + (b.shape[-1:] if b.ndim > 1 else ())
    places = np.ndindex(stack) if math.prod(shape) else ()  # there may be many empty matrices
    blocks = (inner_products(s, left[place], right[place].T) for place in places)
    return objects((v for block in blocks for v in block.ravel()), shape)


# What ReLUs express.


operator("Relu")(lambda node: node.relu(node.array(0)))
operator("Abs")(lambda node: _two_slopes(node, objects([-ONE], ())))
operator("Max")(lambda node: _extreme(node, ONE))
operator("Min")(lambda node: _extreme(node, -ONE))


@operator("LeakyRelu")
def _leaky_relu(node: Node) -> np.ndarray:
    return _two_slopes(node, np.array(node.attributes.get("alpha", 0.01), np.float32))


@operator("PRelu")
def _prelu(node: Node) -> np.ndarray:
    slopes = exact(node.array(1))
    if not all(isinstance(slope, fmpq) for slope in slopes.ravel()):
        raise Unsupported("its slope should be constant")
    return _two_slopes(node, np.broadcast_to(slopes, node.array(0).shape))


def _two_slopes(node: Node, slopes: np.ndarray) -> np.ndarray:
    """Returns ``z`` where z > 0 and ``slope z`` elsewhere: ``relu(z) - slope relu(-z)``."""
    z = node.array(0)
    above, below = node.relu(z), node.relu(node.sum((-ONE, z)))
    return node.sum((ONE, above), (-ONE, elementwise(node.scalars.multiply, slopes, below)))


@operator("Clip")
def _clip(node: Node) -> np.ndarray:
    """``lo + relu(z - lo) - relu(z - hi)`` for lo <= hi; ``hi - relu(hi - z)`` without lo."""
    z, low, high = node.array(0), _bound(node, 1, "min"), _bound(node, 2, "max")
    if low is None and high is not None:
        return node.sum((ONE, high), (-ONE, node.relu(node.sum((ONE, high), (-ONE, z)))))
    if low is not None and high is not None and low > high:
        raise Unsupported(f"its bounds {low} and {high} are the wrong way round")
    bounds = [(sign, bound) for sign, bound in ((ONE, low), (-ONE, high)) if bound is not None]
    steps = [(sign, node.relu(node.sum((ONE, z), (-ONE, bound)))) for sign, bound in bounds]
    return node.sum((ONE, z if low is None else low), *steps)


def _bound(node: Node, k: int, name: str) -> np.ndarray | None:
    array = node.optional(k)
    value: Any = node.attributes.get(name)
    if array is not None:
        entries = exact(array).ravel()
        if len(entries) != 1 or not isinstance(entries[0], fmpq | float):
            raise Unsupported(f"its {name} should be one constant")
        value = entries[0]
    if isinstance(value, float):
        side = 1.0 if name == "max" else -1.0
        if side * value >= float(np.finfo(np.float32).max):  # opset 6 writes "no bound" as the largest float32
            return None
        if not np.isfinite(value):
            raise Unsupported(f"its {name} is {value}")
        value = rational(value)
    return value if value is None else objects([value], ())


def _extreme(node: Node, sign: fmpq) -> np.ndarray:
    """Returns ``a + relu(b - a)``, or ``a - relu(a - b)``, for two operands."""
    if len(node.operands) != 2:
        raise Unsupported(f"it has {len(node.operands)} operands; only two are read")
    a, b = node.array(0), node.array(1)
    return node.sum((ONE, a), (sign, node.relu(node.sum((-sign, a), (sign, b)))))
