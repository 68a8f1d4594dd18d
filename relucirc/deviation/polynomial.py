"""Polynomials with rational coefficients: read from SymPy, restricted to lines, solved in two variables."""

import itertools
from collections.abc import Iterator, Sequence

import sympy
from flint import ctx, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from relucirc.deviation.algebraic import Algebraic, AlgebraicPoint, real_roots
from relucirc.errors import FormulaError, RelucircError, shorten
from relucirc.exact import ONE, ZERO, rational
from relucirc.forms import Form
from relucirc.formula import unknown_symbols

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
    symbols = sorted(expression.free_symbols, key=lambda s: s.name)
    if not expression.is_polynomial(*symbols):
        return None
    unknown = [s.name for s in symbols if s.name not in names]
    if unknown:
        raise FormulaError(unknown_symbols(unknown, names))
    exact = expression.xreplace({f: sympy.Rational(f) for f in expression.atoms(sympy.Float)})
    if not symbols:
        return ((tuple(0 for _ in names), _coefficient(exact, expression)),)
    place = [list(names).index(s.name) for s in symbols]
    terms = []
    for powers, coefficient in sympy.Poly(exact, *symbols).terms():
        exponents = [0] * len(names)
        for v, power in zip(place, powers, strict=True):
            exponents[v] += power
        terms.append((tuple(exponents), _coefficient(coefficient, expression)))
    return tuple(terms)


def _coefficient(value: sympy.Expr, whole: sympy.Expr) -> fmpq:
    try:
        return rational(value, "coefficient")
    except RelucircError:
        raise FormulaError(
            f"expected a polynomial with rational coefficients, got the coefficient {shorten(value, 40)} in "
            f"{shorten(whole)}."
        ) from None


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


def critical_points(polynomial: fmpq_mpoly) -> Iterator[AlgebraicPoint]:
    """Real points where the gradient vanishes: all isolated ones, and some of every bounded curve of them.

    A common factor h of the two derivatives gives curves, on each of which the polynomial is
    constant.  A bounded one has points where it is vertical; an unbounded one leaves every bounded
    region through its boundary.
    """
    gradient = [polynomial.derivative(0), polynomial.derivative(1)]
    if not any(gradient):
        return
    common = gradient[0].gcd(gradient[1])
    yield from common_zeros(gradient[0] / common, gradient[1] / common)
    for curve in factors(common):
        if curve.degrees()[1]:
            yield from common_zeros(curve, curve.derivative(1))


def factors(polynomial: fmpq_mpoly) -> list[fmpq_mpoly]:
    """The irreducible factors that are not constant."""
    return [factor for factor, _ in polynomial.factor()[1] if not factor.is_constant()]


def common_zeros(one: fmpq_mpoly, other: fmpq_mpoly) -> Iterator[AlgebraicPoint]:
    """The real common zeros of two polynomials without a common factor.

    In the coordinate u = s + k t, for all but finitely many k, different zeros differ, and the
    resultant has exactly their u as roots; t is then a polynomial in u modulo each irreducible
    factor.
    """
    if not one or not other or one.is_constant() or other.is_constant():
        return
    u, t = PLANE.gens()
    k = 0
    while True:
        sheared = [p.compose(u - k * t, t) for p in (one, other)]
        found = _separated(sheared, k) if all(_is_monic(p) for p in sheared) else None
        if found is not None:
            yield from found
            return
        k += 1


def _is_monic(polynomial: fmpq_mpoly) -> bool:
    """Whether the highest power of t has the degree of the whole polynomial: no zeros at infinity."""
    return polynomial.degrees()[1] == polynomial.total_degree()


def _separated(pair: Sequence[fmpq_mpoly], k: int) -> list[AlgebraicPoint] | None:
    """Solves two sheared polynomials, or finds that two zeros have one u."""
    resultant = in_first(pair[0].resultant(pair[1], "t"))
    points: list[AlgebraicPoint] = []
    for root in real_roots(resultant):
        modulus = root.modulus
        one, other = (_coefficients(p, modulus) for p in pair)
        height = _common_root(one, other, modulus)
        if height is None:
            return None
        points.append(AlgebraicPoint(root, ((fmpq_poly([0, 1]) - k * height) % modulus, height)))
    return points


def in_first(polynomial: fmpq_mpoly) -> fmpq_poly:
    """A polynomial in the first coordinate alone."""
    return along(polynomial, fmpq_poly([0, 1]), fmpq_poly([0]))


def _coefficients(polynomial: fmpq_mpoly, modulus: fmpq_poly) -> list[fmpq_poly]:
    """Coefficients by power of t, as elements of the field that the modulus defines."""
    rows: list[dict[int, fmpq]] = [{} for _ in range(polynomial.degrees()[1] + 1)]
    for (i, j), coefficient in polynomial.to_dict().items():
        rows[int(j)][int(i)] = coefficient
    return [fmpq_poly([row.get(i, ZERO) for i in range(max(row, default=0) + 1)]) % modulus for row in rows]


def _common_root(one: list[fmpq_poly], other: list[fmpq_poly], modulus: fmpq_poly) -> fmpq_poly | None:
    """The only common root of two polynomials over a number field; None if there are several."""
    shared = _field_gcd(one, other, modulus)
    slope = [c * i for i, c in enumerate(shared)][1:]
    repeated = _field_gcd(shared, slope, modulus)
    while len(repeated) > 1:  # divide by it: what is left has simple roots
        shared = _field_divide(shared, repeated, modulus)[0]
        slope = [c * i for i, c in enumerate(shared)][1:]
        repeated = _field_gcd(shared, slope, modulus)
    if len(shared) != 2:
        return None
    return (-shared[0] * _inverse(shared[1], modulus)) % modulus


def _field_gcd(one: list[fmpq_poly], other: list[fmpq_poly], modulus: fmpq_poly) -> list[fmpq_poly]:
    one, other = _trimmed(one), _trimmed(other)
    while other:
        one, other = other, _field_divide(one, other, modulus)[1]
    return one


def _field_divide(
    one: list[fmpq_poly], other: list[fmpq_poly], modulus: fmpq_poly
) -> tuple[list[fmpq_poly], list[fmpq_poly]]:
    """Quotient and remainder."""
    rest, inverse = list(one), _inverse(other[-1], modulus)
    quotient = [fmpq_poly([0])] * max(len(one) - len(other) + 1, 0)
    for shift in range(len(one) - len(other), -1, -1):
        factor = (rest[shift + len(other) - 1] * inverse) % modulus
        quotient[shift] = factor
        for i, c in enumerate(other):
            rest[shift + i] = (rest[shift + i] - factor * c) % modulus
    return quotient, _trimmed(rest)


def _trimmed(row: list[fmpq_poly]) -> list[fmpq_poly]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _inverse(value: fmpq_poly, modulus: fmpq_poly) -> fmpq_poly:
    divisor, inverse, _ = value.xgcd(modulus)
    assert divisor == fmpq_poly([ONE])
    return inverse


def curve_points(curve: fmpq_mpoly, borders: Sequence[Form]) -> Iterator[AlgebraicPoint]:
    """At least one real point of every arc into which the borders cut a curve without singular arcs.

    The curve is irreducible.  Between consecutive values of s where it is vertical, singular or on a
    border, its arcs run from left to right, and one s in between meets them all.
    """
    if not curve.degrees()[1]:
        for root in real_roots(in_first(curve)):
            heights = [
                Algebraic.of((fmpq_poly([form.const, form.coefficient(0)]) * (-ONE / form.coefficient(1))), root)
                for form in borders
                if form.coefficient(1)
            ]
            for t in between(heights):
                yield AlgebraicPoint(root, (fmpq_poly([0, 1]) % root.modulus, fmpq_poly([t])))
        return
    events: list[fmpq_poly] = []
    if curve.degrees()[1] > 1:
        events.append(in_first(curve.resultant(curve.derivative(1), "t")))
    events.append(in_first(_leading(curve)))
    for form in borders:
        if form.coefficient(1):
            height = fmpq_poly([form.const, form.coefficient(0)]) * (-ONE / form.coefficient(1))
            events.append(along(curve, fmpq_poly([0, 1]), height))
        elif form.coefficient(0):
            events.append(fmpq_poly([form.const, form.coefficient(0)]))
    stops = [
        Algebraic.of(fmpq_poly([0, 1]), root) for event in events if event.degree() > 0 for root in real_roots(event)
    ]
    for s in between(stops):
        for root in real_roots(along(curve, fmpq_poly([s]), fmpq_poly([0, 1]))):
            yield AlgebraicPoint(root, (fmpq_poly([s]), fmpq_poly([0, 1]) % root.modulus))


def _leading(curve: fmpq_mpoly) -> fmpq_mpoly:
    """The coefficient of the highest power of t."""
    degree = curve.degrees()[1]
    s, _ = PLANE.gens()
    total = PLANE.constant(0)
    for (i, j), coefficient in curve.to_dict().items():
        if int(j) == degree:
            total += s ** int(i) * coefficient
    return total


def between(stops: Sequence[Algebraic]) -> list[fmpq]:
    """Rational numbers below, between and above some algebraic ones."""
    ordered: list[Algebraic] = []
    for stop in stops:
        at = 0
        while at < len(ordered) and stop.compare(ordered[at]) > 0:
            at += 1
        if at == len(ordered) or stop.compare(ordered[at]):
            ordered.insert(at, stop)
    if not ordered:
        return [ZERO]
    samples = [fmpq(ordered[0].floor() - 1)]
    for a, b in itertools.pairwise(ordered):
        precision = 64
        while not a.ball(precision) < b.ball(precision):
            precision *= 2
        with ctx.workprec(precision):
            low, high = a.ball(precision).upper().fmpq(), b.ball(precision).lower().fmpq()
        samples.append((low + high) / 2)
    return [*samples, fmpq(ordered[-1].floor() + 1)]
