"""What :func:`relucirc.prove` answers."""

from dataclasses import dataclass, field
from typing import Any

import sympy

from relucirc.core.answer import Answer
from relucirc.core.errors import RelucircError


@dataclass(frozen=True)
class Result(Answer):
    """The answer to "does this network equal this formula?", or "does this relation hold?".

    ``bool(result)`` is True for proved, False for refuted, and an error for unknown.

    Attributes:
        status: ``"proved"``, ``"refuted"`` or ``"unknown"``.
        method: The route that decided it, such as ``"normal form"``; None for unknown.
        reason: One sentence for people.
        witness: Refuted: ``{input name: sympy.Rational}``, a point of the domain where they differ, by more than the
            tolerance if there is one, or where the relation does not hold.
        network_value: The network's exact value there (a list if it has several outputs); None for a function whose
            values are conditions.
        formula_value: The formula's exact value there (a list if there are several outputs); None for a relation.
        certificate: Proved: evidence that :func:`relucirc.check` has accepted; plain JSON data.
        seconds: Wall time used.
        statistics: Counters.  Proved: ``cells``, the parts of the domain that were proved one by one, and ``hinges``,
            the maxima that they have in all, those included that a cell's own relations settle; and what the
            method counted, such as ``regions``.
    """

    status: str
    method: str | None
    reason: str
    witness: dict[str, sympy.Rational] | None = None
    network_value: Any = None
    formula_value: Any = None
    certificate: dict | None = field(default=None, repr=False)
    seconds: float = 0.0
    statistics: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        if self.status == "unknown":
            raise RelucircError(f"the result is unknown, neither true nor false: {self.reason} Ask result.status.")
        return self.status == "proved"

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"
