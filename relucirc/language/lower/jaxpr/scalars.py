"""Exact scalars of a traced function: numbers, affine forms, infinities, truth values and guards.

A scalar is an ``fmpq`` where it does not depend on the inputs and a :class:`Form` where it does; a
Python float only ever is an infinity or NaN, which may appear as long as no result needs it.  A truth
value is a bool or a :class:`Guard`.
"""

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Guard, Relation
from relucirc.language.lower.guards import FALSE, TRUE, all_of, any_of, negation_of
from relucirc.language.lower.jaxpr.choices import Branches, Choices, Scalar, Truth, settled
from relucirc.language.lower.jaxpr.limits import FORM, TERM, NotANumber, Unsupported, sized
from relucirc.language.rows import RowForm


class Scalars(Choices):
    """Arithmetic that puts gates into a graph where a result is not affine."""

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
            self.meter.hold(sized(constant))
            return constant
        if len(forms) == 1 and forms[0][0] == 1 and not constant:
            return forms[0][1]
        if len(forms) == 1 and forms[0][0] == 1 and isinstance(forms[0][1], RowForm):
            self.meter.hold(FORM + sized(constant))
            return forms[0][1].shift(constant)
        result = combine([*forms, (ONE, Form.constant(constant))])
        self.meter.hold(FORM + TERM * len(result.terms) + sized(result.const))
        return settled(result)

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
                return self.at_each_step(step, lambda value, x: self.sum(((value, x),)), other)
        raise Unsupported("both factors depend on the inputs, so it is not piecewise linear")

    def divide(self, a: Scalar, b: Scalar) -> Scalar:
        """Returns ``a / b`` where b is constant or a step."""
        step = self.as_step(b) if isinstance(b, Form) else None
        if step is not None:
            try:  # a quotient by zero is no number, and must be never taken
                return self.at_each_step(step, lambda value, x: self.divide(x, value) if value else math.nan, a)
            except NotANumber:
                raise Unsupported("it may divide by zero") from None
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
        if not forms:
            return -math.inf if constant is None else constant
        self.meter.hold((FORM + TERM) * len(forms))
        known = [] if constant is None else [constant]
        step = self.map_steps(lambda *row: max(row), *known, *forms)
        if step is not None:
            return step
        return settled(self.builder.max([*map(Form.constant, known), *forms]))

    def minimum(self, values: Iterable[Scalar]) -> Scalar:
        """Returns the smallest of some scalars."""
        return -self.maximum(-value for value in values)

    def absolute(self, a: Scalar) -> Scalar:
        """Returns ``|a|``."""
        if not isinstance(a, Form):
            return abs(a)
        step = self.map_steps(abs, a)
        return self.maximum((a, -a)) if step is None else step

    def sign(self, a: Scalar) -> Scalar:
        """Returns -1, 0 or 1; a step where it depends on the inputs."""
        if not isinstance(a, Form):
            return a if a != a else fmpq((a > 0) - (a < 0))
        step = self.map_steps(self.sign, a)
        if step is not None:
            return step
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
        return not a if isinstance(a, bool) else negation_of(a)

    def conjunction(self, values: Iterable[Truth]) -> Truth:
        """Returns whether all of some truth values hold."""
        return _joined(all_of, values)

    def disjunction(self, values: Iterable[Truth]) -> Truth:
        """Returns whether any of some truth values holds."""
        return _joined(any_of, values)

    def first(self, branches: Branches) -> Any:
        """Returns the value, scalar or truth value, of the first branch whose condition holds; the last is true."""
        if not any(isinstance(value, bool | Guard) for _, value in branches):
            return self.choices(branches)
        result = branches[-1][1]
        for condition, value in reversed(branches[:-1]):
            result = self.choose(condition, value, result)
        return result

    def choose(self, condition: Truth, a: Any, b: Any) -> Any:
        """Returns ``a if condition else b``, of scalars or of truth values."""
        if isinstance(condition, bool):
            return a if condition else b
        if isinstance(a, bool | Guard):
            taken = self.conjunction((condition, a))
            return self.disjunction((taken, self.conjunction((self.negation(condition), b))))
        return self.choices([(condition, a), (True, b)])


BINARY: dict[str, Callable[[Scalars, Scalar, Scalar], Scalar]] = {
    "add": Scalars.add,
    "sub": Scalars.subtract,
    "mul": Scalars.multiply,
    "max": lambda s, a, b: s.maximum((a, b)),
    "min": lambda s, a, b: s.minimum((a, b)),
}
"""Operations on two numbers, by JAX's names."""


def _joined(join: Callable[[Iterable[Guard]], Guard], values: Iterable[Truth]) -> Truth:
    joined = join(value if isinstance(value, Guard) else TRUE if value else FALSE for value in dict.fromkeys(values))
    return joined == TRUE if joined in (TRUE, FALSE) else joined


def _scale_special(value: float, factor: fmpq) -> float:
    if factor == 0:
        return math.nan
    return value if factor > 0 else -value
