"""Boolean gates on bits: functions of the sum of the inputs, claimed on {0, 1}^n only.

A neuron with bias is a threshold gate: ``relu(x1 + ... + xn - (n - 1))`` is 1 where all bits are, else 0.
"""

from collections.abc import Callable
from typing import Any

import sympy

from relucirc.circuits.circuit import Circuit, at_least, bits, network, order_formula, symbols
from relucirc.circuits.sources import PERCEPTRON
from relucirc.core.errors import NetworkError
from relucirc.core.names import default_names
from relucirc.language.network import MLP


def _on_bits(n: int = 2) -> str:
    return bits(default_names(at_least(n, 1, "gate, number of bits")))


def _gate(
    name: str, description: str, build: Callable[..., MLP], claim: Callable[..., Any], *examples: tuple
) -> Circuit:
    return Circuit(name, PERCEPTRON, description, build, claim, _on_bits, examples=((), *examples))


def _threshold(
    name: str, description: str, neuron: Callable[[int], tuple[int, int]], read_out: tuple[int, int], claim: Any
) -> Circuit:
    """A gate with one neuron ``relu(a * sum + b)`` and the output ``c + d * neuron``."""

    def build(n: int = 2) -> MLP:
        (a, b), (c, d) = neuron(at_least(n, 1, name)), read_out
        return network(([[a] * n], [b]), ([[d]], [c]) if c else [[d]])

    return _gate(name, description, build, claim, (5,))


def _least(n: int = 2) -> sympy.Expr:
    return order_formula(1, at_least(n, 1, "gate, number of bits"))


def _greatest(n: int = 2) -> sympy.Expr:
    return order_formula(at_least(n, 1, "gate, number of bits"), n)


def _parity(n: int = 2) -> MLP:
    """The sum s goes up and down: ``relu(s) - 2 relu(s - 1) + 2 relu(s - 2) - ...``."""
    at_least(n, 1, "parity_gate", 200)
    return network(([[1] * n] * n, [-k for k in range(n)]), [[1, *(2 * (-1) ** k for k in range(1, n))]])


def _parity_formula(n: int = 2) -> sympy.Expr:
    """Bit by bit: the exclusive or of a and b is |a - b|."""
    first, *rest = symbols(at_least(n, 1, "parity_gate", 200))
    result: sympy.Expr = first
    for symbol in rest:
        result = sympy.Abs(first - symbol if result is first else symbol - result, evaluate=False)
    return result


def _majority(n: int = 3) -> MLP:
    half = _odd(n) // 2
    return network(([[1] * n] * 2, [-half, -half - 1]), [[1, -1]])


def _odd(n: int) -> int:
    if at_least(n, 1, "majority_gate") % 2 == 0:
        raise NetworkError(f"majority_gate: expected an odd number of bits, got {n}.")
    return n


X1, X2 = symbols(2)

not_gate = Circuit(
    "not_gate",
    PERCEPTRON,
    "Is 1 where the bit is 0: 1 - x, with no neuron.",
    lambda: network(([[-1]], [1])),
    lambda: 1 - symbols(1)[0],
)
and_gate = _threshold("and_gate", "Is 1 where all bits are.", lambda n: (1, 1 - n), (0, 1), _least)
or_gate = _threshold("or_gate", "Is 1 where some bit is.", lambda _: (-1, 1), (1, -1), _greatest)
nand_gate = _threshold(
    "nand_gate", "Is 0 where all bits are 1.", lambda n: (1, 1 - n), (1, -1), lambda n=2: 1 - _least(n)
)
nor_gate = _threshold("nor_gate", "Is 1 where no bit is.", lambda _: (-1, 1), (0, 1), lambda n=2: 1 - _greatest(n))
implies_gate = _gate(
    "implies_gate",
    "Is 0 where x1 is 1 and x2 is 0.",
    lambda: network([[1, -1]], ([[-1]], [1])),
    lambda: sympy.Max(1 - X1, X2),
)
xor_gate = _gate(
    "xor_gate",
    "Is 1 where exactly one of two bits is.",
    lambda: _parity(2),
    lambda: sympy.Abs(X1 - X2),
)
xnor_gate = _gate(
    "xnor_gate",
    "Is 1 where two bits are the same.",
    lambda: network(([[1, 1], [1, 1]], [0, -1]), ([[-1, 2]], [1])),
    lambda: 1 - sympy.Abs(X1 - X2),
)
parity_gate = Circuit(
    "parity_gate",
    PERCEPTRON,
    "Is 1 where an odd number of bits is.",
    lambda n=3: _parity(n),
    lambda n=3: _parity_formula(n),
    lambda n=3: _on_bits(n),
    examples=((), (5,)),
)
majority_gate = Circuit(
    "majority_gate",
    PERCEPTRON,
    "Is 1 where more than half of the bits are.",
    _majority,
    lambda n=3: order_formula(_odd(n) // 2 + 1, n),
    lambda n=3: _on_bits(n),
    examples=((), (5,)),
)
