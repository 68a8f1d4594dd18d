"""Which inputs a function has: given, its own, or its symbols as people count."""

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from relucirc.errors import FormulaError
from relucirc.formula import parse_formula
from relucirc.graph import Graph
from relucirc.names import default_names, natural, read_names
from relucirc.network import MLP


def names_of(f: Any, inputs: Sequence[str] | None = None) -> tuple[str, ...]:
    """Returns the names of a function's inputs, in order.

    Args:
        f: A formula, a list of them, text, a network, a graph or a JAX function.
        inputs: The names, where they are given.  By default a network's own, or the formula's symbols
            in natural order (x2 before x10); ``x`` for a formula without symbols.

    Raises:
        RelucircError: When text cannot be read, or f is a JAX function and no names are given.

    Example:
        >>> names_of("Max(x10, x2)")
        ('x2', 'x10')
    """
    if inputs is not None:
        return read_names(inputs)
    if isinstance(f, MLP | Graph):
        return f.inputs
    if isinstance(f, str):
        f = parse_formula(f)
    if isinstance(f, Callable) and not isinstance(f, sympy.Basic | type):
        raise FormulaError(
            "a JAX function does not name its inputs; pass inputs=('x1', 'x2', ...) to say them in order."
        )
    if isinstance(f, sympy.MatrixBase):
        f = f.flat()
    parts = list(f) if isinstance(f, list | tuple) else [f]
    parts = [parse_formula(part) if isinstance(part, str) else part for part in parts]
    names = {symbol.name for part in parts if isinstance(part, sympy.Basic) for symbol in part.free_symbols}
    return read_names(sorted(names, key=natural)) or default_names(1)
