"""Charts: a polyhedron, possibly of lower dimension, seen in coordinates where it has interior.

Equalities, given or implied by the inequalities, express some inputs (the pivots) by the others;
over the remaining inputs the polyhedron is full-dimensional.  Methods work there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from relucirc.core.errors import DomainError
from relucirc.core.exact import ZERO, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph, Relation
from relucirc.core.rows import echelon
from relucirc.language.domain import Domain


@dataclass(frozen=True)
class Empty:
    """No point satisfies some relations.

    Attributes:
        multipliers: One for each relation: the combination that shows it (Motzkin).
    """

    multipliers: tuple[fmpq, ...]

    @property
    def evidence(self) -> dict:
        """Certificate data."""
        return {"empty": sparse(self.multipliers)}


@dataclass(frozen=True)
class Chart:
    """Coordinates for the closure of a polyhedron.

    Attributes:
        free: The inputs that serve as coordinates, ascending.
        forms: Every input as a form over coordinate numbers.
        constraints: Inequalities ``>= 0`` over coordinate numbers, none identically zero.
        owners: For every constraint the relation that it comes from.
        interior: Coordinates of a point where all constraints are positive.
        implied: Multipliers that show which inequalities are equalities, one set after another.
        pivots: For every other input the multipliers of the equalities that solve it.
    """

    free: tuple[int, ...]
    forms: tuple[Form, ...]
    constraints: tuple[Form, ...]
    owners: tuple[int, ...]
    interior: tuple[fmpq, ...]
    implied: tuple[tuple[fmpq, ...], ...]
    pivots: dict[int, dict[int, fmpq]]

    @property
    def evidence(self) -> dict:
        """What the checker needs to rebuild the chart."""
        evidence: dict = {}
        if self.implied:
            evidence["implied"] = [sparse(multipliers) for multipliers in self.implied]
        if self.pivots:
            rows = sorted(self.pivots.items())
            evidence["pivots"] = {f"v{v}": [[i, text(m)] for i, m in sorted(row.items())] for v, row in rows}
        if self.constraints:
            evidence["interior"] = [text(c) for c in self.interior]
        return evidence

    @property
    def inside(self) -> tuple[fmpq, ...]:
        """A point of the polyhedron, strictly inside of all that is no equality."""
        return self.lift(self.interior)

    def restricted(self, relation: Relation, owner: int) -> "Chart | None":
        """Returns the chart of the part where a further inequality holds, if the interior point shows it at once."""
        form = self.over(relation.form)
        if form.evaluate(self.interior).p <= 0:
            return None
        if not form.terms:
            return self
        return replace(self, constraints=(*self.constraints, form), owners=(*self.owners, owner))

    def over(self, form: Form) -> Form:
        """Rewrites a form over the inputs over the coordinates."""
        return form.substitute(self.forms.__getitem__)

    def lift(self, coordinates: Sequence[fmpq]) -> tuple[fmpq, ...]:
        """Returns the point of R^n with these coordinates."""
        return tuple(form.evaluate(coordinates) for form in self.forms)

    def pull(self, graph: Graph) -> Graph:
        """Rewrites a graph over the coordinates."""
        if not self.pivots:
            return graph
        shift = len(self.free) - len(graph.inputs)

        def value(v: int) -> Form:
            return self.forms[v] if v < len(graph.inputs) else Form.variable(v + shift)

        def over_chart(form: Form) -> Form:
            return form.substitute(value)

        names = tuple(graph.inputs[v] for v in self.free)
        return Graph(names, tuple(gate.map(over_chart) for gate in graph.gates), tuple(map(over_chart, graph.outputs)))


def chart_of(relations: Sequence[Relation], n: int) -> Chart | Empty:
    """Returns the chart of a polyhedron over n inputs, or what shows that it has no point.

    One question decides both: is there a point where all inequalities are strict?  If a combination excludes
    that, it shows that there is no point at all, or which inequalities are equalities.
    """
    equal = {i for i, relation in enumerate(relations) if relation.op == "=="}
    implied: list[tuple[fmpq, ...]] = []
    while True:
        tightened = [Relation(r.form, "==" if i in equal else ">") for i, r in enumerate(relations)]
        answer = feasibility(tightened, n)
        if answer.point is not None:
            break
        assert answer.multipliers is not None
        used = [(relations[i], m) for i, m in enumerate(answer.multipliers) if m]
        if any(r.op == ">" for r, _ in used) or sum((m * r.form.const for r, m in used), start=ZERO) < 0:
            # Multipliers of implied equalities may be negative: those are asked for again.
            found = feasibility(relations, n).multipliers if implied else answer.multipliers
            assert found is not None
            return Empty(tuple(found))
        implied.append(tuple(answer.multipliers))
        equal |= {i for i, m in enumerate(answer.multipliers) if m}
    pivots = _eliminate([(i, relations[i].form) for i in sorted(equal)])
    free = tuple(v for v in range(n) if v not in pivots)
    number = {v: k for k, v in enumerate(free)}
    coordinates = {v: Form.variable(k) for v, k in number.items()}
    solved = {v: form.substitute(coordinates.get) for v, (form, _) in pivots.items()}
    forms = tuple(coordinates[v] if v in number else solved[v] for v in range(n))
    kept = [(i, r.form.substitute(forms.__getitem__)) for i, r in enumerate(relations) if i not in equal]
    kept = [(i, form) for i, form in kept if form.terms]
    return Chart(
        free,
        forms,
        constraints=tuple(form for _, form in kept),
        owners=tuple(i for i, _ in kept),
        interior=tuple(answer.point[v] for v in free),
        implied=tuple(implied),
        pivots={v: row for v, (_, row) in pivots.items()},
    )


def chart_of_domain(domain: Domain, n: int) -> Chart:
    """Returns the chart of a domain that has to have points.

    Raises:
        DomainError: For an empty domain; for one without integer points as far as single relations show it.
    """
    chart = chart_of(domain.relations, n)
    if isinstance(chart, Empty):
        raise domain.emptiness
    if domain.integers and feasibility(domain.rounded, n).point is None:
        raise DomainError(f"the domain is empty: no point with integers satisfies {domain.text}.")
    return chart


def _eliminate(equalities: list[tuple[int, Form]]) -> dict[int, tuple[Form, dict[int, fmpq]]]:
    """Solves equalities: pivot -> (its form over the free inputs, multipliers of the equalities)."""
    columns = sorted({v for _, form in equalities for v in form.terms}, reverse=True)
    unit = [[fmpq(i == k) for k in range(len(equalities))] for i in range(len(equalities))]
    rows = [[*map(form.coefficient, columns), *one] for (_, form), one in zip(equalities, unit, strict=True)]
    solved = {}
    for row, pivot in zip(*echelon(rows), strict=True):
        if pivot < len(columns):
            v, multipliers = columns[pivot], row[len(columns) :]
            form = combine((m, form) for m, (_, form) in zip(multipliers, equalities, strict=True) if m)
            used = {i: m for m, (i, _) in zip(multipliers, equalities, strict=True) if m}
            solved[v] = Form.variable(v) - form, used
    return solved


def sparse(multipliers: Sequence[fmpq]) -> list:
    """Writes multipliers as certificate data: ``[[index, "value"], ...]``, zeros left out."""
    return [[i, text(m)] for i, m in enumerate(multipliers) if m]
