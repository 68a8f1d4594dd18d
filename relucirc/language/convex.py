"""Convex piecewise-linear expressions as maxima of affine forms: what a condition of a domain may compare."""

import sympy
from flint import fmpq

from relucirc.core.errors import DomainError, shorten
from relucirc.core.exact import ONE, rational
from relucirc.core.forms import Form, combine
from relucirc.core.names import positions

MAX_PIECES = 4096


def affine_pieces(left: sympy.Basic, right: sympy.Basic, whole: sympy.Basic, names: tuple[str, ...]) -> list[Form]:
    """Affine forms whose maximum is ``left - right``."""
    above, below = _pieces(left, ONE, whole, names), _pieces(right, -ONE, whole, names)
    return [a + b for a in above for b in below]


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
            _bound(len(sums) * len(pieces), whole)
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
            raise not_convex(whole)
        options = [e.args[0], -e.args[0]] if isinstance(e, sympy.Abs) else list(e.args)  # type: ignore[operator]
        found: list[Form] = []
        for option in options:
            found += _pieces(option, factor, whole, names)
            _bound(len(found), whole)
        return found
    raise DomainError(f"domain: {shorten(e)} in {shorten(whole)} is not affine; a domain is a polyhedron.")


def _bound(pieces: int, whole: sympy.Basic) -> None:
    if pieces > MAX_PIECES:
        raise DomainError(f"domain: {shorten(whole)} has more than {MAX_PIECES} affine pieces.")


def not_convex(condition: sympy.Basic) -> DomainError:
    """The error for a condition that is no maximum of affine forms."""
    return DomainError(f"domain: {shorten(condition)} is not convex; prove each of its parts on its own.")
