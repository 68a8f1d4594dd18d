"""The features of the original work: single neurons that detect, and pairs of weights that reconstruct.

A *detector* is active where something holds.  A *reconstructor* is a detector read by the weight that
gives the detected value back: ``relu(w x) / w``.
"""

import sympy

from relucirc.circuits.circuit import Circuit, network, symbols
from relucirc.circuits.sources import ORIGINAL

(X,) = symbols(1)
X1, X2 = symbols(2)


def _feature(name: str, description: str, row: list[int], weight: int, formula: sympy.Expr) -> Circuit:
    """One neuron, read by one weight."""
    return Circuit(name, ORIGINAL, description, lambda: network([row], [[weight]]), lambda: formula, kind="feature")


positiveness_detector = _feature(
    "positiveness_detector", "Active where x is positive, by as much.", [1], 1, sympy.Max(0, X)
)
negativeness_detector = _feature(
    "negativeness_detector", "Active where x is negative, by as much.", [-1], 1, sympy.Max(0, -X)
)
positive_reconstructor = _feature(
    "positive_reconstructor", "Gives x where it is positive, 0 elsewhere.", [1], 1, sympy.Max(0, X)
)
negative_reconstructor = _feature(
    "negative_reconstructor", "Gives x where it is negative, 0 elsewhere.", [-1], -1, sympy.Min(0, X)
)
greaterness_detector = _feature(
    "greaterness_detector", "Active where x1 is greater than x2, by how much.", [1, -1], 1, sympy.Max(0, X1 - X2)
)
