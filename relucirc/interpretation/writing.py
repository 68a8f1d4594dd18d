"""Circuits as text: sums of ReLUs with exact coefficients."""

from collections.abc import Sequence
from typing import Any

from relucirc.core.forms import Form
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP


def network_text(net: MLP) -> str:
    """Writes a circuit exactly, one formula for each output.

    With one hidden layer that is its neurons with their read-outs.  With more, it is its hinge normal
    form, where what only passes through a layer is not seen: equal texts then mean equal hinges.

    Example:
        >>> import relucirc
        >>> network_text(relucirc.circuits.minimum())
        'relu(x2) - relu(-x2) - relu(-x1 + x2)'
    """
    if len(net.layers) != 2:
        return _by_hinges(net)
    hidden, outer = net.exact().layers
    neurons = []
    for row, b in zip(hidden.weight.rows, hidden.exact_bias(), strict=True):
        neurons.append(f"relu({exact_sum([(w, net.inputs[i]) for i, w in row], b)})")
    outputs = []
    for row, b in zip(outer.weight.entries(), outer.exact_bias(), strict=True):
        outputs.append(exact_sum(list(zip(row, neurons, strict=True)), b))
    return "; ".join(outputs)


def _by_hinges(net: MLP) -> str:
    graph = graph_of_network(net.exact())
    hinges = HingeGraph(len(net.inputs))
    outputs, _ = hinges.lower(graph)
    names: list[str] = list(net.inputs)
    for atom in hinges.atoms:
        names.append(f"relu({_form(atom.elements[0], names)})")
    return "; ".join(_form(form, names) for form in outputs)


def _form(form: Form, names: Sequence[str]) -> str:
    return exact_sum([(c, names[v]) for v, c in sorted(form.terms.items())], form.const)


def exact_sum(parts: Sequence[tuple], constant: Any) -> str:
    """Writes a sum with exact coefficients."""
    text = ""
    for c, name in (*parts, (constant, "")):
        if c == 0:
            continue
        size = abs(c)
        term = name if name and size == 1 else f"{size} {name}".strip()
        sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
        text += sign + term
    return text or "0"
