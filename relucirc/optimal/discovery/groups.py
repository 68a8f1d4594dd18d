"""Symmetry to look for: subgroups of a function's symmetries, from which solutions with few atoms come.

The whole group decides whether there is a solution at all, but its orbits are large, and a solution
made of whole orbits has many atoms.  Small groups have small orbits, and many of them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from relucirc.optimal.discovery.dictionary import Permutation, moving

Group = tuple[str, tuple[Permutation, ...]]
"""A name for people, and generators."""


def whole(classes: Sequence[Sequence[int]], n: int) -> Group:
    """Returns the group that exchanges the members of every class."""
    generators = [moving({a: b, b: a}, n) for members in classes for a, b in pairwise(members)]
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
            halves += [moving({a: b, b: a}, n) for a, b in pairwise(part)]
        turned = members[: len(members) - 2] if len(members) > 4 else members[:half]
        if len(turned) > 2:
            turns.append(moving(dict(zip(turned, [*turned[1:], turned[0]], strict=True)), n))
            turns += [moving({members[-2]: members[-1], members[-1]: members[-2]}, n)] if len(members) > 4 else []
    yield "exchanges within halves", tuple(halves)
    if turns:
        yield "a rotation and an exchange", tuple(turns)
    pairs = [pair for members in classes for pair in zip(members[::2], members[1::2], strict=False)]
    swaps = tuple(moving({a: b, b: a}, n) for a, b in pairs)
    exchanged = [
        moving(dict(zip((*first, *second), (*second, *first), strict=True)), n)
        for first, second in pairwise(pairs)
        if any(first[0] in members and second[0] in members for members in classes)
    ]
    yield "exchanges of pairs and within pairs", (*swaps, *exchanged)
    yield "exchanges within pairs", swaps
