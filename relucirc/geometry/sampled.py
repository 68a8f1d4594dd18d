"""Signs of forms at sample points, in floats: what is worth trying to prove.

A form that takes both signs among the samples needs no proof that it has one.  Nothing is decided here.
"""

from collections.abc import Iterable

import numpy as np
from flint import fmpq

from relucirc.core.exact import approximate
from relucirc.core.forms import Form
from relucirc.geometry.cell import Cell

SAMPLES = 64
QUICK = 6
"""Samples looked at one by one first: most forms show both signs there."""
TOLERANCE = 1e-9
"""Times the largest term: what counts as zero."""

Terms = tuple[float, list[tuple[int, float]]]


class SampledValues:
    """Values of variables at sample points: inputs, and atoms ``max(0, elements)`` as they are added.

    Args:
        n: Number of inputs.
        cell: The polyhedron to draw points from; None for all of R^n.
    """

    def __init__(self, n: int, cell: Cell | None) -> None:
        points = _sample_points(n, cell)
        self._all: list[np.ndarray] = list(points)  # filled when needed
        self._first: list[list[float]] = points[:, :QUICK].tolist()
        self._atoms: list[list[Terms]] = []
        self._n = n

    def add(self, elements: Iterable[Form]) -> None:
        """Adds the next atom."""
        read = [_approximated(form) for form in elements]
        values = [0.0] * QUICK
        for const, terms in read:
            for s in range(QUICK):
                values[s] = max(values[s], const + sum([c * self._first[v][s] for v, c in terms]))
        self._first.append(values)
        self._atoms.append(read)

    @np.errstate(all="ignore")  # numbers beyond floats have no sign here
    def signs(self, form: Form) -> tuple[bool, bool]:
        """Whether a form is positive, and negative, at sample points."""
        const, terms = _approximated(form)
        rises = falls = False
        for s in range(QUICK):
            parts = [const, *[c * self._first[v][s] for v, c in terms]]
            value, least = sum(parts), TOLERANCE * max(map(abs, parts))
            rises, falls = rises or value > least, falls or value < -least
            if rises and falls:
                return True, True
        values, scale = np.full(SAMPLES, const), np.full(SAMPLES, abs(const))
        for v, c in terms:
            term = self._values(v) * c
            values = values + term
            scale = np.maximum(scale, np.abs(term))
        return bool((values > TOLERANCE * scale).any()), bool((values < -TOLERANCE * scale).any())

    def _values(self, v: int) -> np.ndarray:
        for elements in self._atoms[len(self._all) - self._n : v + 1 - self._n]:
            values = np.zeros(SAMPLES)
            for const, terms in elements:
                total = np.full(SAMPLES, const)
                for u, c in terms:
                    total = total + self._all[u] * c
                values = np.maximum(values, total)
            self._all.append(values)
        return self._all[v]


def _approximated(form: Form) -> Terms:
    return approximate(form.const), [(v, approximate(c)) for v, c in form.terms.items()]


@np.errstate(all="ignore")
def _sample_points(n: int, cell: Cell | None) -> np.ndarray:
    """Deterministic sample points of R^n or of a cell, one row per input."""
    rng = np.random.default_rng(20220101)
    spread = rng.choice([0.5, 3.0, 40.0], size=SAMPLES)
    if cell is None:
        return rng.normal(size=(n, SAMPLES)) * spread
    rays = np.array([[approximate(fmpq(c)) for c in ray] for ray, _ in cell.rays]).T
    rays /= np.maximum(1.0, np.abs(rays).max(axis=0))
    points = rays @ rng.exponential(size=(rays.shape[1], SAMPLES)) ** 2
    if cell.lines:
        lines = np.array([[approximate(fmpq(c)) for c in line] for line in cell.lines]).T
        points += lines @ (rng.normal(size=(lines.shape[1], SAMPLES)) * spread)
    return points[1:] / points[0]
