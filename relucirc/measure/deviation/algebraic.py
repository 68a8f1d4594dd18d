"""Real algebraic numbers: exact signs and comparisons, interval arithmetic first.

A number is a polynomial in one real root of an irreducible integer polynomial.  It is zero iff the
polynomial is zero modulo the irreducible one.  Ball arithmetic (flint's, with rigorous radii)
decides every other sign once it is precise enough; two numbers whose balls keep meeting are equal
iff they have one minimal polynomial and are the same root of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy
from flint import arb, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from relucirc.core.exact import to_rational
from relucirc.core.forms import Form

START = 64
"""Bits of the first ball."""


@dataclass(frozen=True)
class Root:
    """A real root.

    Attributes:
        coefficients: Of an irreducible integer polynomial, constant first, the last one positive.
        index: Its number among the real roots, ascending.
    """

    coefficients: tuple[int, ...]
    index: int

    @property
    def modulus(self) -> fmpq_poly:
        """The polynomial."""
        return fmpq_poly(list(self.coefficients))

    def ball(self, precision: int) -> arb:
        """An interval that holds this root and no other."""
        return _real_balls(self.coefficients, precision)[self.index]


@lru_cache(maxsize=1 << 14)
def _real_balls(coefficients: tuple[int, ...], precision: int) -> tuple[arb, ...]:
    with ctx.workprec(precision):
        roots: Any = fmpz_poly(list(coefficients)).complex_roots()
        reals = [root.real for root, _ in roots if root.imag.is_zero()]
        return tuple(sorted(reals, key=lambda ball: ball.mid().fmpq()))


def real_roots(polynomial: fmpq_poly) -> Iterator[Root]:
    """Lists the distinct real roots of a non-zero polynomial, factor by factor."""
    _, factors = polynomial.numer().factor()
    for factor, _ in factors:
        coefficients = tuple(int(c) for c in factor.coeffs())
        if coefficients[-1] < 0:
            coefficients = tuple(-c for c in coefficients)
        count = 1 if len(coefficients) == 2 else len(_real_balls(coefficients, START))
        yield from (Root(coefficients, i) for i in range(count))


@dataclass(frozen=True)
class Algebraic:
    """A real algebraic number.

    Attributes:
        root: The root that it is written in; None for a rational number.
        value: A polynomial in the root, reduced.
    """

    root: Root | None
    value: fmpq_poly

    @staticmethod
    def of(value: "fmpq | fmpq_poly", root: Root | None = None) -> "Algebraic":
        """Reduces a polynomial in a root; one of a rational root, and a constant, become rational."""
        polynomial = value if isinstance(value, fmpq_poly) else fmpq_poly([value])
        if root is not None:
            polynomial = polynomial % root.modulus
        return Algebraic(root if polynomial.degree() > 0 else None, polynomial)

    @property
    def rational(self) -> fmpq | None:
        """The number itself where it is rational."""
        return self.value[0] if self.root is None else None

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer."""
        return self.rational is not None and self.rational.q == 1

    def __neg__(self) -> "Algebraic":
        return Algebraic(self.root, -self.value)

    def ball(self, precision: int) -> arb:
        """An interval that holds the number."""
        with ctx.workprec(precision):
            if self.root is None:
                return arb(self.value[0])
            x, total = self.root.ball(precision), arb(0)
            for c in reversed(self.value.coeffs()):
                total = total * x + arb(c)
            return total

    def sign(self) -> int:
        """The sign: -1, 0 or 1."""
        if self.root is None:
            return (self.value[0] > 0) - (self.value[0] < 0)
        precision = START  # not rational, hence not zero
        while True:
            ball = self.ball(precision)
            if ball > 0:
                return 1
            if ball < 0:
                return -1
            precision *= 2

    def compare(self, other: "Algebraic") -> int:
        """The sign of ``self - other``."""
        if self.root == other.root or self.root is None or other.root is None:
            return Algebraic.of(self.value - other.value, self.root or other.root).sign()
        precision, distinct = START, False
        while True:
            with ctx.workprec(precision):
                difference = self.ball(precision) - other.ball(precision)
            if difference > 0:
                return 1
            if difference < 0:
                return -1
            if not distinct and precision > 4 * START:
                if self.canonical == other.canonical:
                    return 0
                distinct = True
            precision *= 2

    @property
    def canonical(self) -> Root:
        """The number as a root of its minimal polynomial."""
        if self.root is None:
            return Root((-int(self.value[0].p), int(self.value[0].q)), 0)
        modulus, n = self.root.modulus, self.root.modulus.degree()
        columns = []
        for i in range(n):
            column = (self.value * fmpq_poly([0] * i + [1])) % modulus
            columns.append([column[j] for j in range(n)])
        minimal = fmpq_mat(columns).minpoly().numer()
        coefficients = tuple(int(c) for c in minimal.coeffs())
        if coefficients[-1] < 0:
            coefficients = tuple(-c for c in coefficients)
        precision = START
        while True:
            mine = self.ball(precision)
            near = [i for i, ball in enumerate(_real_balls(coefficients, precision)) if ball.overlaps(mine)]
            if len(near) == 1:
                return Root(coefficients, near[0])
            precision *= 2

    def floor(self) -> int:
        """The greatest integer that is not greater."""
        if self.root is None:
            return int(self.value[0].p) // int(self.value[0].q)
        precision = START
        while True:
            with ctx.workprec(precision):
                floor = self.ball(precision).floor().unique_fmpz()
            if floor is not None:
                return int(floor)
            precision *= 2

    def near(self) -> fmpq:
        """A rational number close to this one, exact where it is rational."""
        return self.value[0] if self.root is None else self.ball(START).mid().fmpq()

    def to_sympy(self) -> sympy.Expr:
        """The number in SymPy: a rational, a surd of degree two, or a ``CRootOf``."""
        if self.root is None:
            return to_rational(self.value[0])
        root = self.canonical
        x = sympy.Symbol("x")
        polynomial = sympy.Poly(list(reversed(root.coefficients)), x)
        return sympy.rootof(polynomial, root.index)  # numbers real roots first, ascending


@dataclass(frozen=True)
class AlgebraicPoint:
    """A point whose coordinates are polynomials in one root.

    Attributes:
        root: The root; None for rational coordinates.
        coordinates: The polynomials.
    """

    root: Root | None
    coordinates: tuple[fmpq_poly, ...]

    @staticmethod
    def rational(values: Sequence[fmpq]) -> "AlgebraicPoint":
        """A point with rational coordinates."""
        return AlgebraicPoint(None, tuple(fmpq_poly([v]) for v in values))

    def __len__(self) -> int:
        return len(self.coordinates)

    def __getitem__(self, i: int) -> Algebraic:
        return Algebraic.of(self.coordinates[i], self.root)

    def __iter__(self) -> Iterator[Algebraic]:
        return (self[i] for i in range(len(self)))

    def form(self, form: Form) -> Algebraic:
        """The value of an affine form."""
        return Algebraic.of(self._combine(form), self.root)

    def lift(self, forms: Sequence[Form]) -> "AlgebraicPoint":
        """The point whose coordinates are affine forms of this one's."""
        return AlgebraicPoint(self.root, tuple(map(self._combine, forms)))

    def _combine(self, form: Form) -> fmpq_poly:
        total = fmpq_poly([form.const])
        for v, c in form.terms.items():
            total += self.coordinates[v] * c
        return total
