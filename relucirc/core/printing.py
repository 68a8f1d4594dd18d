"""Formulas as text for people: as SymPy writes them, with the inputs in the order in which people count.

SymPy orders the arguments of Min and Max, and the terms of sums, by the names of the symbols as text: x1, x10, x2.
Here digits in names count as numbers: x1, x2, x10.  The text is a formula again for every front door.
"""

from collections.abc import Sequence
from typing import Any

import sympy
from flint import fmpq
from sympy.core.relational import Relational
from sympy.core.sorting import default_sort_key
from sympy.printing.str import StrPrinter

from relucirc.core.errors import shorten
from relucirc.core.exact import text, to_rational, written
from relucirc.core.names import natural

LAST = (float("inf"), 0)
"""Stands after all factors of a monomial."""
LONG = 24
"""Longest number that is written whole."""
SHORT = 10
"""Digits that are left of a part that is cut."""
HUGE = 10**300


def decimal(value: sympy.Expr, digits: int = 4) -> str:
    """Writes a real number of any size with so many significant digits."""
    rounded = value.evalf(digits)
    return f"{float(rounded):.{digits}g}" if 1 / HUGE < abs(rounded) < HUGE else str(rounded)


def formula_text(formula: Any) -> str:
    """Writes a formula.

    Args:
        formula: A SymPy expression or condition, a list of them for several outputs, or anything else with a text.

    Example:
        >>> import sympy
        >>> formula_text(sympy.Min(*sympy.symbols("x1:11")) + 1)
        'Min(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10) + 1'
    """
    if isinstance(formula, list | tuple):
        return f"[{', '.join(map(formula_text, formula))}]"
    if isinstance(formula, sympy.Rational):
        return written(formula)
    return _Printer().doprint(formula) if isinstance(formula, sympy.Basic) else str(formula)


def condition_text(condition: Any) -> str:
    """Writes a condition with words, its parts in the order in which they stand.

    Example:
        >>> x, y = sympy.symbols("x y")
        >>> condition_text(sympy.Or(sympy.Eq(y, 2 * x), sympy.And(x > 0, y <= sympy.Max(x, 1))))
        'y == 2*x or (x > 0 and y <= Max(1, x))'
    """
    if isinstance(condition, sympy.Not):
        return f"not {_inside(condition.args[0], Relational)}"
    if isinstance(condition, sympy.And | sympy.Or):
        word = " and " if isinstance(condition, sympy.And) else " or "
        return word.join(_inside(part) for part in condition.args)
    if isinstance(condition, Relational) and condition.rel_op is not None:
        left, right = map(formula_text, condition.args)
        return f"{left} {condition.rel_op} {right}"
    return formula_text(condition)


def _inside(condition: Any, *kinds: type) -> str:
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, (sympy.And, sympy.Or, *kinds)) else text


def number_text(value: Any) -> str:
    """Writes a number for people: what is long is cut, with a decimal beside it.

    Args:
        value: A rational of SymPy or flint, or a real number of SymPy.

    Example:
        >>> number_text(sympy.Rational(1, 3)), number_text(sympy.Rational(2**70 + 1, 3**50))
        ('1/3', '1180591620.../7178979876... (about 0.001645)')
    """
    whole = text(value) if isinstance(value, fmpq) else formula_text(value)
    if len(whole) <= LONG:
        return whole
    value = to_rational(value) if isinstance(value, fmpq) else value
    if not isinstance(value, sympy.Expr) or not value.is_finite:
        return whole
    if not isinstance(value, sympy.Rational):
        return f"{shorten(whole)} (about {decimal(value)})"
    cut = "/".join(part if len(part) <= SHORT + 3 else f"{part[:SHORT]}..." for part in whole.split("/"))
    return f"{cut} (about {decimal(value)})"


class _Printer(StrPrinter):
    """SymPy's printer with another order of what commutes."""

    def _print_LatticeOp(self, expr: Any) -> str:  # noqa: N802  (SymPy's name)
        arguments = ", ".join(self._print(argument) for argument in sorted(expr.args, key=_key))
        return f"{expr.func.__name__}({arguments})"

    def _print_And(self, expr: Any) -> str:  # noqa: N802  (SymPy's name)
        return super()._print_And(_InOrder(expr))

    def _print_Or(self, expr: Any) -> str:  # noqa: N802  (SymPy's name)
        return super()._print_Or(_InOrder(expr))

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list:  # noqa: ARG002  (SymPy's signature)
        """Terms by their monomials, the highest first, as SymPy does; a positive number before one negative term."""
        terms = list(sympy.Add.make_args(expr))
        if len(terms) == 2:
            number, other = sorted(terms, key=lambda term: not term.is_Number)
            if number.is_Number and number.is_positive and _coefficient(other).is_negative:
                return [number, other]
        bases = {base for term in terms for base, _ in _monomial(term)}
        place = {base: i for i, base in enumerate(sorted(bases, key=_key))}

        def monomial(term: Any) -> list:
            return [*sorted((place[base], -exponent) for base, exponent in _monomial(term)), LAST]

        return sorted(terms, key=lambda term: (monomial(term), _coefficient(term)))


class _InOrder:
    """A conjunction or disjunction with its parts in order, for the printer."""

    def __init__(self, expr: Any) -> None:
        self.args: Sequence[Any] = sorted(expr.args, key=lambda part: (_size(part), _key(part)))


def _size(expr: Any) -> int:
    return sum(1 for _ in sympy.preorder_traversal(expr))


def _coefficient(term: Any) -> Any:
    return term.as_coeff_Mul()[0]


def _monomial(term: Any) -> list[tuple[Any, int]]:
    """The factors of a term that are no numbers: bases and integer exponents."""
    factors = [f for f in sympy.Mul.make_args(term.as_coeff_Mul()[1]) if not f.is_Number]
    powers = [f.as_base_exp() for f in factors]
    return [(b, int(e)) if e.is_Integer else (f, 1) for f, (b, e) in zip(factors, powers, strict=True)]


def _key(expr: Any) -> Any:
    """SymPy's key for sorting, with the digits in names as numbers."""
    return _counted(default_sort_key(expr))


def _counted(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(map(_counted, key))
    return tuple(natural(key)) if isinstance(key, str) else key
