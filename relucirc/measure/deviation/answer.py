"""What ``max_deviation`` answers: the largest difference, or an interval that holds it."""

from dataclasses import dataclass, field
from typing import Any

import sympy

from relucirc.core.answer import Answer
from relucirc.core.printing import decimal, number_text


@dataclass(frozen=True)
class Deviation(Answer):
    """The supremum of ``|network - formula|`` over a domain, or an interval that holds it.

    Attributes:
        value: The exact supremum, over all outputs: a rational number, a real algebraic one where
            the formula is a polynomial, or ``sympy.oo`` where it is unbounded.  None where the budget
            ended first.
        lower: The supremum is not less; the value itself where that is known.
        upper: The supremum is not more; ``sympy.oo`` where no bound is known.
        witness: A point of the domain's closure that attains ``lower``, exact coordinates by input
            name; None where it is unbounded, or no point was seen.
        attained: Whether the witness itself attains it.  At a jump of the formula, or on an open
            boundary, the supremum is only approached.
        reason: One sentence for people.
        seconds: Wall time used.
        certificate: Evidence that nothing is further apart, and the witness, for :func:`relucirc.check`; None for a
            polynomial.  Where the supremum is infinite, evidence of the ray.  Where the budget ended, evidence of the
            interval, or None where it ended before there was some.
        ray: Where the supremum is infinite: a point and a direction along which some difference grows for ever; None
            where none is known.
        question: The network, the formula and the domain, for pictures; None of a function.
    """

    value: sympy.Expr | None
    witness: dict[str, sympy.Expr] | None
    attained: bool
    lower: sympy.Expr
    upper: sympy.Expr
    reason: str
    seconds: float = 0.0
    certificate: dict[str, Any] | None = field(default=None, repr=False)
    ray: tuple[dict[str, sympy.Rational], dict[str, sympy.Rational]] | None = None
    question: tuple[Any, Any, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def status(self) -> str:
        """``"exact"``, or ``"unknown"`` where only the interval is known."""
        return "unknown" if self.value is None else "exact"


def shown(value: sympy.Expr) -> str:
    """Writes a number, and about how large it is."""
    exact = number_text(value)
    return exact if value.is_Integer or "about" in exact else f"{exact} (about {decimal(value, 6)})"


def where(witness: dict[str, sympy.Expr], *, attained: bool) -> str:
    """Says at which point a value is attained or approached."""
    verb = "attained" if attained else "approached"
    at = ", ".join(f"{name} = {number_text(value)}" for name, value in witness.items())
    return f"{verb} at {at}" if at else f"{verb} at the only point"
