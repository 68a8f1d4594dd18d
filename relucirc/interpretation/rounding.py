"""The simplest rational number near a number: the one with the smallest denominator within a tolerance."""

from flint import fmpq, fmpz

from relucirc.core.exact import ZERO


def simplest(value: fmpq, tolerance: fmpq) -> fmpq:
    """Returns the rational in ``[value - tolerance, value + tolerance]`` with the smallest denominator.

    Of several with one denominator it is the one nearest to zero.  It is found by walking down the
    continued fractions of both ends of the interval as long as they agree.

    Example:
        >>> simplest(fmpq(3333, 10000), fmpq(1, 1000))
        1/3
    """
    low, high = value - tolerance, value + tolerance
    if low <= 0 <= high:
        return ZERO
    return _between(low, high) if low > 0 else -_between(-high, -low)


def _between(low: fmpq, high: fmpq) -> fmpq:
    """The simplest rational in ``[low, high]`` for 0 < low <= high."""
    a, b, c, d = (fmpz(1), fmpz(0), fmpz(0), fmpz(1))  # the Moebius map (a x + b) / (c x + d)
    while True:
        whole = low.floor()
        if low == whole:
            return fmpq(a * whole + b, c * whole + d)
        if whole < high.floor():
            return fmpq(a * (whole + 1) + b, c * (whole + 1) + d)
        low, high = 1 / (high - whole), 1 / (low - whole)
        a, b, c, d = a * whole + b, a, c * whole + d, c
