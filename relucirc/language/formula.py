"""Formulas as text, read by a parser of our own that never evaluates code.

Text goes through Python's grammar and a whitelist of node types and function names; everything else is refused by name.
The result is SymPy, built unevaluated where SymPy's own constructors would compare all pairs of arguments (Min, Max).
Decimal numbers are exact: 0.1 is one tenth.
"""

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import sympy
from sympy.functions.elementary.piecewise import ExprCondPair

from relucirc.core.errors import FormulaError, RelucircError, shorten
from relucirc.core.exact import rational, to_rational
from relucirc.core.names import shown
from relucirc.language.order_statistic import median, order_statistic
from relucirc.language.syntax import Text

MAX_EXPONENT = 64
MAX_BITS = 100_000
"""Largest constant that arithmetic in a formula may make."""


def parse_formula(text: str, names: Sequence[str] | None = None) -> Any:
    """Reads a formula from text.

    Knows ``+ - * / **``, ``|x|``, comparisons, ``and or not``, ``a if condition else b``, Min, Max, Abs, relu, clip,
    median, order_statistic, sign, Heaviside, Piecewise, And, Or, Not, Eq, Ne, and lists for several
    outputs.

    Args:
        text: Such as ``"Max(x1, x2) - 0.1*x3"``.
        names: The symbols it may use; any by default.

    Returns:
        A SymPy expression, or a list of them.

    Raises:
        FormulaError: For anything else, naming it.

    Example:
        >>> parse_formula("clip(0.5*x, 0, 1)")
        Min(1, Max(0, x/2))
    """
    reader = Reader(Text(text.strip(), "formula"), names)
    node = reader.text.tree
    if not isinstance(node, ast.List | ast.Tuple):
        return reader.each([node], reader.value)[0]
    if not node.elts:
        raise FormulaError("expected at least one formula in the list, got none.")
    return reader.each(node.elts, reader.value)


class Reader:
    """Reads the parts of one text: values, and what is true or false.

    Sums, chains of if and else, of signs and of negations are the ways in which text nests deeply and means something:
    they are read in loops.  What else nests deeply ends in a RecursionError, and becomes a sentence.
    """

    def __init__(self, text: Text, names: Sequence[str] | None = None) -> None:
        """Takes a text, and the symbols that it may use: any by default."""
        self.text = text
        self.names = None if names is None else frozenset(names)
        self.listed = names
        self.unknown: dict[str, None] = {}

    def each(self, nodes: Sequence[ast.expr], read: Callable[[ast.expr], Any]) -> list[Any]:
        """Reads each part in one way.

        Raises:
            FormulaError: For what nests too deeply, or uses other symbols.
        """
        try:
            found = [read(node) for node in nodes]
        except RecursionError:
            raise FormulaError(f"the {self.text.kind} {shorten(self.text.written)!r} is nested too deeply.") from None
        if self.unknown:
            raise FormulaError(unknown_symbols(sorted(self.unknown), self.listed or ()))
        return found

    def value(self, node: ast.expr) -> sympy.Expr:
        """Reads an expression that has a number as value."""
        stack: list[tuple[ast.expr, bool]] = [(node, False)]
        # Sums are the long ones and nest to the left: unroll them, so that recursion stays shallow.
        terms: list[sympy.Expr] = []
        while stack:
            part, negative = stack.pop()
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
                stack.append((part.right, negative != isinstance(part.op, ast.Sub)))
                stack.append((part.left, negative))
            else:
                term = self._value(part)
                terms.append(-term if negative else term)
        return terms[0] if len(terms) == 1 else sympy.Add(*terms)

    def _value(self, node: ast.expr) -> sympy.Expr:
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.Name):
            if node.id in _FUNCTIONS:
                raise self.text.refusal(node, f"{node.id} is a function; give it arguments")
            if self.names is not None and node.id not in self.names:
                self.unknown[node.id] = None
            return sympy.Symbol(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            node, odd = _without(node, (ast.USub,), (ast.UAdd,))
            return -self.value(node) if odd else self.value(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.IfExp):
            branches = []
            while isinstance(node, ast.IfExp):
                branches.append((self.value(node.body), self.truth(node.test)))
                node = node.orelse
            return _piecewise([*branches, (self.value(node), sympy.true)])
        raise self.text.refusal(node, "expected numbers, input names, + - * /, Min, Max, Abs, relu, clip, Piecewise")

    def _number(self, node: ast.Constant) -> sympy.Expr:
        if isinstance(node.value, bool | str | bytes | complex) or node.value is None or node.value is ...:
            raise self.text.refusal(node, "expected a number")
        source = self.text.source(node)
        try:
            return to_rational(rational(source.replace("_", ""), "number"))
        except RelucircError as error:
            if isinstance(node.value, int) and not source.isdecimal():  # 0x10, 0b11, 0o17
                return self._bounded(sympy.Integer(node.value), node)
            raise FormulaError(str(error)) from None

    def _binary(self, node: ast.BinOp) -> sympy.Expr:
        """A product, quotient or power; sums are read elsewhere."""
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Mult):
            return self._bounded(_product(left, right), node)
        if isinstance(node.op, ast.Div):
            if right.is_zero or right == 0:
                raise self.text.refusal(node, "division by zero")
            if not right.is_Rational:
                raise self.text.refusal(node, "only division by numbers is piecewise linear")
            return self._bounded(left / right, node)
        if isinstance(node.op, ast.Pow):
            if not (right.is_Integer and 0 <= int(right) <= MAX_EXPONENT):
                raise self.text.refusal(node, f"expected an integer exponent from 0 to {MAX_EXPONENT}")
            power = right > 1 and left.has(sympy.Piecewise)
            return sympy.Pow(left, right, evaluate=False) if power else self._bounded(left ** int(right), node)
        advice = {
            ast.BitXor: "a power is written **, as in x**2",
            ast.BitOr: "an absolute value is written |x| or Abs(x)",
        }
        raise self.text.refusal(node, advice.get(type(node.op), "expected one of + - * / **"))

    def _bounded(self, value: sympy.Expr, node: ast.expr) -> sympy.Expr:
        if isinstance(value, sympy.Rational) and max(abs(value.p).bit_length(), value.q.bit_length()) > MAX_BITS:
            raise self.text.refusal(node, "the number is too large")
        return value

    def _call(self, node: ast.Call) -> sympy.Expr:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name not in _FUNCTIONS or node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            known = ", ".join(sorted(map(str, _FUNCTIONS)))
            raise self.text.refusal(node, f"known functions are {known}, with plain arguments")
        if name == "Piecewise":
            return self._piecewise(node)
        low, high, make = _FUNCTIONS[name]
        if not low <= len(node.args) <= (high or len(node.args)):
            wanted = f"{low}" if low == high else f"at least {low}" if high is None else f"{low} to {high}"
            raise self.text.refusal(node, f"{name} takes {wanted} arguments, got {len(node.args)}")
        return make(*(self.value(argument) for argument in node.args))

    def _piecewise(self, node: ast.Call) -> sympy.Expr:
        branches = []
        for argument in node.args:
            if not isinstance(argument, ast.Tuple) or len(argument.elts) != 2:
                raise self.text.refusal(argument, "Piecewise takes pairs (value, condition)")
            branches.append((self.value(argument.elts[0]), self.truth(argument.elts[1])))
        if not branches:
            raise self.text.refusal(node, "Piecewise takes at least one pair (value, condition)")
        return _piecewise(branches)

    def truth(self, node: ast.expr) -> Any:
        """Reads an expression that is true or false."""
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            return sympy.true if node.value else sympy.false
        if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in _JOINS:
            parts = node.values if isinstance(node, ast.BoolOp) else (node.left, node.right)
            return self._joined(_JOINS[type(node.op)], [self.truth(part) for part in parts])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
            node, odd = _without(node, (ast.Not, ast.Invert))
            return sympy.Not(self.truth(node), evaluate=False) if odd else self.truth(node)
        if isinstance(node, ast.Compare):
            sides = [self.value(side) for side in (node.left, *node.comparators)]
            relations = []
            for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
                make = _RELATIONS.get(type(op))
                if make is None:
                    raise self.text.refusal(node, "expected one of < <= > >= == !=")
                relations.append(make(left, right, evaluate=False))
            return self._joined(sympy.And, relations)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            name, count = node.func.id, len(node.args)
            if name in ("And", "Or", "Not"):
                if not count or (name == "Not" and count != 1):
                    raise self.text.refusal(node, f"wrong number of arguments for {name}")
                parts = [self.truth(argument) for argument in node.args]
                make = getattr(sympy, name)
                return make(parts[0], evaluate=False) if name == "Not" else self._joined(make, parts)
            if name in ("Eq", "Ne") and count == 2:
                return getattr(sympy, name)(*map(self.value, node.args), evaluate=False)
        raise self.text.refusal(node, "expected a condition such as x1 > 0")

    def _joined(self, make: Any, parts: Sequence[Any]) -> Any:
        if len(parts) == 1:
            return parts[0]
        return sympy.Basic.__new__(make, *parts) if self.text.kind == "relation" else make(*parts, evaluate=False)


def _without(node: ast.expr, flips: tuple[type, ...], keeps: tuple[type, ...] = ()) -> tuple[ast.expr, bool]:
    """What stands behind a row of unary operators, and whether an odd number of them flips it."""
    odd = False
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, flips + keeps):
        odd ^= isinstance(node.op, flips)
        node = node.operand
    return node, odd


def unknown_symbols(found: Sequence[str], names: Sequence[str]) -> str:
    """Says that a formula's symbols are not the inputs, listing both."""
    used, inputs = (", ".join(shorten(shown(name)) for name in some) for some in (found, names))
    return no_number(found) or (
        f"the formula uses {used}, but the inputs are {inputs or 'none'}; use the inputs' names, or rename the inputs."
    )


def no_number(names: Sequence[str]) -> str | None:
    """Says what to do instead of naming infinity, or what is no number, where that is no input."""
    word = next((name for name in names if name.lower() in ("oo", "inf", "infinity", "nan")), None)
    return None if word is None else f"the formula uses {word}, which is no number; leave out a bound that is infinite."


def _lattice(kind: Any) -> Callable[..., sympy.Expr]:
    def make(*values: sympy.Expr) -> sympy.Expr:
        return values[0] if len(values) == 1 else kind(*values, evaluate=False)

    return make


def _product(left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
    """A product, as it is written where SymPy would make a power of a Piecewise, and its conditions anew."""
    if left.is_Rational or right.is_Rational or not (left.has(sympy.Piecewise) or right.has(sympy.Piecewise)):
        return left * right
    return sympy.Mul(left, right, evaluate=False)


_min, _max = _lattice(sympy.Min), _lattice(sympy.Max)


def _clip(value: sympy.Expr, low: sympy.Expr, high: sympy.Expr) -> sympy.Expr:
    """As NumPy, JAX, PyTorch and ONNX clip: where low > high, the value is high."""
    return _min(_max(value, low), high)


def _piecewise(branches: Sequence[tuple[sympy.Expr, sympy.Basic]]) -> sympy.Expr:
    """A Piecewise exactly as written: SymPy's constructor rewrites conditions, which can recurse without end."""
    pairs = [sympy.Basic.__new__(ExprCondPair, value, condition) for value, condition in branches]
    return sympy.Basic.__new__(sympy.Piecewise, *pairs)


def _rational(numerator: sympy.Expr, denominator: sympy.Expr = sympy.S.One) -> sympy.Expr:
    if not (numerator.is_Rational and denominator.is_Rational and denominator != 0):
        raise FormulaError("Rational takes one or two numbers, the second not zero.")
    return numerator / denominator


_FUNCTIONS: dict[str | None, tuple[int, int | None, Callable[..., sympy.Expr]]] = {
    "Min": (1, None, _min),
    "min": (1, None, _min),
    "Max": (1, None, _max),
    "max": (1, None, _max),
    "Abs": (1, 1, partial(sympy.Abs, evaluate=False)),
    "abs": (1, 1, partial(sympy.Abs, evaluate=False)),
    "relu": (1, 1, partial(_max, sympy.Integer(0))),
    "ReLU": (1, 1, partial(_max, sympy.Integer(0))),
    "clip": (3, 3, _clip),
    "median": (1, None, median),
    "order_statistic": (2, None, order_statistic),
    "OrderStatistic": (2, None, order_statistic),
    "sign": (1, 1, partial(sympy.sign, evaluate=False)),
    "Heaviside": (1, 2, partial(sympy.Heaviside, evaluate=False)),
    "Piecewise": (1, None, sympy.Piecewise),
    "Rational": (1, 2, _rational),
}

_RELATIONS: dict[type, Any] = {
    ast.Lt: sympy.Lt,
    ast.LtE: sympy.Le,
    ast.Gt: sympy.Gt,
    ast.GtE: sympy.Ge,
    ast.Eq: sympy.Eq,
    ast.NotEq: sympy.Ne,
}

_JOINS: dict[type, Any] = {ast.And: sympy.And, ast.BitAnd: sympy.And, ast.Or: sympy.Or, ast.BitOr: sympy.Or}
