"""Symmetry to look for: subgroups of a function's symmetries, from which solutions with few atoms come.

The whole group decides whether there is a solution at all, but its orbits are large, and a solution
made of whole orbits has many atoms.  Small groups have small orbits, and many of them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from relucirc.optimal.discovery.dictionary import Permutation, transposition

Group = tuple[str, tuple[Permutation, ...]]
"""A name for people, and generators."""


def whole(classes: Sequence[Sequence[int]], n: int) -> Group:
    """Returns the group that exchanges the members of every class."""
    generators = [transposition(a, b, n) for members in classes for a, b in pairwise(members)]
    return "all exchanges", tuple(generators)


def subgroups(classes: Sequence[Sequence[int]], n: int) -> Iterator[Group]:
    """Yields subgroups worth a look, larger ones first; no two generators lists are equal."""
    seen = set()
    for group in _all(classes, n):
        if group[1] and group[1] not in seen:
            seen.add(group[1])
            yield group


def _all(classes: Sequence[Sequence[int]], n: int) -> Iterator[Group]:
    halves: list[Permutation] = []
    turns: list[Permutation] = []
    for members in classes:
        half = (len(members) + 1) // 2
        for part in (members[:half], members[half:]):
            halves += [transposition(a, b, n) for a, b in pairwise(part)]
        turned = members[: len(members) - 2] if len(members) > 4 else members[:half]
        if len(turned) > 2:
            turns.append(_cycle(turned, n))
            turns += [transposition(members[-2], members[-1], n)] if len(members) > 4 else []
    yield "exchanges within halves", tuple(halves)
    if turns:
        yield "a rotation and an exchange", tuple(turns)
    pairs = [pair for members in classes for pair in zip(members[::2], members[1::2], strict=False)]
    swaps = tuple(transposition(a, b, n) for a, b in pairs)
    exchanged = [
        _pairs_swapped(first, second, n)
        for first, second in pairwise(pairs)
        if any(first[0] in members and second[0] in members for members in classes)
    ]
    yield "exchanges of pairs and within pairs", (*swaps, *exchanged)
    yield "exchanges within pairs", swaps


def _cycle(members: Sequence[int], n: int) -> Permutation:
    p = list(range(n))
    for a, b in zip(members, [*members[1:], members[0]], strict=True):
        p[a] = b
    return tuple(p)


def _pairs_swapped(first: tuple[int, int], second: tuple[int, int], n: int) -> Permutation:
    p = list(range(n))
    for a, b in zip(first, second, strict=True):
        p[a], p[b] = b, a
    return tuple(p)
