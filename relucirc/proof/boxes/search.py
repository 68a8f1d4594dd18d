"""Branch and bound over boxes: bound a batch, exclude, cut off, halve; between the bounds, attack in floats."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from relucirc.checker.boxes import MIDDLE
from relucirc.checker.hinge_bounds import Bounder, Known
from relucirc.checker.substitution import GRID, Rows, wanted
from relucirc.core.budget import tick
from relucirc.proof.boxes.ascent import climb, sample, values_at
from relucirc.proof.boxes.bounded import Bounded
from relucirc.proof.boxes.cutting import UNIT, axes, cut_slabs, halves, shares
from relucirc.proof.boxes.floats import Bounds, Found, Weights, narrow, renew, weights_of
from relucirc.proof.boxes.frontier import Boxes, Frontier, Waiting
from relucirc.proof.boxes.slopes import optimised, words_of
from relucirc.proof.boxes.tree import NARROWED, NEW, Node, walk

EVERY = 3
"""On so many generations of boxes, one has its hinges bounded anew."""
NEW_SIZES, NARROWED_SIZES = (128,), (512,)
"""How many boxes are looked at together: for each size, code is compiled."""
EASY, FEW, SLOPED_SIZE = 1000, 32, 128
"""After so many boxes slopes are optimised, on boxes with at most so many open hinges, so many boxes together."""
LATER, MOST, STEP = 8, 0.97, 8
"""When there are so many times more boxes, code is compiled that bounds fewer hinges anew: in each level as many as are
open on this share of the boxes, up to a multiple of the step."""
FEW_MORE = 0.1
"""Of boxes that are looked at together, no larger share may have more open hinges than that bounds."""
MARGIN = 1e-6
"""What a bound has to spare, relative to the sizes of its coefficients, so that whole numbers confirm it."""
CLOSE = 1e-6
"""Values so far below 0 are worth an exact look."""
STARTS, CLIMBED = 48, 64
"""From so many of the points that are nearest to it a violation is raised, and so many of the nearest violations."""
TRIES = 3
"""So many points of one attack are looked at exactly."""
HELD = 8
"""For so many shapes of networks compiled code is held at once: each takes thousands of a process's memory maps, of
which Linux allows 65,530."""
_held: set[tuple] = set()


@dataclass
class Search:
    """One search.

    Attributes:
        bounder: The levels as integers.
        start: The negatives of the combinations.
        violation: The violation of each combination.
        count: How many violations there are.
        attack: Looks exactly at a point, by its shares of the box; a counterexample ends the search.
        known: What is known of all hinges on the whole box.
        margin: See ``MARGIN``.
        limits: A violation is excluded where a combination of it stays below its limit.
        aims: Points where all combinations of a violation are above its aim are worth an exact look.
        work: How many open hinges were bounded anew, over all boxes: what a replay takes time for.
    """

    bounder: Bounder
    start: Sequence[Rows]
    violation: np.ndarray
    count: int
    attack: Callable[[np.ndarray], bool]
    known: Known
    margin: float = MARGIN
    statistics: dict[str, int] = field(default_factory=lambda: {"boxes": 0, "bounded anew": 0})
    work: int = 0

    def __post_init__(self) -> None:
        self.levels = weights_of(self.bounder)
        _make_room(tuple(getattr(part, "shape", ()) for level in self.levels for part in (*level.blocks, level.pairs)))
        numbers = range(len(self.bounder.levels) + 1)
        blocks = [[row.blocks[b] * row.scale for row in self.start] for b in numbers]
        stacked = tuple(np.concatenate(b).astype(np.float32) for b in blocks)
        self.rows = Weights(stacked, np.concatenate([row.constant for row in self.start]).astype(np.float32))
        sizes = np.sum([np.abs(b).sum(1) for b in stacked], axis=0) + np.abs(self.rows.constants)
        self.spare = self.margin * sizes
        self._later, self._most, self._step = EASY, (), float(LATER)
        self.limits, self.aims = np.zeros(self.count), np.zeros(self.count)

        self.top = Node()
        n = self.bounder.n
        low, high = np.zeros((1, n), np.int64), np.full((1, n), 1 << GRID, np.int64)
        self.waiting = [self.box(self.top, low, high, np.ones((1, self.count), bool), 0)]

    def box(self, node: Node, low: np.ndarray, high: np.ndarray, left: np.ndarray, age: int = EVERY) -> Boxes:
        """Returns a box of which no more is known than of the whole."""
        known = (self.known.low, self.known.high, self.known.forms * 2.0**GRID, self.known.constants)
        floats = tuple(np.asarray(array, np.float32) for array in known)
        return Boxes([node], (low, high, left, np.full(1, age), *floats))

    def choose_once(self) -> None:
        """Lets the first boxes say for all how many hinges are bounded anew: code for each number takes seconds."""
        self._step = math.inf

    def climb(self, points: np.ndarray | None = None, widths: np.ndarray | None = None) -> bool:
        """Attacks from many points of the unit cube at once; whether a counterexample was found.

        Args:
            points: Where to start; else some points, always the same.
            widths: For each point, what steps are shares of.
        """
        points = sample(self.bounder.n) if points is None else points
        first = values_at(self.levels, self.rows, points)[-1]
        near = np.stack([first[:, self.violation == v].min(1) - self.aims[v] for v in range(self.count)])
        for v in np.argsort(-near.max(1))[:CLIMBED]:
            which = np.argsort(-near[v])[:STARTS]
            numbers, scales = np.nonzero(self.violation == v)[0], None if widths is None else widths[which]
            best, values = climb(self.levels, self.rows, numbers, points[which], scales)
            places = np.rint(best[:TRIES].astype(float) / UNIT).astype(np.int64)
            if any(value - self.aims[v] >= -CLOSE and self.attack(p) for p, value in zip(places, values, strict=False)):
                return True
        return False

    def reopen(self, missed: Sequence[int]) -> None:
        """Looks again at boxes where a bound is not confirmed, by the their numbers in the tree; asks for more."""
        wrong = set(missed)
        self.spare = self.spare * 1.5
        for number, node, low, high, left in walk(self.top, self.bounder.n, self.violation.tolist()):
            if wrong.isdisjoint(range(number, number + len(node.closed))):
                continue
            node.closed, node.parts = {}, []
            rows = np.array([low]), np.array([high])
            mask = np.isin(np.arange(self.count), list(left))[None]
            if not node.mark:
                self.waiting.append(self.box(node, *rows, mask))
                continue
            axis = (rows[1] - rows[0]).argmax(1)
            for part, ends in zip(node.cut(int(axis[0]), MIDDLE), halves(*rows, axis), strict=True):
                self.waiting.append(self.box(part, *ends, mask))

    def run(self) -> str | None:
        """Returns the tree that excludes every violation, or None: a point was found, or boxes got too small."""
        new, narrowed = Frontier(NEW_SIZES), Frontier(NARROWED_SIZES)
        for boxes in self.waiting:
            (new if boxes.arrays[3][0] >= EVERY else narrowed).push(boxes)
        self.waiting = []
        while len(new) or len(narrowed):
            tick()
            take_new = not (narrowed.is_full or (len(narrowed) and not new.is_full))
            boxes, size = (new if take_new else narrowed).pop()
            if not self.look(boxes, size, new, narrowed):
                return None
        return self.top.text()

    def look(self, boxes: Boxes, size: int, new: Waiting, narrowed: Waiting) -> bool:
        """Bounds a batch, and puts what is left of it back in halves; False ends the search."""
        low, high, left, age, *_ = boxes.arrays
        if age[0] >= EVERY:
            mark, (bounds, found) = NEW, self._renewed(boxes, size)
            age = np.zeros_like(age)
        else:
            mark, (bounds, found) = NARROWED, self._narrowed(boxes, size)
        self.statistics["boxes"] += len(boxes)
        self.statistics["bounded anew"] += len(boxes) if mark == NEW else 0
        self.work += int(((bounds.low < 0) & (bounds.high > 0)).sum()) if mark == NEW else 0
        for node in boxes.nodes:
            node.mark = mark
        told = np.full((len(boxes), len(self.start)), "", object)
        part = self._excluded(Bounded(Boxes(boxes.nodes, (low, high, left, age + 1)), bounds, found, told))
        if self.statistics["boxes"] > EASY:
            part = self._sharpened(part)
        if not len(part.boxes):
            return True
        nodes, known, found, told = part.boxes.nodes, part.bounds, part.found, part.told
        low, high, left, age = part.boxes.arrays
        low, high = low.copy(), high.copy()
        values, forms = self._values(found), found.forms
        if self._is_attacked(low, high, left, values, forms):
            return False
        cut_slabs(nodes, low, high, values.astype(float), forms * UNIT, self.violation, left, told)
        axis = axes(low, high, forms, left[:, self.violation], known)
        if (axis < 0).any():
            return False
        for part, (a, b) in zip(shares(nodes, axis), halves(low, high, axis), strict=True):
            done = Boxes(part, (a, b, left, age, *known))
            old = age >= EVERY
            new.push(done.taken(np.nonzero(old)[0]))
            narrowed.push(done.taken(np.nonzero(~old)[0]))
        return True

    def _values(self, found: Found) -> np.ndarray:
        """How far each combination stays below its limit."""
        return self.limits[self.violation] - (self.spare - found.values)

    def _excluded(self, part: Bounded) -> Bounded:
        """Notes what the bounds say, and which violations they exclude; returns the boxes where some are left."""
        left, values, nodes = part.left.copy(), self._values(part.found), part.boxes.nodes
        for node, row, told in zip(nodes, self.spare - part.found.values, part.told, strict=True):
            node.learn(row, told)
        for v in range(self.count):
            numbers = np.nonzero(self.violation == v)[0]
            best = numbers[values[:, numbers].argmax(1)]
            shut = left[:, v] & (values[np.arange(len(left)), best] > 0)
            for i in np.nonzero(shut)[0]:
                nodes[i].closed[int(best[i])] = part.told[i, best[i]]
            left[:, v] &= ~shut
        return part.with_left(left).taken(np.nonzero(left.any(1))[0])

    def _sharpened(self, part: Bounded) -> Bounded:
        """The same for those with few open hinges, with slopes that suit them."""
        few = ((part.bounds.low < 0) & (part.bounds.high > 0)).sum(1) <= FEW
        if not few.any():
            return part
        rest = part.taken(np.nonzero(~few)[0])
        return rest.beside(self._excluded(self._optimised(part.taken(np.nonzero(few)[0]))))

    def _optimised(self, part: Bounded) -> Bounded:
        """Bounds the combinations anew, with slopes that suit them."""
        results, (low, high, *_) = [], part.boxes.arrays
        for i in range(0, len(low), SLOPED_SIZE):
            here = np.arange(i, min(i + SLOPED_SIZE, len(low)))
            rows = np.concatenate([here, np.full(SLOPED_SIZE - len(here), i)])
            ends = *_shares(low[rows], high[rows]), part.bounds.low[rows], part.bounds.high[rows]
            found, told = optimised(self.levels, self.rows, *ends)
            results.append((*_first(found, len(here)), np.asarray(told)[: len(here)]))
        *found, told = (np.concatenate(column) for column in zip(*results, strict=True))
        return replace(part, found=Found(*found), told=words_of(told))

    def _renewed(self, boxes: Boxes, size: int) -> tuple[Bounds, Found]:
        low, high, _, _, *known = boxes.padded(size)
        if self.statistics["boxes"] > self._later:
            self._later, self._most = self._step * self.statistics["boxes"], self._wanted(boxes)
        most = self._most if self._is_enough(boxes) else ()
        bounds, found = renew(self.levels, self.rows, *_shares(low, high), Bounds(*known), most)
        return _first(bounds, len(boxes)), _first(found, len(boxes))

    def _open(self, boxes: Boxes) -> Iterator[tuple[np.ndarray, int]]:
        """Yields for each level how many of its rows are worth new bounds, on each box, and how many there are."""
        low, high = boxes.arrays[4:6]
        for number, level in enumerate(self.bounder.levels, start=1):
            at = self.bounder.columns(number)
            yield wanted(low[:, at], high[:, at], level).sum(1), len(level.constants)

    def _wanted(self, boxes: Boxes) -> tuple[int, ...]:
        """How many rows of each level are worth new bounds, on nearly all of some boxes."""
        rows = ((np.quantile(open_, MOST), count) for open_, count in self._open(boxes))
        return tuple(min(count, STEP * (1 + int(most // STEP))) for most, count in rows)

    def _is_enough(self, boxes: Boxes) -> bool:
        """Whether as many rows are bounded anew as most of these boxes have: else they would stay as they are."""
        more = [open_ > most for (open_, _), most in zip(self._open(boxes), self._most, strict=False)]
        return bool(np.mean(np.any(more, axis=0)) <= FEW_MORE) if more else True

    def _narrowed(self, boxes: Boxes, size: int) -> tuple[Bounds, Found]:
        low, high, _, _, *known = boxes.padded(size)
        lows, highs, found = narrow(self.levels, self.rows, *_shares(low, high), Bounds(*known))
        bounds = Bounds(np.asarray(lows)[: len(boxes)], np.asarray(highs)[: len(boxes)], *boxes.arrays[-2:])
        return bounds, _first(found, len(boxes))

    def _is_attacked(
        self, low: np.ndarray, high: np.ndarray, left: np.ndarray, values: np.ndarray, forms: np.ndarray
    ) -> bool:
        """Looks at the centres, and at the corners where the weakest bounds are attained."""
        rows = np.arange(len(low))
        hardest = np.where(left[:, self.violation], values, np.inf).argmin(1)
        slope = forms[rows, hardest]
        corners = np.where(slope > 0, low, high)
        points = np.concatenate([(low + high) >> 1, corners])
        worst = values_at(self.levels, self.rows, (points * UNIT).astype(np.float32))[-1]
        parts = np.stack([worst[:, self.violation == v].min(1) - self.aims[v] for v in range(self.count)], 1).max(1)
        return any(parts[i] >= -CLOSE and self.attack(points[i]) for i in np.argsort(-parts)[:TRIES])


def _make_room(shape: tuple) -> None:
    """Lets compiled code go before there is too much of it."""
    if shape not in _held and len(_held) >= HELD:
        _held.clear()
        for compiled in (renew, narrow, optimised):
            compiled.clear_cache()  # pyright: ignore[reportAttributeAccessIssue]
    _held.add(shape)


def _shares(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (low * UNIT).astype(np.float32), (high * UNIT).astype(np.float32)


def _first(arrays: Any, count: int) -> Any:
    """The first rows of each, in NumPy."""
    return type(arrays)(*(np.asarray(array)[:count] for array in arrays))
