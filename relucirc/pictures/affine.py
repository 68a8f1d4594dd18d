"""Affine maps in pictures: as sums, every number as pictures show numbers."""

from collections.abc import Sequence
from typing import Any

from relucirc.core.exact import rational
from relucirc.measure.regions.complex import AffineMap
from relucirc.pictures.numbers import ABOUT, MINUS, Shown, number


def affine_text(weights: Sequence[Any], constant: Any, names: Sequence[str]) -> Shown:
    """Writes an affine function; where a number is rounded, ≈ stands before all of it, and hovering shows it exactly.

    Example:
        >>> affine_text((1, -2), "1/3", ("x1", "x2")).text
        'x1 − 2 x2 + 1/3'
    """
    parts = [(rational(w), name) for w, name in zip(weights, names, strict=True)]
    parts = [(w, name) for w, name in parts if w]
    constant = rational(constant)
    if constant or not parts:
        parts.append((constant, ""))
    shown, whole = [], []
    about = False
    for value, name in parts:
        size = abs(value)
        one = name and size == 1
        text = "" if one else number(size, 5).text
        about |= text.startswith(ABOUT)
        short = text.removeprefix(ABOUT)
        exact = "" if one else str(size)
        sign = MINUS if value < 0 else "+"
        shown.append((sign, f"{short} {name}".strip()))
        whole.append((sign, f"{exact} {name}".strip()))
    return Shown(f"{ABOUT} {_joined(shown)}", _joined(whole)) if about else Shown(_joined(shown))


def _joined(parts: Sequence[tuple[str, str]]) -> str:
    (sign, first), *more = parts
    return (sign if sign == MINUS else "") + first + "".join(f" {sign} {part}" for sign, part in more)


def map_text(map_: AffineMap, output: int, names: Sequence[str]) -> Shown:
    """One output of an affine map, outputs from 1."""
    return affine_text(map_.weight[output - 1], map_.bias[output - 1], names)
