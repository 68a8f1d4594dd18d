"""From what is paid for to the neurons that it buys: one layer, and a network with one hidden layer."""

from collections.abc import Callable, Container, Sequence

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph
from relucirc.core.rows import solve_all
from relucirc.language.layers import network_of
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP
from relucirc.optimal.remainder import Payment, Remainder


def build_network(
    names: Sequence[str], remainder: Remainder, payment: Payment
) -> tuple[MLP, tuple[tuple[fmpq, ...], ...] | None]:
    """Builds the network of a payment, and the skip connection if it is free."""
    form, kind = remainder.form, remainder.kind
    neurons, outputs, left = bought_layer(
        [fold.form for fold in form.folds],
        [fold.jumps for fold in form.folds],
        payment.reversed,
        payment.doubled,
        [*[Form.constant(ONE)] * payment.constant, *payment.always_on],
        payment.pairs,
        remainder.left_over(payment.reversed),
        remainder.vector,
    )
    skips = tuple(tuple(form.coefficient(v) for v in range(remainder.form.n)) for form in left)
    assert kind.skip or not any(map(any, skips))
    assert kind.output_bias or not any(form.const for form in left)
    layers = [neurons, outputs] if neurons else [outputs]  # with none, the affine map itself
    return network_of(layers, names), skips if kind.skip else None


def bought_layer(
    inside: Sequence[Form],
    weights: Sequence[Sequence[fmpq]],
    flipped: Container[int],
    doubled: Sequence[int],
    singles: Sequence[Form],
    pairs: Sequence[Form],
    rest: Sequence[Form],
    vector: Callable[[Form], Sequence[fmpq]],
) -> tuple[list[Form], list[Form], list[Form]]:
    """Writes needed forms over the neurons of one layer, whose hinges and further neurons are chosen.

    Args:
        inside: The forms of the layer's hinges.
        weights: The weights of every hinge in the needed forms.
        flipped: The hinges whose neurons look the other way.
        doubled: Those with a second neuron.
        singles: Forms that are never negative, with a neuron each.
        pairs: Forms with two neurons each.
        rest: What the hinges leave of the needed forms.
        vector: The coordinates of a form that the further neurons have to give.

    Returns:
        The neurons that are read, the needed forms over them, and what is left of each beside the coordinates.
    """
    generators = [*(inside[i] for i in doubled), *singles, *pairs]
    left, shares = [], []
    for form, solution in zip(rest, solve_all([*map(vector, rest)], [*map(vector, generators)]), strict=True):
        tick()
        assert solution is not None
        shares.append(solution)
        left.append(combine([(ONE, form), *((-c, g) for c, g in zip(solution, generators, strict=True))]))
    further = [[share[j] for share in shares] for j in range(len(generators))]
    second = dict(zip(doubled, further, strict=False))
    found: list[tuple[Form, Sequence[fmpq]]] = []
    for i, form in enumerate(inside):
        if i in second:
            found.append((form, [a + b for a, b in zip(weights[i], second[i], strict=True)]))
            found.append((-form, [-b for b in second[i]]))
        else:
            found.append((-form if i in flipped else form, weights[i]))
    single = len(doubled) + len(singles)
    for j in range(len(doubled), len(generators)):
        found.append((generators[j], further[j]))
        if j >= single:
            found.append((-generators[j], [-c for c in further[j]]))
    found = [(form, column) for form, column in found if any(column)]
    outputs = [Form({j: column[o] for j, (_, column) in enumerate(found)}, form.const) for o, form in enumerate(left)]
    return [form for form, _ in found], outputs, left


def with_skip(network: MLP, skips: Sequence[Sequence[fmpq]] | None) -> MLP | Graph:
    """Returns the network with its skip connection, as a graph; the network itself without one."""
    if skips is None:
        return network
    graph = graph_of_network(network)
    outputs = [out + Form(dict(enumerate(row))) for out, row in zip(graph.outputs, skips, strict=True)]
    return Graph(graph.inputs, graph.gates, tuple(outputs))
