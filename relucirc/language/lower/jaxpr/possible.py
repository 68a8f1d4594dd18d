"""Whether conditions can hold together at some real input.

One relation after the other is taken to hold or not to, until the conditions are decided; a system of affine
relations on the way is left where multipliers, checked here, show that it has no solution.  The variable of a
maximum is at least both sides; in the end it is one of them, and the variable of a choice one of its branches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Gate, Guard, MaxGate, Relation

MAX_SYSTEMS = 400
"""Most systems that are decided before the answer is yes, for lack of a better one."""

Literal = tuple[Guard, bool]


def possible(literals: Sequence[Literal], gates: Sequence[Gate], inputs: int) -> bool:
    """Returns whether guards can have some truth values together; True also where that is not found out.

    Args:
        literals: Guards, and the truth value of each.
        gates: What the variables from ``inputs`` on are.
        inputs: How many variables are inputs.
    """
    first = [relation for guard, _ in literals for relation in guard.relations()]
    states = [_State(tuple(sorted(literals, key=_length)), {}, tuple(_above(first, gates, inputs)), frozenset())]
    for _ in range(MAX_SYSTEMS):
        if not states:
            return False
        state = states.pop()
        if _refuted(state.system):
            continue
        unknown, refuted = state.open_relation()
        if refuted:
            continue
        if unknown is not None:
            states += state.decided(unknown)
            continue
        seen = _variables(state.system)
        gate = next((v for v in seen if v not in state.opened and 0 <= v - inputs < len(gates)), None)
        if gate is None:
            return True
        for literals_there, system in _sides(gate, gates[gate - inputs]):
            states.append(
                _State((*state.literals, *literals_there), state.known, (*state.system, *system), state.opened | {gate})
            )
    return True


@dataclass(frozen=True)
class _State:
    """What is asked, which relations are taken to hold or not, the system they make, and the gates looked into."""

    literals: tuple[Literal, ...]
    known: dict[Relation, bool]
    system: tuple[Relation, ...]
    opened: frozenset[int]

    def open_relation(self) -> tuple[Relation | None, bool]:
        """Returns a relation that matters and is open, or None; and whether some literal has the other truth value."""
        unknown = None
        for guard, truth in self.literals:
            value = guard.decide(self.known.get)
            if value is not None and value != truth:
                return None, True
            if value is None and unknown is None:
                unknown = next(r for r in guard.relations() if r not in self.known)
        return unknown, False

    def decided(self, relation: Relation) -> "Iterator[_State]":
        """Yields the states in which a relation holds, and in which it does not."""
        form, op = relation.form, relation.op
        ways = [(True, relation)]
        if op == "==":
            ways += [(False, Relation(form, ">")), (False, Relation(-form, ">"))]
        else:
            ways += [(False, Relation(-form, ">=" if op == ">" else ">"))]
        for truth, system in ways:
            yield _State(self.literals, {**self.known, relation: truth}, (*self.system, system), self.opened)


def _length(literal: Literal) -> int:
    return len(literal[0].relations())


def _above(relations: Sequence[Relation], gates: Sequence[Gate], inputs: int) -> Iterator[Relation]:
    """Yields, for every maximum that relations read, that it is at least both sides."""
    stack, seen = [v for relation in relations for v in relation.form.terms], set()
    while stack:
        v = stack.pop()
        gate = gates[v - inputs] if 0 <= v - inputs < len(gates) and v not in seen else None
        seen.add(v)
        if isinstance(gate, MaxGate):
            for side in (gate.left, gate.right):
                yield Relation(Form.variable(v) - side, ">=")
                stack += side.terms


def _sides(v: int, gate: Gate) -> Iterator[tuple[list[Literal], list[Relation]]]:
    """Yields what holds where a gate takes one of its sides."""
    variable = Form.variable(v)
    if isinstance(gate, MaxGate):
        for side, other in ((gate.left, gate.right), (gate.right, gate.left)):
            yield [], [Relation(variable - side, "=="), Relation(side - other, ">=")]
        return
    for k, (guard, form) in enumerate(gate.branches):
        before = [(earlier, False) for earlier, _ in gate.branches[:k]]
        yield [*before, (guard, True)], [Relation(variable - form, "==")]


def _variables(relations: Sequence[Relation]) -> list[int]:
    return sorted({v for relation in relations for v in relation.form.terms}, reverse=True)


def _refuted(system: Sequence[Relation]) -> bool:
    """Whether a combination of the relations is absurd: a constant that is negative, or zero and to be positive."""
    number = {v: k for k, v in enumerate(_variables(system))}
    moved = [
        Relation(Form({number[v]: c for v, c in relation.form.terms.items()}, relation.form.const), relation.op)
        for relation in system
    ]
    multipliers = feasibility(moved, len(number)).multipliers
    if multipliers is None:
        return False
    total = combine([(m, relation.form) for m, relation in zip(multipliers, system, strict=True)])
    signs = all(m >= 0 for m, relation in zip(multipliers, system, strict=True) if relation.op != "==")
    strict = any(m > 0 and relation.op == ">" for m, relation in zip(multipliers, system, strict=True))
    return signs and total.is_constant and (total.const < 0 or (total.const == 0 and strict))
