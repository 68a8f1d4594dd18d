"""The circles of a network: inputs, hidden neurons whole or cut in two by a point, outputs, and the ones of biases."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.pictures.numbers import Shown, name, number
from relucirc.pictures.shapes import Disc, Line, Point, Shape, Text, text_width

ARC = 24
"""Segments of half a circle."""
SMALL = 9.5
"""Radius of a bias node."""
BESIDE = 14
"""Letters of a name outside of its circle."""


@dataclass(frozen=True)
class Node:
    """A neuron as it is drawn.

    Attributes:
        role: ``"input"``, ``"hidden"`` or ``"output"``.
        name: ``"x1"``, ``"h1.2"``, ``"y"``.
        label: What a hidden one detects, if that has a sign.
        hover: All about it.
        at: The centre.
        radius: Of the circle.
        before: The pre-activation at the point, if there is one.
        after: The value there.
        faint: Whether nothing needs it.
        active: Whether it is a greaterness detector that is active at the point.
        below: Whether names stand below the circles rather than beside them.
    """

    role: str
    name: str
    label: str
    hover: str
    at: Point
    radius: float
    before: fmpq | None = None
    after: fmpq | None = None
    faint: bool = False
    active: bool = False
    below: bool = False


def fitted(text: str, room: float, most: float = 11.5, least: float = 6.5) -> float | None:
    """The size of letters at which a text fits; None where that is too small."""
    size = min(most, room / max(text_width(text, 1.0), 0.01))
    return size if size >= least else None


def drawn_node(node: Node) -> Iterator[Shape]:
    """The shapes of a neuron."""
    (x, y), r = node.at, node.radius
    opacity = 0.35 if node.faint else 1.0
    line = f"{node.role} line"
    edge: dict[str, Any] = {"stroke": "mark" if node.active else line, "width": 2.6 if node.active else 1.4}
    about: dict[str, Any] = {"hover": node.hover, "kind": "neuron", "name": node.name}
    if node.role != "hidden":
        yield Disc(x, y, r, fill=node.role, **edge, **about)
        if node.after is None:
            yield _inside(node, name(node.name, 8), "ink")
        else:
            yield _inside(node, number(node.after, 7), "ink")
            yield _beside(node, node.name, "ink")
        return
    if node.before is None or node.after is None:
        yield Disc(x, y, r, fill="hidden", opacity=opacity, **edge, **about)
        size = fitted(node.label, 1.86 * r, 11) if node.label else None
        if size is None:
            yield from hinge(node.at, r, opacity, node.name)
        else:
            yield Text(x, y, node.label, size, opacity=opacity, hover=node.hover, kind="label", name=node.name)
        return
    on = node.after > 0
    yield Disc(x, y, r, fill="on" if on else "hidden", opacity=opacity, **edge, **about)
    yield Line(arc(node.at, r - edge["width"] / 2), fill="below", opacity=opacity)
    yield Line(((x - r, y), (x + r, y)), stroke=edge["stroke"], width=1.0, opacity=opacity)
    for value, dy in ((node.after, -0.42 * r), (node.before, 0.42 * r)):
        yield _value(number(value, 6), x, y + dy, 1.62 * r, "ink" if on else "soft", node.name)
    if node.label:
        yield _beside(node, node.label, "soft")


def _inside(node: Node, shown: Shown, colour: str) -> Text:
    return _value(shown, *node.at, 1.8 * node.radius, colour, node.name)


def _value(shown: Shown, x: float, y: float, room: float, colour: str, owner: str) -> Text:
    size = fitted(shown.text, room, 11.5, 0.0) or 1.0
    return Text(x, y, shown.text, size, fill=colour, hover=shown.whole, kind="value", name=owner)


def beside(text: str) -> str:
    """A name as it is written outside of a circle."""
    return name(text, BESIDE).text


def _beside(node: Node, text: str, colour: str) -> Text:
    """A name outside of the circle, where no lines are."""
    (x, y), r = node.at, node.radius
    shown = name(text, BESIDE)
    look: dict[str, Any] = {"halo": "paper", "fill": colour, "hover": shown.whole, "kind": "name"}
    if node.below:
        return Text(x, y + r + 9, shown.text, 10.5, **look)
    if node.role == "hidden":
        return Text(x + r + 3, y, shown.text, 10.5, "start", **look)
    return Text(x, y + (r + 9) * (1 if node.role == "input" else -1), shown.text, 10.5, **look)


def hinge(at: Point, r: float, opacity: float = 1.0, name: str = "") -> Iterator[Line]:
    """The graph of relu, small: flat, then up."""
    x, y = at
    points = (x - 0.5 * r, y + 0.25 * r), (x, y + 0.25 * r), (x + 0.45 * r, y - 0.38 * r)
    yield Line(points, stroke="ink", width=1.6, opacity=opacity, kind="hinge", name=name)


def arc(at: Point, r: float) -> tuple[Point, ...]:
    """The lower half of a circle."""
    x, y = at
    return tuple((x + r * math.cos(math.pi * k / ARC), y + r * math.sin(math.pi * k / ARC)) for k in range(ARC + 1))


def bias_node(at: Point, layer: int) -> Iterator[Shape]:
    """The constant 1 that biases are weights of."""
    yield Disc(
        *at, SMALL, fill="paper", stroke="soft", width=1.2, hover="the constant 1", kind="one", name=f"one {layer}"
    )
    yield Text(*at, "1", 10.5, fill="soft", kind="constant")
