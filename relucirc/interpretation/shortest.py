"""The shortest formula of a piecewise-linear function that the routes here find, as a proposal to be proved.

A function is known by its pieces at points of its domain (:mod:`~relucirc.interpretation.germs`).  The routes:

* its additive parts, alone and together (:mod:`~relucirc.interpretation.sheets`);
* the shortest lattice formula over its pieces (:mod:`~relucirc.interpretation.monotone`), and the same for every
  minimum and maximum inside of it;
* an absolute value: with an affine form a for which f - a has one sign, f = a + |g|, where g changes sign wherever f
  passes from a piece p to 2a - p;
* a maximum with one piece p <= f: f = Max(p, g), where g has to be f where f > p, and anything not above f elsewhere;
  likewise a minimum.  Clips are both.

What is left is a smaller function, and the same routes are tried on it.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from relucirc.core.budget import OutOfBudget, part_of_time, tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.interpretation.germs import TIE, Germs
from relucirc.interpretation.monotone import Monotone, greatest, least
from relucirc.interpretation.neat import HALF, Neat
from relucirc.interpretation.sheets import Evaluator, Sheets
from relucirc.interpretation.terms import Absolute, Affine, Extreme, Term, added, extreme, flat

MOST_PIECES = 20
"""Pieces of a function whose lattice formula is looked for."""
MOST_WRITTEN = 16
"""Sets from which a lattice formula is written down where none is found that is short."""
MOST_PARTS = 5
"""Additive parts of which all partitions are tried."""
DEEPEST, ENOUGH = 7, 4
"""Most levels of routes in each other; from this on they end where another level brings nothing."""
KEPT = 3
"""Formulas kept of every function, for another affine form beside it."""
MANY_PARTS = 12
MANY = 64
"""Pieces of a function that is looked at at all."""


class Shortest:
    """The search.

    Args:
        n: Number of inputs.
        points: Points of the domain in general position, with a leading 1.
    """

    def __init__(self, n: int, points: np.ndarray) -> None:
        self.germs = Germs(n)
        self.points = points
        self.neat = Neat()
        self.rng = np.random.default_rng(20220101)
        self._known: dict[bytes, tuple[int, tuple[Term, ...]]] = {}
        self._deepest, self._open = 0, False

    def of(self, term: Term, seconds: float, steps: int) -> Term:
        """Returns the cheapest way to write a term that is found in time and steps; the same at all points."""
        numbers = self.germs.of(term, self.points)
        best = term
        try:
            with part_of_time(seconds, steps):
                best = min(best, self.neat(term), key=lambda way: way.cost)
                for self._deepest in range(1, DEEPEST + 1):
                    self._open, before = False, best
                    found = self._solve(numbers, lambda points: self.germs.of(term, points), 0)
                    if found is not None:
                        best = min(best, found, self.neat(flat(found)), key=lambda way: way.cost)
                    if not self._open or (self._deepest >= ENOUGH and best.cost[0] >= before.cost[0]):
                        break
        except OutOfBudget:
            tick()
        return best

    def _solve(self, numbers: np.ndarray, evaluate: Evaluator | None, depth: int) -> Term | None:
        """Finds a formula for the function with these pieces at the points."""
        base = self.germs.forms[numbers[0]]
        moved = numbers
        if base:
            moved = self._moved(numbers, base)
            unmoved = evaluate
            evaluate = unmoved and (lambda points: self._moved(unmoved(points), base))
        found = self._found(moved, evaluate, depth)
        shapes = dict.fromkeys([*found, *map(flat, found)])
        ways = [self.neat(added([(ONE, way), (ONE, Affine(base))])) for way in shapes]
        return min(ways, key=lambda way: way.cost, default=None)

    def _found(self, numbers: np.ndarray, evaluate: Evaluator | None, depth: int) -> tuple[Term, ...]:
        """The cheapest formulas for a function that is zero around the first point."""
        key, left = numbers.tobytes(), self._deepest - depth
        if key not in self._known or self._known[key][0] < left:
            before = self._known.get(key, (0, ()))[1]
            if left < 0:
                self._open = True
                return before
            self._known[key] = left, before  # while it is looked for
            ways = dict.fromkeys([*before, *self._routes(numbers, evaluate, depth)])
            right = sorted((way for way in ways if self._is(way, numbers)), key=lambda way: way.cost)
            self._known[key] = left, tuple(right[:KEPT])
        return self._known[key][1]

    def _moved(self, numbers: np.ndarray, base: Form) -> np.ndarray:
        return self.germs.combined([(ONE, numbers), (-ONE, np.full(len(numbers), self.germs.number(base)))])

    def _is(self, term: Term, numbers: np.ndarray) -> bool:
        return bool((self.germs.of(term, self.points) == numbers).all())

    def _routes(self, numbers: np.ndarray, evaluate: Evaluator | None, depth: int) -> Iterator[Term]:
        tick()
        pieces = np.unique(numbers)
        if len(pieces) == 1:
            yield Affine(self.germs.forms[pieces[0]])
            return
        if len(pieces) > MANY:
            return
        lattice = self._lattice(numbers, pieces)
        if evaluate is None:
            if lattice is None:
                return
            evaluate = self._evaluator(lattice)
        sheets = Sheets(self.germs, evaluate, self.points, numbers, self.rng)
        parts = sheets.parts()
        together = Together(sheets, parts)
        if len(parts) > 1:
            yield from self._additive(numbers, sheets, together, depth)
        if together.allows(parts):
            yield from self._single(numbers, pieces, lattice, sheets, depth)

    def _evaluator(self, term: Term) -> Evaluator:
        return lambda points: self.germs.of(term, points)

    # Additive parts

    def _additive(self, numbers: np.ndarray, sheets: Sheets, together: "Together", depth: int) -> Iterator[Term]:
        """Sums: every partition of a few parts, and of many the one that merging pairs leads to."""
        base = Affine(self.germs.forms[numbers[0]])
        parts = together.parts
        solved: dict[frozenset, Term | None] = {}

        def part(sheet_set: frozenset) -> Term | None:
            if sheet_set not in solved:
                own = sheets.part(sheet_set)
                pieces = np.unique(own)
                lattice = self._lattice(own, pieces)
                solved[sheet_set] = None
                if lattice is not None:
                    inner = Sheets(self.germs, self._evaluator(lattice), self.points, own, self.rng)
                    ways = self._single(own, pieces, lattice, inner, depth + 1)
                    right = [way for way in ways if self._is(way, own)]
                    solved[sheet_set] = min(right, key=lambda way: way.cost, default=None)
            return solved[sheet_set]

        if len(parts) <= MOST_PARTS:
            for partition in partitions(parts):
                if len(partition) > 1 and all(map(together.allows, partition)):
                    terms = [part(frozenset().union(*group)) for group in partition]
                    if all(term is not None for term in terms):
                        yield self.neat(added([(ONE, base), *((ONE, term) for term in terms if term)]))
            return
        groups = list(parts)
        while True:
            terms = [part(group) for group in groups]
            if any(term is None for term in terms):
                return
            yield self.neat(added([(ONE, base), *((ONE, term) for term in terms if term)]))
            gains = []
            for a, b in itertools.combinations(groups, 2):
                if sheets.cross(a, b):
                    continue
                apart = sum(part(g).cost[0] for g in (a, b))  # type: ignore[union-attr]
                both = part(a | b)
                if both is not None and both.cost[0] <= apart:
                    gains.append((both.cost[0] - apart, a, b))
            if not gains or len(groups) == 2:
                return
            _, a, b = min(gains, key=lambda gain: gain[0])
            groups = [*(g for g in groups if g not in (a, b)), a | b]

    # Single functions

    def _single(
        self, numbers: np.ndarray, pieces: np.ndarray, lattice: Term | None, sheets: Sheets, depth: int
    ) -> Iterator[Term]:
        if len(pieces) == 1:
            yield Affine(self.germs.forms[pieces[0]])
            return
        if lattice is not None:
            yield self.neat(lattice)
            if isinstance(lattice, Extreme):
                yield from self._inside(lattice, depth)
        values = self.germs.values(numbers, self.points)
        yield from self._absolute(numbers, pieces, values, sheets, depth)
        yield from self._peeled(numbers, pieces, values, depth)

    def _inside(self, lattice: Extreme, depth: int) -> Iterator[Term]:
        """The arguments of a lattice formula, and some of them together, each a function by itself."""
        better = []
        for arg in lattice.args:
            found = (
                self._solve(self.germs.of(arg, self.points), self._evaluator(arg), depth + 1) if arg.children else arg
            )
            better.append(arg if found is None else found)
        yield self.neat(extreme(lattice.sign, better))
        if 2 < len(lattice.args) <= MOST_PARTS:
            for size in range(2, len(lattice.args)):
                for chosen in itertools.combinations(range(len(lattice.args)), size):
                    some = Extreme(lattice.sign, tuple(lattice.args[i] for i in chosen))
                    found = self._solve(self.germs.of(some, self.points), self._evaluator(some), depth + 1)
                    if found is not None:
                        others = [arg for i, arg in enumerate(better) if i not in chosen]
                        yield self.neat(extreme(lattice.sign, [found, *others]))

    def _absolute(
        self, numbers: np.ndarray, pieces: np.ndarray, values: np.ndarray, sheets: Sheets, depth: int
    ) -> Iterator[Term]:
        """``a + |g|`` and ``a - |g|``."""
        forms = [self.germs.forms[p] for p in pieces]
        means: dict[Form, int] = {}
        for p, q in itertools.combinations(forms, 2):
            mean = (p + q).scale(HALF)
            means[mean] = means.get(mean, 0) + 1
        slack = TIE * (1 + np.abs(values))
        for mean in sorted(means, key=lambda form: -means[form]):
            over = values - self.germs.table([self.germs.number(mean)], self.points)[:, 0]
            sign = 1 if (over >= -slack).all() else -1 if (over <= slack).all() else 0
            if not sign:
                continue
            flips = sheets.flips(mean)
            inside = self.germs.combined(
                [(sign * ONE, numbers), (-sign * ONE, np.full(len(numbers), self.germs.number(mean)))], flips
            )
            found = self._solve(inside, None, depth + 1)
            if found is not None:
                yield self.neat(added([(ONE, Affine(mean)), (sign * ONE, Absolute(found))]))

    def _peeled(self, numbers: np.ndarray, pieces: np.ndarray, values: np.ndarray, depth: int) -> Iterator[Term]:
        """``Max(p, g)`` and ``Min(p, g)``."""
        if len(pieces) < 3 or len(pieces) > MOST_PIECES:
            return
        table = self.germs.table(pieces, self.points)
        slack = TIE * (1 + np.abs(values))
        true, false, clear = self._sets(numbers, pieces, table, values)
        for i, p in enumerate(pieces):
            above = values - table[:, i]
            for sign in (1, -1):
                if not (sign * above >= -slack).all():
                    continue
                elsewhere = clear & (sign * above > slack)
                others = ~(1 << i)
                wanted = true[elsewhere if sign > 0 else clear] & others
                unwanted = false[elsewhere if sign < 0 else clear] & others
                for rest in self._between(wanted, unwanted, pieces):
                    found = self._solve(self.germs.of(rest, self.points), self._evaluator(rest), depth + 1)
                    if found is not None:
                        yield self.neat(extreme(sign, [Affine(self.germs.forms[p]), found]))

    def _between(self, wanted: np.ndarray, unwanted: np.ndarray, pieces: np.ndarray) -> Iterator[Term]:
        """Lattice formulas that are true and false where they must be: the smallest, the largest, the shortest."""
        seen = set()
        for made in (
            self._least(wanted, pieces),
            self._greatest(unwanted, pieces),
            self._short(wanted, unwanted, pieces),
        ):
            if made is not None:
                key = self.germs.of(made, self.points).tobytes()
                if key not in seen:
                    seen.add(key)
                    yield made

    # Lattice formulas

    def _sets(self, numbers: np.ndarray, pieces: np.ndarray, table: np.ndarray, values: np.ndarray) -> tuple:
        """For every point the pieces at least as large and those larger, as bits; and where that is clear."""
        own = np.searchsorted(pieces, numbers)
        gap = table - values[:, None]
        small = np.abs(gap) <= TIE * (1 + np.abs(values))[:, None]
        clear = small.sum(axis=1) == 1
        bits = 1 << np.arange(len(pieces))
        larger = (gap > 0) & (np.arange(len(pieces)) != own[:, None])
        false = (larger * bits).sum(axis=1)
        return false | (1 << own), false, clear

    def _lattice(self, numbers: np.ndarray, pieces: np.ndarray) -> Term | None:
        if len(pieces) > MOST_PIECES:
            return None
        table = self.germs.table(pieces, self.points)
        true, false, clear = self._sets(numbers, pieces, table, self.germs.values(numbers, self.points))
        wanted, unwanted = true[clear], false[clear]
        options = [self._short(wanted, unwanted, pieces)]
        if options[0] is None:
            options = [self._least(wanted, pieces), self._greatest(unwanted, pieces)]
        right = [way for way in options if way is not None and self._is(way, numbers)]
        return min(right, key=lambda way: way.cost, default=None)

    def _letter(self, pieces: np.ndarray, i: int) -> Term:
        return Affine(self.germs.forms[pieces[i]])

    def _short(self, wanted: np.ndarray, unwanted: np.ndarray, pieces: np.ndarray) -> Term | None:
        weights = [self._letter(pieces, i).cost[0] for i in range(len(pieces))]
        found = Monotone(wanted.tolist(), unwanted.tolist(), weights).shortest()

        def term(formula: object) -> Term:
            if isinstance(formula, tuple):
                kind, left, right = formula
                return extreme(1 if kind == "or" else -1, [term(left), term(right)])
            assert isinstance(formula, int)
            return self._letter(pieces, formula)

        return None if found is None else term(found)

    def _least(self, wanted: np.ndarray, pieces: np.ndarray) -> Term | None:
        sets = least(wanted.tolist())
        if not sets or len(sets) > MOST_WRITTEN or not all(sets):
            return None
        return extreme(1, [extreme(-1, [self._letter(pieces, i) for i in _bits(s, len(pieces))]) for s in sets])

    def _greatest(self, unwanted: np.ndarray, pieces: np.ndarray) -> Term | None:
        whole = (1 << len(pieces)) - 1
        sets = [whole & ~s for s in greatest(unwanted.tolist())]
        if not sets or len(sets) > MOST_WRITTEN or not all(sets):
            return None
        return extreme(-1, [extreme(1, [self._letter(pieces, i) for i in _bits(s, len(pieces))]) for s in sets])


class Together:
    """Which additive parts may be one term: those that do not cross, and others through them.

    Args:
        sheets: The sheets of a function.
        parts: Its parts.
    """

    def __init__(self, sheets: Sheets, parts: Sequence[frozenset[int]]) -> None:
        self.parts = parts
        self._near = {
            (a, b) for a, b in itertools.permutations(parts, 2) if len(parts) <= MANY_PARTS and not sheets.cross(a, b)
        }

    def allows(self, group: Sequence[frozenset[int]]) -> bool:
        """Whether a group of parts may be one term."""
        reached, left = set(group[:1]), set(group[1:])
        while near := {b for a in reached for b in left if (a, b) in self._near}:
            reached, left = reached | near, left - near
        return not left


def _bits(letters: int, count: int) -> list[int]:
    return [i for i in range(count) if letters >> i & 1]


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
