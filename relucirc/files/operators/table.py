"""One ONNX node, and the table of operators: each a JAX expression, which the tracer of JAX functions reads exactly.

An operator is a function of a :class:`Node` and of the node's operands, traced arrays of the operands' shapes and
types; one that is left out is None.  It returns its result, or a list of them; None stands for one that is not read.
What has to be known before an expression can be written, such as the shape in a Reshape, is asked of the node, which
knows the operands that are constants.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from relucirc.language.lower.jaxpr.arrays import is_raw
from relucirc.language.lower.jaxpr.limits import MAX_ELEMENTS, TooLarge, Unsupported


@dataclass(frozen=True)
class Tensor:
    """A value in a model.

    Attributes:
        array: As :mod:`relucirc.language.lower.jaxpr.arrays` describes it.
        dtype: Its type in the model.
        level: How many nodes with neurons lie on the longest way to it.
    """

    array: np.ndarray
    dtype: np.dtype
    level: int = 0


@dataclass(frozen=True)
class Node:
    """What an operator knows about the node that is read.

    Attributes:
        kind: The operator's name.
        attributes: By name.
        operands: None for an optional one that is left out.
        outputs: Which results the model names.
        opset: The version of the operators.
    """

    kind: str
    attributes: dict[str, Any]
    operands: tuple[Tensor | None, ...]
    outputs: tuple[bool, ...]
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        """Returns an attribute."""
        return self.attributes.get(name, default)

    def word(self, name: str, default: str) -> str:
        """Returns an attribute that is text."""
        value = self.attributes.get(name, default)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    def given(self, k: int) -> bool:
        """Whether an operand is there."""
        return k < len(self.operands) and self.operands[k] is not None

    def array(self, k: int, what: str) -> np.ndarray | None:
        """Returns an operand that has to be constant, as the numbers that it holds; None if it is left out."""
        tensor = self.operands[k] if k < len(self.operands) else None
        if tensor is None:
            return None
        if not is_raw(tensor.array):
            raise Unsupported(f"its {what} should be constant")
        return tensor.array

    def required(self, k: int, what: str) -> np.ndarray:
        """Returns an operand that has to be there, and constant."""
        array = self.array(k, what)
        if array is None:
            raise Unsupported(f"its {what} are missing")
        return array

    def ints(self, k: int, name: str) -> list[int] | None:
        """Returns constant integers: an operand, or the attribute of older versions of ONNX."""
        array = self.array(k, name)
        if array is None:
            value = self.attributes.get(name)
            return None if value is None else [int(v) for v in np.ravel(value)]
        if array.dtype.kind not in "iub":
            raise Unsupported(f"its {name} should be constant integers")
        return [int(v) for v in array.ravel()]

    def number(self, k: int, name: str, default: float | None = None) -> float | None:
        """Returns one constant number: an operand, or the attribute of older versions of ONNX."""
        array = self.array(k, name)
        value = self.attributes.get(name, default) if array is None else array
        if value is None or np.size(value) != 1:
            if value is None or not np.size(value):
                return default
            raise Unsupported(f"its {name} should be one constant")
        return np.asarray(value).reshape(()).astype(np.float64).item()


def room(shape: Iterable[int]) -> None:
    """Refuses a result that is too large, before it is made."""
    shape = tuple(shape)
    if math.prod(shape) > MAX_ELEMENTS or any(size < 0 for size in shape):
        raise TooLarge(f"its result of the shape {shape} is too large; at most {MAX_ELEMENTS:,} elements are read")


Operator = Callable[..., Any]
OPERATORS: dict[str, Operator] = {}
"""Name -> its expression."""


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Enters an expression for some operators."""

    def enter(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return enter
