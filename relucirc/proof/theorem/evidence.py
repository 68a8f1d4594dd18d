"""Certificates as Rocq's data: the same rules in the words of ``Cells.v``, ``Steps.v``, ``Trees.v`` and ``Bounding.v``.

Three things are spelled out that the Python checker finds by itself: which side of a constant maximum is the larger,
which branch of a choice holds and by which constraint, and multipliers for each inequality that is an equation.
Inputs and atoms keep their numbers in every cell; what a certificate numbers anew is numbered back.
"""

from collections.abc import Sequence

from relucirc.checker.data import form, index, number, require
from relucirc.checker.linear import ONE
from relucirc.checker.sides import Constraint, constraint
from relucirc.proof.theorem.boxed import BoxesCase
from relucirc.proof.theorem.case import Case
from relucirc.proof.theorem.covered import refuse
from relucirc.proof.theorem.gallina import constraint_text, form_text, listed, rational_text
from relucirc.proof.theorem.sides import Sides


def cells_text(proof: dict, sides: Sides, constraints: Sequence[Constraint]) -> str:
    """Writes the proof of a certificate as a term of type ``cells``."""
    known = list(constraints)
    if "empty" in proof:
        facts = [constraint_text(index(i, len(known)), number(m)) for i, m in proof["empty"]]
        return f"Empty {listed(facts)}"
    if "split" in proof:
        cut = form(proof["split"], sides.n)
        above = cells_text(proof["positive"], sides, [*known, constraint(cut, ">")])
        rest = cells_text(proof["rest"], sides, [*known, constraint(cut, ">=", -ONE)])
        return f"Split {form_text(cut)}\n({above})\n({rest})"
    if "integer" in proof:
        whole, at = form(proof["integer"], sides.n), number(proof["at"])
        require(at.q == 1, "an integer split is not between integers")
        below = cells_text(proof["below"], sides, [*known, constraint(whole, ">=", -ONE, at)])
        above = cells_text(proof["above"], sides, [*known, constraint(whole, ">=", ONE, -at - 1)])
        return f"Between {form_text(whole)} {rational_text(at)}\n({below})\n({above})"
    if "gate" in proof:
        raise refuse("a choice whose condition reads maxima")
    return (BoxesCase if "boxes" in proof else Case)(proof, sides, known).text()
