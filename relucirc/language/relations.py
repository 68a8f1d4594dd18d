"""Relations between a network's outputs and its inputs, as they are written: text, SymPy conditions, lists of them."""

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from relucirc.core.errors import FormulaError, shorten
from relucirc.core.names import quoted, shown
from relucirc.core.trees import parts_of, symbols_of
from relucirc.language.conditions import all_hold, parse_relation
from relucirc.language.formula import no_number


def output_names(count: int) -> tuple[str, ...]:
    """Returns ``("y",)`` for one output and ``("y1", "y2", ...)`` for several."""
    return ("y",) if count == 1 else tuple(f"y{i + 1}" for i in range(count))


def read_relation(formula: Any, inputs: Sequence[str], outputs: Sequence[str]) -> sympy.Basic | None:
    """Reads a relation; of a list, all parts hold.  None where this is a formula, whose values are numbers.

    Args:
        formula: Text, a condition of SymPy, or a list of these; or a formula.
        inputs: The names of the network's inputs.
        outputs: The names of its outputs.

    Raises:
        FormulaError: When it cannot be read, is not over these names, or says nothing about the outputs.

    Example:
        >>> read_relation("-1 <= y, y <= 1", ("x",), ("y",))
        (-1 <= y) & (y <= 1)
    """
    parts = formula if isinstance(formula, list | tuple) else [formula]
    read = [_condition(part) for part in parts]
    if all(condition is None for condition in read):
        return None
    for part, condition in zip(parts, read, strict=True):
        if condition is None:
            raise FormulaError(
                f"expected relations such as {outputs[0]} <= 1 in the whole list, got {shorten(part)}; prove formulas "
                "and relations one after the other."
            )
    relation = all_hold([condition for condition in read if condition is not None])
    try:
        parts_of([relation])
        _check_symbols(relation, inputs, outputs)
    except RecursionError:
        raise FormulaError(f"the relation {shorten(formula)} is nested too deeply.") from None
    return relation


def _condition(value: Any) -> sympy.Basic | None:
    if isinstance(value, str):
        return parse_relation(value)
    if isinstance(value, bool):
        raise FormulaError(
            f"expected a formula or a relation, got {value}: Python's == compares expressions as they are written; "
            "write sympy.Eq(a, b), or the relation as text."
        )
    is_condition = isinstance(value, Boolean | Relational) and not isinstance(value, sympy.Expr)
    return value if is_condition else None


def _check_symbols(relation: sympy.Basic, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    symbols = symbols_of([relation])
    names = {symbol.name for symbol in symbols}
    listed = f"the output{'s are' if len(outputs) > 1 else ' is'} {', '.join(outputs)}"
    both = next((name for name in outputs if name in inputs), None)
    if both is not None:
        raise FormulaError(
            f"in a relation {listed}, but an input is called {both} too; rename the inputs, as in "
            "relucirc.MLP(net.layers, inputs=('a', 'b', ...))."
        )
    unknown = sorted(names - {*inputs, *outputs})
    if unknown:
        used = ", ".join(shorten(shown(name)) for name in unknown)
        raise FormulaError(
            (no_number(unknown) or "").replace("the formula", "the relation")
            or f"the relation uses {used}, but {listed} and the inputs are "
            f"{', '.join(map(shown, inputs)) or 'none'}; use these names."
        )
    if symbols and not names & set(outputs):
        raise FormulaError(
            f"the relation {shorten(relation)} is about the inputs alone; {listed}: say what holds for "
            f"{'them' if len(outputs) > 1 else 'it'}, or give such conditions as domain=."
        )
    real = sympy.Symbol("real", real=True).assumptions0
    for symbol in symbols:
        more = [fact for fact, value in symbol.assumptions0.items() if real.get(fact) is not value]
        if symbol.name in outputs and more:
            raise FormulaError(
                f"the symbol {symbol.name} is an output, and SymPy may have rewritten the relation by what it is "
                f"declared to be; use sympy.Symbol({quoted(symbol.name)}, real=True)."
            )


def conjuncts(relation: sympy.Basic) -> list[Any]:
    """The parts that all have to hold, in order."""
    found, pending = [], [relation]
    while pending:
        part = pending.pop()
        if isinstance(part, sympy.And):
            pending += reversed(part.args)
        else:
            found.append(part)
    return found


def as_formulas(relation: sympy.Basic, outputs: Sequence[str]) -> list[sympy.Expr] | None:
    """One formula for each output, where a relation is that each output equals one over the inputs.

    Example:
        >>> as_formulas(parse_relation("y2 == x, 0 == y1"), ("y1", "y2"))
        [0, x]
    """
    found: dict[str, Any] = {}
    for part in conjuncts(relation):
        if not isinstance(part, sympy.Eq):
            return None
        left, right = part.args
        if not _is_output(left, outputs):
            left, right = right, left
        if not _is_output(left, outputs) or left.name in found:
            return None
        if not isinstance(right, sympy.Expr) or any(symbol.name in outputs for symbol in symbols_of([right])):
            return None
        found[left.name] = right
    return [found[name] for name in outputs] if len(found) == len(outputs) else None


def _is_output(side: Any, outputs: Sequence[str]) -> bool:
    return isinstance(side, sympy.Symbol) and side.name in outputs
