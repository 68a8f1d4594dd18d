"""The family of a network: every hidden neuron rescaled by a weight of its own.

Since ``relu(s z) = s relu(z)`` for s > 0, a neuron's row may be multiplied by any s > 0 if the next
layer divides by it.  Written as the original work does: the first weight of the row becomes a symbol w
of that weight's sign, the others keep their ratio to it, and the weights that read the neuron are
divided by w.  For the identity ``relu(x) - relu(-x)`` that is w1 > 0, w2 < 0, output weights 1/w1, 1/w2.
"""

import itertools
from typing import Any

import sympy

from relucirc.core.errors import NetworkError
from relucirc.core.exact import rational, to_rational
from relucirc.core.matrix import ExactMatrix
from relucirc.language.affine import Affine
from relucirc.language.network import MLP


def family_of(net: MLP) -> MLP:
    """Returns the symbolic network of all positive rescalings of a network's hidden neurons.

    Args:
        net: A network with rational or float weights.

    Returns:
        A network whose weights hold the symbols w1, w2, ..., one for each hidden neuron that is not dead;
        :func:`relucirc.prove` proves it for all their values.

    Raises:
        NetworkError: When the weights have symbols already.

    Example:
        >>> from relucirc import circuits
        >>> family_of(circuits.absolute()).layers[1].weight
        ExactMatrix([['1/w1', '-1/w2']])
    """
    if net.symbols:
        raise NetworkError("the network is a family already; its weights have symbols.")
    layers = []
    factors: dict[int, sympy.Expr] = {}
    names = map("w{}".format, itertools.count(1))
    exact = net.exact().layers
    for depth, layer in enumerate(exact):
        rows = [{j: to_rational(v) * factors.get(j, 1) for j, v in row} for row in layer.weight.rows]
        bias = [to_rational(b) for b in layer.exact_bias()]
        factors = {}
        for i, row in enumerate(layer.weight.rows if depth < len(exact) - 1 else ()):
            leading = to_rational(row[0][1]) if row else abs(bias[i])
            if leading == 0:
                continue
            w = sympy.Symbol(next(names), positive=leading > 0, negative=leading < 0)
            rows[i] = {j: v * w / leading for j, v in rows[i].items()}
            bias[i] = bias[i] * w / leading
            factors[i] = leading / w
        weight = ExactMatrix.sparse(layer.shape, ({j: _entry(v) for j, v in row.items()} for row in rows))
        column = ExactMatrix.sparse((len(bias), 1), ({0: _entry(b)} for b in bias))
        layers.append(Affine(weight, None if layer.bias is None else column))
    return MLP(tuple(layers), net.inputs)


def _entry(value: sympy.Expr) -> Any:
    return value if value.free_symbols else rational(value)
