"""Cases: a claim about guarded formulas becomes claims about continuous ones on polyhedra.

A Piecewise formula may be discontinuous.  Its guards cut the domain into relatively open cells on
which one branch holds; network and branch are continuous, so they agree on a non-empty cell iff
they agree on its closure.  The cells form a splitting tree: two ways at a relation that a guard
needs (``form > 0``, and the rest), two ways at a max-gate that a guard depends on, and leaves that are
empty (with multipliers) or a :class:`Case`.  Where inputs take integer values only, a form with whole
coefficients over them may cut a cell between two integers (branch and bound).
"""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.exact import sign_of
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, Key, form_to_json
from relucirc.core.graph import Graph, MaxGate, Relation, SelectGate
from relucirc.geometry.chart import Chart, chart_of, sparse
from relucirc.geometry.lattice import Cut, Lattice, lattice_of
from relucirc.proof.problem import Problem

SIDES = ("left", "right")
FRAMES = 3600
"""Python frames for nested cells: some 900 levels, as deep as ``json`` writes and reads."""
Point = tuple[fmpq, ...]


@dataclass(frozen=True)
class Case:
    """A cell and the continuous problem on it.

    Attributes:
        relations: What defines the cell over the original inputs.
        inside: A point of the cell.
        chart: Coordinates in which it has interior.
        problem: The two sides in these coordinates.
        lattice: The integer points of the cell's affine hull.
    """

    relations: tuple[Relation, ...]
    inside: tuple[fmpq, ...]
    chart: Chart
    problem: Problem
    lattice: Lattice

    def contains(self, point: Sequence[fmpq]) -> bool:
        """Whether a point satisfies all relations, strict ones included."""
        return all(r.holds(sign_of(r.form.evaluate(point))) for r in self.relations)

    def pull_inside(self, point: Sequence[fmpq], is_witness: Callable[[Sequence[fmpq]], bool]) -> tuple[fmpq, ...]:
        """Moves a witness in the closure into the cell itself, by continuity."""
        share = fmpq(1)
        while True:
            moved = tuple(share * a + (1 - share) * b for a, b in zip(point, self.inside, strict=True))
            if self.contains(moved) and is_witness(moved):
                return moved
            share = fmpq(1) - (1 - share) / 2 if share != 1 else fmpq(1, 2)


@dataclass(frozen=True)
class _Side:
    """A graph with some gates decided: their values as forms over inputs and open gates.

    ``passed`` counts the branches of the first open select that are known not to hold.
    """

    graph: Graph
    decided: dict[int, Form]
    passed: int = 0

    def resolve(self, form: Form) -> Form:
        """Replaces decided gates."""
        while any(v in self.decided for v in form.terms):
            form = form.substitute(self.decided.get)
        return form

    def decide(self, v: int, form: Form) -> "_Side":
        return _Side(self.graph, {**self.decided, v: self.resolve(form)})

    def finished(self) -> Graph:
        """The graph of max-gates alone; decided gates are replaced, numbers close up."""
        if not self.decided and all(isinstance(gate, MaxGate) for gate in self.graph.gates):
            return self.graph
        n = len(self.graph.inputs)
        number: dict[int, Form] = {}
        gates = []
        for k, gate in enumerate(self.graph.gates):
            if n + k in self.decided:
                continue
            assert isinstance(gate, MaxGate)
            left, right = (self.resolve(f).substitute(number.get) for f in (gate.left, gate.right))
            number[n + k] = Form.variable(n + len(gates))
            gates.append(MaxGate(left, right))
        outputs = tuple(self.resolve(form).substitute(number.get) for form in self.graph.outputs)
        return Graph(self.graph.inputs, tuple(gates), outputs)


class Solver:
    """Walks the cells of a claim and asks ``solve`` about each; stops at the first that is not proved.

    Args:
        solve: Returns certificate data for a case; a cut between integers, or a point to cut the cell at; or
            None to stop.
        budget: Asked at every cell.
        integers: The inputs that take integer values only.
    """

    def __init__(
        self,
        solve: Callable[[Case], "dict | Cut | Point | None"],
        budget: Budget,
        integers: frozenset[int] = frozenset(),
    ) -> None:
        self.solve = solve
        self.budget = budget
        self.integers = integers

    def run(self, left: Graph, right: Graph, relations: Sequence[Relation]) -> dict | None:
        """Returns the tree of proofs, or None when a case was not proved."""
        with _recursion_limit(FRAMES):
            return self._cell((_Side(left, {}), _Side(right, {})), tuple(relations))

    def _cell(self, sides: tuple[_Side, _Side], relations: tuple[Relation, ...]) -> dict | None:
        """Proves one cell, or that it is empty."""
        self.budget.step("cells")
        answer = feasibility(relations, len(sides[0].graph.inputs))
        if answer.point is None:
            assert answer.multipliers is not None
            return {"empty": sparse(answer.multipliers)}
        return self._non_empty(sides, relations, answer.point)

    def _non_empty(self, sides: tuple[_Side, _Side], relations: tuple[Relation, ...], inside: Point) -> dict | None:
        for i, side in enumerate(sides):
            for k, gate in enumerate(side.graph.gates):
                v = len(side.graph.inputs) + k
                if isinstance(gate, SelectGate) and v not in side.decided:
                    return self._select(sides, i, v, gate, relations, inside)
        chart = chart_of(relations, len(sides[0].graph.inputs))
        lattice = lattice_of(chart.forms, self.integers)
        if lattice.gap is not None:
            return self._cut(sides, lattice.gap, relations)
        left, right = (chart.pull(side.finished()) for side in sides)
        problem = Problem(left, right, chart.constraints, chart.interior)
        proof = self.solve(Case(relations, inside, chart, problem, lattice))
        if isinstance(proof, tuple):
            proof = _cut_near(lattice, proof, relations)
        if isinstance(proof, Cut):
            return self._cut(sides, proof, relations)
        return None if proof is None else {**chart.evidence, **proof}

    def _cut(self, sides: tuple[_Side, _Side], cut: Cut, relations: tuple[Relation, ...]) -> dict | None:
        """Cuts between two integers."""
        node: dict = {"integer": form_to_json(cut.form), "at": str(cut.at)}
        for name, relation in (("below", cut.below), ("above", cut.above)):
            proof = self._cell(sides, (*relations, relation))
            if proof is None:
                return None
            node[name] = proof
        return node

    def _select(
        self,
        sides: tuple[_Side, _Side],
        i: int,
        v: int,
        gate: SelectGate,
        relations: tuple[Relation, ...],
        inside: Point,
    ) -> dict | None:
        """Splits on what the gate's guards need, or takes the branch once they are decided."""
        side = sides[i]
        known = _known_signs(relations)

        def truth(relation: Relation) -> bool | None:
            return _truth(side.resolve(relation.form), relation.op, known)

        for passed in range(side.passed, len(gate.branches)):
            guard, branch = gate.branches[passed]
            holds = guard.decide(truth)
            if holds:
                return self._non_empty(_with(sides, i, side.decide(v, branch)), relations, inside)
            if holds is None:
                undecided = next(r for r in guard.relations() if truth(r) is None)
                form = side.resolve(undecided.form)
                if undecided.op == "==" and 1 not in known.get(_direction(form), _ANY):
                    form = -form  # the positive side is off already: split the negative one off as well
                sides = _with(sides, i, replace(side, passed=passed))
                return self._split(sides, i, form, undecided.op, relations)
        raise AssertionError("the last branch of a SelectGate is true")

    def _split(
        self, sides: tuple[_Side, _Side], i: int, form: Form, op: str, relations: tuple[Relation, ...]
    ) -> dict | None:
        """Splits where a relation begins to hold: ``form > 0`` and the rest, or ``form >= 0`` and the rest."""
        n = len(sides[i].graph.inputs)
        blocked = [v for v in form.terms if v >= n]
        if blocked:
            return self._split_gate(sides, i, min(blocked), relations)
        if op == ">=":
            form = -form
        node: dict = {"split": form_to_json(form)}
        for name, relation in (("positive", Relation(form, ">")), ("rest", Relation(-form, ">="))):
            proof = self._cell(sides, (*relations, relation))
            if proof is None:
                return None
            node[name] = proof
        return node

    def _split_gate(self, sides: tuple[_Side, _Side], i: int, v: int, relations: tuple[Relation, ...]) -> dict | None:
        side, n = sides[i], len(sides[i].graph.inputs)
        gate = side.graph.gates[v - n]
        assert isinstance(gate, MaxGate)  # selects are decided in order, so those below v are
        left, right = side.resolve(gate.left), side.resolve(gate.right)
        form = right - left
        blocked = [u for u in form.terms if u >= n]
        if blocked:
            return self._split_gate(sides, i, min(blocked), relations)
        node: dict = {"side": SIDES[i], "gate": v - n}
        for name, relation, value in (("right", Relation(form, ">="), right), ("left", Relation(-form, ">="), left)):
            proof = self._cell(_with(sides, i, side.decide(v, value)), (*relations, relation))
            if proof is None:
                return None
            node[name] = proof
        return node


def _cut_near(lattice: Lattice, point: Point, relations: Sequence[Relation]) -> Cut | None:
    """Cuts at a point that has a fractional coordinate, else where the cell is still wide."""
    values = [(form, form.evaluate(point)) for form in lattice.coordinates]
    for form, value in sorted(values, key=lambda pair: pair[1].q == 1):
        near = Cut.near(form, value)
        for cut in (near, Cut(form, near.at - 1)):
            if cut.below not in relations and cut.above not in relations:
                return cut
    return None


@contextlib.contextmanager
def _recursion_limit(least: int) -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, least))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _with(sides: tuple[_Side, _Side], i: int, side: _Side) -> tuple[_Side, _Side]:
    return (side, sides[1]) if i == 0 else (sides[0], side)


Signs = frozenset[int]
_ANY: Signs = frozenset((-1, 0, 1))
_SIGNS: dict[str, Signs] = {">": frozenset((1,)), ">=": frozenset((0, 1)), "==": frozenset((0,))}


def _known_signs(relations: Sequence[Relation]) -> dict[Key, Signs]:
    """The signs that forms may have, by their direction."""
    known: dict[Key, Signs] = {}
    for relation in relations:
        for form, signs in ((relation.form, _SIGNS[relation.op]), (-relation.form, _negated(_SIGNS[relation.op]))):
            key = _direction(form)
            known[key] = known.get(key, _ANY) & signs
    return known


@functools.lru_cache(maxsize=1 << 16)
def _direction(form: Form) -> Key:
    """The same key for all positive multiples of a form."""
    return form.primitive()[1].key


def _negated(signs: Signs) -> Signs:
    return frozenset(-sign for sign in signs)


def _truth(form: Form, op: str, known: dict[Key, Signs]) -> bool | None:
    """Truth of ``form op 0`` where its possible signs agree about it."""
    signs = {sign_of(form.const)} if form.is_constant else known.get(_direction(form), _ANY)
    if signs <= _SIGNS[op]:
        return True
    return None if signs & _SIGNS[op] else False
