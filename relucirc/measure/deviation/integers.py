"""Integer points of pieces: where to cut between them."""

from collections.abc import Collection, Sequence

from flint import fmpq

from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.geometry.lattice import Cut


def cut_between(relations: Sequence[Relation], point: Sequence[fmpq], integers: Collection[int]) -> Cut | None:
    """A cut along a side of a cell or piece that has a fractional value at a point of it, if there is one.

    Unlike cuts at the inputs, cuts along the sides come to an end in strips that are not bounded.
    """
    for relation in relations:
        form = Form(relation.form.terms)
        if form.terms and set(form.terms) <= set(integers):
            _, whole = form.primitive()
            value = whole.evaluate(point)
            if value.q != 1:
                return Cut.near(whole, value)
    return None
