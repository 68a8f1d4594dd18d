"""The third way to snap, for several hidden layers: every wire as an affine form over inputs and hinges.

Neuron by neuron from the inputs, a pre-activation is an affine form over the inputs and the *hinges*
``relu(l)`` found so far.  One that is never positive on the domain is zero, and one that is never negative
is itself: nothing is rounded there, since such forms may point anywhere and add up further on.  A
neuron whose values are a combination of what is there already is written as that.  Only a form l that truly
bends in a new way is scaled to a largest coefficient of one, moved to simple rationals, and kept as a hinge,
once for l and -l (``relu(-l) = relu(l) - l``).  So the basis that a layer happens to use disappears, and
what is left is what the network computes with.  Written back as a network, forms are carried through a
layer by pairs ``relu(x) - relu(-x)``, and hinges, which are not negative, by themselves.

Signs and combinations are proposed by float values at points of the domain, for all networks of a batch at once.
"""

from dataclasses import dataclass

import numpy as np

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.interpretation.batch import Stack
from relucirc.interpretation.canonical import Layer, exact_layers
from relucirc.interpretation.proposal import EPSILON, Proposal, Sight
from relucirc.interpretation.rounding import Rounded, Rounding, rationals, simplest
from relucirc.interpretation.writing import vector
from relucirc.language.layers import Layers

DIGITS = 1e-9
"""What least squares in floats can be trusted with."""


class _Hinges:
    """The hinges of every network found so far, with float values of everything at points of the domain.

    A form is a row of coefficients of the constant, the inputs, and a place for every hidden neuron, which is that
    of the hinge that it brought.

    Attributes:
        forms: The hinges' forms, ``[seeds, hinges, coefficients]``.
        levels: The layer in which a hinge stands, 0 for none there.
        values: What the constant, the inputs and the hinges give at the points, ``[seeds, coefficients, count]``.
        misfits: How many of the numbers that became a hinge are near none that the rounding allows.
    """

    def __init__(self, seeds: int, hinges: int, points: np.ndarray, rounding: Rounding) -> None:
        self.rounding = rounding
        count, self.before = points.shape
        self.forms = np.zeros((seeds, hinges, self.before + hinges))
        self.levels = np.zeros((seeds, hinges), int)
        self.moved, self.misfits = np.zeros(seeds), np.zeros((seeds, hinges), int)
        self.values = np.zeros((seeds, self.before + hinges, count))
        self.values[:, : self.before] = points.T
        self._basis = np.zeros_like(self.values)
        self._basis[:, : self.before] = np.linalg.qr(points)[0].T if count >= self.before else 0
        self._next = 0

    def relu(self, form: np.ndarray) -> np.ndarray:
        """Returns the forms of ``relu(form)``, ``[seeds, coefficients]``, with a new hinge where there must be one."""
        place, self._next = self._next, self._next + 1
        values = self._of(form)
        slack = max(self.rounding.tolerance, EPSILON) * np.abs(values).max(axis=1, initial=0.0)
        zero, same = values.max(axis=1) <= slack, values.min(axis=1) >= -slack
        result = np.where((same & ~zero)[:, None], form, 0.0)
        new = ~(zero | same) & np.isfinite(slack)
        for seed in self._near_those_before(np.maximum(values, 0), slack, new):
            known = self._in_those_before(seed, np.maximum(values[seed], 0), slack[seed])
            if known is not None:
                result[seed], new[seed] = known, False
        which = np.flatnonzero(new)
        if len(which):
            result[which] = self._hinge(which, form[which], place)
        return result

    def _hinge(self, which: np.ndarray, form: np.ndarray, place: int) -> np.ndarray:
        """Rounds forms that bend to the hinges of some networks, and returns their ReLUs."""
        scale = np.abs(form[:, 1:]).max(axis=1)
        rounded = self.rounding.rows(form[:, None, 1:] / scale[:, None, None], form[:, :1] / scale[:, None])
        self.moved[which] = np.maximum(self.moved[which], rounded.moved)
        line = np.concatenate([rounded.bias, rounded.weight[:, 0]], axis=1)
        leading = np.take_along_axis(line, 1 + (line[:, 1:] != 0).argmax(axis=1)[:, None], axis=1)
        line = line * np.sign(leading) + 0.0
        known = (self.levels[which] > 0) & (self.forms[which] == line[:, None]).all(axis=-1)
        hinge = np.where(known.any(axis=1), known.argmax(axis=1), place)
        self.misfits[which, hinge] += rounded.misfits
        fresh = hinge == place
        added, forms = which[fresh], self.forms[:, place]
        forms[added] = line[fresh]
        self.levels[added, place] = 1 + (self.levels * (forms[:, self.before :] != 0)).max(axis=1)[added]
        self.values[:, self.before + place] = rest = np.maximum(self._of(forms), 0)
        for _ in range(2):  # twice is enough
            rest = rest - self._within(rest)
        length = np.sqrt((rest**2).sum(axis=1, keepdims=True))
        self._basis[:, self.before + place] = np.divide(rest, length, out=np.zeros_like(rest), where=length > 0)
        result = np.where(leading > 0, 0.0, -scale[:, None] * line)
        result[np.arange(len(which)), self.before + hinge] += scale
        return result

    def _of(self, forms: np.ndarray) -> np.ndarray:
        """Values of forms over what is there already, one for every network."""
        there = slice(self.before + self._next)
        return _dot(forms[:, there], self.values[:, there])

    def _within(self, values: np.ndarray) -> np.ndarray:
        """The part of values that is a combination of those that are there."""
        basis = self._basis[:, : self.before + self._next]
        return _dot(_dot(values, basis.swapaxes(1, 2)), basis)

    def _near_those_before(self, values: np.ndarray, slack: np.ndarray, new: np.ndarray) -> np.ndarray:
        """The networks that have hinges, and where values are about a combination of what is there already."""
        new = new & self.levels.any(axis=1)
        if new.any():
            far = np.abs(self._within(values) - values).max(axis=1)
            new &= far <= 1.001 * slack + DIGITS * values.max(axis=1)
        return np.flatnonzero(new)

    def _in_those_before(self, seed: int, values: np.ndarray, slack: float) -> np.ndarray | None:
        """Writes values as a combination of what is there already, if they are one; proposed by least squares."""
        there = np.append(np.ones(self.before, bool), self.levels[seed] > 0)
        basis = self.values[seed][there].T
        found = np.linalg.lstsq(basis, values, rcond=DIGITS)[0]
        if np.abs(basis @ found - values).max() > slack:
            return None
        form = np.zeros(len(there))
        form[there] = np.divide(*simplest(found, DIGITS))
        return form


def _dot(forms: np.ndarray, values: np.ndarray) -> np.ndarray:
    """One row times one matrix for every network."""
    return np.matmul(forms[:, None], values)[:, 0]


@dataclass(frozen=True)
class Hinged(Proposal):
    """Networks as affine forms over hinges; the outputs have a column for each input, then one for each hinge.

    Attributes:
        hinges: The hinges.
        read: Which of them the outputs depend on, ``[seeds, hinges]``.
        outputs: The outputs.
        depth: Number of hidden layers.
    """

    hinges: _Hinges
    read: np.ndarray
    outputs: Rounded
    depth: int

    @property
    def numbers(self) -> list[np.ndarray]:
        """See :class:`Proposal`."""
        return [self.hinges.forms, self.outputs.weight, self.outputs.bias]

    def layers(self, seed: int) -> list[Layer]:
        """See :class:`Proposal`."""
        hinges, n = self.hinges, self.hinges.before - 1
        rows = np.column_stack([self.outputs.bias[seed], self.outputs.weight[seed]])
        forms = rationals(np.concatenate([hinges.forms[seed], rows]))
        writer = Layers(tuple(f"x{i + 1}" for i in range(n)))
        known = [Form.constant(ONE), *map(Form.variable, range(n)), *[Form()] * len(hinges.forms[seed])]
        for k in np.flatnonzero(self.read[seed]).tolist():
            (known[n + 1 + k],) = writer.relu([combine(zip(forms[k], known, strict=True))], hinges.levels[seed, k] - 1)
        outputs = [combine(zip(row, known, strict=True)) for row in forms[len(hinges.forms[seed]) :]]
        return exact_layers(writer.build(outputs, self.depth))

    def moves(self, seed: int) -> list[str]:
        """See :class:`Proposal`."""
        levels, read = self.hinges.levels[seed], self.read[seed]
        forms = rationals(self.hinges.forms[seed][read][:, np.append(np.ones(self.hinges.before, bool), read)])
        told = f"written as affine forms over {len(forms)} hinges, relu(l) for forms l of 1, the inputs and the hinges."
        lines = [
            f"hinge {i}, in layer {level}: l is read as {vector(row)}."
            for i, (row, level) in enumerate(zip(forms, levels[read], strict=True), 1)
        ]
        return [f"hidden layers 1 to {self.depth}: {told}", *lines]


def by_hinges(stack: Stack, rounding: Rounding, sight: Sight) -> Hinged:
    """Writes and rounds every network of a batch by its hinges."""
    seeds, depth = len(stack[0][0]), len(stack) - 1
    hinges = _Hinges(seeds, sum(bias.shape[1] for _, bias in stack[:-1]), sight.points, rounding)
    size = hinges.values.shape[1]
    wires = np.zeros((seeds, hinges.before - 1, size))
    wires[:, :, 1 : hinges.before] = np.eye(hinges.before - 1)
    for k, (weight, bias) in enumerate(stack):
        tick()
        before = np.matmul(weight, wires)
        before[..., 0] += bias
        if k < depth:
            relus = [hinges.relu(before[:, j]) for j in range(before.shape[1])]
            wires = np.stack(relus, axis=1) if relus else before
        else:
            wires = before
    made = rounding.rows(wires[..., 1:], wires[..., 0])
    values = (np.concatenate([made.bias[..., None], made.weight], axis=-1) @ hinges.values).swapaxes(1, 2)
    read = (made.weight[..., hinges.before - 1 :] != 0).any(axis=1)
    for k in reversed(range(read.shape[1])):
        read |= read[:, k : k + 1] & (hinges.forms[:, k, hinges.before :] != 0)
    misfits = made.misfits + (hinges.misfits * read).sum(axis=1)
    return Hinged(values, misfits, np.maximum(hinges.moved, made.moved), hinges, read, made, depth)
