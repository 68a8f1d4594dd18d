"""Polynomial equations in two variables, solved exactly: critical points, common zeros, points of curves."""

import itertools
from collections.abc import Iterator, Sequence

from flint import ctx, fmpq, fmpq_mat, fmpq_mpoly, fmpq_poly

from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.measure.deviation.algebraic import Algebraic, AlgebraicPoint, real_roots
from relucirc.measure.deviation.polynomial import PLANE, along


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
    slope, constant = first_subresultant(*pair)
    points: list[AlgebraicPoint] = []
    for root in real_roots(resultant):
        modulus = root.modulus
        if slope % modulus:
            height = (-constant * _inverse(slope % modulus, modulus)) % modulus
        else:
            one, other = (_coefficients(p, modulus) for p in pair)
            height = _common_root(one, other, modulus)
        if height is None:
            return None
        points.append(AlgebraicPoint(root, ((fmpq_poly([0, 1]) - k * height) % modulus, height)))
    return points


def first_subresultant(one: fmpq_mpoly, other: fmpq_mpoly) -> tuple[fmpq_poly, fmpq_poly]:
    """The first subresultant ``slope(u) t + constant(u)`` of two polynomials monic in t.

    Where the resultant vanishes and the slope does not, the greatest common divisor is of degree one,
    and this is a multiple of it (Collins 1967).  Its coefficients are determinants of parts of the
    Sylvester matrix, found from their values at integers.
    """
    m, n = (p.degrees()[1] for p in (one, other))
    if m + n == 2:
        return fmpq_poly([0]), fmpq_poly([0])
    places = range((m - 1) * (n - 1) + 2)
    values: list[tuple[fmpq, fmpq]] = []
    for u in places:
        columns = [[c[0] for c in _coefficients(p, fmpq_poly([-u, 1]))][::-1] for p in (one, other)]
        rows = [[ZERO] * i + columns[0] + [ZERO] * (n - 2 - i) for i in range(n - 1)]
        rows += [[ZERO] * i + columns[1] + [ZERO] * (m - 2 - i) for i in range(m - 1)]
        slope, constant = (fmpq_mat([[*row[:-2], row[k]] for row in rows]).det() for k in (-2, -1))
        values.append((slope, constant))
    powers = fmpq_mat([[fmpq(u) ** i for i in places] for u in places])
    found = powers.solve(fmpq_mat([list(pair) for pair in values])).transpose().table()
    return fmpq_poly(found[0]), fmpq_poly(found[1])


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
