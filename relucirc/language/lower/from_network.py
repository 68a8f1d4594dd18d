"""Networks as one graph: one max-gate ``max(0, z)`` for every neuron."""

from collections.abc import Sequence

from relucirc.core.budget import tick
from relucirc.core.errors import NetworkError
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.language.network import MLP


def graph_of_network(net: MLP) -> Graph:
    """Returns the graph of a network; float weights are read as exactly the rationals they are.

    Raises:
        NetworkError: For symbolic weights; :func:`relucirc.language.lower.from_family.resolve_family` first.
    """
    return graph_of_networks([net], net.inputs)


def graph_of_networks(nets: Sequence[MLP], inputs: Sequence[str]) -> Graph:
    """Returns one graph of networks that have nothing in common: the inputs and outputs of all, one after another.

    Args:
        nets: The networks.
        inputs: Names for all inputs.

    Raises:
        NetworkError: For symbolic weights.
    """
    builder = GraphBuilder(inputs)
    outputs, start = [], 0
    for net in nets:
        if net.symbols:
            raise NetworkError(f"weights have symbols {[s.name for s in net.symbols]}; resolve the family first.")
        values = [builder.input(start + i) for i in range(len(net.inputs))]
        start += len(net.inputs)
        layers = net.exact().layers
        for depth, layer in enumerate(layers):
            forms = []
            for row in layer.forms():
                tick()
                forms.append(row.substitute(values.__getitem__))
            values = forms if depth == len(layers) - 1 else [builder.relu(form) for form in forms]
        outputs += values
    return builder.build(outputs)
