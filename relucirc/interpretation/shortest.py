"""The shortest formula of a piecewise-linear function that the routes here find, as a proposal to be proved.

A function is known by its pieces at points of its domain (:mod:`~relucirc.interpretation.germs`).  The routes:

* its additive parts, alone and together, and what is left beside a clip (:mod:`~relucirc.interpretation.additive`);
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
from relucirc.interpretation.additive import MOST_PARTS, Part, Sums, Together, clips_of
from relucirc.interpretation.germs import TIE, Germs
from relucirc.interpretation.lattices import MOST_PIECES, Lattices
from relucirc.interpretation.laws import folded_ways
from relucirc.interpretation.neat import HALF, Neat
from relucirc.interpretation.sheets import Evaluator, Sheets
from relucirc.interpretation.terms import Absolute, Affine, Cost, Extreme, Sum, Term, added, extreme, flat

DEEPEST, ENOUGH = 7, 4
"""Most levels of routes in each other; from this on they end where another level brings nothing."""
KEPT = 3
"""Formulas kept of every function, by their cost as they stand and by that without an affine form beside them."""
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
        self.lattices = Lattices(self.germs, points)
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
        return min(self._and_folded(ways, numbers), key=lambda way: way.cost, default=None)

    def _and_folded(self, ways: Sequence[Term], numbers: np.ndarray) -> list[Term]:
        """Some ways to write a function, and what they are folded to."""
        folded = map(self.neat, dict.fromkeys(itertools.chain.from_iterable(map(folded_ways, ways))))
        return [*ways, *(way for way in folded if self._is(way, numbers))]

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
            right = [way for way in ways if self._is(way, numbers)]
            cheapest = (sorted(right, key=key_of)[:KEPT] for key_of in (lambda way: way.cost, _bare_cost))
            self._known[key] = left, tuple(dict.fromkeys(itertools.chain(*cheapest)))
        return self._known[key][1]

    def _moved(self, numbers: np.ndarray, base: Form) -> np.ndarray:
        return self.germs.combined([(ONE, numbers), (-ONE, np.full(len(numbers), self.germs.number(base)))])

    def _is(self, term: Term, numbers: np.ndarray) -> bool:
        return self.germs.is_at(term, numbers, self.points)

    def _routes(self, numbers: np.ndarray, evaluate: Evaluator | None, depth: int) -> Iterator[Term]:
        tick()
        pieces = np.unique(numbers)
        if len(pieces) == 1:
            yield Affine(self.germs.forms[pieces[0]])
            return
        if len(pieces) > MANY:
            return
        lattice = self.lattices.of(numbers, pieces)
        if evaluate is None:
            if lattice is None:
                return
            evaluate = self._evaluator(lattice)
        sheets = Sheets(self.germs, evaluate, self.points, numbers, self.rng)
        parts = sheets.parts()
        together = Together(sheets, parts)
        if len(parts) > 1:
            base = Affine(self.germs.forms[numbers[0]])
            yield from Sums(base, sheets, together, lambda own: self._part(own, depth), self.neat).ways()
        yield from self._without_clip(numbers, evaluate, sheets, parts, depth)
        if together.allows(parts):
            yield from self._single(numbers, pieces, lattice, sheets, depth)

    def _without_clip(
        self, numbers: np.ndarray, evaluate: Evaluator, sheets: Sheets, parts: Sequence[Part], depth: int
    ) -> Iterator[Term]:
        """What is left beside a clip: a hinge by itself ends where another sheet, parallel to it, takes its slope."""
        for part in parts if len(parts) > 1 else ():
            for clip in clips_of(sheets, part):
                own = self.germs.of(clip, self.points)
                left = self.germs.combined([(ONE, numbers), (-ONE, own)])
                without = lambda at, clip=clip: self.germs.combined(  # noqa: E731
                    [(ONE, evaluate(at)), (-ONE, self.germs.of(clip, at))]
                )
                found = self._solve(left, without, depth + 1)
                if found is not None:
                    yield self.neat(added([(ONE, found), (ONE, clip)]))

    def _evaluator(self, term: Term) -> Evaluator:
        return lambda points: self.germs.of(term, points)

    def _part(self, own: np.ndarray, depth: int) -> tuple[Term, ...]:
        """The cheapest term for an additive part, and that but for an affine form beside it; none for none."""
        pieces = np.unique(own)
        lattice = self.lattices.of(own, pieces)
        if lattice is None:
            return ()
        sheets = Sheets(self.germs, self._evaluator(lattice), self.points, own, self.rng)
        ways = self._single(own, pieces, lattice, sheets, depth + 1)
        found = self._and_folded([way for way in ways if self._is(way, own)], own)
        return tuple(min(found, key=key_of) for key_of in (lambda way: way.cost, _bare_cost)) if found else ()

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
            for flips in sheets.flips(mean):
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
        true, false, clear = self.lattices.sets(numbers, pieces, values)
        for i, p in enumerate(pieces):
            above = values - table[:, i]
            for sign in (1, -1):
                if not (sign * above >= -slack).all():
                    continue
                elsewhere = clear & (sign * above > slack)
                others = ~(1 << i)
                wanted = true[elsewhere if sign > 0 else clear] & others
                unwanted = false[elsewhere if sign < 0 else clear] & others
                for rest in self.lattices.between(wanted, unwanted, pieces):
                    found = self._solve(self.germs.of(rest, self.points), self._evaluator(rest), depth + 1)
                    if found is not None:
                        yield self.neat(extreme(sign, [Affine(self.germs.forms[p]), found]))


def _bare_cost(term: Term) -> Cost:
    """The cost without the affine form of a sum."""
    return added(term.addends[1]).cost if isinstance(term, Sum) else term.cost
