"""Domains: polyhedra over the inputs, given as text, SymPy relations or a Box; integer points too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpq
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from relucirc.errors import DomainError, FormulaError, RelucircError, shorten
from relucirc.exact import ONE, rational, sign_of
from relucirc.forms import Form, combine
from relucirc.formula import parse_conditions, unknown_symbols
from relucirc.graph import Relation
from relucirc.names import positions, read_names


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
    """

    relations: tuple[Relation, ...] = ()
    integers: frozenset[int] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether this is all of R^n."""
        return not self.relations and not self.integers

    def contains(self, point: Sequence[fmpq]) -> bool:
        """Whether a point satisfies every relation."""
        if any(point[v].q != 1 for v in self.integers):
            return False
        return all(r.holds(sign_of(r.form.evaluate(point))) for r in self.relations)


def read_domain(domain: Any, names: Sequence[str]) -> Domain:
    """Reads a domain over named inputs.

    Args:
        domain: None for all of R^n; text such as ``"0 <= x1 <= 1, x1 + x2 <= 3"`` (``Abs(x1) <= 1`` and other
            convex conditions too; ``x1 in {0, 1}`` and ``x1 in integers`` for integer points); SymPy
            relations, one, a list, or joined by And (a symbol with ``integer=True`` takes integer values
            only); a :class:`Box`; or a :class:`Domain`.
        names: The inputs, in order.

    Raises:
        DomainError: For conditions that are not a polyhedron, or over other names.
    """
    if domain is None:
        return Domain()
    if isinstance(domain, Domain):
        return domain
    if isinstance(domain, Box):
        return _from_box(domain, names)
    if isinstance(domain, str):
        if not domain.strip():
            return Domain()
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
        f"{type(value).__name__}; for bounds write relucirc.Box(lower, upper)."
    )


def _from_box(box: Box, names: Sequence[str]) -> Domain:
    relations = []
    for name, sign in (("lower", ONE), ("upper", -ONE)):
        bounds = getattr(box, name)
        if bounds is None or isinstance(bounds, str) or not hasattr(bounds, "__len__") or _is_number(bounds):
            bounds = [bounds] * len(names)
        if len(bounds) != len(names):
            raise DomainError(f"Box {name}: expected one number or {len(names)}, got {len(bounds)}: {shorten(bounds)}.")
        for v, bound in enumerate(bounds):
            if bound is not None:
                try:
                    value = rational(bound, f"Box {name}[{v}]")
                except RelucircError as error:
                    raise DomainError(str(error)) from None
                relations.append(Relation(Form({v: sign}, -sign * value), ">="))
    return Domain(tuple(relations), frozenset(range(len(names))) if box.integer else frozenset())


def _is_number(value: Any) -> bool:
    return getattr(value, "shape", None) == ()


def _from_conditions(conditions: Sequence[Any], names: tuple[str, ...]) -> Domain:
    relations: list[Relation] = []
    integers: set[int] = set()
    place = positions(names)
    pending = list(reversed(conditions))
    while pending:
        condition = pending.pop()
        if isinstance(condition, Box | Domain):
            part = read_domain(condition, names)
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
            unknown = sorted({s.name for s in condition.free_symbols if s.name not in place})
            if unknown:
                raise DomainError("domain: " + unknown_symbols(unknown, names).replace("the formula uses", "it uses"))
            integers |= {place[s.name] for s in condition.free_symbols if s.is_integer}
            relations += [relation for relation in _read_relation(condition, names) if not _is_always_true(relation)]
        else:
            raise DomainError(
                f"domain: expected comparisons with <, <=, >, >= or == joined by commas or And (a polyhedron), got "
                f"{shorten(condition)}; for a union, prove each part."
            )
    return Domain(tuple(relations), frozenset(integers))


def _is_always_true(relation: Relation) -> bool:
    """Whether a relation says nothing, such as ``x == x``."""
    return relation.form.is_constant and relation.holds(sign_of(relation.form.const))


def _read_relation(condition: Relational, names: tuple[str, ...]) -> list[Relation]:
    """Reads ``lhs op rhs``; a convex left minus right gives one relation for each of its affine pieces."""
    left, right = condition.args
    if isinstance(condition, sympy.Eq):
        pairs = _affine_pieces(left, right, condition, names)
        if len(pairs) != 1:
            raise _not_convex(condition)
        return [Relation(pairs[0], "==")]
    if isinstance(condition, sympy.Gt | sympy.Ge):
        left, right = right, left
    op = ">" if isinstance(condition, sympy.Gt | sympy.Lt) else ">="
    return [Relation(-piece, op) for piece in _affine_pieces(left, right, condition, names)]


def _affine_pieces(left: sympy.Basic, right: sympy.Basic, whole: sympy.Basic, names: tuple[str, ...]) -> list[Form]:
    """Affine forms whose maximum is ``left - right``."""
    above, below = _pieces(left, ONE, whole, names), _pieces(right, -ONE, whole, names)
    return [a + b for a in above for b in below]


MAX_PIECES = 4096


def _pieces(e: sympy.Basic, factor: fmpq, whole: sympy.Basic, names: tuple[str, ...]) -> list[Form]:
    """Affine forms whose maximum is ``factor * e``."""
    if isinstance(e, sympy.Symbol):
        return [Form({positions(names)[e.name]: factor})]
    if isinstance(e, sympy.Rational | sympy.Float):
        return [Form.constant(factor * rational(e))]
    if isinstance(e, sympy.Add):
        sums = [Form()]
        for part in e.args:
            pieces = _pieces(part, factor, whole, names)
            if len(sums) * len(pieces) > MAX_PIECES:
                raise DomainError(f"domain: {shorten(whole)} has more than {MAX_PIECES} affine pieces.")
            sums = [combine(((ONE, a), (ONE, b))) for a in sums for b in pieces]
        return sums
    if isinstance(e, sympy.Mul):
        numbers = [a for a in e.args if isinstance(a, sympy.Rational | sympy.Float)]
        rest = [a for a in e.args if a not in numbers]
        if len(rest) == 1:
            for number in numbers:
                factor = factor * rational(number)
            return _pieces(rest[0], factor, whole, names)
    grows = isinstance(e, sympy.Max | sympy.Abs)
    if grows or isinstance(e, sympy.Min):
        if not factor:
            return [Form()]
        if (factor > 0) != grows:
            raise _not_convex(whole)
        options = [e.args[0], -e.args[0]] if isinstance(e, sympy.Abs) else list(e.args)  # type: ignore[operator]
        return [piece for option in options for piece in _pieces(option, factor, whole, names)]
    raise DomainError(f"domain: {shorten(e)} in {shorten(whole)} is not affine; a domain is a polyhedron.")


def _not_convex(condition: sympy.Basic) -> DomainError:
    return DomainError(f"domain: {shorten(condition)} is not convex; prove each of its parts on its own.")
