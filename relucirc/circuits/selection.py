"""Selection without an argmax: a bit switches values on and off.

For a bit s and values in [0, bound], ``relu(a - bound (1 - s))`` is a where s = 1 and 0 where s = 0.
"""

from typing import Any

import sympy

from relucirc.circuits.circuit import Circuit, network, positive, symbols
from relucirc.circuits.sources import FOLKLORE
from relucirc.language.network import MLP

BIT, A, B = symbols(3)


def _switch(bound: Any = 1) -> MLP:
    m = positive(bound, "bound")
    return network(([[m, 1]], [-m]), [[1]])


def _select(bound: Any = 1) -> MLP:
    m = positive(bound, "bound")
    return network(([[m, 1, 0], [-m, 0, 1]], [-m, 0]), [[1, 1]])


switch = Circuit(
    "switch",
    FOLKLORE,
    "Gives x2 where the bit x1 is 1, and 0 where it is 0: the product of a bit and a value in [0, bound].",
    _switch,
    lambda bound=1: sympy.Piecewise((A, BIT > 0), (0, True)),  # noqa: ARG005  (the formula holds for any bound)
    lambda bound=1: f"x1 in {{0, 1}}, 0 <= x2 <= {positive(bound, 'bound')}",
    examples=((), ("7/2",)),
)

select = Circuit(
    "select",
    FOLKLORE,
    "Gives x2 where the bit x1 is 1, and x3 where it is 0, for values in [0, bound].",
    _select,
    lambda bound=1: sympy.Piecewise((A, BIT > 0), (B, True)),  # noqa: ARG005  (the formula holds for any bound)
    lambda bound=1: f"x1 in {{0, 1}}, 0 <= x2 <= {positive(bound, 'bound')}, 0 <= x3 <= {positive(bound, 'bound')}",
    examples=((), ("7/2",)),
)
