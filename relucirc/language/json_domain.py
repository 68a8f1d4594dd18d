"""Domains in JSON: bounds by name, ``{"x1": [0, "1/3"], "x2": [null, 3]}``, or a list of conditions.

Numbers are exact, as in files of networks: an integer, or text.  Text always names its inputs, so that no certificate
may choose which is which; bounds in order are no text.
"""

import json
import os
from typing import Any

from relucirc.core.errors import DomainError, RelucircError, shorten
from relucirc.language.exact_json import Inexact, read_json, refusal
from relucirc.language.syntax import MAX_LENGTH


def json_file(path: Any) -> str:
    """Reads the text of a JSON file that has a domain.

    Raises:
        DomainError: When it cannot be read, or is no text.
    """
    name = os.fsdecode(path)
    try:
        with open(name, "rb") as file:
            data = file.read(MAX_LENGTH + 1)
        found = data.decode("utf-8-sig")
    except OSError as error:
        raise DomainError(f"domain: {name}: cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise DomainError(f"domain: {name}: expected JSON text in UTF-8, got other bytes.") from None
    if len(data) > MAX_LENGTH or found.strip()[:1] not in ("{", "["):
        raise DomainError(
            f'domain: {name}: expected JSON such as {{"x1": [0, 1]}}, of at most {MAX_LENGTH} bytes, got '
            f"{shorten(found.strip())!r}."
        )
    return found


def json_domain(text: str) -> Any:
    """The data of a domain in JSON, such as ``{"x1": [0, "1/3"]}``; None for conditions, ``[x1 >= 0]`` too.

    Raises:
        DomainError: For JSON that is broken, or has numbers that may be rounded.

    Example:
        >>> json_domain('{"x1": [0, "1/3"]}')
        {'x1': [0, '1/3']}
    """
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        data = read_json(text)
        _refuse_rounded(data)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("["):
            return None
        raise DomainError(
            f'domain: expected JSON such as {{"x1": [0, "1/3"], "x2": [null, 3]}}, got an error at line '
            f"{error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except RelucircError as error:
        raise DomainError(f"domain: {error}") from None
    if isinstance(data, list) and not all(isinstance(part, str) for part in data):
        raise DomainError(
            f'domain: expected bounds that name their inputs, such as {{"x1": [0, 1]}}, or a list of conditions as '
            f"text, got {shorten(data)}."
        )
    return data


def _refuse_rounded(data: Any, where: str = "JSON") -> None:
    """Refuses what is no exact bound: numbers with a fraction, true and false."""
    if isinstance(data, list | dict):
        for key, part in data.items() if isinstance(data, dict) else enumerate(data):
            _refuse_rounded(part, f"{where}[{key!r}]")
    elif isinstance(data, bool | Inexact):
        raise refusal(data, where)
