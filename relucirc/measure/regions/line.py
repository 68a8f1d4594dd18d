"""The complex of a network of one coordinate: all breakpoints in order, by composition where they multiply.

Every pre-activation is a piecewise-linear function of the coordinate, and regions end where one changes
its sign.  Where a layer only sees one number u of the layers below (its weight rows are multiples of one
row), the network is a composition: the part above is swept once, over the range of u, and each interval
below takes its share of those breakpoints through u = a t + b.  A sawtooth of depth 16 is sixteen
sweeps over three pieces each, put together to 65,536.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

import numpy as np
from flint import fmpq

from relucirc.core.exact import sign_of
from relucirc.geometry.cell import Cell, Ray
from relucirc.geometry.line_function import IDENTITY, LineFunction, combination, relu
from relucirc.language.box import End, Interval
from relucirc.measure.regions.adjacency import Adjacency
from relucirc.measure.regions.integer_network import IntegerNetwork, Matrix

Block = tuple[list[Matrix], tuple[int, ...]]
"""Layers from one bottleneck to the next, the first over the block's variable; and the next variable's weights."""


@dataclass(frozen=True)
class Line:
    """Consecutive intervals.

    Attributes:
        points: The breakpoints between them, ascending; one fewer than intervals.
        signs: The signs of the hidden neurons, one row per interval.
        low: The lower end, None where unbounded.
        high: The upper end, None where unbounded.
        replayed: 0: none of them is walked.
    """

    points: list[fmpq]
    signs: np.ndarray
    low: End
    high: End
    replayed: int = 0

    def cell(self, i: int) -> Cell:
        """Returns an interval."""
        ends = [self.low, *self.points[max(i - 1, 0) : i + 1], self.high]
        at = min(i, 1)
        left, right = ends[at], ends[at + 1]
        if left is None and right is None:
            return Cell.everything(1)
        rays: list[Ray] = []
        for number, (end, outward) in enumerate(((left, -1), (right, 1))):
            rays.append(((0, outward), 1) if end is None else ((int(end.q), int(end.p)), 2 << number))
        return Cell((), tuple(rays), 3)

    def adjacency(self) -> Adjacency:
        """Every interval touches the next."""
        at = np.arange(len(self.signs) - 1)
        return Adjacency(np.stack([at, at + 1], axis=1), len(self.signs))

    def vertices(self) -> list[tuple[fmpq, ...]]:
        """The breakpoints and the finite ends."""
        return [(end,) for end in (self.low, *self.points, self.high) if end is not None]


@dataclass(frozen=True)
class _Swept:
    """A block on an interval: its pre-activations, the next block's variable, and where their signs change."""

    neurons: list[LineFunction]
    variable: LineFunction
    line: Line


def sweep(network: IntegerNetwork, low: End, high: End, tick: Callable[[int], None] = lambda _: None) -> Line:
    """Finds the activation regions of a network of one coordinate on an interval with interior.

    Args:
        network: The network.
        low: The lower end.
        high: The upper end.
        tick: Called now and then with the number of pieces known so far.
    """
    swept: list[_Swept] = []
    ends: Interval = low, high
    for block in _blocks(network):
        swept.append(_sweep_block(block, ends, tick))
        ends = swept[-1].variable.range(*ends)
        if None not in ends and ends[0] == ends[1]:
            ends = None, None  # one value: all that is asked of what follows is its signs there
    if not swept:
        return Line([], np.zeros((1, 0), np.int8), low, high)
    top = swept[-1].line
    for i in range(len(swept) - 2, -1, -1):
        top = _compose(swept[i], top, swept[i + 1 :], tick)
    return top


def _blocks(network: IntegerNetwork) -> list[Block]:
    """Splits the hidden layers at those whose weight rows are multiples of one row."""
    blocks: list[Block] = []
    for layer in network.hidden:
        variable = _common_row(layer) if blocks else (1,)
        if variable is None:
            blocks[-1][0].append(layer)
            continue
        lead = next((j for j, c in enumerate(variable) if c), None)
        rows = tuple((row[0], 0 if lead is None else row[lead + 1] // variable[lead]) for row in layer)
        if blocks:
            blocks[-1] = blocks[-1][0], variable
        blocks.append(([rows], ()))
    return blocks


def _common_row(layer: Matrix) -> tuple[int, ...] | None:
    """The primitive row of which all weight rows are multiples (zeros if all are zero), or None."""
    rows = [row[1:] for row in layer]
    found = set()
    for row in rows:
        if any(row):
            divisor = gcd(*row) if row > (0,) * len(row) else -gcd(*row)
            found.add(tuple(c // divisor for c in row))
    return found.pop() if len(found) == 1 else rows[0] if rows and not found else None


def _sweep_block(block: Block, ends: Interval, tick: Callable[[int], None]) -> _Swept:
    """All pre-activations of a block on an interval with interior, and the regions that they cut there."""
    layers, variable = block
    neurons: list[LineFunction] = []
    below = [IDENTITY]
    for layer in layers:
        start = len(neurons)
        for row in layer:
            neurons.append(_combined(row, below))
            tick(len(neurons[-1].forms))
        below = [relu(neuron, *ends) for neuron in neurons[start:]]
    changes = [neuron.signs(*ends) for neuron in neurons]
    points = sorted({point for found, _ in changes for point in found})
    place = {point: i + 1 for i, point in enumerate(points)}
    signs = np.empty((len(points) + 1, len(neurons)), np.int8)
    for k, (found, values) in enumerate(changes):
        begins = [0, *(place[point] for point in found)]
        signs[:, k] = np.repeat(np.array(values, np.int8), np.diff([*begins, len(signs)]))
    return _Swept(neurons, _combined((0, *variable), below), Line(points, signs, *ends))


def _combined(row: Sequence[int], below: Sequence[LineFunction]) -> LineFunction:
    return combination(fmpq(row[0]), [(fmpq(w), f) for w, f in zip(row[1:], below, strict=False) if w])


def _compose(block: _Swept, top: Line, above: Sequence[_Swept], tick: Callable[[int], None]) -> Line:
    """Puts the pieces of a block under those of everything above it."""
    points: list[fmpq] = []
    chosen: list[np.ndarray] = []
    counts: list[int] = []
    ends = [block.line.low, *block.line.points, block.line.high]
    for left, right in pairwise(ends):
        constant, slope = block.variable.form(left)
        if counts:
            assert left is not None
            points.append(left)
        if slope == 0:
            chosen.append(_signs_at(above, constant))
            counts.append(1)
            continue
        low, high = (left, right) if slope > 0 else (right, left)
        first = 0 if low is None else bisect_right(top.points, constant + slope * low)
        last = len(top.points) if high is None else bisect_left(top.points, constant + slope * high)
        step = 1 if slope > 0 else -1
        inverse = 1 / slope
        points += [(u - constant) * inverse for u in top.points[first:last][::step]]
        chosen.append(top.signs[first : last + 1][::step])
        counts.append(last + 1 - first)
        tick(len(points))
    below = np.repeat(block.line.signs, counts, axis=0)
    signs = np.concatenate([below, np.concatenate(chosen)], axis=1)
    return Line(points, signs, block.line.low, block.line.high)


def _signs_at(above: Sequence[_Swept], u: fmpq) -> np.ndarray:
    """Signs of everything above a bottleneck, at one value of its variable."""
    signs: list[int] = []
    for block in above:
        signs += [sign_of(neuron(u)) for neuron in block.neurons]
        u = block.variable(u)
    return np.array([signs], np.int8)
