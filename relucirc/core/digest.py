"""A digest of a question: of what it says, not of how some version of Python writes it down."""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import sympy
from flint import fmpq, fmpz

from relucirc.core.forms import Form

PLAIN = (bool, int, float, str, fmpq, fmpz, sympy.Basic, np.generic)
"""What is told by its text."""


def digest_of(data: Any) -> str:
    """Returns 32 hexadecimal digits that tell one question from another.

    Args:
        data: Dataclasses, mappings, sets, sequences, arrays, numbers, text, expressions of SymPy, None, in each other.

    Raises:
        TypeError: For anything else.

    Example:
        >>> digest_of([1, "a"]) == digest_of([1, "a"]), digest_of([1, "a"]) == digest_of(["1", "a"])
        (True, False)
    """
    found = hashlib.sha256()
    for word in _words(data):
        found.update(b"%d:" % len(word))
        found.update(word)
    return found.hexdigest()[:32]


def _words(data: Any) -> Any:
    """The parts of the data, each with its kind and how many parts follow."""
    kind = type(data).__name__.encode()
    if data is None or isinstance(data, PLAIN):
        yield kind
        yield (sympy.srepr(data) if isinstance(data, sympy.Basic) else str(data)).encode()
    elif isinstance(data, bytes):
        yield kind
        yield data
    elif isinstance(data, np.ndarray):
        yield f"{data.dtype.str} {data.shape}".encode()
        yield np.ascontiguousarray(data).tobytes()
    elif isinstance(data, Form):
        yield from _words((kind, sorted(data.terms.items()), data.const))
    elif is_dataclass(data):
        parts = [(field.name, getattr(data, field.name)) for field in fields(data) if field.compare]
        yield b"%s %d" % (kind, len(parts))
        for name, part in parts:
            yield name.encode()
            yield from _words(part)
    elif isinstance(data, Mapping):
        yield b"%s %d" % (kind, len(data))
        for key, part in data.items():
            yield from _words(key)
            yield from _words(part)
    elif isinstance(data, AbstractSet):
        yield b"%s %d" % (kind, len(data))
        yield from sorted(digest_of(part).encode() for part in data)
    elif isinstance(data, tuple | list):
        yield b"sequence %d" % len(data)
        for part in data:
            yield from _words(part)
    else:
        raise TypeError(f"a {type(data).__name__} has no digest")
