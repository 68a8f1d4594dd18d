"""Neuron by neuron: directions made primitive, scales moved up, parallel neurons merged, weights rounded.

For s > 0, ``relu(s l) = s relu(l)``: a hidden row is divided by its scale, and the weights that read the
neuron are multiplied by it.  Rows that then are equal belong to one neuron, whose weights are the sums.
"""

from fractions import Fraction

import numpy as np

from relucirc.snapping.layers import Layer, RationalLayer, number, vector
from relucirc.snapping.rounding import Rounding

Row = tuple[tuple[int, ...], Fraction]
"""A primitive direction and a bias."""


class Neurons:
    """Rounds layer after layer, and says in words what it did.

    Attributes:
        moves: What was done, one sentence each.
        strained: How many numbers had to move by more than the tolerance.
    """

    def __init__(self, rounding: Rounding) -> None:
        self.rounding = rounding
        self.moves: list[str] = []
        self.strained = 0

    def hidden(self, depth: int, layer: Layer, above: Layer) -> tuple[RationalLayer, Layer]:
        """Rounds one hidden layer; returns it, and the layer above with the scales moved in."""
        first: dict[Row, int] = {}
        columns: dict[Row, np.ndarray] = {}
        bias = above.bias.copy()
        for i, (row, offset) in enumerate(zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)):
            where = f"hidden layer {depth + 1}, neuron {i + 1}"
            column = above.weight[:, i]
            if not column.any():
                self.moves.append(f"{where}: nothing reads it; dropped.")
            elif not any(row):
                bias += column * max(offset, 0.0)
                self.moves.append(f"{where}: it always gives {number(max(offset, 0.0))}; moved into the biases above.")
            else:
                key, scale = self._primitive(row, offset, where)
                if key in first:
                    self.moves.append(f"{where}: parallel to neuron {first[key] + 1}; merged into it.")
                first.setdefault(key, i)
                columns[key] = columns.get(key, 0.0) + column * scale
        rounded = RationalLayer([[Fraction(v) for v in direction] for direction, _ in first], [b for _, b in first])
        weight = np.stack(list(columns.values()), axis=1) if columns else np.zeros((len(bias), 0))
        return rounded, Layer(weight, bias)

    def _primitive(self, row: list[float], offset: float, where: str) -> tuple[Row, float]:
        """Returns the primitive row near a row, and its scale."""
        scale, direction = self.rounding.direction(row)
        shift = self._round(offset / scale)
        largest, whole = max(map(abs, row)), max(map(abs, direction))
        ratios = zip(row, direction, strict=True)
        self.strained += not all(self.rounding.fits(a / largest, Fraction(v, whole)) for a, v in ratios)
        if row != list(direction) or offset != shift:
            before = vector([*row, offset] if offset else row)
            after = vector([*direction, shift] if offset else direction)
            self.moves.append(f"{where}: {before} becomes {number(scale)} times {after}; the scale moves up.")
        return (direction, shift), scale

    def output(self, layer: Layer) -> RationalLayer:
        """Rounds the output layer."""
        rows = [
            [self._said(v, f"output {i + 1}, weight {j + 1}") for j, v in enumerate(row)]
            for i, row in enumerate(layer.weight.tolist())
        ]
        return RationalLayer(rows, [self._said(v, f"output {i + 1}, bias") for i, v in enumerate(layer.bias.tolist())])

    def _said(self, value: float, where: str) -> Fraction:
        rounded = self._round(value)
        if rounded != value:
            self.moves.append(f"{where}: {number(value)} becomes {rounded}.")
        return rounded

    def _round(self, value: float) -> Fraction:
        rounded = self.rounding.number(value)
        self.strained += not self.rounding.fits(value, rounded)
        return rounded
