"""Polynomials with rational coefficients: read from SymPy, restricted to lines and curves."""

from collections.abc import Sequence

import sympy
from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from relucirc.core.errors import FormulaError, shorten
from relucirc.core.exact import rational
from relucirc.core.forms import Form
from relucirc.core.names import positions
from relucirc.core.trees import MAX_BITS, MAX_DEGREE, MAX_TERMS, extent_of, parts_of, symbols_of
from relucirc.language.formula import unknown_symbols
from relucirc.measure.deviation.algebraic import Algebraic, AlgebraicPoint

Terms = tuple[tuple[tuple[int, ...], fmpq], ...]
"""``(exponents, coefficient)`` pairs."""

PLANE = fmpq_mpoly_ctx.get(("s", "t"))


def read_polynomials(expressions: Sequence[sympy.Expr], names: Sequence[str]) -> list[Terms] | None:
    """Reads formulas that are polynomials, at least one of degree two or more; None otherwise.

    Raises:
        FormulaError: For a polynomial over other names, with coefficients that are not rational, or
            beside a formula that is not a polynomial.
    """
    found = [_terms(e, names) for e in expressions]
    if not any(terms and sum(exponents) > 1 for terms in found if terms is not None for exponents, _ in terms):
        return None
    polynomials = []
    for expression, terms in zip(expressions, found, strict=True):
        if terms is None:
            raise FormulaError(
                f"expected all formulas to be polynomials where one is, got {shorten(expression)}; "
                "measure the outputs one by one."
            )
        polynomials.append(terms)
    return polynomials


def _terms(expression: sympy.Expr, names: Sequence[str]) -> Terms | None:
    """Multiplies a polynomial out; None for what is none, such as what has Max or a condition in it."""
    parts = parts_of([expression])
    for part in parts:
        if not _is_polynomial(part):
            if isinstance(part, sympy.Pow | sympy.NumberSymbol) and not symbols_of([part]):
                raise FormulaError(
                    f"expected a polynomial with rational coefficients, got {shorten(part, 40)} in "
                    f"{shorten(expression)}."
                )
            return None
    symbols = sorted({part.name for part in parts if isinstance(part, sympy.Symbol)})
    unknown = [name for name in symbols if name not in names]
    if unknown:
        raise FormulaError(unknown_symbols(unknown, names))
    extent = extent_of(expression)
    if not extent.is_modest:
        raise FormulaError(
            f"{shorten(expression)} has {extent} when it is multiplied out; polynomials are measured up to "
            f"{MAX_TERMS} terms, degree {MAX_DEGREE} and {MAX_BITS} bits."
        )
    place = [positions(tuple(names))[name] for name in symbols]
    terms = []
    for powers, coefficient in _multiplied_out(parts, symbols).to_dict().items():
        exponents = [0] * len(names)
        for v, power in zip(place, powers, strict=True):
            exponents[v] = int(power)
        terms.append((tuple(exponents), coefficient))
    return tuple(terms)


def _is_polynomial(part: sympy.Basic) -> bool:
    if isinstance(part, sympy.Pow):
        return isinstance(part.exp, sympy.Integer) and part.exp.is_nonnegative is True
    return isinstance(part, sympy.Symbol | sympy.Rational | sympy.Float | sympy.Add | sympy.Mul)


def _multiplied_out(parts: Sequence[sympy.Basic], symbols: Sequence[str]) -> fmpq_mpoly:
    """The last of some parts, each of which is listed after its own."""
    # FLINT's names are plain ASCII, those of inputs need not be: these are the ring's own.
    ring = fmpq_mpoly_ctx.get(tuple(f"x{k}" for k in range(len(symbols))))
    inputs = dict(zip(symbols, ring.gens(), strict=True))
    known: dict[sympy.Basic, fmpq_mpoly] = {}
    for part in parts:
        if isinstance(part, sympy.Symbol):
            value = inputs[part.name]
        elif isinstance(part, sympy.Rational | sympy.Float):
            value = ring.constant(rational(part))
        elif isinstance(part, sympy.Pow):
            value = known[part.base] ** int(part.exp)
        else:
            value = ring.constant(int(isinstance(part, sympy.Mul)))
            for argument in part.args:
                value = value + known[argument] if isinstance(part, sympy.Add) else value * known[argument]
        known[part] = value
    return known[parts[-1]]


def on_line(terms: Terms, forms: Sequence[Form]) -> fmpq_poly:
    """The polynomial with every input replaced by a form over one coordinate."""
    inputs = [fmpq_poly([form.const, form.coefficient(0)]) for form in forms]
    total = fmpq_poly([0])
    for exponents, coefficient in terms:
        product = fmpq_poly([coefficient])
        for value, exponent in zip(inputs, exponents, strict=True):
            product *= value**exponent
        total += product
    return total


def on_plane(terms: Terms, forms: Sequence[Form]) -> fmpq_mpoly:
    """The polynomial with every input replaced by a form over two coordinates."""
    inputs = [plane_form(form) for form in forms]
    total = PLANE.constant(0)
    for exponents, coefficient in terms:
        product = PLANE.constant(coefficient)
        for value, exponent in zip(inputs, exponents, strict=True):
            product *= value**exponent
        total += product
    return total


def plane_form(form: Form) -> fmpq_mpoly:
    """An affine form over two coordinates as a polynomial."""
    s, t = PLANE.gens()
    return s * form.coefficient(0) + t * form.coefficient(1) + form.const


def along(polynomial: fmpq_mpoly, s: fmpq_poly, t: fmpq_poly, modulus: fmpq_poly | None = None) -> fmpq_poly:
    """The polynomial on a curve, reduced by a modulus."""

    def powers(base: fmpq_poly, count: int) -> list[fmpq_poly]:
        result = [fmpq_poly([1])]
        for _ in range(count):
            product = result[-1] * base
            result.append(product if modulus is None else product % modulus)
        return result

    items = list(polynomial.to_dict().items())
    of_s = powers(s, max((int(i) for (i, _), _ in items), default=0))
    of_t = powers(t, max((int(j) for (_, j), _ in items), default=0))
    total = fmpq_poly([0])
    for (i, j), coefficient in items:
        total += of_s[int(i)] * of_t[int(j)] * coefficient
    return total if modulus is None else total % modulus


def value_at(polynomial: fmpq_mpoly, point: AlgebraicPoint) -> Algebraic:
    """The value of a polynomial at a point of the plane."""
    s, t = point.coordinates
    return Algebraic.of(along(polynomial, s, t, None if point.root is None else point.root.modulus), point.root)
