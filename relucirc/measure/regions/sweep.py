"""One coordinate: all breakpoints in order, exactly, and by composition where they multiply.

Layer by layer, every interval is cut at the roots of the next layer's pre-activations.  Where a
layer only sees one number u of the layers below (its weight rows are multiples of one row), the
network is a composition: the part above is swept once, over the range of u, and each interval
below takes its share of those breakpoints through u = a t + b.  A sawtooth of depth 16 is sixteen
sweeps over three pieces each, put together to 65,536.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from flint import fmpq

from relucirc.measure.regions.integer_network import IntegerNetwork, Matrix

End = fmpq | None
"""An end of an interval; None where it is infinite."""

LineForm = tuple[int | fmpq, int]
"""``(constant, slope)``; the constant is an integer wherever there is an interval."""


@dataclass(frozen=True)
class Sweep:
    """Consecutive intervals.

    Attributes:
        points: The breakpoints between them, ascending; one fewer than intervals.
        signs: The signs of the hidden neurons, one row per interval.
    """

    points: list[fmpq]
    signs: np.ndarray


@dataclass(frozen=True)
class _Block:
    """Layers from one bottleneck to the next.

    Attributes:
        rows: The first layer's pre-activations as forms over the block's variable.
        layers: The layers above it.
        variable: The weights that give the next block's variable; None at the top.
    """

    rows: tuple[LineForm, ...]
    layers: tuple[Matrix, ...]
    variable: tuple[int, ...] | None

    @property
    def neurons(self) -> int:
        return len(self.rows) + sum(map(len, self.layers))


@dataclass(frozen=True)
class _Pieces:
    """A block swept: breakpoints, one row of signs per piece, and the next variable's form there."""

    points: list[fmpq]
    signs: list[tuple[int, ...]]
    forms: list[LineForm]


def sweep(network: IntegerNetwork, low: End, high: End, tick: Callable[[int], None] = lambda _: None) -> Sweep:
    """Finds the activation regions of a network of one coordinate on an interval with interior.

    Args:
        network: The network.
        low: The lower end.
        high: The upper end.
        tick: Called now and then with the number of pieces known so far.
    """
    blocks = _blocks(network)
    if not blocks:
        return Sweep([], np.zeros((1, 0), np.int8))
    swept: list[_Pieces] = []
    ranges: list[tuple[End, End]] = [(low, high)]
    for block in blocks:
        pieces = _sweep_block(block, *ranges[-1], tick)
        swept.append(pieces)
        ranges.append(_range(pieces, *ranges[-1]))
        tick(len(pieces.signs))
    top = Sweep(swept[-1].points, _matrix(swept[-1].signs, blocks[-1].neurons))
    for i in range(len(blocks) - 2, -1, -1):
        top = _compose(swept[i], ranges[i], top, blocks[i + 1 :], blocks[i].neurons, tick)
    return top


def _matrix(signs: Sequence[tuple[int, ...]], neurons: int) -> np.ndarray:
    return np.array(signs, np.int8).reshape(len(signs), neurons)


def _blocks(network: IntegerNetwork) -> list[_Block]:
    """Splits the hidden layers at those whose weight rows are multiples of one row."""
    blocks: list[_Block] = []
    rows: tuple[LineForm, ...] = ()
    layers: list[Matrix] = []
    for depth, layer in enumerate(network.hidden):
        if depth == 0:
            rows = tuple((row[0], row[1]) for row in layer)
            continue
        variable = _common_row(layer)
        if variable is None:
            layers.append(layer)
            continue
        blocks.append(_Block(rows, tuple(layers), variable))
        lead = next((j for j, c in enumerate(variable) if c), None)
        rows = tuple((row[0], 0 if lead is None else row[lead + 1] // variable[lead]) for row in layer)
        layers = []
    if network.hidden:
        blocks.append(_Block(rows, tuple(layers), None))
    return blocks


def _common_row(layer: Matrix) -> tuple[int, ...] | None:
    """The primitive row of which all weight rows are multiples (zeros if all are zero), or None."""
    weights = [row[1:] for row in layer]
    base = next((row for row in weights if any(row)), None)
    if base is None:
        return weights[0] if weights else None
    divisor = gcd(*base)
    base = tuple(c // divisor for c in base)
    lead = next(j for j, c in enumerate(base) if c)
    for row in weights:
        factor, rest = divmod(row[lead], base[lead])
        if rest or any(c != factor * b for c, b in zip(row, base, strict=True)):
            return None
    return base


def _sweep_block(block: _Block, low: End, high: End, tick: Callable[[int], None]) -> _Pieces:
    """Cuts an interval at the roots of every layer; a degenerate one (low = high) is one piece."""
    if low is not None and low == high:
        signs, values = _at(block, low)
        return _Pieces([], [signs], [(values, 0)])
    pieces: list[tuple[End, End, tuple[int, ...], Sequence[LineForm]]] = [(low, high, (), block.rows)]
    for layer in (*block.layers, None):
        finer: list[tuple[End, End, tuple[int, ...], Sequence[LineForm]]] = []
        for left, right, signs, rows in pieces:
            for a, b, here in _cut(left, right, rows):
                finer.append((a, b, signs + here, _above(layer, rows, here) if layer is not None else rows))
            tick(len(finer))
        pieces = finer
    forms = []
    for _, _, signs, rows in pieces:
        weights = block.variable or ()
        active = [
            (w, form) for w, s, form in zip(weights, signs[len(signs) - len(rows) :], rows, strict=False) if s > 0
        ]
        forms.append((sum(w * form[0] for w, form in active), sum(w * form[1] for w, form in active)))
    return _Pieces([b for _, b, _, _ in pieces[:-1] if b is not None], [signs for _, _, signs, _ in pieces], forms)


def _cut(left: End, right: End, rows: Sequence[LineForm]) -> list[tuple[End, End, tuple[int, ...]]]:
    """Cuts an interval at the roots of forms; gives the signs of all forms on each part."""
    roots: dict[fmpq, list[int]] = {}
    signs = []
    for i, (constant, slope) in enumerate(rows):
        if slope == 0:
            signs.append((constant > 0) - (constant < 0))
            continue
        rising = 1 if slope > 0 else -1
        root = fmpq(-constant, slope)
        if left is not None and root <= left:
            signs.append(rising)
        else:
            signs.append(-rising)
            if right is None or root < right:
                roots.setdefault(root, []).append(i)
    parts: list[tuple[End, End, tuple[int, ...]]] = []
    for root in sorted(roots):
        parts.append((left, root, tuple(signs)))
        for i in roots[root]:
            signs[i] = -signs[i]
        left = root
    return [*parts, (left, right, tuple(signs))]


def _above(layer: Matrix, rows: Sequence[LineForm], signs: Sequence[int]) -> list[LineForm]:
    active = [(j + 1, form) for j, (form, s) in enumerate(zip(rows, signs, strict=True)) if s > 0]
    return [
        (row[0] + sum(row[j] * form[0] for j, form in active), sum(row[j] * form[1] for j, form in active))
        for row in layer
    ]


def _at(block: _Block, t: fmpq) -> tuple[tuple[int, ...], fmpq]:
    """The signs of a block's neurons at one value of its variable, and the next variable's value."""
    values = [constant + slope * t for constant, slope in block.rows]
    signs = [_sign(v) for v in values]
    for layer in block.layers:
        below = [max(v, fmpq(0)) for v in values]
        values = [sum((w * v for w, v in zip(row[1:], below, strict=True)), start=fmpq(row[0])) for row in layer]
        signs += [_sign(v) for v in values]
    up = sum((w * v for w, v in zip(block.variable or (), values, strict=False) if v > 0), start=fmpq(0))
    return tuple(signs), up


def _range(pieces: _Pieces, low: End, high: End) -> tuple[End, End]:
    """The range of the next block's variable."""
    ends = [low, *pieces.points, high]
    values = []
    bounded_below = bounded_above = True
    for (constant, slope), left, right in zip(pieces.forms, ends[:-1], ends[1:], strict=True):
        for end, outward in ((left, -1), (right, 1)):
            if end is not None:
                values.append(constant + slope * end)
            elif slope * outward > 0:
                bounded_above = False
            elif slope * outward < 0:
                bounded_below = False
            else:
                values.append(fmpq(constant))
    return min(values) if bounded_below else None, max(values) if bounded_above else None


def _compose(
    pieces: _Pieces,
    ends: tuple[End, End],
    top: Sweep,
    above: Sequence[_Block],
    neurons: int,
    tick: Callable[[int], None],
) -> Sweep:
    """Puts the pieces of a block under those of everything above it."""
    points: list[fmpq] = []
    chosen: list[np.ndarray] = []
    counts: list[int] = []
    bounds = [ends[0], *pieces.points, ends[1]]
    for i, ((constant, slope), left, right) in enumerate(zip(pieces.forms, bounds[:-1], bounds[1:], strict=True)):
        if i:
            assert left is not None
            points.append(left)
        if slope == 0:
            chosen.append(_signs_at(above, fmpq(constant)))
            counts.append(1)
            continue
        low, high = (left, right) if slope > 0 else (right, left)
        first = 0 if low is None else bisect_right(top.points, constant + slope * low)
        last = len(top.points) if high is None else bisect_left(top.points, constant + slope * high)
        step = 1 if slope > 0 else -1
        inverse = fmpq(1, slope)
        points += [(u - constant) * inverse for u in top.points[first:last][::step]]
        chosen.append(top.signs[first : last + 1][::step])
        counts.append(last + 1 - first)
        tick(len(points))
    below = np.repeat(_matrix(pieces.signs, neurons), counts, axis=0)
    return Sweep(points, np.concatenate([below, np.concatenate(chosen)], axis=1))


def _signs_at(above: Sequence[_Block], u: fmpq) -> np.ndarray:
    """Signs of everything above a bottleneck, at one value of its variable."""
    signs: list[int] = []
    for block in above:
        here, u = _at(block, u)
        signs += here
    return np.array([signs], np.int8)


def _sign(value: fmpq) -> int:
    return (value > 0) - (value < 0)
