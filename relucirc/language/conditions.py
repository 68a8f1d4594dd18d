"""Conditions as text: those of a domain, and relations between a network's outputs and its inputs."""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy

from relucirc.language.formula import Reader
from relucirc.language.syntax import Text


def parse_conditions(text: str, names: Sequence[str] | None = None) -> list[Any]:
    """Reads a domain: conditions separated by commas, and memberships ``(name, low, high)`` of integers.

    ``x in {0, 1}`` and ``x in integers`` become tuples ``(symbol, low, high)``, bounds None for the latter.

    Raises:
        FormulaError: For anything else, naming it.

    Example:
        >>> parse_conditions("0 <= x, x in {0, 1}")
        [0 <= x, (x, 0, 1)]
    """
    reader = Reader(Text(text.strip(), "domain"), names)

    def condition(node: ast.expr) -> Any:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            return _member(reader, node)
        return reader.truth(node)

    return reader.each(reader.text.parts, condition)


def parse_relation(text: str) -> sympy.Basic | None:
    """Reads a relation, comparisons joined by commas (all hold), and, or, not; None where text has none at its top.

    What it returns stands as it is written: SymPy's And and Or would rewrite comparisons.

    Example:
        >>> parse_relation("y1 > y2 or y1 > y3")
        (y1 > y2) | (y1 > y3)
        >>> parse_relation("Piecewise((x, x > 0), (0, True))") is None
        True
    """
    if not _COMPARES.search(text):
        return None
    read = Text(text.strip(), "formula")
    if not any(map(_is_condition, read.parts)):
        return None
    reader = Reader(replace(read, kind="relation"))
    return all_hold(reader.each(reader.text.parts, reader.truth))


def all_hold(parts: Sequence[sympy.Basic]) -> sympy.Basic:
    """Joins conditions by And, as they are."""
    return parts[0] if len(parts) == 1 else sympy.Basic.__new__(sympy.And, *parts)


def _member(reader: Reader, node: ast.Compare) -> tuple[sympy.Expr, Any, Any]:
    symbol, where = reader.value(node.left), node.comparators[0]
    if not isinstance(symbol, sympy.Symbol) or len(node.ops) != 1:
        raise reader.text.refusal(node, "membership is read for one variable, as in 'x1 in {0, 1}'")
    if isinstance(where, ast.Name) and where.id in ("integers", "Integers", "ZZ"):
        return symbol, None, None
    if not isinstance(where, ast.Set):
        raise reader.text.refusal(node, "expected a set of integers such as {0, 1}, or the word integers")
    values = sorted({reader.value(item) for item in where.elts}, key=lambda v: (v.is_Rational is not True, v))
    if any(not v.is_Integer for v in values) or values != list(range(int(values[0]), int(values[-1]) + 1)):
        raise reader.text.refusal(node, "expected consecutive integers such as {0, 1, 2}")
    return symbol, values[0], values[-1]


def _is_condition(node: ast.expr) -> bool:
    """Whether an expression is true or false, by its looks."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.Compare | ast.BoolOp):
            return True
        if isinstance(part, ast.UnaryOp):
            if isinstance(part.op, ast.Not):
                return True
            pending += [part.operand] if isinstance(part.op, ast.Invert) else []
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitAnd | ast.BitOr):
            pending += [part.left, part.right]
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in _CONDITIONS:
            return True
    return False


_COMPARES = re.compile(r"[<>=]|\b(Eq|Ne)\b")
"""What text has where it compares."""
_CONDITIONS = ("And", "Or", "Not", "Eq", "Ne")
"""Functions whose values are true or false."""
