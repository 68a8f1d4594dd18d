"""What all ways to snap a trained network share: its exact weights, moves to simple numbers, and the result."""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, rational
from relucirc.interpretation.circuit import Circuit
from relucirc.interpretation.rounding import simplest
from relucirc.language.network import MLP

TOLERANCES = (fmpq(1, 1000), fmpq(1, 200), fmpq(1, 50))
"""What a weight may move, of a largest weight of one, from the first that is tried to the last."""


@dataclass(frozen=True)
class Snap:
    """How a network became a circuit.

    Attributes:
        circuit: The circuit.
        tolerance: What weights were allowed to move.
        largest_move: The largest distance that a weight moved, exactly; read-outs relative to the largest.
        dropped: Neurons that were dropped.
        folded: Whether opposite neurons were joined (see :mod:`relucirc.interpretation.folding`).
    """

    circuit: Circuit
    tolerance: fmpq
    largest_move: fmpq
    dropped: int
    folded: bool = False


class Mover:
    """Moves numbers to simple ones, and remembers the largest move.

    Args:
        tolerance: How far.
        denominator: If given, numbers move to the nearest multiple of one over it instead, all to one grid:
            numbers that add up to a simple one then still do.
    """

    def __init__(self, tolerance: fmpq, denominator: int | None = None) -> None:
        self.tolerance = tolerance
        self.denominator = denominator
        self.largest = ZERO

    def move(self, value: fmpq, unit: fmpq = ONE) -> fmpq:
        """Returns the simplest rational within the tolerance, counted in the given unit; or the one on the grid."""
        if self.denominator is None:
            moved = simplest(value, self.tolerance * unit)
        else:
            moved = fmpq((value * self.denominator + fmpq(1, 2)).floor(), self.denominator)
        self.note(abs(moved - value), unit)
        return moved

    def note(self, distance: fmpq, unit: fmpq = ONE) -> None:
        """Remembers a distance."""
        self.largest = max(self.largest, distance / unit)


def exact_layers(net: MLP) -> list[tuple[list[list[fmpq]], list[fmpq]]]:
    """Returns the weights and biases of a network as exact rationals, zeros for no bias."""
    if net.is_exact:
        return [
            ([[dict(row).get(i, ZERO) for i in range(layer.weight.shape[1])] for row in layer.weight.rows],
             list(layer.exact_bias()))
            for layer in net.layers
        ]  # fmt: skip
    layers = []
    for layer in net.layers:
        weight = np.asarray(layer.weight)
        bias = [ZERO] * weight.shape[0] if layer.bias is None else [_exact(b) for b in np.asarray(layer.bias).tolist()]
        layers.append(([[_exact(w) for w in row] for row in weight.tolist()], bias))
    return layers


def _exact(value: float) -> fmpq:
    return fmpq(*value.as_integer_ratio()) if np.isfinite(value) else rational(value)
