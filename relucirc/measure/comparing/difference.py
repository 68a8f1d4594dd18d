"""Where two networks first differ: in their weights, and in what their neurons compute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from flint import fmpq

from relucirc.core.exact import to_rational
from relucirc.core.printing import number_text
from relucirc.core.tables import counted
from relucirc.language.affine import Affine
from relucirc.language.network import MLP
from relucirc.measure.comparing.alignment import Neuron, Side

NAMED = 4
"""How many neurons a sentence names."""
At = tuple[int, int]


@dataclass(frozen=True)
class FirstDifference:
    """The lowest place where two networks compute different things.

    Attributes:
        layer: The layer of the first network, from 0; its last layer is the output.
        other_layer: The layer of the second.
        neurons: The neurons there, or the outputs, of the first network that compute what none of the second does.
        others: Those of the second that compute what none of the first does.
    """

    layer: int
    other_layer: int
    neurons: tuple[int, ...]
    others: tuple[int, ...]
    of_outputs: bool = False

    def __str__(self) -> str:
        layers = f"layer {self.layer}"
        if self.other_layer != self.layer:
            layers += f" of the first and layer {self.other_layer} of the second"
        what = "output" if self.of_outputs else "neuron"
        parts = {", ".join(_listed(what, places)) for places in (self.neurons, self.others) if places}
        if len(parts) == 1 and self.neurons and self.others:
            return f"{layers}, {parts.pop()}"
        said = [
            f"{', '.join(_listed(what, places))} of the {which}"
            for places, which in ((self.neurons, "first"), (self.others, "second"))
            if places
        ]
        return f"{layers}, {' and '.join(said)}"

    def to_json(self) -> dict[str, Any]:
        """Returns layers, neurons and the sentence."""
        return {
            "layer": self.layer,
            "other_layer": self.other_layer,
            "neurons": list(self.neurons),
            "others": list(self.others),
            "of_outputs": self.of_outputs,
            "text": str(self),
        }


def _listed(what: str, places: Sequence[int]) -> list[str]:
    named = [str(k) for k in places[:NAMED]]
    more = [f"and {len(places) - NAMED} more"] if len(places) > NAMED else []
    return [f"{what}{'s' if len(places) > 1 else ''} {named[0]}", *named[1:], *more]


def first_difference(first: Side, second: Side) -> FirstDifference | None:
    """Finds the lowest hinges that matter to one network and that the other does not compute, or else the outputs.

    Returns:
        None where both compute the same outputs from the same hinges.
    """
    lacking = [_lacking(side, other) for side, other in ((first, second), (second, first))]
    lowest = [min((n.layer for n in neurons), default=None) for neurons in lacking]
    known = [depth for depth in lowest if depth is not None]
    if known:
        alike = len(first.layers) == len(second.layers)  # then a layer of one goes with the same of the other
        layers = [min(known) if alike or depth is None else depth for depth in lowest]
        places = [
            tuple(n.index for n in neurons if n.layer == layer) for neurons, layer in zip(lacking, layers, strict=True)
        ]
        return FirstDifference(layers[0], layers[1], places[0], places[1])
    outputs = tuple(i for i, (a, b) in enumerate(zip(first.outputs, second.outputs, strict=True)) if a - b)
    if not outputs:
        return None
    return FirstDifference(len(first.layers), len(second.layers), outputs, outputs, of_outputs=True)


def _lacking(side: Side, other: Side) -> list[Neuron]:
    """The neurons, from below, of hinges that matter here, and that the other network does not compute."""
    computed = {neuron.hinge for neuron in other.neurons}
    return [neuron for neuron in side.neurons if neuron.hinge in side.used and neuron.hinge not in computed]


@dataclass(frozen=True)
class ChangedLayer:
    """A layer whose weights or biases are other numbers.

    Attributes:
        layer: The layer, from 0.
        shapes: Of the weights, out x in, in both networks.
        weights: Where they differ, ``(row, column)``; a bias has the column after the last.  Empty for other shapes.
        largest: The largest difference of two numbers; None for other shapes.
    """

    layer: int
    shapes: tuple[At, At]
    weights: tuple[At, ...]
    largest: sympy.Rational | None

    def __str__(self) -> str:
        if self.largest is None:
            (a, b), (c, d) = self.shapes
            return f"layer {self.layer} has {a} x {b} weights, and {c} x {d}"
        count = self.shapes[0][0] * (self.shapes[0][1] + 1)
        where = ""
        if len(self.weights) == 1:
            (row, column), inputs = self.weights[0], self.shapes[0][1]
            where = f", the {'bias' if column == inputs else f'weight of input {column}'} of neuron {row}"
        return (
            f"layer {self.layer}: {len(self.weights)} of {counted(count, 'number')} differ{where}, "
            f"by at most {number_text(self.largest)}"
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the layer, how many numbers differ, and by how much."""
        return {
            "layer": self.layer,
            "shapes": [list(shape) for shape in self.shapes],
            "differing": len(self.weights),
            "largest": None if self.largest is None else str(self.largest),
            "text": str(self),
        }


def changed_layers(first: MLP, second: MLP) -> tuple[ChangedLayer, ...]:
    """Compares the numbers of two networks, layer by layer; those that only one has are left out."""
    pairs = enumerate(zip(first.layers, second.layers, strict=False))
    return tuple(found for depth, (a, b) in pairs if (found := _changed(depth, a, b)) is not None)


def _changed(depth: int, a: Affine, b: Affine) -> ChangedLayer | None:
    shapes = (a.shape, b.shape)
    if shapes[0] != shapes[1]:
        return ChangedLayer(depth, shapes, (), None)
    columns = shapes[0][1]
    if not a.is_exact and not b.is_exact:
        tables = [np.column_stack([np.asarray(m.weight, np.float64), _bias(m)]) for m in (a, b)]
        places = [(int(i), int(j)) for i, j in np.argwhere(tables[0] != tables[1])]
        apart = [abs(_exact(tables[0][at]) - _exact(tables[1][at])) for at in places]
    else:
        rows = [
            [{**dict(row), columns: bias} for row, bias in zip(m.weight.rows, m.exact_bias(), strict=True)]
            for m in (MLP((layer,), names).exact().layers[0] for layer in (a, b) for names in [_names(columns)])
        ]
        gaps = {
            (i, j): abs(row.get(j, fmpq(0)) - other.get(j, fmpq(0)))
            for i, (row, other) in enumerate(zip(*rows, strict=True))
            for j in sorted({*row, *other})
        }
        places = [at for at, gap in gaps.items() if gap]
        apart = [gaps[at] for at in places]
    if not places:
        return None
    return ChangedLayer(depth, shapes, tuple(places), to_rational(max(apart, key=lambda v: v)))


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"x{i + 1}" for i in range(count))


def _bias(layer: Affine) -> np.ndarray:
    return np.zeros(layer.shape[0]) if layer.bias is None else np.asarray(layer.bias, np.float64)


def _exact(value: float) -> fmpq:
    return fmpq(*float(value).as_integer_ratio())
