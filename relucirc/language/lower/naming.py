"""Names for the inputs of a function, where what is said about it leaves one answer.

A model of another library takes as many inputs as its first layer, and they are ``x1, x2, ...`` as those of a network.
A function of several arguments names them itself.  One argument may be an array of any length; then the formula and
the domain say how many inputs there are, if they use the default names without a gap.
"""

import inspect
import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any

import sympy

from relucirc.core.names import FUNCTIONS, default_names
from relucirc.language.lower.from_model import library_of, model_of

_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*(?!\w|\s*\()")
_OUTPUT = re.compile(r"y\d*")
_WORDS = frozenset((*FUNCTIONS, *keyword.kwlist, "Infinity", "Integers", "ZZ", "inf", "integers", "null", "oo"))


def names_of_function(function: Any, *said: Any) -> tuple[str, ...] | None:
    """Returns the names of a function's inputs, in order; None where they are not clear.

    Args:
        function: A JAX function or a model.
        said: Formulas, relations and domains that name inputs.

    Example:
        >>> names_of_function(lambda a, b: a + b)
        ('a', 'b')
        >>> names_of_function(lambda x: x.sum(), "x1 + x3", "-1 <= x2 <= 1")
        ('x1', 'x2', 'x3')
    """
    used = {name for part in said for name in names_in(part)}
    model = model_of(function) if library_of(function) else None
    if model is not None and model.size is not None:
        names = default_names(model.size)
        return names if used <= set(names) else tuple(used) if len(used) == model.size == 1 else None
    arguments = _arguments(function)
    if arguments is not None and len(arguments) > 1:
        names = default_names(len(arguments))
        return arguments if used <= set(arguments) else names if used == set(names) else None
    if len(used) == 1:
        return tuple(used)
    return names if used and used == set(names := default_names(len(used))) else None


def names_in(value: Any) -> set[str]:
    """Returns the names of inputs that a formula, a relation or a domain uses."""
    if isinstance(value, str):
        return {name for name in _NAME.findall(value) if name not in _WORDS and not _OUTPUT.fullmatch(name)}
    if isinstance(value, sympy.Basic | sympy.MatrixBase):
        return {symbol.name for symbol in value.free_symbols if not _OUTPUT.fullmatch(symbol.name)}
    if isinstance(value, Mapping):
        return {getattr(key, "name", key) for key in value if isinstance(getattr(key, "name", key), str)}
    if isinstance(value, Iterable) and isinstance(value, list | tuple | set | frozenset):
        return {name for part in value for name in names_in(part)}
    return set()


def _arguments(function: Any) -> tuple[str, ...] | None:
    """The names of a function's arguments, if each has to be given."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if not all(p.kind in plain and p.default is inspect.Parameter.empty for p in parameters):
        return None
    return tuple(p.name for p in parameters)
