"""Charts: a polyhedron, possibly of lower dimension, seen in coordinates where it has interior.

Equalities, given or implied by the inequalities, express some inputs (the pivots) by the others;
over the remaining inputs the polyhedron is full-dimensional.  Methods work there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.exact import ONE, ZERO, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph, Relation


@dataclass(frozen=True)
class Chart:
    """Coordinates for the closure of a polyhedron.

    Attributes:
        free: The inputs that serve as coordinates, ascending.
        forms: Every input as a form over coordinate numbers.
        constraints: Inequalities ``>= 0`` over coordinate numbers, none identically zero.
        owners: For every constraint the relation that it comes from.
        interior: Coordinates of a point where all constraints are positive.
        evidence: What the checker needs to rebuild the chart.
    """

    free: tuple[int, ...]
    forms: tuple[Form, ...]
    constraints: tuple[Form, ...]
    owners: tuple[int, ...]
    interior: tuple[fmpq, ...]
    evidence: dict

    def lift(self, coordinates: Sequence[fmpq]) -> tuple[fmpq, ...]:
        """Returns the point of R^n with these coordinates."""
        return tuple(form.evaluate(coordinates) for form in self.forms)

    def pull(self, graph: Graph) -> Graph:
        """Rewrites a graph over the coordinates."""
        if not self.evidence.get("pivots"):
            return graph
        shift = len(self.free) - len(graph.inputs)

        def value(v: int) -> Form:
            return self.forms[v] if v < len(graph.inputs) else Form.variable(v + shift)

        def over_chart(form: Form) -> Form:
            return form.substitute(value)

        names = tuple(graph.inputs[v] for v in self.free)
        return Graph(names, tuple(gate.map(over_chart) for gate in graph.gates), tuple(map(over_chart, graph.outputs)))


def chart_of(relations: Sequence[Relation], n: int) -> Chart:
    """Returns the chart of a non-empty polyhedron."""
    equal = {i for i, relation in enumerate(relations) if relation.op == "=="}
    implied = []
    while True:
        tightened = [Relation(r.form, "==" if i in equal else ">") for i, r in enumerate(relations)]
        answer = feasibility(tightened, n)
        if answer.point is not None:
            break
        assert answer.multipliers is not None
        implied.append(sparse(answer.multipliers))
        equal |= {i for i, m in enumerate(answer.multipliers) if m}
    pivots = _eliminate([(i, relations[i].form) for i in sorted(equal)])
    free = tuple(v for v in range(n) if v not in pivots)
    number = {v: k for k, v in enumerate(free)}
    coordinates = {v: Form.variable(k) for v, k in number.items()}
    solved = {v: form.substitute(coordinates.get) for v, (form, _) in pivots.items()}
    forms = tuple(coordinates[v] if v in number else solved[v] for v in range(n))
    kept = [(i, r.form.substitute(forms.__getitem__)) for i, r in enumerate(relations) if i not in equal]
    kept = [(i, form) for i, form in kept if form.terms]
    interior = tuple(answer.point[v] for v in free)
    evidence: dict = {}
    if implied:
        evidence["implied"] = implied
    if pivots:
        evidence["pivots"] = {f"v{v}": sparse_pairs(row) for v, (_, row) in sorted(pivots.items())}
    if kept:
        evidence["interior"] = [text(c) for c in interior]
    return Chart(free, forms, tuple(f for _, f in kept), tuple(i for i, _ in kept), interior, evidence)


def _eliminate(equalities: list[tuple[int, Form]]) -> dict[int, tuple[Form, dict[int, fmpq]]]:
    """Solves equalities: pivot -> (its form over the free inputs, multipliers of the equalities)."""
    rows: dict[int, tuple[Form, dict[int, fmpq]]] = {}  # pivot -> (x_pivot - form, multipliers)
    for i, form in equalities:
        multipliers = {i: ONE}
        for v, (row, used) in rows.items():
            c = form.coefficient(v)
            if c:
                form = combine(((ONE, form), (-c, row)))
                multipliers = _mix(multipliers, ONE, used, -c)
        if form.is_constant:
            continue  # dependent: the polyhedron is not empty
        pivot = max(form.terms)
        scale = ONE / form.terms[pivot]
        form, multipliers = form.scale(scale), {k: scale * m for k, m in multipliers.items()}
        for v, (row, used) in rows.items():
            c = row.coefficient(pivot)
            if c:
                rows[v] = (combine(((ONE, row), (-c, form))), _mix(used, ONE, multipliers, -c))
        rows[pivot] = (form, multipliers)
    return {v: (Form.variable(v) - row, used) for v, (row, used) in rows.items()}


def _mix(a: dict[int, fmpq], s: fmpq, b: dict[int, fmpq], t: fmpq) -> dict[int, fmpq]:
    return {k: v for k in a.keys() | b.keys() if (v := s * a.get(k, ZERO) + t * b.get(k, ZERO))}


def sparse(multipliers: Sequence[fmpq]) -> list:
    """Writes multipliers as certificate data: ``[[index, "value"], ...]``, zeros left out."""
    return [[i, text(m)] for i, m in enumerate(multipliers) if m]


def sparse_pairs(multipliers: dict[int, fmpq]) -> list:
    """Writes multipliers held in a dictionary as certificate data."""
    return [[i, text(m)] for i, m in sorted(multipliers.items()) if m]
