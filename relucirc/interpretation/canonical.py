"""Canonical circuits: exact networks in a form in which equal circuits are equal text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from relucirc.core.exact import ZERO, text
from relucirc.language.network import MLP

Row = tuple[fmpq, ...]
Layer = tuple[tuple[Row, ...], Row]
"""``(rows, bias)``."""


def choose(layers: list[Layer], k: int, order: Sequence[int]) -> None:
    """Leaves of one hidden layer these neurons, in this order."""
    (rows, bias), (above, offset) = layers[k], layers[k + 1]
    layers[k] = tuple(rows[j] for j in order), tuple(bias[j] for j in order)
    layers[k + 1] = tuple(tuple(row[j] for j in order) for row in above), offset


@dataclass(frozen=True)
class Canonical:
    """A network in canonical form; :meth:`of` brings one to it.

    Attributes:
        layers: ``(rows, bias)`` of every layer; hidden rows have a largest entry of 1 or -1 and
            are sorted.
        biased: Whether the network has biases.
    """

    layers: tuple[Layer, ...]
    biased: bool

    @staticmethod
    def of(layers: Sequence[Layer], *, biased: bool) -> "Canonical":
        """Sorts the neurons of every hidden layer, from the inputs up."""
        done = list(layers)
        for k in range(len(done) - 1):
            rows, bias = done[k]
            choose(done, k, sorted(range(len(rows)), key=lambda j, rows=rows, bias=bias: (*rows[j], bias[j])))
        return Canonical(tuple(done), biased)

    @cached_property
    def key(self) -> str:
        """Text that is equal for equal circuits."""
        return ";".join(
            "|".join(",".join(map(text, row)) + ":" + text(b) for row, b in zip(rows, bias, strict=True))
            for rows, bias in self.layers
        )

    def at(self, point: Sequence[fmpq]) -> list[fmpq]:
        """Evaluates exactly."""
        values = list(point)
        for k, (rows, bias) in enumerate(self.layers):
            values = [max(v, ZERO) for v in values] if k else values
            values = [
                sum((w * v for w, v in zip(r, values, strict=True) if w), b) for r, b in zip(rows, bias, strict=True)
            ]
        return values

    def transformed(self, order: Sequence[int], signs: Sequence[int], factor: int) -> "Canonical":
        """Returns the circuit of ``factor * f(signs[0] * x[order[0]], ...)``, in canonical form again."""
        rows, bias = self.layers[0]
        moved = []
        for row in rows:
            new = [ZERO] * len(order)
            for w, place, sign in zip(row, order, signs, strict=True):
                new[place] = w * sign
            moved.append(tuple(new))
        layers = [(tuple(moved), bias), *self.layers[1:]]
        outer, offset = layers[-1]
        layers[-1] = tuple(tuple(factor * w for w in row) for row in outer), tuple(factor * b for b in offset)
        return Canonical.of(layers, biased=self.biased)

    def network(self, names: Sequence[str]) -> MLP:
        """Returns the circuit as an exact network; a neuron that is always zero stands for an empty layer."""
        layers, width = [], len(names)
        for rows, bias in self.layers:
            kept, offsets = rows or ((ZERO,) * width,), bias if rows else (ZERO,)
            padded = [[*row, *[ZERO] * (width - len(row))] for row in kept]
            layers.append((padded, list(offsets) if self.biased else None))
            width = len(kept)
        return MLP.from_arrays(layers, names)


def exact_layers(net: MLP) -> list[Layer]:
    """Returns the layers of an exact network."""
    return [(tuple(map(tuple, layer.weight.entries())), tuple(layer.exact_bias())) for layer in net.layers]
