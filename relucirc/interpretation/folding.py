"""The second way to snap, for one hidden layer: by the function instead of by the neurons.

Wider networks spread one kink over several neurons, and hold affine pieces as pairs of opposite
neurons in any direction they like: ``c relu(l) + c' relu(-l) = (c + c') relu(l) - c' l``.  Rounding
such neurons one by one fails.  Folded together they have a unique form (Dereich and Kassing 2022,
arXiv 2108.05643): one kink with a jump ``k_H`` for every hyperplane, and an affine rest.  The kinks that
hardly jump vanish, and the jumps, hyperplanes and affine rest that are left move to simple rationals.
Read back as a network, that is the trained network pruned as far as algebra goes.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.interpretation.batch import Stack
from relucirc.interpretation.canonical import Layer, Row
from relucirc.interpretation.proposal import EPSILON, Proposal, Sight
from relucirc.interpretation.rounding import Rounded, Rounding, rationals
from relucirc.interpretation.words import vector

Form = tuple[Row, fmpq]
"""``row . x + constant``."""

MAX_FLIPS = 8
"""With up to this many kinks every orientation of them is tried."""


@dataclass(frozen=True)
class Folded(Proposal):
    """Networks of kinks and an affine rest; the read-out has a column for each kink, then one for each input."""

    kinks: Rounded
    kept: np.ndarray
    read_out: Rounded

    @property
    def numbers(self) -> list[np.ndarray]:
        """See :class:`Proposal`."""
        return [self.kept, self.kinks.weight, self.kinks.bias, self.read_out.weight, self.read_out.bias]

    def layers(self, seed: int) -> list[Layer]:
        """See :class:`Proposal`."""
        kept = self.kept[seed]
        rows, bias = rationals(self.kinks.weight[seed][kept]), rationals(self.kinks.bias[seed][kept])
        read, constants = self.read_out.weight[seed], rationals(self.read_out.bias[seed])
        jumps = rationals(read[:, : len(kept)][:, kept].T)
        rest = rationals(read[:, len(kept) :])
        kinks = [((tuple(row), b), jump) for row, b, jump in zip(rows, bias, jumps, strict=True)]
        return _shortest(kinks, list(zip(map(tuple, rest), constants, strict=True)))

    def moves(self, seed: int) -> list[str]:
        """See :class:`Proposal`."""
        kept = self.kept[seed]
        told = f"{len(kept)} neurons folded into {kept.sum()}, one for each hyperplane, and an affine rest."
        rows = np.column_stack([self.kinks.weight[seed], self.kinks.bias[seed]])[kept]
        return [f"hidden layer 1: {told}", *(f"a hyperplane is read as {vector(row)}." for row in rationals(rows))]


def by_folding(stack: Stack, rounding: Rounding, sight: Sight) -> Folded:
    """Folds and rounds every network of a batch; networks with one hidden layer."""
    (weight, bias), (above, offset) = stack
    seeds, width, _ = weight.shape
    scale = np.abs(weight).max(axis=-1, initial=0.0)
    least, most = sight.reach(weight, bias)
    never, always = most <= EPSILON * scale, (least >= -EPSILON * scale) | (scale == 0)
    unit = np.where(scale > 0, scale, 1.0)
    forms = np.concatenate([weight, bias[..., None]], axis=-1) / unit[..., None]
    read = above * (unit * ~never)[:, None]
    rest = np.matmul(read * always[:, None], forms)
    host, jumps = np.zeros((seeds, width), bool), np.zeros_like(read)
    near = 2 * rounding.tolerance + EPSILON
    for j in range(width):
        bent = ~(never | always)[:, j]
        same, opposite = (
            host[:, :j] & (np.abs(forms[:, :j] - sign * forms[:, j : j + 1]).max(axis=-1) <= near) for sign in (1, -1)
        )
        known = bent & (same | opposite).any(axis=1)
        host[:, j] = bent & ~known
        jumps[host[:, j], :, j] = read[host[:, j], :, j]
        which = np.flatnonzero(known)
        first = (same | opposite)[which].argmax(axis=1) if len(which) else which
        jumps[which, :, first] += read[which, :, j]
        flipped = which[~same[which, first]]
        rest[flipped] += read[flipped, :, j, None] * forms[flipped, j, None]
    rest[..., -1] += offset
    largest = np.maximum(np.abs(jumps).max(axis=(1, 2), initial=0.0), np.abs(rest).max(axis=(1, 2)))
    kept = host & (np.abs(jumps).max(axis=1) > rounding.tolerance * largest[:, None])
    kinks = rounding.rows(forms[..., :-1] * kept[..., None], forms[..., -1] * kept)
    made = rounding.rows(np.concatenate([jumps * kept[:, None], rest[..., :-1]], axis=-1), rest[..., -1])
    once, inputs = sight.points[:, :1], sight.points[:, 1:]
    values = np.maximum(inputs @ kinks.weight.swapaxes(1, 2) + once * kinks.bias[:, None], 0)
    values = values @ made.weight[..., :width].swapaxes(1, 2) + inputs @ made.weight[..., width:].swapaxes(1, 2)
    values = values + once * made.bias[:, None]
    return Folded(values, kinks.misfits + made.misfits, np.maximum(kinks.moved, made.moved), kinks, kept, made)


def _add(rest: list[tuple[list[fmpq], fmpq]], factors: Sequence[fmpq], form: Form) -> None:
    for o, factor in enumerate(factors):
        row, constant = rest[o]
        rest[o] = [a + factor * w for a, w in zip(row, form[0], strict=True)], constant + factor * form[1]


def _shortest(kinks: Sequence[tuple[Form, list[fmpq]]], affine: Sequence[Form]) -> list[Layer]:
    """Writes kinks and an affine rest as a network: the orientation that leaves the smallest rest."""
    best: list[tuple[Form, list[fmpq]]] | None = None
    orientations = (
        itertools.product((False, True), repeat=len(kinks)) if len(kinks) <= MAX_FLIPS else [(False,) * len(kinks)]
    )
    for flips in orientations:
        neurons: dict[Form, list[fmpq]] = {}
        rest = [(list(row), constant) for row, constant in affine]
        for (form, jump), flip in zip(kinks, flips, strict=True):
            if flip:
                _add(rest, jump, form)
            side = (tuple(-w for w in form[0]), -form[1]) if flip else form
            neurons[side] = [a + c for a, c in zip(neurons.get(side, [ZERO] * len(affine)), jump, strict=True)]
        for o, (row, _) in enumerate(rest):
            _add_pair(neurons, tuple(row), o, len(affine))
        found = [(form, read) for form, read in neurons.items() if any(read)]
        if best is None or len(found) < len(best):
            best = found
    assert best is not None
    hidden = tuple(form[0] for form, _ in best), tuple(form[1] for form, _ in best)
    outer = tuple(tuple(read[o] for _, read in best) for o in range(len(affine)))
    return [hidden, (outer, _constants(kinks, affine, best))]


def _add_pair(neurons: dict[Form, list[fmpq]], row: Row, output: int, outputs: int) -> None:
    """Adds a linear form to one output, as ``relu(l) - relu(-l)``."""
    scale = max(map(abs, row), default=ZERO)
    if scale:
        for sign in (ONE, -ONE):
            read = neurons.setdefault((tuple(sign * w / scale for w in row), ZERO), [ZERO] * outputs)
            read[output] = read[output] + sign * scale


def _constants(
    kinks: Sequence[tuple[Form, list[fmpq]]], affine: Sequence[Form], neurons: Sequence[tuple[Form, list[fmpq]]]
) -> Row:
    """What the neurons leave of the function: a constant for each output, found at the origin."""
    constants = []
    for o, (_, constant) in enumerate(affine):
        wanted = constant + sum((jump[o] * max(b, ZERO) for (_, b), jump in kinks), start=ZERO)
        given = sum((read[o] * max(b, ZERO) for (_, b), read in neurons), start=ZERO)
        constants.append(wanted - given)
    return tuple(constants)
