"""What recurs, as data, as a table and as a picture: plain SVG, with no drawing package."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np

from relucirc.core.answer import plain
from relucirc.core.printing import formula_text
from relucirc.core.tables import table
from relucirc.files.drawing import Drawing

SHOWN, DRAWN = 12, 24
"""Rows of a table for people, and of a picture."""
LONGEST = 40
"""Characters of a formula in a table, or of a label in a picture."""
CELL, WIDE, LABEL, SLANTED, MARGIN = 21, 46, 250, 132, 12
INK, FAINT, DARK = "#2b2b2b", "#d8d8d8", (31, 95, 168)
HALF = 0.6
"""Share of networks from which a number in a cell is white."""


@dataclass(frozen=True)
class Recurring:
    """A circuit, or a feature, and where it was found.

    Attributes:
        name: What it is called, the most frequent name of a circuit's kind.
        names: All its names: mirror images have others, such as ``("minimum", "maximum")``.
        formula: A circuit's formula, one for its kind, over ``v`` or ``v1, v2, ...``; None for a feature.
        networks: How many networks have it.
        by_group: How many of every group.
    """

    name: str
    names: tuple[str, ...]
    formula: Any
    networks: int
    by_group: tuple[int, ...]

    @property
    def groups(self) -> int:
        """How many groups have it."""
        return sum(count > 0 for count in self.by_group)

    def to_json(self) -> dict[str, Any]:
        """Returns the fields as plain JSON data."""
        named = {} if self.formula is None else {"names": list(self.names), "formula": plain(self.formula)}
        return {"name": self.name, **named, "networks": self.networks, "by_group": list(self.by_group)}


def ranked(
    things: Sequence[tuple[tuple[str, ...], Any]], counts: np.ndarray, group_of: np.ndarray
) -> tuple[list[Recurring], np.ndarray]:
    """Returns rows for names and formulas with their columns: those of most groups, then of most networks, first."""
    groups = int(group_of.max()) + 1
    rows = []
    for (names, formula), column in zip(things, counts.T, strict=True):
        by_group = np.bincount(group_of[column > 0], minlength=groups)
        rows.append(Recurring(names[0], names, formula, int(by_group.sum()), tuple(map(int, by_group))))
    order = sorted(range(len(rows)), key=lambda k: (-rows[k].groups, -rows[k].networks, rows[k].name, k))
    return [rows[k] for k in order], counts[:, order]


def distinct(rows: Sequence[Recurring]) -> tuple[Recurring, ...]:
    """Returns rows with distinct names: adds its formula to a name that an earlier row has."""
    known: set[str] = set()
    found = []
    for row in rows:
        name = row.name if row.name not in known else f"{row.name}: {formula_text(row.formula)}"
        known.add(row.name)
        found.append(replace(row, name=name))
    return tuple(found)


def text_of(rows: Sequence[Recurring], what: str) -> str:
    """Writes the first rows as a table, and how many there are more."""
    cells = [
        (f"{row.networks}", f"{row.groups}", ", ".join(row.names), "" if row.formula is None else _short(row.formula))
        for row in rows[:SHOWN]
    ]
    more = [f"... and {len(rows) - SHOWN:,} more"] if len(rows) > SHOWN else []
    width = 3 if all(row.formula is None for row in rows) else 4
    header = ("networks", "groups", what, "formula")[:width]
    return "\n".join([table(header, [row[:width] for row in cells]), *more])


def drawing_of(groups: Sequence[str], sizes: Sequence[int], blocks: Sequence[Sequence[Recurring]]) -> Drawing:
    """Draws a table of rows and groups: the darker a cell, the more of the group's explained networks have it.

    Args:
        groups: What the columns are called.
        sizes: How many networks of each were explained.
        blocks: The rows, in blocks with a gap between them.
    """
    shown = [block[:DRAWN] for block in blocks if block]
    height = MARGIN + SLANTED + CELL * sum(map(len, shown)) + MARGIN * len(shown)
    width = LABEL + WIDE * len(groups) + SLANTED
    title = escape(f"which of {len(groups)} groups of networks have which circuits and features")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="Helvetica, Arial, sans-serif" font-size="11" fill="{INK}"><title>{title}</title>'
        f'<rect width="{width}" height="{height}" fill="white"/>'
    ]
    for k, (name, size) in enumerate(zip(groups, sizes, strict=True)):
        x, y = LABEL + WIDE * k + WIDE // 2, MARGIN + SLANTED - 6
        label = escape(f"{_cut(name, LONGEST - 10)} ({size:,})")
        lines.append(f'<text transform="translate({x} {y}) rotate(-38)">{label}</text>')
    y = MARGIN + SLANTED
    for block in shown:
        for row in block:
            lines += _line(row, sizes, y)
            y += CELL
        y += MARGIN
    return Drawing("\n".join([*lines, "</svg>"]))


def _line(row: Recurring, sizes: Sequence[int], y: int) -> list[str]:
    """A row of the picture."""
    formula = "" if row.formula is None else f": {formula_text(row.formula)}"
    whole = f"{', '.join(row.names)}{formula}"
    made = [
        f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(_cut(whole, LONGEST))}'
        f"<title>{escape(whole)}</title></text>"
    ]
    for k, (count, size) in enumerate(zip(row.by_group, sizes, strict=True)):
        x, share = LABEL + WIDE * k, count / size if size else 0.0
        colour = "#{:02x}{:02x}{:02x}".format(*(round(255 - share * (255 - c)) for c in DARK))
        made.append(f'<rect x="{x}" y="{y}" width="{WIDE}" height="{CELL}" fill="{colour}" stroke="{FAINT}"/>')
        if count:
            ink = "white" if share > HALF else INK
            made.append(f'<text x="{x + WIDE / 2:g}" y="{y + 15}" text-anchor="middle" fill="{ink}">{count:,}</text>')
    return made


def _short(formula: Any) -> str:
    return _cut(formula_text(formula), LONGEST)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
