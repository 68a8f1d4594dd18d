"""Formulas as text, read by a parser of our own that never evaluates code.

Text goes through Python's grammar (:mod:`ast`) and a whitelist of node types and function names;
everything else is refused by name.  The result is SymPy, built unevaluated where SymPy's own
constructors would compare all pairs of arguments (Min, Max).  Decimal numbers are exact: 0.1 is
one tenth.
"""

import ast
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import sympy
from sympy.functions.elementary.piecewise import ExprCondPair

from relucirc.core.errors import FormulaError, RelucircError, shorten
from relucirc.core.exact import rational, to_rational
from relucirc.core.names import quoted, shown

MAX_LENGTH = 2_000_000
"""Longest text that is read."""
MAX_EXPONENT = 64
MAX_BITS = 100_000
"""Largest constant that arithmetic in a formula may make."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
"""One line as Python's grammar counts them."""


class OrderStatistic(sympy.Function):
    """``OrderStatistic(k, a1, ..., an)``: the k-th smallest of n values, 1 <= k <= n.

    In Min and Max it would have ``n! / (k! (n - k)!)`` terms and more; as a function it stays small, and is
    lowered to a sorting network.
    """

    nargs = None

    @classmethod
    def eval(cls, k: Any, *values: Any) -> Any:
        """SymPy's hook: a number if all values are."""
        return sorted(values)[int(k) - 1] if all(value.is_Rational for value in values) else None

    def doit(self, **_: Any) -> sympy.Expr:
        """Writes it out: the minimum over k-subsets of the maximum of each."""
        from itertools import combinations  # noqa: PLC0415

        k, values = int(self.args[0]), self.args[1:]
        return sympy.Min(*(sympy.Max(*subset, evaluate=False) for subset in combinations(values, k)), evaluate=False)


def median(*values: Any) -> sympy.Expr:
    """Returns the median of an odd number of expressions, as an :class:`OrderStatistic`."""
    if len(values) % 2 == 0:
        raise FormulaError(f"median: expected an odd number of arguments, got {len(values)}; use order_statistic.")
    return OrderStatistic(len(values) // 2 + 1, *values)


def order_statistic(k: Any, *values: Any) -> sympy.Expr:
    """Returns the k-th smallest of several expressions, as an :class:`OrderStatistic`."""
    if not (isinstance(k, int | sympy.Integer) and 1 <= int(k) <= len(values)):
        raise FormulaError(f"order_statistic: expected k from 1 to {len(values)}, got {shorten(k)}.")
    return OrderStatistic(int(k), *values)


def parse_formula(text: str, names: Sequence[str] | None = None) -> Any:
    """Reads a formula from text.

    Knows ``+ - * / **``, comparisons, ``and or not``, ``a if condition else b``, Min, Max, Abs, relu, clip,
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
    return _Reader(text, names, "formula").read()


def parse_conditions(text: str, names: Sequence[str] | None = None) -> list[Any]:
    """Reads a domain: conditions separated by commas, and memberships ``(name, low, high)`` of integers.

    ``x in {0, 1}`` and ``x in integers`` become tuples ``(symbol, low, high)``, bounds None for the latter.
    """
    return _Reader(text, names, "domain").conditions()


def parse_relation(text: str) -> sympy.Basic | None:
    """Reads a relation, comparisons joined by commas (all hold), and, or, not; None where text has none at its top.

    What it returns stands as it is written: SymPy's And and Or would rewrite comparisons.

    Example:
        >>> parse_relation("y1 > y2 or y1 > y3")
        (y1 > y2) | (y1 > y3)
        >>> parse_relation("Piecewise((x, x > 0), (0, True))") is None
        True
    """
    return _Reader(text, None, "formula").relation() if _COMPARES.search(text) else None


def all_hold(parts: Sequence[sympy.Basic]) -> sympy.Basic:
    """Joins conditions by And, as they are."""
    return parts[0] if len(parts) == 1 else sympy.Basic.__new__(sympy.And, *parts)


class _Reader:
    """Reads one text; ``kind`` says whether as a formula, as a relation or as a domain.

    Sums, chains of if and else, of signs and of negations are the ways in which text nests deeply and means something:
    they are read in loops.  What else nests deeply ends in a RecursionError, and becomes a sentence.
    """

    def __init__(self, text: str, names: Sequence[str] | None, kind: str) -> None:
        self.kind = kind
        self.text = text.strip()
        self.lines = [line.encode("utf-8", "replace") for line in _LINE.findall(self.text)]
        self.names = None if names is None else frozenset(names)
        self.listed = names
        self.unknown: dict[str, None] = {}

    def read(self) -> Any:
        node = self._parse().body
        if not isinstance(node, ast.List | ast.Tuple):
            return self._each([node], self.value)[0]
        if not node.elts:
            raise FormulaError("expected at least one formula in the list, got none.")
        return self._each(node.elts, self.value)

    def conditions(self) -> list[Any]:
        node = self._parse().body
        return self._each(node.elts if isinstance(node, ast.Tuple | ast.List) else [node], self._condition)

    def relation(self) -> sympy.Basic | None:
        node = self._parse().body
        nodes = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
        if not any(map(_is_condition, nodes)):
            return None
        self.kind = "relation"
        return all_hold(self._each(nodes, self.truth))

    def _each(self, nodes: Sequence[ast.expr], read: Callable[[ast.expr], Any]) -> list[Any]:
        try:
            found = [read(node) for node in nodes]
        except RecursionError:
            raise FormulaError(f"the {self.kind} {shorten(self.text)!r} is nested too deeply.") from None
        if self.unknown:
            raise FormulaError(unknown_symbols(sorted(self.unknown), self.listed or ()))
        return found

    def _condition(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            return self._member(node)
        return self.truth(node)

    def _parse(self) -> ast.Expression:
        if len(self.text) > MAX_LENGTH:
            raise FormulaError(f"the text has {len(self.text)} characters; at most {MAX_LENGTH} are read.")
        if not unicodedata.is_normalized("NFKC", self.text):
            raise FormulaError(self._not_as_written())
        try:
            return ast.parse(self.text, mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            deep = isinstance(error, RecursionError | MemoryError)
            why = "it is nested too deeply" if deep else getattr(error, "msg", None) or str(error)
            raise FormulaError(f"cannot read {shorten(self.text)!r}: {why}; {_advice(self.text, self.kind)}.") from None

    def _not_as_written(self) -> str:
        """Names the first word that Python's grammar would read as another."""
        words = re.split(r"[\x00-\x20()\[\]{},;:<>=!&|+\-*/~^]+", self.text)
        word = next((w for w in words if not unicodedata.is_normalized("NFKC", w)), self.text)
        plain = unicodedata.normalize("NFKC", word)
        return f"cannot read {quoted(word)} as it is written: Python's grammar reads it as {quoted(plain)}; write that."

    def _member(self, node: ast.Compare) -> tuple[sympy.Expr, Any, Any]:
        symbol, where = self.value(node.left), node.comparators[0]
        if not isinstance(symbol, sympy.Symbol) or len(node.ops) != 1:
            raise self._refusal(node, "membership is read for one variable, as in 'x1 in {0, 1}'")
        if isinstance(where, ast.Name) and where.id in ("integers", "Integers", "ZZ"):
            return symbol, None, None
        if not isinstance(where, ast.Set):
            raise self._refusal(node, "expected a set of integers such as {0, 1}, or the word integers")
        values = sorted({self.value(item) for item in where.elts}, key=lambda v: (v.is_Rational is not True, v))
        if any(not v.is_Integer for v in values) or values != list(range(int(values[0]), int(values[-1]) + 1)):
            raise self._refusal(node, "expected consecutive integers such as {0, 1, 2}")
        return symbol, values[0], values[-1]

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
                raise self._refusal(node, f"{node.id} is a function; give it arguments")
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
        raise self._refusal(node, "expected numbers, input names, + - * /, Min, Max, Abs, relu, clip, Piecewise")

    def _number(self, node: ast.Constant) -> sympy.Expr:
        if isinstance(node.value, bool | str | bytes | complex) or node.value is None or node.value is ...:
            raise self._refusal(node, "expected a number")
        source = self._source(node)
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
            return self._bounded(left * right, node)
        if isinstance(node.op, ast.Div):
            if right.is_zero or right == 0:
                raise self._refusal(node, "division by zero")
            if not right.is_Rational:
                raise self._refusal(node, "only division by numbers is piecewise linear")
            return self._bounded(left / right, node)
        if isinstance(node.op, ast.Pow):
            if not (right.is_Integer and 0 <= int(right) <= MAX_EXPONENT):
                raise self._refusal(node, f"expected an integer exponent from 0 to {MAX_EXPONENT}")
            return self._bounded(left ** int(right), node)
        advice = {ast.BitXor: "a power is written **, as in x**2", ast.BitOr: "an absolute value is written Abs(x)"}
        raise self._refusal(node, advice.get(type(node.op), "expected one of + - * / **"))

    def _bounded(self, value: sympy.Expr, node: ast.expr) -> sympy.Expr:
        if isinstance(value, sympy.Rational) and max(abs(value.p).bit_length(), value.q.bit_length()) > MAX_BITS:
            raise self._refusal(node, "the number is too large")
        return value

    def _call(self, node: ast.Call) -> sympy.Expr:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name not in _FUNCTIONS or node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            known = ", ".join(sorted(map(str, _FUNCTIONS)))
            raise self._refusal(node, f"known functions are {known}, with plain arguments")
        if name == "Piecewise":
            return self._piecewise(node)
        low, high, make = _FUNCTIONS[name]
        if not low <= len(node.args) <= (high or len(node.args)):
            wanted = f"{low}" if low == high else f"at least {low}" if high is None else f"{low} to {high}"
            raise self._refusal(node, f"{name} takes {wanted} arguments, got {len(node.args)}")
        return make(*(self.value(argument) for argument in node.args))

    def _piecewise(self, node: ast.Call) -> sympy.Expr:
        branches = []
        for argument in node.args:
            if not isinstance(argument, ast.Tuple) or len(argument.elts) != 2:
                raise self._refusal(argument, "Piecewise takes pairs (value, condition)")
            branches.append((self.value(argument.elts[0]), self.truth(argument.elts[1])))
        if not branches:
            raise self._refusal(node, "Piecewise takes at least one pair (value, condition)")
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
                    raise self._refusal(node, "expected one of < <= > >= == !=")
                relations.append(make(left, right, evaluate=False))
            return self._joined(sympy.And, relations)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            name, count = node.func.id, len(node.args)
            if name in ("And", "Or", "Not"):
                if not count or (name == "Not" and count != 1):
                    raise self._refusal(node, f"wrong number of arguments for {name}")
                parts = [self.truth(argument) for argument in node.args]
                make = getattr(sympy, name)
                return make(parts[0], evaluate=False) if name == "Not" else self._joined(make, parts)
            if name in ("Eq", "Ne") and count == 2:
                return getattr(sympy, name)(*map(self.value, node.args), evaluate=False)
        raise self._refusal(node, "expected a condition such as x1 > 0")

    def _joined(self, make: Any, parts: Sequence[Any]) -> Any:
        if len(parts) == 1:
            return parts[0]
        return sympy.Basic.__new__(make, *parts) if self.kind == "relation" else make(*parts, evaluate=False)

    def _source(self, node: ast.expr) -> str:
        """The text of a node; ``ast.get_source_segment`` splits the whole text into lines each time."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lines = self.lines[first : last + 1]
        before, after = node.col_offset, len(lines[-1]) - (node.end_col_offset or 0)
        whole = lines[0] if len(lines) == 1 else b"".join(lines)
        return whole[before : len(whole) - after].decode()

    def _refusal(self, node: ast.expr, why: str) -> FormulaError:
        source = self._source(node) or type(node).__name__
        where = " in a formula" if self.kind == "formula" else ""
        return FormulaError(f"cannot read {shorten(source, 60)!r}{where}: {why}.")


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


def _without(node: ast.expr, flips: tuple[type, ...], keeps: tuple[type, ...] = ()) -> tuple[ast.expr, bool]:
    """What stands behind a row of unary operators, and whether an odd number of them flips it."""
    odd = False
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, flips + keeps):
        odd ^= isinstance(node.op, flips)
        node = node.operand
    return node, odd


_HABITS = {
    r"=>": "write >= for =>",
    r"=<": "write <= for =<",
    r"<>": "write != for <>",
    r"&&": "write and for &&",
    r"\|": "write Abs(x) for |x|",
    r"(?<![<>=!])=(?!=)": "leave out 'y =' of a formula, and write == in a condition",
    r"\\": "write Min(x1, x2), not LaTeX",
    r"(?<![\w.])\d[\d.]*[ ]*[A-Za-z_(]": "write 2*x for 2x",
}
"""Ways of writing that are not read, and what to write instead."""

_DOMAIN_HABITS = {
    r"(?<![<>=!])=(?![=<>])": "write == in a condition",
    r"[;\n]": "separate conditions by commas",
}
"""Those of domains, which come first there."""


def _advice(text: str, kind: str) -> str:
    """Says how to write a text that Python's grammar has no place for."""
    habits = {**_DOMAIN_HABITS, **_HABITS} if kind == "domain" else _HABITS
    found = next((advice for habit, advice in habits.items() if re.search(habit, text[:1000])), None)
    example = "0 <= x1 <= 1, x1 + x2 <= 3" if kind == "domain" else "Min(x1, x2) + 1/2"
    return found or f"write such as '{example}'"


def unknown_symbols(found: Sequence[str], names: Sequence[str]) -> str:
    """Says that a formula's symbols are not the inputs, listing both."""
    used, inputs = (", ".join(map(shown, some)) for some in (found, names))
    return (
        f"the formula uses {used}, but the inputs are {inputs or 'none'}; use the inputs' names, or rename the inputs."
    )


def _lattice(kind: Any) -> Callable[..., sympy.Expr]:
    def make(*values: sympy.Expr) -> sympy.Expr:
        return values[0] if len(values) == 1 else kind(*values, evaluate=False)

    return make


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
