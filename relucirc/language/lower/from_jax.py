"""JAX functions as graphs: traced once, then read exactly over the piecewise-linear primitives.

``jax.make_jaxpr`` records what a function does, so that Equinox, Flax, Haiku and plain functions need no
adapter.  The graph is the function over the real numbers that the recorded constants define: arithmetic
does not round, and a constant means exactly the binary number that it holds.  JAX's 64-bit types are off
by default, and then a Python float in the function is a float32: ``0.1 * x`` is 13421773/134217728 x.
A root, or another irrational function, of a constant is the float that JAX computes for it.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import FormulaError, shorten
from relucirc.core.forms import Form
from relucirc.core.graph import Gate, Graph, GraphBuilder, Guard, MaxGate
from relucirc.core.names import read_names
from relucirc.language.lower.jaxpr.arrays import elementwise, objects
from relucirc.language.lower.jaxpr.interpreter import Interpreter, Unknown, Value
from relucirc.language.lower.jaxpr.limits import Stopped, Unsupported
from relucirc.language.lower.jaxpr.scalars import Scalars

MAX_REASONS = 8
"""How many unsupported operations an error lists."""


def graph_of_function(function: Callable[..., Any], names: Sequence[str]) -> Graph:
    """Traces a piecewise-linear JAX function of one point and lowers it to a graph.

    Args:
        function: A function of one array of shape ``(n,)``, of n scalars, or of one scalar if n is 1.
            It may return any pytree of arrays; their elements, in order, are the outputs.
        names: The names of the n inputs, in order.

    Returns:
        A graph that has exactly the function's values, read over the real numbers.

    Raises:
        FormulaError: When the function cannot be traced, has a value that is not a finite number, or
            is not piecewise linear; every unsupported operation is named, and where it stands.

    Example:
        >>> from flint import fmpq
        >>> graph_of_function(lambda x: jnp.maximum(x[0], 2 * x[1]), ("x1", "x2")).evaluate([fmpq(1), fmpq(3)])
        [6]
    """
    names = read_names(names)
    traced, separate = _trace(function, len(names))
    builder = GraphBuilder(names)
    inputs: list[Any] = [builder.input(i) for i in range(len(names))]
    shapes = [v.aval.shape for v in traced.jaxpr.invars]
    arguments = [objects([form], ()) for form in inputs] if separate else [objects(inputs, shapes[0])]
    try:
        results = Interpreter(Scalars(builder)).run(traced, arguments)
    except Stopped as error:
        raise FormulaError(f"{_name(function)} is too large to be read exactly: {error}.") from None
    _refuse_unknown(function, results)
    outputs = [form for result in results for form in _output_forms(result)]
    if not outputs:
        raise FormulaError(
            f"expected a function with at least one number as its value, got none from {_name(function)}."
        )
    return pruned(builder.build(outputs))


def _trace(function: Callable[..., Any], n: int) -> tuple[Any, bool]:
    """Returns the traced function, and whether it takes its inputs as separate scalars."""
    dtype = jnp.result_type(float)
    first_error: Exception | None = None
    for shapes in _calling_conventions(function, n):
        try:
            traced = jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(shape, dtype) for shape in shapes))
        except Exception as error:  # whatever the user's function raises
            first_error = first_error or error
        else:
            return traced, len(shapes) > 1
    if first_error is None:
        raise FormulaError(
            f"{_name(function)}: expected a function of one array of shape ({n},) or of {n} scalars, "
            f"got one with the signature {_signature(function)}."
        )
    raise FormulaError(f"{_name(function)} cannot be traced by JAX: {_explained(first_error)}") from first_error


def _calling_conventions(function: Callable[..., Any], n: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yields argument shapes to try: one point first, unless the function requires n arguments."""
    shapes = [((n,),), ((),) * n]
    signature = _signature(function)
    if signature is None:
        yield from shapes
        return
    for shape in shapes:
        try:
            signature.bind(*shape)
        except TypeError:
            continue
        yield shape


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _explained(error: Exception) -> str:
    """The first line of an error, and what to do about the usual ones."""
    first = shorten((str(error).strip() or type(error).__name__).splitlines()[0], 200)
    if isinstance(error, jax.errors.ConcretizationTypeError):
        return f"it decides something in Python by the value of an input; use jnp.where or jax.lax.cond ({first})"
    return f"{type(error).__name__}: {first}"


def _refuse_unknown(function: Callable[..., Any], results: Sequence[Value]) -> None:
    reasons = [reason for result in results if isinstance(result, Unknown) for reason in result.reasons]
    reasons = list(dict.fromkeys(reasons))
    if reasons:
        more = len(reasons) - MAX_REASONS
        listed = "; ".join(reasons[:MAX_REASONS]) + (f"; and {more} more" if more > 0 else "")
        raise FormulaError(f"{_name(function)} cannot be read exactly: {listed}.")


def _output_forms(result: Value) -> Iterator[Form]:
    """Reads a result's elements as outputs; conditions count as 1 and 0."""
    assert isinstance(result, np.ndarray)
    try:
        for value in elementwise(lambda v: v, result).ravel():
            if isinstance(value, float):
                raise Unsupported(f"one is {value}")
            if isinstance(value, bool | Guard):
                raise Unsupported("one is a condition; use jnp.where(condition, 1, 0)")
            yield value if isinstance(value, Form) else Form.constant(value)
    except Unsupported as error:
        raise FormulaError(f"expected finite numbers as values of the function: {error}.") from None


def _name(function: Callable[..., Any]) -> str:
    return f"the function {getattr(function, '__name__', None) or type(function).__name__}"


def pruned(graph: Graph) -> Graph:
    """Leaves out the gates that no output needs."""
    n = len(graph.inputs)
    needed: set[int] = set()
    stack = [v for form in graph.outputs for v in form.terms]
    while stack:
        v = stack.pop()
        if v >= n and v not in needed:
            needed.add(v)
            stack.extend(w for form in _gate_forms(graph.gates[v - n]) for w in form.terms)
    if len(needed) == len(graph.gates):
        return graph
    number = {v: n + k for k, v in enumerate(sorted(needed))}

    def moved(form: Form) -> Form:
        return Form({number.get(v, v): c for v, c in form.terms.items()}, form.const)

    gates = tuple(graph.gates[v - n].map(moved) for v in sorted(needed))
    return Graph(graph.inputs, gates, tuple(map(moved, graph.outputs)))


def _gate_forms(gate: Gate) -> list[Form]:
    """Every form that a gate reads."""
    if isinstance(gate, MaxGate):
        return [gate.left, gate.right]
    return [f for guard, form in gate.branches for f in (form, *(r.form for r in guard.relations()))]
