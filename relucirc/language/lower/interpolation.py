"""Means along an axis with exact weights, as an interpolation takes them."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.language.lower.jaxpr.limits import bounded

MAX_WHOLE = 1 << 53


def weighted(x: Any, axis: int, rows: Sequence[dict[int, Fraction]]) -> Any:
    """Returns means along an axis: sums with whole weights, divided by a common denominator.

    Where the whole numbers have more than 53 bits, the weights are rounded to doubles.
    """
    bounded([len(rows), x.shape[axis]])
    matrix, divisors = np.zeros((len(rows), x.shape[axis])), np.ones(len(rows))
    for y, row in enumerate(rows):
        common = math.lcm(*(w.denominator for w in row.values()))
        if common * max(map(abs, row.values()), default=Fraction(0)) >= MAX_WHOLE or common >= MAX_WHOLE:
            common = 1
        divisors[y] = common
        for k, w in row.items():
            matrix[y, k] = float(w * common)
    total = jnp.tensordot(matrix, x.astype(np.float64), axes=(1, axis))
    if (divisors != 1).any():
        total = total / divisors.reshape(-1, *[1] * (x.ndim - 1))
    return jnp.moveaxis(total, 0, axis)
