"""What recurs, as data and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from relucirc.core.answer import plain
from relucirc.core.printing import formula_text
from relucirc.core.tables import table

SHOWN = 12
"""Rows of a table for people."""
LONGEST = 40
"""Characters of a formula in a table."""


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


def _short(formula: Any) -> str:
    return _cut(formula_text(formula), LONGEST)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
