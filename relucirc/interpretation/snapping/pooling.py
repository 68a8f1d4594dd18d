"""Pooling: a hidden layer rewritten as one neuron for each hyperplane, and one affine rest.

Training spreads a function over more neurons than it needs.  Neurons with the same hyperplane up to sign hold only one
kink, since ``relu(-l) = relu(l) - l``; where the kinks cancel, or on a domain where a neuron is always active, what is
left is affine, and its direction is anything at all until all such parts are added up.  The sum is carried by an
identity circuit ``relu(m) - relu(-m)``.
"""

from dataclasses import dataclass

import numpy as np

from relucirc.interpretation.snapping.layers import Layer

Box = tuple[np.ndarray, np.ndarray]
"""Lower and upper bounds of the values that a layer reads."""


@dataclass
class _Hyperplane:
    """Neurons that share one hyperplane.

    Attributes:
        row: The strongest neuron's weights and bias, divided by the largest weight.
        column: What is read above, times the scales: the size of the kink.
    """

    row: np.ndarray
    column: np.ndarray


def activity(layer: Layer, box: Box, slack: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Returns which neurons are never active on a box, and which always are.

    Args:
        layer: The layer.
        box: Bounds of what it reads.
        slack: Which share of a neuron's range may lie on the other side of its hyperplane.
    """
    least, most = _bounds(layer, box)
    with np.errstate(invalid="ignore"):
        margin = np.nan_to_num(slack * (most - least), nan=0.0, posinf=0.0)
    return most <= margin, least >= -margin


def image(layer: Layer, box: Box) -> Box:
    """Returns bounds of what the neurons of a layer give on a box."""
    least, most = _bounds(layer, box)
    return np.maximum(least, 0.0), np.maximum(most, 0.0)


def _bounds(layer: Layer, box: Box) -> Box:
    low, high = box
    positive, negative = np.maximum(layer.weight, 0.0), np.minimum(layer.weight, 0.0)
    with np.errstate(invalid="ignore"):
        least = _dot(positive, low) + _dot(negative, high) + layer.bias
        most = _dot(positive, high) + _dot(negative, low) + layer.bias
    return least, most


def _dot(weight: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """A matrix product in which 0 times infinity is 0."""
    return np.where(weight == 0, 0.0, weight * bound).sum(axis=1)


def without(layer: Layer, above: Layer, dead: np.ndarray) -> tuple[Layer, Layer]:
    """Leaves out dead neurons."""
    alive = ~dead
    return Layer(layer.weight[alive], layer.bias[alive]), Layer(above.weight[:, alive], above.bias)


def pooled(layer: Layer, above: Layer, tolerance: float, linear: np.ndarray) -> tuple[Layer, Layer]:
    """Rewrites a hidden layer; the two layers compute about what they did.

    Args:
        layer: The hidden layer.
        above: The layer that reads it.
        tolerance: How far hyperplanes may differ and still be one, and how small a kink is none, relative to the
            largest slope that its reader is given.
        linear: The neurons that are always active, and so are affine.

    Returns:
        Both layers, rewritten.
    """
    rest, bias = np.zeros((above.weight.shape[0], layer.weight.shape[1])), above.bias.copy()
    found: list[_Hyperplane] = []
    strength = np.abs(layer.weight).max(axis=1, initial=0.0) * np.abs(above.weight).max(axis=0, initial=0.0)
    for i in np.argsort(-strength, kind="stable"):
        weights, offset, column = layer.weight[i], layer.bias[i], above.weight[:, i]
        scale = np.abs(weights).max(initial=0.0)
        if scale == 0:
            bias += column * max(offset, 0.0)
            continue
        if linear[i]:
            rest += np.outer(column, weights)
            bias += column * offset
            continue
        row = np.append(weights, offset) / scale
        same = next((h for h in found if np.abs(h.row - row).max() <= tolerance), None)
        opposite = next((h for h in found if np.abs(h.row + row).max() <= tolerance), None)
        if same is not None:
            same.column = same.column + column * scale
        elif opposite is not None:
            opposite.column = opposite.column + column * scale
            rest += np.outer(column, weights)
            bias += column * offset
        else:
            found.append(_Hyperplane(row, column * scale))
    columns = [np.abs(h.column) for h in found]
    least = tolerance * np.max([np.abs(rest).max(axis=1, initial=0.0), *columns], axis=0)
    kinks = [h for h in found if (np.abs(h.column) > least).any()]
    rows = [h.row for h in kinks]
    columns = [h.column for h in kinks]
    for direction, readers in _directions(rest, least):
        for sign in (1.0, -1.0):
            rows.append(np.append(sign * direction, 0.0))
            columns.append(sign * readers)
    width = layer.weight.shape[1]
    stacked = np.array(rows).reshape(len(rows), width + 1)
    weight = np.array(columns).reshape(len(columns), len(bias)).T
    return Layer(stacked[:, :width], stacked[:, width]), Layer(weight, bias)


def _directions(rest: np.ndarray, least: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Groups the rows of the affine rest by direction: ``rest = sum of readers * direction``, within the least."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for i in np.argsort(-np.abs(rest).max(axis=1, initial=0.0), kind="stable"):
        row = rest[i]
        if np.abs(row).max(initial=0.0) <= least[i]:
            continue
        for direction, readers in found:
            factor = row @ direction / (direction @ direction)
            if np.abs(row - factor * direction).max() <= least[i]:
                readers[i] = factor
                break
        else:
            readers = np.zeros(rest.shape[0])
            readers[i] = 1.0
            found.append((row, readers))
    return found
