"""Formulas as trees: affine forms, maxima and minima, absolute values, sums; what they cost, and how SymPy writes them.

The cost is the number of operations, as ``sympy.count_ops`` counts them, then the digits of all numbers.  Negative
terms cost nothing in a sum that has a positive one, and a maximum of k arguments is k - 1 operations.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import sympy
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, to_rational
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.geometry.lift import affine_expression

Cost = tuple[int, int]
"""Operations, then digits."""


@dataclass(frozen=True, eq=False)
class Term:
    """A piecewise-linear formula over numbered inputs; equal ones are written alike."""

    @cached_property
    def _key(self) -> tuple:
        return (type(self), *(getattr(self, field.name) for field in fields(self)))

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Term) and self._hash == other._hash and self._key == other._key)

    @property
    def addends(self) -> "tuple[Form, tuple[tuple[fmpq, Term], ...]]":
        """The term as an affine form and multiples of terms that are neither affine nor sums."""
        return Form(), ((ONE, self),)

    @cached_property
    def cost(self) -> Cost:
        """Operations, then digits."""
        form, parts = self.addends
        monomials = [*form.terms.values(), *((form.const,) if form.const or not (form.terms or parts) else ())]
        operations = len(monomials) + len(parts) - 1
        operations += sum(_times(c) for c in form.terms.values()) + (form.const.q != 1)
        operations += sum(_times(c) + part.operations for c, part in parts)
        operations += all(c < 0 for c in (*monomials, *(c for c, _ in parts)))
        digits = sum(len(str(abs(c))) for c in (*monomials, *(c for c, _ in parts))) + len(form.terms)
        return operations, digits + sum(part.digits for _, part in parts)

    @property
    def operations(self) -> int:
        """The cost of what is no sum, its sign and factor aside."""
        raise NotImplementedError

    @property
    def digits(self) -> int:
        """The digits of what is no sum."""
        raise NotImplementedError

    @property
    def children(self) -> "tuple[Term, ...]":
        """The terms that it is made of."""
        return ()

    def expression(self, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        """Writes the term for SymPy, as it stands."""
        form, parts = self.addends
        written = [
            part.written(symbols) if c == 1 else sympy.Mul(to_rational(c), part.written(symbols), evaluate=False)
            for c, part in parts
        ]
        affine = [affine_expression(form, symbols)] if form or not parts else []
        if len(affine) + len(written) == 1:
            return (affine + written)[0]
        return sympy.Add(*affine, *written)

    def written(self, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        """Writes what is no sum."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Affine(Term):
    """An affine form."""

    form: Form

    @property
    def addends(self) -> tuple[Form, tuple[tuple[fmpq, Term], ...]]:
        """See :class:`Term`."""
        return self.form, ()


@dataclass(frozen=True, eq=False)
class Sum(Term):
    """An affine form and multiples of others; made by :func:`added`."""

    form: Form
    parts: tuple[tuple[fmpq, Term], ...]

    @property
    def addends(self) -> tuple[Form, tuple[tuple[fmpq, Term], ...]]:
        """See :class:`Term`."""
        return self.form, self.parts

    @property
    def children(self) -> tuple[Term, ...]:
        """See :class:`Term`."""
        return tuple(part for _, part in self.parts)


@dataclass(frozen=True, eq=False)
class Extreme(Term):
    """The largest of some terms (``sign`` 1) or the smallest (-1); made by :func:`extreme`."""

    sign: int
    args: tuple[Term, ...]

    @property
    def operations(self) -> int:
        """See :class:`Term`."""
        return len(self.args) - 1 + sum(arg.cost[0] for arg in self.args)

    @property
    def digits(self) -> int:
        """See :class:`Term`."""
        return sum(arg.cost[1] for arg in self.args)

    @property
    def children(self) -> tuple[Term, ...]:
        """See :class:`Term`."""
        return self.args

    def written(self, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        """See :class:`Term`."""
        kind = sympy.Max if self.sign > 0 else sympy.Min
        return kind(*(arg.expression(symbols) for arg in self.args), evaluate=False)


@dataclass(frozen=True, eq=False)
class Absolute(Term):
    """The absolute value of a term."""

    arg: Term

    @property
    def operations(self) -> int:
        """See :class:`Term`."""
        return 1 + self.arg.cost[0]

    @property
    def digits(self) -> int:
        """See :class:`Term`."""
        return self.arg.cost[1]

    @property
    def children(self) -> tuple[Term, ...]:
        """See :class:`Term`."""
        return (self.arg,)

    def written(self, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        """See :class:`Term`."""
        return sympy.Abs(self.arg.expression(symbols), evaluate=False)


def _times(c: fmpq) -> int:
    """Operations of a factor: none for 1 and -1, two for a fraction."""
    return (abs(c.p) != 1) + (c.q != 1)


def added(parts: Sequence[tuple[fmpq, Term]]) -> Term:
    """Returns a sum of multiples, equal terms once."""
    affine: list[tuple[fmpq, Form]] = []
    found: dict[Term, fmpq] = {}
    for factor, part in parts:
        form, addends = part.addends
        affine.append((factor, form))
        for c, addend in addends:
            found[addend] = found.get(addend, ZERO) + factor * c
    form = combine(affine)
    kept = tuple((c, part) for part, c in found.items() if c)
    if not kept:
        return Affine(form)
    return kept[0][1] if len(kept) == 1 and kept[0][0] == 1 and not form else Sum(form, kept)


def extreme(sign: int, args: Sequence[Term]) -> Term:
    """Returns a maximum or minimum, those of the same kind inside it taken in."""
    flat: dict[Term, None] = {}
    for arg in args:
        inside = arg.args if isinstance(arg, Extreme) and arg.sign == sign else (arg,)
        flat.update(dict.fromkeys(inside))
    return next(iter(flat)) if len(flat) == 1 else Extreme(sign, tuple(flat))


def scaled(term: Term, factor: fmpq) -> Term:
    """Returns a multiple, the factor inside of maxima and minima."""
    if factor == 1:
        return term
    if isinstance(term, Extreme):
        return Extreme(term.sign if factor > 0 else -term.sign, tuple(scaled(arg, factor) for arg in term.args))
    if isinstance(term, Sum):
        return added([(factor, Affine(term.form)), *((ONE, scaled(part, factor * c)) for c, part in term.parts)])
    return added([(factor, term)])


def shifted(term: Term, form: Form) -> Term:
    """Returns the term and an affine form, which goes inside of a maximum or minimum."""
    if isinstance(term, Extreme) and form:
        return Extreme(term.sign, tuple(shifted(arg, form) for arg in term.args))
    return added([(ONE, term), (ONE, Affine(form))])


def leaves_of(term: Term) -> Iterator[Form]:
    """The affine forms that nested maxima and minima compare, those of sums among them."""
    if isinstance(term, Extreme):
        for arg in term.args:
            yield from leaves_of(arg)
    else:
        yield term.addends[0]


def flat(term: Term) -> Term:
    """Returns the term with what stands beside an extreme in another one taken into it, so that they may merge."""
    if isinstance(term, Extreme):
        args = []
        for arg in map(flat, term.args):
            form, parts = arg.addends
            if len(parts) == 1 and isinstance(parts[0][1], Extreme):
                arg = shifted(scaled(parts[0][1], parts[0][0]), form)
            args.append(arg)
        return extreme(term.sign, args)
    if isinstance(term, Absolute):
        return Absolute(flat(term.arg))
    form, parts = term.addends
    return added([(ONE, Affine(form)), *((c, flat(part)) for c, part in parts)]) if isinstance(term, Sum) else term


def graph_of_term(term: Term, names: Sequence[str]) -> Graph:
    """Writes a term as a graph over named inputs, the smallest variable numbers first."""
    builder = GraphBuilder(names)

    def form(part: Term) -> Form:
        if isinstance(part, Extreme):
            return builder.max(list(map(form, part.args))) if part.sign > 0 else builder.min(list(map(form, part.args)))
        if isinstance(part, Absolute):
            inside = form(part.arg)
            return builder.max([inside, -inside])
        affine, parts = part.addends
        return combine([(ONE, affine), *((c, form(inside)) for c, inside in parts)])

    output = form(term)
    return builder.build([output])


def renamed(term: Term, places: Mapping[int, int]) -> Term:
    """Returns the term with other numbers for its variables."""
    if isinstance(term, Extreme):
        return Extreme(term.sign, tuple(renamed(arg, places) for arg in term.args))
    if isinstance(term, Absolute):
        return Absolute(renamed(term.arg, places))
    form, parts = term.addends
    moved = Form({places[v]: c for v, c in form.terms.items()}, form.const)
    return added([(ONE, Affine(moved)), *((c, renamed(part, places)) for c, part in parts)])


def substituted(term: Term, v: int, value: Term) -> Term:
    """Returns the term with a formula put in for a variable."""
    if isinstance(term, Extreme):
        return extreme(term.sign, [substituted(arg, v, value) for arg in term.args])
    if isinstance(term, Absolute):
        return Absolute(substituted(term.arg, v, value))
    form, parts = term.addends
    rest = Form({u: c for u, c in form.terms.items() if u != v}, form.const)
    inside = [(c, substituted(part, v, value)) for c, part in parts]
    return added([(ONE, Affine(rest)), (form.coefficient(v), value), *inside])


def variables_of(term: Term) -> set[int]:
    """Returns the numbers of the variables of a term."""
    return set(term.addends[0].terms).union(*map(variables_of, term.children))
