"""Domains: polyhedra over the inputs, given as text, SymPy relations, bounds or a Box; integer points too.

A symbol may be declared positive, negative, nonnegative, nonpositive or integer.  SymPy rewrites by that
(``Abs(x)`` becomes ``x``) before anything is read, so what is declared is part of the domain.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sympy
from flint import fmpq
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from relucirc.core.errors import DomainError, FormulaError, RelucircError, shorten
from relucirc.core.exact import ONE, rational, sign_of
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.core.names import positions, read_names
from relucirc.core.trees import symbols_of
from relucirc.language.conditions import parse_conditions
from relucirc.language.convex import affine_pieces, not_convex
from relucirc.language.formula import unknown_symbols
from relucirc.language.json_domain import json_domain, json_file


@dataclass(frozen=True)
class Box:
    """The points with ``lower <= x <= upper``, one pair of bounds for all inputs or one for each.

    Attributes:
        lower: A number, or one for each input; None for no bound.
        upper: The same.
        integer: Whether only integer points belong.

    Example:
        >>> import relucirc
        >>> bool(relucirc.prove(relucirc.circuits.absolute(), "x", relucirc.Box(0, 1)))
        True
    """

    lower: Any
    upper: Any
    integer: bool = False


@dataclass(frozen=True)
class Domain:
    """The points that satisfy all relations, some coordinates being integers.

    Attributes:
        relations: Affine relations over the inputs.
        integers: The inputs that only take integer values.
        words: What symbols are declared to be, each in a few words, where that is a part of this.
        written: How this was written, short.
    """

    relations: tuple[Relation, ...] = ()
    integers: frozenset[int] = frozenset()
    words: tuple[str, ...] = field(default=(), compare=False)
    written: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """What its points satisfy, for a sentence."""
        return ", and ".join([*([self.written] if self.written else []), *self.words])

    @cached_property
    def rounded(self) -> tuple[Relation, ...]:
        """The relations, those of integer inputs alone rounded to the integers that their forms take."""
        found: list[Relation] = []
        for relation in self.relations:
            terms = relation.form.terms
            if not terms or not self.integers.issuperset(terms):
                found.append(relation)
                continue
            scale, whole = Form(terms).primitive()
            bound = -relation.form.const / scale
            below = int(bound.p // bound.q)
            above = below + int(relation.op == ">" or bound.q != 1)
            found.append(Relation(whole.shift(fmpq(-above)), ">="))
            if relation.op == "==":
                found.append(Relation(-whole.shift(fmpq(-below)), ">="))
        return tuple(found)

    def refuse_empty(self, n: int) -> None:
        """Asks for a point of the domain among n inputs.

        Raises:
            DomainError: If there is none.
        """
        if self.relations and feasibility(self.relations, n).point is None:
            raise self.emptiness

    @property
    def emptiness(self) -> DomainError:
        """The error for a domain that turned out to have no point."""
        return DomainError(f"the domain is empty: no point satisfies {self.text}.")

    @property
    def is_everything(self) -> bool:
        """Whether this is all of R^n."""
        return not self.relations and not self.integers

    def contains(self, point: Sequence[fmpq]) -> bool:
        """Whether a point satisfies every relation."""
        if any(point[v].q != 1 for v in self.integers):
            return False
        return all(r.holds(sign_of(r.form.evaluate(point))) for r in self.relations)

    def __and__(self, other: "Domain") -> "Domain":
        """The points of both."""
        more = tuple(r for r in other.relations if r not in self.relations)
        words = self.words + tuple(word for word in other.words if word not in self.words)
        return Domain(self.relations + more, self.integers | other.integers, words, self.written or other.written)

    def is_implied_by(self, other: "Domain") -> bool:
        """Whether another domain says word for word what this one says."""
        return self.integers <= other.integers and all(relation in other.relations for relation in self.relations)

    def __str__(self) -> str:
        """Where it is, for a sentence."""
        where = "at every real input" if self.is_everything else "on the whole domain"
        return f"{where} ({', '.join(self.words)})" if self.words else where


def read_domain(domain: Any, names: Sequence[str]) -> Domain:
    """Reads a domain over named inputs.

    Args:
        domain: None for all of R^n; text such as ``"0 <= x1 <= 1, x1 + x2 <= 3"`` (``Abs(x1) <= 1`` and other
            convex conditions too; ``x1 in {0, 1}`` and ``x1 in integers`` for integer points); SymPy
            relations, one, a list, or joined by And (what their symbols are declared to be holds too);
            a pair of bounds for each input, ``[(0, 1), (None, 3)]``, or for some, ``{"x1": (0, 1)}``;
            those by name in JSON too, as text or in a file that a ``pathlib.Path`` names; a :class:`Box`; or a
            :class:`Domain`.
        names: The inputs, in order.

    Raises:
        DomainError: For conditions that are not a polyhedron, or over other names.

    Example:
        >>> read_domain({"x2": (0, None)}, ("x1", "x2")) == read_domain("x2 >= 0", ("x1", "x2"))
        True
    """
    try:
        if isinstance(domain, os.PathLike):
            domain = json_file(domain)
        found = _read(domain, names)
        return found if domain is None or found is domain else replace(found, written=shorten(domain))
    except RecursionError:
        raise DomainError(f"domain: {shorten(domain)} is nested too deeply.") from None


def _read(domain: Any, names: Sequence[str]) -> Domain:
    if domain is None:
        return Domain()
    if isinstance(domain, Domain):
        return domain
    if isinstance(domain, Box):
        return _from_box(domain, names)
    if isinstance(domain, Mapping):
        symbols = [key for key in domain if isinstance(key, sympy.Symbol)]
        return _from_pairs(_placed(domain, names), names) & _declared_in_domain(symbols, names)
    if isinstance(domain, list | tuple) and domain and all(isinstance(part, list | tuple) for part in domain):
        if len(domain) != len(names):
            raise DomainError(
                f"domain: expected one pair of bounds for each of the inputs {', '.join(names) or 'none'}, got "
                f"{len(domain)}: {shorten(domain)}."
            )
        return _from_pairs(dict(enumerate(domain)), names)
    if isinstance(domain, str):
        if not domain.strip():
            return Domain()
        data = json_domain(domain)
        if data is not None:
            return _read(data, names)
        conditions = _read_text(domain, names)
    elif isinstance(domain, list | tuple | set | frozenset):
        conditions = []
        for part in domain:
            conditions += _read_text(part, names) if isinstance(part, str) else [_condition(part)]
    else:
        conditions = [_condition(domain)]
    return _from_conditions(conditions, read_names(names))


def _read_text(text: str, names: Sequence[str]) -> list[Any]:
    try:
        return parse_conditions(text, names)
    except FormulaError as error:
        raise DomainError(f"domain: {error}".replace("the formula uses", "it uses")) from None


def _condition(value: Any) -> Any:
    """Refuses what is no condition, such as a number: 1 would be read as True, and (0, 1) as a contradiction."""
    if isinstance(value, Boolean | Relational | bool | Box | Domain):
        return value
    raise DomainError(
        f"domain: expected text such as '0 <= x <= 1', SymPy relations or a relucirc.Box, got {shorten(value)} of type "
        f"{type(value).__name__}; for bounds write relucirc.Box(lower, upper), or {{'x': (lower, upper)}}."
    )


def _placed(bounds: Mapping, names: Sequence[str]) -> dict[int, Any]:
    """Bounds by name or symbol as bounds by place."""
    place, found = positions(tuple(names)), dict[int, Any]()
    for key, pair in bounds.items():
        name = key.name if isinstance(key, sympy.Symbol) else key
        if type(name) is not str or name not in place:
            raise DomainError(
                "domain: " + unknown_symbols([shorten(name)], names).replace("the formula uses", "it uses")
            )
        if place[name] in found:
            raise DomainError(f"domain: expected one pair of bounds for {name}, got two: {shorten(bounds)}.")
        found[place[name]] = pair
    return found


def _from_pairs(pairs: Mapping[int, Any], names: Sequence[str]) -> Domain:
    """The points whose coordinates lie between two bounds each."""
    lower: list[Any] = [None] * len(names)
    upper: list[Any] = [None] * len(names)
    for v, pair in pairs.items():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise DomainError(
                f"domain: expected a pair (lower, upper) for {names[v]}, None for no bound, got {shorten(pair)}."
            )
        lower[v], upper[v] = pair
    return _from_box(Box(lower, upper), names, "domain")


def _from_box(box: Box, names: Sequence[str], what: str = "Box") -> Domain:
    relations = []
    for name, sign in (("lower", ONE), ("upper", -ONE)):
        bounds = getattr(box, name)
        if bounds is None or isinstance(bounds, str) or not hasattr(bounds, "__len__") or _is_number(bounds):
            bounds = [bounds] * len(names)
        if len(bounds) != len(names):
            raise DomainError(
                f"{what} {name}: expected one number or {len(names)}, got {len(bounds)}: {shorten(bounds)}."
            )
        for v, bound in enumerate(bounds):
            if bound is not None:
                try:
                    value = rational(bound, f"{what} {name}[{v}]")
                except RelucircError as error:
                    raise DomainError(str(error)) from None
                relations.append(Relation(Form({v: sign}, -sign * value), ">="))
    return Domain(tuple(relations), frozenset(range(len(names))) if box.integer else frozenset())


def _is_number(value: Any) -> bool:
    return getattr(value, "shape", None) == ()


_DECLARED = {"positive": (ONE, ">"), "nonnegative": (ONE, ">="), "negative": (-ONE, ">"), "nonpositive": (-ONE, ">=")}
_NAMED_FIRST = (
    "positive",
    "negative",
    "prime",
    "composite",
    "even",
    "odd",
    "irrational",
    "noninteger",
    "nonzero",
    "rational",
)


def declared(symbols: Iterable[sympy.Symbol], names: Sequence[str]) -> Domain:
    """What symbols are declared to be, as a domain; two symbols of one name are the same input.

    Raises:
        FormulaError: When that is no domain, such as ``rational=True``, or the symbol is not real.

    Example:
        >>> declared([sympy.Symbol("x", positive=True)], ("x",)).words
        ('x is declared positive',)
    """
    found = Domain()
    for symbol in sorted(symbols, key=lambda s: (s.name, str(sorted(s.assumptions0.items())))):
        if symbol.name in names and symbol.assumptions0 != {"commutative": True}:
            found &= _declared(symbol, positions(tuple(names))[symbol.name])
    return found


def _declared(symbol: sympy.Symbol, v: int) -> Domain:
    facts = symbol.assumptions0
    signs = [sign for sign in _DECLARED if facts.get(f"extended_{sign}")]
    signs = [sign for sign in signs if not (sign == "nonnegative" and "positive" in signs)]
    signs = [sign for sign in signs if not (sign == "nonpositive" and "negative" in signs)]
    said = [*signs, *(["integer"] if facts.get("integer") else [])]
    follows = sympy.Symbol(symbol.name, real=True, **dict.fromkeys(said, True)).assumptions0
    more = [fact for fact, value in facts.items() if follows.get(fact) is not value]
    if facts.get("extended_real") is False or facts.get("commutative") is False or facts.get("real") is False:
        raise FormulaError(f"the symbol {symbol.name} is not real; use sympy.Symbol({symbol.name!r}, real=True).")
    if more:
        first = min(more, key=lambda fact: (not facts[fact], *(name != fact for name in _NAMED_FIRST)))
        raise FormulaError(
            f"the symbol {symbol.name} is declared {first}={facts[first]}, which is no domain; use "
            f"sympy.Symbol({symbol.name!r}, real=True), or declare it positive, negative, nonnegative, nonpositive or "
            "integer."
        )
    relations = [Relation(Form({v: _DECLARED[sign][0]}), _DECLARED[sign][1]) for sign in signs]
    words = (f"{symbol.name} is declared {' and '.join(said)}",) if said else ()
    return Domain(tuple(relations), frozenset([v] if "integer" in said else ()), words)


def _from_conditions(conditions: Sequence[Any], names: tuple[str, ...]) -> Domain:
    relations: list[Relation] = []
    integers: set[int] = set()
    symbols: set[sympy.Symbol] = set()
    place = positions(names)
    pending = list(reversed(conditions))
    while pending:
        condition = pending.pop()
        if isinstance(condition, Box | Domain):
            part = _read(condition, names)
            relations += part.relations
            integers |= part.integers
        elif isinstance(condition, tuple):
            symbol, low, high = condition
            integers.add(place[symbol.name])
            if low is not None:
                pending += [sympy.Le(symbol, high, evaluate=False), sympy.Ge(symbol, low, evaluate=False)]
        elif condition in (True, sympy.true):
            continue
        elif condition in (False, sympy.false):
            relations.append(Relation(Form.constant(-ONE), ">="))
        elif isinstance(condition, sympy.And):
            pending.extend(reversed(condition.args))
        elif isinstance(condition, Relational) and not isinstance(condition, sympy.Ne):
            found = symbols_of([condition])
            unknown = sorted({s.name for s in found if s.name not in place})
            if unknown:
                raise DomainError("domain: " + unknown_symbols(unknown, names).replace("the formula uses", "it uses"))
            symbols |= found
            relations += [relation for relation in _read_relation(condition, names) if not _is_always_true(relation)]
        else:
            raise DomainError(
                f"domain: expected comparisons with <, <=, >, >= or == joined by commas or And (a polyhedron), got "
                f"{shorten(condition)}; for a union, prove each part."
            )
    return Domain(tuple(relations), frozenset(integers)) & _declared_in_domain(symbols, names)


def _declared_in_domain(symbols: Iterable[sympy.Symbol], names: Sequence[str]) -> Domain:
    try:
        return declared(symbols, names)
    except FormulaError as error:
        raise DomainError(f"domain: {error}") from None


def _is_always_true(relation: Relation) -> bool:
    """Whether a relation says nothing, such as ``x == x``."""
    return relation.form.is_constant and relation.holds(sign_of(relation.form.const))


def _read_relation(condition: Relational, names: tuple[str, ...]) -> list[Relation]:
    """Reads ``lhs op rhs``; a convex left minus right gives one relation for each of its affine pieces."""
    left, right = condition.args
    if isinstance(condition, sympy.Eq):
        pairs = affine_pieces(left, right, condition, names)
        if len(pairs) != 1:
            raise not_convex(condition)
        return [Relation(pairs[0], "==")]
    if isinstance(condition, sympy.Gt | sympy.Ge):
        left, right = right, left
    op = ">" if isinstance(condition, sympy.Gt | sympy.Lt) else ">="
    return [Relation(-piece, op) for piece in affine_pieces(left, right, condition, names)]
