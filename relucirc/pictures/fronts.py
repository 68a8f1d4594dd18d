"""``draw_front``: shorter formulas of a network against how far they are from it."""

from itertools import pairwise
from typing import Any

from relucirc.core.printing import formula_text
from relucirc.interpretation.front import Entry, Front
from relucirc.pictures.chart import Chart, ChartDrawing, Key, placed_text
from relucirc.pictures.distances import as_float, exact_number
from relucirc.pictures.drawing import expect
from relucirc.pictures.numbers import MINUS, name
from relucirc.pictures.shapes import Bounds, Disc, Line, Text

ROOM = 44
"""Longest formula in the legend, in characters."""


def draw_front(front: Front, *, title: str | None = None, theme: str = "auto") -> ChartDrawing:
    """Draws a front: operations to the right, the certified largest distance up, by powers of ten.

    A formula that is proved equal stands at the lower edge.

    Args:
        front: A :class:`~relucirc.interpretation.front.Front`, such as ``relucirc.explain(net).front``.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Raises:
        RelucircError: For what is no front, such as None of an explanation that has none.

    Example:
        >>> from relucirc.interpretation.front import front
        >>> import relucirc
        >>> picture = draw_front(front(relucirc.circuits.absolute(), "-1 <= x <= 1", budget=20))
        >>> [shape.text for shape in picture.chart.marks if shape.kind == "entry"][-1]
        '2'
    """
    expect(front, Front, "a front, such as relucirc.explain(net, domain, tolerance).front,")
    entries = list(front.entries)
    finite = [as_float(entry.upper) for entry in entries if 0 < as_float(entry.upper) < float("inf")]
    low, high = (min(finite) / 8, max(finite) * 3) if finite else (0.1, 1.0)
    most = max((entry.price.operations for entry in entries), default=1)
    window = -0.5, low, most + 0.6, high
    marks: list[Any] = []
    places = [(float(entry.price.operations), _height(entry, low, high)) for entry in entries]
    for (x1, y1), (x2, y2) in pairwise(places):
        marks.append(Line(((x1, y1), (x2, y1), (x2, y2)), stroke="soft", width=1.4))
    keys: list[Key] = []
    frame = Chart("", "", "", window, (), log=True)
    lines = [tuple(map(frame.pixel, pair)) for mark in marks for pair in pairwise(mark.points)]
    taken: list[Bounds] = []
    for k, (entry, place) in enumerate(zip(entries, places, strict=True), 1):
        exact = as_float(entry.upper) == 0
        formula = formula_text(entry.formula).replace("-", MINUS)
        said = f"{formula}: at most {entry.upper}"
        colour = "output" if exact else "input"
        marks.append(Disc(*place, 4.5, fill=colour, stroke=f"{colour} line", width=1.4, hover=said, kind="dot"))
        x, y = frame.pixel(place)
        taken.append((x - 6, y - 6, x + 6, y + 6))
        named = Text(*place, str(k), 11, bold=True, halo="paper", hover=said, kind="entry")
        marks += placed_text(named, frame, taken, lines)
        far = "proved equal" if exact else f"at most {exact_number(entry.upper).text}"
        keys.append(Key(colour, f"{k}:  {name(formula, ROOM).text}  ({far})", hover=said))
    said = title or f"shorter formulas, and how far they are on {front.domain}"
    x, y = "operations of the formula", "largest distance"
    return ChartDrawing.of(Chart(said, x, y, window, tuple(marks), tuple(keys), log=True, about=front.reason), theme)


def _height(entry: Entry, low: float, high: float) -> float:
    upper = as_float(entry.upper)
    return min(upper, high / 1.3) if upper > 0 else low * 1.5
