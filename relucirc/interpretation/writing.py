"""Circuits as text, as sums of ReLUs, and the numbers in sentences about them."""

from collections.abc import Callable, Sequence
from typing import Any

from relucirc.core.exact import text
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
        neurons.append(f"relu({sum_text([(w, net.inputs[i]) for i, w in row], b)})")
    outputs = []
    for row, b in zip(outer.weight.entries(), outer.exact_bias(), strict=True):
        outputs.append(sum_text(list(zip(row, neurons, strict=True)), b))
    return "; ".join(outputs)


def _by_hinges(net: MLP) -> str:
    graph = graph_of_network(net.exact())
    hinges = HingeGraph(len(net.inputs))
    outputs, _ = hinges.lower(graph)
    names: list[str] = list(net.inputs)

    def written(form: Form) -> str:
        return sum_text([(c, names[v]) for v, c in sorted(form.terms.items())], form.const)

    for atom in hinges.atoms:
        names.append(f"relu({written(atom.elements[0])})")
    return "; ".join(map(written, outputs))


def sum_text(parts: Sequence[tuple], constant: Any, number: Callable[[Any], str] = text, *, times: str = " ") -> str:
    """Writes a sum.

    Args:
        parts: Coefficients, and the names that they stand before.
        constant: What is added.
        number: Writes the size of a coefficient; what it writes as 0 is left out.
        times: What stands between a coefficient and a name.

    Example:
        >>> from flint import fmpq
        >>> sum_text([(fmpq(-1), "x1"), (fmpq(1, 2), "x2")], fmpq(3))
        '-x1 + 1/2 x2 + 3'
    """
    total = ""
    for c, name in (*parts, (constant, "")):
        size = number(abs(c))
        if size == "0":
            continue
        sign = ("-" if c < 0 else "") if not total else (" - " if c < 0 else " + ")
        total += sign + (name if name and size == "1" else f"{size}{times}{name}" if name else size)
    return total or "0"


def cut(written: str, most: int) -> str:
    """Cuts text that nobody reads to the end, and says how long it was."""
    return written if len(written) <= most else f"{written[: most // 2]}... ({len(written):,} characters)"


def number(value: float) -> str:
    """Writes a float for people; one that is near an integer in full."""
    return f"{value:.5g}" if value == round(value, 4) or f"{value:.5g}" != f"{round(value)}" else repr(value)


def vector(values: Sequence[Any]) -> str:
    """Writes a row for people."""
    shown = [number(v) if isinstance(v, float) else str(v) for v in values]
    return f"({', '.join(shown if len(shown) <= 12 else [*shown[:12], '...'])})"
