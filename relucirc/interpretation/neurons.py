"""The first way to snap: neuron by neuron, layer by layer from the inputs.

Each hidden neuron is rescaled so that the largest weight of its row is one in absolute value, the scale moving into
what reads it (``relu(s z) = s relu(z)`` for s > 0: nothing changes).  So every number is rounded relative to its own
row, and no scale of a neuron hides another's.  Rows that then are equal belong to one neuron, which is read with the
sum of their weights; neurons that are constant, never active on the domain or hardly read are dropped.
"""

from dataclasses import dataclass

import numpy as np

from relucirc.core.budget import tick
from relucirc.interpretation.batch import Stack, forward
from relucirc.interpretation.canonical import Layer
from relucirc.interpretation.proposal import EPSILON, Proposal, Sight
from relucirc.interpretation.rounding import Rounded, Rounding, rationals
from relucirc.interpretation.writing import number, vector


@dataclass(frozen=True)
class _Step:
    """What happened to one hidden layer, arrays ``[seeds, neurons]`` but for the rows.

    Attributes:
        weight: The rows that came.
        bias: Their biases.
        scale: Their largest entries.
        rounded: The rows that were made of them.
        unread: Nothing reads the neuron.
        never: It is never active.
        first: The neuron that it was merged into, itself for none.
        kept: The neurons that are left.
    """

    weight: np.ndarray
    bias: np.ndarray
    scale: np.ndarray
    rounded: Rounded
    unread: np.ndarray
    never: np.ndarray
    first: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class ByNeurons(Proposal):
    """Networks rounded neuron by neuron."""

    steps: list[_Step]
    read_out: tuple[np.ndarray, np.ndarray]
    rounded: Rounded
    folded = False

    @property
    def numbers(self) -> list[np.ndarray]:
        """See :class:`Proposal`."""
        parts = [part for step in self.steps for part in (step.kept, step.rounded.weight, step.rounded.bias)]
        return [*parts, self.rounded.weight, self.rounded.bias]

    def layers(self, seed: int) -> list[Layer]:
        """See :class:`Proposal`."""
        written, below = [], np.ones(self.steps[0].weight.shape[-1] if self.steps else 0, bool)
        for step in self.steps:
            kept = step.kept[seed]
            rows = step.rounded.weight[seed][kept]
            written.append((rows[:, below], step.rounded.bias[seed][kept]))
            below = kept
        weight = self.rounded.weight[seed]
        written.append((weight[:, below] if self.steps else weight, self.rounded.bias[seed]))
        return [(tuple(map(tuple, rationals(rows))), tuple(rationals(bias))) for rows, bias in written]

    def moves(self, seed: int) -> list[str]:
        """See :class:`Proposal`."""
        told = []
        for depth, step in enumerate(self.steps, 1):
            rows, biases = step.rounded.weight[seed], step.rounded.bias[seed]
            for i in range(len(rows)):
                where = f"hidden layer {depth}, neuron {i + 1}"
                if step.unread[seed, i]:
                    told.append(f"{where}: nothing reads it; dropped.")
                elif not step.scale[seed, i]:
                    constant = number(max(float(step.bias[seed, i]), 0.0))
                    told.append(f"{where}: it always gives {constant}; moved into the biases above.")
                elif step.never[seed, i]:
                    told.append(f"{where}: never active on the domain; dropped.")
                else:
                    before = [*step.weight[seed, i].tolist(), float(step.bias[seed, i])]
                    after = [*rows[i].tolist(), float(biases[i])]
                    if before != after:
                        cut = slice(None if before[-1] else -1)
                        shown, made = vector(before[cut]), vector(rationals(np.array(after))[cut])
                        scale = number(float(step.scale[seed, i]))
                        told.append(f"{where}: {shown} becomes {scale} times {made}; the scale moves up.")
                    if step.first[seed, i] != i:
                        told.append(f"{where}: parallel to neuron {step.first[seed, i] + 1}; merged into it.")
                    elif not step.kept[seed, i]:
                        told.append(f"{where}: nothing reads it, or hardly; dropped.")
        return told + _read_out_moves(self.read_out, self.rounded, seed)


def by_neurons(stack: Stack, rounding: Rounding, sight: Sight) -> ByNeurons:
    """Rounds every network of a batch neuron by neuron."""
    stack, steps = list(stack), []
    moved, misfits = np.zeros(len(stack[0][0])), np.zeros(len(stack[0][0]), int)
    for k in range(len(stack) - 1):
        tick()
        (weight, bias), (above, offset) = stack[k], stack[k + 1]
        scale = np.abs(weight).max(axis=-1, initial=0.0)
        unread = (above == 0).all(axis=1)
        constant = scale == 0
        offset = offset + (above * np.where(constant, np.maximum(bias, 0), 0)[:, None]).sum(axis=-1)
        used = ~(unread | constant)
        unit = np.where(used, scale, 1.0)
        rounded = rounding.rows(np.where(used[..., None], weight / unit[..., None], 0), np.where(used, bias / unit, 0))
        never = np.zeros_like(used)
        if k == 0:
            never = used & (sight.reach(rounded.weight, rounded.bias)[1] <= EPSILON)
        alive = used & ~never
        first = _first_equals(rounded, alive)
        joined = (first[..., None] == np.arange(alive.shape[1])) & alive[..., None]
        read = np.matmul(above * unit[:, None], joined)
        most = np.abs(read).max(axis=1, initial=0.0)
        largest = most.max(axis=-1, keepdims=True, initial=0.0)
        head = alive & (first == np.arange(alive.shape[1]))
        kept = head & (most > rounding.tolerance * largest)
        lost = np.divide(most, largest, out=np.zeros_like(most), where=head & ~kept & (largest > 0))
        moved = np.maximum(np.maximum(moved, rounded.moved), lost.max(axis=-1, initial=0.0))
        misfits = misfits + rounded.misfits
        steps.append(_Step(weight, bias, scale, rounded, unread, never, first, kept))
        stack[k] = rounded.weight * kept[..., None], rounded.bias * kept
        stack[k + 1] = read * kept[:, None], offset
    rounded = rounding.rows(*stack[-1])
    read_out, stack[-1] = stack[-1], (rounded.weight, rounded.bias)
    misfits, moved = misfits + rounded.misfits, np.maximum(moved, rounded.moved)
    return ByNeurons(forward(stack, sight.points), misfits, moved, steps, read_out, rounded)


def _first_equals(rounded: Rounded, alive: np.ndarray) -> np.ndarray:
    """The first neuron of its network that has the same row, for those that are alive."""
    full = np.concatenate([rounded.weight, rounded.bias[..., None]], axis=-1) + 0.0
    seeds, width, columns = full.shape
    if not full.size:
        return np.zeros((seeds, width), int)
    _, names = np.unique(full.reshape(-1, columns), axis=0, return_inverse=True)
    names = names.reshape(seeds, width)
    same = (names[:, :, None] == names[:, None]) & alive[:, None]
    return np.where(alive, same.argmax(axis=2), np.arange(width))


def _read_out_moves(before: tuple[np.ndarray, np.ndarray], after: Rounded, seed: int) -> list[str]:
    """Says which numbers of an output layer became which."""
    told = []
    rows = np.concatenate([before[0][seed], before[1][seed][:, None]], axis=1)
    made = np.concatenate([after.weight[seed], after.bias[seed][:, None]], axis=1)
    for i, j in np.argwhere(rows != made).tolist():
        what = "bias" if j == rows.shape[1] - 1 else f"weight {j + 1}"
        became = rationals(made[i, j : j + 1])[0]
        told.append(f"output {i + 1}, {what}: {number(float(rows[i, j]))} becomes {became}.")
    return told
