"""SymPy expressions walked without recursion, and how large they get when they are multiplied out.

Python's stack holds some 200 levels of SymPy's own recursive methods; a formula of a deep network has more.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import sympy

MAX_TERMS = 1000
MAX_DEGREE = 128
MAX_BITS = 10_000_000
"""Bits of all coefficients together."""


def parts_of(roots: Iterable[sympy.Basic]) -> list[sympy.Basic]:
    """Lists every sub-expression of some expressions once, each after those that it is made of.

    SymPy caches hashes: made here from the bottom up, they need no recursion later.
    """
    found: list[sympy.Basic] = []
    seen: set[int] = set()
    stack = [(root, False) for root in roots]
    while stack:
        part, ready = stack.pop()
        if ready:
            hash(part)
            found.append(part)
        elif id(part) not in seen:
            seen.add(id(part))
            stack.append((part, True))
            stack.extend((argument, False) for argument in reversed(part.args))
    return found


def symbols_of(roots: Iterable[sympy.Basic]) -> set[sympy.Symbol]:
    """Returns the symbols in some expressions."""
    return {part for part in parts_of(roots) if isinstance(part, sympy.Symbol)}


@dataclass(frozen=True)
class Extent:
    """An upper bound on a rational function that is multiplied out over one denominator.

    Attributes:
        terms: Terms of the numerator and of the denominator.
        degrees: Their degrees.
        bits: Bits of one coefficient of either.
        symbols: Number of different symbols.
    """

    terms: tuple[int, int]
    degrees: tuple[int, int]
    bits: int
    symbols: int

    @property
    def is_modest(self) -> bool:
        """Whether multiplying it out takes no noticeable time or memory."""
        few = max(self.terms) <= MAX_TERMS and max(self.degrees) <= MAX_DEGREE
        return few and max(self.terms) * self.bits <= MAX_BITS

    def __str__(self) -> str:
        terms, degree = (str(n) if n < 10**9 else "over 10^9" for n in (max(self.terms), max(self.degrees)))
        return f"up to {terms} terms of degree up to {degree}"


def extent_of(expression: sympy.Basic) -> Extent:
    """Bounds the size of an expression made of symbols, numbers, sums, products and integer powers.

    Anything else counts as a symbol.  A sum has the terms of its parts, a product at most the product of their
    numbers, a power of t terms ``C(t + k - 1, k)``; and nothing of degree d in n symbols has more than ``C(n + d, n)``.
    """
    parts = parts_of([expression])
    symbols = sum(1 for part in parts if isinstance(part, sympy.Symbol)) or 1
    known: dict[sympy.Basic, Extent] = {}
    for part in parts:
        known[part] = _extent(part, [known[argument] for argument in part.args], symbols)
    return known[expression]


def _extent(part: sympy.Basic, inner: list[Extent], symbols: int) -> Extent:
    if isinstance(part, sympy.Rational):
        return Extent((1, 1), (0, 0), max(int(part.p).bit_length(), int(part.q).bit_length()), symbols)
    if isinstance(part, sympy.Pow) and isinstance(part.exp, sympy.Integer):
        k = abs(int(part.exp))
        base = inner[0] if part.exp.is_nonnegative else _inverse(inner[0])
        return _capped(
            [_choices(t + k - 1, k) for t in base.terms],
            [d * k for d in base.degrees],
            base.bits * k + k * _log(max(base.terms)),
            symbols,
        )
    if isinstance(part, sympy.Mul):
        return _product(inner, symbols)
    if isinstance(part, sympy.Add):
        below = _product([Extent((1, e.terms[1]), (0, e.degrees[1]), 0, symbols) for e in inner], symbols)
        above, degree = 0, 0
        for e in inner:
            above += e.terms[0] * max(1, below.terms[1])
            degree = max(degree, e.degrees[0] + below.degrees[1])
        bits = max(e.bits for e in inner) + below.bits + _log(len(inner))
        return _capped((above, below.terms[1]), (degree, below.degrees[1]), bits, symbols)
    return Extent((1, 1), (1, 0), 1, symbols)


CAP = 10**12


def _capped(terms: Iterable[int], degrees: Iterable[int], bits: int, symbols: int) -> Extent:
    degrees = tuple(degrees)
    least = [max(1, min(t, _choices(symbols + d, d))) for t, d in zip(terms, degrees, strict=True)]
    return Extent((least[0], least[1]), (degrees[0], degrees[1]), bits, symbols)


def _choices(n: int, k: int) -> int:
    """The binomial coefficient, or CAP where that is less: ``C(2r, r)`` is over it from r = 21 on."""
    r = min(k, n - k)
    return CAP if r > 40 else min(CAP, math.comb(n, r))


def _product(parts: list[Extent], symbols: int) -> Extent:
    terms, degrees, bits = [1, 1], [0, 0], 0
    for e in parts:
        terms = [min(CAP, a * b) for a, b in zip(terms, e.terms, strict=True)]
        degrees = [a + b for a, b in zip(degrees, e.degrees, strict=True)]
        bits += e.bits + _log(max(e.terms))
    return _capped(terms, degrees, bits, symbols)


def _inverse(e: Extent) -> Extent:
    return Extent((e.terms[1], e.terms[0]), (e.degrees[1], e.degrees[0]), e.bits, e.symbols)


def _log(count: int) -> int:
    return (count - 1).bit_length() if count > 1 else 0
