"""Piecewise-linear functions by their germs: which affine piece a term is, at points of a domain.

At a point in general position a term is one affine form, which is found exactly: a maximum takes that of its largest
argument, a sum adds them up.  Which argument is the largest is decided in floats, so what is read off the
germs is a proposal, to be proved.
"""

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, approximate
from relucirc.core.forms import Form, combine
from relucirc.geometry.cell import Cell
from relucirc.interpretation.terms import Absolute, Affine, Extreme, Term

TIE = 1e-9
"""Relative to the size of what is compared."""


class Germs:
    """Affine forms by number, with their values at any points.

    Args:
        n: Number of inputs.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.forms: list[Form] = []
        self._numbers: dict[Form, int] = {}
        self._rows = np.zeros((64, n + 1))

    def number(self, form: Form) -> int:
        """Returns the number of a form."""
        found = self._numbers.get(form)
        if found is None:
            found = self._numbers[form] = len(self.forms)
            self.forms.append(form)
            if found == len(self._rows):
                self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
            self._rows[found, 0] = approximate(form.const)
            for v, c in form.terms.items():
                self._rows[found, 1 + v] = approximate(c)
        return found

    def values(self, numbers: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Returns the value of one form at each point; points have a leading 1."""
        return np.einsum("ij,ij->i", self._rows[numbers], points)

    def rows(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """Returns the constants and coefficients of forms, one row each."""
        return self._rows[list(numbers)]

    def table(self, numbers: Sequence[int] | np.ndarray, points: np.ndarray) -> np.ndarray:
        """Returns the values of all forms at all points, ``[points, forms]``."""
        return points @ self.rows(numbers).T

    def is_at(self, term: Term, numbers: np.ndarray, points: np.ndarray) -> bool:
        """Whether a term is these forms at the points."""
        return bool((self.of(term, points) == numbers).all())

    def of(self, term: Term, points: np.ndarray) -> np.ndarray:
        """Returns the number of the form that a term is, at each point."""
        return self._of(term, points, {})

    def _of(self, term: Term, points: np.ndarray, known: dict[int, np.ndarray]) -> np.ndarray:
        if id(term) not in known:
            known[id(term)] = self._found(term, points, known)
        return known[id(term)]

    def _found(self, term: Term, points: np.ndarray, known: dict[int, np.ndarray]) -> np.ndarray:
        tick()
        if isinstance(term, Affine):
            return np.full(len(points), self.number(term.form))
        if isinstance(term, Extreme):
            numbers = np.array([self._of(arg, points, known) for arg in term.args])
            values = np.array([self.values(row, points) for row in numbers])
            return numbers[(term.sign * values).argmax(axis=0), np.arange(len(points))]
        if isinstance(term, Absolute):
            inside = self._of(term.arg, points, known)
            return self.combined([(ONE, inside)], negative=self.values(inside, points) < 0)
        form, parts = term.addends
        constant = np.full(len(points), self.number(form))
        return self.combined([(ONE, constant), *((c, self._of(part, points, known)) for c, part in parts)])

    def combined(self, parts: Sequence[tuple[fmpq, np.ndarray]], negative: np.ndarray | None = None) -> np.ndarray:
        """Returns the numbers of linear combinations, point by point, negated where told so."""
        columns = [numbers for _, numbers in parts]
        if negative is not None:
            columns.append(negative.astype(int))
        rows, where = np.unique(np.array(columns), axis=1, return_inverse=True)
        made = []
        for row in rows.T:
            form = combine((c, self.forms[k]) for (c, _), k in zip(parts, row, strict=False))
            made.append(self.number(-form if negative is not None and row[-1] else form))
        return np.array(made, int)[where.reshape(-1)]


def points_in(cell: Cell, rng: np.random.Generator, count: int) -> np.ndarray:
    """Draws points inside of a polyhedron, with a leading 1."""
    rays = np.array([[approximate(fmpq(c)) for c in ray] for ray, _ in cell.rays], dtype=float)
    rays /= np.maximum(1.0, np.abs(rays).max(axis=1, keepdims=True))
    places = rng.exponential(size=(count, len(rays))) * rng.choice([0.2, 1.0, 5.0], size=(count, len(rays)))
    points = places @ rays
    if cell.lines:
        lines = np.array([[approximate(fmpq(c)) for c in line] for line in cell.lines], dtype=float)
        points += (rng.normal(size=(count, len(lines))) * rng.choice([0.5, 3.0, 20.0], size=(count, 1))) @ lines
    return points / points[:, :1]
