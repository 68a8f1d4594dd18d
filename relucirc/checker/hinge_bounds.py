"""What is known of all hinges on some boxes: their bounds, and the input forms that these came from.

A hinge ``g = relu(m)`` has ``m >= low`` and ``m <= high`` on a box, and input forms below ``m`` and below ``-m``.
All of that stays true on every part of the box, where the forms may give better bounds: :meth:`Known.narrowed`.
Substitution there gives new forms for those hinges that are still undecided: :meth:`Known.renewed`.  Where that does
not decide one, it is done again with nothing kept of positive coefficients of open hinges, and the better of both
stays: a hinge is off where others can only push it further off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from relucirc.checker.data import require
from relucirc.checker.scaled import FINE, Level, Scaled
from relucirc.checker.substitution import GRID, SLOPE, Relaxed, Rows, added, coefficient_bits, error_of, least, wanted

TOGETHER = 512
"""So many rows are substituted at once: what fits into a processor's cache."""


@dataclass(frozen=True)
class Bounder:
    """The levels of a derivation as integers, and the bits that coefficients may have.

    Attributes:
        n: Number of inputs.
        levels: Lowest first.
        bits: See :func:`~relucirc.checker.substitution.coefficient_bits`.
    """

    n: int
    levels: Sequence[Level]
    bits: int

    @property
    def rows(self) -> int:
        """How many rows all levels have, of hinges and of differences."""
        return sum(len(level.constants) for level in self.levels)

    def columns(self, number: int) -> slice:
        """Where a level's hinges (1 is the first level) stand among all."""
        start = sum(len(level.constants) for level in self.levels[: number - 1])
        return slice(start, start + len(self.levels[number - 1].constants))

    def hinge_rows(self, number: int, hinges: np.ndarray, sign: np.ndarray, error: np.ndarray) -> Rows:
        """Rows below ``m`` (sign 1) or ``-m`` (sign -1) of hinges of a level, whose ``E`` is given."""
        level, both = self.levels[number - 1], self.starts[number - 1]
        which = hinges + (sign < 0) * len(level.constants)
        constants = added(level.constants[hinges] * sign, -error) * 2.0**-level.places
        return Rows({b: block[which] for b, block in both.blocks.items()}, both.scale[which], constants)

    @cached_property
    def starts(self) -> list[Rows]:
        """By level, rows below ``m`` of all its hinges, then below ``-m``; constants are not in them."""
        found = []
        for level in self.levels:
            blocks = {b: w * 2.0**FINE + level.fine[b] for b, w in level.weights.items()}
            count = 2 * len(level.constants)
            scale = np.full(count, 2.0 ** -(level.places + FINE))
            rows = Rows({b: np.concatenate([w, -w]) for b, w in blocks.items()}, scale, np.zeros(count))
            rows.cut(self.bits)
            found.append(rows)
        return found

    def down(self, rows: Rows, number: int, relaxed: Sequence[Relaxed], which: np.ndarray) -> tuple[np.ndarray, ...]:
        """Substitutes from a level down; returns the input forms, for whole ends of boxes, and the constants."""
        forms, constants = np.zeros((len(which), self.n)), np.zeros(len(which))
        for at in (slice(i, i + TOGETHER) for i in range(0, len(which), TOGETHER)):
            some = rows.taken(at)
            for k in range(number - 1, -1, -1):
                some.substitute(k + 1, self.levels[k], relaxed[k], which[at], self.bits)
            constants[at] = some.constant
            if 0 in some.blocks:
                forms[at] = some.blocks[0] * (some.scale * 2.0**-GRID)[:, None]
        return forms, constants


@dataclass(frozen=True)
class Known:
    """Of some boxes, one row each: see the module.

    Attributes:
        low: By box and hinge.
        high: The same.
        forms: By box, sign (below ``m``, below ``-m``), hinge and input; times whole ends.
        constants: By box, sign and hinge.
    """

    low: np.ndarray
    high: np.ndarray
    forms: np.ndarray
    constants: np.ndarray

    @staticmethod
    def gathered(parts: Sequence["Known"]) -> "Known":
        """Puts single boxes side by side."""
        return Known(*(np.stack([getattr(p, name) for p in parts]) for name in ("low", "high", "forms", "constants")))

    def row(self, i: int) -> "Known":
        """Returns what is known of one box."""
        return Known(self.low[i], self.high[i], self.forms[i], self.constants[i])

    def narrowed(self, bounder: Bounder, low: np.ndarray, high: np.ndarray) -> "Known":
        """Returns what the forms say on parts of the boxes, given by their whole ends, of what is not decided."""
        lows, highs = self.low.copy(), self.high.copy()
        columns = [bounder.columns(number) for number in range(1, len(bounder.levels) + 1)]
        parts = [wanted(lows[:, at], highs[:, at], level) for at, level in zip(columns, bounder.levels, strict=True)]
        box, row = np.nonzero(np.concatenate(parts, axis=1)) if parts else [np.zeros(0, int)] * 2
        below, above = (
            least(self.forms[box, s, row], self.constants[box, s, row], low[box], high[box]) for s in (0, 1)
        )
        lows[box, row] = np.maximum(lows[box, row], below)
        highs[box, row] = np.minimum(highs[box, row], -above)
        return Known(lows, highs, self.forms, self.constants)

    def relaxed(self, bounder: Bounder) -> list[Relaxed]:
        """Returns the multipliers by level."""
        found: list[Relaxed] = []
        for number, level in enumerate(bounder.levels, start=1):
            at = bounder.columns(number)
            found.append(Relaxed.of(self.low[:, at], self.high[:, at], level, found))
        return found

    def renewed(self, bounder: Bounder, low: np.ndarray, high: np.ndarray) -> "Known":
        """Returns what substitution says on the boxes of all hinges whose bounds do not decide them yet."""
        known = self.narrowed(bounder, low, high)
        lows, highs = known.low, known.high
        forms, constants = known.forms.copy(), known.constants.copy()
        relaxed: list[Relaxed] = []
        for number, level in enumerate(bounder.levels, start=1):
            at = bounder.columns(number)
            box, hinge = np.nonzero(wanted(lows[:, at], highs[:, at], level))
            error = error_of(level, relaxed, len(low))[box, hinge]
            found = Sought(number, box, hinge, error).best(bounder, relaxed, low, high)
            hinge = at.start + hinge
            forms[box, :, hinge], constants[box, :, hinge] = found.forms, found.constants
            lows[box, hinge] = np.maximum(lows[box, hinge], found.values[:, 0])
            highs[box, hinge] = np.minimum(highs[box, hinge], -found.values[:, 1])
            relaxed.append(Relaxed.of(lows[:, at], highs[:, at], level, relaxed))
        return Known(lows, highs, forms, constants)

    @staticmethod
    def nothing(n: int, hinges: int) -> "Known":
        """Returns what is known of one box before anything is."""
        return Known(
            np.full((1, hinges), -np.inf),
            np.full((1, hinges), np.inf),
            np.zeros((1, 2, hinges, n)),
            np.full((1, 2, hinges), -np.inf),
        )


class Below(NamedTuple):
    """Of some rows of a level, below ``m`` and below ``-m``: input forms, their constants, and least values."""

    forms: np.ndarray
    constants: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Sought:
    """Rows of a level that are to be bounded, each on a box of its own.

    Attributes:
        number: Of the level.
        box: The box of each row.
        hinge: Which row of the level it is.
        error: Its ``E``.
    """

    number: int
    box: np.ndarray
    hinge: np.ndarray
    error: np.ndarray

    def best(self, bounder: Bounder, relaxed: Sequence[Relaxed], low: np.ndarray, high: np.ndarray) -> Below:
        """Bounds the rows on boxes given by their whole ends; hinges twice, if the first time does not decide them."""
        found = self._bounded(bounder, relaxed, low, high)
        hinges = bounder.levels[self.number - 1].hinges
        open_ = np.nonzero((self.hinge < hinges) & (found.values < 0).all(1))[0]
        if relaxed and len(open_):
            rows = Sought(self.number, self.box[open_], self.hinge[open_], self.error[open_])
            again = rows._bounded(bounder, [here.dropping() for here in relaxed], low, high)
            i, sign = np.nonzero(again.values > found.values[open_])
            for array, other in zip(found, again, strict=True):
                array[open_[i], sign] = other[i, sign]
        return found

    def _bounded(self, bounder: Bounder, relaxed: Sequence[Relaxed], low: np.ndarray, high: np.ndarray) -> Below:
        box, hinge, error = (np.repeat(array, 2) for array in (self.box, self.hinge, self.error))
        rows = bounder.hinge_rows(self.number, hinge, np.tile([1.0, -1.0], len(self.box)), error)
        forms, constants = bounder.down(rows, self.number - 1, relaxed, box)
        values = least(forms, constants, low[box], high[box])
        count = len(self.box)
        return Below(forms.reshape(count, 2, bounder.n), constants.reshape(count, 2), values.reshape(count, 2))


def sloped(
    bounder: Bounder, relaxed: Sequence[Relaxed], which: np.ndarray, slopes: Sequence[Sequence[tuple[int, int]]]
) -> list[Relaxed]:
    """Returns multipliers of rows of their own, some of them as they are told.

    Args:
        bounder: The levels.
        relaxed: The multipliers on some boxes.
        which: The box of each row.
        slopes: Of each row, hinges and 32nds of a positive coefficient that stay.
    """
    told = [(row, hinge, kept / SLOPE) for row, some in enumerate(slopes) for hinge, kept in some]
    rows, hinges, kept = (np.array(column) for column in zip(*told, strict=True)) if told else [np.zeros(0, int)] * 3
    found = []
    for number, part in enumerate(relaxed, start=1):
        at, own = bounder.columns(number), part.taken(which)
        here = (hinges >= at.start) & (hinges < at.start + own.kept.shape[1])
        own.kept[rows[here], hinges[here] - at.start] = kept[here]
        found.append(own)
    return found


def bound_all(scaled: Scaled) -> tuple[Bounder, Known]:
    """Bounds all hinges on the whole box."""
    n = scaled.n
    bounder = Bounder(n, scaled.levels, coefficient_bits(scaled.levels, n))
    low, high = np.zeros((1, n)), np.full((1, n), 2.0**GRID)
    known = Known.nothing(n, bounder.rows).renewed(bounder, low, high)
    require(bool(np.isfinite(known.low).all() and np.isfinite(known.high).all()), "a hinge has no bounds")
    return bounder, known
