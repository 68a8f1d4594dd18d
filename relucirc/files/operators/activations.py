"""Activations that are piecewise linear, each as it takes the fewest neurons."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from flint import fmpq
from jax.extend.core import Primitive

from relucirc.core.exact import ZERO
from relucirc.core.forms import Form
from relucirc.files.operators.table import Node, operator
from relucirc.language.lower.jaxpr.arrays import elementwise, is_raw
from relucirc.language.lower.jaxpr.choices import as_form
from relucirc.language.lower.jaxpr.limits import FORM, TERM, Unsupported
from relucirc.language.lower.jaxpr.operation import Operation, rule

NOT_LINEAR = frozenset((
    "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Attention", "Celu", "Cosh", "Elu", "Gelu", "GRU",
    "GroupNormalization", "HardSwish", "InstanceNormalization", "LayerNormalization", "LogSoftmax", "LpNormalization",
    "LRN", "LSTM", "MeanVarianceNormalization", "Mish", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp",
    "ReduceSumSquare", "RMSNormalization", "RNN", "Selu", "Sigmoid", "Sinh", "Softmax", "Softplus", "Softsign",
    "Swish", "SwiGLU", "Tan", "Tanh",
))  # fmt: skip
"""Operators that are no piecewise linear functions."""


_NEURONS = Primitive("neurons")
_NEURONS.def_abstract_eval(lambda x: x)
_NEURONS.def_impl(lambda x: jnp.maximum(x, 0))  # of constants


@rule("neurons")
def _put_neurons(op: Operation, x: np.ndarray) -> np.ndarray:
    """Puts a gate for every element of what depends on inputs, also where the element is constant."""
    if is_raw(x):
        return np.maximum(x, np.zeros((), x.dtype))

    def neuron(value: Any) -> Any:
        if not isinstance(value, Form | fmpq):
            return op.scalars.maximum((ZERO, value))
        op.scalars.meter.hold(FORM + TERM)
        return op.scalars.builder.neuron(as_form(value))

    return elementwise(neuron, x)


def relu(x: Any) -> Any:
    """One neuron for each element: a primitive of JAX's kind, so that networks come back as they were written."""
    return _NEURONS.bind(x)


@operator("Relu")
def _relu(node: Node, x: Any) -> Any:  # noqa: ARG001
    return relu(x)


@operator("Abs")
def _absolute(node: Node, x: Any) -> Any:  # noqa: ARG001
    return absolute(x)


def absolute(x: Any) -> Any:
    """Two neurons for each element; integers have none."""
    return relu(x) + relu(-x) if jnp.issubdtype(x.dtype, jnp.floating) else jnp.abs(x)


@operator("LeakyRelu")
def _leaky_relu(node: Node, x: Any) -> Any:
    return _two_slopes(x, node.get("alpha", float(np.float32(0.01))))


@operator("PRelu")
def _prelu(node: Node, x: Any, slope: Any) -> Any:  # noqa: ARG001
    return _two_slopes(x, slope)


def _two_slopes(x: Any, slope: Any) -> Any:
    """Returns x where it is positive, and its multiple elsewhere."""
    return relu(x) - slope * relu(-x)


@operator("ThresholdedRelu")
def _thresholded(node: Node, x: Any) -> Any:
    return jnp.where(x > node.get("alpha", 1.0), x, 0)


@operator("HardSigmoid")
def _hard_sigmoid(node: Node, x: Any) -> Any:
    alpha, beta = node.get("alpha", float(np.float32(0.2))), node.get("beta", 0.5)
    return _between(alpha * x + beta, 0.0, 1.0)


@operator("Shrink")
def _shrink(node: Node, x: Any) -> Any:
    bias, lambd = node.get("bias", 0.0), node.get("lambd", 0.5)
    if bias == lambd >= 0:  # continuous
        return relu(x - bias) - relu(-x - bias)
    return jnp.where(x < -lambd, x + bias, jnp.where(x > lambd, x - bias, 0))


@operator("Clip")
def _clip(node: Node, x: Any, *bounds: Any) -> Any:  # noqa: ARG001
    low, high = _bound(node, 1, "min"), _bound(node, 2, "max")
    if jnp.issubdtype(x.dtype, jnp.floating):
        return _between(x, low, high)
    return jnp.clip(x, *(None if bound is None else int(bound) for bound in (low, high)))


def _between(x: Any, low: float | None, high: float | None) -> Any:
    """``Min(Max(x, low), high)``, also where the bounds are crossed: ``low + relu(x - low) - relu(x - high)``."""
    if low is not None and high is not None and low >= high:
        return jnp.full(x.shape, high, x.dtype)
    if low is None:
        return x if high is None else high - relu(high - x)
    return low + relu(x - low) - (0 if high is None else relu(x - high))


def _bound(node: Node, k: int, name: str) -> float | None:
    value = node.number(k, name)
    side = 1.0 if name == "max" else -1.0
    if value is None or side * value == math.inf:
        return None
    if not node.given(k) and side * value >= float(np.finfo(np.float32).max):  # how opset 6 writes "no bound"
        return None
    if not math.isfinite(value):
        raise Unsupported(f"its {name} is {value}")
    return value
