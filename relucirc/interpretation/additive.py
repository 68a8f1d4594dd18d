"""Sums of additive parts: which parts stand together in one term, and what the sum then is.

Kinks that only cross may be parts of different terms (:mod:`~relucirc.interpretation.sheets`), or of one: of a few
parts every partition is tried, of many the one that merging pairs leads to.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.interpretation.neat import Neat
from relucirc.interpretation.sheets import Sheets
from relucirc.interpretation.terms import Affine, Term, added, extreme

MOST_PARTS = 5
"""Additive parts of which all partitions are tried."""
MANY_PARTS = 12
MOST_MIXED = 3
"""Parts that are each written in their two ways, in all combinations."""

Part = frozenset[int]
"""The sheets of a part."""


class Together:
    """Which additive parts may be one term: those that do not cross, and others through them.

    Args:
        sheets: The sheets of a function.
        parts: Its parts.
    """

    def __init__(self, sheets: Sheets, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._near = {
            (a, b) for a, b in itertools.permutations(parts, 2) if len(parts) <= MANY_PARTS and not sheets.cross(a, b)
        }

    def allows(self, group: Sequence[Part]) -> bool:
        """Whether a group of parts may be one term."""
        reached, left = set(group[:1]), set(group[1:])
        while near := {b for a in reached for b in left if (a, b) in self._near}:
            reached, left = reached | near, left - near
        return not left


class Sums:
    """Ways to write one function as a sum.

    Args:
        base: The function around the first point.
        sheets: Its sheets.
        together: Its parts.
        solve: Finds terms for a part, given by its pieces at the points: the cheapest, and the cheapest but for an
            affine form beside it; none for none.
        neat: Writes terms.
    """

    def __init__(
        self,
        base: Affine,
        sheets: Sheets,
        together: Together,
        solve: Callable[[np.ndarray], tuple[Term, ...]],
        neat: Neat,
    ) -> None:
        self.base, self.sheets, self.together, self.neat, self._solve = base, sheets, together, neat, solve
        self._solved: dict[Part, tuple[Term, ...]] = {}

    def ways(self) -> Iterator[Term]:
        """Yields the sums."""
        parts = self.together.parts
        yield from self._partitions() if len(parts) <= MOST_PARTS else self._merged()

    def _part(self, part: Part) -> tuple[Term, ...]:
        if part not in self._solved:
            self._solved[part] = self._solve(self.sheets.part(part))
        return self._solved[part]

    def _sum(self, terms: Sequence[tuple[Term, ...]]) -> Iterator[Term]:
        """The sums of one term for each part; of many parts the first ones, and the last ones."""
        alike = [[own[:1] for own in terms], [own[-1:] for own in terms]]
        for kinds in alike if len(terms) > MOST_MIXED else [terms]:
            for chosen in itertools.product(*map(dict.fromkeys, kinds)):
                yield self.neat(added([(ONE, self.base), *((ONE, term) for term in chosen)]))

    def _partitions(self) -> Iterator[Term]:
        for partition in partitions(self.together.parts):
            if len(partition) > 1 and all(map(self.together.allows, partition)):
                yield from self._sum([self._part(frozenset().union(*group)) for group in partition])

    def _merged(self) -> Iterator[Term]:
        groups = list(self.together.parts)
        while True:
            terms = [self._part(group) for group in groups]
            yield from self._sum(terms)
            if not all(terms):
                return
            gains = []
            for a, b in itertools.combinations(groups, 2):
                if self.sheets.cross(a, b):
                    continue
                apart = sum(own[0].cost[0] for own in map(self._part, (a, b)))
                both = self._part(a | b)
                if both and both[0].cost[0] <= apart:
                    gains.append((both[0].cost[0] - apart, a, b))
            if not gains or len(groups) == 2:
                return
            _, a, b = min(gains, key=lambda gain: gain[0])
            groups = [*(g for g in groups if g not in (a, b)), a | b]


def clips_of(sheets: Sheets, part: Part) -> Iterator[Term]:
    """Yields the clips that a part of one sheet begins, each ending on a sheet parallel to it."""
    if len(part) != 1:
        return
    gains = list(sheets.sheets)
    (own,) = part
    hinge = gains[own]
    sign = ONE if hinge.convex else -ONE
    for other, sheet in enumerate(gains):
        v = min(hinge.gain.terms)
        if other == own or v not in sheet.gain.terms:
            continue
        gap = sheet.gain.scale(hinge.gain.terms[v] / sheet.gain.terms[v]) - hinge.gain
        if not gap.terms and gap.const:  # c Max(0, l) - c Max(0, l + gap), or the same from the other side
            size, start = abs(gap.const), hinge.gain if gap.const < 0 else -hinge.gain
            yield added(
                [(sign, extreme(-1, [Affine(Form.constant(size)), extreme(1, [Affine(Form()), Affine(start)])]))]
            )


def partitions(items: Sequence) -> Iterator[list[list]]:
    """Yields every way to put items into groups, all apart first."""
    if not items:
        yield []
        return
    first, *rest = items
    for smaller in partitions(rest):
        yield [[first], *smaller]
        for i, group in enumerate(smaller):
            yield [*smaller[:i], [first, *group], *smaller[i + 1 :]]
