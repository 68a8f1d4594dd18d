"""Three laws by which clips and absolute values come out shorter.

* ``|Min(c, Max(-c, m))| = Min(c, |m|)`` for a number c > 0;
* ``a Max(0, l) - a Max(0, l - c) = a Min(c, Max(0, l))``: two hinges along one direction that cancel are a clip;
* ``Max(m, -m, p) = Max(|m|, p)``, where of the arguments of a maximum m those that are never on top may be missing.

The first two hold everywhere; the last proposes, and whether the function is the same has to be seen.
"""

import itertools
from collections.abc import Iterator

from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.interpretation.terms import Absolute, Affine, Extreme, Sum, Term, added, extreme, flat, scaled, shifted

Hinge = tuple[fmpq, Form, Form]
"""``w``, ``l`` and ``r`` of ``w Max(0, l) + r``."""


def unclipped(term: Absolute) -> Iterator[Term]:
    """Yields the clip of an absolute value in place of the absolute value of a clip."""
    outer = term.arg
    if not isinstance(outer, Extreme):
        return
    for bound, inner in itertools.permutations(outer.args, 2):
        if len(outer.args) == 2 and isinstance(inner, Extreme) and inner.sign != outer.sign:
            size = -outer.sign * _number(bound)
            other = Affine(Form.constant(outer.sign * size))
            rest = [arg for arg in inner.args if arg != other]
            if size > 0 and 0 < len(rest) < len(inner.args):
                yield extreme(-1, [Affine(Form.constant(size)), Absolute(extreme(inner.sign, rest))])


def clipped(term: Sum) -> Iterator[Term]:
    """Yields sums in which two hinges are a clip."""
    hinges = [(place, hinge) for place, (c, part) in enumerate(term.parts) if (hinge := _hinge(c, part)) is not None]
    for (i, one), (j, other) in itertools.combinations(hinges, 2):
        clip = _clip(one, other)
        if clip is not None:
            others = [pair for k, pair in enumerate(term.parts) if k not in (i, j)]
            yield added([(ONE, Affine(term.form)), *others, (ONE, clip)])


def mirrored(term: Extreme) -> Iterator[Term]:
    """Yields proposals in which an argument and its negative are an absolute value."""
    for arg in term.args:
        if isinstance(arg, Extreme) and arg.sign == -term.sign:
            top = scaled(arg, -ONE)
            assert isinstance(top, Extreme)
            others = [other for other in term.args if other != arg and other not in top.args]
            yield extreme(term.sign, [added([(term.sign * ONE, Absolute(top))]), *others])


def folded_ways(term: Term) -> Iterator[Term]:
    """Yields :func:`mirrored` proposals for a multiple of an extreme and an affine form, beside it and inside of it."""
    form, parts = term.addends
    if len(parts) == 1 and isinstance(parts[0][1], Extreme):
        factor, part = parts[0]
        beside, inside = flat(part), flat(shifted(scaled(part, factor), form))
        if isinstance(beside, Extreme):
            yield from (added([(ONE, Affine(form)), (factor, way)]) for way in mirrored(beside))
        if isinstance(inside, Extreme):
            yield from mirrored(inside)


def _number(term: Term) -> fmpq:
    """A constant's value, 0 for what is none."""
    return term.form.const if isinstance(term, Affine) and not term.form.terms else ZERO


def _hinge(factor: fmpq, part: Term) -> Hinge | None:
    """A multiple of an extreme of two affine forms."""
    if not isinstance(part, Extreme) or len(part.args) != 2:
        return None
    left, right = part.args
    if not isinstance(left, Affine) or not isinstance(right, Affine):
        return None
    return part.sign * factor, (right.form - left.form).scale(part.sign * ONE), left.form.scale(factor)


def _clip(one: Hinge, other: Hinge) -> Term | None:
    """The sum of two hinges, where that is constant far out on either side, but for an affine form."""
    (weight, form, rest), (opposite, parallel, more) = one, other
    v = min(form.terms, default=None)
    if v is None or v not in parallel.terms:
        return None
    ratio = parallel.terms[v] / form.terms[v]
    gap = parallel.scale(ONE / ratio) - form
    if gap.terms or not gap.const or weight != -opposite * abs(ratio):
        return None
    affine = rest + more
    if ratio < 0:  # Max(0, -l) = Max(0, l) - l
        affine = affine - (form.shift(gap.const)).scale(opposite * abs(ratio))
    size, start = abs(gap.const), form if gap.const < 0 else form.shift(gap.const)
    clip = extreme(-1, [Affine(Form.constant(size)), extreme(1, [Affine(Form()), Affine(start)])])
    return added([(ONE, Affine(affine)), (weight if gap.const < 0 else -weight, clip)])
