"""From a payment to the network with one hidden layer that it buys."""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph
from relucirc.core.rows import solve_rows
from relucirc.language.layers import network_of
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP
from relucirc.optimal.remainder import Payment, Remainder


def build_network(
    names: Sequence[str], remainder: Remainder, payment: Payment
) -> tuple[MLP, tuple[tuple[fmpq, ...], ...] | None]:
    """Builds the network of a payment, and the skip connection if it is free."""
    form, n, m = remainder.form, remainder.form.n, len(remainder.form.affine)
    rest = remainder.left_over(payment.reversed)
    generators = [form.folds[i].form for i in payment.doubled]
    generators += [Form.constant(fmpq(1))] * payment.constant
    generators += [*payment.always_on, *payment.pairs]
    rows = [remainder.vector(g) for g in generators]
    shares = []
    for o in range(m):
        solution = solve_rows(remainder.vector(rest[o]), rows)
        assert solution is not None
        shares.append(solution)
        rest[o] = combine([(fmpq(1), rest[o]), *((-c, g) for c, g in zip(solution, generators, strict=True))])
    share = [tuple(shares[o][j] for o in range(m)) for j in range(len(generators))]
    neurons: list[tuple[Form, tuple[fmpq, ...]]] = []
    second = {i: share[j] for j, i in enumerate(payment.doubled)}
    for i, fold in enumerate(form.folds):
        if i in second:
            neurons.append((fold.form, tuple(a + b for a, b in zip(fold.jumps, second[i], strict=True))))
            neurons.append((-fold.form, tuple(-b for b in second[i])))
        else:
            neurons.append((-fold.form if i in payment.reversed else fold.form, fold.jumps))
    single = len(payment.doubled) + payment.constant + len(payment.always_on)
    for j in range(len(payment.doubled), len(generators)):
        neurons.append((generators[j], share[j]))
        if j >= single:
            neurons.append((-generators[j], tuple(-c for c in share[j])))
    bias = [form.const for form in rest]
    skips = tuple(tuple(form.coefficient(v) for v in range(n)) for form in rest)
    assert remainder.kind.skip or not any(c for row in skips for c in row)
    assert remainder.kind.output_bias or not any(bias)
    outputs = [Form({j: out[o] for j, (_, out) in enumerate(neurons)}, bias[o]) for o in range(m)]
    layers = [[form for form, _ in neurons], outputs] if neurons else [outputs]  # with none, the affine map itself
    return network_of(layers, names), skips if remainder.kind.skip else None


def with_skip(network: MLP, skips: Sequence[Sequence[fmpq]] | None) -> MLP | Graph:
    """Returns the network with its skip connection, as a graph; the network itself without one."""
    if skips is None:
        return network
    graph = graph_of_network(network)
    outputs = [out + Form(dict(enumerate(row))) for out, row in zip(graph.outputs, skips, strict=True)]
    return Graph(graph.inputs, graph.gates, tuple(outputs))


def network_to_json(network: MLP) -> dict[str, Any]:
    """Writes a network as certificates do: every layer has a bias."""
    data = network.to_json()
    for layer in data["layers"]:
        layer["bias"] = layer["bias"] or ["0"] * len(layer["weight"])
    return data
