"""Hinges in Rocq: every maximum is ``max(a, b) = a + max(0, b - a)``, so that a layered network keeps its layers.

Maxima whose ``b - a`` are positive multiples of each other have one hinge.  Asked for, ``b + max(0, a - b)`` is taken.
"""

from dataclasses import dataclass, field

from flint import fmpq

from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix
from relucirc.core.budget import tick
from relucirc.proof.theorem.gallina import form_text, key, listed, rational_text, taken_text


@dataclass
class Hinges:
    """Hinges, each for one maximum or several.

    Attributes:
        first: The variable of the first.
        arguments: What each is the positive part of.
    """

    first: int
    arguments: list[Linear] = field(default_factory=list)
    _known: dict[tuple, tuple[int, fmpq]] = field(default_factory=dict)

    def maximum(
        self, left: Linear, right: Linear, size: fmpq = ONE, *, turned: bool = False
    ) -> tuple[Linear, str, int | None]:
        """Returns a maximum as a form, its step, and its hinge's variable unless one side is larger by a constant.

        Args:
            left: One argument.
            right: The other.
            size: What a new hinge is divided by.
            turned: Whether it is written as the right argument and a hinge.
        """
        tick()
        fixed = constant(minus(right, left))
        if fixed is not None:
            return (left if fixed <= 0 else right), taken_text(fixed <= 0), None
        base, other = (right, left) if turned else (left, right)
        argument = minus(other, base)
        leading = abs(argument[min(v for v in argument if v != UNIT)])
        line = tuple(sorted((v, str(c / leading)) for v, c in argument.items()))
        v, known = self._known.setdefault(line, (self.first + len(self.arguments), leading / size))
        if v == self.first + len(self.arguments):
            self.arguments.append(mix(((1 / size, argument),)))
        ratio = leading / known
        value = mix(((ONE, base), (ratio, {v: ONE})))
        return value, f"Atom {key(v)} {rational_text(ratio)} {form_text(base)} []", v

    def text(self) -> str:
        """Writes what they are the positive parts of."""
        return listed(f"[{form_text(argument)}]" for argument in self.arguments)
