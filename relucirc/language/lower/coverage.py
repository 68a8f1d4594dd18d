"""Whether a condition holds somewhere: how reading decides that a Piecewise has a value on the whole domain.

At a point where the condition fails, a few relations that hold there make it fail: they are given as reasons, and
where all of them hold nothing more is asked.  What is left is cut into cells in which one of them does not hold, and
each has a point, or is empty.  An empty cell counts only if its multipliers show it (Motzkin, added up here once more),
so a domain is never called covered because a linear program went wrong.
"""

from collections.abc import Sequence

from flint import fmpq

from relucirc.core.errors import FormulaError
from relucirc.core.exact import sign_of
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Gate, Guard, MaxGate, Relation, gate_value
from relucirc.language.domain import Domain

MAX_WORK = 100_000
"""Most coefficients in the linear programs of one question: about a second."""
Point = tuple[fmpq, ...]


def point_where(condition: Guard, gates: Sequence[Gate], n: int, domain: Domain) -> Point | None:
    """Returns a point of a domain at which a condition over n inputs and gates holds; None if there is none.

    Raises:
        FormulaError: When that takes more than ``MAX_WORK``.

    Example:
        >>> at_least_two = Guard("relation", relation=Relation(Form({0: fmpq(1)}, fmpq(-2)), ">="))
        >>> point_where(at_least_two, (), 1, Domain())
        (2,)
    """
    work = 0
    pending = [_tightened(domain.relations)]
    while pending:
        cell = pending.pop()
        work += (len(cell) + 1) * (n + 1) + len(condition.parts) // 4
        if work > MAX_WORK:
            raise FormulaError(
                "it would take too long to see whether the conditions of a Piecewise cover the domain; end it with "
                "(value, True)."
            )
        answer = feasibility(cell, n)
        if answer.point is None:
            assert answer.multipliers is not None
            _confirm_empty(answer.multipliers, cell)
            continue
        here = _Here(gates, answer.point)
        if not here.holds(condition):
            reasons = [r for r in dict.fromkeys(here.reasons(condition)) if r not in cell]
            for i, reason in enumerate(reasons):
                pending += [_tightened([*cell, *reasons[:i], other]) for other in _denials(reason)]
            continue
        wide = next((v for v in domain.integers if answer.point[v].q != 1), None)
        if wide is None:
            return answer.point
        floor, x = fmpq(answer.point[wide].floor()), Form.variable(wide)
        pending += [_tightened([*cell, Relation(f, ">=")]) for f in ((-x).shift(floor), x.shift(-floor - 1))]
    return None


def can_hold(condition: Guard, gates: Sequence[Gate], n: int) -> bool:
    """Whether a condition over n inputs and gates can hold at all; True also where that takes too long to see."""
    try:
        return point_where(condition, gates, n, Domain()) is not None
    except FormulaError:
        return True


class _Here:
    """What holds at one point, and which relations between the inputs make it so."""

    def __init__(self, gates: Sequence[Gate], point: Point) -> None:
        self.n = len(point)
        self.gates = gates
        self.values = list(point)
        for gate in gates:
            self.values.append(gate_value(gate, self.values))
        self.forms: dict[int, tuple[Form, list[Relation]]] = {}

    def holds(self, guard: Guard) -> bool:
        truth = guard.decide(lambda relation: relation.holds(self._sign(relation.form)))
        assert truth is not None
        return truth

    def _sign(self, form: Form) -> int:
        return sign_of(form.evaluate(self.values))

    def reasons(self, guard: Guard) -> list[Relation]:
        """Relations between inputs that hold here, and where they all hold the guard has the truth that it has here."""
        if guard.relation is not None:
            form, found = self._open(guard.relation.form)
            op, sign = guard.relation.op, self._sign(form)
            if form.is_constant:
                return found
            if not guard.relation.holds(sign):
                form, op = (form if op == "==" and sign > 0 else -form), (">=" if op == ">" else ">")
            return [*found, Relation(form, op)]
        if guard.kind in ("and", "or"):
            settling = [part for part in guard.parts if self.holds(part) == (guard.kind == "or")][:1]
            return [reason for part in settling or guard.parts for reason in self.reasons(part)]
        return [reason for part in guard.parts for reason in self.reasons(part)]

    def _open(self, form: Form) -> tuple[Form, list[Relation]]:
        """The form over the inputs that a form is around here, and the relations that make it so."""
        needed, stack = set[int](), list(form.terms)
        while stack:
            v = stack.pop()
            if v >= self.n and v not in needed and v not in self.forms:
                needed.add(v)
                stack += self._taken(v).terms
                for guard in self._guards(v):
                    stack += [u for relation in guard.relations() for u in relation.form.terms]
        for v in sorted(needed):
            inner, found = self._substituted(self._taken(v))
            found += [reason for guard in self._guards(v) for reason in self.reasons(guard)]
            self.forms[v] = inner, list(dict.fromkeys(found))
        return self._substituted(form)

    def _substituted(self, form: Form) -> tuple[Form, list[Relation]]:
        opened = [v for v in form.terms if v >= self.n]
        replaced = form.substitute(lambda v: self.forms[v][0] if v >= self.n else None)
        return replaced, [reason for v in opened for reason in self.forms[v][1]]

    def _taken(self, v: int) -> Form:
        """The one of a gate's forms that is its value here."""
        gate = self.gates[v - self.n]
        if isinstance(gate, MaxGate):
            return gate.right if self._sign(gate.right - gate.left) > 0 else gate.left
        return next(form for guard, form in gate.branches if self.holds(guard))

    def _guards(self, v: int) -> list[Guard]:
        """What decides that: guards, with the truth that they have here."""
        gate = self.gates[v - self.n]
        if isinstance(gate, MaxGate):
            taken, other = self._taken(v), gate.left if self._taken(v) is gate.right else gate.right
            return [Guard("relation", relation=Relation(taken - other, ">="))]
        first = next(i for i, (guard, _) in enumerate(gate.branches) if self.holds(guard))
        return [guard for guard, _ in gate.branches[: first + 1]]


def _denials(relation: Relation) -> list[Relation]:
    """The cells that a relation leaves."""
    if relation.op == "==":
        return [Relation(relation.form, ">"), Relation(-relation.form, ">")]
    return [Relation(-relation.form, ">=" if relation.op == ">" else ">")]


def _tightened(relations: Sequence[Relation]) -> tuple[Relation, ...]:
    """Leaves out relations that a parallel one implies."""
    kept: dict[tuple, Relation] = {}
    for relation in relations:
        scale, direction = Form(relation.form.terms).primitive()
        bound = relation.form.const / scale
        place = (direction.key, bound if relation.op == "==" else None)
        known = kept.get(place)
        if known is None or (bound, known.op == ">") < (known.form.const, relation.op == ">"):
            kept[place] = Relation(Form(direction.terms, bound), relation.op)
    return tuple(kept.values())


def _confirm_empty(multipliers: Sequence[fmpq], relations: Sequence[Relation]) -> None:
    total = combine((m, relation.form) for m, relation in zip(multipliers, relations, strict=True))
    strict = any(m and relation.op == ">" for m, relation in zip(multipliers, relations, strict=True))
    fair = all(m >= 0 or relation.op == "==" for m, relation in zip(multipliers, relations, strict=True))
    if not (fair and total.is_constant and (total.const < 0 or (total.const == 0 and strict))):
        raise AssertionError("the multipliers do not show a cell empty")
