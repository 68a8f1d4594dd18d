"""Counterexamples made small.

A witness is for reading: (1, 0) says more than (549755813888, -2199023255553/2).
"""

import time
from collections.abc import Callable, Iterator, Sequence

from flint import fmpq

from relucirc.core.budget import seconds_left
from relucirc.core.exact import nearest_integer

Point = tuple[fmpq, ...]
SHRINK_SECONDS = 1.0


def cost(point: Sequence[fmpq]) -> tuple[int, int]:
    """Reading cost of a point: digits of numerators and denominators, then sizes."""
    bits = sum(abs(int(c.p)).bit_length() + 2 * (int(c.q).bit_length() - 1) for c in point)
    return bits, sum(int(c.p) < 0 for c in point)


def shrink(point: Point, is_witness: Callable[[Point], bool], attempts: int = 2000) -> Point:
    """Makes a witness smaller while it stays one: whole-point roundings, then one entry at a time."""
    best, tries = point, 0
    improved = True
    end = time.monotonic() + seconds_left(SHRINK_SECONDS)
    while improved and tries < attempts:
        improved = False
        for candidate in _simpler(best):
            if tries >= attempts or time.monotonic() > end:
                break
            if cost(candidate) < cost(best):
                tries += 1
                if is_witness(candidate):
                    best, improved = candidate, True
                    break
    return best


def _simpler(point: Point) -> Iterator[Point]:
    largest = max((abs(c) for c in point), default=fmpq(0))
    if largest:
        for size in (1, 2, 3, 10):
            scaled = tuple(c * size / largest for c in point)
            yield tuple(fmpq(nearest_integer(c)) for c in scaled)
            yield scaled
    for denominator in (1, 2, 4, 16, 256):
        yield tuple(fmpq(nearest_integer(c * denominator), denominator) for c in point)
    for i, c in enumerate(point):
        for value in _simpler_numbers(c):
            yield (*point[:i], value, *point[i + 1 :])


def _simpler_numbers(c: fmpq) -> Iterator[fmpq]:
    """Simpler rationals, near ones included: continued fraction convergents and halvings."""
    yield from (fmpq(0), fmpq(1), fmpq(-1), fmpq(1, 2), fmpq(-1, 2), fmpq(2), fmpq(-2))
    floor = int(c.p) // int(c.q)
    yield from (fmpq(floor), fmpq(floor + 1))
    yield from _convergents(c)
    if abs(c) > 2:
        yield fmpq(nearest_integer(c / 2))
        yield fmpq(nearest_integer(c / 16))
        power = 2 ** (abs(int(c.p)).bit_length() - int(c.q).bit_length())
        yield fmpq(power if c > 0 else -power)


def _convergents(c: fmpq) -> Iterator[fmpq]:
    p0, q0, p1, q1 = 0, 1, 1, 0
    p, q = int(c.p), int(c.q)
    while q:
        a = p // q
        p0, q0, p1, q1 = p1, q1, a * p1 + p0, a * q1 + q0
        yield fmpq(p1, q1)
        p, q = q, p - a * q
