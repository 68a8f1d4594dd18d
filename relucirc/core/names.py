"""Names of inputs, and the one way from a name to its position.

Formulas and domains may be text, and text goes through Python's grammar, which normalises identifiers
(NFKC): the micro sign U+00B5 and the Greek letter U+03BC are one name there, and two names everywhere
else.  A name that the grammar would change could so be read as another input.  Therefore a name is an
identifier that the grammar leaves as it is, that no formula reads as something else (a keyword, a
function), and that stands once; :class:`~relucirc.core.graph.Graph` and :class:`~relucirc.language.network.MLP` hold
no others.
"""

import functools
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from relucirc.core.errors import NetworkError, shorten

FUNCTIONS = frozenset(
    {
        "Abs", "And", "Eq", "Heaviside", "Max", "Min", "Ne", "Not", "Or", "OrderStatistic", "Piecewise", "Rational",
        "ReLU", "abs", "clip", "max", "median", "min", "order_statistic", "relu", "sign",
    }
)  # fmt: skip
"""What formulas in text call; a symbol cannot be named so."""


def read_names(names: Any) -> tuple[str, ...]:
    """Reads the names of the inputs, in order.

    Args:
        names: Names, or SymPy symbols.

    Raises:
        NetworkError: When they are no list, one is no name, or one stands twice.

    Example:
        >>> read_names(["x1", "x2"])
        ('x1', 'x2')
    """
    if isinstance(names, str):
        split = tuple(names.replace(",", " ").split())
        raise NetworkError(f"expected a list of input names, got the text {quoted(names)}; write {split!a}.")
    if not isinstance(names, Iterable):
        raise NetworkError(f"expected a list of input names, got {shorten(names)}.")
    found = tuple(str(name) if getattr(name, "is_Symbol", False) is True else name for name in names)
    for name in found:
        if type(name) is not str:
            raise NetworkError(f"expected identifiers such as 'x1' as input names, got {shorten(repr(name))}.")
    positions(found)
    return found


@functools.lru_cache(maxsize=1024)
def positions(names: tuple[str, ...]) -> Mapping[str, int]:
    """Returns the position of every name.

    Raises:
        NetworkError: When one is no name, or stands twice.

    Example:
        >>> positions(("x1", "x2"))["x2"]
        1
    """
    for name in names:
        problem = _problem(name)
        if problem:
            raise NetworkError(problem)
    place = {name: i for i, name in enumerate(names)}
    if len(place) != len(names):
        raise NetworkError(f"expected unique input names, got {shorten(ascii(list(names)))}.")
    return MappingProxyType(place)


def shown(name: str) -> str:
    """Returns a name for a message: as it is, and escaped too where it is not plain ASCII, since looks deceive."""
    return name if name.isascii() and name.isprintable() else f"{name} ({quoted(name)})"


def quoted(name: str) -> str:
    """Returns a name in quotes, escaped where it is not plain ASCII."""
    return shorten(ascii(name))


def natural(name: str) -> list[tuple[int, int, str]]:
    """The key that sorts names as people count: x2 before x10."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), part) if i % 2 else (1, 0, part) for i, part in enumerate(parts)]


def _problem(name: str) -> str | None:
    """Says why something is no name of an input."""
    if not name.isidentifier():
        return f"expected identifiers such as 'x1' as input names, got {quoted(name)}."
    plain = unicodedata.normalize("NFKC", name)
    if plain != name:
        return (
            f"expected an input name that formulas read as it is, got {quoted(name)}, which they read as "
            f"{quoted(plain)}; write that."
        )
    if keyword.iskeyword(name) or name in FUNCTIONS:
        kind = "a function" if name in FUNCTIONS else "a keyword"
        return f"expected an input name that formulas can use, got {quoted(name)}, which is {kind} there; rename it."
    return None


def default_names(count: int) -> tuple[str, ...]:
    """Returns ``("x",)`` for one input and ``("x1", "x2", ...)`` for several."""
    return ("x",) if count == 1 else tuple(f"x{i + 1}" for i in range(count))
