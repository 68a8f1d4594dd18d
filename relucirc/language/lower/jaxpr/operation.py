"""One equation of a traced function, and the table of exact rules for primitives.

A rule takes an :class:`Operation` and its operands, arrays as :mod:`relucirc.language.lower.jaxpr.arrays` describes
them, and returns its result, or a list of them.  Over the real numbers an operation on floats does not
round: ``(0.1 + 0.2) * x`` means exactly the sum of the two stored numbers, times x.

*Folding.*  Operations on constant integers and Booleans are run as JAX runs them, and so is an operation on
constants whose value is not rational, or that has no rule here: ``w / jnp.sqrt(2.0)`` divides by the float32
that JAX computes for the root.  What such an operation takes is rounded to its type first.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.language.lower.jaxpr.arrays import is_whole, rounded
from relucirc.language.lower.jaxpr.scalars import Scalars


@dataclass(frozen=True)
class Operation:
    """One equation of a traced function.

    Attributes:
        primitive: JAX's primitive, for those rules that ask JAX where elements go.
        params: Its parameters.
        inputs: Shape and dtype of each operand.
        outputs: Shape and dtype of each result.
        scalars: Exact arithmetic, which puts gates into the graph.
    """

    primitive: Any
    params: dict[str, Any]
    inputs: list[Any]
    outputs: list[Any]
    scalars: Scalars

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first result."""
        return self.outputs[0].shape

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the first result."""
        return self.outputs[0].dtype


Rule = Callable[..., Any]
RULES: dict[str, Rule] = {}
"""Primitive name -> its rule."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Enters a rule for some primitives."""

    def enter(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return enter


_NUMPY: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "max": np.maximum, "min": np.minimum, "neg": np.negative,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "not": np.invert, "lt": np.less,
    "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip


def fold_integers(op: Operation, values: list[Any]) -> list[np.ndarray] | None:
    """Runs an operation on constant integers and Booleans as JAX runs it; None where it is not one."""
    if not values or not all(map(is_whole, values)) or not all(map(is_whole, op.outputs)):
        return None
    fast = _NUMPY.get(op.primitive.name)
    if fast is not None:
        with np.errstate(all="ignore"):
            return [np.asarray(fast(*values)).astype(op.dtype)]
    return run(op, values)


def fold(op: Operation, values: list[Any]) -> list[np.ndarray] | None:
    """Runs an operation on constants as JAX runs it, each rounded to its type; None where it is not one."""
    if not values or not all(isinstance(aval.dtype, np.dtype) for aval in (*op.inputs, *op.outputs)):
        return None
    constants = [rounded(value, aval.dtype) for value, aval in zip(values, op.inputs, strict=True)]
    if any(constant is None for constant in constants):
        return None
    with contextlib.suppress(Exception):  # whatever a primitive raises that cannot be run alone
        return run(op, constants)
    return None


def run(op: Operation, values: list[Any]) -> list[np.ndarray]:
    """Runs an operation on raw arrays in JAX."""
    with jax.enable_x64(True):  # so that no array is narrowed
        results = op.primitive.bind(*map(jnp.asarray, values), **op.params)
    return list(map(np.asarray, results if op.primitive.multiple_results else [results]))
