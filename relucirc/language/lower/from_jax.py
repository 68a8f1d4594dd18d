"""JAX functions as graphs: traced once, then read exactly over the piecewise-linear primitives.

``jax.make_jaxpr`` records what a function does, so that Equinox, Flax, Haiku and plain functions need no
adapter; models of other libraries become functions (:mod:`relucirc.language.lower.from_model`).  The graph is
the function over the real numbers that the recorded constants define: arithmetic does not round, and a constant
means exactly the binary number that it holds.  JAX's 64-bit types are off
by default, and then a Python float in the function is a float32: ``0.1 * x`` is 13421773/134217728 x.
A root, or another irrational function, of a constant is the float that JAX computes for it.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import FormulaError, NetworkError, shorten
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, GraphBuilder, Guard
from relucirc.core.names import read_names
from relucirc.language.layered import needed_gates
from relucirc.language.lower.from_model import model_of, wide_numbers
from relucirc.language.lower.guards import FALSE, TRUE, all_of
from relucirc.language.lower.jaxpr.arrays import elementwise, objects
from relucirc.language.lower.jaxpr.interpreter import Interpreter, Unknown, Value
from relucirc.language.lower.jaxpr.limits import Stopped, Unsupported
from relucirc.language.lower.jaxpr.scalars import Scalars

MAX_REASONS = 8
"""How many unsupported operations an error lists."""


Names = Sequence[str | Sequence[str]]
"""Names of inputs; those that make up one array are listed together."""
Shapes = tuple[tuple[int, ...], ...]


def graph_of_function(function: Callable[..., Any], names: Names) -> Graph:
    """Traces a piecewise-linear JAX function of one point and lowers it to a graph.

    Args:
        function: A function of one array of shape ``(n,)``, of n scalars, or of one scalar if n is 1.
            It may return any pytree of arrays; their elements, in order, are the outputs.
        names: The names of the n inputs, in order.  A function of several arguments, some of them arrays, has one
            entry for each: a name, or a list of names for an array of that length.

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
    builder, results = _run(function, names)
    outputs = [form for result in results for form in _output_forms(result)]
    if not outputs:
        raise FormulaError(
            f"expected a function with at least one number as its value, got none from {_name(function)}."
        )
    return pruned(builder.build(outputs))


def condition_of_function(function: Callable[..., Any], names: Names) -> tuple[GraphBuilder, Guard]:
    """Traces a JAX function whose values are conditions; they all have to hold.

    Returns:
        The gates, and the condition over them.

    Raises:
        FormulaError: When the function cannot be traced, has a value that is no condition, or is not piecewise
            linear.

    Example:
        >>> condition_of_function(lambda x: x[0] <= 2 * x[1], ("x1", "x2"))[1].relation
        Relation(form=-1*v0 + 2*v1, op='>=')
    """
    builder, results = _run(function, names)
    values = [value for result in results for value in elementwise(lambda v: v, result).ravel()]
    if not values or not all(isinstance(value, bool | Guard) for value in values):
        raise FormulaError(
            f"expected conditions as values of {_name(function)}, got numbers; compare them, as in f(x) <= g(x), or "
            "say which formula the function equals."
        )
    return builder, all_of(value if isinstance(value, Guard) else TRUE if value else FALSE for value in values)


def _run(function: Callable[..., Any], names: Names) -> tuple[GraphBuilder, list[np.ndarray]]:
    """Traces a function and evaluates what was traced."""
    parts = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else read_names(names)
    groups = [part if isinstance(part, list | tuple) else [part] for part in parts]
    inputs = read_names([name for group in groups for name in group])
    shapes = None
    if any(isinstance(part, list | tuple) for part in parts):
        shapes = tuple((len(part),) if isinstance(part, list | tuple) else () for part in parts)
    model = model_of(function)
    called = function if model is None else model.function
    with wide_numbers(model is not None and model.wide):
        traced = _trace(called, len(inputs), shapes, _name(function))
        builder = GraphBuilder(inputs)
        left = map(builder.input, range(len(inputs)))
        arguments = [objects(list(islice(left, v.aval.size)), v.aval.shape) for v in traced.jaxpr.invars]
        try:
            results = Interpreter(Scalars(builder)).run(traced, arguments)
        except Stopped as error:
            raise FormulaError(f"{_name(function)} is too large to be read exactly: {error}.") from None
    return builder, _known(function, results)


def _trace(function: Callable[..., Any], n: int, given: Shapes | None, name: str) -> Any:
    """Returns the traced function, of arguments of the given shapes, or of n inputs in the usual ways."""
    dtype = jnp.result_type(float)
    first_error: Exception | None = None
    for shapes in _calling_conventions(function, n) if given is None else [given]:
        try:
            return jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(shape, dtype) for shape in shapes))
        except NetworkError:  # of a model that is read here
            raise
        except Exception as error:  # whatever the user's function raises
            first_error = first_error or error
    if first_error is None:
        raise FormulaError(
            f"{name}: expected a function of one array of shape ({n},) or of {n} scalars, "
            f"got one with the signature {_signature(function)}."
        )
    raise FormulaError(f"{name} cannot be traced by JAX: {_explained(first_error)}") from first_error


def _calling_conventions(function: Callable[..., Any], n: int) -> Iterator[Shapes]:
    """Yields argument shapes to try: one point first, unless the function requires n arguments."""
    signature = _signature(function)
    for shapes in (((n,),), ((),) * n):
        try:
            if signature is not None:
                signature.bind(*shapes)
        except TypeError:
            continue
        yield shapes


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


def _known(function: Callable[..., Any], results: Sequence[Value]) -> list[np.ndarray]:
    """Refuses results that could not be computed exactly."""
    reasons = [reason for result in results if isinstance(result, Unknown) for reason in result.reasons]
    reasons = list(dict.fromkeys(reasons))
    if reasons:
        more = len(reasons) - MAX_REASONS
        listed = "; ".join(reasons[:MAX_REASONS]) + (f"; and {more} more" if more > 0 else "")
        raise FormulaError(f"{_name(function)} cannot be read exactly: {listed}.")
    return [result for result in results if isinstance(result, np.ndarray)]


def _output_forms(result: np.ndarray) -> Iterator[Form]:
    """Reads a result's elements as outputs."""
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
    needed = needed_gates(graph)
    if len(needed) == len(graph.gates):
        return graph
    number = {v: n + k for k, v in enumerate(needed)}

    def moved(form: Form) -> Form:
        return Form({number.get(v, v): c for v, c in form.terms.items()}, form.const)

    gates = tuple(graph.gates[v - n].map(moved) for v in needed)
    return Graph(graph.inputs, gates, tuple(map(moved, graph.outputs)))
