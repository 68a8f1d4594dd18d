"""``explain``: the formula that a network computes, and what its parts are called."""

from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpq

from relucirc.circuits import catalogue
from relucirc.errors import RelucircError
from relucirc.lift import to_sympy
from relucirc.network import MLP
from relucirc.prover import prove


@dataclass(frozen=True)
class Explanation:
    """What a network computes.

    Attributes:
        formula: The simplest formula found; proved equal to the network on all of R^n.  A list
            for several outputs.
        circuits: Names of catalogue circuits that compute the same function, proved.
        features: What the first hidden layer detects: one line per neuron.
    """

    formula: Any
    circuits: tuple[str, ...]
    features: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"formula   {self.formula}", f"circuits  {', '.join(self.circuits) or 'none of the catalogue'}"]
        return "\n".join([*lines, *(f"feature   {feature}" for feature in self.features)])


def explain(net: MLP, *, budget: float | None = 60.0) -> Explanation:
    """Finds the formula that a network computes, proves it, and names the known parts.

    Args:
        net: A network.
        budget: Seconds for each proof.

    Raises:
        RelucircError: When the formula cannot be proved equal within the budget.

    Example:
        >>> import relucirc
        >>> explain(relucirc.circuits.minimum()).formula
        Min(x1, x2)
    """
    formula = to_sympy(net)
    result = prove(net, formula, budget=budget)
    if result.status != "proved":
        raise RelucircError(f"the formula was not proved equal to the network: {result.reason}")
    return Explanation(formula, tuple(_same_function(net, budget)), tuple(_features(net)))


def _same_function(net: MLP, budget: float | None) -> list[str]:
    """Names of catalogue entries with as many inputs whose formula the network equals."""
    names = []
    for name, circuit in catalogue.items():
        known = circuit()
        if len(known.inputs) == len(net.inputs) and known.sizes[-1] == net.sizes[-1]:
            positional = MLP(net.layers, known.inputs)
            if prove(positional, circuit.formula(), budget=budget).status == "proved":
                names.append(name)
    return names


def _features(net: MLP) -> list[str]:
    """Says what each neuron of the first hidden layer detects, in the original's words."""
    if len(net.layers) == 1:
        return []
    layer = net.exact().layers[0]
    symbols = [sympy.Symbol(name) for name in net.inputs]
    lines = []
    for i, (row, bias) in enumerate(zip(layer.weight.rows, layer.exact_bias(), strict=True)):
        form = to_sympy(MLP.from_arrays([([_dense(row, len(symbols))], [bias])], net.inputs))
        lines.append(f"neuron {i + 1}: {_feature(row, bias, net.inputs)} relu({form})")
    return lines


def _feature(row: tuple, bias: Any, names: tuple[str, ...]) -> str:
    if bias != 0 or any(not isinstance(c, fmpq) for _, c in row):
        return "threshold detector" if row else "constant"
    if len(row) == 1:
        v, c = row[0]
        return f"{'positiveness' if c > 0 else 'negativeness'} detector of {names[v]}:"
    if len(row) == 2 and row[0][1] == -row[1][1]:
        (u, a), (v, _) = row
        larger, smaller = (u, v) if a > 0 else (v, u)
        return f"greaterness detector, {names[larger]} over {names[smaller]}:"
    return "detector of a combination:" if row else "dead:"


def _dense(row: tuple, width: int) -> list:
    dense = [fmpq(0)] * width
    for j, c in row:
        dense[j] = c
    return dense
