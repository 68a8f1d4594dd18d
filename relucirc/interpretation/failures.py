"""What became of the seeds that were not proved: their kind, and the function they stopped at.

Kinds, in this order: *diverged* (weights that are not finite); *unfinished* (the loss is all but zero, but
no circuit was found: more steps, or weights without simple proportions); *dead neuron* (one is never
active on the domain, or not read); *twin neurons* (two detect the same thing, so one is missing
elsewhere); *local optimum* (all neurons are at work, at the wrong place).  After an interruption there are seeds of
two more kinds, about which nothing is said: *not trained* and *not judged*.

Seeds of one kind are grouped by the function that they compute, up to the target's symmetries.
This is description, in floats; nothing is proved about failures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relucirc.interpretation.batch import Stack, activations, forward, homogeneous
from relucirc.interpretation.writing import sum_text
from relucirc.proof.symmetries import Symmetry

UNFINISHED = 1e-3
"""Relative losses below this are all but zero."""

UNREAD = 0.02
"""A neuron whose share is below this part of the largest is not read."""

TWINS = 0.95
"""Neurons whose rows have a cosine above this are twins."""

FEW = 8
"""Of so many points one is looked at first: most functions differ there."""

SAME = 0.2
"""Functions that differ by less than this part of the target's size at every probe are one."""


@dataclass(frozen=True)
class Failure:
    """Seeds that failed in the same way.

    Attributes:
        kind: See the module.
        computes: The function of a typical one, rounded to two digits.
        count: How many.
        loss: Their median loss, relative to the mean square of the target; None where no step was taken.
        seeds: Their numbers.
    """

    kind: str
    computes: str
    count: int
    loss: float | None
    seeds: tuple[int, ...]

    def to_json(self) -> dict:
        """Returns the fields as plain JSON data."""
        loss = None if self.loss is None else round(self.loss, 6)
        return {"kind": self.kind, "computes": self.computes, "count": self.count, "relative_loss": loss}


class _Images:
    """What networks compute at the images of points under symmetries; at few of them at first, which is mostly enough.

    Args:
        stack: The networks.
        factors: What each symmetry multiplies values by.
        points: The images of the points, homogeneous, for each; the first symmetry is the identity.
    """

    def __init__(self, stack: Stack, factors: Sequence[float], points: Sequence[np.ndarray]) -> None:
        self.stack, self.factors, self.points = stack, factors, points
        everyone = np.arange(len(stack[0][0]))
        self.few = np.stack([self._values(everyone, s, FEW) for s in range(len(points))])

    def _values(self, seeds: np.ndarray, symmetry: int, step: int = 1) -> np.ndarray:
        stack = [(weight[seeds], bias[seeds]) for weight, bias in self.stack]
        return self.factors[symmetry] * forward(stack, self.points[symmetry][::step])

    def near(self, seeds: np.ndarray, typical: int, limit: float) -> np.ndarray:
        """Which seeds compute about the same function as a typical one, up to symmetry."""
        likely = (np.abs(self.few[:, seeds] - self.few[0, typical]) < limit).all(axis=(2, 3))
        values, near = self._values(np.array([typical]), 0), np.zeros(len(seeds), bool)
        for s in range(len(likely)):
            open_ = np.flatnonzero(likely[s] & ~near)
            if len(open_):
                near[open_] = (np.abs(self._values(seeds[open_], s) - values) < limit).all(axis=(1, 2))
        return near


def group_failures(
    stack: Stack,
    failed: np.ndarray,
    relative: np.ndarray,
    points: np.ndarray,
    values: np.ndarray,
    symmetries: Sequence[Symmetry],
    names: Sequence[str],
) -> list[Failure]:
    """Groups the failed seeds, the largest group first.

    Args:
        stack: All networks.
        failed: The numbers of the failed seeds.
        relative: Relative losses of all seeds.
        points: Points of the domain, one row each, its corners among them.
        values: The target there.
        symmetries: The target's symmetries.
        names: The inputs.
    """
    if not len(failed):
        return []
    own = [(weight[failed], bias[failed]) for weight, bias in stack]
    kinds = _kinds(own, relative[failed], points)
    limit = SAME * max(float(np.sqrt(np.mean(values**2))), 1e-30)
    moved = [homogeneous(symmetry.points(points)) for symmetry in symmetries]
    images = _Images(own, [symmetry.factor for symmetry in symmetries], moved)
    groups: list[tuple[str, list[int]]] = []
    left = np.arange(len(failed))
    while len(left):
        first, kind = left[0], str(kinds[left[0]])
        same = kinds[left] == kind
        if kind not in ("diverged", "unfinished"):
            same[1:] &= images.near(left[1:], first, limit)
        groups.append((kind, left[same].tolist()))
        left = left[~same]
    result = []
    for kind, members in groups:
        losses = relative[failed[members]]
        middle = members[int(np.argsort(losses, kind="stable")[len(members) // 2])]
        seeds = tuple(int(s) for s in failed[members])
        text = "" if kind in ("diverged", "unfinished") else describe(own, middle, points, names)
        result.append(Failure(kind, text, len(members), float(np.median(losses)), seeds))
    return sorted(result, key=lambda failure: (-failure.count, failure.kind, failure.computes))


def _kinds(stack: Stack, relative: np.ndarray, points: np.ndarray) -> np.ndarray:
    finite = np.all([np.isfinite(weight).all(axis=(1, 2)) for weight, _ in stack], axis=0)
    before = activations(stack, homogeneous(points))
    dead, twins = np.zeros(len(relative), bool), np.zeros(len(relative), bool)
    for k, (weight, bias) in enumerate(stack[:-1]):
        asleep = _asleep(stack, before, k)
        dead |= asleep.any(axis=1)
        full = np.concatenate([weight, bias[..., None]], axis=-1)
        unit = full / np.maximum(np.sqrt((full**2).sum(axis=-1, keepdims=True)), 1e-30)
        awake = ~asleep
        pairs = awake[:, :, None] & awake[:, None, :] & (unit @ unit.swapaxes(1, 2) > TWINS)
        twins |= np.triu(pairs, 1).any(axis=(1, 2))
    tests = [~finite | ~np.isfinite(relative), relative < UNFINISHED, dead, twins]
    return np.select(tests, ["diverged", "unfinished", "dead neuron", "twin neurons"], "local optimum")


def _asleep(stack: Stack, before: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Which hidden neurons of a layer are never active at the points, or hardly read, ``[seeds, width]``."""
    share = np.maximum(before[k].max(axis=1), 0) * np.sqrt((stack[k + 1][0] ** 2).sum(axis=1))
    return share <= UNREAD * np.maximum(share.max(axis=1, keepdims=True), 1e-30)


def describe(stack: Stack, i: int, points: np.ndarray, names: Sequence[str]) -> str:
    """Writes what one network with one hidden layer computes, twins merged, in two digits."""
    if len(stack) != 2 or stack[1][0].shape[1] != 1:
        return "a network of another kind"
    one = [(weight[i : i + 1], bias[i : i + 1]) for weight, bias in stack]
    (rows, shifts), (outer, offset) = ((weight[0], bias[0]) for weight, bias in one)
    outer = outer[0]
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-30)
    rows, shifts, outer = rows / scale[:, None], shifts / scale, outer * scale
    asleep = _asleep(one, activations(one, homogeneous(points)), 0)[0]
    merged: list[tuple[np.ndarray, float]] = []
    full = np.concatenate([rows, shifts[:, None]], axis=1)
    for j in np.argsort(-np.abs(outer)):
        if asleep[j]:
            continue
        for m, (row, c) in enumerate(merged):
            if row @ full[j] > TWINS * np.linalg.norm(row) * np.linalg.norm(full[j]):
                merged[m] = row, c + outer[j]
                break
        else:
            merged.append((full[j], outer[j]))
    parts = []
    for row, c in sorted(merged, key=lambda part: tuple(part[0])):
        *weights, shift = row.tolist()
        parts.append((c, f"relu({sum_text(list(zip(weights, names, strict=True)), shift, _two_digits)})"))
    return sum_text(parts, float(offset[0]), _two_digits)


def _two_digits(size: float) -> str:
    return f"{size:.2f}".rstrip("0").rstrip(".")
