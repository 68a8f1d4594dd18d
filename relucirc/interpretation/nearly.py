"""What the neurons of trained weights nearly detect: a simple detector, and how far it is from the neuron at most.

A ReLU moves by no more than what it is the ReLU of, ``|relu(z) - relu(z')| <= |z - z'|``.  So a neuron differs from
one that reads fewer variables, with weights of one size and no bias, by no more than the largest value of an affine
form on a box, which is exact arithmetic.  The box holds the region; for the neurons of the layer below it is what
intervals say.  Whether that is near is judged by the largest value of the neuron that floats see at points.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO, approximate, rational, to_rational
from relucirc.core.forms import Form
from relucirc.interpretation.batch import activations, stacked
from relucirc.interpretation.features import neurons_in
from relucirc.interpretation.ground import Ground
from relucirc.interpretation.vocabulary import Near, Row, detector
from relucirc.interpretation.writing import sum_text
from relucirc.language.box import Interval, box_around, form_range
from relucirc.language.domain import Domain
from relucirc.language.network import MLP

NEAR = fmpq(1, 20)
"""How far a detector may be from a neuron, of the largest value of the neuron that is seen."""
DIGITS = 3
"""Of the weights of detectors."""
UNNAMED = ("threshold detector", "other detector")
"""What neurons are called that have no simpler name."""


def nearly(net: MLP, region: Domain) -> dict[tuple[int, int], Near]:
    """Names what hidden neurons nearly detect, by layer and number from 1; those that have no simpler name.

    Args:
        net: A network of rational weights.
        region: A bounded domain.
    """
    found: dict[tuple[int, int], Near] = {}
    box: Sequence[Interval] = box_around(region, len(net.inputs))
    seen = _seen(net, region)
    names: Sequence[str] = net.inputs
    for depth, layer in enumerate(net.exact().layers[:-1], 1):
        above, largest = [], seen[depth - 1].tolist()
        for i, neuron in enumerate(neurons_in(layer), 1):
            tick()
            low, high = form_range(Form(dict(neuron.row), neuron.bias), box)
            above.append(tuple(None if end is None else max(end, ZERO) for end in (low, high)))
            if math.isfinite(largest[i - 1]) and largest[i - 1] > 0:
                most = NEAR * rational(largest[i - 1])
                near = _near(neuron.row, neuron.bias, names, box, most, depth > 1)
                if near is not None:
                    found[depth, i] = near
        box, names = above, [f"h{depth}.{i + 1}" for i in range(len(above))]
    return found


def _seen(net: MLP, region: Domain) -> list[np.ndarray]:
    """The largest value of every hidden neuron at some points of the region, layer by layer."""
    ground = Ground.of(region, net)
    with np.errstate(all="ignore"):
        layers = activations(stacked(net, single=True), ground.sight.points[: len(ground.points)])
    return [values[0].max(axis=0, initial=0.0) for values in layers[:-1]]


def _near(
    row: Row, bias: fmpq, names: Sequence[str], box: Sequence[Interval], most: fmpq, positive: bool
) -> Near | None:
    """The first detector that is no further away than that."""
    if detector(row, bias, lambda _: positive)[0] not in UNNAMED:
        return None
    for simple in _simpler(row):
        gap = Form(dict(row), bias) - Form(dict(simple))
        below, above = form_range(gap, box)
        if below is None or above is None:
            return None
        deviation = max(-below, above)
        if deviation <= most:
            name, of = detector(simple, ZERO, lambda _: positive)
            formula = f"relu({sum_text([(c, names[v]) for v, c in simple], ZERO, _digits, times='*')})"
            return Near(name, tuple(names[v] for v in of), formula, to_rational(deviation))
    return None


def _simpler(row: Row) -> Iterator[Row]:
    """Rows of the largest coefficient alone, and of the two largest, these with one size."""
    largest = sorted(row, key=lambda term: -abs(term[1]))
    if largest:
        yield ((largest[0][0], _short(largest[0][1])),)
    if len(largest) > 1:
        size = _short((abs(largest[0][1]) + abs(largest[1][1])) / 2)
        yield tuple(sorted((v, size if c > 0 else -size) for v, c in largest[:2]))


def _short(value: fmpq) -> fmpq:
    """A number of a few digits; nothing is decided by it."""
    return rational(_digits(value)) or ONE


def _digits(value: fmpq) -> str:
    return f"{approximate(value):.{DIGITS}g}"
