"""Subdivision: cutting a region hinge by hinge until given forms are affine, or shallow, on every part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region


@dataclass(frozen=True)
class Thin:
    """A side of a cut that has no interior: the form is ``>= 0`` on the whole region."""

    region: Region
    form: Form


def subdivide(
    hinges: HingeGraph, forms: Sequence[Form], start: Region, *, shallow: bool = False
) -> Iterator[int | Thin | Region]:
    """Cuts a region; yields the tree of cuts in pre-order, first the part where a hinge's form is ``>= 0``.

    Args:
        hinges: Where the forms' atoms live; all of them hinges.
        forms: What must become affine.
        start: What is cut.
        shallow: Whether it is enough that the forms read no atom that reads another one.

    Yields:
        The number of an atom that is cut, a thin side, or a region at the end.
    """
    stack: list[Region | Thin] = [start]
    while stack:
        tick()
        region = stack.pop()
        atom = None if isinstance(region, Thin) else _next_cut(hinges, forms, region, shallow)
        if atom is None or isinstance(region, Thin):
            yield region
            continue
        yield atom
        v = hinges.n + atom
        form = region.resolve(hinges.atoms[atom].elements[0])
        if form.is_constant:
            stack.append(region.decide(v, form if form.const.p > 0 else Form()))
            continue
        above, below = region.cut(form)
        stack.append(Thin(region, form) if below is None else below.decide(v, Form()))
        stack.append(Thin(region, -form) if above is None else above.decide(v, form))


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
