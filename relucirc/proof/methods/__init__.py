"""The proof methods, in the order in which they are tried.

A method takes a :class:`~relucirc.proof.problem.Problem` and a budget, and answers with evidence, with a
point where the sides differ, or with None when it does not apply.
"""

from collections.abc import Callable

from relucirc.core.budget import Budget
from relucirc.proof.methods import cuts, max_atoms, normal_form, regionwise, search, shallow, smt, zero_one
from relucirc.proof.problem import Answer, Problem

Method = Callable[[Problem, Budget], Answer]

METHODS: dict[str, Method] = {
    "normal form": normal_form.decide,
    "search": search.decide,
    "0-1 principle": zero_one.decide,
    "max-atoms": max_atoms.decide,
    "shallow form": shallow.decide,
    "smt": smt.decide,
    "cuts": cuts.decide,
    "regions": regionwise.decide,
}
"""Name -> method; dispatch, tests and documentation read this table."""
