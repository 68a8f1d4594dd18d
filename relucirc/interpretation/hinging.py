"""The third way to snap, for several hidden layers: every wire as an affine form over inputs and hinges.

Neuron by neuron from the inputs, a pre-activation is an affine form over the inputs and the *hinges*
``relu(l)`` found so far.  One that is never positive on the domain is zero, and one that is never negative
is itself: nothing is rounded there, since such forms may point anywhere and add up further on.  A
neuron whose values are a combination of what is there already is written as that.  Only a form l that truly
bends in a new way is scaled to a largest coefficient of one, moved to simple rationals, and kept as a hinge,
once for l and -l (``relu(-l) = relu(l) - l``).  So the basis that a layer happens to use disappears, and
what is left is what the network computes with.  Written back as a network, forms are carried through a
layer by pairs ``relu(x) - relu(-x)``, and hinges, which are not negative, by themselves.

Signs and combinations are proposed by float values at points of the domain; the proof of the circuit is
what says whether they were right.
"""

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, approximate, rational
from relucirc.interpretation.circuit import Circuit, Row, in_order
from relucirc.interpretation.moving import Mover, Snap, exact_layers
from relucirc.interpretation.rounding import simplest
from relucirc.language.network import MLP

EPSILON = 1e-12
"""What float values may be off, relative to the largest."""

Terms = dict[int, fmpq]
"""Coefficients of an affine form; number 0 is the constant, 1 to n are the inputs, then come the hinges."""


class _Hinges:
    """The hinges found so far, with float values of everything at points of the domain."""

    def __init__(self, n: int, points: np.ndarray, mover: Mover) -> None:
        self.n = n
        self.mover = mover
        self.forms: list[Terms] = []
        self.levels: list[int] = []
        self.columns = [np.ones(len(points)), *points.T]
        self._known: dict[tuple, int] = {}

    def values(self, form: Terms) -> np.ndarray:
        total = np.zeros_like(self.columns[0])
        for v, c in form.items():
            total = total + approximate(c) * self.columns[v]
        return total

    def level(self, form: Terms) -> int:
        return max((self.levels[v - self.n - 1] for v in form if v > self.n), default=0)

    def relu(self, form: Terms) -> Terms:
        """Returns the form of ``relu(form)``, with a new hinge if there must be one."""
        values = self.values(form)
        slack = max(approximate(self.mover.tolerance), EPSILON) * float(np.abs(values).max())
        if values.max() <= slack:
            return {}
        if values.min() >= -slack:
            return form
        known = self._in_those_before(np.maximum(values, 0), slack)
        if known is not None:
            return known
        scale = max(abs(c) for v, c in form.items() if v)
        moved = {v: self.mover.move(c / scale) for v, c in sorted(form.items())}
        moved = {v: c for v, c in moved.items() if c}
        leading = next((c for v, c in moved.items() if v), ZERO)
        if not leading:
            return {}
        line = moved if leading > 0 else {v: -c for v, c in moved.items()}
        key = tuple(line.items())
        if key not in self._known:
            self._known[key] = self.n + 1 + len(self.forms)
            self.forms.append(line)
            self.levels.append(self.level(line) + 1)
            self.columns.append(np.maximum(self.values(line), 0))
        hinge = {self._known[key]: scale}
        return hinge if leading > 0 else add(hinge, line, -scale)

    def _in_those_before(self, values: np.ndarray, slack: float) -> Terms | None:
        """Writes values as a combination of what is there already, if they are one; proposed by least squares."""
        if not self.forms:
            return None
        basis = np.stack(self.columns, axis=1)
        found = np.linalg.lstsq(basis, values, rcond=1e-9)[0]
        if np.abs(basis @ found - values).max() > slack:
            return None
        digits = fmpq(1, 10**9)  # what least squares in floats can be trusted with
        terms = {v: simplest(rational(float(c)), digits) for v, c in enumerate(found)}
        return {v: c for v, c in terms.items() if c}


def add(a: Terms, b: Terms, factor: fmpq = ONE) -> Terms:
    """Returns ``a + factor * b``."""
    total = dict(a)
    for v, c in b.items():
        total[v] = total.get(v, ZERO) + factor * c
    return {v: c for v, c in total.items() if c}


def fold_deep(net: MLP, tolerance: fmpq, points: np.ndarray, denominator: int | None = None) -> Snap | None:
    """Snaps a network with several hidden layers by its hinges; None for other depths.

    Args:
        net: A network in floats or exact.
        tolerance: See :func:`~relucirc.interpretation.neurons.snap_network`.
        points: Points of the domain, one row each, its corners among them.
        denominator: See :class:`~relucirc.interpretation.moving.Mover`.
    """
    if len(net.layers) < 3:
        return None
    layers, mover = exact_layers(net), Mover(tolerance, denominator)
    n = len(net.inputs)
    hinges = _Hinges(n, points, mover)
    wires: list[Terms] = [{1 + i: ONE} for i in range(n)]
    for k, (rows, bias) in enumerate(layers):
        before = []
        for row, b in zip(rows, bias, strict=True):
            form: Terms = {0: b} if b else {}
            for w, wire in zip(row, wires, strict=True):
                form = add(form, wire, w) if w else form
            before.append(form)
        wires = before if k == len(layers) - 1 else [hinges.relu(form) for form in before]
    outputs = []
    for form in wires:
        unit = max(map(abs, form.values()), default=ZERO) or ONE
        moved = {v: mover.move(c, unit) for v, c in form.items()}
        outputs.append({v: c for v, c in moved.items() if c})
    biased = any(layer.bias is not None for layer in net.layers)
    circuit = _write(hinges, outputs, len(layers) - 1, biased)
    return Snap(circuit, tolerance, mover.largest, 0, folded=True)


def _write(hinges: _Hinges, outputs: Sequence[Terms], depth: int, biased: bool) -> Circuit:
    """Writes the outputs as layers: in layer k stand the hinges of level k, and what layers above still read."""
    n = hinges.n
    used: dict[int, int] = {}  # hinge -> the last layer that has to hold it
    carried: dict[int, int] = {}  # input -> the same

    def read(form: Terms, layer: int) -> None:
        for v in form:
            if v > n:
                if v not in used:
                    read(hinges.forms[v - n - 1], hinges.levels[v - n - 1] - 1)
                used[v] = max(used.get(v, 0), layer)
            elif v:
                carried[v] = max(carried.get(v, 0), layer)

    for form in outputs:
        read(form, depth)
    below: dict[tuple[int, int], int] = {(v, 1): v - 1 for v in range(1, n + 1)}
    layers: list[tuple[tuple[Row, ...], Row]] = []
    width = n

    def row_of(form: Terms) -> Row:
        row = [ZERO] * width
        for v, c in form.items():
            if v:
                row[below[v, 1]] += c
                if (v, -1) in below:
                    row[below[v, -1]] -= c
        return tuple(row)

    for k in range(1, depth + 1):
        neurons: dict[tuple[int, int], tuple[Row, fmpq]] = {}
        for v, last in sorted(used.items()):
            if hinges.levels[v - n - 1] == k:
                form = hinges.forms[v - n - 1]
                neurons[v, 1] = row_of(form), form.get(0, ZERO)
            elif hinges.levels[v - n - 1] < k <= last:
                neurons[v, 1] = row_of({v: ONE}), ZERO
        for v, last in sorted(carried.items()):
            for sign in (ONE, -ONE) if k <= last else ():
                neurons[v, int(sign)] = row_of({v: sign}), ZERO
        layers.append((tuple(row for row, _ in neurons.values()), tuple(b for _, b in neurons.values())))
        below, width = {name: i for i, name in enumerate(neurons)}, len(neurons)
    layers.append((tuple(row_of(form) for form in outputs), tuple(form.get(0, ZERO) for form in outputs)))
    return Circuit(in_order(_without_twins(layers)), biased)


def _without_twins(layers: list[tuple[tuple[Row, ...], Row]]) -> list[tuple[tuple[Row, ...], Row]]:
    """Joins neurons of a layer that are the same: a hinge ``relu(x)`` and the carrier of x."""
    for k in range(len(layers) - 1):
        (rows, bias), (above, offset) = layers[k], layers[k + 1]
        place: dict[tuple[Row, fmpq], list[int]] = {}
        for j, neuron in enumerate(zip(rows, bias, strict=True)):
            place.setdefault(neuron, []).append(j)
        layers[k] = tuple(row for row, _ in place), tuple(b for _, b in place)
        joined = tuple(tuple(sum((row[j] for j in js), ZERO) for js in place.values()) for row in above)
        layers[k + 1] = joined, offset
    return layers
