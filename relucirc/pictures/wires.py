"""The lines of a network: one for every weight that is not zero, and its number beside it where there is room.

A number never lies on another, nor on a circle; among the places that are left it takes the one that the fewest
lines cross, and of these one that has the fewest lines and numbers near it, so that it is clear whose it is.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.core.exact import approximate
from relucirc.pictures.numbers import MINUS, number
from relucirc.pictures.shapes import Bounds, Line, Point, Shape, Text, crosses, overlap, text_width

CROWDED = 12
"""Number of lines between two layers from which on weights of 1 and -1 get no number."""
MOST_NUMBERS = 24
"""Most numbers between two layers."""
SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.22, 0.78, 0.38, 0.62, 0.46, 0.54, 0.3, 0.7, 0.18, 0.82)
SIZE = 11.0
NEAR = 6.0
"""Pixels around a number in which another line or number could be taken for its own."""


@dataclass(frozen=True)
class Wire:
    """A weight: from where to where, whether it stands out, and whether it steps back."""

    source: str
    target: str
    start: Point
    end: Point
    weight: object
    largest: fmpq
    bias: bool = False
    bold: bool = False
    pale: bool = False

    @property
    def size(self) -> float:
        """The weight's absolute value, of the largest between the two layers."""
        if not isinstance(self.weight, fmpq) or not self.largest:
            return 0.5
        return approximate(abs(self.weight) / self.largest)


def is_negative(weight: object) -> bool:
    """The sign of a number, or of an expression in positive symbols."""
    return weight < 0 if isinstance(weight, fmpq) else bool(weight.is_negative)  # type: ignore[attr-defined]


def drawn_wires(wires: Sequence[Wire], radius: float, ends: Sequence[float]) -> Iterator[Line]:
    """The lines, the thin ones first."""
    dense = 1.0 if len(wires) <= 60 else 0.75
    for wire, r in sorted(zip(wires, ends, strict=True), key=lambda pair: (pair[0].bold, pair[0].size)):
        start, end = trimmed(wire.start, wire.end, r, radius)
        negative = is_negative(wire.weight)
        thick = (0.8 + 2.0 * wire.size) * dense + (1.6 if wire.bold else 0)
        opacity = 0.25 if wire.pale else 1.0 if wire.bold or dense == 1 else round(0.3 + 0.7 * wire.size, 2)
        yield Line(
            (start, end),
            stroke="minus" if negative else "plus",
            width=thick,
            dash=negative,
            opacity=opacity,
            hover=f"{wire.source} → {wire.target}: {_exact(wire.weight)}",
            kind="bias" if wire.bias else "weight",
            name=f"{wire.source} {wire.target}",
        )


def trimmed(start: Point, end: Point, r: float, s: float) -> tuple[Point, Point]:
    """The part of a segment that is outside of circles around its ends."""
    (x1, y1), (x2, y2) = start, end
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    return (x1 + r * ux, y1 + r * uy), (x2 - s * ux, y2 - s * uy)


def _exact(weight: object) -> str:
    return str(weight).replace("-", MINUS)


def numbers_on(wires: Sequence[Wire], taken: list[Bounds]) -> tuple[list[Shape], bool]:
    """The numbers of weights, and whether all that are wanted found a place; ``taken`` grows by theirs."""
    plain = {"1", f"{MINUS}1"} if len(wires) >= CROWDED else set()
    wanted = [(wire, number(wire.weight)) for wire in wires]
    wanted = [(wire, shown) for wire, shown in wanted if shown.text not in plain]
    if len(wanted) > MOST_NUMBERS:
        return [], True
    placed: list[Shape] = []
    complete = True
    for wire, shown in sorted(wanted, key=lambda pair: abs(pair[0].end[0] - pair[0].start[0])):
        half_w, half_h = text_width(shown.text, SIZE) / 2 + 1.5, 0.55 * SIZE
        best: tuple[tuple[int, int], Bounds, Point] | None = None
        for share in SHARES:
            x = wire.start[0] + share * (wire.end[0] - wire.start[0])
            y = wire.start[1] + share * (wire.end[1] - wire.start[1])
            box = x - half_w, y - half_h, x + half_w, y + half_h
            if any(overlap(box, other) for other in taken):
                continue
            others = [other for other in wires if other is not wire]
            near = box[0] - NEAR, box[1] - NEAR, box[2] + NEAR, box[3] + NEAR
            crossed = sum(crosses(other.start, other.end, box) for other in others)
            beside = sum(crosses(other.start, other.end, near) for other in others)
            cost = crossed, beside + sum(overlap(near, other) for other in taken)
            if best is None or cost < best[0]:
                best = cost, box, (x, y)
        if best is None:
            complete = False
            continue
        taken.append(best[1])
        colour = "minus" if is_negative(wire.weight) else "plus"
        about: dict[str, Any] = {"hover": shown.whole, "kind": "number", "name": f"{wire.source} {wire.target}"}
        placed.append(Text(*best[2], shown.text, SIZE, halo="paper", fill=colour, **about))
    return placed, complete
