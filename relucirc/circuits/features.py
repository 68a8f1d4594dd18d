"""The features of the original work: single neurons that detect, and pairs of weights that reconstruct.

A *detector* is active where something holds.  A *reconstructor* is a detector read by the weight that
gives the detected value back: ``relu(w x) / w``.
"""

import sympy

from relucirc.circuits.circuit import Circuit, network, symbols
from relucirc.circuits.sources import ORIGINAL

(X,) = symbols(1)
X1, X2 = symbols(2)

positiveness_detector = Circuit(
    "positiveness_detector",
    "feature",
    ORIGINAL,
    "Active where x is positive, by as much.",
    lambda: network([[1]], [[1]]),
    lambda: sympy.Max(0, X),
)

negativeness_detector = Circuit(
    "negativeness_detector",
    "feature",
    ORIGINAL,
    "Active where x is negative, by as much.",
    lambda: network([[-1]], [[1]]),
    lambda: sympy.Max(0, -X),
)

positive_reconstructor = Circuit(
    "positive_reconstructor",
    "feature",
    ORIGINAL,
    "Gives x where it is positive, 0 elsewhere.",
    lambda: network([[1]], [[1]]),
    lambda: sympy.Max(0, X),
)

negative_reconstructor = Circuit(
    "negative_reconstructor",
    "feature",
    ORIGINAL,
    "Gives x where it is negative, 0 elsewhere.",
    lambda: network([[-1]], [[-1]]),
    lambda: sympy.Min(0, X),
)

greaterness_detector = Circuit(
    "greaterness_detector",
    "feature",
    ORIGINAL,
    "Active where x1 is greater than x2, by how much.",
    lambda: network([[1, -1]], [[1]]),
    lambda: sympy.Max(0, X1 - X2),
)
