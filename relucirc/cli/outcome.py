"""What a command gives back: text for people, data for programs, and the exit status."""

from dataclasses import dataclass, field
from typing import Any

from relucirc.core.answer import Answer

PROVED, REFUTED, BAD_INPUT, UNKNOWN = 0, 1, 2, 3
"""Exit statuses: proved (or simply done), refuted, bad input, unknown."""

REFUSALS = frozenset({"refuted", "rejected", "impossible", "different"})
"""Statuses of answers that say no."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one command; ``main`` prints it.

    Attributes:
        text: What is printed for people.
        data: What ``--json`` prints: one JSON object, rationals as strings.
        status: The exit status.
    """

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    status: int = PROVED

    @staticmethod
    def of(answer: Answer, *more: str, **data: Any) -> "Outcome":
        """What a verb answered, with further lines of text and entries of data."""
        code = UNKNOWN if answer.status == "unknown" else REFUTED if answer.status in REFUSALS else PROVED
        return Outcome("\n".join([str(answer), *more]), answer.to_json() | data, code)
