"""Choices between affine forms, made continuous where they are.

*Continuous choices.* ``a if r > 0 else b`` becomes a max-gate when ``a - b = c r``: it is ``b + c relu(r)``
for any sign of c.  The difference matters on one side only, so both branches may first be simplified
there: with ``a = a'`` and ``b = b'`` on ``r >= 0`` and ``a' - b' = c r``, the choice is ``b + c relu(r)``
again.  So ReLU, leaky ReLU, clips, absolute values and soft thresholds written with ``where`` prove as
fast as with ``max``.

*Steps.* A choice between constants, such as ``x > 0`` read as 1 or 0, is a *step*.  Steps with the same
guards are one table, so that sums and other functions of them are steps again, and a step may multiply or
divide anything: the result is a choice between multiples.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

from flint import fmpq

from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.graph import GraphBuilder, Guard, MaxGate, SelectGate
from relucirc.language.lower.coverage import can_hold
from relucirc.language.lower.guards import TRUE, all_of, negation_of
from relucirc.language.lower.jaxpr.limits import FORM, Meter, NotANumber, Unsupported

Scalar = Any
"""``fmpq``, ``Form``, or a float that is infinite or NaN."""
Truth = bool | Guard
Branches = Sequence[tuple[Truth, Scalar]]
Step = tuple[tuple[Guard, fmpq], ...]

MAX_DEPTH, MAX_TERMS = 4, 24
"""How far the search for a continuous choice looks into gates."""
MAX_COMBINED = 64
"""Most branches that choices with different guards are combined to."""
MAX_BRANCHES = 4096
"""Most branches that nested steps are flattened to."""


class Choices:
    """Puts guarded choices into a graph, and meters what the reading holds and does so far."""

    def __init__(self, builder: GraphBuilder) -> None:
        self.builder = builder
        self.meter = Meter()

    def choices(self, branches: Branches) -> Scalar:
        """Returns the scalar of the first branch whose condition holds; the last one is true."""
        open_branches = [(condition, value) for condition, value in branches if condition is not False]
        end = next(k for k, (condition, _) in enumerate(open_branches) if condition is True or condition == TRUE)
        last = open_branches[end][1]
        guarded = [(guard, value) for guard, value in open_branches[:end] if isinstance(guard, Guard)]
        *guarded, (_, last) = self._defined([*guarded, (TRUE, last)])
        if all(value == last for _, value in guarded):
            return last
        return self._choice(self._flattened([*guarded, (TRUE, last)]))

    def _defined(self, branches: list[tuple[Guard, Scalar]]) -> list[tuple[Guard, Scalar]]:
        """Leaves out branches that are no number, which must be never taken."""
        for k in reversed(range(len(branches))):
            guard, value = branches[k]
            if isinstance(value, float):
                taken = all_of([*(negation_of(earlier) for earlier, _ in branches[:k]), guard])
                if can_hold(taken, self.builder.gates, len(self.builder.inputs)):
                    raise NotANumber(f"it may take the branch that is {value}")
                del branches[k]
        return [*branches[:-1], (TRUE, branches[-1][1])]

    def _choice(self, branches: Sequence[tuple[Guard, Scalar]]) -> Scalar:
        """Makes a gate for a choice, a max-gate if possible."""
        mark = len(self.builder.gates)
        result: Scalar | None = branches[-1][1]
        for guard, value in reversed(branches[:-1]):
            if result is not None:
                result = self._continuous(guard, value, result)
        if result is not None:
            return result
        del self.builder.gates[mark:]
        self.meter.hold(FORM * len(branches))
        return self.builder.select([(guard, as_form(value)) for guard, value in branches])

    def branches(self, form: Form, most: int = 0) -> list[tuple[Guard, Scalar]] | None:
        """Returns the branches of a form with choices in it: of one set of guards, or combined to ``most`` branches.

        None if there are no choices, or too many to combine.
        """
        tables: list[tuple[Guard, ...]] = []
        for v in form.variables:
            gate = self._gate(v)
            if isinstance(gate, SelectGate) and (guards := _guards(gate)) not in tables:
                tables.append(guards)
        if not tables or (len(tables) > 1 and prod(map(len, tables)) > most):
            return None
        branches: list[tuple[Guard, Scalar]] = [(TRUE, form)]
        for guards in tables:
            branches = [
                (all_of([outer, guard]), self._given(value, guards, k))
                for outer, value in branches
                for k, guard in enumerate(guards)
            ]
        return branches

    def _given(self, form: Scalar, guards: tuple[Guard, ...], k: int) -> Scalar:
        """Simplifies a form where the k-th branch is taken of choices with these guards."""
        if not isinstance(form, Form):
            return form

        def value(v: int) -> Form | None:
            gate = self._gate(v)
            return gate.branches[k][1] if isinstance(gate, SelectGate) and _guards(gate) == guards else None

        return settled(form.substitute(value))

    def as_step(self, a: Scalar) -> Step | None:
        """Returns the branches of a choice between constants; None if it is not one."""
        if isinstance(a, fmpq):
            return ((TRUE, a),)
        branches = self.branches(a, MAX_COMBINED) if isinstance(a, Form) else None
        if branches is None or not all(isinstance(value, fmpq) for _, value in branches):
            return None
        return tuple(branches)

    def at_each_step(self, step: Step, function: Any, *others: Scalar) -> Scalar:
        """Returns the choice between ``function(value, *others)`` for the values of a step."""
        guards = tuple(guard for guard, _ in step)
        return self.choices(
            [(guard, function(v, *(self._given(o, guards, k) for o in others))) for k, (guard, v) in enumerate(step)]
        )

    def map_steps(self, function: Any, *values: Scalar) -> Scalar | None:
        """Returns a function of steps with the same guards, and constants; None for anything else."""
        tables = [self.as_step(value) for value in values]
        longest = max(tables, key=lambda table: len(table or ()))
        if longest is None or len(longest) == 1:
            return None
        guards = [guard for guard, _ in longest]
        columns = []
        for table in tables:
            if table is None or (len(table) > 1 and [guard for guard, _ in table] != guards):
                return None
            column = [v for _, v in table]
            columns.append(column if len(column) > 1 else column * len(guards))
        return self.choices([(guard, function(*row)) for guard, *row in zip(guards, *columns, strict=True)])

    def range(self, form: Form) -> tuple[fmpq, fmpq]:
        """Returns bounds of a form that is made of choices between constants.

        Raises:
            Unsupported: When it is not.
        """
        step = self.as_step(form)
        if step is not None:
            return min(v for _, v in step), max(v for _, v in step)
        low = high = form.const
        for v, c in form.terms.items():
            gate = self._gate(v)
            if gate is None:
                raise Unsupported("an integer that is computed from the inputs other than by comparisons")
            parts = [gate.left, gate.right] if isinstance(gate, MaxGate) else [f for _, f in gate.branches]
            ranges = [self.range(part) for part in parts]
            least, most = min(r[0] for r in ranges), max(r[1] for r in ranges)
            low, high = low + min(c * least, c * most), high + max(c * least, c * most)
        return low, high

    def _flattened(self, branches: list[tuple[Guard, Scalar]]) -> list[tuple[Guard, Scalar]]:
        """Opens a last value that is a choice, and a choice between steps."""
        last = branches[-1][1]
        opened = self.branches(last) if isinstance(last, Form) else None
        steps = [self.as_step(value) for _, value in branches]
        count = sum(len(step or ()) for step in steps)
        if any(step is None for step in steps) or count > MAX_BRANCHES:
            return branches if opened is None else [*branches[:-1], *opened]
        return [
            (all_of([guard, inner]), value)
            for (guard, _), step in zip(branches, steps, strict=True)
            for inner, value in step or ()
        ]

    def _continuous(self, guard: Guard, a: Scalar, b: Scalar) -> Scalar | None:
        """Returns ``a if guard else b`` without a guard, or None where that is not seen to be possible."""
        if guard.kind == "not":
            return self._continuous(guard.parts[0], b, a)
        if a == b:
            return a
        if guard.relation is None:
            return None
        r = guard.relation.form
        if guard.relation.op == "==":
            meets = any(_multiple(self._under(as_form(a) - as_form(b), side), r) is not None for side in (r, -r))
            return b if meets else None
        # The branches meet at r = 0, so that > and >= choose the same.
        for side, inside, outside in ((r, a, b), (-r, b, a)):
            jump = as_form(inside) - as_form(outside)
            factor = _multiple(jump, side)
            if factor is None:
                factor = _multiple(self._under(as_form(inside), side) - self._under(as_form(outside), side), side)
            if factor is not None:
                steps = [(factor, self.builder.relu(side))] if factor else []
                return settled(combine([(ONE, as_form(outside)), *steps]))
        return None

    def _under(self, form: Form, r: Form) -> Form:
        """Simplifies a form where ``r >= 0``: a maximum whose sides differ by ``k r + m``, k, m >= 0, is decided."""
        known: dict[int, Form | None] = {}

        def simplified(form: Form, depth: int) -> Form:
            if depth == 0 or len(form.terms) > MAX_TERMS:
                return form
            return form.substitute(lambda v: value(v, depth - 1))

        def value(v: int, depth: int) -> Form | None:
            if v not in known:
                known[v] = None
                gate = self._gate(v)
                if isinstance(gate, MaxGate):
                    left, right = simplified(gate.left, depth), simplified(gate.right, depth)
                    if _is_nonnegative(right - left, r):
                        known[v] = right
                    elif _is_nonnegative(left - right, r):
                        known[v] = left
            return known[v]

        return simplified(form, MAX_DEPTH)

    def _gate(self, v: int) -> MaxGate | SelectGate | None:
        k = v - len(self.builder.inputs)
        return self.builder.gates[k] if 0 <= k < len(self.builder.gates) else None


def settled(form: Form) -> Scalar:
    """Returns the number that a form without variables is."""
    return form.const if form.is_constant else form


def as_form(value: Scalar) -> Form:
    """Returns a finite scalar as a form."""
    return value if isinstance(value, Form) else Form.constant(value)


def _guards(gate: SelectGate) -> tuple[Guard, ...]:
    return tuple(guard for guard, _ in gate.branches)


def _multiple(form: Form, r: Form) -> fmpq | None:
    """Returns c with ``form = c r``, or None."""
    v, lead = next(iter(r.terms.items()))
    factor = form.coefficient(v) / lead
    return factor if form == r.scale(factor) else None


def _is_nonnegative(form: Form, r: Form) -> bool:
    """Whether ``form = k r + m`` with k, m >= 0."""
    if form.is_constant:
        return form.const >= 0
    v, lead = next(iter(r.terms.items()))
    factor = form.coefficient(v) / lead
    rest = form - r.scale(factor)
    return factor >= 0 and rest.is_constant and rest.const >= 0
