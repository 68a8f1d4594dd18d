"""Short formulas by the hundred, grown from affine pieces by minima, maxima, sums, differences and absolute values.

Each is known by its values at points.  Of formulas with the same values the first, which has the fewest operations,
is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from relucirc.core.budget import tick
from relucirc.interpretation.atoms import Affine

ATOM, MAXIMUM, MINIMUM, SUM, DIFFERENCE, ABSOLUTE = range(6)
DIGITS = 9
"""What values have to agree in to be taken for the same."""


@dataclass(frozen=True)
class Shapes:
    """Formulas, by their values at points.

    Attributes:
        values: ``[count, points]``.
        operations: How many operations each has, about.
        parts: The operation of each, and the numbers of the formulas that it joins.
        atoms: What ``ATOM`` counts: affine functions.
    """

    values: np.ndarray
    operations: np.ndarray
    parts: np.ndarray
    atoms: tuple[Affine, ...]

    @staticmethod
    def of(atoms: Sequence[Affine], points: np.ndarray) -> "Shapes":
        """The atoms alone, in their order."""
        values = np.array([atom.at(points) for atom in atoms])
        operations = np.array([operations_of(atom) for atom in atoms])
        parts = np.array([[ATOM, i, i] for i in range(len(atoms))])
        return Shapes(values, operations, parts, tuple(atoms))

    def __len__(self) -> int:
        return len(self.values)

    def joined(self, operation: int, left: np.ndarray, right: np.ndarray) -> "Shapes":
        """Only new formulas: of every left one with the right one."""
        a, b = self.values[left], self.values[right]
        joins: dict[int, Callable[[], np.ndarray]] = {
            MAXIMUM: lambda: np.maximum(a, b),
            MINIMUM: lambda: np.minimum(a, b),
            SUM: lambda: a + b,
            DIFFERENCE: lambda: a - b,
            ABSOLUTE: lambda: np.abs(a),
        }
        both = 0 if operation == ABSOLUTE else self.operations[right]
        parts = np.column_stack([np.full(len(left), operation), left, right])
        return Shapes(joins[operation](), self.operations[left] + both + 1, parts, self.atoms)

    def grown(self, others: np.ndarray, base: int) -> "Shapes":
        """All formulas, with those which one more operation makes of each of some and of one of the first atoms."""
        atoms = np.flatnonzero((self.parts[:, 0] == ATOM) & (self.parts[:, 1] < base))
        left, right = (grid.ravel() for grid in np.meshgrid(others, atoms, indexing="ij"))
        apart = left != right
        left, right = left[apart], right[apart]
        found = [self.joined(ABSOLUTE, others, others)]
        for operation in (MAXIMUM, MINIMUM, SUM, DIFFERENCE):
            tick()
            found.append(self.joined(operation, left, right))
        return self.with_new(*found)

    def with_new(self, *others: "Shapes") -> "Shapes":
        """All formulas, with others that are made of these, but of those with the same values one."""
        all_ = [self, *others]
        values, operations, parts = (
            np.concatenate([getattr(s, name) for s in all_]) for name in ("values", "operations", "parts")
        )
        return Shapes(values, operations, parts, self.atoms)._distinct()

    def _distinct(self) -> "Shapes":
        """One of those with the same values each, with the fewest operations; others are made of that one, too."""
        order = np.argsort(self.operations, kind="stable")
        scale = np.abs(self.values).max(initial=1e-300)
        mixed = self.values[order] @ np.random.default_rng(0).normal(size=(self.values.shape[1], 2))
        _, first, kind = np.unique(np.round(mixed / scale, DIGITS), axis=0, return_index=True, return_inverse=True)
        place, ranks = np.empty(len(self), int), np.argsort(np.argsort(first))
        place[order] = ranks[kind.ravel()]
        kept = order[np.sort(first)]
        parts = self.parts[kept].copy()
        inner = parts[:, 0] != ATOM
        parts[inner, 1:] = place[parts[inner, 1:]]
        return Shapes(self.values[kept], self.operations[kept], parts, self.atoms)

    def written(self, k: int, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        """Writes one formula."""
        operation, i, j = (int(c) for c in self.parts[k])
        return write_affine(self.atoms[i], symbols) if operation == ATOM else self.join(operation, i, j, symbols)

    def join(self, operation: int, i: int, j: int, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
        """Writes what an operation makes of two formulas."""
        left = self.written(i, symbols)
        if operation == ABSOLUTE:
            return sympy.Abs(left, evaluate=False)
        right = self.written(j, symbols)
        if operation in (SUM, DIFFERENCE):
            return left + right if operation == SUM else left - right
        kind = sympy.Max if operation == MAXIMUM else sympy.Min
        parts = [a for part in (left, right) for a in (part.args if isinstance(part, kind) else (part,))]
        return kind(*parts, evaluate=False)


def write_affine(atom: Affine, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
    """Writes an affine function."""
    terms = [sympy.Rational(c.numerator, c.denominator) * x for c, x in zip(atom.slope, symbols, strict=True) if c]
    return sympy.Add(*terms, sympy.Rational(atom.offset.numerator, atom.offset.denominator))


def operations_of(atom: Affine) -> int:
    """How many operations an affine function has, about."""
    numbers = [c for c in atom.slope if c]
    cost = sum((abs(c.numerator) != 1) + (c.denominator != 1) for c in numbers)
    cost += max(len(numbers) - 1, 0) + (bool(numbers) and bool(atom.offset)) + (atom.offset.denominator != 1)
    return cost + (bool(numbers) and all(c < 0 for c in numbers) and atom.offset <= 0)
