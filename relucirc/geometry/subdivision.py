"""Subdivision: cutting a region hinge by hinge until given forms are affine, or shallow, on every part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region


@dataclass(frozen=True)
class Thin:
    """A side of a cut that has no interior: the form is ``>= 0`` on the whole region.

    Attributes:
        region: What was cut.
        form: The hinge's form there, or its opposite.
        above: Whether it is the side where the hinge's form is ``>= 0``.
    """

    region: Region
    form: Form
    above: bool


Part = Region | Thin
"""What is to be cut, or is a side without interior."""


def subdivide(
    hinges: HingeGraph, forms: Sequence[Form], start: Region | list[Part], *, shallow: bool = False
) -> Iterator[int | Part]:
    """Cuts a region; yields the tree of cuts in pre-order, first the part where a hinge's form is ``>= 0``.

    Args:
        hinges: Where the forms' atoms live; all of them hinges.
        forms: What must become affine.
        start: What is cut; or a stack of parts, the first on top, which at every moment has what is left.
        shallow: Whether it is enough that the forms read no atom that reads another one.

    Yields:
        The number of an atom that is cut, a thin side, or a region at the end.
    """
    stack: list[Part] = start if isinstance(start, list) else [start]
    while stack:
        tick()
        region = stack.pop()
        atom = None if isinstance(region, Thin) else _next_cut(hinges, forms, region, shallow)
        if atom is None or isinstance(region, Thin):
            yield region
            continue
        v = hinges.n + atom
        form = region.resolve(hinges.atoms[atom].elements[0])
        if form.is_constant:
            stack.append(region.decide(v, form if form.const.p > 0 else Form()))
        else:
            above, below = region.cut(form)
            stack.append(Thin(region, form, above=False) if below is None else below.decide(v, Form()))
            stack.append(Thin(region, -form, above=True) if above is None else above.decide(v, form))
        yield atom


def way_to(part: Part, start: Region) -> list[Any]:
    """Says which cuts lead from a region to a part: the atoms, and the sides; last the side of one that is thin.

    See :func:`at_the_end_of`, which goes that way.
    """
    region = part.region if isinstance(part, Thin) else part
    cuts = [[v, bool(form)] for v, form in region.decided.items() if v not in start.decided]
    return [cuts, None if isinstance(part, Region) else part.above]


def at_the_end_of(way: list[Any], hinges: HingeGraph, forms: Sequence[Form], start: Region, shallow: bool) -> Part:
    """Returns the part to which cuts lead."""
    cuts, thin = way
    region: Region | None = start
    for v, above in cuts:
        assert region is not None
        form = region.resolve(hinges.atom(v).elements[0])
        value = form if above else Form()
        if not form.is_constant:
            sides = region.cut(form)
            region = sides[0] if above else sides[1]
        assert region is not None
        region = region.decide(v, value)
    if thin is None:
        return region
    atom = _next_cut(hinges, forms, region, shallow)
    assert atom is not None
    form = region.resolve(hinges.atoms[atom].elements[0])
    return Thin(region, -form if thin else form, above=thin)


def leaves(hinges: HingeGraph, forms: Sequence[Form], start: Region) -> Iterator[tuple[Region, tuple[Form, ...]]]:
    """Walks the parts of a region on which all forms are affine, with the forms there; see :func:`subdivide`."""
    for part in subdivide(hinges, forms, start):
        if isinstance(part, Region):
            yield part, tuple(map(part.resolve, forms))


def _next_cut(hinges: HingeGraph, forms: Sequence[Form], region: Region, shallow: bool) -> int | None:
    """The lowest open atom that the forms read, directly or not; if they may be shallow, that another one reads."""
    n, decided = hinges.n, region.decided
    found = {v for form in forms for v in region.resolve(form).terms if v >= n}
    stack, read = list(found), set()
    while stack:
        elements = hinges.atom(stack.pop()).elements
        below = {u for element in elements for u in element.terms if u >= n and u not in decided}
        read |= below
        stack += below - found
        found |= below
    return min((v - n for v in (read if shallow else found)), default=None)
