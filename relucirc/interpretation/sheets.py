"""Additive parts: the kinks of a function taken apart where they only cross.

Where a function passes from piece p to piece q it gains the form q - p, which vanishes on the kink.  A *sheet* is all
kinks with one such form that bend the same way.  Around any closed path the gains add up to zero, and a set of sheets
whose own gains do so around every path is a function by itself, up to an affine form.  The smallest such sets are
the parts: kinks that cross each other fall apart, kinks that meet in a corner stay together.

Paths are triangles between points of the domain; each side is cut where two pieces have the same value, and the pieces
between the cuts are read off.
"""

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.interpretation.germs import TIE, Germs

LOOPS = 60
MOST_SHEETS = 13
MOST_PIECES = 40
MOST_CLASSES = 2
"""Most classes of pieces, beside the first, whose signs are tried."""
Evaluator = Callable[[np.ndarray], np.ndarray]
"""Gives the number of the piece at each point."""


@dataclass(frozen=True)
class Sheet:
    """Kinks with one gain.

    Attributes:
        gain: What is added on the way across, its leading coefficient positive.
        convex: Whether the gain is positive behind the kink.
    """

    gain: Form
    convex: bool


class Sheets:
    """The sheets of a function.

    Args:
        germs: Where its pieces are numbered.
        evaluate: The function.
        points: Points of the domain, the first one the base.
        numbers: Its pieces at the points.
        rng: For the paths.
    """

    def __init__(
        self, germs: Germs, evaluate: Evaluator, points: np.ndarray, numbers: np.ndarray, rng: np.random.Generator
    ) -> None:
        self.germs, self.evaluate, self.points, self.numbers = germs, evaluate, points, numbers
        self.sheets: dict[Sheet, int] = {}
        self.passed: list[list[tuple[int, int]]] = []
        from_base = self._crossed([(0, k) for k in range(1, len(points))], keep=True)
        loops = []
        if len(points) > 2:
            chosen = [rng.choice(np.arange(1, len(points)), size=2, replace=False) for _ in range(LOOPS)]
            between = self._crossed([(int(a), int(b)) for a, b in chosen])
            for (a, b), crossed in zip(chosen, between, strict=True):
                loop: dict[int, int] = dict(crossed)
                for k, sign in ((a, 1), (b, -1)):
                    for sheet, net in from_base[k - 1].items():
                        loop[sheet] = loop.get(sheet, 0) + sign * net
                loops.append({sheet: net for sheet, net in loop.items() if net})
        self.from_base, self.loops = from_base, loops

    def flips(self, mean: Form) -> Iterator[np.ndarray]:
        """Yields at which points ``g`` is negative, for a function ``mean + |g|``: several g have one absolute value.

        The first changes sign wherever the way from the base passes from a piece p to 2 mean - p.  Where the function
        only touches the mean, g may change sign or not: pieces that it passes between elsewhere have one sign, and all
        signs for these classes of pieces are tried.
        """
        twice = mean.scale(ONE + ONE)
        forms, mirror = self.germs.forms, {}
        for p, _ in itertools.chain.from_iterable(self.passed):
            mirror.setdefault(p, twice - forms[p])
        odd = [sum(forms[q] == mirror[p] for p, q in passed) % 2 for passed in self.passed]
        first = np.array([0, *odd], bool)
        yield first
        classes = self._classes(mean)
        own = np.array([classes[p] for p in self.numbers.tolist()])
        kinds = [kind for kind in dict.fromkeys(own.tolist()) if kind != own[0]]
        if 0 < len(kinds) <= MOST_CLASSES:
            seen = {first.tobytes()}
            for chosen in itertools.product((True, False), repeat=len(kinds)):
                flipped = np.isin(own, [kind for kind, flip in zip(kinds, chosen, strict=True) if flip])
                if flipped.tobytes() not in seen:
                    seen.add(flipped.tobytes())
                    yield flipped

    def _classes(self, mean: Form) -> dict[int, int]:
        """For each piece the least of those that are reached from it without touching an affine form."""
        ends = [(k + 1, p, q) for k, passed in enumerate(self.passed) for p, q in passed]
        classes = {int(p): int(p) for p in np.unique(self.numbers)} | {c: c for _, p, q in ends for c in (p, q)}
        if not ends:
            return classes
        ways, before, behind = (np.array(column) for column in zip(*ends, strict=True))
        left, right = self.germs.rows(before), self.germs.rows(behind)
        gap, start, end = left - right, self.points[0], self.points[ways]
        d0, d1 = gap @ start, np.einsum("ij,ij->i", gap, end)
        with np.errstate(all="ignore"):
            places = start + (d0 / (d0 - d1))[:, None] * (end - start)
            over = np.einsum("ij,ij->i", left - self.germs.rows([self.germs.number(mean)]), places)
            leaves = np.abs(over) > TIE * (np.abs(left * places).sum(axis=1) + 1)
        for (_, p, q), apart in zip(ends, leaves, strict=True):
            if apart and classes[p] != classes[q]:
                kept, gone = sorted((classes[p], classes[q]))
                classes = {piece: kept if kind == gone else kind for piece, kind in classes.items()}
        return classes

    def _crossed(self, pairs: Sequence[tuple[int, int]], *, keep: bool = False) -> list[dict[int, int]]:
        """For every segment the sheets that it crosses, and how often, in the direction of the gain."""
        pieces = np.unique(self.numbers)
        starts, ends = self.points[[a for a, _ in pairs]], self.points[[b for _, b in pairs]]
        at_start, at_end = self.germs.table(pieces, starts), self.germs.table(pieces, ends)
        left, right = np.triu_indices(len(pieces), 1)
        d0, d1 = at_start[:, left] - at_start[:, right], at_end[:, left] - at_end[:, right]
        with np.errstate(all="ignore"):
            cuts = np.where((d0 < 0) != (d1 < 0), d0 / (d0 - d1), np.nan)
        found = []
        places, owners = [], []
        for k, row in enumerate(cuts):
            own = np.unique(row[np.isfinite(row)])
            own = np.concatenate([[0.0], own, [1.0]])
            middle = (own[1:] + own[:-1])[np.diff(own) > 1e-9] / 2
            places.append(starts[k] + middle[:, None] * (ends[k] - starts[k]))
            owners.append(middle)
        tick()
        inside = self.evaluate(np.concatenate(places)) if places else np.array([], int)
        start = 0
        for (a, b), middle in zip(pairs, owners, strict=True):
            row = [int(self.numbers[a]), *inside[start : start + len(middle)].tolist(), int(self.numbers[b])]
            start += len(middle)
            if keep:
                self.passed.append([(p, q) for p, q in itertools.pairwise(row) if p != q])
            direction = self.points[b] - self.points[a]
            crossed: dict[int, int] = {}
            for p, q in itertools.pairwise(row):
                if p != q:
                    sheet, sign = self._sheet(p, q, direction)
                    crossed[sheet] = crossed.get(sheet, 0) + sign
            found.append(crossed)
        return found

    def _sheet(self, p: int, q: int, direction: np.ndarray) -> tuple[int, int]:
        gain = self.germs.forms[q] - self.germs.forms[p]
        grows = self.germs.table([self.germs.number(Form(gain.terms))], direction[None])[0, 0] > 0
        sign = gain.sign()
        sheet = Sheet(gain if sign > 0 else -gain, bool(grows))
        return self.sheets.setdefault(sheet, len(self.sheets)), sign

    def parts(self) -> list[frozenset[int]]:
        """Returns the smallest sets of sheets that are functions by themselves."""
        corners = {sheet for loop in self.loops for sheet in loop}
        alone = [frozenset([sheet]) for sheet in range(len(self.sheets)) if sheet not in corners]
        return [*alone, *self._apart(sorted(corners))]

    def _apart(self, corners: Sequence[int]) -> list[frozenset[int]]:
        """Splits sheets that meet in corners: the smallest sets whose gains add up to zero around every loop."""
        if not corners or len(corners) > MOST_SHEETS:
            return [frozenset(corners)] if corners else []
        gains = list(self.sheets)
        rows = self.germs.rows([self.germs.number(gains[sheet].gain) for sheet in corners])
        nets = np.array([[loop.get(sheet, 0) for sheet in corners] for loop in self.loops])
        nets = np.unique(nets[np.any(nets, axis=1)], axis=0)
        system = (nets[:, :, None] * rows).transpose(0, 2, 1).reshape(-1, len(corners))
        count = 1 << (len(corners) - 1)  # those with the first sheet, or the others
        choices = np.arange(1, 2 * count)
        bits = (choices[:, None] >> np.arange(len(corners)) & 1).astype(float)
        scale = np.abs(system).max(initial=1.0)
        closed = choices[(np.abs(bits @ system.T) <= 1e-7 * scale).all(axis=1)]
        found: list[frozenset[int]] = []
        used = 0
        for choice in sorted(closed.tolist(), key=int.bit_count):
            if not choice & used:
                used |= choice
                found.append(frozenset(corners[i] for i in range(len(corners)) if choice >> i & 1))
        left = frozenset(c for i, c in enumerate(corners) if not used >> i & 1)
        return [*found, left] if left else found

    def part(self, sheets: frozenset[int]) -> np.ndarray:
        """Returns the pieces, at the points, of the function that bends on some sheets; it is zero at the base."""
        gains = list(self.sheets)
        made: dict[tuple, int] = {}
        numbers = [self.germs.number(Form())]
        for crossed in self.from_base:
            own = self._passed(crossed, sheets)
            if own not in made:
                made[own] = self.germs.number(combine((net * ONE, gains[s].gain) for s, net in own))
            numbers.append(made[own])
        return np.array(numbers)

    def cross(self, one: frozenset[int], other: frozenset[int]) -> bool:
        """Whether two parts cross somewhere: each takes two of its pieces beside either of two of the other's.

        A piece is told by the sheets that were passed on the way to it, and by its form: it may be reached in several
        ways, and a form may come again elsewhere.
        """
        passed = [tuple(self._passed(crossed, part) for crossed in [{}, *self.from_base]) for part in (one, other)]
        return _cross(*passed) and _cross(self.part(one).tolist(), self.part(other).tolist())

    def _passed(self, crossed: dict[int, int], part: frozenset[int]) -> tuple:
        return tuple(sorted((s, net) for s, net in crossed.items() if s in part and net))


def _cross(mine: Sequence[Hashable], theirs: Sequence[Hashable]) -> bool:
    """Whether two of the one kind stand beside the same two of the other, by what is seen at each point."""
    beside: dict[Hashable, set[Hashable]] = {}
    for here, there in zip(mine, theirs, strict=True):
        beside.setdefault(here, set()).add(there)
    return any(len(a & b) > 1 for a, b in itertools.combinations(beside.values(), 2))
