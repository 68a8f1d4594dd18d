"""From a wide network to the width asked for: merge parallel neurons, keep the strongest."""

from collections.abc import Sequence

import numpy as np

from relucirc.interpretation.batch import Layers

PARALLEL = 1e-3
"""Directions whose cosine is above one minus this are one direction."""


def prune_layers(layers: Layers, sizes: Sequence[int]) -> Layers:
    """Narrows hidden layers to the given widths, every seed on its own.

    The strength of a neuron is the length of its row times that of its read-out.  Parallel neurons
    are merged into one, which changes nothing; then the strongest are kept, with row and read-out
    scaled to one length, which changes nothing either.
    """
    result = [(np.array(w, np.float64), None if b is None else np.array(b, np.float64)) for w, b in layers]
    for k, width in enumerate(sizes[1:-1]):
        (rows, bias), (read_out, offset) = result[k], result[k + 1]
        read_out = _merged(rows, bias, read_out)
        strength = _length(rows, bias) * np.sqrt((read_out**2).sum(axis=0))
        kept = np.sort(np.argsort(-strength, axis=0, kind="stable")[:width], axis=0)
        rows = np.take_along_axis(rows, kept[:, None, :], axis=0)
        bias = None if bias is None else np.take_along_axis(bias, kept, axis=0)
        read_out = np.take_along_axis(read_out, kept[None], axis=1)
        inward, outward = _length(rows, bias), np.sqrt((read_out**2).sum(axis=0))
        scale = np.sqrt(np.divide(outward, inward, out=np.ones_like(inward), where=(inward > 0) & (outward > 0)))
        result[k] = (rows * scale[:, None], None if bias is None else bias * scale)
        result[k + 1] = (read_out / scale[None], offset)
    return tuple((w.astype(np.float32), None if b is None else b.astype(np.float32)) for w, b in result)


def _length(rows: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    return np.sqrt((rows**2).sum(axis=1) + (0 if bias is None else bias**2))


def _merged(rows: np.ndarray, bias: np.ndarray | None, read_out: np.ndarray) -> np.ndarray:
    """Moves the read-out of every neuron that is parallel to an earlier one onto that one."""
    full = rows if bias is None else np.concatenate([rows, bias[:, None]], axis=1)
    length = np.maximum(np.sqrt((full**2).sum(axis=1)), 1e-30)
    unit = full / length[:, None]
    read_out = read_out.copy()
    for j in range(1, len(full)):
        free = np.ones(full.shape[-1], bool)
        for i in range(j):
            same = free & ((unit[i] * unit[j]).sum(axis=0) > 1 - PARALLEL)
            ratio = np.where(same, length[j] / length[i], 0)
            read_out[:, i] += read_out[:, j] * ratio
            read_out[:, j][:, same] = 0
            free &= ~same
    return read_out
