"""Answers about one cell, and how they fold into the certificate's tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.geometry.chart import Empty


@dataclass(frozen=True)
class Proved:
    """The sides are equal.

    Attributes:
        method: The method's name.
        evidence: Certificate data.
    """

    method: str
    evidence: dict


@dataclass(frozen=True)
class Refuted:
    """The sides differ at a point.

    Attributes:
        method: The method's name.
        point: Exact coordinates.
    """

    method: str
    point: tuple[fmpq, ...]


@dataclass(frozen=True)
class Split:
    """What is to be shown follows from the same on some parts.

    Attributes:
        evidence: Where the cell is split, as certificate data.
        parts: The parts, by their names in the certificate.
    """

    evidence: dict
    parts: Sequence[tuple[str, Any]]


Found = Proved | Refuted | None
"""What a method finds; None where it does not apply."""

Step = Proved | Empty | Split
"""What became of one cell."""


def folded(steps: Sequence[Step]) -> dict:
    """Folds what became of all cells, each followed by its parts, into one tree of certificate data.

    Example:
        >>> folded([Split({"split": {}}, [("positive", 1), ("rest", 2)]), Proved("a", {"a": []}), Proved("b", {})])
        {'split': {}, 'positive': {'a': []}, 'rest': {}}
    """
    root: dict = {}
    places: list[tuple[dict, str]] = [(root, "tree")]
    for step in steps:
        above, name = places.pop()
        node = above[name] = dict(step.evidence)
        if isinstance(step, Split):
            places += [(node, part) for part, _ in reversed(step.parts)]
    return root["tree"]
