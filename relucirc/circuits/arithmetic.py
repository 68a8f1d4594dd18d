"""The arithmetic circuits of the original work: identity, negative identity, absolute value, sum, difference.

Each is a reconstruction of one linear form l from its two signs, ``l = relu(l) - relu(-l)``, or of its
absolute value, ``relu(l) + relu(-l)``; two neurons, and fewer cannot do it.
"""

import sympy

from relucirc.circuits.circuit import Circuit, network, symbols
from relucirc.circuits.sources import ORIGINAL

(X,) = symbols(1)
X1, X2 = symbols(2)

identity = Circuit(
    "identity",
    "circuit",
    ORIGINAL,
    "Gives x back: a positive and a negative reconstructor.",
    lambda: network([[1], [-1]], [[1, -1]]),
    lambda: X,
)

negative_identity = Circuit(
    "negative_identity",
    "circuit",
    ORIGINAL,
    "Gives -x: the identity with its output weights negated.",
    lambda: network([[1], [-1]], [[-1, 1]]),
    lambda: -X,
)

absolute = Circuit(
    "absolute",
    "circuit",
    ORIGINAL,
    "Gives |x|: a positiveness and a negativeness detector, added.",
    lambda: network([[1], [-1]], [[1, 1]]),
    lambda: sympy.Abs(X),
)

addition = Circuit(
    "addition",
    "circuit",
    ORIGINAL,
    "Gives x1 + x2: the identity of the sum.",
    lambda: network([[1, 1], [-1, -1]], [[1, -1]]),
    lambda: X1 + X2,
)

subtraction = Circuit(
    "subtraction",
    "circuit",
    ORIGINAL,
    "Gives x1 - x2: the identity of the difference.",
    lambda: network([[1, -1], [-1, 1]], [[1, -1]]),
    lambda: X1 - X2,
)
