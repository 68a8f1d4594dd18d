"""After rounding, in exact arithmetic: dead neurons are dropped, and rows of small fractions become integers."""

from collections.abc import Sequence
from math import lcm

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.interpretation.snapping.layers import Layer, vector

Bounds = Sequence[tuple[fmpq | None, fmpq | None]]
"""The least and the largest value of every input, None for none."""


def tidy(layers: list[Layer], bounds: Bounds, moves: list[str]) -> list[Layer]:
    """Drops neurons that nothing reads, that are constant, or that are never active within the bounds.

    Args:
        layers: The rounded network; its layers are changed.
        bounds: Of the inputs.
        moves: Where the sentences go.
    """
    while any(_drop(layers, depth, _image(layers[:depth], bounds), moves) for depth in range(len(layers) - 1)):
        pass
    last = max((depth for depth, layer in enumerate(layers[:-1]) if not len(layer.bias)), default=None)
    if last is None:
        return layers
    moves.append("a layer has no neuron left, so the network is constant.")
    values = layers[last + 1].bias
    for layer in layers[last + 2 :]:
        values = layer.weight @ np.array([max(v, ZERO) for v in values]) + layer.bias
    return [Layer(np.full((len(values), len(bounds)), ZERO, dtype=object), values)]


def _image(layers: Sequence[Layer], bounds: Bounds) -> Bounds:
    """Bounds of what hidden layers give."""
    for layer in layers:
        tops = [_largest(row, offset, bounds) for row, offset in zip(layer.weight, layer.bias, strict=True)]
        bounds = [(ZERO, top if top is None else max(top, ZERO)) for top in tops]
    return bounds


def _largest(row: np.ndarray, offset: fmpq, bounds: Bounds) -> fmpq | None:
    """The largest value of an affine form within bounds, None for infinity."""
    total = offset
    for w, (low, high) in zip(row, bounds, strict=True):
        if w:
            end = high if w > 0 else low
            if end is None:
                return None
            total += w * end
    return total


def _drop(layers: Sequence[Layer], depth: int, bounds: Bounds, moves: list[str]) -> bool:
    layer, above = layers[depth], layers[depth + 1]
    kept = np.ones(len(layer.bias), dtype=bool)
    for i, (row, offset) in enumerate(zip(layer.weight, layer.bias, strict=True)):
        top = _largest(row, offset, bounds)
        if not any(above.weight[:, i]):
            reason = "nothing reads it any more"
        elif not any(row):
            reason = f"it always gives {max(offset, ZERO)}"
            above.bias = above.bias + above.weight[:, i] * max(offset, ZERO)
        elif top is not None and top <= 0:
            reason = "it is never active on the domain"
        else:
            continue
        kept[i] = False
        moves.append(f"hidden layer {depth + 1}: the neuron with weights {vector(row)} is dropped; {reason}.")
    layer.weight, layer.bias = layer.weight[kept], layer.bias[kept]
    above.weight = above.weight[:, kept]
    return not kept.all()


def whole(layers: Sequence[Layer], max_denominator: int, moves: list[str]) -> None:
    """Multiplies hidden rows by their common denominator where the weights above stay simple."""
    for depth, layer in enumerate(layers[:-1]):
        for i, row in enumerate(layer.weight):
            common, column = lcm(*(int(w.q) for w in row)), layers[depth + 1].weight[:, i]
            if common == 1 or any((w / common).q > max_denominator for w in column):
                continue
            moves.append(
                f"hidden layer {depth + 1}: {vector(row)} becomes {ONE / common} times {vector(row * common)}; the "
                "scale moves up."
            )
            layer.weight[i], layer.bias[i] = row * common, layer.bias[i] * common
            layers[depth + 1].weight[:, i] = column / common
