"""One network out of what is given: a network, a model of another library, or a JAX function."""

from collections.abc import Callable
from typing import Any

import numpy as np

from relucirc.core.errors import NetworkError, is_circuit, not_a_network, shorten
from relucirc.core.graph import SelectGate
from relucirc.language.layered import needed_gates, network_of_graph
from relucirc.language.lower.from_jax import graph_of_function
from relucirc.language.lower.from_model import library_of
from relucirc.language.lower.naming import names_of_function
from relucirc.language.network import MLP


def as_network(value: Any, domain: Any = None) -> MLP:
    """Returns a network as it is, and the network that a model or a piecewise-linear JAX function computes.

    Its weights are float32 or float64 where that rounds none of them, and exact otherwise.

    Args:
        value: A network; a model of Equinox, Flax, Keras on JAX, PyTorch or scikit-learn; what torch.export gives;
            or a JAX function.
        domain: A domain that names the inputs, if there is one.

    Raises:
        NetworkError: For anything else; for a function whose inputs have no clear names, or that jumps.
        FormulaError: For what is not piecewise linear.

    Example:
        >>> import jax.numpy as jnp
        >>> as_network(lambda x1, x2: jnp.maximum(x1 - x2, 0)).sizes
        (2, 1, 1)
    """
    if isinstance(value, MLP):
        return value
    model = library_of(value) is not None
    if is_circuit(value) or isinstance(value, type) or not (model or isinstance(value, Callable)):
        raise not_a_network(value)
    names = names_of_function(value, domain)
    if names is None:
        if not model:
            raise not_a_network(value)
        raise NetworkError(
            f"expected a model whose layers say how many inputs it takes, got {shorten(type(value).__name__)}; give a "
            "function of named arguments, lambda x1, x2: model(jnp.stack([x1, x2])), or of PyTorch what "
            "torch.export.export(model, (point,)) gives."
        )
    graph = graph_of_function(value, names)
    if any(isinstance(graph.gates[v - len(names)], SelectGate) for v in needed_gates(graph)):
        raise NetworkError(
            f"expected a continuous function, got {shorten(getattr(value, '__name__', type(value).__name__))}, which "
            "jumps, or is not seen to be continuous."
        )
    return network_of_graph(graph, (np.float32, np.float64))
