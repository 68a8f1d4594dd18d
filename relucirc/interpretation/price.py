"""The one price of a formula: how many operations it has, and then how much there is to read in it."""

from dataclasses import dataclass
from typing import Any

import sympy

from relucirc.core.trees import parts_of

COUNTED = 5_000
"""Numbers, names and operations, shared parts counted wherever they stand, up to which SymPy counts operations."""


@dataclass(frozen=True, order=True)
class Price:
    """What a formula costs; compared by operations first.

    Attributes:
        operations: As ``sympy.count_ops`` counts them, of all outputs together; in a formula of more than 5,000
            parts, all its parts.
        length: Its digits, and its names, each of which counts as one.
    """

    operations: int
    length: int

    def __str__(self) -> str:
        return f"{self.operations} operation{'' if self.operations == 1 else 's'}, length {self.length}"


def price_of(formula: Any) -> Price:
    """Prices a formula, or a list of them, one for each output.

    Example:
        >>> import sympy
        >>> x1, x2 = sympy.symbols("x1 x2")
        >>> price_of(sympy.Min(x1, x2)) < price_of(x1 - sympy.Max(0, x1 - x2)) < price_of(2 * sympy.Max(x1, x2 / 3) + 1)
        True
    """
    roots = list(formula) if isinstance(formula, list | tuple) else [sympy.sympify(formula)]
    parts: dict[sympy.Basic, int] = {}
    lengths: dict[sympy.Basic, int] = {}
    for part in parts_of(roots):
        parts[part] = 1 + sum(parts[a] for a in part.args)
        lengths[part] = _length(part) + sum(lengths[a] for a in part.args)
    size = sum(parts[root] for root in roots)
    operations = sum(int(sympy.count_ops(root)) for root in roots) if size <= COUNTED else size
    return Price(operations, sum(lengths[root] for root in roots))


def _length(part: sympy.Basic) -> int:
    if isinstance(part, sympy.Mul) and part.args[0] == -1:
        return -1  # a sign is no digit
    if isinstance(part, sympy.Rational):
        return sum(len(str(abs(n))) for n in (int(part.p), int(part.q)) if n != 1) or 1
    return int(isinstance(part, sympy.Symbol))
