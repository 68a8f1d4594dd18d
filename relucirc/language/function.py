"""Reading a function that is asked about alone: its graph, and which inputs it has."""

from collections.abc import Sequence
from typing import Any

from relucirc.core.errors import FormulaError
from relucirc.core.graph import Graph
from relucirc.core.names import default_names, natural, read_names
from relucirc.core.trees import symbols_of
from relucirc.language.formula import no_number
from relucirc.language.lower.from_family import resolve_family
from relucirc.language.lower.from_formula import graph_of_formula, read_expressions
from relucirc.language.lower.from_model import library_of
from relucirc.language.lower.naming import names_of_function
from relucirc.language.network import MLP


def read_function(f: Any, inputs: Sequence[str] | None = None) -> Graph:
    """Returns the graph of a function; of a symbolic family, that of the function which all its members compute.

    Args:
        f: A formula, a list of them, text, a network, a graph or a JAX function.
        inputs: Names of the inputs, in order; see :func:`names_of`.

    Raises:
        RelucircError: When it cannot be read, or is a JAX function and no names are given.
    """
    names = names_of(f, inputs)
    return graph_of_formula(resolve_family(f)[0] if isinstance(f, MLP) and f.symbols else f, names)


def names_of(f: Any, inputs: Sequence[str] | None = None) -> tuple[str, ...]:
    """Returns the names of a function's inputs, in order.

    Args:
        f: A formula, a list of them, text, a network, a graph or a JAX function.
        inputs: The names, where they are given.  By default a network's own, or the formula's symbols
            in natural order (x2 before x10); ``x`` for a formula without symbols.

    Raises:
        RelucircError: When text cannot be read, or f is a JAX function whose names are neither given nor clear.

    Example:
        >>> names_of("Max(x10, x2)")
        ('x2', 'x10')
    """
    if inputs is not None:
        return read_names(inputs)
    if isinstance(f, MLP | Graph):
        return f.inputs
    if library_of(f) is not None and (names := names_of_function(f)) is not None:
        return names
    expressions = read_expressions(f)
    if expressions is None:
        raise FormulaError(
            "a JAX function does not name its inputs; pass inputs=('x1', 'x2', ...) to say them in order."
        )
    found = sorted({symbol.name for symbol in symbols_of(expressions)}, key=natural)
    said = no_number(found)
    if said is not None:
        raise FormulaError(said)
    return read_names(found) or default_names(1)
