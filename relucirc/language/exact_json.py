"""JSON without rounding: a number with a fraction or an exponent stays text, and no key stands twice.

JSON does not say whether 0.1 means one tenth or the nearest float; so where a number is expected, such text is refused
with the advice to quote it: ``"0.1"`` is one tenth.
"""

import json
from typing import Any

from flint import fmpz

from relucirc.core.errors import FileError, NetworkError, RelucircError, shorten


class Inexact(str):
    """The text of a JSON number that is refused where it stands: 0.5, 1e3, NaN, Infinity."""

    __slots__ = ()


def read_json(text: str) -> Any:
    """Reads JSON; numbers are integers or :class:`Inexact`.

    Raises:
        json.JSONDecodeError: For what is no JSON.
        FileError: For a key that stands twice, and for what nests too deeply.

    Example:
        >>> read_json('[1, 0.5, "0.5"]')
        [1, '0.5', '0.5']
        >>> type(read_json("0.5")).__name__
        'Inexact'
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_float=Inexact, parse_constant=Inexact, parse_int=_integer
        )
    except RecursionError:
        raise FileError("the JSON is nested too deeply.") from None


def refusal(entry: Any, where: str) -> RelucircError:
    """The error for a value that should be an exact number."""
    if not isinstance(entry, Inexact):
        return FileError(f'{where}: expected a number as text, such as "1/2", or an integer, got {written(entry)}.')
    if entry.lstrip("-")[:1].isdigit():
        shown = shorten(entry)
        return FileError(f'{where}: the JSON number {shown} may be rounded; quote it, as "{shown}", to mean just that.')
    return NetworkError(f"{where}: expected a finite number, got {entry}.")


def written(value: Any) -> str:
    """How a wrong JSON value appears in a message."""
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    return f"an object with {len(value)} keys" if isinstance(value, dict) else shorten(json.dumps(value, default=str))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FileError(f"expected every key once, got {shorten(key)!r} twice in one object.")
        found[key] = value
    return found


def _integer(digits: str) -> Any:
    """Python's own ``int`` stops at 4,300 digits; the longest are refused as text is."""
    return int(digits) if len(digits) < 4000 else int(fmpz(digits)) if len(digits) < 20_000 else Inexact(digits)
