"""Graphs of maxima as layered networks: exact, or with float weights where these round nothing."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.core.graph import Gate, Graph, MaxGate, SelectGate
from relucirc.language.floats import as_double
from relucirc.language.layers import Layers, network_of
from relucirc.language.network import MLP
from relucirc.language.rows import Renaming, RowForm

MAX_DENSE, MAX_SPARSITY = 1 << 24, 32
"""Float layers are dense: with more entries than this in all, only if one in so many is not zero."""


def network_of_graph(
    graph: Graph, dtypes: Sequence[Any] = (), levels: Mapping[int, int] = MappingProxyType({}), depth: int = 0
) -> MLP:
    """Returns the network that computes a graph without choices.

    ``max(a, b)`` becomes ``a + relu(b - a)``.  Every ``max(0, z)`` is one neuron, also where nothing reads it; other
    gates that no output needs are left out.

    Args:
        graph: Its gates are maxima, as far as an output needs them.
        dtypes: Float types for the weights, the first in which none is rounded; exact where there is none.
        levels: For variables of gates the level that they have at least, also where weights are 0.
        depth: How many hidden layers there are at least.

    Example:
        >>> from relucirc.core.graph import GraphBuilder
        >>> builder = GraphBuilder(["x"])
        >>> net = network_of_graph(builder.build([builder.relu(builder.input(0))]), [np.float32])
        >>> net.sizes, net.is_exact
        ((1, 1, 1), False)
    """
    n = len(graph.inputs)
    layers = Layers(graph.inputs)
    state = {v: Form.variable(v) for v in range(n)}
    value = Renaming(state.__getitem__)
    for v in needed_gates(graph, _rectifiers(graph)):
        tick()
        state[v] = _neurons(graph.gates[v - n], layers, value, levels.get(v, 0))
    outputs = [value(form) for form in graph.outputs]
    rows = layers.rows(outputs, max(depth, *(_level(layers, form) for form in outputs)))
    for dtype in dtypes:
        pairs = _in_floats(rows, n, np.dtype(dtype))
        if pairs is not None:
            return MLP.from_arrays(pairs, graph.inputs)
    return network_of(rows, graph.inputs)


def needed_gates(graph: Graph, kept: Iterable[int] = ()) -> list[int]:
    """Returns the variables of the gates that some output needs, or one that is kept, in order."""
    n = len(graph.inputs)
    needed: set[int] = set()
    stack = [*kept, *(v for form in graph.outputs for v in form.variables)]
    while stack:
        v = stack.pop()
        if v >= n and v not in needed:
            needed.add(v)
            found = (w for form in forms_of(graph.gates[v - n]) for w in form.variables)
            stack += [w for w in found if w >= n and w not in needed]
    return sorted(needed)


def _rectifiers(graph: Graph) -> list[int]:
    """Returns the variables of gates ``max(0, z)`` in which there are no choices."""
    found: list[int] = []
    chosen: set[int] = set()
    for v, gate in enumerate(graph.gates, len(graph.inputs)):
        if isinstance(gate, SelectGate) or (chosen and any(w in chosen for f in forms_of(gate) for w in f.variables)):
            chosen.add(v)
        elif not gate.left:
            found.append(v)
    return found


def forms_of(gate: Gate) -> list[Form]:
    """Returns every form that a gate reads."""
    if isinstance(gate, MaxGate):
        return [gate.left, gate.right]
    return [f for guard, form in gate.branches for f in (form, *(r.form for r in guard.relations()))]


def _neurons(gate: Gate, layers: Layers, value: Renaming, least: int) -> Form:
    """Puts the neuron of a maximum; returns what the maximum is then."""
    assert isinstance(gate, MaxGate)
    base, other = value(gate.left), value(gate.right)
    if base and other.is_constant:
        base, other = other, base
    difference = other - base
    (neuron,) = layers.relu([difference], max(least, _level(layers, difference)))
    return base + neuron if base else neuron


def _level(layers: Layers, form: Form) -> int:
    return max((layers.level_of.get(v, 0) for v in form.variables), default=0)


def _in_floats(rows: Sequence[Sequence[Form]], width: int, dtype: np.dtype) -> list[tuple[Any, Any]] | None:
    """Returns the weights and biases of rows of forms as floats; None where one would be rounded, or most are 0."""
    shapes = list(zip(map(len, rows), [width, *map(len, rows)], strict=False))
    entries = sum(a * b for a, b in shapes)
    if entries > MAX_DENSE and entries > MAX_SPARSITY * sum(len(f.variables) for forms in rows for f in forms):
        return None
    built = []
    for forms, shape in zip(rows, shapes, strict=True):
        layer = _layer_in_floats(forms, shape, dtype)
        if layer is None:
            return None
        built.append(layer)
    return built


def _layer_in_floats(forms: Sequence[Form], shape: tuple[int, int], dtype: np.dtype) -> tuple[Any, Any] | None:
    weight = np.zeros(shape, dtype)
    index: dict[tuple[int, ...], np.ndarray] = {}
    for row, form in zip(weight, forms, strict=True):
        tick()
        if isinstance(form, RowForm):
            places = index.setdefault(form.places, np.array(form.places))
            with np.errstate(over="ignore"):
                row[places] = form.row
            if form.row.dtype != dtype and not np.array_equal(row[places].astype(float), form.row.astype(float)):
                return None
        elif not _put(row, list(form.terms), list(form.terms.values())):
            return None
    bias = np.zeros(len(forms), dtype)
    if not _put(bias, list(range(len(forms))), [form.const for form in forms]):
        return None
    return weight, bias if bias.any() else None


def _put(row: np.ndarray, places: list[int], values: list[Any]) -> bool:
    """Puts exact numbers into a row of floats; says whether none was rounded."""
    floats = [as_double(value) for value in values]
    if None in floats:
        return False
    with np.errstate(over="ignore"):
        row[places] = floats
    return row[places].astype(np.float64).tolist() == floats
