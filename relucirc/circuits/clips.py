"""Clips and their kin: activation functions and shrinkage, each with two neurons.

``clip(x, a, b) = a + relu(x - a) - relu(x - b)``.
"""

from typing import Any

import sympy

from relucirc.circuits.circuit import Circuit, network, positive, symbols
from relucirc.circuits.sources import FOLKLORE
from relucirc.core.errors import NetworkError
from relucirc.core.exact import rational, to_rational
from relucirc.language.network import MLP

(X,) = symbols(1)
X1, X2 = symbols(2)


def _ordered(lower: Any, upper: Any) -> tuple[sympy.Rational, sympy.Rational]:
    low, high = (to_rational(rational(value, what)) for value, what in ((lower, "lower"), (upper, "upper")))
    if low >= high:
        raise NetworkError(f"clip: expected lower < upper, got lower = {low} and upper = {high}.")
    return low, high


def _clip(row: list, lower: Any, upper: Any) -> MLP:
    """Clips one linear form of the inputs."""
    low, high = _ordered(lower, upper)
    return network(([row, row], [-low, -high]), ([[1, -1]], [low]))


def _clip_formula(value: sympy.Expr, lower: Any, upper: Any) -> sympy.Expr:
    low, high = _ordered(lower, upper)
    return sympy.Min(high, sympy.Max(low, value))


def _soft_threshold(threshold: Any = 1) -> MLP:
    t = positive(threshold, "threshold")
    return network(([[1], [-1]], [-t, -t]), [[1, -1]])


def _soft_threshold_formula(threshold: Any = 1) -> sympy.Expr:
    """In the words of its definition: the sign of x times what |x| has over the threshold."""
    t = positive(threshold, "threshold")
    return sympy.Piecewise((X - t, sympy.Ge(X, t)), (X + t, sympy.Le(X, -t)), (0, True))


def _leaky_relu(slope: Any = "1/100") -> MLP:
    return network([[1], [-1]], [[1, -to_rational(rational(slope, "slope"))]])


def _leaky_relu_formula(slope: Any = "1/100") -> sympy.Expr:
    return sympy.Piecewise((X, X >= 0), (to_rational(rational(slope, "slope")) * X, True))


clip = Circuit(
    "clip",
    FOLKLORE,
    "Gives x where it lies between two bounds, and the nearer bound elsewhere.",
    lambda lower=0, upper=1: _clip([1], lower, upper),
    lambda lower=0, upper=1: _clip_formula(X, lower, upper),
    examples=((), (-2, "5/2")),
)

relu6 = Circuit(
    "relu6",
    FOLKLORE,
    "Gives x clipped to [0, 6].",
    lambda: network(([[1], [1]], [0, -6]), [[1, -1]]),
    lambda: _clip_formula(X, 0, 6),
)

hard_tanh = Circuit(
    "hard_tanh",
    FOLKLORE,
    "Gives x clipped to [-1, 1].",
    lambda: _clip([1], -1, 1),
    lambda: _clip_formula(X, -1, 1),
)

hard_sigmoid = Circuit(
    "hard_sigmoid",
    FOLKLORE,
    "Gives x/6 + 1/2 clipped to [0, 1].",
    lambda: network(([[1], [1]], [3, -3]), [["1/6", "-1/6"]]),
    lambda: _clip_formula(X / 6 + sympy.Rational(1, 2), 0, 1),
)

soft_threshold = Circuit(
    "soft_threshold",
    FOLKLORE,
    "Moves x towards 0 by a threshold, and to 0 where it is nearer than that.",
    _soft_threshold,
    _soft_threshold_formula,
    examples=((), ("1/3",)),
)

leaky_relu = Circuit(
    "leaky_relu",
    FOLKLORE,
    "Gives x where it is positive, and a small multiple of it elsewhere.",
    _leaky_relu,
    _leaky_relu_formula,
    examples=((), ("1/4",)),
)

saturating_add = Circuit(
    "saturating_add",
    FOLKLORE,
    "Gives x1 + x2 clipped to two bounds, as integer arithmetic with saturation does.",
    lambda lower=0, upper=255: _clip([1, 1], lower, upper),
    lambda lower=0, upper=255: _clip_formula(X1 + X2, lower, upper),
    examples=((), (-128, 127)),
)
