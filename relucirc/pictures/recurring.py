"""``draw_recurring``: what recurs in groups of networks, as a table whose cells are the darker the more have it."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from relucirc.core.printing import formula_text
from relucirc.pictures.drawing import Drawing
from relucirc.pictures.numbers import MINUS, name
from relucirc.pictures.palette import HEATS
from relucirc.pictures.shapes import Line, Rect, Shape, Text, fitting

CELL, LABEL, LETTERS = (40.0, 20.0), 44, 10.5
MOST_ROWS = 24
"""Most rows of a block; the rest is summed up in a line."""
PALE = 5
"""From which step on a cell is so strong that its number has the colour of the paper."""


class Row(Protocol):
    """A circuit or a feature: its names, its formula or None, and how many networks of every group have it."""

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called."""
        ...

    @property
    def formula(self) -> Any:
        """Its formula, or None."""
        ...

    @property
    def by_group(self) -> tuple[int, ...]:
        """How many of each group have it."""
        ...


def draw_recurring(
    groups: Sequence[str],
    sizes: Sequence[int],
    blocks: Sequence[Sequence[Row]],
    *,
    title: str | None = None,
    theme: str = "auto",
) -> Drawing:
    """Draws a table of what recurs: a row for each circuit or feature, a column for each group of networks.

    Args:
        groups: What the groups are called; they are numbered, and listed below the table.
        sizes: How many networks of each there are.
        blocks: Rows, in blocks that stand apart.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.
    """
    shapes: list[Shape] = []
    width, height = CELL
    for k in range(len(groups)):
        shapes.append(Text(width * (k + 0.5), -12, str(k + 1), LETTERS, bold=True, fill="soft", kind="column"))
    y = 0.0
    for block in filter(None, blocks):
        for row in block[:MOST_ROWS]:
            shapes += _row(row, sizes, y)
            y += height
        if len(block) > MOST_ROWS:
            shapes.append(Text(-8, y + 9, f"... and {len(block) - MOST_ROWS:,} more", LETTERS, "end", fill="soft"))
            y += height
        y += 10
    shapes.append(Line(((0, y), (width * len(groups), y)), stroke="faint"))
    for k, (group, size) in enumerate(zip(groups, sizes, strict=True)):
        shown = name(group.replace("-", MINUS), 2 * LABEL)
        text = f"{k + 1}:  {shown.text}  ({size:,})"
        y += 18
        shapes.append(Text(0, y, text, LETTERS, "start", hover=shown.whole, kind="group"))
    said = title or f"which of {len(groups)} groups of networks have which circuits and features"
    return Drawing(fitting(shapes, said), theme)


def _row(row: Row, sizes: Sequence[int], y: float) -> Iterator[Shape]:
    """The name, and a cell for each group."""
    width, height = CELL
    formula = "" if row.formula is None else f": {formula_text(row.formula)}"
    shown = name(f"{', '.join(row.names)}{formula}".replace("-", MINUS), LABEL)
    yield Text(-8, y + height / 2, shown.text, LETTERS, "end", hover=shown.whole, kind="row")
    for k, (count, size) in enumerate(zip(row.by_group, sizes, strict=True)):
        share = count / size if size else 0.0
        level = min(HEATS - 1, round(share * (HEATS - 1)))
        hover = f"{count:,} of {size:,}"
        yield Rect(width * k, y, width, height, fill=f"heat {level}", stroke="faint", hover=hover, kind="cell")
        if count:
            ink = "paper" if level >= PALE else "ink"
            yield Text(width * (k + 0.5), y + height / 2, f"{count:,}", LETTERS, fill=ink, hover=hover, kind="count")
