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

from relucirc.core.exact import ZERO
from relucirc.core.forms import Form
from relucirc.interpretation.batch import Stack
from relucirc.interpretation.canonical import Layer, Row
from relucirc.interpretation.proposal import EPSILON, Proposal, Sight
from relucirc.interpretation.rounding import Rounded, Rounding, rationals
from relucirc.interpretation.writing import vector

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
        kept, n = self.kept[seed], self.kinks.weight.shape[-1]
        rows = np.column_stack([self.kinks.weight[seed], self.kinks.bias[seed]])[kept]
        read, constants = self.read_out.weight[seed], self.read_out.bias[seed]
        jumps = map(tuple, rationals(read[:, : len(kept)][:, kept].T))
        affine = rationals(np.column_stack([read[:, len(kept) :], constants]))
        forms = [Form(dict(enumerate(row[:n])), row[n]) for row in (*rationals(rows), *affine)]
        return _shortest(list(zip(forms, jumps, strict=False)), forms[len(rows) :], n)

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


def _shortest(kinks: Sequence[tuple[Form, Row]], affine: Sequence[Form], n: int) -> list[Layer]:
    """Writes kinks and an affine rest as a network: the orientation that leaves the smallest rest."""
    best: list[tuple[Row, list[fmpq]]] | None = None
    for flips in itertools.product((False, True), repeat=len(kinks) if len(kinks) <= MAX_FLIPS else 0):
        neurons: dict[Row, list[fmpq]] = {}
        rest = list(affine)

        def add(form: Form, read: Row, neurons: dict[Row, list[fmpq]] = neurons) -> None:
            row = (*(form.coefficient(v) for v in range(n)), form.const)
            neurons[row] = [a + c for a, c in zip(neurons.get(row, [ZERO] * len(read)), read, strict=True)]

        for (form, jumps), flip in itertools.zip_longest(kinks, flips):
            add(-form if flip else form, jumps)
            rest = [r + form.scale(c) for r, c in zip(rest, jumps, strict=True)] if flip else rest
        for o, form in enumerate(rest):  # as relu(l) - relu(-l)
            scale = max(map(abs, form.terms.values()), default=ZERO)
            for side in (scale, -scale) if scale else ():
                add(Form(form.terms).scale(1 / side), tuple(side if k == o else ZERO for k in range(len(rest))))
        found = [(row, read) for row, read in neurons.items() if any(read)]
        if best is None or len(found) < len(best):
            best, constants = found, tuple(form.const for form in rest)
    assert best is not None
    hidden = tuple(row[:-1] for row, _ in best), tuple(row[-1] for row, _ in best)
    return [hidden, (tuple(tuple(read[o] for _, read in best) for o in range(len(affine))), constants)]
