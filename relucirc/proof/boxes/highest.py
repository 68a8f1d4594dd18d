"""The largest values of differences on a box, enclosed: attained values from below, bounds on boxes from above.

Best first: those boxes are halved on which a difference may be furthest above what was seen of it.  Whenever that ends,
no difference exceeds the largest bound of a leaf, its *reach*.  The tree is then read with thresholds: below a box on
which they are not exceeded nothing is needed, so that no box is in it in vain.
"""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from flint import fmpq

from relucirc.checker.boxes import MIDDLE
from relucirc.core.budget import tick
from relucirc.core.exact import approximate
from relucirc.proof.boxes.ascent import sample
from relucirc.proof.boxes.frontier import Boxes
from relucirc.proof.boxes.search import CLOSE, NARROWED_SIZES, NEW_SIZES, UNIT, Search
from relucirc.proof.boxes.setting import Point, Setting
from relucirc.proof.boxes.tree import Node

CLOSED = 1e-6
"""Relative to what a difference ranges over, its ends are not brought nearer to each other than that."""
TOGETHER = 0.5
"""Boxes are looked at together if they are above what was seen by this share of what the first of them is."""
FIRST = 1 << 14
"""So many points are looked at first."""
FOREMOST, INSIDE = 400, 5
"""Points climb from so many boxes of each kind, from so many points of each."""
MOST_BYTES = 1 << 30
"""What is known of the boxes that wait takes no more memory."""
BARE = 3
"""So many arrays say which box it is and what is left there; the others what is known of its hinges."""
Item = tuple[float, int, Boxes]
"""A box that waits, by the opposite of its promise and a number of its own."""


@dataclass
class Highest:
    """The largest value of every difference; each combination of the setting is one of them.

    Attributes:
        setting: The question.
        together: Whether only the largest of all is asked for.
        values: The largest value of each that was seen, exact.
        points: Where.
    """

    setting: Setting
    together: bool
    values: list[fmpq] = field(init=False)
    points: list[Point] = field(init=False)

    def __post_init__(self) -> None:
        here = self.setting
        self.count = len(here.combinations)
        centre = tuple((a + b) / 2 for a, b in here.box)
        self.values, self.points = here.values(centre), [centre] * self.count
        self.numbers, self._is_new = itertools.count(), True
        self.search = Search(here.bounder, here.start, here.owners, self.count, self._attack, here.known, margin=0.0)
        self._aim()
        self._heaps = {kind: Best(self, sizes) for kind, sizes in ((True, NEW_SIZES), (False, NARROWED_SIZES))}
        for boxes in self.search.waiting:
            self._heaps[False].push(boxes)

    @property
    def seen(self) -> np.ndarray:
        """The largest values that were seen, in floats."""
        seen = np.array([approximate(value) for value in self.values])
        return np.full(self.count, seen.max()) if self.together else seen

    @property
    def reach(self) -> np.ndarray:
        """What no difference exceeds, in floats."""
        reach = np.full(self.count, -np.inf)
        for upper in self._leaves():
            np.maximum(reach, upper, out=reach)
        return np.full(self.count, reach.max()) if self.together else reach

    def offer(self, point: Point) -> None:
        """Takes a point of the box."""
        for v, value in enumerate(self.setting.values(point)):
            if value > self.values[v]:
                self.values[v], self.points[v] = value, point
        self._aim()

    def _attack(self, place: np.ndarray) -> bool:
        self.offer(self.setting.point(place))
        return False

    def _aim(self) -> None:
        """Nothing that was seen needs another look, and no box that is not above it."""
        seen, half = self.seen, self.count // 2
        self.search.limits = seen
        self.scale = np.maximum(np.roll(seen, half) + seen, CLOSED * (1 + np.abs(seen)))
        self.search.aims = seen + CLOSED * self.scale + CLOSE

    def excess(self, upper: np.ndarray) -> np.ndarray:
        """How far boxes may be above what was seen, relative to what the differences range over."""
        return ((upper - self.search.limits) / self.scale).max(-1)

    def run(self, boxes: int | None = None) -> bool:
        """Brings the ends nearer to each other.

        Args:
            boxes: Ends after so many.

        Returns:
            Whether more time would bring them nearer still.

        Raises:
            OutOfBudget: When the time is over; what is known then is known.
        """
        if self._is_new:
            self._is_new = False  # where time ends meanwhile, boxes are worth more than the same points again
            self.search.climb(sample(self.setting.bounder.n, FIRST))
        started = self.search.statistics["boxes"]
        while boxes is None or self.search.statistics["boxes"] - started < boxes:
            tick()
            if sum(heap.bytes for heap in self._heaps.values()) > MOST_BYTES:
                self._forget()
            heap = max(self._heaps.values(), key=lambda heap: heap.first)
            if heap.first <= CLOSED:
                return False
            batch, size = heap.pop()
            if not self.search.look(batch, size, self._heaps[True], self._heaps[False]):
                return False
        return True

    def _forget(self) -> None:
        """Forgets what is known of the hinges on the less promising half of the boxes: they will be bounded anew."""
        for heap in self._heaps.values():
            for item in heap.less_promising():
                self._heaps[True].add(item)

    def climb(self) -> None:
        """Climbs from points in the most promising boxes."""
        waiting = [boxes for heap in self._heaps.values() for boxes in heap.foremost(FOREMOST)]
        if waiting:
            low, high = (np.concatenate([boxes.arrays[i] for boxes in waiting]) for i in (0, 1))
            share = np.random.default_rng(0).random((INSIDE, *low.shape))
            share[0] = 0.5
            points = np.concatenate(list(low + share * (high - low))) * UNIT
            widths = np.tile((high - low) * UNIT, (INSIDE, 1))
            self.search.climb(points.astype(np.float32), widths.astype(np.float32))

    def _leaves(self) -> Iterator[np.ndarray]:
        """What the differences do not exceed, in floats, on the parts into which the whole box is divided."""
        pending = [self.search.top]
        while pending:
            node = pending.pop()
            pending += node.parts
            if not node.parts:
                upper = np.full(self.count, np.inf) if node.upper is None else node.upper.copy()
                upper[list(node.closed)] = np.minimum(upper, self.search.limits)[list(node.closed)]
                yield upper

    def correct(self, node: Node, ends: tuple[Sequence[int], Sequence[int]], number: int, upper: float) -> None:
        """Takes what a difference does not exceed on a box, where floats said less; looks at the box again."""
        node.closed.pop(number, None)
        assert node.upper is not None
        node.upper = node.upper.copy()
        node.upper[number] = upper
        if not node.parts:
            low, high = (np.array([end]) for end in ends)
            self._heaps[True].push(self.search.box(node, low, high, node.upper[None] > self.search.limits))

    def tree(self, thresholds: np.ndarray) -> str:
        """Writes the tree that shows that no difference exceeds its threshold."""
        return " ".join(word for word, _ in self.words(thresholds))

    def words(self, thresholds: np.ndarray) -> Iterator[tuple[str, Node | None]]:
        """Yields the words of the tree; with those that exclude a difference, the node where that is so."""
        pending = [(self.search.top, np.ones(self.count, bool))]
        while pending:
            node, left = pending.pop()
            if node.mark:
                yield node.mark, None
            shut = left & (node.upper < thresholds)
            shut[list(node.closed)] |= left[list(node.closed)]
            for c in np.nonzero(shut)[0].tolist():
                yield f"-{c}{node.closed.get(c, node.told[c])}", node
            left = left & ~shut
            if left.any():
                yield f"{node.axis}" if node.at == MIDDLE else f"{node.axis}@{node.at}", None
                pending += [(part, left) for part in reversed(node.parts)]


class Best:
    """Boxes that wait, the most promising first.

    Attributes:
        sizes: How many are looked at together, ascending; the least that is enough is taken.
        bytes: How much memory they take.
    """

    def __init__(self, owner: Highest, sizes: tuple[int, ...]) -> None:
        self.owner, self.sizes, self.bytes = owner, sizes, 0
        self._heap: list[Item] = []

    @property
    def first(self) -> float:
        """How promising the first box is, and minus infinity if there is none."""
        return -self._heap[0][0] if self._heap else -np.inf

    def foremost(self, count: int) -> list[Boxes]:
        """Returns some of the most promising boxes, which stay."""
        return [boxes for _, _, boxes in heapq.nsmallest(count, self._heap)]

    def push(self, boxes: Boxes) -> None:
        """Adds boxes."""
        for i, node in enumerate(boxes.nodes):
            promise = np.inf if node.upper is None else float(self.owner.excess(node.upper))
            self.add((-promise, next(self.owner.numbers), boxes.taken(np.array([i]))))

    def add(self, item: Item) -> None:
        """Adds a box whose promise is known."""
        self.bytes += _bytes(item[-1])
        heapq.heappush(self._heap, item)

    def pop(self) -> tuple[Boxes, int]:
        """Takes a batch; returns it and the size to pad it to."""
        parts: list[Boxes] = []
        least = TOGETHER * self.first
        while self._heap and len(parts) < self.sizes[-1] and self.first >= least:
            one = heapq.heappop(self._heap)[-1]
            self.bytes -= _bytes(one)
            if len(one.arrays) == BARE:
                low, high, left = one.arrays
                one = self.owner.search.box(one.nodes[0], low, high, left)
            parts.append(one)
        return Boxes.joined(parts), next(size for size in self.sizes if size >= len(parts))

    def less_promising(self) -> list[Item]:
        """Takes out half of the boxes, without what is known of their hinges."""
        kept = sorted(self._heap)[: len(self._heap) // 2]
        rest = [(p, i, Boxes(one.nodes, one.arrays[:BARE])) for p, i, one in sorted(self._heap)[len(kept) :]]
        self._heap, self.bytes = kept, sum(_bytes(one) for *_, one in kept)
        return rest


def _bytes(boxes: Boxes) -> int:
    return sum(array.nbytes for array in boxes.arrays)
