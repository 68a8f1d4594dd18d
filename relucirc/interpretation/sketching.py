"""Short formulas for one output of a network, proposed in floats: of every price the one that seems nearest.

Routes: one constant; single shapes, shifted and scaled, the affine ones first; affine combinations of several; minima
and maxima of two.  For ``max(a, b)`` to be near the output, a and b must be nowhere far above it, so of all pairs few
are left: a median of three is found this way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy

from relucirc.core.budget import tick
from relucirc.interpretation.atoms import Affine, first_layer, pieces
from relucirc.interpretation.combining import Combination, middle, rounded, subsets
from relucirc.interpretation.price import Price, price_of
from relucirc.interpretation.seen import Seen
from relucirc.interpretation.shapes import ATOM, DIFFERENCE, MAXIMUM, MINIMUM, SUM, Shapes

INPUTS = 6
"""Most inputs of which shapes are made: those that the output depends on most."""
PIECES = 8
"""Most affine pieces of which shapes are made."""
NEURONS = 48
"""Most neurons of the first layer that are tried in affine combinations."""
GROWN = 60
"""Most shapes that are grown a second time."""
TERMS = 6
"""Most functions in one affine combination."""
PAIRED = 200
"""Most shapes of which all pairs are tried."""
LEVELS = (1.0, 0.25, 1 / 16, 1 / 64)
"""How far shapes of a pair may be on the wrong side of the output, of the best error so far."""
FEW = 2
"""Shapes of each kind and number of operations that are written."""
MISCOUNTED = 2
"""What operations that are not yet counted as SymPy does may be off."""
BLOCK = 4096


@dataclass(frozen=True)
class Sketch:
    """A formula, and how far it seems to be from the network.

    Attributes:
        formula: The formula.
        price: Its price.
        error: The largest difference seen.
    """

    formula: sympy.Expr
    price: Price
    error: float


class Sketcher:
    """Proposes formulas for one output.

    Args:
        seen: What floats see of the network.
        output: Which output.
        symbols: The inputs.

    Attributes:
        found: The sketches so far, by formula.
    """

    def __init__(self, seen: Seen, output: int, symbols: Sequence[sympy.Symbol]) -> None:
        self.seen, self.symbols = seen, symbols
        self.values, self.slopes = seen.values[:, output], seen.slopes[output]
        self.found: dict[sympy.Expr, Sketch] = {}
        self._best: dict[int, float] = {}  # errors by operations

    def offer(self, formula: sympy.Expr, values: np.ndarray) -> None:
        """Takes a formula, with its values at the points that were seen."""
        if formula in self.found:
            return
        tick()
        price, error = price_of(formula), self._error(values)
        self.found[formula] = Sketch(formula, price, error)
        self._best[price.operations] = min(error, self._best.get(price.operations, np.inf))

    def front(self) -> list[Sketch]:
        """The sketches of which no cheaper one is as near."""
        best, kept = np.inf, []
        for sketch in sorted(self.found.values(), key=lambda s: (s.price, s.error)):
            if sketch.error < best:
                best = sketch.error
                kept.append(sketch)
        return kept

    def run(self) -> Iterator[None]:
        """Goes through the routes, the shortest formulas first, in steps of a few milliseconds."""
        self._constant()
        yield
        base = self._atoms()
        neurons = [atom for atom in first_layer(self.seen.rows, NEURONS) if atom not in base]
        shapes = Shapes.of([*base, *neurons], self.seen.points)
        yield from self._singles(shapes)
        zero = base.index(Affine.constant(Fraction(0), len(self.symbols)))
        rows = np.arange(len(base), len(shapes))
        hinges = shapes.joined(MAXIMUM, rows, np.full(len(rows), zero))
        shapes = shapes.with_new(hinges)
        atoms = np.flatnonzero((shapes.parts[:, 0] == ATOM) & (shapes.parts[:, 1] < len(base)))
        shapes = shapes.grown(atoms, len(base))
        yield from self._singles(shapes)
        yield from self._combinations(shapes)
        near = np.argsort(self._misfit(shapes), kind="stable")[:GROWN]
        shapes = shapes.grown(near, len(base))
        yield from self._singles(shapes)
        yield from self._pairs(shapes)

    def _error(self, values: np.ndarray) -> float:
        return float(np.abs(values - self.values).max(initial=0.0))

    def _is_worth(self, operations: int, error: float) -> bool:
        """Whether a formula of about so many operations is nearer than all that are certainly shorter."""
        return all(error < known for count, known in self._best.items() if count < operations - MISCOUNTED)

    def _atoms(self) -> list[Affine]:
        n = len(self.symbols)
        strength = np.abs(self.slopes).mean(axis=0)
        used = [int(i) for i in np.argsort(-strength, kind="stable")[:INPUTS] if strength[i] > 0]
        atoms = [*(Affine.variable(i, n) for i in sorted(used)), Affine.constant(Fraction(0), n)]
        return list(dict.fromkeys([*atoms, *pieces(self.seen.points, self.values, self.slopes, PIECES)]))

    def _misfit(self, shapes: Shapes) -> np.ndarray:
        """How much of the output is left after the best affine function of each shape, in least squares."""
        centred = shapes.values - shapes.values.mean(axis=1, keepdims=True)
        wanted = self.values - self.values.mean()
        norms = (centred**2).sum(axis=1)
        return wanted @ wanted - (centred @ wanted) ** 2 / np.where(norms > 0, norms, np.inf)

    def _constant(self) -> None:
        for slack in (1.0, 0.5, 0.1, 0.01):
            value = middle(self.values, slack * np.ptp(self.values) / 2)
            self.offer(_number(value), np.full(len(self.values), float(value)))

    def _singles(self, shapes: Shapes) -> Iterator[None]:
        """Every shape as it is, shifted, negated, and scaled: those of each number of operations that are nearest."""
        f, v = self.values, shapes.values
        kinds = {
            "plain": np.abs(v - f).max(axis=1),
            "shifted": np.ptp(f - v, axis=1),
            "negated": np.ptp(f + v, axis=1),
            "scaled": self._misfit(shapes),
        }
        for kind, errors in kinds.items():
            for count in np.unique(shapes.operations):
                same = np.flatnonzero(shapes.operations == count)
                for k in same[np.argsort(errors[same], kind="stable")[:FEW]]:
                    self._single(shapes, int(k), kind)
                    yield

    def _single(self, shapes: Shapes, k: int, kind: str) -> None:
        values, operations = shapes.values[k], int(shapes.operations[k])
        if kind == "plain":
            if self._is_worth(operations, self._error(values)):
                self.offer(shapes.written(k, self.symbols), values)
            return
        if kind == "scaled":
            for made in rounded([k], shapes.values, self.values):
                self._combined(shapes, made)
            return
        sign = 1 if kind == "shifted" else -1
        rest = self.values - sign * values
        for slack in (1.0, 0.25, 0.05):
            constant = middle(rest, slack * np.ptp(rest) / 2)
            moved = sign * values + float(constant)
            if self._is_worth(operations + 1, self._error(moved)):
                self.offer(sign * shapes.written(k, self.symbols) + _number(constant), moved)

    def _combinations(self, shapes: Shapes) -> Iterator[None]:
        """Affine combinations of inputs, minima, maxima and absolute values: sums add nothing to these."""
        kinds, sizes = shapes.parts[:, 0], shapes.operations
        which = np.flatnonzero(np.where(kinds == ATOM, sizes == 0, (kinds != SUM) & (kinds != DIFFERENCE)))
        for chosen in subsets(shapes.values[which], self.values, sizes[which], TERMS):
            for made in rounded([int(which[k]) for k in chosen], shapes.values, self.values):
                self._combined(shapes, made)
            yield

    def _combined(self, shapes: Shapes, made: Combination) -> None:
        weights = np.array([float(c) for c in made.coefficients])
        values = weights @ shapes.values[list(made.functions)] + float(made.constant)
        used = [(k, c) for k, c in zip(made.functions, made.coefficients, strict=True) if c]
        operations = sum(int(shapes.operations[k]) + (abs(c) != 1) for k, c in used) + max(len(used) - 1, 0)
        if self._is_worth(operations, self._error(values)):
            terms = [_number(c) * shapes.written(k, self.symbols) for k, c in used]
            self.offer(sympy.Add(*terms, _number(made.constant)), values)

    def _pairs(self, shapes: Shapes) -> Iterator[None]:
        """Maxima and minima of two shapes that are nowhere far on the wrong side of the output."""
        best = min(sketch.error for sketch in self.found.values())
        for operation, sign in ((MAXIMUM, 1.0), (MINIMUM, -1.0)):
            apart = sign * (shapes.values - self.values)
            wrong, missing = apart.max(axis=1), np.abs(apart).mean(axis=1)
            for level in LEVELS:
                near = np.flatnonzero(wrong <= level * best)
                near = near[np.argsort(missing[near], kind="stable")[:PAIRED]]
                rows, columns = np.triu_indices(len(near), 1)
                left, right = near[rows], near[columns]
                if not len(left):
                    continue
                self._nearest_pairs(shapes, operation, left, right, _errors(apart, left, right))
                yield

    def _nearest_pairs(
        self, shapes: Shapes, operation: int, left: np.ndarray, right: np.ndarray, errors: np.ndarray
    ) -> None:
        sizes = shapes.operations[left] + shapes.operations[right] + 1
        for count in np.unique(sizes):
            same = np.flatnonzero(sizes == count)
            for k in same[np.argsort(errors[same], kind="stable")[:FEW]]:
                if self._is_worth(int(count), float(errors[k])):
                    pair = shapes.joined(operation, left[k : k + 1], right[k : k + 1])
                    self.offer(shapes.join(operation, int(left[k]), int(right[k]), self.symbols), pair.values[0])


def _errors(apart: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The largest ``|max(a, b)|`` of many pairs."""
    found = np.empty(len(left))
    for start in range(0, len(left), BLOCK):
        tick()
        part = slice(start, start + BLOCK)
        found[part] = np.abs(np.maximum(apart[left[part]], apart[right[part]])).max(axis=1)
    return found


def _number(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)
