"""Integer points of an affine subspace, in coordinates where they are all the integer vectors.

On a subspace the integer inputs are z = M u + m, with coordinates u.  A unimodular matrix L brings M to echelon
form (Hermite): z is an integer vector iff L z is, and L M has zeros below its rows.  There L z is constant: if the
constant is no integer, the subspace has no integer point.  Above, L z takes all real values, so that these rows
are independent whole-valued forms, and all other forms that take whole values only are made of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

from flint import fmpq, fmpz_mat

from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Relation


@dataclass(frozen=True)
class Cut:
    """Two parts that hold all integer points: ``form <= at`` and ``form >= at + 1``, with whole coefficients."""

    form: Form
    at: int

    @staticmethod
    def near(form: Form, value: fmpq) -> "Cut":
        """Cuts at the integer at or below a value."""
        return Cut(form, int(value.p // value.q))

    @property
    def below(self) -> Relation:
        """``form <= at``."""
        return Relation(-self.form.shift(fmpq(-self.at)), ">=")

    @property
    def above(self) -> Relation:
        """``form >= at + 1``."""
        return Relation(self.form.shift(fmpq(-self.at - 1)), ">=")


@dataclass(frozen=True)
class Lattice:
    """The integer points of a subspace.

    Attributes:
        coordinates: Whole forms over all inputs: where the inputs that have to be are integers, so are
            these, and they take every integer vector as value there.
        rows: The same forms over the coordinates of the subspace, without their constants, in echelon form.
        gap: A cut with both parts empty, where the subspace has no integer point.
    """

    coordinates: tuple[Form, ...] = ()
    rows: tuple[Form, ...] = ()
    gap: Cut | None = None

    def split(self, form: Form) -> tuple[list[fmpq], Form]:
        """Writes a form over the subspace's coordinates as a sum of the rows and a rest."""
        weights = []
        for row in self.rows:
            pivot = min(row.terms)
            weight = form.coefficient(pivot) / row.terms[pivot]
            weights.append(weight)
            form = combine(((ONE, form), (-weight, row)))
        return weights, Form(form.terms)

    def whole(self, weights: Sequence[fmpq]) -> Form:
        """Returns the smallest whole form that grows with the rows' combination by these weights, or against it."""
        _, smallest = Form(dict(enumerate(weights))).primitive()
        form = combine((c, self.coordinates[i]) for i, c in smallest.terms.items())
        return form if form.sign() > 0 else -form


def lattice_of(forms: Sequence[Form], integers: frozenset[int]) -> Lattice:
    """Returns the points of a subspace where some inputs are integers.

    Args:
        forms: Every input as a form over the coordinates of the subspace.
        integers: The inputs that have to be integers.
    """
    if not integers:
        return Lattice()
    inputs = sorted(integers)
    own = [next(iter(forms[v].terms), None) for v in inputs]
    plain = all(u is not None and forms[v] == Form.variable(u) for v, u in zip(inputs, own, strict=True))
    if plain and len(set(own)) == len(own):
        # Every integer input is a coordinate of its own: an echelon form already, and the general way takes seconds
        # for hundreds.
        return Lattice(tuple(map(Form.variable, inputs)), tuple(Form.variable(u) for u in own if u is not None))
    columns = sorted({u for v in inputs for u in forms[v].terms})
    scale = lcm(*(int(c.q) for v in inputs for c in forms[v].terms.values()))
    rows = [[int((scale * forms[v].coefficient(u)).p) for u in columns] for v in inputs]
    reduced = fmpz_mat([row + [int(i == k) for k in range(len(inputs))] for i, row in enumerate(rows)]).hnf()
    coordinates, found = [], []
    for row in reduced.tolist():
        whole = Form({v: fmpq(c) for v, c in zip(inputs, row[len(columns) :], strict=True)})
        seen = combine((c, forms[v]) for v, c in whole.terms.items())
        if seen.terms:
            coordinates.append(whole)
            found.append(Form(seen.terms))
        elif seen.const.q != 1:
            return Lattice(gap=Cut.near(whole, seen.const))
    return Lattice(tuple(coordinates), tuple(found))
