"""Neuron by neuron: rows brought to one scale and rounded, parallel neurons merged, read-outs rounded.

For s > 0, ``relu(s l) = s relu(l)``: a hidden row is divided by its scale, so that its largest weight is 1 or -1, and
the weights that read the neuron are multiplied by it.  Every number is then rounded relative to its own row, and no
scale of a neuron hides another's.  Rows that then are equal belong to one neuron, whose weights are the sums.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.exact import ZERO, approximate
from relucirc.interpretation.snapping.layers import Layer, number, vector
from relucirc.interpretation.snapping.rounding import Rounding


class MisfitError(Exception):
    """A number is near no small rational, where every number should be."""


class Neurons:
    """Rounds layer after layer, and says in words what it did.

    Args:
        rounding: How numbers are rounded.
        fitting: Whether every number must fit.
        step: Called for every row.

    Attributes:
        moves: What was done, one sentence each.
    """

    def __init__(self, rounding: Rounding, step: Callable[[], None], *, fitting: bool) -> None:
        self.rounding = rounding
        self.fitting = fitting
        self.step = step
        self.moves: list[str] = []

    def hidden(self, depth: int, layer: Layer, above: Layer) -> tuple[Layer, Layer]:
        """Rounds one hidden layer; returns it, and the layer above with the scales moved in."""
        largest = np.abs(layer.weight).max(axis=1, initial=0.0)
        directions = np.full(layer.weight.shape, ZERO, dtype=object)
        first: dict[tuple, int] = {}
        columns: dict[tuple, np.ndarray] = {}
        bias = above.bias.copy()
        for i, (row, offset) in enumerate(zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)):
            where = f"hidden layer {depth + 1}, neuron {i + 1}"
            column = above.weight[:, i]
            if not column.any():
                self.moves.append(f"{where}: nothing reads it; dropped.")
            elif not largest[i]:
                bias += column * max(offset, 0.0)
                self.moves.append(f"{where}: it always gives {number(max(offset, 0.0))}; moved into the biases above.")
            else:
                directions[i] = self._rounded(layer.weight[i] / largest[i], np.ones(1))
                direction = np.array([approximate(v) for v in directions[i]])
                scale = largest[i] * float((layer.weight[i] / largest[i]) @ direction / (direction @ direction))
                (shift,) = self._rounded(np.array([offset / scale]), np.array([max(1.0, abs(offset / scale))]))
                key = (*map(_pair, directions[i]), _pair(shift))
                if row != direction.tolist() or offset != approximate(shift):
                    before = vector([*row, offset] if offset else row)
                    after = vector([*directions[i], shift] if offset else directions[i])
                    self.moves.append(f"{where}: {before} becomes {number(scale)} times {after}; the scale moves up.")
                if key in first:
                    self.moves.append(f"{where}: parallel to neuron {first[key] + 1}; merged into it.")
                first.setdefault(key, i)
                columns[key] = columns.get(key, 0.0) + column * scale
        weight = np.stack(list(columns.values()), axis=1) if columns else np.zeros((len(bias), 0))
        offsets = np.empty(len(first), dtype=object)
        offsets[:] = [fmpq(*key[-1]) for key in first]
        return Layer(directions[list(first.values())], offsets), Layer(weight, bias)

    def output(self, layer: Layer) -> Layer:
        """Rounds the output layer, each row in its own unit."""
        rounded = Layer(layer.weight.astype(object), layer.bias.astype(object))
        for i, (row, offset) in enumerate(zip(layer.weight, layer.bias, strict=True)):
            self.step()
            values = self._row(np.append(row, offset))
            rounded.weight[i], rounded.bias[i] = values[:-1], values[-1]
            for j, (before, after) in enumerate(zip([*row.tolist(), float(offset)], values, strict=True)):
                if approximate(after) != before:
                    what = "bias" if j == len(row) else f"weight {j + 1}"
                    self.moves.append(f"output {i + 1}, {what}: {number(before)} becomes {after}.")
        return rounded

    def _row(self, row: np.ndarray) -> np.ndarray:
        """Rounds a row with its bias as it is; or its largest number and the ratios to it, if more of those fit."""
        unit = np.abs(row[:-1]).max(initial=0.0) or abs(row[-1])
        plain, misfits = self.rounding.numbers(row, _units(row, unit))
        if not misfits.any():
            return plain
        size = np.array([max(unit, 1 / unit)])
        (factor,), misfit = self.rounding.numbers(size, size)
        ratios, others = self.rounding.numbers(row / unit, _units(row / unit, 1.0))
        fewer = misfit.sum() + others.sum() < misfits.sum()
        if self.fitting and (not fewer or misfit.any() or others.any()):
            raise MisfitError
        return ratios * (factor if unit >= 1 else 1 / factor) if fewer else plain

    def _rounded(self, values: np.ndarray, units: np.ndarray) -> np.ndarray:
        self.step()
        rounded, misfits = self.rounding.numbers(values, units)
        if self.fitting and misfits.any():
            raise MisfitError
        return rounded


def _units(row: np.ndarray, unit: float) -> np.ndarray:
    """The unit of every weight, and of the bias, which is never rounded to more than its own digits allow."""
    units = np.full(len(row), unit)
    units[-1] = max(unit, abs(row[-1]))
    return units


def _pair(value: Any) -> tuple[int, int]:
    return int(value.p), int(value.q)
