"""Deep circuits that no shallow network of their size can be: the sawtooth, and the square built from it.

Composing the tooth ``g(x) = 2 relu(x) - 4 relu(x - 1/2)`` k times gives ``2^(k-1)`` teeth with 2k neurons.  Yarotsky's
square is ``x - g(x)/4 - g(g(x))/16 - ...``; after k terms it interpolates x^2 at the multiples of ``2^-k``,
so that its error on [0, 1] is exactly ``4^-(k+1)``.
"""

import sympy

from relucirc.circuits.circuit import Circuit, at_least, network, symbols
from relucirc.circuits.combine import compose
from relucirc.circuits.sources import TELGARSKY, YAROTSKY
from relucirc.language.network import MLP

(X,) = symbols(1)
UNIT = "0 <= x <= 1"


def _sawtooth(depth: int = 3) -> MLP:
    tooth = network(([[1], [1]], [0, "-1/2"]), [[2, -4]])
    return compose(*([tooth] * at_least(depth, 1, "sawtooth", 1000)))


def _sawtooth_formula(depth: int = 3) -> sympy.Expr:
    """Slopes of ``2^k`` up and down between the multiples of ``2^-k``, hinge by hinge, and 0 outside [0, 1].

    Only the single tooth goes on falling beyond 1.
    """
    steps = 2 ** at_least(depth, 1, "sawtooth, as a formula", 12)
    last = steps if depth > 1 else steps - 1
    turns = [(-1) ** j * steps * (1 if j in (0, steps) else 2) for j in range(last + 1)]
    return sympy.Add(*(turn * sympy.Max(0, X - sympy.Rational(j, steps)) for j, turn in enumerate(turns)))


def _square(depth: int = 3) -> MLP:
    """Two neurons make the next tooth, and a third carries the sum so far, which is never negative on [0, 1]."""
    at_least(depth, 1, "yarotsky_square", 1000)
    first = ([[1], [1]], [0, "-1/2"])
    tooth, total = [2, -4], ["1/2", 1]
    layers = [first]
    for k in range(2, depth + 1):
        layers.append(([tooth, tooth, total], [0, "-1/2", 0]))
        tooth, total = [2, -4, 0], [f"-2/{4**k}", f"4/{4**k}", 1]
    return network(*layers, [total])


def _square_formula(depth: int = 3) -> sympy.Expr:
    """The interpolant is convex, so it is the greatest of its chords."""
    steps = 2 ** at_least(depth, 1, "yarotsky_square, as a formula", 12)
    chords = (sympy.Rational(2 * j + 1, steps) * X - sympy.Rational(j * (j + 1), steps**2) for j in range(steps))
    return sympy.Max(*chords, evaluate=False)


sawtooth = Circuit(
    "sawtooth",
    TELGARSKY,
    "Goes up and down between 0 and 1, 2^(depth-1) teeth on [0, 1], with two neurons for each layer.",
    _sawtooth,
    _sawtooth_formula,
    examples=((), (1,), (5,)),
)

yarotsky_square = Circuit(
    "yarotsky_square",
    YAROTSKY,
    "Gives x^2 on [0, 1] to within 4^-(depth+1): its interpolant at the multiples of 2^-depth.",
    _square,
    _square_formula,
    lambda depth=3: UNIT,  # noqa: ARG005  (every depth is claimed on the same domain)
    examples=((), (1,), (5,)),
)
