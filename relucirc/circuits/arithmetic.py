"""The arithmetic circuits of the original work: identity, negative identity, absolute value, sum, difference.

Each is a reconstruction of one linear form l from its two signs, ``l = relu(l) - relu(-l)``, or of its
absolute value, ``relu(l) + relu(-l)``; two neurons, and fewer cannot do it.
"""

import sympy

from relucirc.circuits.circuit import Circuit, network, symbols
from relucirc.circuits.sources import ORIGINAL

(X,) = symbols(1)
X1, X2 = symbols(2)


def _of_two_signs(name: str, description: str, row: list[int], weights: list[int], formula: sympy.Expr) -> Circuit:
    """A linear form and its negative, each a neuron, read by two weights."""
    rows = [row, [-weight for weight in row]]
    return Circuit(name, ORIGINAL, description, lambda: network(rows, [weights]), lambda: formula)


identity = _of_two_signs("identity", "Gives x back: a positive and a negative reconstructor.", [1], [1, -1], X)
negative_identity = _of_two_signs(
    "negative_identity", "Gives -x: the identity with its output weights negated.", [1], [-1, 1], -X
)
absolute = _of_two_signs(
    "absolute", "Gives |x|: a positiveness and a negativeness detector, added.", [1], [1, 1], sympy.Abs(X)
)
addition = _of_two_signs("addition", "Gives x1 + x2: the identity of the sum.", [1, 1], [1, -1], X1 + X2)
subtraction = _of_two_signs("subtraction", "Gives x1 - x2: the identity of the difference.", [1, -1], [1, -1], X1 - X2)
