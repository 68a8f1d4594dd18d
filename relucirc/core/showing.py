"""What notebooks show of a value: a line of text, its picture, and the details folded.

Pictures are drawn above, out of everything that is below; so what draws them is made known here by the package itself
(``relucirc/__init__.py``), and only asked for when something is to be seen.
"""

import html
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from relucirc.core.errors import RelucircError


class Artist(Protocol):
    """Who draws values, and writes their formulas."""

    def picture(self, value: Any) -> Any:
        """A drawing; None where there is no picture of such a value."""

    def formula(self, value: Any) -> Any:
        """A SymPy expression, or a list of them; None where there is none, or it is too long to be read."""


_FOUND: list[Callable[[], Artist]] = []


def drawn_by(find: Callable[[], Artist]) -> None:
    """Says who draws; it is looked for when a picture is first wanted."""
    _FOUND[:] = [find]


def picture_of(value: Any) -> Any:
    """A value's drawing; None where there is none."""
    try:
        return _FOUND[0]().picture(value) if _FOUND else None
    except RelucircError:  # too large to be drawn, or not a plane
        return None


def latex_of(value: Any) -> str | None:
    """A value's formula for LaTeX; None where there is none."""
    from sympy import latex  # noqa: PLC0415  (slow to import)

    try:
        formula = _FOUND[0]().formula(value) if _FOUND else None
    except RelucircError:
        return None
    if formula is None:
        return None
    parts = formula if isinstance(formula, list) else [formula]
    return "$\\displaystyle " + ",\\quad ".join(map(latex, parts)) + "$"


def html_of(value: Any, text: str, folded: Iterable[tuple[str, str]] = ()) -> str:
    """What a notebook shows: the first line of a text, the picture, and the rest folded.

    Args:
        value: What is shown.
        text: What it says.
        folded: More to unfold, each with its title.
    """
    first, _, rest = text.partition("\n")
    parts = [f"<pre>{html.escape(first)}</pre>"]
    picture = picture_of(value)
    if picture is not None:
        parts.append(picture._repr_html_())
    for title, more in [*([("more", rest)] if rest else []), *folded]:
        parts.append(f"<details><summary>{html.escape(title)}</summary><pre>{html.escape(more)}</pre></details>")
    return "".join(parts)
