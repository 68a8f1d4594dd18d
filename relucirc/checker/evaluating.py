"""Exact values of SymPy expressions, found without SymPy's own evaluation and without the lowering.

SymPy decides conditions between numbers in some places and leaves them open in others, so that
``Piecewise((x, 1 == 1), (0, True))``, built unevaluated, becomes 0 under ``xreplace``.  This reads the tree as it
stands: every node from the values of its arguments.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from flint import fmpq
from sympy.functions.elementary.piecewise import ExprCondPair

from relucirc.core.trees import parts_of
from relucirc.language.order_statistic import OrderStatistic


def value_of(expression: sympy.Basic, point: Mapping[str, fmpq]) -> fmpq | None:
    """Returns the value at a point that is given by name; None if there is none, or a part is of an unknown kind.

    Example:
        >>> x = sympy.Symbol("x")
        >>> value_of(sympy.Max(x, 1) / 2, {"x": fmpq(3)})
        3/2
    """
    known: dict[sympy.Basic, Any] = {}
    for part in parts_of([expression]):
        inner = [known[argument] for argument in part.args]
        if isinstance(part, sympy.Symbol):
            known[part] = point.get(part.name)
        elif isinstance(part, sympy.Rational | sympy.Float):
            number = sympy.Rational(part)
            known[part] = fmpq(int(number.p), int(number.q))
        elif isinstance(part, ExprCondPair):
            known[part] = tuple(inner)
        elif isinstance(part, sympy.Piecewise):
            known[part] = _first(inner)
        else:
            rule = next((rule for kind, rule in _RULES if isinstance(part, kind)), None)
            known[part] = None if rule is None or None in inner else rule(*inner)
    return known[expression]


def truth_of(condition: sympy.Basic, signs: Mapping[sympy.Basic, fmpq]) -> bool:
    """Returns whether a condition holds, given the sign of left minus right for each of its comparisons.

    Example:
        >>> x = sympy.Symbol("x")
        >>> truth_of((x > 1) | (x < 0), {x > 1: fmpq(-1), x < 0: fmpq(-1)})
        True
    """
    given = signs.get(condition)
    inner = [truth_of(part, signs) for part in condition.args] if given is None else [given, fmpq(0)]
    return next(rule for kind, rule in _RULES if isinstance(condition, kind))(*inner)


def _first(branches: list[tuple[fmpq | None, bool | None]]) -> fmpq | None:
    """The value of the first branch whose condition holds."""
    for value, holds in branches:
        if holds is None or holds:
            return None if holds is None else value
    return None


def _sum(*values: fmpq) -> fmpq:
    return sum(values, start=fmpq(0))


def _product(*values: fmpq) -> fmpq:
    result = fmpq(1)
    for value in values:
        result *= value
    return result


def _power(base: fmpq, exponent: fmpq) -> fmpq | None:
    return _product(*[base] * int(exponent.p)) if exponent.q == 1 and 0 <= exponent.p <= 64 else None


_RULES: list[tuple[type, Callable[..., Any]]] = [
    (sympy.Add, _sum),
    (sympy.Mul, _product),
    (sympy.Pow, _power),
    (sympy.Max, lambda *values: max(values)),
    (sympy.Min, lambda *values: min(values)),
    (sympy.Abs, lambda value: value if value > 0 else -value),
    (sympy.sign, lambda value: fmpq((value > 0) - (value < 0))),
    (sympy.Heaviside, lambda value, at_zero: at_zero if value == 0 else fmpq(int(value > 0))),
    (OrderStatistic, lambda k, *values: sorted(values)[int(k.p) - 1]),
    (sympy.Lt, lambda a, b: a < b),
    (sympy.Le, lambda a, b: a <= b),
    (sympy.Gt, lambda a, b: a > b),
    (sympy.Ge, lambda a, b: a >= b),
    (sympy.Eq, lambda a, b: a == b),
    (sympy.Ne, lambda a, b: a != b),
    (type(sympy.true), lambda: True),
    (type(sympy.false), lambda: False),
    (sympy.And, lambda *parts: all(parts)),
    (sympy.Or, lambda *parts: any(parts)),
    (sympy.Not, lambda part: not part),
    (sympy.Xor, lambda *parts: sum(parts) % 2 == 1),
    (sympy.Implies, lambda a, b: not a or b),
    (sympy.Equivalent, lambda *parts: len(set(parts)) == 1),
    (sympy.ITE, lambda condition, a, b: a if condition else b),
]
