"""The windows plan: layers whose rows come again and again elsewhere, as those of a convolution do.

Rows that read the same values are one *window*, a small matrix on these values; windows with the same matrix are one
group, however their values lie, and are computed together: the values of all windows are gathered, and multiplied by
the one matrix.  So a convolution costs what it costs, borders and what is carried along included, and not what the
matrix costs that it is in a network of layers.  What does not come again is left over, as one dense matrix.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from relucirc.core.exact import to_float
from relucirc.core.matrix import ExactMatrix
from relucirc.evaluation.arithmetic import Array, multiply, relu
from relucirc.language.affine import Affine
from relucirc.language.network import MLP

MOST = 64
"""Most groups of a layer: what is in others is left over."""
FACTOR = 4
"""The plan is worth it where dense matrices would take this many times its multiplications."""


@dataclass(frozen=True)
class Windows:
    """Windows with one matrix.

    Attributes:
        matrix: ``(rows of a window, values that it reads)``.
        reads: For each window which values of the layer below it reads.
        rows: For each window which rows of the layer it gives.
    """

    matrix: np.ndarray
    reads: np.ndarray
    rows: np.ndarray

    @property
    def work(self) -> int:
        """How many multiplications it takes."""
        return len(self.reads) * self.matrix.size


@dataclass(frozen=True)
class WindowLayer:
    """A layer as groups of windows; the bias is None where the network has none."""

    groups: tuple[Windows, ...]
    bias: np.ndarray | None

    @property
    def order(self) -> np.ndarray:
        """Where each row of the layer is among the rows of the groups, in order."""
        return np.argsort(np.concatenate([group.rows.ravel() for group in self.groups]))


def window_layers(net: MLP, dtype: Any) -> tuple[WindowLayer, ...]:
    """Returns the layers of a network as windows, weights rounded to a type."""
    return tuple(_layer(layer, np.dtype(dtype)) for layer in net.layers)


def worth_it(layers: Sequence[WindowLayer], sizes: Sequence[int]) -> bool:
    """Whether windows take much less than dense matrices."""
    cells = sum(a * b for a, b in pairwise(sizes))
    return FACTOR * sum(group.work for layer in layers for group in layer.groups) <= cells


def widest(layers: Sequence[WindowLayer]) -> int:
    """How many values of one point are gathered at once, at most."""
    return max(group.reads.size for layer in layers for group in layer.groups)


def run_windows(layers: Sequence[WindowLayer], xs: Array, axis: int) -> Array:
    """Evaluates layer by layer, inputs along ``axis`` of two."""
    values = xs if axis else xs.T
    for number, layer in enumerate(layers):
        values = relu(values) if number else values
        parts = [_run(group, values) for group in layer.groups]
        joined = parts[0] if len(parts) == 1 else jnp.concatenate(parts, 1)
        order = layer.order
        values = joined if (order == np.arange(len(order))).all() else jnp.take(joined, order, axis=1, mode="clip")
        values = values if layer.bias is None else values + layer.bias
    return values if axis else values.T


def _run(group: Windows, values: Array) -> Array:
    """The rows of a group, for points along the first axis."""
    points, count, (rows, reads) = len(values), len(group.reads), group.matrix.shape
    if not reads:
        return jnp.zeros((points, count * rows), values.dtype)
    if count == 1 and np.array_equal(group.reads[0], np.arange(values.shape[1])):
        return multiply(group.matrix, values, 1)
    seen = jnp.take(values, group.reads.ravel(), axis=1, mode="clip").reshape(points, count, reads)
    if rows == reads == 1:
        return seen[:, :, 0] * group.matrix[0, 0]
    product = lax.dot_general(seen, group.matrix, (((2,), (1,)), ((), ())), precision=lax.Precision.HIGHEST)
    return product.reshape(points, count * rows)


def _layer(layer: Affine, dtype: np.dtype) -> WindowLayer:
    rows = _rows(layer.weight, dtype)
    reading: dict[bytes, list[int]] = defaultdict(list)
    for r, (reads, _) in enumerate(rows):
        reading[reads.tobytes()].append(r)
    alike: dict[tuple[int, bytes], list[list[int]]] = defaultdict(list)
    for members in reading.values():
        matrix = np.stack([rows[r][1] for r in members])
        alike[len(members), matrix.tobytes()].append(members)
    groups = [_group(rows, windows, dtype) for windows in alike.values()]
    groups.sort(key=lambda group: -group.work)
    kept, left = groups[: MOST - 1], groups[MOST - 1 :]
    if left:
        kept.append(_dense([(r, rows[r]) for group in left for r in group.rows.ravel().tolist()], dtype))
    bias = layer.bias
    if isinstance(bias, ExactMatrix):
        bias = bias.to_numpy(dtype)[:, 0]
    return WindowLayer(tuple(kept), None if bias is None else np.asarray(bias).astype(dtype))


Row = tuple[np.ndarray, np.ndarray]
"""Which values a row reads, in order, and their weights."""


def _rows(weight: Any, dtype: np.dtype) -> list[Row]:
    if isinstance(weight, ExactMatrix):
        read = [(np.array([j for j, _ in row], np.int64), [to_float(v, dtype) for _, v in row]) for row in weight.rows]
        return [(reads, np.array(values, dtype)) for reads, values in read]
    array = np.asarray(weight).astype(dtype)
    return [(reads := np.flatnonzero(row), row[reads]) for row in array]


def _group(rows: Sequence[Row], windows: Sequence[Sequence[int]], dtype: np.dtype) -> Windows:
    matrix = np.stack([rows[r][1] for r in windows[0]]).astype(dtype)
    reads = np.stack([rows[members[0]][0] for members in windows])
    return Windows(matrix, reads, np.array(windows, np.int64))


def _dense(left: Sequence[tuple[int, Row]], dtype: np.dtype) -> Windows:
    """What is left over, as one window on all that it reads."""
    reads = np.unique(np.concatenate([row[0] for _, row in left]))
    matrix = np.zeros((len(left), len(reads)), dtype)
    for k, (_, (own, values)) in enumerate(left):
        matrix[k, np.searchsorted(reads, own)] = values
    return Windows(matrix, reads[None], np.array([[r for r, _ in left]], np.int64))
