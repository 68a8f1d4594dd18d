"""A network as a graph: one max-gate ``max(0, z)`` for every neuron."""

from relucirc.core.budget import tick
from relucirc.core.errors import NetworkError
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.language.network import MLP


def graph_of_network(net: MLP) -> Graph:
    """Returns the graph of a network; float weights are read as exactly the rationals they are.

    Raises:
        NetworkError: For symbolic weights; :func:`relucirc.language.lower.from_family.resolve_family` first.
    """
    if net.symbols:
        raise NetworkError(f"weights have symbols {[s.name for s in net.symbols]}; resolve the family first.")
    builder = GraphBuilder(net.inputs)
    values = [builder.input(i) for i in range(len(net.inputs))]
    layers = net.exact().layers
    for depth, layer in enumerate(layers):
        forms = []
        for row in layer.forms():
            tick()
            forms.append(row.substitute(values.__getitem__))
        values = forms if depth == len(layers) - 1 else [builder.relu(form) for form in forms]
    return builder.build(values)
