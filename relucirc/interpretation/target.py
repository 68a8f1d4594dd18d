"""What is learned: a formula, a network or a function, as JAX arithmetic on columns of points."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import FormulaError, RelucircError, shorten
from relucirc.core.exact import approximate
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Guard, MaxGate, Relation
from relucirc.core.names import default_names, read_names
from relucirc.core.printing import formula_text
from relucirc.language.lower.from_formula import graph_of_formula

Array = Any


@dataclass(frozen=True)
class Target:
    """A function to learn.

    Attributes:
        formula: As it was given; what snapped networks are proved against.
        names: The inputs, in order.
        outputs: Number of outputs.
        columns: From one array per input to one array per output, elementwise.
        graph: Its exact graph; None for a function that is not piecewise linear, which can be
            learned but not proved.
    """

    formula: Any
    names: tuple[str, ...]
    outputs: int
    columns: Callable[[Sequence[Array]], list[Array]]
    graph: Graph | None

    def values(self, points: np.ndarray) -> np.ndarray:
        """Returns the values at points outside of compiled code: ``[count, inputs]`` to ``[count, outputs]``."""
        if self.graph is not None:
            return np.stack(evaluate_graph(self.graph, list(points.T), np), axis=-1)
        return np.stack([np.asarray(column) for column in self.columns(list(points.T))], axis=-1)

    def __str__(self) -> str:
        if isinstance(self.formula, str):
            return self.formula
        return shorten(getattr(self.formula, "__name__", None) or formula_text(self.formula), 60)


def read_target(formula: Any, sizes: Sequence[int], names: Sequence[str] | None = None) -> Target:
    """Reads what a network of these sizes is to learn.

    Args:
        formula: Text, a SymPy expression, a list of them, a network, or a JAX function of one point.
        sizes: Widths of the network, from its inputs to its outputs.
        names: Names of the inputs; a network's own, or ``x`` and ``x1, x2, ...`` by default.

    Raises:
        FormulaError: When it cannot be read, or has another number of outputs.
    """
    inputs = read_names(names or getattr(formula, "inputs", ()) or default_names(sizes[0]))
    if len(inputs) != sizes[0]:
        raise FormulaError(f"the target has {len(inputs)} inputs, {shorten(inputs)}, but the sizes say {sizes[0]}.")
    try:
        graph = graph_of_formula(formula, inputs, sizes[-1])
    except RelucircError:
        if not _is_function(formula) or _outputs_of(formula, sizes[0]) != sizes[-1]:
            raise
        return Target(formula, inputs, sizes[-1], _mapped(formula), None)
    return Target(formula, inputs, sizes[-1], graph_columns(graph), graph)


def graph_columns(graph: Graph) -> Callable[[Sequence[Array]], list[Array]]:
    """Returns a graph as float arithmetic on one array per input."""
    return functools.partial(evaluate_graph, graph, xp=jnp)


def evaluate_graph(graph: Graph, points: Sequence[Array], xp: Any) -> list[Array]:
    """Evaluates a graph with NumPy or jax.numpy."""
    values = list(points)
    for gate in graph.gates:
        if isinstance(gate, MaxGate):
            values.append(xp.maximum(_form(gate.left, values), _form(gate.right, values)))
            continue
        *branches, (_, last) = gate.branches
        result = _form(last, values)
        for guard, form in reversed(branches):
            result = xp.where(_guard(guard, values), _form(form, values), result)
        values.append(result)
    return [_form(form, values) for form in graph.outputs]


def _form(form: Form, values: Sequence[Array]) -> Array:
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
    if guard.kind == "not":
        return ~parts[0]
    result = parts[0]
    for part in parts[1:]:
        result = result & part if guard.kind == "and" else result | part
    return result


def _relation(relation: Relation, values: Sequence[Array]) -> Array:
    value = _form(relation.form, values)
    return value > 0 if relation.op == ">" else value >= 0 if relation.op == ">=" else value == 0


def _is_function(formula: Any) -> bool:
    return isinstance(formula, Callable) and not hasattr(formula, "free_symbols") and not hasattr(formula, "layers")


def _outputs_of(function: Callable, n: int) -> int:
    shape = jax.eval_shape(function, jax.ShapeDtypeStruct((n,), jnp.float32)).shape
    return shape[0] if shape else 1


def _mapped(function: Callable) -> Callable[[Sequence[Array]], list[Array]]:
    """Applies a function of one point to arrays of them."""

    def evaluate(points: Sequence[Array]) -> list[Array]:
        shape = jnp.broadcast_shapes(*(p.shape for p in points))
        flat = jnp.stack([jnp.broadcast_to(p, shape).reshape(-1) for p in points], axis=-1)
        values = jax.vmap(lambda x: jnp.atleast_1d(function(x)))(flat)
        return [values[:, o].reshape(shape) for o in range(values.shape[1])]

    return evaluate
