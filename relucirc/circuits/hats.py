"""Hat functions: the basis of piecewise-linear finite elements, in one and two dimensions.

In two dimensions the hat lives on the six triangles around a node of the grid cut along the diagonals.  Its height is
``1 - (max(0, x1, x2) - min(0, x1, x2))``, and the difference of maximum and minimum is a cycle of three
greaterness detectors.
"""

import sympy

from relucirc.circuits.circuit import Circuit, network, symbols
from relucirc.circuits.sources import FINITE_ELEMENTS

(X,) = symbols(1)
X1, X2 = symbols(2)

hat = Circuit(
    "hat",
    "circuit",
    FINITE_ELEMENTS,
    "Is 1 at 0, falls to 0 at -1 and 1, and stays there.",
    lambda: network(([[1], [1], [1]], [1, 0, -1]), [[1, -2, 1]]),
    lambda: sympy.Max(0, 1 - sympy.Abs(X)),
)

hat2 = Circuit(
    "hat2",
    "circuit",
    FINITE_ELEMENTS,
    "Is 1 at the origin and falls to 0 on the hexagon with corners (1, 0), (1, 1), (0, 1) and their negatives.",
    lambda: network([[1, 0], [-1, 1], [0, -1]], ([[-1, -1, -1]], [1]), [[1]]),
    lambda: sympy.Max(0, 1 - sympy.Max(0, X1, X2) + sympy.Min(0, X1, X2)),
)
