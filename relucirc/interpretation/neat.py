"""The cheapest way to write a term: what its arguments share taken out, or what stands beside it taken in.

``Max(x1 + x3, x2 + x3) = x3 + Max(x1, x2)``, ``Max(2*x1, 4) = 2*Max(x1, 2)``, ``Max(-x1, x1) = Abs(x1)``.  For every
variable the share is the coefficient that leaves the least to be written; absolute values come of two arguments and
their mean.  The laws are those of maxima and sums, so a term stays the function that it is.
"""

import itertools
from collections.abc import Iterator, Sequence

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form, primitive_scale
from relucirc.interpretation.laws import clipped, unclipped
from relucirc.interpretation.terms import (
    Absolute,
    Affine,
    Extreme,
    Sum,
    Term,
    added,
    extreme,
    leaves_of,
    scaled,
    shifted,
)

HALF = fmpq(1, 2)
MOST_ARGS = 5
"""Arguments of which all subsets are tried for a share of their own."""
MOST_TAKING, MOST_CHOICES = 4, 1000
"""Parts of a sum that may take a share of its affine rest, and ways to share one coefficient."""


class Neat:
    """Writes terms, each once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Term, bool], Term] = {}

    def __call__(self, term: Term, *, deep: bool = True) -> Term:
        """Returns the cheapest writing found; inside of others fewer ways are tried."""
        key = (term, deep)
        if key not in self._known:
            self._known[key] = min((term, *self._ways(term, deep)), key=lambda way: way.cost)
        return self._known[key]

    def _ways(self, term: Term, deep: bool) -> Iterator[Term]:
        tick()
        if isinstance(term, Extreme):
            yield from self._extremes(term, deep)
            if deep and len(term.args) > 2:
                yield from self._grouped(term)
        elif isinstance(term, Absolute):
            yield self._absolute(ONE, term.arg)
            yield from (self(way, deep=deep) for way in unclipped(term))
        elif isinstance(term, Sum):
            yield from self._sums(term, deep)

    def _extremes(self, term: Extreme, deep: bool) -> Iterator[Term]:
        leaves, weights = list(leaves_of(term)), list(weights_of(term))
        shares = dict.fromkeys([Form(), shared(leaves), shared(leaves, eager=True), *means_in(term.args)])
        plain = [arg.form for arg in term.args if isinstance(arg, Affine)]
        if deep:
            shares.update(dict.fromkeys(plain))
        for share in shares:
            rest = [shifted(arg, -share) for arg in term.args]
            for factor in factors([form - share for form in leaves], weights, deep):
                inside = deep and factor == 1 and not share
                args = [self(scaled(arg, 1 / factor), deep=inside) for arg in rest]
                sign = term.sign if factor > 0 else -term.sign
                yield added([(factor, extreme(sign, args)), (ONE, Affine(share))])
        if len(term.args) == 2 == len(plain):
            left, right = plain
            yield added(
                [
                    (ONE, Affine((left + right).scale(HALF))),
                    (term.sign * ONE, self._absolute(ONE, Affine((left - right).scale(HALF)))),
                ]
            )

    def _grouped(self, term: Extreme) -> Iterator[Term]:
        """Some of the arguments written together."""
        args = term.args
        sizes = range(2, len(args)) if len(args) <= MOST_ARGS else (2,)
        for chosen in itertools.chain.from_iterable(itertools.combinations(range(len(args)), size) for size in sizes):
            some = [args[i] for i in chosen]
            together = self(Extreme(term.sign, tuple(some)), deep=False)
            if not isinstance(together, Extreme):
                others = [arg for i, arg in enumerate(args) if i not in chosen]
                yield self(extreme(term.sign, [together, *others]), deep=len(others) > 1)

    def _absolute(self, factor: fmpq, inside: Term) -> Term:
        form, parts = inside.addends
        scales = dict.fromkeys([ONE] if parts else [ONE, primitive_scale([form])])
        scales.update(dict.fromkeys([1 / abs(factor), *(abs(c) for c in form.terms.values())]))
        scales.update(dict.fromkeys(abs(c) for c, _ in parts))
        options = [
            added([(factor * scale, Absolute(self(scaled(inside, sign / scale), deep=False)))])
            for scale in scales
            for sign in (ONE, -ONE)
        ]
        return min(options, key=lambda option: option.cost)

    def _addend(self, factor: fmpq, part: Term, deep: bool) -> Term:
        """A multiple of what is neither affine nor a sum."""
        if isinstance(part, Extreme):
            return self(scaled(part, factor), deep=deep)
        own = added([(factor, self(part, deep=deep))])
        if not isinstance(part, Absolute) or abs(factor) == 1:
            return own
        return min(own, self._absolute(factor, part.arg), key=lambda way: way.cost)

    def _sums(self, term: Sum, deep: bool) -> Iterator[Term]:
        parts = [(ONE, self._addend(c, part, deep)) for c, part in term.parts]
        apart = added([(ONE, Affine(term.form)), *parts])
        yield apart
        if isinstance(apart, Sum):
            yield from (self(way, deep=deep) for way in clipped(apart))
        form, addends = apart.addends
        taking = [i for i, (_, part) in enumerate(addends) if isinstance(part, Extreme)]
        if not form or not taking:
            return
        inside = [scaled(addends[i][1], addends[i][0]) for i in taking]
        others = [pair for i, pair in enumerate(addends) if i not in taking]
        rest = [(ONE, part) for part in inside]
        ways = [(k, taken) for k, part in enumerate(inside) for taken in pieces_of(form, part)]
        for k, taken in ways if deep or len(inside) == 1 else ():
            moved = self(shifted(inside[k], taken), deep=deep)
            yield added([(ONE, Affine(form - taken)), *others, *rest[:k], (ONE, moved), *rest[k + 1 :]])
        shares = distributed(form, inside)
        moved = [(ONE, self(shifted(part, share), deep=deep)) for part, share in zip(inside, shares, strict=True)]
        yield added([(ONE, Affine(form)), *((-ONE, Affine(share)) for share in shares), *others, *moved])


def distributed(form: Form, parts: Sequence[Term]) -> list[Form]:
    """Returns what each of some parts takes of a form, variable by variable, so that little is left to be written."""
    found: list[dict[int, fmpq]] = [{} for _ in parts]
    leaves = [list(leaves_of(part)) for part in parts]
    for v in {-1, *form.terms, *(v for own in leaves for leaf in own for v in leaf.terms)}:
        whole = _at(form, v)
        columns = [[_at(leaf, v) for leaf in own] for own in leaves]
        options = [list(dict.fromkeys([ZERO, whole, *(-c for c in column)])) for column in columns]
        if len(parts) > MOST_TAKING:
            options[MOST_TAKING:] = [[ZERO]] * (len(parts) - MOST_TAKING)

        def left(choice: tuple, whole: fmpq = whole, columns: list = columns, v: int = v) -> int:
            own = sum(_weight(c + t, v) for t, column in zip(choice, columns, strict=True) for c in column)
            return own + _weight(whole - sum(choice, start=ZERO), v)

        best = min(itertools.islice(itertools.product(*options), MOST_CHOICES), key=left)
        for own, t in zip(found, best, strict=True):
            own[v] = t
    return [Form({v: t for v, t in own.items() if v >= 0}, own.get(-1, ZERO)) for own in found]


def pieces_of(form: Form, part: Term) -> list[Form]:
    """What of a form may go into a part: all of it, its constant, what the part has variables of."""
    own = {v for leaf in leaves_of(part) for v in leaf.terms}
    within = Form({v: c for v, c in form.terms.items() if v in own}, form.const)
    options = [form, within, Form(within.terms), Form({}, form.const)]
    options += [Form({v: c}) for v, c in within.terms.items()]
    return [option for option in dict.fromkeys(options) if option]


def means_in(args: Sequence[Term]) -> Iterator[Form]:
    """The means of two forms that are compared inside: less that, they are an absolute value."""
    for arg in args:
        if isinstance(arg, Extreme):
            forms = [inside.form for inside in arg.args if isinstance(inside, Affine)]
            if len(forms) == 2 == len(arg.args):
                yield (forms[0] + forms[1]).scale(HALF)
            yield from means_in(arg.args)


def shared(forms: Sequence[Form], *, eager: bool = False) -> Form:
    """Returns for each variable, and the constant, the coefficient whose removal leaves the least to be written.

    Args:
        forms: The forms that share it.
        eager: Whether it is taken out where that makes no difference.
    """

    def best(v: int) -> fmpq:
        values = [_at(form, v) for form in forms]
        return min(
            dict.fromkeys([*values, ZERO] if eager else [ZERO, *values]),
            key=lambda share: sum(_weight(value - share, v) for value in values) + _weight(share, v),
        )

    variables = sorted({v for form in forms for v in form.terms})
    return Form({v: best(v) for v in variables}, best(-1))


def _at(form: Form, v: int) -> fmpq:
    """The coefficient of a variable, the constant for -1."""
    return form.const if v < 0 else form.coefficient(v)


def _weight(c: fmpq, v: int) -> int:
    """What a coefficient costs, or a constant."""
    return 0 if not c else 1 + (v >= 0 and abs(c.p) != 1) + (c.q != 1)


def weights_of(term: Term) -> Iterator[fmpq]:
    """What absolute values and sums of others are multiplied by beside the forms that :func:`leaves_of` tells."""
    if isinstance(term, Extreme):
        for arg in term.args:
            yield from weights_of(arg)
    else:
        yield from (abs(c) for c, _ in term.addends[1])


def factors(forms: Sequence[Form], weights: Sequence[fmpq], deep: bool) -> list[fmpq]:
    """Returns what forms may be divided by: 1, what makes them coprime integers, their coefficients, either sign."""
    found = dict.fromkeys([ONE, primitive_scale(forms)])
    if deep:
        sizes = [*weights, *(abs(c) for form in forms for c in (*form.terms.values(), form.const) if c)]
        found.update(dict.fromkeys(sorted(dict.fromkeys(sizes), key=lambda c: -sizes.count(c))[:3]))
    both = [ONE, -ONE]
    return [sign * factor for factor in found for sign in both]
