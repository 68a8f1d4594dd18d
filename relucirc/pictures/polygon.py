"""Convex polygons in pictures, by their corners in order."""

from collections.abc import Sequence
from itertools import pairwise

from relucirc.pictures.shapes import Point


def area(corners: Sequence[Point]) -> float:
    """Twice the area."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True)))


def middle(corners: Sequence[Point]) -> Point:
    """The centre of mass of a polygon's area."""
    total = x = y = 0.0
    x0, y0 = corners[0]
    for (x1, y1), (x2, y2) in pairwise(corners[1:]):
        weight = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        total += weight
        x += weight * (x0 + x1 + x2) / 3
        y += weight * (y0 + y1 + y2) / 3
    return (x / total, y / total) if total else corners[0]


def holds(corners: Sequence[Point], point: Point) -> bool:
    """Whether a convex polygon holds a point."""
    turns = [
        (x2 - x1) * (point[1] - y1) - (y2 - y1) * (point[0] - x1)
        for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True)
    ]
    return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)
