"""Branch and bound: floats search best first, and then every leaf is proved exactly, or split further."""

import heapq
import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from flint import fmpq

from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.exact import ONE, ZERO, approximate
from relucirc.core.forms import Form, form_to_json
from relucirc.core.graph import Relation
from relucirc.proof.bounding.attained import Point, rounded, values_at, vertex
from relucirc.proof.bounding.evidence import Facts, Node, ranges_by_substitution, upper
from relucirc.proof.bounding.leaf import Leaf
from relucirc.proof.bounding.program import Program, Solved
from relucirc.proof.bounding.question import Interval, Question

PATIENCE = 60.0
"""Most seconds spent on bounds that are not final."""
BOUNDED = 0.5
"""Share of the time that is left for them; the rest is for the check."""
TIE = 1e-7
"""Bounds this near, relatively, are told apart exactly."""
Turn = tuple[int | None, int]
"""At a division, by which hinge (None: a cut through inputs) and to which part."""
LOST = 4
"""Of a search that is cut off, what was begun last is left if that is no larger part than one in so many."""
Known = tuple[dict[int, Interval], list[dict]]
"""Bounds of hinges, and the lemmas that show them."""

CUT_INPUTS = 3
"""Most inputs that are cut; with more, only hinges are."""
CUT_OPEN = 8
"""Open hinges for each input above which it is cut."""


@dataclass
class Branch:
    """A node of the tree; a leaf as long as it is not divided, by a hinge or a cut through inputs.

    ``is_closed`` says that floats have nothing to look for there, ``is_left`` that it is for somebody else.
    """

    node: Node
    program: Program
    solved: Solved
    lemmas: list[dict] = field(default_factory=list)
    by: dict | None = None
    below: "tuple[Branch, ...]" = ()
    facts: Facts | None = None
    is_closed: bool = False
    is_left: bool = False

    def preorder(self) -> "Iterator[Branch]":
        """Yields itself and all below."""
        pending: list[Branch] = [self]
        while pending:
            branch = pending.pop()
            yield branch
            pending += reversed(branch.below)

    @property
    def looked_at(self) -> int:
        """How many branches here were divided or closed."""
        return sum(branch.is_closed or bool(branch.below) for branch in self.preorder())

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to look for."""
        return all(branch.is_closed or branch.below for branch in self.preorder())

    def leave(self) -> None:
        """Forgets what is known below, and leaves it for somebody else."""
        self.by, self.below, self.is_left = None, (), True


class Search:
    """Where all parts of a question hold, or why nowhere; or how large the least part gets.

    Args:
        question: What is asked.
        raising: Whether the threshold is raised to the largest value of the (only) part that is attained, to end
            with its maximum.  Otherwise a point where all parts hold ends the search.
        threshold: Where it starts, if something is known.
        known: Bounds of hinges on the polyhedron, and the lemmas that show them, where these are known.

    Attributes:
        threshold: What the parts do not exceed together where the search has been.
        point: A point that attains the threshold; where all parts hold, without raising.
        bound: What the parts do not exceed together, in floats.
    """

    def __init__(
        self,
        question: Question,
        *,
        raising: bool = False,
        threshold: fmpq | None = None,
        known: Known | None = None,
    ) -> None:
        self.question, self.raising = question, raising
        self.known = threshold is not None or not raising
        self.threshold: fmpq = ZERO if threshold is None else threshold
        self.point: Point | None = None
        self.root = self._fresh(Node(question), known)
        self.bound = np.inf

    # The search in floats

    def run(self) -> None:
        """Searches until nothing is left above the threshold; then ``self.point`` or :meth:`evidence` tells.

        Raises:
            Unbounded: When what is raised has no largest value.
        """
        order = count()
        heap = [(-self.root.solved.bound, -next(order), self.root)]
        while heap and not (self.point is not None and not self.raising):
            tick("boxes")
            bound, _, branch = heapq.heappop(heap)
            self.bound = -bound
            if -bound <= self._cutoff():
                break
            if self._leaf(branch).is_decided:
                self._settle(branch)
                continue
            for child in self._split(branch):
                heapq.heappush(heap, (-child.solved.bound, -next(order), child))

    def explore(self, steps: int) -> list[list[Turn]]:
        """Searches one part after the other for some steps, without raising.

        Returns:
            The ways to what is left, in the order of the tree: few parts, which no small one is among, since a part
            that was just begun is left as a whole.
        """
        while not self.root.is_done:
            try:
                with part_of_time(1e9, steps) as clock:
                    self._explore()
                break
            except OutOfBudget:
                if clock.taken <= steps:
                    raise
            if self.root.below:
                return self._left(steps // LOST)
            steps *= 2
        return []

    def _explore(self) -> None:
        pending = [self.root]
        while pending and self.point is None:
            tick("boxes")
            branch = pending.pop()
            if branch.solved.bound > self._cutoff() and not self._leaf(branch).is_decided:
                for part in reversed(self._split(branch)):
                    part.is_closed = part.solved.bound <= self._cutoff()
                    pending += [] if part.is_closed else [part]
                continue
            if branch.solved.bound > self._cutoff():
                self._settle(branch)
            branch.is_closed = True

    def _left(self, most: int) -> list[list[Turn]]:
        """Leaves what is not done, and with it the part that was being searched, of so many branches at most."""
        branch, way, later = self.root, list[Turn](), list[list[Turn]]()
        while branch is self.root or branch.looked_at > most:
            assert branch.by is not None
            hinge = branch.by.get("hinge")
            first, *others = (i for i, part in enumerate(branch.below) if not part.is_done)
            for i in others:
                branch.below[i].leave()
            later = [[*way, (hinge, i)] for i in others] + later
            branch, way = branch.below[first], [*way, (hinge, first)]
        branch.leave()
        return [way, *later]

    def _cutoff(self) -> float:
        if not self.known:
            return -np.inf
        threshold = approximate(self.threshold)
        return threshold + TIE * (self.question.floats.part_unit + abs(threshold))

    def _fresh(self, node: Node, known: Known | None = None) -> Branch:
        """A branch with bounds of its own, or with those that are known of it."""
        ranges, lemmas = ranges_by_substitution(node) if known is None else known
        used = set(node.question.used)
        lemmas = [lemma for lemma in lemmas if lemma["hinge"] in used]
        node = node.with_ranges({k: ends for k, ends in ranges.items() if k in used})
        return self._solved(node, Program(node), lemmas)

    def _solved(self, node: Node, program: Program, lemmas: Sequence[dict] = ()) -> Branch:
        solved = program.solve(node)
        if np.isfinite(solved.bound):
            self._look(node.question, solved.x)
        return Branch(node, program, solved, list(lemmas))

    def _look(self, question: Question, x: np.ndarray) -> None:
        """Evaluates a proposed point exactly if floats say that it is worth it."""
        _, values = self.question.floats.run(x)
        least, tie = float(values.min(initial=np.inf)), TIE * self.question.floats.part_unit
        if self.known and least <= approximate(self.threshold) - tie:
            return
        if self.raising:
            if not self.known or least > self._cutoff():
                for point in self._near(question, x):
                    self.offer(point)
        elif least >= -tie:
            for point in self._near(question, x):
                self.offer(point)
                if self.point is not None:
                    break

    def _near(self, question: Question, x: np.ndarray) -> Iterator[Point]:
        yield from rounded(question, x)
        tight = vertex(question, x)
        if tight is not None:
            yield tight

    def offer(self, point: Point) -> None:
        """Takes a point of the polyhedron if it is better than what is known."""
        values = values_at(self.question, point)
        if self.raising:
            (value,) = values
            if not self.known or value > self.threshold:
                self.threshold, self.point, self.known = value, point, True
        elif all(
            part.holds((v > self.threshold) - (v < self.threshold))
            for part, v in zip(self.question.parts, values, strict=True)
        ):
            self.point = point

    def _split(self, branch: Branch) -> tuple[Branch, ...]:
        """Divides a branch: by a cut through inputs where these are few and hinges many, else by a hinge."""
        node = branch.node
        cut = None if node.decided or len(branch.program.open) <= CUT_OPEN * self.question.n else _cut(branch)
        if cut is not None:
            branch.by = {"cut": form_to_json(cut)}
            branch.below = (self._fresh(node.cut(cut)), self._fresh(node.cut(-cut)))
            return branch.below
        gaps = branch.solved.gaps
        open_ones = (k for k in self.question.used if node.state(k) is None)
        hinge = max(gaps, key=lambda k: gaps[k]) if gaps else next(open_ones)
        branch.by = {"hinge": hinge}
        branch.below = tuple(self._solved(node.decide(hinge, on), branch.program) for on in (True, False))
        return branch.below

    # The proof of the leaves

    def descend(self, way: Sequence[Turn]) -> None:
        """Goes on in one part of the tree alone, to which there are so many turns."""
        for hinge, number in way:
            if hinge is None:  # inputs are only cut before any hinge is decided
                cut = _cut(self.root)
                assert cut is not None
                self.root = self._fresh(self.root.node.cut((cut, -cut)[number]))
        turns, node = [(hinge, number) for hinge, number in way if hinge is not None], self.root.node
        for hinge, number in turns:
            node = node.decide(hinge, number == 0)
        if turns:
            self.root = self._solved(node, self.root.program)

    def evidence(self) -> list[dict] | None:
        """Proves every leaf; a point that turns up instead stands in ``self.point`` (or raises the threshold)."""
        found = self.segments()
        return None if found is None else found[0]

    def segments(self) -> list[list[dict]] | None:
        """The same of a tree of which parts are left: what comes before, between and after them."""
        leaves = [branch for branch in self.root.preorder() if branch.by is None and not branch.is_left]
        while leaves:
            tick("leaves")
            branch = leaves.pop()
            if branch.facts is None and not self._settle(branch):
                if self.point is not None and not self.raising:
                    return None
                leaves += self._split(branch)
        trees: list[list[dict]] = [[]]
        for branch in self.root.preorder():
            if branch.is_left:
                trees.append([])
                continue
            trees[-1] += [{"lemmas": branch.lemmas}] if branch.lemmas else []
            trees[-1].append({"leaf": branch.facts} if branch.by is None else branch.by)
        return trees

    def _settle(self, branch: Branch) -> bool:
        """Proves a leaf, by what floats proposed or exactly; False where hinges have to be split first."""
        branch.facts = self._leaf(branch).proposed()
        if branch.facts is not None:
            return True
        found = self._leaf(branch).exactly()
        if isinstance(found, list):
            branch.facts = found
        elif found is not None and self._leaf(branch).is_decided:
            self.offer(self._leaf(branch).highest() if self.raising else found)
            if self.raising:
                found = self._leaf(branch).exactly()
                assert isinstance(found, list), "nothing is above the highest point"
                branch.facts = found
        return branch.facts is not None

    def certified(self) -> tuple[fmpq, list[dict]] | None:
        """Returns a number that the only part does not exceed, exactly, and the tree as it is, which shows that.

        As many nodes are bounded as there is time for, and for a check after that: those that floats say matter most
        are opened.

        Returns:
            The number, and the evidence of every larger threshold as well; None for no bound.
        """
        started = time.monotonic()
        allowed = BOUNDED * seconds_left(PATIENCE)
        whole = self._cut_back(frozenset())
        end = started + allowed
        allowed = int(allowed / (time.monotonic() - started + 1e-4))
        frontier, opened = [(-self.root.solved.bound, 0, self.root)], set[int]()
        for order in range(1, 2 * allowed, 2):
            if not frontier[0][2].below or len(frontier) >= allowed:
                break
            _, _, branch = heapq.heappop(frontier)
            opened.add(id(branch))
            for i, child in enumerate(branch.below):
                heapq.heappush(frontier, (-child.solved.bound, order + i, child))
        return self._cut_back(opened, end) or whole

    def _cut_back(self, opened: AbstractSet[int], end: float = np.inf) -> tuple[fmpq, list[dict]] | None:
        """Bounds the part by the tree of the branches that are opened, until some time; None where a leaf has none."""
        most, tree, pending = None, list[dict](), [self.root]
        while pending:
            branch = pending.pop()
            tree += [{"lemmas": branch.lemmas}] if branch.lemmas else []
            if id(branch) in opened and time.monotonic() < end:
                assert branch.by is not None
                tree.append(branch.by)
                pending += reversed(branch.below)
                continue
            empty = self._leaf(branch).proposed() if branch.solved.bound == -np.inf else None
            if empty is None:
                found = upper(branch.node, self.question.parts[0].form, branch.solved.slopes)
                if found is None:
                    return None
                most = found[0] if most is None else max(most, found[0], key=lambda v: v)
                empty = [["part", 0, "1"], *found[1]]
            tree.append({"leaf": empty})
        return None if most is None else (most, tree)

    def _leaf(self, branch: Branch) -> Leaf:
        """A branch, and that the parts do not exceed the threshold there."""
        parts = [Relation(part.form.shift(-self.threshold), part.op) for part in self.question.parts]
        return Leaf(branch.node, branch.solved, parts)


def _cut(branch: Branch) -> Form | None:
    """Halves the input that moves open hinges most; None where there are too many inputs, or one is not bounded."""
    question, program = branch.node.question, branch.program
    if question.n > CUT_INPUTS or any(None in ends for ends in question.box):
        return None
    floats = question.floats
    rows = floats.matrix[[floats.position[k] for k in program.open], : question.n]
    widths = [approximate(high[0] - low[0]) for low, high in question.box if low is not None and high is not None]
    shares = np.array(widths) / floats.units
    if not (np.isfinite(rows).all() and np.isfinite(shares).all()):
        return None
    v = int((np.abs(rows).sum(axis=0) * shares).argmax())
    low, high = question.box[v]
    assert low is not None
    assert high is not None
    middle = floats.shortened(v, (approximate(low[0]) + approximate(high[0])) / 2 / floats.units[v], 30)
    halfway = (low[0] + high[0]) / 2
    return Form({v: ONE}, -(middle if low[0] < middle < high[0] else halfway))
