"""Numbers in pictures: the value itself where there is room for it, or rounded and marked with ≈.

What is rounded is rounded correctly, from the exact rational, halves to even; the exact value is shown on hover.
"""

import decimal
from typing import Any, NamedTuple

import sympy
from flint import fmpq

from relucirc.core.errors import shorten
from relucirc.core.exact import rational, text

ABOUT, MINUS = "≈", "−"


class Shown(NamedTuple):
    """What is shown, and what hovering over it shows where that is more."""

    text: str
    whole: str = ""


def number(value: Any, room: int = 6, digits: int = 3) -> Shown:
    """Writes a number, or a weight of a family, in so many characters, else rounded to so many digits.

    Example:
        >>> number(fmpq(-1, 2)).text, number(fmpq(333333, 10**6)), number(fmpq(-24995, 100000)).text
        ('−1/2', Shown(text='≈0.333', whole='333333/1000000'), '≈−0.250')
    """
    value = rational(value) if isinstance(value, sympy.Rational) else value
    exact = text(value) if isinstance(value, fmpq) else str(value)
    if len(exact) <= room:
        return Shown(exact.replace("-", MINUS))
    if not isinstance(value, fmpq):
        return Shown("…", exact)
    rounded, same = _rounded(value, digits)
    return Shown(("" if same else ABOUT) + rounded.replace("-", MINUS), exact)


def signed(value: Any, room: int = 6, digits: int = 3) -> Shown:
    """The same with a sign, as a bias is written."""
    shown = number(value, room, digits)
    about, plain = (ABOUT, shown.text[1:]) if shown.text.startswith(ABOUT) else ("", shown.text)
    return shown if plain.startswith(MINUS) else shown._replace(text=f"{about}+{plain}")


def name(text: str, room: int) -> Shown:
    """A name, cut where it is longer than there is room for."""
    short = shorten(text, room)
    return Shown(short, "" if short == text else text)


WHOLE = 5
"""Digits before the point that are all written."""


def _rounded(value: fmpq, digits: int) -> tuple[str, bool]:
    """Rounds to so many significant digits, or to a whole number, and says whether that is the value itself."""
    result, same = _quotient(value, digits)
    if digits <= result.adjusted() < WHOLE:
        result, same = _quotient(value, result.adjusted() + 1)
    exponent = result.adjusted()
    result = result.normalize() if same else result
    if -5 < exponent < max(digits, WHOLE):
        return f"{result:f}", same
    digit, *more = map(str, result.as_tuple().digits)
    return f"{'-' * (value < 0)}{digit}{'.' * bool(more)}{''.join(more)}e{exponent}", same


def _quotient(value: fmpq, digits: int) -> tuple[decimal.Decimal, bool]:
    context = decimal.Context(prec=digits, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[])
    result = context.divide(decimal.Decimal(int(value.p)), decimal.Decimal(int(value.q)))
    return result, not context.flags[decimal.Inexact]
