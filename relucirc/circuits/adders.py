"""Adders of binary numbers: the sum of two or three bits, and of two n-bit numbers with a carry that ripples.

With u the number of bits that are 1, the carry is u >= 2 and the sum bit is u - 2 carry.  For u up to 2,
``carry = relu(u - 1)``; for u up to 3, ``carry = relu(u - 1) - relu(u - 2)``.
"""

from typing import Any

import sympy
from flint import fmpq

from relucirc.circuits.circuit import Circuit, at_least, bits, network, symbols
from relucirc.circuits.sources import PERCEPTRON
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.names import default_names
from relucirc.language.layers import Layers
from relucirc.language.network import MLP
from relucirc.language.order_statistic import OrderStatistic


def _ripple_adder(n: int = 2) -> MLP:
    """Layer k adds the bits of weight ``2^k`` to the carry; sums still to come, and sum bits done, pass by.

    They are never negative on bits, so one neuron carries each.
    """
    at_least(n, 1, "ripple_adder", 100)
    layers = Layers(default_names(2 * n))
    sums = [Form.variable(k) + Form.variable(n + k) for k in range(n)]
    done: list[Form] = []
    carry = Form()
    for k in range(n):
        u = sums[k] + carry
        ones, twos, *threes = layers.relu([u.shift(fmpq(-j)) for j in range(2 if k == 0 else 3)], k)
        sums[k + 1 :] = layers.relu(sums[k + 1 :], k)
        carry = combine([(ONE, twos), *((-ONE, form) for form in threes)])
        done = [*layers.relu(done, k), combine([(ONE, ones), (fmpq(-2), carry)])]
    return layers.build([*done, carry], n)


def _ripple_formula(n: int = 2) -> list[sympy.Expr]:
    """The carry is the median of the two bits and the carry before it."""
    at_least(n, 1, "ripple_adder", 100)
    names = symbols(2 * n)
    carry: Any = None
    outputs: list[sympy.Expr] = []
    for a, b in zip(names[:n], names[n:], strict=True):
        parts = [a, b] if carry is None else [a, b, carry]
        after: Any = sympy.Min(a, b) if carry is None else OrderStatistic(2, *parts)
        outputs.append(sympy.Add(*parts) - 2 * after)
        carry = after
    return [*outputs, carry]


half_adder = Circuit(
    "half_adder",
    PERCEPTRON,
    "Adds two bits: the sum bit, then the carry.",
    lambda: _ripple_adder(1),
    lambda: _ripple_formula(1),
    lambda: bits(default_names(2)),
)

full_adder = Circuit(
    "full_adder",
    PERCEPTRON,
    "Adds three bits: the sum bit, then the carry.",
    lambda: network(([[1, 1, 1]] * 3, [0, -1, -2]), [[1, -2, 2], [0, 1, -1]]),
    lambda: [sympy.Abs(sympy.Abs(symbols(3)[0] - symbols(3)[1]) - symbols(3)[2]), OrderStatistic(2, *symbols(3))],
    lambda: bits(default_names(3)),
)

ripple_adder = Circuit(
    "ripple_adder",
    PERCEPTRON,
    "Adds two n-bit numbers, lowest bits first: x1..xn and the n inputs after them; n + 1 bits come out.",
    _ripple_adder,
    _ripple_formula,
    lambda n=2: bits(default_names(2 * at_least(n, 1, "ripple_adder", 100))),
    examples=((), (3,)),
)
