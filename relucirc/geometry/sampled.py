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
TOLERANCE = 1e-9
"""Times the largest term: what counts as zero."""


class SampledValues:
    """Values of variables at sample points: inputs, and atoms ``max(0, elements)`` as they are added.

    Args:
        n: Number of inputs.
        cell: The polyhedron to draw points from; None for all of R^n.
    """

    def __init__(self, n: int, cell: Cell | None) -> None:
        self._values: list[np.ndarray] = list(_sample_points(n, cell))

    def _terms(self, form: Form) -> np.ndarray:
        """The constant and every term of a form at the points, one row each."""
        factors = np.array([approximate(form.const), *map(approximate, form.terms.values())])
        return factors[:, None] * np.array([np.ones(SAMPLES), *(self._values[v] for v in form.terms)])

    @np.errstate(all="ignore")
    def add(self, elements: Iterable[Form]) -> None:
        """Adds the next atom."""
        self._values.append(np.max([np.zeros(SAMPLES), *(self._terms(form).sum(axis=0) for form in elements)], axis=0))

    @np.errstate(all="ignore")  # numbers beyond floats have no sign here
    def signs(self, form: Form) -> tuple[bool, bool]:
        """Whether a form is positive, and negative, at sample points."""
        terms = self._terms(form)
        values, least = terms.sum(axis=0), TOLERANCE * np.abs(terms).max(axis=0)
        return bool((values > least).any()), bool((values < -least).any())


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
