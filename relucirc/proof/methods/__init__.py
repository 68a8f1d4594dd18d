"""The proof methods, in the order in which they are tried.

A method takes a :class:`~relucirc.proof.problem.Problem`, and answers with evidence, with a point where the
sides differ, or with None when it does not apply.  It asks the clock that is running by
:func:`~relucirc.core.budget.tick`.
"""

from collections.abc import Callable

from relucirc.proof.answers import Found
from relucirc.proof.methods import (
    bounding,
    boxes,
    cuts,
    normal_forms,
    regionwise,
    search,
    shallow,
    smt,
    sweep,
    zero_one,
)
from relucirc.proof.problem import Problem

Method = Callable[[Problem], Found]

METHODS: dict[str, Method] = {
    "normal form": normal_forms.by_hinges,
    "search": search.decide,
    "0-1 principle": zero_one.decide,
    "max-atoms": normal_forms.by_max_atoms,
    "shallow form": shallow.decide,
    "1-D sweep": sweep.decide,
    "smt": smt.decide,
    "bounding": bounding.decide_equality,
    "cuts": cuts.decide,
    "regions": regionwise.decide,
}
"""Name -> method; dispatch, tests and documentation read this table."""

RELATIONS: dict[str, Method] = {
    "search": search.decide,
    "bounding on boxes": boxes.decide,
    "bounding": bounding.decide,
}
"""The methods that decide relations."""
