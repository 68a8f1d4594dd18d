"""A network with integer weights and the same activation regions.

relu(s z) = s relu(z) for s > 0, so every row is scaled to integers and its scale moved into the
next layer's column.  Signs of pre-activations do not change; the last layer keeps a denominator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import common_denominator
from relucirc.core.forms import Form, combine
from relucirc.language.network import MLP

Matrix = tuple[tuple[int, ...], ...]
"""Rows ``(constant, coefficients...)``."""


@dataclass(frozen=True)
class IntegerNetwork:
    """Hidden layers and output layer over the integers.

    Attributes:
        n: Number of coordinates.
        hidden: Per hidden layer its rows ``(bias, weights...)``, coprime integers.
        output: The rows of the last layer, integers over ``denominators``.
        denominators: One positive integer per output.
    """

    n: int
    hidden: tuple[Matrix, ...]
    output: Matrix
    denominators: tuple[int, ...]

    @staticmethod
    def of(net: MLP, inputs: Sequence[Form], n: int) -> "IntegerNetwork":
        """Scales an exact network whose inputs are forms over n coordinates."""
        layers: list[Matrix] = []
        denominators: tuple[int, ...] = ()
        scales: list[fmpq] = []
        exact = net.exact().layers
        for depth, layer in enumerate(exact):
            rows, next_scales = [], []
            for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
                tick()
                if depth == 0:
                    form = combine((value, inputs[j]) for j, value in row).shift(bias)
                    entries = [form.const, *(form.coefficient(v) for v in range(n))]
                else:
                    entries = [bias, *[fmpq(0)] * layer.weight.shape[1]]
                    for j, value in row:
                        entries[j + 1] = value * scales[j]
                denominator = common_denominator(entries)
                integers = [int((e * denominator).p) for e in entries]
                divisor = (gcd(*integers) or 1) if depth < len(exact) - 1 else 1
                rows.append(tuple(i // divisor for i in integers))
                next_scales.append(fmpq(divisor, denominator))
            if depth == len(exact) - 1:
                denominators = tuple(int(s.q) for s in next_scales)
                rows = [tuple(i * int(s.p) for i in row) for row, s in zip(rows, next_scales, strict=True)]
            layers.append(tuple(rows))
            scales = next_scales
        return IntegerNetwork(n, tuple(layers[:-1]), layers[-1], denominators)

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        return tuple(len(layer) for layer in self.hidden)

    @property
    def neurons(self) -> int:
        """Number of hidden neurons."""
        return sum(self.widths)

    def next_rows(self, depth: int, below: Matrix, signs: Sequence[int]) -> Matrix:
        """Rows of layer ``depth`` (the output layer last) as forms over the coordinates.

        Args:
            depth: Number of hidden layers below.
            below: The rows of the layer below over the coordinates.
            signs: Their signs on the cell.
        """
        layer = self.output if depth == len(self.hidden) else self.hidden[depth]
        if depth == 0:
            return layer
        active = [(j + 1, below[j]) for j, sign in enumerate(signs) if sign > 0]
        result = []
        for row in layer:
            total = [row[0], *[0] * self.n]
            for j, form in active:
                w = row[j]
                if w:
                    total = [t + w * c for t, c in zip(total, form, strict=True)]
            result.append(tuple(total))
        return tuple(result)
