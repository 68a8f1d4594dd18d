"""Branch and bound: floats search best first, and then every leaf is proved exactly, or split further."""

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from flint import fmpq

from relucirc.core.budget import seconds_left, tick
from relucirc.core.exact import ONE, ZERO, approximate, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine, form_to_json
from relucirc.core.graph import Relation
from relucirc.core.rows import solve_rows
from relucirc.proof.bounding.attained import Point, rounded, values_at, vertex
from relucirc.proof.bounding.evidence import Facts, Node, ranges_by_substitution, upper
from relucirc.proof.bounding.program import Program, Solved
from relucirc.proof.bounding.question import Question, short

PATIENCE = 60.0
"""Most seconds spent on bounds that are not final."""
TIE = 1e-7
"""Bounds this near, relatively, are told apart exactly."""


CUT_INPUTS = 3
"""Most inputs that are cut; with more, only hinges are."""
CUT_OPEN = 8
"""Open hinges for each input above which it is cut."""


class Unbounded(Exception):
    """What is raised has no largest value: it grows for ever in a direction."""


@dataclass
class Branch:
    """A node of the tree; a leaf as long as it is not divided, by a hinge or a cut through inputs."""

    node: Node
    program: Program
    solved: Solved
    lemmas: list[dict] = field(default_factory=list)
    by: dict | None = None
    below: "tuple[Branch, ...]" = ()
    facts: Facts | None = None


class Search:
    """Where all parts of a question hold, or why nowhere; or how large the least part gets.

    Args:
        question: What is asked.
        raising: Whether the threshold is raised to the largest value of the (only) part that is attained, to end
            with its maximum.  Otherwise a point where all parts hold ends the search.
        threshold: Where it starts, if something is known.

    Attributes:
        threshold: What the parts do not exceed together where the search has been.
        point: A point that attains the threshold; where all parts hold, without raising.
        bound: What the parts do not exceed together, in floats.
    """

    def __init__(self, question: Question, *, raising: bool = False, threshold: fmpq | None = None) -> None:
        self.question, self.raising = question, raising
        self.known = threshold is not None or not raising
        self.threshold: fmpq = ZERO if threshold is None else threshold
        self.point: Point | None = None
        self.root = self._fresh(Node(question))
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
            if self._is_decided(branch.node):
                self._settle(branch)
                continue
            for child in self._split(branch):
                heapq.heappush(heap, (-child.solved.bound, -next(order), child))

    def _cutoff(self) -> float:
        if not self.known:
            return -np.inf
        threshold = approximate(self.threshold)
        return threshold + TIE * (1.0 + abs(threshold))

    def _fresh(self, node: Node) -> Branch:
        """A branch with bounds of its own."""
        ranges, lemmas = ranges_by_substitution(node)
        node = node.with_ranges(ranges)
        return self._solved(node, Program(node), lemmas)

    def _solved(self, node: Node, program: Program, lemmas: Sequence[dict] = ()) -> Branch:
        solved = program.solve(node)
        if np.isfinite(solved.bound):
            self._look(node.question, solved.x)
        return Branch(node, program, solved, list(lemmas))

    def _look(self, question: Question, x: np.ndarray) -> None:
        """Evaluates a proposed point exactly if floats say that it is worth it."""
        _, values = self.question.floats.run(x)
        least = float(values.min(initial=np.inf))
        if self.known and least <= approximate(self.threshold) - TIE:
            return
        if self.raising:
            if not self.known or least > self._cutoff():
                for point in self._near(question, x):
                    self.offer(point)
        elif least >= -TIE:
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

    def evidence(self) -> list[dict] | None:
        """Proves every leaf; a point that turns up instead stands in ``self.point`` (or raises the threshold)."""
        leaves = [branch for branch in self._preorder() if branch.by is None]
        while leaves:
            tick("leaves")
            branch = leaves.pop()
            if branch.facts is None and not self._settle(branch):
                if self.point is not None and not self.raising:
                    return None
                leaves += self._split(branch)
        tree: list[dict] = []
        for branch in self._preorder():
            tree += [{"lemmas": branch.lemmas}] if branch.lemmas else []
            tree.append({"leaf": branch.facts} if branch.by is None else branch.by)
        return tree

    def _preorder(self) -> Iterator[Branch]:
        pending = [self.root]
        while pending:
            branch = pending.pop()
            yield branch
            pending += reversed(branch.below)

    def _settle(self, branch: Branch) -> bool:
        """Proves a leaf, by what floats proposed or exactly; False where hinges have to be split first."""
        branch.facts = self._proposed(branch)
        if branch.facts is not None:
            return True
        found = self._exactly(branch)
        if isinstance(found, list):
            branch.facts = found
        elif found is not None and self._is_decided(branch.node):
            self.offer(self._highest(branch.node) if self.raising else found)
            if self.raising:
                found = self._exactly(branch)
                assert isinstance(found, list), "nothing is above the highest point"
                branch.facts = found
        return branch.facts is not None

    def _highest(self, node: Node) -> Point:
        """Where the part is largest on a node that has points, and hinges that are all decided.

        A point x and multipliers m with ``part + sum m_i fact_i`` constant, and no larger than the part at x.

        Raises:
            Unbounded: Where the part grows along a direction of the node.
        """
        n, system = self.question.n, self._system(node)
        part = system.pop(("part", 0)).form
        multipliers = {n + i: fact for i, fact in enumerate(system.values())}
        relations = [*system.values()]
        relations += [Relation(Form.variable(v), ">=") for v, fact in multipliers.items() if fact.op != "=="]
        for v in range(n):
            gradient = Form({m: c for m, fact in multipliers.items() if (c := fact.form.coefficient(v))})
            relations.append(Relation(gradient.shift(part.coefficient(v)), "=="))
        most = Form({m: fact.form.const for m, fact in multipliers.items() if fact.form.const})
        relations.append(Relation(Form(part.terms) - most, ">="))
        point = feasibility(relations, n + len(multipliers)).point
        if point is None:
            raise Unbounded
        return tuple(point[:n])

    def certified(self) -> fmpq | None:
        """Returns a number that the only part does not exceed, exactly, from the tree as it is; None for no bound.

        As many nodes are bounded as there is time for: those that floats say matter most are opened.
        """
        started = time.monotonic()
        most = self._above(self.root)
        allowed = int(0.8 * seconds_left(PATIENCE) / (time.monotonic() - started + 1e-4))
        frontier = [(-self.root.solved.bound, 0, self.root)]
        for order in range(1, 2 * allowed, 2):
            if not frontier[0][2].below:
                break
            _, _, branch = heapq.heappop(frontier)
            for i, child in enumerate(branch.below):
                heapq.heappush(frontier, (-child.solved.bound, order + i, child))
            if len(frontier) >= allowed:
                break
        bounds = [self._above(branch) for _, _, branch in frontier if not self._is_empty(branch)]
        known = [bound for bound in bounds if bound is not None]
        return most if len(known) < len(bounds) or not known else max(known, key=lambda v: v)

    def _is_empty(self, branch: Branch) -> bool:
        """Whether a branch is shown to have no point."""
        return branch.solved.bound == -np.inf and self._proposed(branch) is not None

    def _above(self, branch: Branch) -> fmpq | None:
        """What the only part does not exceed on a branch."""
        found = upper(branch.node, self.question.parts[0].form, branch.solved.slopes)
        return None if found is None else found[0]

    def _is_decided(self, node: Node) -> bool:
        return all(node.state(k) is not None for k in self.question.used)

    def _parts(self) -> list[Relation]:
        return [Relation(part.form.shift(-self.threshold), part.op) for part in self.question.parts]

    def _proposed(self, branch: Branch) -> Facts | None:
        """A combination with the slopes that the linear program ends with."""
        solved, parts = branch.solved, self._parts()
        if solved.bound == np.inf:
            return None
        total = float(solved.weights.sum())
        if solved.bound == -np.inf:
            found = upper(branch.node, Form(), solved.slopes)
            return found[1] if found is not None and found[0] < 0 else None
        if len(parts) == 1:
            weights = [ONE]
        elif total > 0:
            weights = [short(w / total, 20) for w in solved.weights.tolist()]
        else:
            return None
        if not any(weights) or any(part.op == "==" for part in parts):
            return None
        used = [(w, j) for j, w in enumerate(weights) if w > 0]
        found = upper(branch.node, combine((w, parts[j].form) for w, j in used), solved.slopes)
        if found is None:
            return None
        facts = [["part", j, text(w)] for w, j in used] + found[1]
        strict = any(parts[j].op == ">" for _, j in used)
        return facts if found[0] < 0 or (found[0] == 0 and strict) else None

    def _exactly(self, branch: Branch) -> Facts | Point | None:
        """Decides the relaxation of a node over the rationals: facts that contradict each other, or a point."""
        node, solved = branch.node, branch.solved
        system = self._system(node)
        if solved.support:
            facts = self._on_support(node, system, solved.support)
            if facts is not None:
                return facts
            if not self._is_decided(node):
                return None
        names = list(system)
        width = 1 + max((v for r in system.values() for v in r.form.terms), default=0)
        answer = feasibility([system[name] for name in names], max(width, self.question.n))
        if answer.point is not None:
            return tuple(answer.point[: self.question.n])
        assert answer.multipliers is not None
        found = [(name, m) for name, m in zip(names, answer.multipliers, strict=True) if m]
        return self._written(node, found)

    def _on_support(self, node: Node, system: dict, support: Sequence[tuple[str, int]]) -> Facts | None:
        """Solves for the multipliers of the facts that are tight in the linear program."""
        kept = [name for name in support if name in system]
        # the variables cancel, and the multipliers of the parts add up to 1; or the first multiplier is 1 without any
        scaled = [name for name in kept if name[0] == "part"] or kept[:1]
        forms = [system[name].form for name in kept]
        columns = sorted({v for form in forms for v in form.terms})
        ends = [ONE if name in scaled else ZERO for name in kept]
        rows = [[*map(form.coefficient, columns), end] for form, end in zip(forms, ends, strict=True)]
        solution = solve_rows([*[ZERO] * len(columns), ONE], rows)
        if solution is None:
            return None
        found = [(name, m) for name, m in zip(kept, solution, strict=True) if m]
        if any(m < 0 and system[name].op != "==" for name, m in found):
            return None
        rest = sum((m * system[name].form.const for name, m in found), start=ZERO)
        strict = any(system[name].op == ">" for name, _ in found)
        return self._written(node, found) if rest < 0 or (rest == 0 and strict) else None

    def _system(self, node: Node) -> dict[tuple[str, int], Relation]:
        """All that is known at a node, over inputs and open hinges, by the names of the facts."""
        n, values, opened = self.question.n, dict[int, Form](), count(self.question.n)
        system = {("constraint", i): relation for i, relation in enumerate(node.question.constraints)}
        for k in self.question.used:
            state, names = node.state(k), []
            if k in node.decided:
                names.append("active" if state else "inactive")
            if state is None:
                values[n + k] = Form.variable(next(opened))
                names += ["zero", "line"] + ["chord"] * (None not in node.ranges.get(k, (None, None)))
            for name in names:
                system[name, k] = Relation(_fact(node, name, k).substitute(values.get), ">=")
            if state is not None:
                values[n + k] = self.question.argument(k).substitute(values.get) if state else Form()
        for j, part in enumerate(self._parts()):
            system["part", j] = Relation(part.form.substitute(values.get), part.op)
        return system

    def _written(self, node: Node, found: Sequence[tuple[tuple[str, int], fmpq]]) -> Facts:
        """Facts with their multipliers, and what takes decided hinges out of their combination."""
        return [[*name, text(m)] for name, m in found] + self._decided_away(node, found)

    def _decided_away(self, node: Node, found: Sequence[tuple[tuple[str, int], fmpq]]) -> Facts:
        """What takes decided hinges out of a combination."""
        parts = self._parts()
        forms = [
            (m, parts[i].form if kind == "part" else _fact(node, kind, i))
            for (kind, i), m in found
            if kind != "constraint"
        ]
        total, more = combine(forms), Facts()
        for k in reversed(self.question.used):
            state, c = node.state(k), total.coefficient(self.question.n + k)
            if state is None or not c:
                continue
            name = (("on", "line") if state else ("off", "zero"))[c < 0]
            more.append([name, k, text(abs(c))])
            total = total + _fact(node, name, k).scale(abs(c))
        return more


def _fact(node: Node, kind: str, k: int) -> Form:
    """What is known of a hinge to be ``>= 0``, by its kind."""
    hinge, argument = Form.variable(node.question.n + k), node.question.argument(k)
    if kind in ("zero", "off"):
        return hinge if kind == "zero" else -hinge
    if kind in ("line", "on"):
        return hinge - argument if kind == "line" else argument - hinge
    if kind in ("active", "inactive"):
        return argument if kind == "active" else -argument
    low, high = node.ranges[k]
    assert low is not None
    assert high is not None
    return combine(((high, argument.shift(-low)), (low - high, hinge)))


def _cut(branch: Branch) -> Form | None:
    """Halves the input that moves open hinges most; None where there are too many inputs, or one is not bounded."""
    question, program = branch.node.question, branch.program
    if question.n > CUT_INPUTS or any(None in ends for ends in question.box):
        return None
    floats = question.floats
    rows = floats.matrix[[floats.position[k] for k in program.open], : question.n]
    widths = [approximate(high[0] - low[0]) for low, high in question.box if low is not None and high is not None]
    if not (np.isfinite(rows).all() and np.isfinite(widths).all()):
        return None
    v = int((np.abs(rows).sum(axis=0) * np.array(widths)).argmax())
    low, high = question.box[v]
    assert low is not None
    assert high is not None
    middle, halfway = short((approximate(low[0]) + approximate(high[0])) / 2, 30), (low[0] + high[0]) / 2
    return Form({v: ONE}, -(middle if low[0] < middle < high[0] else halfway))
