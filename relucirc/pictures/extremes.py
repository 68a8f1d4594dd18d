"""``draw_bounds``: between which values every output stays on a domain, and where it takes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from relucirc.measure.bounds import Bounds
from relucirc.pictures.distances import as_float, exact_number
from relucirc.pictures.drawing import Drawing, expect
from relucirc.pictures.numbers import MINUS, name
from relucirc.pictures.shapes import Line, Rect, Shape, Text, fitting, text_width

MOST_ROWS = 24
LENGTH, BAR, LETTERS = 260.0, 12.0, 11.0
TALL, LOW = 48.0, 30.0
"""From row to row, with the points below the bars and without."""
FEW = 6
"""Most rows with the points below their bars."""
POINT = 56
"""Longest text of a point, in characters."""


@dataclass(frozen=True)
class _Row:
    """An output: what it certainly stays between, what it was seen to take, and where."""

    name: str
    outer: tuple[Any, Any]
    inner: tuple[Any, Any]
    at: tuple[Any, Any]


def draw_bounds(bounds: Bounds, *, title: str | None = None, theme: str = "auto") -> Drawing:
    """Draws a bar for every output, from its least to its greatest value on the domain.

    Where the budget ended before a bound was exact, the bar goes on, pale, as far as is certain; where there is no
    bound, it ends in an arrow.

    Args:
        bounds: The answer of :func:`relucirc.bounds`.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Raises:
        RelucircError: For what are no bounds.

    Example:
        >>> import relucirc
        >>> found = relucirc.bounds(relucirc.circuits.hat(), "-1 <= x <= 1/2")
        >>> [shape.text for shape in draw_bounds(found).scene.shapes if shape.kind == "point"]
        ['0 at x = −1', '1 at x = 0']
    """
    expect(bounds, Bounds, "bounds, such as relucirc.bounds(net, domain),")
    rows = _rows(bounds)
    values = [
        as_float(v) for row in rows[:MOST_ROWS] for v in (*row.outer, *row.inner) if v is not None and v.is_finite
    ]
    low, high = min([*values, 0.0]), max([*values, 0.0])
    high = high if high > low else low + 1.0
    shapes: list[Shape] = []
    y, step = 0.0, TALL if len(rows) <= FEW else LOW
    for row in rows[:MOST_ROWS]:
        shapes += _bar(row, low, high, y)
        if len(rows) <= FEW:
            shapes += _points(row, y)
        y += step
    zero = LENGTH * -low / (high - low)
    axis = Line(((zero, -BAR), (zero, y - step + BAR)), stroke="faint", dash=True)
    if len(rows) > MOST_ROWS:
        shapes.append(Text(0, y, f"... and {len(rows) - MOST_ROWS:,} more outputs", LETTERS, "start", fill="soft"))
    return Drawing(fitting([axis, *shapes], title or "the values of every output", bounds.reason), theme)


def _rows(bounds: Bounds) -> list[_Row]:
    fields = bounds.lower, bounds.upper, bounds.least, bounds.greatest, bounds.lower_at, bounds.upper_at
    seen_at = bounds.least_at, bounds.greatest_at
    several = isinstance(bounds.lower, list)
    columns = [f if isinstance(f, list) else [f] * (len(bounds.lower) if several else 1) for f in (*fields, *seen_at)]
    found = []
    for k, (lower, upper, least, greatest, lower_at, upper_at, least_at, greatest_at) in enumerate(
        zip(*columns, strict=True), 1
    ):
        inner = lower if lower_at is not None else least, upper if upper_at is not None else greatest
        at = lower_at if lower_at is not None else least_at, upper_at if upper_at is not None else greatest_at
        found.append(_Row(f"y{k}" if several else "y", (lower, upper), inner, at))
    return found


def _bar(row: _Row, low: float, high: float, y: float) -> Iterator[Shape]:
    """What is certain, pale, and what is taken on top of it; and the numbers at both ends."""

    def place(value: Any, end: float) -> float:
        return end if value is None or not value.is_finite else LENGTH * (as_float(value) - low) / (high - low)

    yield Text(-0.5 * LENGTH, y, name(row.name, 8).text, LETTERS + 1, "start", bold=True, kind="output")
    left, right = place(row.outer[0], -14.0), place(row.outer[1], LENGTH + 14.0)
    hover = f"{row.name}: {row.outer[0]} to {row.outer[1]}"
    look: dict[str, Any] = {"stroke": "plus", "width": 1.2, "hover": hover}
    yield Rect(
        left,
        y - BAR / 2,
        max(right - left, 1.0),
        BAR,
        fill="fill 0",
        dash=row.outer != row.inner,
        **look,
        kind="bar",
        name=row.name,
    )
    if None not in row.inner:
        a, b = place(row.inner[0], left), place(row.inner[1], right)
        yield Rect(
            a, y - BAR / 2, max(b - a, 1.0), BAR, fill="plus", kind="taken", hover=f"{row.inner[0]} to {row.inner[1]}"
        )
    for value, x, side in ((row.outer[0], left, -1), (row.outer[1], right, 1)):
        if not value.is_finite:
            yield Line(((x, y - 8), (x + 11 * side, y), (x, y + 8)), fill="plus", kind="arrow")
            x += 11 * side
        shown = exact_number(value) if value.is_finite else None
        text = f"{MINUS if side < 0 else ''}∞" if shown is None else shown.text
        whole = "" if shown is None else shown.whole
        yield Text(x + 6 * side, y, text, LETTERS, "end" if side < 0 else "start", hover=whole, kind="end")


def _points(row: _Row, y: float) -> Iterator[Shape]:
    """Where the least and the greatest value are taken, below the bar."""
    said = []
    for value, at in zip(row.inner, row.at, strict=True):
        if at is not None:
            where = ", ".join(f"{n} = {exact_number(sympy.sympify(v)).text}" for n, v in at.items())
            said.append((f"{exact_number(value).text} at {where}", f"{value} at {at}"))
    texts = [(name(text, POINT).text, whole) for text, whole in said]
    x = 0.0
    for text, whole in texts:
        yield Text(x, y + BAR + 6, text, LETTERS - 1, "start", fill="soft", hover=whole, kind="point")
        x += text_width(text, LETTERS - 1) + 18
