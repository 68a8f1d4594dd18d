"""What is bounded: forms over inputs and hinges on a polyhedron, exactly, and the same in floats."""

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from math import frexp, isfinite

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, approximate
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.geometry.hinges import HingeGraph
from relucirc.proof.bounding.implied import End, implied_end

LARGEST = 1000
"""Exponent of the largest scale."""
SMALL = -10
"""What is below 2 to this power is counted in units of its own size."""
Interval = tuple[fmpq | None, fmpq | None]


@dataclass(frozen=True)
class Question:
    """Is there a point where all parts hold, on the polyhedron of the constraints?

    Attributes:
        hinges: The hinge graph; variable ``n + k`` is ``relu(l_k)``.
        constraints: Relations over the inputs.
        parts: Relations over inputs and hinges.
    """

    hinges: HingeGraph
    constraints: tuple[Relation, ...]
    parts: tuple[Relation, ...]

    @property
    def n(self) -> int:
        """Number of inputs."""
        return self.hinges.n

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The hinges that the parts read, directly or not, ascending: each reads earlier ones alone."""
        return tuple(self.hinges.reachable([part.form for part in self.parts]))

    def argument(self, k: int) -> Form:
        """``l_k``, of which hinge k is the positive part."""
        return self.hinges.atoms[k].elements[0]

    @cached_property
    def box(self) -> list[tuple[tuple[fmpq, int] | None, tuple[fmpq, int] | None]]:
        """The bounds that single constraints give each input: the number, and which constraint gives it."""
        found: list[list[tuple[fmpq, int] | None]] = [[None, None] for _ in range(self.n)]
        for i, relation in enumerate(self.constraints):
            if len(relation.form.terms) != 1:
                continue
            ((v, c),) = relation.form.terms.items()
            bound = -relation.form.const / c
            for side in (0, 1):
                if relation.op != "==" and (c > 0) == bool(side):
                    continue
                known = found[v][side]
                if known is None or (bound > known[0] if side == 0 else bound < known[0]):
                    found[v][side] = bound, i
        return [(low, high) for low, high in found]

    @cached_property
    def _implied(self) -> dict[tuple[int, int], End | None]:
        return {}

    def end(self, v: int, side: int) -> End | None:
        """How large an input is at most (side 1), or at least (side -1), and the constraints that say so together."""
        single = self.box[v][side > 0]
        if single is not None:
            bound, i = single
            return bound, [(i, abs(ONE / self.constraints[i].form.terms[v]))]
        if (v, side) not in self._implied:
            together = any(len(relation.form.terms) > 1 for relation in self.constraints)
            self._implied[v, side] = implied_end(self.constraints, self.n, v, side) if together else None
        return self._implied[v, side]

    def cut(self, form: Form) -> "Question":
        """The same question where a form over the inputs is ``>= 0`` as well."""
        part = replace(self, constraints=(*self.constraints, Relation(form, ">=")))
        part.__dict__.update(used=self.used, floats=self.floats.with_row(form), _implied=dict(self._implied))
        return part

    @cached_property
    def floats(self) -> "Floats":
        """The same in floats, scaled; what is too large for them is infinite there, or not a number."""
        with np.errstate(over="ignore", invalid="ignore"):
            return Floats(self)


class Floats:
    """A question in floats: every hinge divided by a power of two so that its values are near 1.

    So are inputs, parts and constraints that are small, since the tolerances of floats are not: the points of a tiny
    box are as far apart as those of a usual one.

    Attributes:
        position: Hinge number -> place among the hinges that are used.
        units: What each input was divided by.
        scale: What each used hinge was divided by.
        matrix, bias: ``l`` of each used hinge over inputs and used hinges.
        part_unit: What the parts were divided by.
        parts, part_bias: The parts over inputs and used hinges.
        row_units: What each constraint was divided by.
        rows, row_bias: The constraints over inputs.
    """

    def __init__(self, question: Question) -> None:
        n, used = question.n, question.used
        self.position = {k: i for i, k in enumerate(used)}
        reach = np.array([max((abs(approximate(end[0])) for end in pair if end), default=1.0) for pair in question.box])
        self.units = np.array([_unit(size) for size in reach])
        reach = np.maximum(reach / self.units, 1e-6)
        self.scale = np.ones(len(used))
        self.matrix, self.bias = np.zeros((len(used), n + len(used))), np.zeros(len(used))
        for i, k in enumerate(used):
            row, bias = self._row(question.argument(k), n)
            size = float(np.abs(row[:n]) @ reach) + float(np.abs(row[n:]).sum()) + abs(bias)
            self.scale[i] = 2.0 ** min(frexp(size or 1.0)[1], LARGEST)
            self.matrix[i], self.bias[i] = row / self.scale[i], bias / self.scale[i]
        parts = [self._row(part.form, n) for part in question.parts]
        sizes = [float(np.abs(row[:n]) @ reach) + float(np.abs(row[n:]).sum()) + abs(bias) for row, bias in parts]
        self.part_unit = _unit(max(sizes, default=1.0))
        self.parts = np.array([row for row, _ in parts]).reshape(len(parts), n + len(used)) / self.part_unit
        self.part_bias = np.array([bias for _, bias in parts]) / self.part_unit
        self.rows, self.row_bias, self.row_units = np.zeros((0, n)), np.zeros(0), np.zeros(0)
        for relation in question.constraints:
            self._add_row(relation.form)

    def _row(self, form: Form, n: int) -> tuple[np.ndarray, float]:
        row = np.zeros(n + len(self.position))
        for v, c in form.terms.items():
            if v < n:
                row[v] = approximate(c) * self.units[v]
            else:
                i = self.position[v - n]
                row[n + i] = approximate(c) * self.scale[i]
        return row, approximate(form.const)

    def with_row(self, form: Form) -> "Floats":
        """The same with one more constraint."""
        more = copy(self)
        more._add_row(form)
        return more

    def _add_row(self, form: Form) -> None:
        row = np.array([approximate(form.coefficient(v)) for v in range(len(self.units))]) * self.units
        bias = approximate(form.const)
        unit = _unit(max(float(np.abs(row).max(initial=0.0)), abs(bias)))
        self.rows = np.vstack([self.rows, row / unit])
        self.row_bias, self.row_units = np.append(self.row_bias, bias / unit), np.append(self.row_units, unit)

    def shortened(self, v: int, value: float, bits: int) -> fmpq:
        """Returns a short number near an input's value, which is given in its unit."""
        return short(value, bits) * fmpq(*float(self.units[v]).as_integer_ratio())

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The arguments of all hinges at a point, which is given in the inputs' units, and the parts' values."""
        n = len(x)
        values = np.concatenate([x, np.zeros(len(self.bias))])
        arguments = np.zeros(len(self.bias))
        with np.errstate(over="ignore", invalid="ignore"):
            for i in range(len(self.bias)):
                arguments[i] = self.matrix[i] @ values + self.bias[i]
                values[n + i] = max(arguments[i], 0.0)
            return arguments, (self.parts @ values + self.part_bias) * self.part_unit


def _unit(size: float) -> float:
    """A power of two near a size that is small; else 1."""
    exponent = frexp(size)[1]
    return 2.0**exponent if size and -LARGEST < exponent < SMALL else 1.0


def short(value: float, bits: int = 10) -> fmpq:
    """Returns a number near a float, a multiple of a power of two; 0 for what is not finite."""
    if not isfinite(value):
        return ZERO
    if abs(value) >= 2.0 ** (LARGEST - bits):
        return fmpq(int(value))
    return fmpq(round(value * (1 << bits)), 1 << bits)


def relatively(value: float, bits: int = 40) -> fmpq:
    """Returns a number of so many bits near a float that is not 0."""
    mantissa, exponent = frexp(value)
    whole, shift = round(mantissa * (1 << bits)), bits - exponent
    return fmpq(whole, 1 << shift) if shift >= 0 else fmpq(whole << -shift)


def dyadic(value: fmpq, side: int, bits: int = 24) -> fmpq:
    """Rounds up (side 1) or down (side -1) to about so many bits."""
    if not value:
        return ZERO
    size = int(abs(value).p).bit_length() - int(value.q).bit_length()
    shift = bits - size
    scaled = value * (fmpq(1 << shift) if shift >= 0 else ONE / (1 << -shift))
    whole = -int(-scaled.p // scaled.q) if side > 0 else int(scaled.p // scaled.q)
    return fmpq(whole, 1 << shift) if shift >= 0 else fmpq(whole << -shift)
