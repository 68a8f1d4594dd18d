"""Steps: expressions that take finitely many values, such as ``sign(x1) + Heaviside(x2)``.

A product is piecewise linear if all its factors but one are steps: it is a multiple of that one wherever
the steps are constant.
"""

from collections.abc import Callable, Sequence

from flint import fmpq

from relucirc.core.forms import Form
from relucirc.core.graph import Gate, Guard, MaxGate
from relucirc.language.lower.guards import TRUE, all_of

MAX_STEPS = 1000
"""Most values that are written out."""
Values = list[tuple[Guard, fmpq]]
"""The values of a step: the first whose guard holds; the last guard is true."""


class Steps:
    """Which gates take finitely many values, constant where guards hold."""

    def __init__(self, n: int, gates: Sequence[Gate]) -> None:
        self.n = n
        self.gates = gates
        self.known: list[Values | None] = []

    def values(self, form: Form) -> Values | None:
        """The values of a form; None if it is no step, or takes more than ``MAX_STEPS``."""
        for gate in self.gates[len(self.known) :]:  # each reads earlier gates only
            self.known.append(self._of_gate(gate))
        return self._of_form(form)

    def _of_gate(self, gate: Gate) -> Values | None:
        if isinstance(gate, MaxGate):
            left, right = self._of_form(gate.left), self._of_form(gate.right)
            return None if left is None or right is None else pairs_of(left, right, max)
        found: Values = []
        for guard, form in gate.branches:
            inner = self._of_form(form)
            if inner is None or len(found) + len(inner) > MAX_STEPS:
                return None
            found += [(all_of([guard, other]), value) for other, value in inner]
        return found

    def _of_form(self, form: Form) -> Values | None:
        cases: Values | None = [(TRUE, form.const)]
        for v, c in form.terms.items():
            gate = None if v < self.n else self.known[v - self.n]
            cases = None if cases is None or gate is None else pairs_of(cases, gate, lambda a, b, c=c: a + c * b)
        return cases


def pairs_of(left: Values, right: Values, join: Callable[[fmpq, fmpq], fmpq]) -> Values | None:
    """All values of a pair of steps: in this order, the first whose guards hold has the first of each."""
    if len(left) * len(right) > MAX_STEPS:
        return None
    return [(all_of([g, h]), join(a, b)) for g, a in left for h, b in right]
