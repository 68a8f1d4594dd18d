"""Sliding windows: which input elements each output element of a convolution or pooling reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np


@dataclass(frozen=True)
class Windows:
    """Windows that slide over the spatial axes of an array.

    Attributes:
        sizes: Window size per axis.
        strides: Step between windows.
        padding: ``(low, high)`` elements added at both ends, possibly negative.
        base_dilation: Distance between input elements once holes are put in.
        window_dilation: Distance between window elements.
    """

    sizes: Sequence[int]
    strides: Sequence[int]
    padding: Sequence[tuple[int, int]]
    base_dilation: Sequence[int]
    window_dilation: Sequence[int]

    def reads(self, shape: Sequence[int], out_shape: Sequence[int]) -> Iterator[list[tuple[tuple, tuple]]]:
        """Yields, for every output position in row-major order, its ``(window offset, input position)`` pairs.

        Padding and holes are left out.
        """
        axes = [self._axis(d, size, out) for d, (size, out) in enumerate(zip(shape, out_shape, strict=True))]
        for position in product(*map(range, out_shape)):
            choices = [axis[p] for axis, p in zip(axes, position, strict=True)]
            yield [(tuple(k for k, _ in pairs), tuple(p for _, p in pairs)) for pairs in product(*choices)]

    def _axis(self, d: int, size: int, out: int) -> list[list[tuple[int, int]]]:
        last, hole = (size - 1) * self.base_dilation[d], self.base_dilation[d]
        windows = []
        for o in range(out):
            starts = o * self.strides[d] - self.padding[d][0]
            places = ((k, starts + k * self.window_dilation[d]) for k in range(self.sizes[d]))
            windows.append([(k, p // hole) for k, p in places if 0 <= p <= last and p % hole == 0])
        return windows


def convolution_terms(
    windows: Windows, lhs: np.ndarray, rhs: np.ndarray, out_shape: Sequence[int], groups: tuple[int, int]
) -> Iterator[list[tuple]]:
    """Yields, for every output element in row-major order, the pairs of factors that it sums.

    Args:
        windows: The geometry.
        lhs: Input as (batch, feature, spatial...).
        rhs: Kernel as (out feature, in feature, spatial...).
        out_shape: (batch, out feature, spatial...).
        groups: Numbers of feature groups and of batch groups.
    """
    feature_groups, batch_groups = groups
    reads = list(windows.reads(lhs.shape[2:], out_shape[2:]))
    channels = rhs.shape[1]
    for n, o in product(range(out_shape[0]), range(out_shape[1])):
        first = (o * feature_groups // rhs.shape[0]) * channels
        image = n + out_shape[0] * (o * batch_groups // rhs.shape[0])
        for pairs in reads:
            yield [(lhs[(image, first + c, *p)], rhs[(o, c, *k)]) for c in range(channels) for k, p in pairs]
