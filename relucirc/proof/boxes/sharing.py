"""A search over boxes in pieces: the whole box is cut where a first look cut it, and each part is a search of its own.

A part starts from what is known of the hinges on the whole box, as the checker does where no box above it has bounds;
so its tree stands in the whole one as it is, and what its worker has replayed exactly stays right there.  A part that
turns out to be hard is given back, in two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.checker.boxes import MIDDLE, WIDTH, Bound, State, lower_bounds, read_tree, shows
from relucirc.checker.scaled import Pair
from relucirc.checker.substitution import GRID
from relucirc.core.budget import OutOfBudget, part_of_time, running, tick
from relucirc.core.exact import sign_of, text
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.core.pieces import Outcome
from relucirc.language.claim import Violation
from relucirc.proof.boxes.frontier import Boxes, Frontier
from relucirc.proof.boxes.search import EASY, EVERY, NARROWED_SIZES, NEW_SIZES, Search
from relucirc.proof.boxes.setting import Interval, Setting
from relucirc.proof.boxes.tree import Node
from relucirc.proof.problem import Lowered

OPEN = 192
"""Boxes that are open when a first look ends."""
GROUPS = 16
"""Pieces into which they are put: each has boxes from everywhere, so that all are about as hard."""
LIMIT = 400
"""Batches of boxes after which a piece is given back in two."""
ROUNDS = 20
"""How often what the exact replay does not confirm is looked at again."""
Way = list[list[int]]
"""The cuts that lead to a box: axis, place in 64ths of the width, and 0 for the lower part or 1 for the upper one."""


@dataclass(frozen=True)
class Question:
    """What is asked of a box; see :func:`relucirc.proof.boxes.decide_on_boxes`."""

    lowered: Lowered
    box: Sequence[Interval]
    violations: Sequence[Violation]
    pairs: Sequence[Pair]

    @cached_property
    def setting(self) -> Setting:
        """The question in whole numbers."""
        return Setting.of(self.lowered, self.box, self.violations, self.pairs)

    def is_broken_at(self, point: Sequence[fmpq]) -> bool:
        """Whether a violation happens at a point, exactly."""
        signs = [sign_of(value) for value in self.setting.values(point)]
        return any(all(Relation(Form(), op).holds(signs[d]) for d, op in violation) for violation in self.violations)

    def search(self, found: list[tuple[fmpq, ...]]) -> Search:
        """Prepares a search, which puts a point where a violation happens into a list."""

        def attack(place: np.ndarray) -> bool:
            point = self.setting.point(place)
            if self.is_broken_at(point):
                found.append(point)
            return bool(found)

        here = self.setting
        return Search(here.bounder, here.start, here.owners, len(self.violations), attack, here.known)


def parts_of(search: Search) -> list[list[Way]] | None:
    """Looks at the boxes of a search until many are open; returns the ways to all, in pieces; None where it is over."""
    new, narrowed = Frontier(NEW_SIZES), Frontier(NARROWED_SIZES)
    for boxes in search.waiting:
        narrowed.push(boxes)
    while len(new) + len(narrowed) < OPEN:
        if not len(new) + len(narrowed):
            search.waiting = []  # it has ended, and its tree is whole
            return None
        tick()
        boxes, size = (new if len(new) > len(narrowed) else narrowed).pop()
        if not search.look(boxes, size, new, narrowed):
            return None
    ways = list(_ways(search.top))
    return [ways[i::GROUPS] for i in range(min(GROUPS, len(ways)))]


def _ways(top: Node) -> Iterator[Way]:
    """The ways to all boxes that are not cut, in the order of the tree."""
    pending: list[tuple[Node, Way]] = [(top, [])]
    while pending:
        node, way = pending.pop()
        if not node.parts:
            yield way
        pending += [(part, [*way, [node.axis, node.at, side]]) for side, part in reversed([*enumerate(node.parts)])]


def search_part(question: Question, piece: list[Way], seconds: float | None) -> Outcome:
    """Searches some boxes.

    Returns:
        The way to each with the tree there, all confirmed; or two pieces, of what was too hard; or a point where a
        violation happens, None where boxes got too small.
    """
    found: list[tuple[fmpq, ...]] = []
    search = question.search(found)
    search.statistics["boxes"] = EASY + 1  # those who did the easy part counted so many
    search.choose_once()
    top, nodes = Node(), []
    ends = []
    for way in piece:
        node, low, high = top, [0] * len(question.box), [1 << GRID] * len(question.box)
        for axis, at, side in way:
            parts = node.parts or node.cut(axis, at)
            middle = low[axis] + (high[axis] - low[axis]) * at // WIDTH
            (high, low)[side][axis] = middle
            node = parts[side]
        nodes.append(node)
        ends.append((low, high))
    whole = search.waiting[0].arrays
    low, high = (np.array(column, np.int64) for column in zip(*ends, strict=True))
    known = [np.repeat(array, len(nodes), axis=0) for array in whole[2:]]
    known[1][:] = EVERY  # their hinges are bounded anew first
    search.top, search.waiting = top, [Boxes(nodes, (low, high, *known))]
    try:
        confirmed = _confirmed(question, search, nodes, ends, found, None if seconds is None else LIMIT)
    except _Hard:
        return Outcome([], _in_two(piece, nodes))
    clock = running()
    if clock is not None:
        clock.progress["boxes"] = search.statistics["boxes"] - EASY - 1
        clock.progress["bounded anew"] = search.statistics["bounded anew"]
    if not confirmed:
        return Outcome([text(c) for c in found[0]] if found else None, final=True)
    return Outcome([[way, node.text()] for way, node in zip(piece, nodes, strict=True)])


class _Hard(Exception):
    """A piece took too many boxes."""


def _confirmed(
    question: Question,
    search: Search,
    nodes: Sequence[Node],
    ends: Sequence[tuple[list[int], list[int]]],
    found: list,
    limit: int | None,
) -> bool:
    """Runs a search until an exact replay confirms all of its trees; False where it ends otherwise."""
    for _ in range(ROUNDS):
        try:
            with part_of_time(1e9, limit) as clock:
                ended = search.run()
        except OutOfBudget:
            if limit is not None and clock.taken > limit:
                raise _Hard from None
            raise
        if ended is None or found:
            return False
        missed = list(_missed(question, nodes, ends))
        if not missed:
            return True
        search.reopen(missed)
    return False


def _missed(question: Question, nodes: Sequence[Node], ends: Sequence[tuple[list[int], list[int]]]) -> Iterator[int]:
    """The numbers of the bounds that the exact replay does not confirm, counted over all trees."""
    here = question.setting
    for bound, value in lower_bounds(here.bounder, here.known, here.start, _states(question, nodes, ends)):
        tick()
        if not _shows(here, bound, value):
            yield bound.number


def _states(question: Question, nodes: Sequence[Node], ends: Sequence[tuple[list[int], list[int]]]) -> list[State]:
    """What is bounded where in all trees: they have the first state, the whole box, together."""
    here, count = question.setting, 0
    owners, states = here.owners.tolist(), list[State]()
    for node, (low, high) in zip(nodes, ends, strict=True):
        words = node.text().split(" ")
        start = tuple(low), tuple(high)
        top, *below = read_tree(words, len(low), len(question.violations), owners, here.bounder.rows, start)
        states = states or [State(top.low, top.high, top.is_new, [], [])]
        moved = len(states) - 1
        states += below
        for state in (top, *below):
            state.children = [child + moved for child in state.children]
            state.bounds = [replace(bound, number=bound.number + count) for bound in state.bounds]
        states[0].children += top.children
        states[0].bounds += top.bounds
        count += sum(len(state.bounds) for state in (top, *below))
    return states


def _shows(here: Setting, bound: Bound, value: float) -> bool:
    return shows(value, strict=here.combinations[bound.combination].strict)


def _in_two(piece: list[Way], nodes: Sequence[Node]) -> list[list[Way]]:
    """Halves of the boxes, or of the only one."""
    if len(piece) > 1:
        return [piece[: len(piece) // 2], piece[len(piece) // 2 :]]
    (way,), (node,) = piece, nodes
    return [[[*way, [node.axis, node.at, side]]] for side in (0, 1)]


def joined(outcomes: Sequence[Outcome]) -> str:
    """Writes the whole tree: the ways to all boxes in its order, and at the end of each the tree there."""
    words: list[str] = []
    before: Way = []
    entries = [entry for outcome in outcomes for entry in outcome.found]
    for way, tree in sorted(entries, key=lambda entry: [side for _, _, side in entry[0]]):
        shared = next((k for k, (a, b) in enumerate(zip(before, way, strict=False)) if a != b), None)
        turned = 0 if not words else (len(before) if shared is None else shared) + 1
        cuts: list[Any] = way[turned:]
        words += [f"{axis}" if at == MIDDLE else f"{axis}@{at}" for axis, at, _ in cuts]
        words.append(tree)
        before = way
    return " ".join(words)
