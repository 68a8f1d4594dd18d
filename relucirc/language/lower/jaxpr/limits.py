"""What is refused: operations without an exact rule, and readings that would outgrow memory or patience.

An exact number takes some fifty times the memory of a float, and a line of code or a file of a kilobyte can ask
for any number of them.  So sizes are bounded before they are made: every array by its shape, every loop by its
turns, and everything that one reading holds by one *meter*, an estimate of its bytes.
"""

import math
from collections.abc import Sequence

from flint import fmpq

from relucirc.core.budget import tick

MAX_ELEMENTS = 1 << 23
"""Most exact numbers in one array."""
MAX_BYTES = 1 << 31
"""Most bytes, by estimate, that one reading holds."""
MAX_OPERATIONS = 300_000
"""Most operations, each on whole arrays, that one reading does, loops unrolled."""
MAX_BITS = 1 << 20
"""Most bits in the numerator or denominator of a constant."""

NUMBER, FORM, TERM = 64, 200, 100
"""Bytes of an exact number, of an affine form, and of each of its terms."""
TICK_BYTES = 1 << 16
"""How much is held between two looks at the clock."""


class Unsupported(Exception):
    """An operation that exact arithmetic has no rule for; the text says why."""


class NotANumber(Unsupported):
    """A choice that may take a branch that is infinite or NaN."""


class TooLarge(Unsupported):
    """An operation whose result would be too large to hold, or take too long; it ends the reading."""


class Stopped(Exception):
    """The end of a reading at an operation that is too large; the text says where it stands, and why."""


class Meter:
    """What one reading holds and does so far; while it grows, the clock of the verb that reads is asked."""

    def __init__(self) -> None:
        self.bytes_left, self.operations_left = MAX_BYTES, MAX_OPERATIONS
        self._next_tick = MAX_BYTES

    def need(self, size: int, what: str) -> None:
        """Refuses what would take more bytes than are left."""
        if size > self.bytes_left:
            raise TooLarge(f"{what} would bring what is held beyond {MAX_BYTES >> 30} GiB, the most that is read")

    def hold(self, size: int) -> None:
        """Counts bytes that are made now."""
        self.need(size, "its result")
        self.bytes_left -= size
        if self.bytes_left < self._next_tick:
            tick()
            self._next_tick = self.bytes_left - TICK_BYTES

    def expect(self, operations: int, what: str) -> None:
        """Refuses what would take more operations than are left."""
        if operations > self.operations_left:
            raise TooLarge(f"{what} would bring the operations beyond {MAX_OPERATIONS:,}, the most that are read")

    def work(self) -> None:
        """Counts one operation, before it is done."""
        self.expect(1, "one more")
        self.operations_left -= 1


def bounded(shape: Sequence[int]) -> None:
    """Refuses an array of exact numbers that is too large."""
    count = math.prod(shape)
    if count > MAX_ELEMENTS:
        raise TooLarge(f"an array of {count:,} exact numbers is too large; at most {MAX_ELEMENTS:,} are read")


def sized(value: fmpq) -> int:
    """Returns the bytes of a constant; refuses one whose digits have run away."""
    bits = value.height_bits()
    if bits > MAX_BITS:
        raise TooLarge(f"a constant of {bits:,} bits is too long; at most {MAX_BITS:,} are read")
    return NUMBER + bits // 4
