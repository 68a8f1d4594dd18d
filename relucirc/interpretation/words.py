"""Numbers and rows in the sentences that say what snapping did."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from relucirc.interpretation.rounding import Rounded, rationals


def number(value: float) -> str:
    """Writes a float for people; one that is near an integer in full."""
    return f"{value:.5g}" if value == round(value, 4) or f"{value:.5g}" != f"{round(value)}" else repr(value)


def vector(values: Sequence[Any]) -> str:
    """Writes a row for people."""
    shown = [number(v) if isinstance(v, float) else str(v) for v in values]
    return f"({', '.join(shown if len(shown) <= 12 else [*shown[:12], '...'])})"


def row_moves(before: tuple[np.ndarray, np.ndarray], after: Rounded, seed: int) -> list[str]:
    """Says which numbers of an output layer became which."""
    told = []
    rows = np.concatenate([before[0][seed], before[1][seed][:, None]], axis=1)
    made = np.concatenate([after.weight[seed], after.bias[seed][:, None]], axis=1)
    for i, j in np.argwhere(rows != made).tolist():
        what = "bias" if j == rows.shape[1] - 1 else f"weight {j + 1}"
        became = rationals(made[i, j : j + 1])[0]
        told.append(f"output {i + 1}, {what}: {number(float(rows[i, j]))} becomes {became}.")
    return told
