"""The named functions of the experiments: the original's six, and beyond."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Function:
    """What a network is trained on.

    Attributes:
        formula: The target as text.
        sizes: Widths of the network: the smallest that holds a known circuit.
        bias: Whether the circuit needs biases.
        domain: Where points are drawn; None for [-1, 1]^n.
        steps: Steps, where the function wants others than the regimen's.
    """

    formula: str
    sizes: tuple[int, ...]
    bias: bool = False
    domain: Any = None
    steps: int | None = None


ORIGINAL_SIX = ("identity", "negative_identity", "absolute", "addition", "subtraction", "minimum")
"""What the original derived by hand and trained."""

FUNCTIONS: dict[str, Function] = {
    "identity": Function("x", (1, 2, 1)),
    "negative_identity": Function("-x", (1, 2, 1)),
    "absolute": Function("Abs(x)", (1, 2, 1)),
    "addition": Function("x1 + x2", (2, 2, 1)),
    "subtraction": Function("x1 - x2", (2, 2, 1)),
    "minimum": Function("Min(x1, x2)", (2, 3, 1)),
    "maximum": Function("Max(x1, x2)", (2, 3, 1)),
    "distance": Function("Abs(x1 - x2)", (2, 2, 1)),
    "clip": Function("clip(x, -1/2, 1/2)", (1, 2, 1), bias=True),
    "hat": Function("Max(0, 1/2 - Abs(x))", (1, 3, 1), bias=True),
    "maximum3": Function("Max(x1, x2, x3)", (3, 5, 3, 1)),
    "median3": Function("median(x1, x2, x3)", (3, 6, 4, 1)),
    "maximum4": Function("Max(x1, x2, x3, x4)", (4, 6, 3, 1)),
}
"""Name -> function."""
