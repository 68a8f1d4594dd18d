"""Exact rational numbers: one bit-exact way in, and one way out.

A float *is* a rational number, ``mantissa * 2**exponent``; converting it loses nothing:
float32 ``0.1`` is exactly 13421773/134217728.  Decimal text is exact as well: ``"0.1"`` is 1/10.
The number type inside the library is ``flint.fmpq``; at the edge it is ``sympy.Rational``.
"""

import math
import numbers
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from flint import fmpq, fmpz

from relucirc.core.errors import RelucircError, shorten

Number = Any
"""What :func:`rational` reads: int, float, Fraction, NumPy or JAX scalar, SymPy rational, text."""

ZERO, ONE = fmpq(0), fmpq(1)

_TEXT = re.compile(r"\s*([+-]?\d+)(?:\s*/\s*(\d+))?\s*|\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*", re.ASCII)
MAX_DIGITS = 20_000
"""Longest number that is read from text, exponent written out: nobody fills memory with one."""


def rational(value: Number, what: str = "number") -> fmpq:
    """Reads one exact rational number.

    Args:
        value: int, ``Fraction``, ``fmpq``, SymPy rational, a float of any width (taken as exactly
            the binary value it holds), a NumPy or JAX scalar, or text: ``"3"``, ``"-1/2"``,
            ``"0.1"`` (one tenth exactly), ``"1e-3"``.
        what: Name used in error messages.

    Returns:
        The number as ``flint.fmpq``.

    Raises:
        RelucircError: For NaN, infinity, unreadable text, or anything that is not rational.

    Example:
        >>> rational("0.1"), rational(0.5)
        (1/10, 1/2)
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, int | np.bool_ | fmpz):
        return fmpq(int(value))
    if isinstance(value, str):
        return _from_text(value, what)
    if isinstance(value, sympy.Rational):
        return fmpq(int(value.p), int(value.q))
    if isinstance(value, sympy.Float):
        return rational(sympy.Rational(value), what)
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        if np.ndim(value) != 0:
            raise RelucircError(f"{what}: expected one number, got an array of shape {np.shape(value)}.")
        if jnp.issubdtype(value.dtype, jax.dtypes.extended):
            raise RelucircError(f"{what}: expected a real number, got {shorten(value)}.")
        array = np.asarray(unmasked(value, what))
        if np.issubdtype(array.dtype, np.integer):
            return fmpq(int(array))
        if np.issubdtype(array.dtype, np.complexfloating) or array.dtype.kind == "O":
            raise RelucircError(f"{what}: expected a real number, got {shorten(value)}.")
        return rational(wide(array).item(), what)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise RelucircError(f"{what}: expected a finite number, got {value!r}.")
        return fmpq(*value.as_integer_ratio())
    if isinstance(value, numbers.Rational):
        return fmpq(int(value.numerator), int(value.denominator))
    raise RelucircError(
        f"{what}: expected a rational number (int, float, Fraction, SymPy rational, or text such as "
        f"'1/3'), got {shorten(value)} of type {type(value).__name__}."
    )


def wide(array: np.ndarray) -> np.ndarray:
    """Widens floats without loss: to float64, or leaves longdouble to fail on overflow."""
    if array.dtype.itemsize > 8:
        raise RelucircError(f"floats wider than 64 bits are not read (got {array.dtype}); convert them first.")
    return array.astype(np.float64)


def _from_text(text: str, what: str) -> fmpq:
    match = _TEXT.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if match is None or not any(match.group(1, 4, 5)):
        raise RelucircError(
            f"{what}: expected a rational number such as '3', '-1/2', '0.1' or '1e-3', got {shorten(text)!r}."
        )
    whole, denominator, sign, before, after, exponent = match.groups()
    if whole is not None:
        if denominator is not None and not denominator.strip("0"):
            raise RelucircError(f"{what}: division by zero in {shorten(text)!r}.")
        return fmpq(_integer(whole), _integer(denominator or "1"))
    shift = int(exponent or 0) if len(exponent or "") < 9 else MAX_DIGITS + 1
    if abs(shift) > MAX_DIGITS:
        raise RelucircError(f"{what}: exponent too large in {shorten(text)!r}; at most {MAX_DIGITS} digits are read.")
    value = fmpq(_integer((before + after) or "0")) * fmpq(10) ** (shift - len(after))
    return -value if sign == "-" else value


def _integer(digits: str) -> fmpz:
    """Reads digits of any length; Python's own ``int`` stops at 4,300."""
    return fmpz(digits.lstrip("+"))


def fraction(value: fmpq) -> Fraction:
    """Converts to ``fractions.Fraction``."""
    return Fraction(int(value.p), int(value.q))


def sign_of(value: fmpq) -> int:
    """Returns -1, 0 or 1."""
    return (value.p > 0) - (value.p < 0)


def nearest_integer(value: fmpq) -> int:
    """Returns the nearest integer; of two, the larger."""
    return int((2 * value.p + value.q) // (2 * value.q))


def to_rational(value: fmpq) -> sympy.Rational:
    """Converts to ``sympy.Rational``, the type that users see."""
    return sympy.Rational(int(value.p), int(value.q))


def text(value: fmpq) -> str:
    """Writes a rational as text that :func:`rational` reads back: ``"-1/2"``."""
    return f"{value.p}" if value.q == 1 else f"{value.p}/{value.q}"


def written(value: Any) -> str:
    """Writes a SymPy value; a rational of any length, where Python's ``str`` stops at 4,300 digits."""
    return text(rational(value)) if isinstance(value, sympy.Rational) else str(value)


def to_float(value: fmpq, dtype: Any = np.float64) -> Any:
    """Rounds to the nearest float of ``dtype``, ties to even; overflow gives an infinity.

    Rounding straight from the rational avoids the double rounding of going through float64.
    """
    info = jnp.finfo(dtype)
    numerator, denominator = abs(int(value.p)), int(value.q)
    if numerator == 0:
        return np.dtype(dtype).type(0)
    exponent = numerator.bit_length() - denominator.bit_length()
    if numerator < denominator << exponent if exponent >= 0 else numerator << -exponent < denominator:
        exponent -= 1
    step = max(exponent, int(info.minexp)) - int(info.nmant)  # weight of the last mantissa bit
    scaled = Fraction(numerator, denominator) / (Fraction(2) ** step)
    mantissa = round(scaled)  # ties to even
    try:
        result = math.ldexp(mantissa, step)
    except OverflowError:
        result = math.inf
    if result > float(info.max):
        result = math.inf
    return np.dtype(dtype).type(-result if value.p < 0 else result)


def common_denominator(values: Iterable[fmpq]) -> int:
    """Returns the least positive integer that makes every value an integer."""
    return math.lcm(*(int(v.q) for v in values))


def approximate(value: fmpq) -> float:
    """Returns the nearest float64, infinite on overflow; for proposals, never for decisions."""
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return math.inf if value.p > 0 else -math.inf


def real_array(value: Any, what: str, expected: str = "an array of real numbers") -> Any:
    """Returns real numbers as an array: JAX's own, and traced ones, as they are, anything else as NumPy's.

    Args:
        value: An array of any library, or nested lists.
        what: Its name in error messages.
        expected: What it should be, in words.

    Raises:
        RelucircError: For what is no array of real numbers, and for masked entries.
    """
    if isinstance(value, jax.Array):
        array = value
    else:
        plain = unmasked(value, what)
        try:
            array = np.asarray(plain)
        except jax.errors.TracerArrayConversionError:  # a list of traced numbers
            array = jnp.asarray(plain)
        except Exception as error:  # whatever the array of another library raises
            reason = shorten((str(error).strip() or type(error).__name__).splitlines()[0])
            ragged = isinstance(value, list | tuple) and isinstance(error, ValueError)
            got = f"ragged data, {shorten(value)}" if ragged else f"{_kind(value)}: {reason}"
            raise RelucircError(f"{what}: expected {expected}, got {got}.") from None
    dtype = array.dtype
    if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize <= 8:
        return array
    if jnp.issubdtype(dtype, jnp.integer) or jnp.issubdtype(dtype, jnp.bool_):
        return array
    if isinstance(value, np.ndarray | jax.Array | list | tuple):
        raise RelucircError(
            f"{what}: expected real numbers of at most 64 bits, got an array of dtype {dtype}; convert it, as in "
            f"{what}.astype('float64'), or use net.at(...) for exact values."
        )
    advice = f"; convert it, as in {what}.toarray()" if hasattr(value, "toarray") else ""
    raise RelucircError(f"{what}: expected {expected}, got {_kind(value)}{advice}.")


def unmasked(value: Any, what: str) -> Any:
    """Returns the data of a NumPy array that may be masked, and anything else as it is.

    Raises:
        RelucircError: For masked entries, which are no numbers.
    """
    if isinstance(value, list | tuple):
        return [unmasked(item, what) for item in value] if any(map(np.ma.isMaskedArray, value)) else value
    if not np.ma.isMaskedArray(value):
        return value
    count = np.ma.count_masked(value)
    if count:
        raise RelucircError(
            f"{what}: expected numbers, got a masked array with {count} of its {np.size(value)} entries masked; leave "
            "those out, or fill them in with .filled(0)."
        )
    return value.data


def _kind(value: Any) -> str:
    return f"{shorten(value)} of type {type(value).__name__}"
