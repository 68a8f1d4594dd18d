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

from relucirc.interpretation.batch import Layers
from relucirc.interpretation.writing import sum_text
from relucirc.proof.symmetries import Symmetry

UNFINISHED = 1e-3
"""Relative losses below this are all but zero."""

UNREAD = 0.02
"""A neuron whose share is below this part of the largest is not read."""

TWINS = 0.95
"""Neurons whose rows have a cosine above this are twins."""

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


def forward(layers: Layers, points: np.ndarray) -> np.ndarray:
    """Evaluates networks, ``[..., seeds]``, at points ``[count, inputs]``; returns ``[seeds, count, outputs]``."""
    return activations(layers, points)[-1]


def activations(layers: Layers, points: np.ndarray) -> list[np.ndarray]:
    """The values of every layer before its ReLU, each ``[seeds, count, width]``."""
    seeds = layers[0][0].shape[-1]
    values = np.broadcast_to(points, (seeds, *points.shape))
    result = []
    for k, (weight, bias) in enumerate(layers):
        values = np.maximum(values, 0) if k else values
        values = np.einsum("spi,ois->spo", values, np.asarray(weight, np.float64), optimize=True)
        values = values if bias is None else values + np.asarray(bias, np.float64).T[:, None]
        result.append(values)
    return result


def group_failures(
    layers: Layers,
    failed: np.ndarray,
    relative: np.ndarray,
    points: np.ndarray,
    values: np.ndarray,
    symmetries: Sequence[Symmetry],
    names: Sequence[str],
) -> list[Failure]:
    """Groups the failed seeds, the largest group first.

    Args:
        layers: All networks.
        failed: The numbers of the failed seeds.
        relative: Relative losses of all seeds.
        points: Points of the domain, one row each, its corners among them.
        values: The target there.
        symmetries: The target's symmetries.
        names: The inputs.
    """
    if not len(failed):
        return []
    own = tuple((w[..., failed], None if b is None else b[..., failed]) for w, b in layers)
    kinds = _kinds(own, relative[failed], points)
    size = max(float(np.sqrt(np.mean(values**2))), 1e-30)
    images = [symmetry.factor * forward(own, symmetry.points(points)) for symmetry in symmetries]
    groups: list[tuple[str, np.ndarray, list[int]]] = []
    for i, kind in enumerate(kinds):
        for known, typical, members in groups:
            if known == kind and (kind in ("diverged", "unfinished") or _is_image(images, i, typical, size)):
                members.append(i)
                break
        else:
            groups.append((kind, images[0][i], [i]))
    result = []
    for kind, _, members in groups:
        losses = relative[failed[members]]
        middle = members[int(np.argsort(losses, kind="stable")[len(members) // 2])]
        seeds = tuple(int(s) for s in failed[members])
        text = "" if kind in ("diverged", "unfinished") else describe(own, middle, points, names)
        result.append(Failure(kind, text, len(members), float(np.median(losses)), seeds))
    return sorted(result, key=lambda failure: (-failure.count, failure.kind, failure.computes))


def _is_image(images: Sequence[np.ndarray], i: int, typical: np.ndarray, size: float) -> bool:
    return any(np.abs(image[i] - typical).max() < SAME * size for image in images)


def _kinds(layers: Layers, relative: np.ndarray, points: np.ndarray) -> list[str]:
    finite = np.all([np.isfinite(w).all(axis=(0, 1)) for w, _ in layers], axis=0)
    before = activations(layers, points)
    dead = np.zeros(len(relative), bool)
    twins = np.zeros(len(relative), bool)
    for k in range(len(layers) - 1):
        asleep = _asleep(layers, before, k)
        dead |= asleep.any(axis=1)
        unit = _units(layers[k])
        cosine = np.einsum("jis,kis->sjk", unit, unit)
        awake = ~asleep
        pairs = awake[:, :, None] & awake[:, None, :] & (cosine > TWINS)
        twins |= np.triu(pairs.transpose(1, 2, 0).transpose(2, 0, 1), 1).any(axis=(1, 2))
    kinds = []
    for i, loss in enumerate(relative):
        if not (finite[i] and np.isfinite(loss)):
            kinds.append("diverged")
        elif loss < UNFINISHED:
            kinds.append("unfinished")
        else:
            kinds.append("dead neuron" if dead[i] else "twin neurons" if twins[i] else "local optimum")
    return kinds


def _asleep(layers: Layers, before: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Which hidden neurons of a layer are never active at the points, or hardly read, ``[seeds, width]``."""
    most = np.maximum(before[k].max(axis=1), 0)
    read = np.sqrt((np.asarray(layers[k + 1][0], np.float64) ** 2).sum(axis=0)).T
    share = most * read
    return share <= UNREAD * np.maximum(share.max(axis=1, keepdims=True), 1e-30)


def _units(layer: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
    weight, bias = layer
    full = np.asarray(weight if bias is None else np.concatenate([weight, bias[:, None]], axis=1), np.float64)
    return full / np.maximum(np.sqrt((full**2).sum(axis=1, keepdims=True)), 1e-30)


def describe(layers: Layers, i: int, points: np.ndarray, names: Sequence[str]) -> str:
    """Writes what one network with one hidden layer computes, twins merged, in two digits."""
    if len(layers) != 2 or layers[1][0].shape[0] != 1:
        return "a network of another kind"
    (weight, bias), (read, offset) = layers
    rows = np.asarray(weight[..., i], np.float64)
    shifts = np.zeros(len(rows)) if bias is None else np.asarray(bias[:, i], np.float64)
    outer = np.asarray(read[0, :, i], np.float64)
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-30)
    rows, shifts, outer = rows / scale[:, None], shifts / scale, outer * scale
    asleep = _asleep(layers, activations(layers, points), 0)[i]
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
    parts = [(c, f"relu({_affine(row, names)})") for row, c in sorted(merged, key=lambda part: tuple(part[0]))]
    constant = 0.0 if offset is None else float(offset[0, i])
    return sum_text(parts, constant, _two_digits)


def _affine(row: np.ndarray, names: Sequence[str]) -> str:
    return sum_text(
        [(float(c), name) for c, name in zip(row, names, strict=False)], float(row[len(names)]), _two_digits
    )


def _two_digits(size: float) -> str:
    return f"{size:.2f}".rstrip("0").rstrip(".")
