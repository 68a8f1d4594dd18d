"""Certificates as Rocq's data: the same rules in the words of ``Cells.v``, ``Steps.v``, ``Trees.v`` and ``Bounding.v``.

Three things are spelled out that the Python checker finds by itself: which side of a constant maximum is the larger,
which branch of a choice holds and by which constraint, and multipliers for each inequality that is an equation.
Inputs and atoms keep their numbers in every cell; what a certificate numbers anew is numbered back.
"""

from collections.abc import Sequence

from relucirc.checker.data import form, index, number, require, word
from relucirc.checker.linear import ONE, minus
from relucirc.checker.sides import Constraint, constraint, selected
from relucirc.proof.theorem.boxed import BoxesCase
from relucirc.proof.theorem.case import Case
from relucirc.proof.theorem.gallina import constraint_text, form_text, listed, rational_text
from relucirc.proof.theorem.pieces import Pieces
from relucirc.proof.theorem.sides import Decided, Sides


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
        return _gate_text(proof, sides, known)
    if "sweep" in proof:
        return cells_text(Pieces(proof, sides, known).cells(), sides, known)
    return (BoxesCase if "boxes" in proof else Case)(proof, sides, known).text()


def _gate_text(proof: dict, sides: Sides, known: list[Constraint]) -> str:
    """Two cells, by which argument of a maximum is the larger; Rocq cuts by the sign of their difference."""
    name = word(proof["side"], ("left", "right"), "the side of a gate")
    side = selected(sides.side(name), known, stop=True)
    k = index(proof["gate"], len(side.graph.gates))
    gate = side.maximum(k)
    first, second = side.linear(gate.left), side.linear(gate.right)
    difference = minus(second, first)
    cells = []
    for part, value, sign in (("right", second, ONE), ("left", first, -ONE)):
        decided = Decided(part == "left", len(known), value)
        inner = sides.knowing(name, sides.n + k, decided)
        cells.append(cells_text(proof[part], inner, [*known, constraint(difference, ">=", sign)]))
    return f"Split {form_text(difference)}\n({cells[0]})\n({cells[1]})"
