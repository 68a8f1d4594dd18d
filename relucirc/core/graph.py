"""The one intermediate representation: gates over affine forms.

Networks, formulas and traced JAX functions all become a :class:`Graph`: inputs, a list of gates
in topological order, and affine outputs.  A :class:`MaxGate` is ``max(left, right)``; ReLU is
``max(0, z)``.  A :class:`SelectGate` is a guarded choice and may be discontinuous.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import sign_of
from relucirc.core.forms import Form
from relucirc.core.names import positions, read_names

Signs = frozenset[int]
ANY: Signs = frozenset((-1, 0, 1))
SIGNS: dict[str, Signs] = {">": frozenset((1,)), ">=": frozenset((0, 1)), "==": frozenset((0,))}
"""The signs that a form may have in each relation to 0."""


@dataclass(frozen=True)
class Relation:
    """``form op 0`` with op one of ``>``, ``>=``, ``==``."""

    form: Form
    op: str

    def holds(self, sign: int) -> bool:
        """Truth value, given the sign of the form."""
        return sign > 0 if self.op == ">" else sign >= 0 if self.op == ">=" else sign == 0


@dataclass(frozen=True)
class Guard:
    """A Boolean combination: ``kind`` is and, or, not (over parts), true, false, or relation."""

    kind: str
    parts: "tuple[Guard, ...]" = ()
    relation: Relation | None = None

    def map(self, change: Callable[[Form], Form]) -> "Guard":
        """Returns the guard with every form changed."""
        relation = self.relation and Relation(change(self.relation.form), self.relation.op)
        return Guard(self.kind, tuple(part.map(change) for part in self.parts), relation)

    def relations(self) -> list[Relation]:
        """Lists the relations in order of first appearance."""
        if self.relation is not None:
            return [self.relation]
        return [r for part in self.parts for r in part.relations()]

    def decide(self, truth: Callable[[Relation], bool | None]) -> bool | None:
        """Evaluates in three-valued logic; None where the unknown relations matter."""
        if self.kind in ("true", "false"):
            return self.kind == "true"
        if self.relation is not None:
            return truth(self.relation)
        if self.kind == "not":
            value = self.parts[0].decide(truth)
            return None if value is None else not value
        absorbing, open_parts = self.kind == "or", False
        for part in self.parts:
            value = part.decide(truth)
            if value is absorbing:
                return absorbing
            open_parts = open_parts or value is None
        return None if open_parts else not absorbing


@dataclass(frozen=True)
class MaxGate:
    """``max(left, right)``."""

    left: Form
    right: Form

    def map(self, change: Callable[[Form], Form]) -> "MaxGate":
        """Returns the gate with both forms changed."""
        return MaxGate(change(self.left), change(self.right))


@dataclass(frozen=True)
class SelectGate:
    """The form of the first branch whose guard holds; the last guard is true."""

    branches: tuple[tuple[Guard, Form], ...]

    def map(self, change: Callable[[Form], Form]) -> "SelectGate":
        """Returns the gate with every form changed, those of its guards too."""
        return SelectGate(tuple((guard.map(change), change(form)) for guard, form in self.branches))


Gate = MaxGate | SelectGate


@dataclass(frozen=True)
class Graph:
    """Exact gates over named inputs.

    Attributes:
        inputs: Names of the variables ``0 .. n-1``.
        gates: Gate ``k`` defines variable ``n + k`` from earlier variables.
        outputs: One form per output.
    """

    inputs: tuple[str, ...]
    gates: tuple[Gate, ...]
    outputs: tuple[Form, ...]

    def __post_init__(self) -> None:
        positions(self.inputs)  # refuses names that are none, or stand twice

    @property
    def has_selects(self) -> bool:
        """Whether some gate may be discontinuous."""
        return any(isinstance(gate, SelectGate) for gate in self.gates)

    @property
    def forms(self) -> list[Form]:
        """All forms of max-gates, then the outputs."""
        gates = (gate for gate in self.gates if isinstance(gate, MaxGate))
        return [form for gate in gates for form in (gate.left, gate.right)] + list(self.outputs)

    def evaluate(self, point: Sequence[fmpq]) -> list[fmpq]:
        """Returns the exact outputs at a point."""
        values = list(point)
        for gate in self.gates:
            tick()
            values.append(gate_value(gate, values))
        return [form.evaluate(values) for form in self.outputs]

    def affine_outputs(self, sign: Callable[[Form], int]) -> tuple[Form, ...]:
        """Returns the outputs as forms over the inputs, where every gate is decided.

        Args:
            sign: Gives the sign of a form over the inputs there: -1, 0 or 1.  What it raises passes through.
        """
        n = len(self.inputs)
        values: list[Form] = []

        def value(v: int) -> Form | None:
            return values[v - n] if v >= n else None

        def truth(relation: Relation) -> bool:
            return relation.holds(sign(relation.form.substitute(value)))

        for gate in self.gates:
            tick()
            if isinstance(gate, MaxGate):
                left, right = gate.left.substitute(value), gate.right.substitute(value)
                values.append(right if sign(right - left) > 0 else left)
            else:
                chosen = next(form for guard, form in gate.branches if guard.decide(truth))
                values.append(chosen.substitute(value))
        return tuple(form.substitute(value) for form in self.outputs)


def differences(left: Graph, right: Graph) -> Graph:
    """Returns the gates of two graphs over the same inputs, and the differences of their outputs.

    Example:
        >>> builder = GraphBuilder(["x"])
        >>> positive = builder.build([builder.relu(builder.input(0))])
        >>> differences(positive, positive).evaluate([fmpq(3)])
        [0]
    """
    n, shift = len(left.inputs), len(left.gates)

    def moved(form: Form) -> Form:
        return form.substitute(lambda v: Form.variable(v + shift) if v >= n else None)

    outputs = tuple(a - moved(b) for a, b in zip(left.outputs, right.outputs, strict=True))
    return Graph(left.inputs, (*left.gates, *(gate.map(moved) for gate in right.gates)), outputs)


def gate_value(gate: Gate, values: Sequence[fmpq]) -> fmpq:
    """Returns the exact value of one gate, given the values of all earlier variables."""
    if isinstance(gate, MaxGate):
        return max(gate.left.evaluate(values), gate.right.evaluate(values))
    for guard, form in gate.branches:
        if guard.decide(lambda relation: relation.holds(sign_of(relation.form.evaluate(values)))):
            return form.evaluate(values)
    raise AssertionError("the last branch of a SelectGate is true")


class GraphBuilder:
    """Builds a graph: every method returns the form of its result."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self.inputs = read_names(inputs)
        self.gates: list[Gate] = []

    def input(self, index: int) -> Form:
        """Returns the form of an input."""
        return Form.variable(index)

    def _gate(self, gate: Gate) -> Form:
        tick()
        self.gates.append(gate)
        return Form.variable(len(self.inputs) + len(self.gates) - 1)

    def max(self, forms: Sequence[Form]) -> Form:
        """Returns the maximum, as a balanced tree of two-input gates."""
        level = list(forms)
        while len(level) > 1:
            paired = [self._max(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            level = paired + level[len(paired) * 2 :]
        return level[0]

    def _max(self, left: Form, right: Form) -> Form:
        difference = right - left
        if difference.is_constant:
            return right if difference.const > 0 else left
        return self._gate(MaxGate(left, right))

    def min(self, forms: Sequence[Form]) -> Form:
        """Returns the minimum."""
        return -self.max([-form for form in forms])

    def relu(self, form: Form) -> Form:
        """Returns ``max(0, form)``."""
        return self.max([Form(), form])

    def neuron(self, form: Form) -> Form:
        """Returns ``max(0, form)`` as a gate of its own, also where the form is constant."""
        return self._gate(MaxGate(Form(), form))

    def select(self, branches: Sequence[tuple[Guard, Form]]) -> Form:
        """Returns the first branch whose guard holds."""
        return self._gate(SelectGate(tuple(branches)))

    def build(self, outputs: Sequence[Form]) -> Graph:
        """Returns the finished graph."""
        return Graph(self.inputs, tuple(self.gates), tuple(outputs))
