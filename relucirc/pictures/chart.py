"""Charts: shapes in the coordinates of the data, with axes; laid out as a scene, or painted on matplotlib's axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from relucirc.core.errors import RelucircError
from relucirc.pictures.drawing import Drawing
from relucirc.pictures.numbers import MINUS, name
from relucirc.pictures.painting import paint, require_matplotlib
from relucirc.pictures.palette import colours
from relucirc.pictures.shapes import (
    Bounds,
    Disc,
    Line,
    Point,
    Rect,
    Scene,
    Shape,
    Text,
    bounds_of,
    crosses,
    fitting,
    overlap,
    text_width,
)

WIDTH, HEIGHT = 500.0, 340.0
ROW, LETTERS = 17.0, 11.0
TICKS = 6
LONGEST = 74
"""Longest line of a legend, in characters."""
FAR, CLOSE = 1e100, 1e-12
"""Largest number on an axis, and the least share of it that an axis is long."""


@dataclass(frozen=True)
class Key:
    """A line of a legend: a colour, as an area or as a line; or a mark of its own."""

    colour: str
    text: str
    line: bool = False
    dash: bool = False
    hover: str = ""


def require_span(low: float, high: float) -> None:
    """Refuses an axis whose numbers floats do not hold, or do not tell apart.

    Raises:
        RelucircError: When it is one.
    """
    most = max(abs(low), abs(high))
    if not (most <= FAR and high - low >= max(1 / FAR, CLOSE * most)):
        raise RelucircError(
            f"expected an axis to draw of numbers up to {FAR:g} that floats tell apart, got one from {low:g} to "
            f"{high:g}; take another part."
        )


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes:
        title: What it is called.
        x, y: Names of the axes.
        window: Left, bottom, right and top, in the data's coordinates.
        marks: Shapes in these coordinates; sizes of discs and letters in pixels.
        keys: The legend.
        equal: Whether both axes have one scale.
        log: Whether the vertical axis is logarithmic.
        about: The chart in words.
    """

    title: str
    x: str
    y: str
    window: tuple[float, float, float, float]
    marks: tuple[Shape, ...]
    keys: tuple[Key, ...] = ()
    equal: bool = False
    log: bool = False
    about: str = ""

    def __post_init__(self) -> None:
        left, bottom, right, top = self.window
        require_span(left, right)
        if not self.log:
            require_span(bottom, top)

    @property
    def size(self) -> Point:
        """Width and height of the frame, in pixels."""
        left, bottom, right, top = self.window
        if not self.equal:
            return WIDTH, HEIGHT
        ratio = (top - bottom) / (right - left)
        return (WIDTH * min(1.0, 0.9 / ratio), min(0.9 * WIDTH, WIDTH * ratio))

    def pixel(self, point: Point) -> Point:
        """Where a point of the data lies in the frame."""
        left, bottom, right, top = self.window
        x, y = point
        if self.log:
            bottom, top, y = math.log10(bottom), math.log10(top), math.log10(y)
        width, height = self.size
        return (x - left) / (right - left) * width, (top - y) / (top - bottom) * height

    def placed(self, shape: Shape) -> Shape:
        """A shape in pixels of the frame."""
        if isinstance(shape, Line):
            return replace(shape, points=tuple(map(self.pixel, shape.points)))
        if isinstance(shape, Rect):
            (x1, y1), (x2, y2) = self.pixel((shape.x, shape.y)), self.pixel((shape.x + shape.w, shape.y + shape.h))
            return replace(shape, x=x1, y=min(y1, y2), w=x2 - x1, h=abs(y2 - y1))
        assert isinstance(shape, Disc | Text)
        x, y = self.pixel((shape.x, shape.y))
        return replace(shape, x=x, y=y)

    def scene(self) -> Scene:
        """Lays the chart out, with axes and legend."""
        width, height = self.size
        left, bottom, right, top = self.window
        back: list[Shape] = []
        front: list[Shape] = [Rect(0, 0, width, height, stroke="soft")]
        for value, shown in ticks(left, right):
            x, _ = self.pixel((value, top))
            back.append(Line(((x, 0), (x, height)), stroke="grid"))
            front.append(Text(x, height + 14, shown, LETTERS, fill="soft", kind="tick"))
        labels = decades(bottom, top) if self.log else ticks(bottom, top)
        for value, shown in labels:
            _, y = self.pixel((left, value))
            back.append(Line(((0, y), (width, y)), stroke="grid"))
            front.append(Text(-7, y, shown, LETTERS, "end", fill="soft", kind="tick"))
        widest = max((text_width(shown, LETTERS) for _, shown in labels), default=0.0)
        front.append(Text(width / 2, height + 32, self.x, LETTERS + 1, kind="axis"))
        front.append(Text(-7 - widest, -16, self.y, LETTERS + 1, "start", kind="axis"))
        marks = [self.placed(mark) for mark in self.marks]
        return fitting([*back, *marks, *front, *self._legend(height + 55)], self.title, self.about)

    def _legend(self, y: float) -> list[Shape]:
        """Lines of the legend below the frame, in two columns where they are short."""
        shown = [name(key.text, LONGEST) for key in self.keys]
        half = self.size[0] / 2
        columns = 2 if all(text_width(s.text, LETTERS) < half - 34 for s in shown) and len(shown) > 2 else 1
        rows = math.ceil(len(shown) / columns)
        found: list[Shape] = []
        for k, (key, text) in enumerate(zip(self.keys, shown, strict=True)):
            x, top = half * (k // rows), y + ROW * (k % rows)
            if key.line:
                found.append(Line(((x, top), (x + 20, top)), stroke=key.colour, width=2.2, dash=key.dash))
            else:
                found.append(Rect(x, top - 6, 20, 12, fill=key.colour, stroke="soft", width=0.8))
            found.append(Text(x + 27, top, text.text, LETTERS, "start", hover=key.hover or text.whole, kind="key"))
        return found

    def plot(self, axes: Any = None, theme: str = "light") -> Any:
        """Paints the chart on matplotlib axes; on new ones by default.

        Raises:
            RelucircError: When matplotlib is not installed.
        """
        mpl = require_matplotlib("a chart on axes")
        if axes is None:
            axes = mpl.figure.Figure(layout="constrained").add_subplot()
        chosen = colours(theme)
        left, bottom, right, top = self.window
        paint(axes, self.marks, chosen)
        if self.log:
            axes.set_yscale("log")
        axes.set(xlim=(left, right), ylim=(bottom, top), xlabel=self.x, ylabel=self.y)
        if self.equal:
            axes.set_aspect("equal")
        if self.keys:
            from matplotlib.lines import Line2D  # noqa: PLC0415
            from matplotlib.patches import Patch  # noqa: PLC0415

            handles = [
                Line2D([], [], color=chosen[key.colour], linestyle="dashed" if key.dash else "solid")
                if key.line
                else Patch(facecolor=chosen[key.colour], edgecolor=chosen["soft"])
                for key in self.keys
            ]
            texts = [key.text.replace("$", r"\$") for key in self.keys]
            axes.legend(handles, texts, loc="upper left", bbox_to_anchor=(1.02, 1), fontsize="small", frameon=False)
        return axes


class ChartDrawing(Drawing):
    """A chart as a drawing; ``.plot(axes)`` paints it on matplotlib's axes.

    Attributes:
        chart: The chart.
    """

    chart: Chart

    @classmethod
    def of(cls, chart: Chart, theme: str = "auto") -> "ChartDrawing":
        """Lays a chart out."""
        made = cls(chart.scene(), theme)
        made.chart = chart
        return made

    def plot(self, axes: Any = None) -> Any:
        """Paints the chart on matplotlib axes, on new ones by default, and returns them.

        Raises:
            RelucircError: When matplotlib is not installed.
        """
        return self.chart.plot(axes, "light" if self.theme == "auto" else self.theme)


def placed_text(text: Text, frame: Chart, taken: list[Bounds], lines: Sequence[Sequence[Point]] = ()) -> list[Text]:
    """A text near its point, inside of the frame and on no other text; none where there is no such place.

    Args:
        text: The text, at its point.
        frame: A chart with the size and the window.
        taken: What lies there already, in pixels; grows by the text.
        lines: Segments, in pixels, that it lies on only where there is no other place.
    """
    width, height = frame.size
    left, _, right, _ = Text(0, 0, text.text, text.size).bounds
    half = (right - left) / 2 + 9
    moves = [(0, -14), (0, 15), *((dx * s, dy) for s in (1.0, 1.3) for dx in (half, -half) for dy in (-9, 9, 0))]
    best: tuple[int, Text, Bounds] | None = None
    for dx, dy in (*moves, (0, -28), (0, 29)):
        near = replace(text, dx=dx, dy=dy)
        box = bounds_of(frame.placed(near))
        inside = box[0] >= 2 and box[1] >= 2 and box[2] <= width - 2 and box[3] <= height - 2
        if inside and not any(overlap(box, other) for other in taken):
            cost = sum(crosses(start, end, box) for start, end in lines)
            if best is None or cost < best[0]:
                best = cost, near, box
    if best is None:
        return []
    taken.append(best[2])
    return [best[1]]


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers of an interval, and how they are written.

    Example:
        >>> [shown for _, shown in ticks(-1, 1)]
        ['−1', '−0.5', '0', '0.5', '1']
    """
    if not low < high:
        raise RelucircError(f"expected an interval for an axis, got {low} to {high}.")
    rough = Decimal((high - low) / TICKS)
    unit = Decimal(10) ** rough.adjusted()
    step = min((unit * k for k in (1, 2, 5, 10)), key=lambda s: (s < rough, s))
    first, last = math.ceil(Decimal(low) / step - Decimal("1e-9")), math.floor(Decimal(high) / step + Decimal("1e-9"))
    return [(float(k * step), _plain(k * step)) for k in range(first, last + 1)]


def decades(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten of an interval."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first) / TICKS))
    return [(10.0**k, _plain(Decimal(10) ** k)) for k in range(first, last + 1, every)]


def _plain(value: Decimal) -> str:
    text = f"{value.normalize():f}" if -4 <= value.adjusted() < 5 or not value else f"{value.normalize():e}"
    return text.replace("e+", "e").replace("-", MINUS)
