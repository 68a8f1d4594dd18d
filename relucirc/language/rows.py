"""Affine forms whose coefficients stay in an array until someone asks for them.

A dense layer of a large network has as many coefficients as weights, and most of them are only carried from a file to
a network.  A :class:`RowForm` is the form ``sum row[k] * v_k + const`` over distinct variables; it is equal to, and
can be used as, the :class:`~relucirc.core.forms.Form` with these terms.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, rational
from relucirc.core.forms import Form


class RowForm(Form):
    """The form ``sum row[k] * places[k] + const``; not all of the row is zero, and all of it is finite.

    Example:
        >>> RowForm(np.array([0.5, 0, 2]), (3, 4, 5), ONE)
        1/2*v3 + 2*v5 + 1
    """

    __slots__ = ("_terms", "places", "row")

    def __init__(self, row: np.ndarray, places: tuple[int, ...], const: fmpq = ZERO) -> None:
        self.row, self.places, self.const = row, places, const
        self._terms: dict[int, fmpq] | None = None
        self._key = None

    @property
    def terms(self) -> dict[int, fmpq]:
        """The exact coefficients."""
        if self._terms is None:
            pairs = zip(self.places, self.row.astype(np.float64).tolist(), strict=True)
            self._terms = {v: rational(c) for v, c in pairs if c}
        return self._terms

    @property
    def variables(self) -> list[int]:
        """The variables that the form depends on."""
        return [self.places[k] for k in np.flatnonzero(self.row).tolist()]

    @property
    def is_constant(self) -> bool:
        """Whether the form has no variables."""
        return False

    def __bool__(self) -> bool:
        return True

    def shift(self, constant: fmpq) -> "RowForm":
        """Returns the form plus a constant."""
        return RowForm(self.row, self.places, self.const + constant)

    def __reduce__(self) -> Any:
        return Form, (self.terms, self.const)


def plain(row: Sequence[Any]) -> tuple[list[int], tuple[int, ...]] | None:
    """Returns where a row of scalars has variables, and which; None if it has more than distinct variables and zeros.

    Example:
        >>> plain([Form.variable(7), ZERO, Form.variable(2)])
        ([0, 2], (7, 2))
    """
    kept, places = [], []
    for k, value in enumerate(row):
        v = variable(value)
        if v is not None:
            kept.append(k)
            places.append(v)
        elif not isinstance(value, fmpq) or value:
            return None
    return (kept, tuple(places)) if places and len(set(places)) == len(places) else None


def variable(value: Any) -> int | None:
    """Returns the variable that a form is; None for any other scalar."""
    if type(value) is not Form or len(value.terms) != 1 or value.const:
        return None
    ((v, coefficient),) = value.terms.items()
    return v if coefficient == ONE else None


class Renaming:
    """A substitution that keeps rows where it puts a variable for each of theirs."""

    def __init__(self, value: Callable[[int], Form]) -> None:
        self.value = value
        self._known: dict[tuple[int, ...], tuple[int, ...] | None] = {}

    def __call__(self, form: Form) -> Form:
        """Returns the form with a value in place of each variable."""
        if isinstance(form, RowForm):
            if form.places not in self._known:
                self._known[form.places] = self._renamed(form.places)
            places = self._known[form.places]
            if places is not None:
                return RowForm(form.row, places, form.const)
        return form.substitute(self.value)

    def _renamed(self, places: tuple[int, ...]) -> tuple[int, ...] | None:
        found = plain([self.value(v) for v in places])
        return found[1] if found is not None and len(found[1]) == len(places) else None
