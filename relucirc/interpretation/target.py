"""What is learned: a formula, a network or a function, as JAX arithmetic on columns of points."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.columns import evaluate_graph
from relucirc.core.errors import FormulaError, RelucircError, shorten
from relucirc.core.graph import Graph
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
        if not isinstance(formula, Callable) or hasattr(formula, "free_symbols") or hasattr(formula, "layers"):
            raise
        shape = jax.eval_shape(formula, jax.ShapeDtypeStruct((sizes[0],), jnp.float32)).shape
        if (shape[0] if shape else 1) != sizes[-1]:
            raise
        return Target(formula, inputs, sizes[-1], _mapped(formula), None)
    return Target(formula, inputs, sizes[-1], functools.partial(evaluate_graph, graph, xp=jnp), graph)


def _mapped(function: Callable) -> Callable[[Sequence[Array]], list[Array]]:
    """Applies a function of one point to arrays of them."""

    def evaluate(points: Sequence[Array]) -> list[Array]:
        shape = jnp.broadcast_shapes(*(p.shape for p in points))
        flat = jnp.stack([jnp.broadcast_to(p, shape).reshape(-1) for p in points], axis=-1)
        values = jax.vmap(lambda x: jnp.atleast_1d(function(x)))(flat)
        return [values[:, o].reshape(shape) for o in range(values.shape[1])]

    return evaluate
