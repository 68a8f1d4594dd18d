"""Tables as text: cells padded to columns."""

from collections.abc import Container, Sequence


def aligned(rows: Sequence[Sequence[str]], right: Container[int] = (0,)) -> list[list[str]]:
    """Pads cells to the width of their columns.

    Args:
        rows: The cells, the titles among them.
        right: The columns whose cells stand at the right; the first one by default.

    Example:
        >>> [" ".join(row) for row in aligned([["seeds", "circuit"], ["12", "Abs(x)"]])]
        ['seeds circuit', '   12 Abs(x) ']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [c.rjust(w) if k in right else c.ljust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))]
        for row in rows
    ]


def lines_of(rows: Sequence[Sequence[str]], right: Container[int] = (0,)) -> list[str]:
    """Lays rows out in columns, one line each, as :func:`aligned` pads them."""
    return ["  ".join(row).rstrip() for row in aligned(rows, right)]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lays rows out under titles, numbers (and nothing else) to the right."""
    right = [k for k in range(len(header)) if rows and all(_is_number(row[k]) for row in rows)]
    rule = ["-" * max(len(row[k]) for row in (header, *rows)) for k in range(len(header))]
    return "\n".join(lines_of([header, rule, *rows], right))


def counted(count: int | None, what: str) -> str:
    """Writes ``1 neuron`` or ``2 neurons``."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace("-", "", 1).isdigit() or cell in ("", "-")
