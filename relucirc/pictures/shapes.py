"""What pictures consist of: a few shapes on a plane, with colours by their role.

Coordinates are pixels, y downwards; in a chart they are numbers of the user's own, until it is laid out.  What is
drawn, as SVG, as TikZ or by matplotlib, is written in one place each, and knows of nothing but these shapes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

Point = tuple[float, float]
Bounds = tuple[float, float, float, float]
"""Left, top, right, bottom."""

WIDE, NARROW, CAPITAL = set("mwMW%@≈≤≥→−+=<>~—"), set("iljft.,;:'|!()[] /I-r\"·"), set("ABCDEFGHJKLNOPQRSTUVXYZ&")
BOLD = 1.17
"""How much wider bold letters are."""


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line of text is at most, in the letters that browsers and matplotlib take.

    Example:
        >>> text_width("x1", 10) < text_width("x10", 10) < text_width("x1 > x2", 10)
        True
    """
    kinds = (0.9 if c in WIDE else 0.42 if c in NARROW else 0.76 if c in CAPITAL else 0.645 for c in text)
    return size * sum(kinds) * (BOLD if bold else 1.0)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What all shapes have; colours are names of roles, see :mod:`relucirc.pictures.palette`.

    Attributes:
        fill: Colour of the inside; None for none.
        stroke: Colour of the outline.
        width: Its width, in pixels.
        dash: Whether it is dashed.
        opacity: From 0 to 1.
        hover: What is shown when the pointer rests on it.
        kind: What it stands for, such as ``"neuron"``: the class of the SVG element.
        name: Which one, such as ``"h1.2"``.
    """

    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    dash: bool = False
    opacity: float = 1.0
    hover: str = ""
    kind: str = ""
    name: str = ""


@dataclass(frozen=True)
class Line(Shape):
    """A line through points, closed where it has a fill."""

    points: tuple[Point, ...]


@dataclass(frozen=True)
class Disc(Shape):
    """A circle; its radius is in pixels, in charts too."""

    x: float
    y: float
    r: float


@dataclass(frozen=True)
class Rect(Shape):
    """A rectangle, with round corners where ``round`` is not 0."""

    x: float
    y: float
    w: float
    h: float
    round: float = 0.0

    @property
    def bounds(self) -> Bounds:
        """Its corners."""
        return self.x, self.y, self.x + self.w, self.y + self.h


@dataclass(frozen=True)
class Text(Shape):
    """One line of text, its middle at the height ``y``; ``dx`` and ``dy`` move it, in pixels, in charts too."""

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: str = "middle"
    bold: bool = False
    halo: str | None = None
    dx: float = 0.0
    dy: float = 0.0
    fill: str | None = field(default="ink", kw_only=True)

    @property
    def bounds(self) -> Bounds:
        """The box that it stands in."""
        width, x, y = text_width(self.text, self.size, bold=self.bold), self.x + self.dx, self.y + self.dy
        left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * width
        return left, y - 0.58 * self.size, left + width, y + 0.58 * self.size


@dataclass(frozen=True)
class Scene:
    """A picture: its size, its shapes from back to front, and what it says to those who cannot see it."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    title: str
    about: str = field(default="")


def overlap(a: Bounds, b: Bounds) -> bool:
    """Whether two boxes have inner points in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def crosses(start: Point, end: Point, box: Bounds) -> bool:
    """Whether a segment meets a box: what is left of it between the four sides, one after the other."""
    low, high = 0.0, 1.0
    for a, b, least, most in ((start[0], end[0], box[0], box[2]), (start[1], end[1], box[1], box[3])):
        if a == b:
            if not least < a < most:
                return False
            continue
        t, u = sorted(((least - a) / (b - a), (most - a) / (b - a)))
        low, high = max(low, t), min(high, u)
    return low < high


def bounds_of(shape: Shape) -> Bounds:
    """The box around a shape, with half of its outline."""
    if isinstance(shape, Line):
        xs, ys = zip(*shape.points, strict=True)
        box = min(xs), min(ys), max(xs), max(ys)
    elif isinstance(shape, Disc):
        box = shape.x - shape.r, shape.y - shape.r, shape.x + shape.r, shape.y + shape.r
    else:
        assert isinstance(shape, Rect | Text)
        box = shape.bounds
    pen = shape.width / 2 if shape.stroke else 0.0
    return box[0] - pen, box[1] - pen, box[2] + pen, box[3] + pen


def fitting(shapes: Iterable[Shape], title: str, about: str = "", margin: float = 10.0) -> Scene:
    """A scene that is as large as its shapes, and a margin."""
    shapes = list(shapes)
    lefts, tops, rights, bottoms = zip(*map(bounds_of, shapes), strict=True)
    dx, dy = margin - min(lefts), margin - min(tops)
    size = math.ceil(max(rights) + dx + margin), math.ceil(max(bottoms) + dy + margin)
    return Scene(*size, tuple(moved(shape, dx, dy) for shape in shapes), title, about)


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """The same shape elsewhere."""
    if isinstance(shape, Line):
        return replace(shape, points=tuple((x + dx, y + dy) for x, y in shape.points))
    assert isinstance(shape, Disc | Rect | Text)
    return replace(shape, x=shape.x + dx, y=shape.y + dy)
