"""What a command gives back: text for people, data for programs, and the exit status."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from relucirc.core.answer import Answer

PROVED, REFUTED, BAD_INPUT, UNKNOWN = 0, 1, 2, 3
"""Exit statuses: proved (or simply done), refuted, bad input, unknown."""

NO = ("refuted", "sat", "rejected", "impossible", "excluded", "different")
CODES = {**dict.fromkeys(NO, REFUTED), "unknown": UNKNOWN}
"""Exit statuses of answers that say no, or nothing."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one command; ``main`` prints it.

    Attributes:
        text: What is printed for people.
        data: Makes what ``--json`` prints: one JSON object, rationals as strings.
        status: The exit status.
    """

    text: str
    data: Callable[[], dict[str, Any]]
    status: int = PROVED

    @staticmethod
    def of(answer: Answer, *more: str) -> "Outcome":
        """What a verb answered, with further lines of text."""
        return Outcome("\n".join([str(answer), *more]), answer.to_json, CODES.get(answer.status, PROVED))
