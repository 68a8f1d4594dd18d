"""One side of a claim on a cell: a graph with some of its gates decided."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from relucirc.core.exact import sign_of
from relucirc.core.forms import Form, Key
from relucirc.core.graph import ANY, SIGNS, Graph, MaxGate, Relation, SelectGate, Signs


@dataclass(frozen=True)
class KnownSigns:
    """The signs that relations leave to forms, by their direction."""

    signs: dict[Key, Signs]

    @staticmethod
    def of(relations: Sequence[Relation]) -> "KnownSigns":
        """Reads them off."""
        known: dict[Key, Signs] = {}
        for relation in relations:
            for form, factor in ((relation.form, 1), (-relation.form, -1)):
                key = _direction(form)
                known[key] = known.get(key, ANY) & {factor * sign for sign in SIGNS[relation.op]}
        return KnownSigns(known)

    def __getitem__(self, form: Form) -> Signs:
        """The signs that a form may have."""
        return frozenset((sign_of(form.const),)) if form.is_constant else self.signs.get(_direction(form), ANY)

    def truth(self, relation: Relation) -> bool | None:
        """Truth of a relation where the possible signs agree about it."""
        signs = self[relation.form]
        if signs <= SIGNS[relation.op]:
            return True
        return None if signs & SIGNS[relation.op] else False


@functools.lru_cache(maxsize=1 << 16)
def _direction(form: Form) -> Key:
    """The same key for all positive multiples of a form."""
    return form.primitive()[1].key


@dataclass(frozen=True)
class Side:
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

    def decide(self, v: int, form: Form) -> "Side":
        """Returns the side with one more gate's value known."""
        return Side(self.graph, {**self.decided, v: self.resolve(form)})

    def selected(self, known: KnownSigns) -> "tuple[Side, Relation | None]":
        """Decides selects in order; where one is open, returns the relation that it needs first."""
        side = self

        def seen(relation: Relation) -> Relation:
            return Relation(side.resolve(relation.form), relation.op)

        def truth(relation: Relation) -> bool | None:
            return known.truth(seen(relation))

        for v, gate in enumerate(self.graph.gates, len(self.graph.inputs)):
            if not isinstance(gate, SelectGate) or v in side.decided:
                continue
            for passed in range(side.passed, len(gate.branches)):
                guard, branch = gate.branches[passed]
                holds = guard.decide(truth)
                if holds is None:
                    needed = next(r for r in guard.relations() if truth(r) is None)
                    return replace(side, passed=passed), seen(needed)
                if holds:
                    side = side.decide(v, branch)
                    break
        return side, None

    def maximum(self, v: int) -> tuple[int, Form, Form]:
        """The lowest open maximum that one of them needs, and its arguments over the inputs alone.

        Selects are decided in order, so that those below v are.
        """
        n = len(self.graph.inputs)
        while True:
            gate = self.graph.gates[v - n]
            assert isinstance(gate, MaxGate)
            left, right = self.resolve(gate.left), self.resolve(gate.right)
            below = [u for u in (right - left).terms if u >= n]
            if not below:
                return v, left, right
            v = min(below)

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
