"""Minimum and maximum: of two numbers as the original work derives them, and of n as trees of these.

``min(x1, x2) = x2 - relu(x2 - x1)``: reconstruct x2 (two neurons), and take off by how much it is greater
(a greaterness detector).  The maximum adds ``relu(x1 - x2)`` instead.
"""

import sympy

from relucirc.circuits.circuit import Circuit, at_least, network, order_formula, symbols
from relucirc.circuits.combine import tree
from relucirc.circuits.sources import ARORA, FOLKLORE, ORIGINAL
from relucirc.language.network import MLP

X1, X2 = symbols(2)


def _minimum(n: int = 2) -> MLP:
    return tree(network([[0, 1], [0, -1], [-1, 1]], [[1, -1, -1]]), at_least(n, 1, "minimum"))


def _maximum(n: int = 2) -> MLP:
    return tree(network([[0, 1], [0, -1], [1, -1]], [[1, -1, 1]]), at_least(n, 1, "maximum"))


minimum = Circuit(
    "minimum",
    ORIGINAL,
    "Gives the least of n inputs: for two, x2 less a greaterness detector; for more, a tree of these.",
    _minimum,
    lambda n=2: order_formula(1, at_least(n, 1, "minimum")),
    examples=((), (3,), (4,), (16,)),
)

minimum_two_layers = Circuit(
    "minimum_two_layers",
    f"{ORIGINAL}, appendix",
    "Gives the lesser of two inputs, with an identity circuit after the minimum.",
    lambda: network([[0, 1], [0, -1], [-1, 1]], [[1, -1, -1], [-1, 1, 1]], [[1, -1]]),
    lambda: sympy.Min(*symbols(2)),
)

maximum = Circuit(
    "maximum",
    f"{ORIGINAL}; trees: {ARORA}",
    "Gives the greatest of n inputs: for two, x2 plus a greaterness detector; for more, a tree of these.",
    _maximum,
    lambda n=2: order_formula(at_least(n, 1, "maximum"), n),
    examples=((), (3,), (4,), (16,)),
)

distance = Circuit(
    "distance",
    f"{ORIGINAL} (the absolute value of a subtraction)",
    "Gives |x1 - x2|: a greaterness detector each way, added.",
    lambda: network([[1, -1], [-1, 1]], [[1, 1]]),
    lambda: sympy.Abs(X1 - X2),
)

spread = Circuit(
    "spread",
    FOLKLORE,
    "Gives the greatest less the least of three inputs: greaterness detectors around a cycle.",
    lambda: network([[1, -1, 0], [0, 1, -1], [-1, 0, 1]], [[1, 1, 1]]),
    lambda: sympy.Max(*symbols(3)) - sympy.Min(*symbols(3)),
)
