"""A network too large to be drawn neuron by neuron: its layers as bands, with counts, and the weights between them."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.exact import ZERO, approximate, rational
from relucirc.core.matrix import ExactMatrix
from relucirc.language.network import MLP
from relucirc.pictures.numbers import number
from relucirc.pictures.shapes import Disc, Line, Rect, Scene, Shape, Text

WIDTH, BAND, GAP, MARGIN = 560.0, 44.0, 76.0, 18.0
LEAST, MOST = 170.0, 330.0
"""Widths of bands."""
HUGE = 1e300
"""What larger numbers are taken for in a histogram."""
BINS, BAR = 24, 30.0
"""Of a histogram: how many bars, and how high."""


def summary_scene(net: MLP, title: str, up: bool = True) -> Scene:
    """Draws bands as wide as the logarithm of their sizes, and a histogram of the weights between two of them."""
    count = len(net.sizes)
    height = 2 * MARGIN + count * BAND + (count - 1) * GAP
    widths = [_width(size, max(net.sizes)) for size in net.sizes]
    tops = [MARGIN + (BAND + GAP) * k for k in range(count)]
    tops = tops[::-1] if up else tops
    middle = MARGIN + MOST / 2
    shapes: list[Shape] = []
    for k, layer in enumerate(net.layers):
        low, high = (k + 1, k) if up else (k, k + 1)
        y1, y2 = tops[low] + BAND, tops[high]
        a, b = widths[low] / 2, widths[high] / 2
        points = (middle - a, y1), (middle + a, y1), (middle + b, y2), (middle - b, y2)
        shapes.append(Line(points, fill="grid"))
        shapes += _weights(layer, middle, (y1 + y2) / 2)
    for k, size in enumerate(net.sizes):
        shapes += _band(net, k, size, middle, tops[k], widths[k])
    total = sum(a * b for a, b in zip(net.sizes, net.sizes[1:], strict=False))
    about = f"{net.hidden_neurons:,} hidden neurons, {total:,} weights, layer by layer"
    return Scene(WIDTH, height, tuple(shapes), title, about)


def _width(size: int, largest: int) -> float:
    return LEAST + (MOST - LEAST) * math.log1p(size) / math.log1p(largest)


def _band(net: MLP, k: int, size: int, middle: float, top: float, width: float) -> Iterator[Shape]:
    last = len(net.sizes) - 1
    role = "input" if k == 0 else "output" if k == last else "hidden"
    what = {"input": "input", "output": "output", "hidden": "hidden neuron"}[role] + ("s" if size != 1 else "")
    yield Rect(
        middle - width / 2, top, width, BAND, 12, fill=role, stroke=f"{role} line", width=1.4, kind="band", name=str(k)
    )
    dots = min(size, 12)
    for i in range(dots):
        x = middle + 13.0 * (i - (dots - 1) / 2)
        yield Disc(x, top + BAND - 12, 3.6, fill="paper", stroke=f"{role} line", width=1.0)
    text = f"{size:,} {what}"
    if role == "hidden":
        unread = int((_array(net.layers[k].weight) == 0).all(axis=0).sum())
        text += f", {unread:,} unread" if unread else ""
    yield Text(middle, top + 14, text, 12, kind="count", bold=True)


def _weights(layer: Any, middle: float, y: float) -> Iterator[Shape]:
    """The count and the range of weights and biases, and a histogram beside them."""
    weight = _array(layer.weight)
    zeros = int((weight == 0).sum())
    text = f"{weight.size:,} weight{'s' * (weight.size != 1)}" + (f", {zeros:,} zero" if zeros else "")
    yield Text(middle, y - 15, text, 11, kind="count")
    yield _range("from", layer.weight, weight, middle, y + 1)
    if layer.bias is not None:
        bias = _array(layer.bias)
        if (bias != 0).any():
            yield _range("biases", layer.bias, bias, middle, y + 17)
    yield from _histogram(weight, middle + MOST / 2 + 16, y)


def _range(word: str, matrix: Any, array: np.ndarray, x: float, y: float) -> Text:
    """The least and the greatest number; of a family the symbols."""
    if isinstance(matrix, ExactMatrix) and matrix.symbols:
        return Text(x, y, f"{word} {len(matrix.symbols):,} symbols", 11, fill="soft", kind="range")
    least, most = number(_end(matrix, array, least=True)), number(_end(matrix, array, least=False))
    exact = " to ".join(shown.whole or shown.text for shown in (least, most))
    return Text(x, y, f"{word} {least.text} to {most.text}", 11, fill="soft", hover=exact, kind="range")


def _histogram(weight: np.ndarray, left: float, y: float) -> Iterator[Shape]:
    """How many weights there are of which size, zero in the middle."""
    values = weight[weight != 0]
    if values.size < BINS:
        return
    top = float(np.abs(values).max())
    counts, _ = np.histogram(values, BINS, (-top, top))
    step = (WIDTH - MARGIN - left) / BINS
    base = y + BAR / 2
    for i, count in enumerate(counts.tolist()):
        if count:
            h = BAR * count / counts.max()
            yield Rect(left + step * i, base - h, step * 0.85, h, fill="minus" if i < BINS // 2 else "plus", kind="bar")
    yield Line(((left, base), (left + step * BINS, base)), stroke="soft")
    yield Text(left + step * BINS / 2, base + 8, "0", 9, fill="soft", kind="tick")


def _array(matrix: Any) -> np.ndarray:
    """Floats: of exact numbers the nearest; what has a symbol counts as 1."""
    if not isinstance(matrix, ExactMatrix):
        return np.asarray(matrix).astype(np.float64)
    found = np.zeros(matrix.shape)
    for i, row in enumerate(matrix.rows):
        if row:
            places, values = zip(*row, strict=True)
            found[i, list(places)] = [approximate(v) if isinstance(v, fmpq) else 1.0 for v in values]
    return np.clip(found, -HUGE, HUGE)


def _end(matrix: Any, array: np.ndarray, *, least: bool) -> Any:
    """The least or the greatest entry, exactly: one of those that are it as floats, since rounding keeps the order."""
    places = np.argwhere(array == (array.min() if least else array.max()))
    if isinstance(matrix, ExactMatrix):
        rows = {i: dict(matrix.rows[i]) for i in set(places[:, 0].tolist())}
        return (min if least else max)(rows[i].get(j, ZERO) for i, j in places.tolist())
    return rational(np.asarray(matrix)[tuple(places[0])])
