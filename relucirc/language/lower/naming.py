"""Which inputs a function has: given, its own, or its symbols as people count."""

from collections.abc import Sequence
from typing import Any

from relucirc.core.errors import FormulaError
from relucirc.core.graph import Graph
from relucirc.core.names import default_names, natural, read_names
from relucirc.core.trees import symbols_of
from relucirc.language.lower.from_formula import read_expressions
from relucirc.language.network import MLP


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
    expressions = read_expressions(f)
    if expressions is None:
        raise FormulaError(
            "a JAX function does not name its inputs; pass inputs=('x1', 'x2', ...) to say them in order."
        )
    return read_names(sorted({symbol.name for symbol in symbols_of(expressions)}, key=natural)) or default_names(1)
