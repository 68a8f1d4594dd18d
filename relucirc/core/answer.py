"""One kind of answer: what every verb gives back, as text, as data and in a notebook."""

import dataclasses
import json
from typing import Any

import numpy as np

from relucirc.core.errors import RelucircError, shorten
from relucirc.core.printing import formula_text
from relucirc.core.showing import html_of, latex_of, picture_of

FOLDED = 2000
"""Longest evidence that a notebook shows, in characters."""
LONGEST = 150
"""Longest text in a ``repr``, in characters."""


class Answer:
    """What a verb answers; its dataclasses add their own fields.

    Attributes:
        status: One word, such as ``"proved"``, ``"refuted"``, ``"exact"``; ``"unknown"`` where the budget ended or
            Ctrl-C came before anything was decided, and what is known then stands in the other fields.
        reason: One sentence for people.
        seconds: Wall time used.
        certificate: Evidence for :func:`relucirc.check`, plain JSON data; None where there is none.
    """

    status: str
    reason: str
    seconds: float
    certificate: dict[str, Any] | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Gives a dataclass the repr of all answers, unless it writes its own: fields would fill pages."""
        super().__init_subclass__(**options)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Answer.__repr__  # type: ignore[method-assign]

    def __str__(self) -> str:
        return self.reason

    def __repr__(self) -> str:
        """What it is, and a line of what it says; ``str`` has all lines, the fields all there is."""
        said = " ".join(self._line().split())
        return f"<{type(self).__name__}: {shorten(said, LONGEST)}>"

    def to_json(self) -> dict[str, Any]:
        """Returns what every answer has, and all fields, as plain JSON data: rationals and formulas as text."""
        fields = [f.name for f in dataclasses.fields(self) if f.repr or f.name == "certificate"]  # type: ignore[arg-type]
        names = dict.fromkeys(["status", *fields, "reason", "seconds", "certificate"])
        return {name: plain(getattr(self, name)) for name in names}

    def draw(self) -> Any:
        """Returns the answer's picture, see :mod:`relucirc.pictures`.

        Raises:
            RelucircError: When there is none.
        """
        found = picture_of(self)
        if found is None:
            raise RelucircError(f"there is no picture of this {type(self).__name__}; print it, or see .to_json().")
        return found

    def _line(self) -> str:
        """The line that says most: the first one, unless that is the head of a table."""
        return str(self).partition("\n")[0]

    def _folded(self) -> list[tuple[str, str]]:
        """What a notebook can unfold beside the rest of the text, each with its title."""
        if self.certificate is None:
            return []
        text = json.dumps(self.certificate)
        return [(f"certificate, {len(text):,} characters", f"{text[:FOLDED]}..." if len(text) > FOLDED else text)]

    def _repr_html_(self) -> str:
        """What a notebook shows: what it is in a line, the picture, and the rest and the evidence folded."""
        line, text = self._line(), str(self)
        if text in line:  # it says more than the text
            text = line
        return html_of(self, text if text.startswith(line) else f"{line}\n{text}", self._folded())

    def _repr_latex_(self) -> str | None:
        """The formula of an answer that has one."""
        return latex_of(self)


def plain(value: Any) -> Any:
    """Turns a value into JSON data: rationals and expressions become text, tuples lists.

    A value that has ``to_json()`` is asked for it.

    Example:
        >>> import sympy
        >>> plain({"value": sympy.Rational(1, 2), "sizes": (2, 3, 1)})
        {'value': '1/2', 'sizes': [2, 3, 1]}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return value.to_json() if hasattr(value, "to_json") else formula_text(value)
