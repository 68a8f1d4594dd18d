"""Snapping a trained network to the circuit that it approximates, in exact arithmetic.

A network is taken as exactly the rational numbers that its floats are.  Layer by layer from the
inputs, each hidden neuron is rescaled so that the largest weight of its row is one in absolute
value, the scale moving into its read-out (``relu(s z) = s relu(z)`` for s > 0: nothing changes).
Every entry of the row then moves to the simplest rational within a tolerance, equal rows merge,
neurons that are never active on the domain or hardly read are dropped, and rows are sorted.  What
is left, with the read-outs moved to simple rationals too, is a *circuit*: equal circuits are equal
networks up to the order, scale, splitting and death of neurons.

Nothing here decides whether the circuit is right.  The tolerances are tried from tight to loose, and
the proof of the circuit says which of them was good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.exact import ONE, ZERO, rational, text
from relucirc.network import MLP
from relucirc.training.rounding import simplest

Row = tuple[fmpq, ...]

TOLERANCES = (fmpq(1, 1000), fmpq(1, 200), fmpq(1, 50))
"""What a weight may move, of a largest weight of one, from the first that is tried to the last."""


@dataclass(frozen=True)
class Circuit:
    """A network in canonical form.

    Attributes:
        layers: ``(rows, bias)`` of every layer; hidden rows have a largest entry of 1 or -1 and
            are sorted.
        biased: Whether the network has biases.
    """

    layers: tuple[tuple[tuple[Row, ...], Row], ...]
    biased: bool

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        return tuple(len(rows) for rows, _ in self.layers[:-1])

    @property
    def hidden_neurons(self) -> int:
        """Number of ReLU units."""
        return sum(self.sizes)

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

    def transformed(self, order: Sequence[int], signs: Sequence[int], factor: int) -> "Circuit":
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
        return Circuit(in_order(layers), self.biased)

    def network(self, names: Sequence[str]) -> MLP:
        """Returns the circuit as an exact network; a neuron that is always zero stands for an empty layer."""
        layers, width = [], len(names)
        for rows, bias in self.layers:
            kept, offsets = rows or ((ZERO,) * width,), bias if rows else (ZERO,)
            padded = [[*row, *[ZERO] * (width - len(row))] for row in kept]
            layers.append((padded, list(offsets) if self.biased else None))
            width = len(kept)
        return MLP.from_arrays(layers, names)


@dataclass(frozen=True)
class Snap:
    """How a network became a circuit.

    Attributes:
        circuit: The circuit.
        tolerance: What weights were allowed to move.
        largest_move: The largest distance that a weight moved, exactly; read-outs relative to the largest.
        merged: Neurons that were merged into another.
        dropped: Neurons that were dropped.
        folded: Whether opposite neurons were joined (see :mod:`relucirc.training.folding`).
    """

    circuit: Circuit
    tolerance: fmpq
    largest_move: fmpq
    merged: int
    dropped: int
    folded: bool = False


def in_order(layers: Sequence[tuple[tuple[Row, ...], Row]]) -> tuple[tuple[tuple[Row, ...], Row], ...]:
    """Sorts the neurons of every hidden layer, from the inputs up."""
    done = list(layers)
    for k in range(len(done) - 1):
        (rows, bias), (above, offset) = done[k], done[k + 1]
        order = sorted(range(len(rows)), key=lambda j: (*rows[j], bias[j]))
        done[k] = tuple(rows[j] for j in order), tuple(bias[j] for j in order)
        done[k + 1] = tuple(tuple(row[j] for j in order) for row in above), offset
    return tuple(done)


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


def snap_network(net: MLP, tolerance: fmpq, corners: Sequence[Sequence[fmpq]]) -> Snap:
    """Snaps one network.

    Args:
        net: A float network.
        tolerance: What an entry of a row with a largest entry of one may move.
        corners: The vertices of the domain.

    Raises:
        RelucircError: For weights that are NaN or infinite.
    """
    layers = exact_layers(net)
    mover = Mover(tolerance)
    done: list[tuple[tuple[Row, ...], Row]] = []
    merged = dropped = 0
    for k in range(len(layers) - 1):
        rows, bias = layers[k]
        above, offset = layers[k + 1]
        neurons: dict[tuple[Row, fmpq], list[fmpq]] = {}
        for j, (row, b) in enumerate(zip(rows, bias, strict=True)):
            scale = max(map(abs, row), default=ZERO)
            if not scale:
                if b > 0:
                    offset = [o + line[j] * b for o, line in zip(offset, above, strict=True)]
                dropped += 1
                continue
            moved = tuple(mover.move(w / scale) for w in row), mover.move(b / scale)
            if k == 0 and never_active(*moved, corners):
                dropped += 1
                continue
            read = [line[j] * scale for line in above]
            if moved in neurons:
                merged += 1
                read = [a + c for a, c in zip(neurons[moved], read, strict=True)]
            neurons[moved] = read
        kept = hardly_read(neurons, mover)
        dropped += len(neurons) - len(kept)
        order = sorted(kept, key=lambda neuron: (*neuron[0], neuron[1]))
        done.append((tuple(row for row, _ in order), tuple(b for _, b in order)))
        layers[k + 1] = [[kept[neuron][o] for neuron in order] for o in range(len(above))], offset
    done.append(read_out(*layers[-1], mover))
    biased = any(layer.bias is not None for layer in net.layers)
    return Snap(Circuit(tuple(done), biased), tolerance, mover.largest, merged, dropped)


def never_active(row: Row, bias: fmpq, corners: Sequence[Sequence[fmpq]]) -> bool:
    """Whether ``row . x + bias <= 0`` on the whole domain."""
    return all(sum((w * x for w, x in zip(row, corner, strict=True)), start=bias) <= 0 for corner in corners)


def hardly_read(neurons: dict[Any, list[fmpq]], mover: Mover) -> dict[Any, list[fmpq]]:
    """Leaves out the neurons whose read-outs are all within the tolerance of zero."""
    largest = max((abs(c) for read in neurons.values() for c in read), default=ZERO)
    kept = {}
    for neuron, read in neurons.items():
        most = max(map(abs, read))
        if most > mover.tolerance * largest:
            kept[neuron] = read
        elif most:
            mover.note(most, largest)
    return kept


def read_out(rows: list[list[fmpq]], bias: list[fmpq], mover: Mover) -> tuple[tuple[Row, ...], Row]:
    """Snaps the output layer, each output in units of its largest weight."""
    units = [max((abs(c) for c in (*row, b)), default=ZERO) or ONE for row, b in zip(rows, bias, strict=True)]
    moved = tuple(tuple(mover.move(c, unit) for c in row) for row, unit in zip(rows, units, strict=True))
    return moved, tuple(mover.move(b, unit) for b, unit in zip(bias, units, strict=True))
