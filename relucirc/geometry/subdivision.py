"""Subdivision: cutting a cell hinge by hinge until given forms are affine on every part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.geometry.cell import Cell, normal_of
from relucirc.geometry.hinges import HingeGraph


@dataclass(frozen=True)
class Part:
    """A full-dimensional cell with what is known there.

    Attributes:
        cell: Its vertices, rays and lines.
        cuts: The inequalities ``>= 0`` of the cuts that made it from the start, in the order of the
            last ``len(cuts)`` bits of the cell's masks.
        decided: The affine value of every atom decided so far, by variable.
        forms: The given forms with decided atoms replaced.
    """

    cell: Cell
    cuts: tuple[Form, ...]
    decided: dict[int, Form]
    forms: tuple[Form, ...]

    def decide(self, v: int, value: Form, cell: Cell, constraint: Form | None = None) -> "Part":
        """Returns the part of this cell (all of it without a constraint) where the atom v has this value."""
        decided = {**self.decided, v: value}
        forms = tuple(form.substitute(decided.get) for form in self.forms)
        return Part(cell, self.cuts if constraint is None else (*self.cuts, constraint), decided, forms)


def leaves(hinges: HingeGraph, forms: Sequence[Form], cell: Cell) -> Iterator[Part]:
    """Walks the parts of a cell on which all forms are affine, depth first.

    Args:
        hinges: Where the forms' atoms live; all of them hinges.
        forms: What must become affine.
        cell: The start.
    """
    stack = [Part(cell, (), {}, tuple(forms))]
    while stack:
        tick()
        part = stack.pop()
        atom = next((k for k in hinges.reachable(part.forms) if hinges.n + k not in part.decided), None)
        if atom is None:
            yield part
            continue
        v = hinges.n + atom
        form = hinges.atoms[atom].elements[0].substitute(part.decided.get)
        if form.is_constant:
            stack.append(part.decide(v, form if form.const.p > 0 else Form(), part.cell))
            continue
        positive, negative = part.cell.cut(normal_of(form, hinges.n))
        for side, constraint, value in ((negative, -form, Form()), (positive, form, form)):
            if side is not None:
                stack.append(part.decide(v, value, side, None if side is part.cell else constraint))
