"""Evidence as data: plain JSON, whose types are read exactly, since a subclass of int could compare as it likes."""

from collections.abc import Iterator
from typing import Any

from flint import fmpq, fmpz

from relucirc.checker.linear import UNIT, Linear, affine

COMMON = {str(value): fmpq(value) for value in range(-9, 10)}
"""Most numbers of certificates are among these."""


class Rejected(Exception):
    """The evidence does not prove the claim; the message says where it fails."""


def require(condition: bool, why: str) -> None:
    """Rejects unless the condition holds."""
    if not condition:
        raise Rejected(why)


def number(data: Any) -> fmpq:
    """Reads a rational written as text, in lowest terms."""
    require(type(data) is str and len(data) <= 100_000, "a number is not text")
    if data in COMMON:
        return COMMON[data]
    head, slash, tail = data.partition("/")
    digits = head[1:] if head.startswith("-") else head
    if not _is_digits(digits) or (slash and (not _is_digits(tail) or set(tail) == {"0"})):
        raise Rejected(f"not a rational: {data:.40}")
    return fmpq(fmpz(head), fmpz(tail or "1"))  # Python's int stops at 4,300 digits


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def form(data: Any, bound: int) -> Linear:
    """Reads a form over the variables below ``bound``."""
    require(type(data) is dict, "a form is not an object")
    result: Linear = {}
    for name, value in data.items():
        v = UNIT if name == "1" else variable(name, bound)
        require(v not in result, "a form names a variable twice")
        result[v] = number(value)
    return affine(result.items())


def variable(name: Any, bound: int) -> int:
    """Reads ``"v12"``."""
    if not (type(name) is str and len(name) < 12 and name[:1] == "v" and _is_digits(name[1:])):
        raise Rejected(f"not a variable: {name!r:.40}")
    v = int(name[1:])
    if v >= bound:
        raise Rejected(f"unknown variable {name}")
    return v


def index(data: Any, bound: int) -> int:
    """Reads an index below ``bound``."""
    require(type(data) is int and 0 <= data < bound, f"index out of range: {data!r:.40}")
    return data


def word(data: Any, options: tuple[str, ...], what: str) -> str:
    """Reads one of a few words."""
    require(type(data) is str and data in options, f"{what} is none of {', '.join(options)}")
    return data


def sequence(data: Any, what: str) -> list:
    """Reads a list."""
    require(type(data) is list, f"{what} is not a list")
    return data


class Lines:
    """A long list of a file, read as it is walked: once, and in the order in which the file has them."""

    def __init__(self, entries: Iterator[Any]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[Any]:
        return self._entries


def walked(data: Any, what: str) -> Iterator[Any]:
    """Reads a list that may be long, entry after entry."""
    require(type(data) in (list, Lines), f"{what} is not a list")
    return iter(data)


def pairs(data: Any, what: str) -> list:
    """Reads a list of pairs."""
    for item in sequence(data, what):
        require(type(item) is list and len(item) == 2, f"{what}: a pair is malformed")
    return data


def fields(data: Any, needed: set[str], allowed: set[str], what: str) -> dict:
    """Reads an object with exactly the fields that its kind has."""
    require(type(data) is dict, f"{what} is not an object")
    require(needed <= set(data) <= needed | allowed, f"{what} has the fields {sorted(map(str, data))!r:.200}")
    return data
