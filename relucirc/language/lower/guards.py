"""Conditions of SymPy as guards: comparisons of forms joined by and, or, not, in the fewest words."""

from collections.abc import Iterable, Mapping

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from relucirc.core.errors import FormulaError, shorten
from relucirc.core.forms import Form
from relucirc.core.graph import Guard, Relation

TRUE, FALSE = Guard("true"), Guard("false")
MAX_DEPTH = 100
"""How deep And, Or and Not may be nested."""
MAX_EXCLUSIVE = 8
"""How many conditions Xor and Equivalent may join: written with And and Or they double with each."""


def guard_of(condition: sympy.Basic, known: Mapping[sympy.Basic, Form], depth: int = 0) -> Guard:
    """Reads a condition, given the forms of what it compares.

    Raises:
        FormulaError: When And, Or and Not are nested more than ``MAX_DEPTH`` deep.
    """
    if depth > MAX_DEPTH:
        raise FormulaError(f"a condition is nested too deeply; at most {MAX_DEPTH} levels of And and Or are read.")
    if condition in (sympy.true, sympy.false):
        return TRUE if condition == sympy.true else FALSE
    if isinstance(condition, sympy.Not):
        inner, odd = _without_not(condition)
        guard = guard_of(inner, known, depth + 1)
        return negation_of(guard) if odd else guard
    if isinstance(condition, sympy.And | sympy.Or):
        parts = [guard_of(part, known, depth + 1) for part in condition.args]
        return all_of(parts) if isinstance(condition, sympy.And) else any_of(parts)
    if isinstance(condition, BooleanFunction):
        return guard_of(_in_and_or_not(condition), known, depth + 1)
    assert isinstance(condition, Relational)
    left, right = (known[side] for side in condition.args)
    difference = left - right
    if isinstance(condition, sympy.Ne):
        return Guard("not", (Guard("relation", relation=Relation(difference, "==")),))
    op = {sympy.Gt: ">", sympy.Ge: ">=", sympy.Lt: ">", sympy.Le: ">=", sympy.Eq: "=="}[type(condition)]
    flipped = isinstance(condition, sympy.Lt | sympy.Le)
    return Guard("relation", relation=Relation(-difference if flipped else difference, op))


def all_of(parts: Iterable[Guard]) -> Guard:
    """Joins guards by and, in the fewest words."""
    kept = [part for part in _spread(parts, "and") if part.kind != "true"]
    if any(part.kind == "false" for part in kept):
        return FALSE
    return Guard("and", tuple(kept)) if len(kept) > 1 else kept[0] if kept else TRUE


def any_of(parts: Iterable[Guard]) -> Guard:
    """Joins guards by or."""
    kept = [part for part in _spread(parts, "or") if part.kind != "false"]
    if any(part.kind == "true" for part in kept):
        return TRUE
    return Guard("or", tuple(kept)) if len(kept) > 1 else kept[0] if kept else FALSE


def _spread(parts: Iterable[Guard], kind: str) -> list[Guard]:
    return [inner for part in parts for inner in (part.parts if part.kind == kind else (part,))]


def negation_of(guard: Guard) -> Guard:
    """Negates a guard; two negations cancel."""
    if guard.kind in ("true", "false"):
        return FALSE if guard.kind == "true" else TRUE
    return guard.parts[0] if guard.kind == "not" else Guard("not", (guard,))


def sides_of(condition: sympy.Basic) -> list[sympy.Basic]:
    """What a condition compares, in order."""
    found: list[sympy.Basic] = []
    stack = [condition]
    while stack:
        part = stack.pop()
        if part in (sympy.true, sympy.false):
            continue
        if isinstance(part, sympy.And | sympy.Or | sympy.Not):
            stack.extend(reversed(part.args))
        elif isinstance(part, Relational):
            found += part.args
        elif isinstance(part, BooleanFunction):
            stack.append(_in_and_or_not(part))
        else:
            raise FormulaError(
                f"the condition {shorten(part)} is not read; conditions are comparisons joined by And, Or, Not."
            )
    return found


def _without_not(condition: sympy.Basic) -> tuple[sympy.Basic, bool]:
    """What stands behind a row of Not, and whether their number is odd."""
    odd = False
    while isinstance(condition, sympy.Not):
        condition, odd = condition.args[0], not odd
    return condition, odd


def _in_and_or_not(condition: BooleanFunction) -> sympy.Basic:
    """Writes ITE (which SymPy makes of a Piecewise inside of a comparison), Xor and the like with And, Or and Not."""
    if isinstance(condition, sympy.Xor | sympy.Equivalent) and len(condition.args) > MAX_EXCLUSIVE:
        raise FormulaError(
            f"{shorten(condition)} joins more than {MAX_EXCLUSIVE} conditions; write it with And, Or, Not."
        )
    return condition.to_nnf(simplify=False)
