"""What a command gives back: text for people, data for programs, and the exit status."""

from dataclasses import dataclass, field
from typing import Any

from relucirc.core.printing import formula_text

PROVED, REFUTED, BAD_INPUT, UNKNOWN = 0, 1, 2, 3
"""Exit statuses: proved (or simply done), refuted, bad input, unknown."""

STATUS = {"proved": PROVED, "refuted": REFUTED, "unknown": UNKNOWN}


@dataclass(frozen=True)
class Answer:
    """The outcome of one command; ``main`` prints it.

    Attributes:
        text: What is printed for people.
        data: What ``--json`` prints: one JSON object, rationals as strings.
        status: The exit status.
    """

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    status: int = PROVED


def plain(value: Any) -> Any:
    """Turns a result into JSON data: rationals and expressions become text, tuples lists."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return formula_text(value)


def counted(count: int | None, what: str) -> str:
    """Writes ``1 neuron`` or ``2 neurons``."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def table(header: list[str], rows: list[list[str]]) -> str:
    """Lays rows out in columns, numbers (and nothing else) to the right."""
    cells = [header, *rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    right = [bool(rows) and all(_is_number(row[k]) for row in rows) for k in range(len(header))]
    lines = []
    for row in cells:
        parts = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        lines.append("  ".join(parts).rstrip())
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace("-", "", 1).isdigit() or cell in ("", "-")
