"""From hinges to layers: a network of a given depth for forms over nested hinges.

Built from the output down.  The neurons of a layer are the hinges that live there, in either
orientation, since ``relu(-p) = relu(p) - p``; what the layers above need beyond them has to be
carried.  As for one hidden layer, carried rows are paid for: 1 for a second neuron on a hinge of
this layer, 1 for a lower hinge itself, which is never negative, so ``relu(h) = h``; 2 for any other
row.  Reversing hinges and choosing what to double or carry so that the price is low is a search by
steps that help; the result is a network, not a claim that there is no smaller one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import Budget, tick
from relucirc.core.errors import RelucircError
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph
from relucirc.core.modular import likely_pivots
from relucirc.core.rows import fresh_rows
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.layers import network_of
from relucirc.language.network import MLP
from relucirc.optimal.building import bought_layer
from relucirc.optimal.subset_sum import Subset, subset_in_time

MAX_FLIPS = 40
"""Hinges of a layer up to which reversing them is tried."""


@dataclass(frozen=True)
class Plan:
    """Hinges over inputs, the forms to be computed, and the layer of every atom that they reach, 1 for the lowest."""

    hinges: HingeGraph
    outputs: tuple[Form, ...]
    layer: dict[int, int]

    @property
    def depth(self) -> int:
        """The number of hidden layers needed."""
        return max(self.layer.values(), default=0)


def plan_of(graph: Graph) -> Plan:
    """Lowers a graph without selects to hinges and finds the layer of each.

    Raises:
        RelucircError: For a graph with select gates.
    """
    if graph.has_selects:
        raise RelucircError("a Piecewise formula has no layers of its own; its shallow form may have.")
    hinges = HingeGraph(len(graph.inputs))
    outputs, _ = hinges.lower(graph)
    layer: dict[int, int] = {}
    for k in hinges.reachable(outputs):
        below = (layer[v - hinges.n] for form in hinges.atoms[k].elements for v in form.terms if v >= hinges.n)
        layer[k] = 1 + max(below, default=0)
    return Plan(hinges, tuple(outputs), layer)


def layered_network(plan: Plan, names: Sequence[str], hidden_layers: int, budget: Budget) -> MLP:
    """Builds a network with the given number of hidden layers, at least 1 and the plan's depth.

    When the budget ends, the search for savings does; the clock that runs ends the building.
    """
    needed = list(plan.outputs)
    layers: list[list[Form]] = []
    for level in range(hidden_layers, 0, -1):
        tick()
        here = [k for k, at in sorted(plan.layer.items()) if at == level]
        neurons, rows = _Layer(plan, here, needed, budget).build()
        neurons = neurons or [Form()]  # files know no layer without neurons
        layers.append(rows if level == hidden_layers else [_one_sided(row, neurons) for row in rows])
        needed = neurons
    return network_of([needed, *reversed(layers)], names)


@dataclass
class _Layer:
    """One layer: hinges that live here, and forms over them and lower signals that are needed above."""

    plan: Plan
    here: list[int]
    needed: list[Form]
    budget: Budget

    def __post_init__(self) -> None:
        n = self.plan.hinges.n
        self.inside = [self.plan.hinges.atoms[k].elements[0] for k in self.here]
        self.shares = [[form.coefficient(n + k) for form in self.needed] for k in self.here]
        own = {n + k for k in self.here}
        self.rest = [Form({v: c for v, c in form.terms.items() if v not in own}, form.const) for form in self.needed]
        forms = [*self.inside, *self.rest]
        self.signals = sorted({v for form in forms for v in form.terms})
        self.lower_hinges = [v for v in self.signals if v >= n]

    def build(self) -> tuple[list[Form], list[Form]]:
        """Returns the neurons' forms, and each needed form over the neurons."""
        flipped, doubled, carried = self._cheapest()
        rest, carriers = self._left_over(flipped), [Form.variable(v) for v in carried]
        bought = [self._vector(form) for form in (*(self.inside[i] for i in doubled), *carriers)]
        pairs = [self._form(row) for row in fresh_rows(bought, [self._vector(form) for form in rest])]
        neurons, rows, _ = bought_layer(self.inside, self.shares, flipped, doubled, carriers, pairs, rest, self._vector)
        return neurons, rows

    def _vector(self, form: Form) -> list[fmpq]:
        return [form.coefficient(v) for v in self.signals]

    def _form(self, row: Sequence[fmpq]) -> Form:
        return Form(dict(zip(self.signals, row, strict=True))).primitive()[1]

    def _left_over(self, flipped: Iterable[int]) -> list[Form]:
        chosen = list(flipped)
        return [
            combine([(ONE, form), *((self.shares[i][o], self.inside[i]) for i in chosen)])
            for o, form in enumerate(self.rest)
        ]

    def _cheapest(self) -> tuple[frozenset[int], list[int], list[int]]:
        """Which hinges to reverse and to double, and which lower hinges to carry."""
        flipped = self._even() or frozenset()
        best = self._pay(flipped)
        improved = len(self.inside) <= MAX_FLIPS
        while improved and best[0] and self.budget.remaining > 0:
            improved = False
            for i in range(len(self.inside)):
                if self.budget.remaining <= 0:
                    break
                changed = self._pay(flipped ^ {i})
                if changed[0] < best[0]:
                    best, flipped, improved = changed, flipped ^ {i}, True
        return flipped, best[1], best[2]

    def _even(self) -> frozenset[int] | None:
        """Reversals that leave nothing at all to carry, if a quick search finds them."""
        target = [c for form in self.rest for c in self._vector(form)]
        steps = [[w * c for w in self.shares[i] for c in self._vector(form)] for i, form in enumerate(self.inside)]
        if not steps or len(target) * len(steps) > 4000:
            return None
        found = subset_in_time(target, steps, self.budget.part(2.0))
        return found.members if isinstance(found, Subset) else None

    def _pay(self, flipped: frozenset[int]) -> tuple[int, list[int], list[int]]:
        """The price of the remainder, with what to double and to carry, taken and left again one by one."""
        rows = [self._vector(form) for form in self._left_over(flipped)]
        rank = _rank(rows)
        if not rank:
            return 0, [], []
        units: list[tuple[str, int, list[fmpq]]] = [
            ("double", i, self._vector(form)) for i, form in enumerate(self.inside) if i not in flipped
        ]
        units += [("carry", v, self._vector(Form.variable(v))) for v in self.lower_hinges]
        chosen = list(range(len(units)))
        if self.budget.remaining <= 0:
            return 2 * rank, [], []
        price = self._price(rows, units, chosen)
        for j in reversed(range(len(units))):
            if self.budget.remaining <= 0:
                break
            fewer = [i for i in chosen if i != j]
            smaller = self._price(rows, units, fewer)
            if smaller <= price:
                chosen, price = fewer, smaller
        if 2 * rank < price:
            return 2 * rank, [], []
        doubled = [units[i][1] for i in chosen if units[i][0] == "double"]
        return price, doubled, [units[i][1] for i in chosen if units[i][0] == "carry"]

    @staticmethod
    def _price(rows: list[list[fmpq]], units: list[tuple[str, int, list[fmpq]]], chosen: list[int]) -> int:
        paid = [units[i][2] for i in chosen]
        return len(chosen) + 2 * (_rank([*rows, *paid]) - _rank(paid))


def _one_sided(row: Form, neurons: Sequence[Form]) -> Form:
    """``relu(a relu(p) - b relu(-p)) = a relu(p)``: leaves the second neuron out, which is zero where it matters."""
    if len(row.terms) == 2 and not row.const:
        (i, a), (j, b) = row.terms.items()
        if a * b < 0 and neurons[i] == -neurons[j]:
            return Form({i: a} if a > 0 else {j: b})
    return row


def _rank(rows: Sequence[Sequence[fmpq]]) -> int:
    """The rank, very likely: prices only say where to look, and what is built is solved exactly."""
    return len(likely_pivots(rows))
