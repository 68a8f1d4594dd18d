"""Float values of graphs and forms on columns of points, by NumPy or JAX: for proposals, never for decisions."""

import functools
from collections.abc import Sequence
from operator import and_, or_
from typing import Any

from relucirc.core.exact import approximate
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Guard, MaxGate, Relation

Array = Any


def evaluate_graph(graph: Graph, points: Sequence[Array], xp: Any) -> list[Array]:
    """Evaluates a graph at points, one array for each input, with NumPy or jax.numpy."""
    values = list(points)
    for gate in graph.gates:
        if isinstance(gate, MaxGate):
            values.append(xp.maximum(form_values(gate.left, values), form_values(gate.right, values)))
            continue
        *branches, (_, last) = gate.branches
        result = form_values(last, values)
        for guard, form in reversed(branches):
            result = xp.where(_guard(guard, values), form_values(form, values), result)
        values.append(result)
    return [form_values(form, values) for form in graph.outputs]


def form_values(form: Form, values: Sequence[Array]) -> Array:
    """Evaluates a form over one array for each variable, at least one."""
    total: Any = None
    for v, c in sorted(form.terms.items()):
        factor = approximate(c)
        term = values[v] if factor == 1 else values[v] * factor
        total = term if total is None else total + term
    if total is None:
        return values[0] * 0 + approximate(form.const)
    return total + approximate(form.const) if form.const else total


def _guard(guard: Guard, values: Sequence[Array]) -> Array:
    if guard.kind in ("true", "false"):
        return (values[0] == values[0]) if guard.kind == "true" else (values[0] != values[0])
    if guard.relation is not None:
        return _relation(guard.relation, values)
    parts = [_guard(part, values) for part in guard.parts]
    return ~parts[0] if guard.kind == "not" else functools.reduce(and_ if guard.kind == "and" else or_, parts)


def _relation(relation: Relation, values: Sequence[Array]) -> Array:
    value = form_values(relation.form, values)
    return value > 0 if relation.op == ">" else value >= 0 if relation.op == ">=" else value == 0
