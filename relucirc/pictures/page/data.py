"""What a page's scripts are given: network, formula and domain as plain data, every number as text, exactly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from flint import fmpq

from relucirc.core.exact import ZERO, approximate, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Guard, MaxGate, Relation
from relucirc.interpretation.explanation import Explanation
from relucirc.interpretation.features import features_in
from relucirc.interpretation.vocabulary import Feature
from relucirc.language.domain import Domain
from relucirc.language.network import MLP

NEAR, MARGIN = 3.0, 1.5
"""Least half of a window where the domain has no bounds, and how much further it goes than most kinks."""
MOST = 0.9
"""Share of the kinks of the first layer that a window shows."""
FAR = 1e9
"""Largest number in a window."""


def bench_data(
    net: MLP,
    formula: Graph | None,
    domain: Domain,
    explanation: Explanation | None,
    point: Sequence[fmpq] | None = None,
    within: fmpq = ZERO,
) -> dict[str, Any]:
    """Returns what ``bench.js`` is opened with.

    Args:
        net: A network without symbols.
        formula: What it is compared with, if there is anything.
        domain: Where.
        explanation: What is known about its neurons.
        point: Where the page begins; else a point of the domain.
        within: How far network and formula may be apart.
    """
    exact = net.exact()
    return {
        "network": exact.to_json(),
        "formula": None if formula is None else graph_data(formula),
        "domain": {"relations": list(map(relation_data, domain.relations)), "integers": sorted(domain.integers)},
        "within": text(within),
        "point": list(map(text, first_point(net, domain) if point is None else point)),
        "window": window_of(exact, domain),
        "neurons": neuron_data(net, explanation),
    }


def form_data(form: Form) -> dict[str, Any]:
    """An affine form."""
    return {"terms": [[v, text(c)] for v, c in sorted(form.terms.items())], "constant": text(form.const)}


def relation_data(relation: Relation) -> dict[str, Any]:
    """A relation of a form to 0."""
    return {"form": form_data(relation.form), "op": relation.op}


def guard_data(guard: Guard) -> dict[str, Any]:
    """A condition."""
    if guard.relation is not None:
        return {"kind": "relation", **relation_data(guard.relation)}
    return {"kind": guard.kind, "parts": list(map(guard_data, guard.parts))}


def graph_data(graph: Graph) -> dict[str, Any]:
    """A formula: its gates, and its outputs over them."""
    gates = []
    for gate in graph.gates:
        if isinstance(gate, MaxGate):
            gates.append({"max": [form_data(gate.left), form_data(gate.right)]})
        else:
            gates.append({"choose": [[guard_data(guard), form_data(form)] for guard, form in gate.branches]})
    return {"gates": gates, "outputs": list(map(form_data, graph.outputs))}


def first_point(net: MLP, domain: Domain) -> tuple[fmpq, ...]:
    """A point that shows something, of the domain where that has one that is found at once."""
    signs = [(-1) ** i for i in range(len(net.inputs))]
    sizes = [fmpq(i + 1) for i in range(len(net.inputs))]
    tried = [
        tuple(s * z for s, z in zip(signs, sizes, strict=True)),
        tuple(s / (1 + z) for s, z in zip(signs, sizes, strict=True)),
    ]
    tried += [tuple(1 / (1 + z) for z in sizes), tuple(sizes)]
    found = next((point for point in tried if domain.contains(point)), None)
    if found is None:
        any_ = feasibility(domain.relations, len(sizes)).point
        found = tried[0] if any_ is None else tuple(any_)
    return found


def window_of(net: MLP, domain: Domain) -> list[tuple[float, float]]:
    """For every input an interval: the domain's bounds, or what shows most of the first layer's kinks."""
    reach = sorted(approximate(abs(b) / max(abs(c) for _, c in row)) for row, b in _kinks(net))
    half = min(max(NEAR, MARGIN * reach[int(MOST * (len(reach) - 1))] if reach else 0.0), FAR)
    low: list[float | None] = [None] * len(net.inputs)
    high = low.copy()
    for relation in domain.relations:
        if len(relation.form.terms) == 1:
            ((v, c),) = relation.form.terms.items()
            bound = approximate(-relation.form.const / c)
            if relation.op == "==":
                low[v], high[v] = bound - NEAR, bound + NEAR
            elif c > 0:
                low[v] = bound
            else:
                high[v] = bound
    return [_interval(*ends, half) for ends in zip(low, high, strict=True)]


def _interval(low: float | None, high: float | None, half: float) -> tuple[float, float]:
    """An interval with these ends, as far as there are any."""
    left = low if low is not None else -half if high is None else min(-half, high - 2 * half)
    right = high if high is not None else max(half, left + 2 * half)
    left, right = (min(max(end, -FAR), FAR) for end in (left, right))
    return (left, right) if left < right else (left - NEAR, left + NEAR)


def _kinks(net: MLP) -> Iterable[tuple[Any, fmpq]]:
    """Rows and biases of the hidden neurons of the first layer."""
    if len(net.layers) > 1:
        layer = net.layers[0]
        yield from ((row, b) for row, b in zip(layer.weight.rows, layer.exact_bias(), strict=True) if row)


def neuron_data(net: MLP, explanation: Explanation | None) -> dict[str, dict[str, Any]]:
    """What every hidden neuron detects, and the circuits that it belongs to."""
    features = [*(explanation.features + explanation.groups if explanation else ()), *features_in(net)]
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"feature": "", "circuits": []})
    for feature in features:
        for neuron in feature.neurons:
            about = found[f"h{feature.layer}.{neuron}"]
            if len(feature.neurons) > 1:
                about["circuits"].append(_said(feature))
            elif not about["feature"]:
                about["feature"] = _said(feature)
    for part in explanation.variables if explanation else ():
        for layer, neuron in part.neurons:
            found[f"h{layer}.{neuron}"]["circuits"].append(f"{part.variable}, {part.name}")
    return {
        name: {"feature": about["feature"], "circuits": list(dict.fromkeys(about["circuits"]))}
        for name, about in found.items()
    }


def _said(feature: Feature) -> str:
    """What a feature is, without whose it is."""
    return str(feature).partition(": ")[2]
