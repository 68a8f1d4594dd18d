"""Certificates in files that are read in bounded memory: see :mod:`relucirc.checker.lines` for the format."""

import gzip
import io
import json
import os
from collections.abc import Iterator
from typing import Any

from relucirc.core.answer import Answer
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.writing import replacing

LONG = 100
"""Trees of bounding that have more nodes have a line for each."""


def save_certificate(answer: Any, path: str | os.PathLike[str]) -> int:
    """Writes a certificate to a file that :func:`relucirc.check` reads, given its path, without holding all of it.

    Args:
        answer: An answer that has a certificate, or the certificate itself.
        path: The file; compressed by gzip if its name ends with ``.gz``.

    Returns:
        The file's size in bytes.

    Raises:
        RelucircError: Without a certificate, and when the file cannot be written.

    Example:
        >>> import pathlib, relucirc, tempfile
        >>> net = relucirc.circuits.minimum()
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "bounds.json.gz"
        >>> size = save_certificate(relucirc.bounds(net, "x1 <= 1"), path)
        >>> print(relucirc.check(net, None, path, "x1 <= 1"))
        accepted: the bounds hold, the points attain them, and the outputs grow along their rays.
    """
    certificate = answer.certificate if isinstance(answer, Answer) else answer
    if type(certificate) is not dict:
        raise RelucircError(f"expected an answer with a certificate, or a certificate, got {shorten(answer)}.")
    with replacing(path) as place, place.open("wb") as file:
        if os.fsdecode(path).lower().endswith(".gz"):
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                _write(certificate, packed)
        else:
            _write(certificate, file)
    return os.path.getsize(path) if os.path.isfile(path) else 0


def _write(certificate: dict, file: Any) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
    lists: list[list] = []
    text.write(json.dumps(_outline(certificate, lists)) + "\n")
    for entry in (entry for long in lists for entry in long):
        text.write(json.dumps(entry) + "\n")
    text.flush()
    text.detach()


def _outline(data: Any, lists: list[list]) -> Any:
    """The data with the length of each long tree in its place, and these trees in order."""
    if type(data) is dict:
        return {key: list(_trees(v, lists)) if key == "bounding" else _outline(v, lists) for key, v in data.items()}
    return [_outline(entry, lists) for entry in data] if type(data) is list and _has_objects(data) else data


def _has_objects(data: list) -> bool:
    return any(type(entry) in (dict, list) for entry in data)


def _trees(trees: list, lists: list[list]) -> Iterator[Any]:
    for tree in trees:
        if len(tree) <= LONG:
            yield tree
        else:
            lists.append(tree)
            yield {"lines": len(tree)}
