"""The two sides of a claim in one cell: graphs, and the gates that the way to the cell, or its constraints, decided."""

from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.checker.data import Rejected, require
from relucirc.checker.linear import ONE, UNIT, ZERO, Linear, affine, constant, mix, replace
from relucirc.core.graph import Graph, Guard, MaxGate

Constraint = tuple[Linear, str]
"""A form over the inputs, and ``>``, ``>=`` or ``==``; :func:`constraint` makes it."""


def read(source: Any) -> Linear:
    """Returns one of a graph's forms, or of a domain's."""
    return affine((*source.terms.items(), (UNIT, source.const)))


def constraint(form: Linear, op: str, factor: fmpq = ONE, plus: fmpq = ZERO) -> Constraint:
    """Returns ``factor * form + plus op 0``."""
    return mix(((factor, form), (plus, {UNIT: ONE}))), op


@dataclass(frozen=True)
class Side:
    """One graph, and the gates that the path to this cell has decided."""

    graph: Graph
    decided: dict[int, Linear]

    def linear(self, source: Any) -> Linear:
        """Returns one of the graph's forms with decided gates replaced."""
        linear = read(source)
        while self.decided and any(v in self.decided for v in linear):  # a decided value may name a gate decided later
            linear = replace(linear, self.decided)
        return linear

    def maximum(self, k: int) -> MaxGate:
        """Returns a gate that is a maximum."""
        gate = self.graph.gates[k]
        if not isinstance(gate, MaxGate):
            raise Rejected(f"gate {k} is no maximum")
        return gate


def selected(side: Side, constraints: list[Constraint], *, stop: bool = False) -> Side:
    """Decides select gates in order, from the signs that the constraints fix.

    Rejects where they leave one open; with ``stop``, what comes after that one is left undecided.
    """
    if all(isinstance(gate, MaxGate) for gate in side.graph.gates):
        return side
    known, decided = _possible_signs(constraints), dict(side.decided)
    for k, gate in enumerate(side.graph.gates):
        v = len(side.graph.inputs) + k
        if isinstance(gate, MaxGate) or v in decided:
            continue
        current = Side(side.graph, decided)
        for guard, branch in gate.branches:
            truth = _truth(guard, current, known)
            if truth is None and stop:
                return current
            require(truth is not None, f"the cell does not decide gate {k}")
            if truth:
                decided = {**decided, v: current.linear(branch)}
                break
    return Side(side.graph, decided)


def _truth(guard: Guard, side: Side, known: dict[tuple, set[int]]) -> bool | None:
    if guard.relation is not None:
        target = side.linear(guard.relation.form)
        fixed = constant(target)
        signs = known.get(_ray(target), {-1, 0, 1}) if fixed is None else {(fixed > 0) - (fixed < 0)}
        answers = {{">": sign > 0, ">=": sign >= 0, "==": sign == 0}[guard.relation.op] for sign in signs}
        return answers.pop() if len(answers) == 1 else None
    parts = [_truth(part, side, known) for part in guard.parts]
    if guard.kind == "not":
        return None if parts[0] is None else not parts[0]
    if guard.kind == "and":
        return False if False in parts else None if None in parts else True
    if guard.kind == "or":
        return True if True in parts else None if None in parts else False
    require(guard.kind in ("true", "false"), f"a guard of unknown kind {guard.kind!r:.20}")
    return guard.kind == "true"


def _possible_signs(constraints: list[Constraint]) -> dict[tuple, set[int]]:
    """The signs that the constraints leave to a form and to all its positive multiples."""
    possible: dict[tuple, set[int]] = {}
    for known, op in constraints:
        for sign in (1, -1):
            ray = _ray({v: sign * c for v, c in known.items()})
            allowed = {">": {sign}, ">=": {0, sign}, "==": {0}}[op]
            possible[ray] = possible.get(ray, {-1, 0, 1}) & allowed
    return possible


def _ray(form: Linear) -> tuple:
    """The same for all positive multiples of a form, and for no other form."""
    size = abs(form[min(form)]) if form else ONE
    return tuple([(v, int(ratio.p), int(ratio.q)) for v, ratio in sorted((u, c / size) for u, c in form.items())])
