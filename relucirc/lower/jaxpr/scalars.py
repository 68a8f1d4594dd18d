"""Exact scalars of a traced function: numbers, affine forms, infinities, truth values and guards.

A scalar is an ``fmpq`` where it does not depend on the inputs and a :class:`Form` where it does; a
Python float only ever is an infinity or NaN, which may appear as long as no result needs it.  A truth
value is a bool or a :class:`Guard`.

*Choices.* ``a if r > 0 else b`` is continuous, and becomes a max-gate, when ``a - b = c r``: it is
``b + c relu(r)`` for any sign of c.  The difference matters on one side only, so both branches may first
be simplified there: with ``a = a'`` and ``b = b'`` on ``r >= 0`` and ``a' - b' = c r``, the choice is
``b + c relu(r)`` again.  So ReLU, leaky ReLU, clips, absolute values and soft thresholds written with
``where`` prove as fast as with ``max``.

*Steps.* A choice between constants, such as ``x > 0`` read as 1 or 0, may multiply anything: the
product is a choice between multiples.
"""

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from flint import fmpq

from relucirc.exact import ONE, ZERO
from relucirc.forms import Form, combine
from relucirc.graph import GraphBuilder, Guard, MaxGate, Relation, SelectGate

Scalar = Any
"""``fmpq``, ``Form``, or a float that is infinite or NaN."""
Truth = bool | Guard
Branches = Sequence[tuple[Truth, Scalar]]

TRUE = Guard("true")
MAX_DEPTH, MAX_TERMS = 4, 24
"""How far the search for a continuous choice looks into gates."""


class Unsupported(Exception):  # noqa: N818  (a verdict on an operation, not a failure)
    """An operation that exact arithmetic has no rule for; the text says why."""


class Scalars:
    """Arithmetic that puts gates into a graph where a result is not affine."""

    def __init__(self, builder: GraphBuilder) -> None:
        self.builder = builder
        self.steps: dict[int, tuple[tuple[Guard, fmpq], ...]] = {}
        """Variables that are choices between constants."""

    def sum(self, parts: Iterable[tuple[fmpq, Scalar]]) -> Scalar:
        """Returns the linear combination ``sum c * scalar``."""
        constant, forms, special = ZERO, [], None
        for factor, value in parts:
            if isinstance(value, fmpq):
                constant = constant + factor * value
            elif isinstance(value, Form):
                forms.append((factor, value))
            elif not isinstance(value, float):
                raise Unsupported("it uses conditions as numbers; use jnp.where")
            else:
                term = _scale_special(value, factor)
                special = term if special is None else special + term
        if special is not None:
            return special
        if not forms:
            return constant
        if len(forms) == 1 and forms[0][0] == 1:
            return forms[0][1].shift(constant) if constant else forms[0][1]
        return settled(combine([*forms, (ONE, Form.constant(constant))]))

    def add(self, a: Scalar, b: Scalar) -> Scalar:
        """Returns ``a + b``."""
        return self.sum(((ONE, a), (ONE, b)))

    def subtract(self, a: Scalar, b: Scalar) -> Scalar:
        """Returns ``a - b``."""
        return self.sum(((ONE, a), (-ONE, b)))

    def negate(self, a: Scalar) -> Scalar:
        """Returns ``-a``."""
        return -a

    def multiply(self, a: Scalar, b: Scalar) -> Scalar:
        """Returns ``a b`` where one factor is constant or a step."""
        if isinstance(a, fmpq):
            return self.sum(((a, b),))
        if isinstance(b, fmpq):
            return self.sum(((b, a),))
        if isinstance(a, float) and isinstance(b, float):
            return a * b
        if isinstance(a, float) or isinstance(b, float):
            raise Unsupported(f"it multiplies by {a if isinstance(a, float) else b}")
        for step, other in ((self.as_step(a), b), (self.as_step(b), a)):
            if step is not None:
                return self.choices([(guard, self.sum(((value, other),))) for guard, value in step])
        raise Unsupported("both factors depend on the inputs, so it is not piecewise linear")

    def divide(self, a: Scalar, b: Scalar) -> Scalar:
        """Returns ``a / b`` for a constant b."""
        if isinstance(b, Form):
            raise Unsupported("the divisor depends on the inputs, so it is not piecewise linear")
        if isinstance(b, float):
            return math.nan if isinstance(a, float) or math.isnan(b) else ZERO
        if b == 0:
            raise Unsupported("it divides by zero")
        return self.sum(((1 / b, a),))

    def maximum(self, values: Iterable[Scalar]) -> Scalar:
        """Returns the largest of some scalars, ``-inf`` of none."""
        constant, special, forms = None, None, []
        for value in values:
            if isinstance(value, Form):
                forms.append(value)
            elif isinstance(value, float):
                special = value if special is None or value != value else max(special, value)
            elif not isinstance(value, fmpq):
                raise Unsupported("it uses conditions as numbers; use jnp.where")
            elif constant is None or value > constant:
                constant = value
        if special is not None and special != -math.inf:
            return special
        if constant is not None and len(forms) == 1 and (step := self.as_step(forms[0])) is not None:
            return self.choices([(guard, max(constant, value)) for guard, value in step])
        if constant is not None:
            forms.insert(0, Form.constant(constant))
        return settled(self.builder.max(forms)) if forms else -math.inf

    def minimum(self, values: Iterable[Scalar]) -> Scalar:
        """Returns the smallest of some scalars."""
        return -self.maximum(-value for value in values)

    def absolute(self, a: Scalar) -> Scalar:
        """Returns ``|a|``."""
        return self.maximum((a, -a)) if isinstance(a, Form) else abs(a)

    def sign(self, a: Scalar) -> Scalar:
        """Returns -1, 0 or 1; a step where it depends on the inputs."""
        if not isinstance(a, Form):
            return a if a != a else fmpq((a > 0) - (a < 0))
        above, on = self.compare("gt", a, ZERO), self.compare("eq", a, ZERO)
        return self.choices([(above, ONE), (on, ZERO), (True, -ONE)])

    def compare(self, op: str, a: Scalar, b: Scalar) -> Truth:
        """Returns the truth of ``a op b``; op is one of lt, le, gt, ge, eq, ne."""
        if isinstance(a, float) or isinstance(b, float):
            left, right = (value if isinstance(value, float) else 0.0 for value in (a, b))
            return getattr(operator, op)(left, right)
        if op == "ne":
            return self.negation(self.compare("eq", a, b))
        if op in ("lt", "le"):
            return self.compare("gt" if op == "lt" else "ge", b, a)
        difference = self.subtract(a, b)
        if isinstance(difference, fmpq):
            return getattr(operator, op)(difference, ZERO)
        step = self.as_step(difference)
        if step is not None:
            truths = {getattr(operator, op)(value, ZERO) for _, value in step}
            if len(truths) == 1:
                return truths.pop()
        form = difference.primitive()[1]
        return Guard("relation", relation=Relation(form, {"gt": ">", "ge": ">=", "eq": "=="}[op]))

    def negation(self, a: Truth) -> Truth:
        """Returns ``not a``."""
        if isinstance(a, bool):
            return not a
        return a.parts[0] if a.kind == "not" else Guard("not", (a,))

    def conjunction(self, values: Iterable[Truth]) -> Truth:
        """Returns whether all of some truth values hold."""
        return self._joined("and", values)

    def disjunction(self, values: Iterable[Truth]) -> Truth:
        """Returns whether any of some truth values holds."""
        return self._joined("or", values)

    def _joined(self, kind: str, values: Iterable[Truth]) -> Truth:
        absorbing = kind == "or"
        guards: list[Guard] = []
        for value in values:
            if isinstance(value, bool):
                if value is absorbing:
                    return absorbing
            elif value not in guards:
                guards.append(value)
        if not guards:
            return not absorbing
        return guards[0] if len(guards) == 1 else Guard(kind, tuple(guards))

    def choose(self, condition: Truth, a: Any, b: Any) -> Any:
        """Returns ``a if condition else b``, of scalars or of truth values."""
        if isinstance(condition, bool):
            return a if condition else b
        if isinstance(a, bool | Guard):
            taken = self.conjunction((condition, a))
            return self.disjunction((taken, self.conjunction((self.negation(condition), b))))
        return self.choices([(condition, a), (True, b)])

    def choices(self, branches: Branches) -> Scalar:
        """Returns the scalar of the first branch whose condition holds; the last one is true."""
        open_branches = [(condition, value) for condition, value in branches if condition is not False]
        end = next(k for k, (condition, _) in enumerate(open_branches) if condition is True or condition == TRUE)
        last = open_branches[end][1]
        guarded = [(guard, value) for guard, value in open_branches[:end] if isinstance(guard, Guard)]
        for value in (last, *(value for _, value in guarded)):
            if isinstance(value, float):
                raise Unsupported(f"it may take the branch that is {value}")
        if all(value == last for _, value in guarded):
            return last
        return self._choice([*guarded, *self._opened(last)])

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
        gate = self.builder.select([(guard, _form(value)) for guard, value in branches])
        if all(isinstance(value, fmpq) for _, value in branches):
            self.steps[next(iter(gate.terms))] = tuple(branches)
        return gate

    def as_step(self, a: Scalar) -> tuple[tuple[Guard, fmpq], ...] | None:
        """Returns the branches of a choice between constants; None if it is not one."""
        if isinstance(a, fmpq):
            return ((TRUE, a),)
        if not isinstance(a, Form) or len(a.terms) != 1:
            return None
        ((v, c),) = a.terms.items()
        step = self.steps.get(v)
        return None if step is None else tuple((guard, a.const + c * value) for guard, value in step)

    def range(self, form: Form) -> tuple[fmpq, fmpq]:
        """Returns bounds of a form that is made of choices between constants.

        Raises:
            Unsupported: When it is not.
        """
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

    def _opened(self, last: Scalar) -> list[tuple[Guard, Scalar]]:
        """The branches of a last value that is an affine function of one earlier choice."""
        if isinstance(last, Form) and len(last.terms) == 1:
            ((v, c),) = last.terms.items()
            gate = self._gate(v)
            if isinstance(gate, SelectGate):
                return [(guard, settled(form.scale(c).shift(last.const))) for guard, form in gate.branches]
        return [(TRUE, last)]

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
            meets = any(_multiple(self._under(_form(a) - _form(b), side), r) is not None for side in (r, -r))
            return b if meets else None
        # The branches meet at r = 0, so that > and >= choose the same.
        for side, inside, outside in ((r, a, b), (-r, b, a)):
            jump = _form(inside) - _form(outside)
            factor = _multiple(jump, side)
            if factor is None:
                factor = _multiple(self._under(_form(inside), side) - self._under(_form(outside), side), side)
            if factor is not None:
                return self.sum(((ONE, outside), (factor, self.maximum((ZERO, side))))) if factor else outside
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
        return self.builder.gates[k] if k >= 0 else None


def settled(form: Form) -> Scalar:
    """Returns the number that a form without variables is."""
    return form.const if form.is_constant else form


def _form(value: Scalar) -> Form:
    return value if isinstance(value, Form) else Form.constant(value)


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


def _scale_special(value: float, factor: fmpq) -> float:
    if factor == 0:
        return math.nan
    return value if factor > 0 else -value
