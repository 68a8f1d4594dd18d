"""What breaks a condition, in disjunctive form: lists of differences, each with the signs that it must not have.

A condition is comparisons of forms with 0, joined by and, or, not.  It is broken where its negation holds.  Every
comparison says that the sign of a form is in a set: ``d > 0`` that it is in {1}, ``not d > 0`` in {-1, 0}.  So a list
of comparisons that hold together is one set for each form, empty where they contradict each other; and a form and its
multiples are one form.
"""

from collections.abc import Sequence
from functools import reduce

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.errors import FormulaError
from relucirc.core.exact import sign_of
from relucirc.core.forms import Form, Key
from relucirc.core.graph import ANY, SIGNS, Guard, Relation, Signs

Violation = tuple[tuple[int, str], ...]
"""What must not happen at any point: of some differences ``left - right``, each by its number, one relation to 0
(``>``, ``>=``, ``==``) holds for every one of them."""

MAX_VIOLATIONS = 4096
"""Most lists that a condition is written out in."""
MAX_COMPARED = 256
"""Most lists that are compared with each other, each with all."""

Together = frozenset[tuple[int, Signs]]
"""Forms by their numbers, and the signs that each may have: what holds at the same time."""

OPS = {signs: op for op, signs in SIGNS.items()}
ALWAYS: list[Together] = [frozenset()]


def violations_of(condition: Guard) -> tuple[list[Form], tuple[Violation, ...] | None]:
    """Writes out what breaks a condition.

    Returns:
        Forms, and the violations over them by number; None where the condition is that all of them are 0.  What always
        holds is ``0 = 0``, and what never holds ``1 = 0``.

    Raises:
        FormulaError: When there are more than ``MAX_VIOLATIONS``.

    Example:
        >>> below_two = Guard("relation", relation=Relation(Form({0: fmpq(-1)}, fmpq(2)), ">"))
        >>> violations_of(below_two)
        ([1*v0 + -2], (((0, '>='),),))
    """
    writing = _Writing()
    broken = _widest(writing.alternatives(condition, truth=False))
    if not broken or broken == ALWAYS:
        return [Form.constant(fmpq(len(broken)))], None
    if _is_equality(broken):
        return [writing.forms[place] for place in dict.fromkeys(i for together in broken for i, _ in together)], None
    return writing.oriented(broken)


def _widest(broken: list[Together]) -> list[Together]:
    """Leaves out what another alternative says already, such as ``d > 0`` beside ``d >= 0``."""
    if len(broken) > MAX_COMPARED:
        return broken
    known = [dict(together) for together in broken]

    def is_within(one: dict[int, Signs], other: dict[int, Signs]) -> bool:
        return all(one.get(place, ANY) <= signs for place, signs in other.items())

    return [
        together
        for i, together in enumerate(broken)
        if not any(j != i and is_within(known[i], other) for j, other in enumerate(known))
    ]


def _is_equality(broken: Sequence[Together]) -> bool:
    """Whether every form breaks it where it is positive, and where it is negative, and nothing else does."""
    singles = [part for together in broken for part in together]
    both = {(i, frozenset({sign})) for i, _ in singles for sign in (1, -1)}
    return all(len(together) == 1 for together in broken) and set(singles) == both


class _Writing:
    """Numbers the forms of one condition, a form and its multiples alike."""

    def __init__(self) -> None:
        self.forms: list[Form] = []
        self.places: dict[Key, int] = {}

    def alternatives(self, guard: Guard, *, truth: bool) -> list[Together]:
        """Writes out where a guard has a truth value."""
        if guard.relation is not None:
            return self._comparison(guard.relation, truth)
        if guard.kind in ("true", "false"):
            return ALWAYS if (guard.kind == "true") == truth else []
        if guard.kind == "not":
            return self.alternatives(guard.parts[0], truth=not truth)
        parts = (self.alternatives(part, truth=truth) for part in guard.parts)
        return reduce(_all, parts, ALWAYS) if (guard.kind == "and") == truth else reduce(_any, parts, [])

    def _comparison(self, relation: Relation, truth: bool) -> list[Together]:
        form, signs = relation.form, SIGNS[relation.op]
        signs = signs if truth else ANY - signs
        if form.is_constant:
            return ALWAYS if sign_of(form.const) in signs else []
        leading = form.sign()
        form = form if leading > 0 else -form
        place = self.places.setdefault(form.primitive()[1].key, len(self.forms))
        if place == len(self.forms):
            self.forms.append(form)
        signs = frozenset(leading * sign for sign in signs)
        apart = [frozenset({1}), frozenset({-1})] if signs == {-1, 1} else [signs]
        return [frozenset({(place, part)}) for part in apart]

    def oriented(self, broken: Sequence[Together]) -> tuple[list[Form], tuple[Violation, ...]]:
        """Turns forms around where they must not be negative."""
        numbers: dict[tuple[int, int], int] = {}

        def part(place: int, signs: Signs) -> tuple[int, str]:
            turn = -1 if -1 in signs else 1
            if signs == {0} and (place, 1) not in numbers and (place, -1) in numbers:
                turn = -1
            number = numbers.setdefault((place, turn), len(numbers))
            return number, OPS[frozenset(turn * sign for sign in signs)]

        violations = tuple(tuple(part(*known) for known in sorted(together, key=_place)) for together in broken)
        return [self.forms[place] if turn > 0 else -self.forms[place] for place, turn in numbers], violations


def _place(known: tuple[int, Signs]) -> int:
    return known[0]


def _any(a: list[Together], b: list[Together]) -> list[Together]:
    found = dict.fromkeys([*a, *b])
    if frozenset() in found:
        return ALWAYS
    return _counted(found)


def _all(a: list[Together], b: list[Together]) -> list[Together]:
    found: dict[Together, None] = {}
    for one in a:
        for other in b:
            tick()
            joined = _joined(one, other)
            if joined is not None:
                found[joined] = None
        _counted(found)
    return list(found)


def _joined(one: Together, other: Together) -> Together | None:
    """What holds where both do; None where they contradict each other."""
    known = dict(one)
    for place, signs in other:
        known[place] = known.get(place, signs) & signs
        if not known[place]:
            return None
    return frozenset(known.items())


def _counted(found: dict[Together, None]) -> list[Together]:
    if len(found) > MAX_VIOLATIONS:
        raise FormulaError(
            f"the relation can be broken in more than {MAX_VIOLATIONS} ways when its and, or, not are written out; "
            "prove its parts one by one."
        )
    return list(found)
