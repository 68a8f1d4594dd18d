"""Combinators: circuits made of circuits.

The output of one network and the input of the next are both affine, so the two maps merge into one
and a composition is again a plain MLP: ``W_2 (W_1 z + b_1) + b_2 = (W_2 W_1) z + (W_2 b_1 + b_2)``.
Side by side, matrices become block-diagonal, and a shallower network is padded with identity circuits.
"""

import itertools
from collections.abc import Callable
from typing import Any

from relucirc.core.errors import NetworkError, shorten
from relucirc.core.forms import Form
from relucirc.core.names import default_names
from relucirc.language.layers import network_of
from relucirc.language.network import MLP


def compose(*nets: Any) -> MLP:
    """Returns the composition: ``compose(f, g)`` computes ``f(g(x))``.

    Args:
        *nets: Networks or circuits, the outermost first.

    Returns:
        An exact network with the hidden layers of all of them.

    Raises:
        NetworkError: When one gives another number of values than the next takes.

    Example:
        >>> from relucirc import circuits
        >>> compose(circuits.absolute, circuits.subtraction).at(3, 5)
        (2,)
    """
    if not nets:
        raise NetworkError("compose: expected at least one network, got none.")
    *outer, inner = map(_network, nets)
    layers = _forms(inner)
    for net in reversed(outer):
        given, taken = len(layers[-1]), len(net.inputs)
        if given != taken:
            raise NetworkError(f"compose: the inner network gives {given} values, the outer one takes {taken}.")
        first, *rest = _forms(net)
        layers[-1:] = [[form.substitute(layers[-1].__getitem__) for form in first], *rest]
    return network_of(layers, inner.inputs)


def parallel(*nets: Any, shared: bool = False) -> MLP:
    """Returns networks side by side, the outputs of all of them one after the other.

    Args:
        *nets: Networks or circuits.
        shared: Whether all read the same inputs; otherwise each has inputs of its own, renamed
            ``x1, x2, ...``.

    Returns:
        An exact network as deep as the deepest; shallower ones are padded with identity circuits
        at their narrower end.

    Raises:
        NetworkError: When the inputs are shared but differ in number.

    Example:
        >>> from relucirc import circuits
        >>> parallel(circuits.minimum, circuits.maximum, shared=True).at(3, 5)
        (3, 5)
    """
    if not nets:
        raise NetworkError("parallel: expected at least one network, got none.")
    networks = [_network(net) for net in nets]
    depth = max(len(net.layers) for net in networks)
    columns = [_forms(_padded(net, depth)) for net in networks]
    widths = [len(net.inputs) for net in networks]
    if shared and len(set(widths)) > 1:
        raise NetworkError(f"parallel: expected networks with the same inputs, got {widths} of them; use shared=False.")
    starts = [0] * len(networks) if shared else [*itertools.accumulate(widths, initial=0)]
    layers = []
    for k in range(depth):
        layers.append([_moved(form, start) for net, start in zip(columns, starts, strict=False) for form in net[k]])
        starts = [*itertools.accumulate((len(net[k]) for net in columns), initial=0)]
    return network_of(layers, networks[0].inputs if shared else default_names(sum(widths)))


def tree(circuit: Any, n: int) -> MLP:
    """Returns a balanced tree of copies of a circuit with two inputs and one output.

    For an associative operation this is the operation on n inputs, with ``ceil(log2 n)`` levels; where a level
    has an odd number of values, an identity circuit carries the last one up.

    Args:
        circuit: A network or circuit, such as ``circuits.minimum``.
        n: Number of inputs, at least 1.

    Raises:
        NetworkError: When the circuit has other sizes, or n is less than 1.

    Example:
        >>> from relucirc import circuits
        >>> tree(circuits.minimum, 4).sizes
        (4, 6, 3, 1)
    """
    net = _network(circuit)
    if (len(net.inputs), net.sizes[-1]) != (2, 1):
        raise NetworkError(
            f"tree: expected a circuit with 2 inputs and 1 output, got {len(net.inputs)} and {net.sizes[-1]}."
        )
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise NetworkError(f"tree: expected a number of inputs of at least 1, got {shorten(n)}.")
    result = affine_identity(n)
    while n > 1:
        level = [net] * (n // 2) + [affine_identity(1)] * (n % 2)
        result = compose(parallel(*level), result)
        n = len(level)
    return result


def affine_identity(n: int) -> MLP:
    """Returns the identity of n values with no hidden layer."""
    return network_of([[Form.variable(i) for i in range(n)]], default_names(n))


def identity_layer(n: int) -> MLP:
    """Returns n identity circuits side by side: one hidden layer of 2n neurons."""
    spread = [form for i in range(n) for form in (Form.variable(i), -Form.variable(i))]
    gather = [Form.variable(2 * i) - Form.variable(2 * i + 1) for i in range(n)]
    return network_of([spread, gather], default_names(n))


def _network(net: Any) -> MLP:
    """Reads a network, or builds a circuit with its default parameters."""
    built = net() if not isinstance(net, MLP) and isinstance(net, Callable) else net
    if not isinstance(built, MLP):
        raise NetworkError(f"expected networks or circuits, got {shorten(net)} of type {type(net).__name__}.")
    if built.symbols:
        raise NetworkError("expected rational weights, got a symbolic family; combine circuits first, then family_of.")
    return built.exact()


def _padded(net: MLP, depth: int) -> MLP:
    """Adds identity circuits until the network has ``depth`` layers."""
    missing = depth - len(net.layers)
    if not missing:
        return net
    outputs = net.sizes[-1]
    if outputs <= len(net.inputs):
        return compose(*([identity_layer(outputs)] * missing), net)
    return MLP(compose(net, *([identity_layer(len(net.inputs))] * missing)).layers, net.inputs)


def _forms(net: MLP) -> list[list[Form]]:
    return [layer.forms() for layer in net.layers]


def _moved(form: Form, start: int) -> Form:
    return Form({start + v: c for v, c in form.terms.items()}, form.const)
