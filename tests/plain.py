"""A second, plain account of what networks and formulas mean, to judge the library by.

Nothing here imports relucirc.  Numbers are ``fractions.Fraction``.  A network is a list of
``(rows, biases)``; a formula is a nested tuple (see :func:`value`); a domain is a list of
``(coefficients, constant, op)``.  Each has an exact value at a point, and a formula can be written as
text and as SymPy.

:func:`first_difference_on_segment` decides equality exactly on a whole segment: there every switch
(a neuron, a comparison) is affine until the one before it changes sign, so splitting at those roots
leaves intervals on which both sides are affine.
"""

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy.functions.elementary.piecewise import ExprCondPair

Layers = list[tuple[list[list[Fraction]], list[Fraction] | None]]
Formula = tuple
Relation = tuple[tuple[Fraction, ...], Fraction, str]
Point = tuple[Fraction, ...]
ZERO = Fraction(0)


class SplitError(Exception):
    """A switch changes sign inside the interval, at this share of it."""

    def __init__(self, share: Fraction) -> None:
        super().__init__(share)
        self.share = share


class UndefinedError(Exception):
    """A formula has no value here: no condition of its cases holds."""


class Scalar:
    """How plain numbers behave; :class:`Ends` does the same on an interval."""

    @staticmethod
    def number(q: Fraction) -> Any:
        return q

    @staticmethod
    def sign(q: Any) -> int:
        return (q > 0) - (q < 0)


class Ends:
    """Affine functions on an open interval, as pairs of the limits at its two ends."""

    @staticmethod
    def number(q: Fraction) -> "Pair":
        return Pair(q, q)

    @staticmethod
    def sign(p: "Pair") -> int:
        a, b = Scalar.sign(p.a), Scalar.sign(p.b)
        if a * b < 0:
            raise SplitError(p.a / (p.a - p.b))
        return a or b


class Pair:
    """Two limits, added and scaled together."""

    def __init__(self, a: Fraction, b: Fraction) -> None:
        self.a, self.b = a, b

    def __add__(self, other: "Pair") -> "Pair":
        return Pair(self.a + other.a, self.b + other.b)

    def __sub__(self, other: "Pair") -> "Pair":
        return Pair(self.a - other.a, self.b - other.b)

    def __rmul__(self, factor: Fraction) -> "Pair":
        return Pair(factor * self.a, factor * self.b)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and (self.a, self.b) == (other.a, other.b)

    __hash__ = None  # type: ignore[assignment]


def run(layers: Layers, point: Sequence[Any], kind: Any = Scalar) -> list[Any]:
    """Evaluates a network."""
    values = list(point)
    for depth, (rows, biases) in enumerate(layers):
        before = []
        for i, row in enumerate(rows):
            total = kind.number(biases[i] if biases is not None else ZERO)
            for w, v in zip(row, values, strict=True):
                total = total + w * v
            before.append(total)
        last = depth == len(layers) - 1
        values = before if last else [z if kind.sign(z) > 0 else kind.number(ZERO) for z in before]
    return values


def value(f: Formula, point: Sequence[Any], kind: Any = Scalar) -> Any:
    """Evaluates a formula; every branch is evaluated, so that no switch is missed on an interval."""
    head, *parts = f
    if head == "number":
        return kind.number(parts[0])
    if head == "input":
        return point[parts[0]]
    if head == "scale":
        return parts[0] * value(parts[1], point, kind)
    if head == "if":
        truth = holds(parts[0], point, kind)
        yes, no = (value(part, point, kind) for part in parts[1:])
        return yes if truth else no
    if head == "cases":
        truths = [holds(part, point, kind) for part in parts[::2]]
        if not any(truths):
            raise UndefinedError
        return [value(part, point, kind) for part in parts[1::2]][truths.index(True)]
    values = [value(part, point, kind) for part in parts]
    if head == "add":
        total = kind.number(ZERO)
        for v in values:
            total = total + v
        return total
    if head in ("max", "min"):
        best = values[0]
        for v in values[1:]:
            if kind.sign(v - best) == (1 if head == "max" else -1):
                best = v
        return best
    if head == "clip":
        inner, low, high = values
        inner = low if kind.sign(inner - low) < 0 else inner
        return high if kind.sign(inner - high) > 0 else inner
    if head == "times":  # the first is a step: one number on all of an interval
        factor = values[0] if isinstance(values[0], Fraction) else values[0].a
        return factor * values[1]
    if head == "abs":
        return values[0] if kind.sign(values[0]) > 0 else Fraction(-1) * values[0]
    if head == "sign":
        return kind.number(Fraction(kind.sign(values[0])))
    if head == "step":
        sign = kind.sign(values[0])
        return values[1] if sign == 0 else kind.number(Fraction(sign > 0))
    if head == "median":
        for _ in values:
            for i in range(len(values) - 1):
                if kind.sign(values[i] - values[i + 1]) > 0:
                    values[i], values[i + 1] = values[i + 1], values[i]
        return values[len(values) // 2]
    raise AssertionError(head)


def holds(condition: Formula, point: Sequence[Any], kind: Any = Scalar) -> bool:
    """Truth of a condition: ``("<", a, b)`` and the like, ``and``, ``or``, ``not``."""
    head, *parts = condition
    if head in ("and", "or", "not"):
        truths = [holds(part, point, kind) for part in parts]
        return all(truths) if head == "and" else any(truths) if head == "or" else not truths[0]
    sign = kind.sign(value(parts[0], point, kind) - value(parts[1], point, kind))
    return {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0, "==": sign == 0, "!=": sign != 0}[head]


def inside(domain: Sequence[Relation], point: Point) -> bool:
    """Whether a point satisfies every relation ``coefficients . x + constant op 0``."""
    for coefficients, constant, op in domain:
        total = constant + sum((c * x for c, x in zip(coefficients, point, strict=True)), start=ZERO)
        if not {">": total > 0, ">=": total >= 0, "==": total == 0}[op]:
            return False
    return True


Side = Callable[[Sequence[Any], Any], list[Any]]
"""Values of all outputs, given a point and the kind of number."""


def network_side(layers: Layers) -> Side:
    """A network as one side of a claim."""
    return lambda point, kind: run(layers, point, kind)


def formula_side(formulas: Sequence[Formula]) -> Side:
    """Formulas, one for each output, as one side of a claim."""
    return lambda point, kind: [value(f, point, kind) for f in formulas]


def values_at(side: Side, point: Point) -> list[Fraction]:
    """Exact values at a point."""
    return side(point, Scalar)


def first_difference_on_segment(left: Side, right: Side, start: Point, end: Point) -> Point | None:
    """A point of the segment where two sides differ, or None if they agree on all of it."""

    def at(share: Fraction) -> Point:
        return tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))

    pending = [(ZERO, Fraction(1))]
    ends = {ZERO, Fraction(1)}
    while pending:
        a, b = pending.pop()
        pairs = [Pair(p, q) for p, q in zip(at(a), at(b), strict=True)]
        try:
            one, other = left(pairs, Ends), right(pairs, Ends)
        except SplitError as split:
            middle = a + split.share * (b - a)
            assert a < middle < b
            ends.add(middle)
            pending += [(a, middle), (middle, b)]
            continue
        if any(p != q for p, q in zip(one, other, strict=True)):
            for share in ((a + b) / 2, (2 * a + b) / 3):  # affine and different: not equal at two places
                if left(at(share), Scalar) != right(at(share), Scalar):
                    return at(share)
            raise AssertionError("different affine functions agree at one point only")
    for share in sorted(ends):
        if left(at(share), Scalar) != right(at(share), Scalar):
            return at(share)
    return None


def as_text(f: Formula, names: Sequence[str]) -> str:
    """Writes a formula or a condition as text for the library's parser."""
    head, *parts = f
    if head == "number":
        return f"({parts[0]})"
    if head == "input":
        return names[parts[0]]
    if head == "scale":
        return f"({parts[0]})*({as_text(parts[1], names)})"
    inner = [as_text(part, names) for part in parts]
    if head == "add":
        return "(" + " + ".join(inner) + ")"
    if head == "if":
        return f"Piecewise(({inner[1]}, {inner[0]}), ({inner[2]}, True))"
    if head == "cases":
        return f"Piecewise({', '.join(f'({v}, {c})' for c, v in zip(inner[::2], inner[1::2], strict=True))})"
    if head == "times":
        return f"({inner[0]}*{inner[1]})"
    if head in ("and", "or"):
        return "(" + f" {head} ".join(inner) + ")"
    if head == "not":
        return f"(not {inner[0]})"
    if head in ("<", "<=", ">", ">=", "==", "!="):
        return f"({inner[0]} {head} {inner[1]})"
    name = {"max": "Max", "min": "Min", "abs": "Abs", "sign": "sign", "step": "Heaviside"}.get(head, head)
    return f"{name}({', '.join(inner)})"


RELATIONS: dict[str, Any] = {
    "<": sympy.Lt,
    "<=": sympy.Le,
    ">": sympy.Gt,
    ">=": sympy.Ge,
    "==": sympy.Eq,
    "!=": sympy.Ne,
}


def as_sympy(f: Formula, symbols: Sequence[sympy.Symbol]) -> Any:
    """Writes a formula or a condition with SymPy's own constructors, simplifications included.

    A Piecewise is left as it is: SymPy's own simplification of nested ones can recurse without end.
    """
    head, *parts = f
    if head == "number":
        return sympy.Rational(parts[0].numerator, parts[0].denominator)
    if head == "input":
        return symbols[parts[0]]
    if head == "scale":
        return sympy.Rational(parts[0].numerator, parts[0].denominator) * as_sympy(parts[1], symbols)
    inner = [as_sympy(part, symbols) for part in parts]
    if head == "if":
        return _piecewise([(inner[1], inner[0]), (inner[2], sympy.true)])
    if head == "cases":
        return _piecewise(list(zip(inner[1::2], inner[::2], strict=True)))
    if head == "clip":
        lower = as_sympy(("max", *parts[:2]), symbols)
        wrapped = lower.has(sympy.Piecewise) or inner[2].has(sympy.Piecewise)
        return sympy.Min(lower, inner[2], evaluate=not wrapped)
    if any(e.has(sympy.Piecewise) for e in inner) and head in ("max", "min", "abs", "sign", "step", *RELATIONS):
        makers = {"max": sympy.Max, "min": sympy.Min, "abs": sympy.Abs, "sign": sympy.sign, "step": sympy.Heaviside}
        return (makers | RELATIONS)[head](*inner, evaluate=False)
    if head == "median":
        k = len(inner) // 2 + 1
        return sympy.Min(*(sympy.Max(*subset) for subset in itertools.combinations(inner, k)))
    makers = {
        "add": sympy.Add,
        "times": sympy.Mul,
        "max": sympy.Max,
        "min": sympy.Min,
        "abs": sympy.Abs,
        "sign": sympy.sign,
        "step": sympy.Heaviside,
        "and": sympy.And,
        "or": sympy.Or,
        "not": sympy.Not,
    }
    return (makers | RELATIONS)[head](*inner)


def _piecewise(pairs: Sequence[tuple[Any, Any]]) -> Any:
    """As SymPy makes it; as it is written where SymPy gives up, at a condition about cases without a last True."""
    try:
        return sympy.Piecewise(*pairs, evaluate=False)
    except NotImplementedError:
        bare = sympy.Basic.__new__
        return bare(sympy.Piecewise, *(bare(ExprCondPair, value, condition) for value, condition in pairs))


def domain_text(domain: Sequence[Relation], names: Sequence[str]) -> str | None:
    """Writes a domain as text."""
    if not domain:
        return None
    written = []
    for coefficients, constant, op in domain:
        terms = [f"({c})*{name}" for c, name in zip(coefficients, names, strict=True) if c] or ["0"]
        written.append(f"{' + '.join(terms)} + ({constant}) {op} 0")
    return ", ".join(written)
