"""Subdivision: cutting a cell hinge by hinge until given forms are affine on every part.

The walk is in depth-first pre-order, as a stream of events; a method turns them into evidence, a
measurement into numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from relucirc.forms import Form
from relucirc.geometry.cell import Cell, normal_of
from relucirc.hinges import HingeGraph


@dataclass(frozen=True)
class Part:
    """A full-dimensional cell with what is known there.

    Attributes:
        cell: Its vertices, rays and lines.
        constraints: The cell's inequalities ``>= 0``: those of the start, then one per cut.
        decided: The affine value of every atom decided so far, by variable.
        forms: The given forms with decided atoms replaced.
    """

    cell: Cell
    constraints: tuple[Form, ...]
    decided: dict[int, Form]
    forms: tuple[Form, ...]

    def decide(self, v: int, value: Form, cell: Cell, *constraints: Form) -> "Part":
        """Returns the part (or all) of this cell on which the atom v has an affine value."""
        decided = {**self.decided, v: value}
        forms = tuple(form.substitute(decided.get) for form in self.forms)
        return Part(cell, (*self.constraints, *constraints), decided, forms)


@dataclass(frozen=True)
class Cut:
    """The walk decides this atom next: first where its form is ``>= 0``, then ``<= 0``."""

    atom: int


@dataclass(frozen=True)
class Thin:
    """The side where ``constraint >= 0`` has no interior, given the other constraints."""

    constraint: Form
    constraints: tuple[Form, ...]


@dataclass(frozen=True)
class Leaf:
    """A part where nothing is left to decide."""

    part: Part


Event = Cut | Thin | Leaf


def subdivide(
    hinges: HingeGraph,
    forms: Sequence[Form],
    cell: Cell,
    constraints: Sequence[Form] = (),
    done: Callable[[tuple[Form, ...]], bool] = lambda _: False,
) -> Iterator[Event]:
    """Walks the parts of a cell.

    Args:
        hinges: Where the forms' atoms live; all of them hinges.
        forms: What must become affine.
        cell: The start.
        constraints: Its inequalities.
        done: Whether a part may be left as it is, before all its atoms are decided.
    """
    n = hinges.n
    stack: list[Part | Thin] = [Part(cell, tuple(constraints), {}, tuple(forms))]
    while stack:
        part = stack.pop()
        if isinstance(part, Thin):
            yield part
            continue
        atom = None if done(part.forms) else _lowest_open(hinges, part)
        if atom is None:
            yield Leaf(part)
            continue
        yield Cut(atom)
        v = n + atom
        form = hinges.atoms[atom].elements[0].substitute(part.decided.get)
        if form.is_constant:
            stack.append(part.decide(v, form if form.const.p > 0 else Form(), part.cell))
            continue
        positive, negative = part.cell.cut(normal_of(form, n))
        for side, constraint, value in ((negative, -form, Form()), (positive, form, form)):
            if side is None:
                stack.append(Thin(constraint, part.constraints))
            else:
                stack.append(part.decide(v, value, side, constraint))


def leaves(hinges: HingeGraph, forms: Sequence[Form], cell: Cell) -> Iterator[Part]:
    """Walks only the parts on which all forms are affine."""
    return (event.part for event in subdivide(hinges, forms, cell) if isinstance(event, Leaf))


def _lowest_open(hinges: HingeGraph, part: Part) -> int | None:
    """The undecided atom lowest in the graph that the forms still depend on."""
    return next((k for k in hinges.reachable(part.forms) if hinges.n + k not in part.decided), None)
