"""Where the windows of convolutions and pools lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from relucirc.files.operators.table import Node
from relucirc.language.lower.jaxpr.limits import Unsupported


@dataclass(frozen=True)
class Windows:
    """The windows over the spatial axes of an array, whose first two axes are images and channels.

    Attributes:
        sizes, strides, dilations: Of the windows, for each spatial axis.
        pads: What is padded at both ends.
        beyond: What the last window sees beyond that, where sizes are rounded up.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    beyond: tuple[int, ...]

    @property
    def padding(self) -> list[tuple[int, int]]:
        """All that windows see at both ends."""
        return [(low, high + more) for (low, high), more in zip(self.pads, self.beyond, strict=True)]

    def reduce(self, x: Any, start: float, combine: Callable[..., Any]) -> Any:
        """Combines what each window sees."""
        alone = (1, 1)
        return jax.lax.reduce_window(
            x,
            np.asarray(start, x.dtype),
            combine,
            (*alone, *self.sizes),
            (*alone, *self.strides),
            [(0, 0), (0, 0), *self.padding],
            window_dilation=(*alone, *self.dilations),
        )

    def counts(self, shape: Sequence[int], padded: bool) -> np.ndarray:
        """Returns how many elements each window sees, those of the padding included or not."""
        counts = np.ones((), np.int64)
        for k, size in enumerate(shape[2:]):
            (low, high), step, hole = self.pads[k], self.strides[k], self.dilations[k]
            total = size + low + high + self.beyond[k]
            ends = (0, size + low + high) if padded else (low, low + size)
            starts = np.arange(0, total - (self.sizes[k] - 1) * hole, step)
            seen = starts[:, None] + hole * np.arange(self.sizes[k])
            counts = counts[..., None] * ((seen >= ends[0]) & (seen < ends[1])).sum(1)
        return counts


def windows_of(node: Node, shape: Sequence[int], kernel: Sequence[int] | None) -> Windows:
    """Reads the attributes of a convolution or a pool."""
    spatial = len(shape) - 2
    sizes = tuple(node.get("kernel_shape") or kernel or ())
    strides = tuple(node.get("strides") or [1] * spatial)
    dilations = tuple(node.get("dilations") or [1] * spatial)
    kind = node.word("auto_pad", "NOTSET")
    pads = [0] * (2 * spatial) if kind == "VALID" else node.get("pads") or [0] * (2 * spatial)
    if spatial < 1 or {len(sizes), len(strides), len(dilations), len(pads) // 2} != {spatial}:
        raise Unsupported(f"its windows do not fit the shape {tuple(shape)}")
    if min(*sizes, *strides, *dilations) < 1:
        raise Unsupported("its windows should have positive sizes, strides and dilations")
    ends, beyond = [], []
    for k, n in enumerate(shape[2:]):
        reach = (sizes[k] - 1) * dilations[k] + 1
        low, high = pads[k], pads[k + spatial]
        if kind in ("SAME_UPPER", "SAME_LOWER"):
            total = max((-(-n // strides[k]) - 1) * strides[k] + reach - n, 0)
            low, high = total // 2, total - total // 2
            low, high = (low, high) if kind == "SAME_UPPER" else (high, low)
        ends.append((low, high))
        beyond.append(_beyond(n, reach, strides[k], low, high) if node.get("ceil_mode") else 0)
    return Windows(sizes, strides, dilations, tuple(ends), tuple(beyond))


def _beyond(n: int, reach: int, step: int, low: int, high: int) -> int:
    """How far the last window reaches beyond the padding, if a window that starts in the input is kept."""
    last = -(-(n + low + high - reach) // step) * step
    if last >= n + low:
        last -= step
    return max(last + reach - (n + low + high), 0)
