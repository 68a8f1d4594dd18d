"""What ``relucirc show`` prints: a network's layers and weights, its formula, and every neuron's values at a point."""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.cli.outcome import Outcome
from relucirc.cli.reading import read_point
from relucirc.core.answer import plain
from relucirc.core.errors import RelucircError
from relucirc.core.exact import text
from relucirc.core.printing import formula_text, number_text
from relucirc.core.tables import aligned, counted
from relucirc.interpretation.explanation import size_of
from relucirc.language.network import MLP

MAX_NEURONS = 40
"""Largest network whose formula is written without being asked for."""
PATIENCE = 5.0
"""Seconds after which it is left out."""
PRINTED = 5_000
"""Longest formula, in numbers, names and operations."""
MAX_WIDTH = 100
"""Widest row of weights that is printed in full."""


def shown(name: str, net: MLP, at: str | None, picture: str | None) -> Outcome:
    """Shows a network, at a point if one is given, and draws it to a file if one is named."""
    from relucirc import draw

    lines = [_title(name, net), f"inputs: {', '.join(net.inputs)}", *layers_text(net)]
    data: dict[str, Any] = {"inputs": list(net.inputs), "sizes": list(net.sizes), "layers": net.to_json()["layers"]}
    data["formula"], written = _formula(net)
    lines += ["", f"formula: {written}"]
    point = None if at is None else read_point(at, net.inputs)
    if point is not None:
        trace = net.trace(point)
        lines += ["", *_trace_lines(net, point, trace)]
        data["point"] = dict(zip(net.inputs, map(text, point), strict=True))
        data["trace"] = [
            {"pre_activations": list(map(text, before)), "activations": list(map(text, after))}
            for before, after in trace
        ]
        data["outputs"] = list(map(text, trace[-1][1]))
    if picture is not None:
        draw(net, at=point, title=name).save(picture)
        lines += ["", f"drawing written to {picture}"]
    return Outcome("\n".join(lines), lambda: plain(data))


def _formula(net: MLP) -> tuple[Any, str]:
    """The formula and its text; None and the reason where it would take long, or fill the screen."""
    from relucirc import to_sympy

    hint = "`relucirc explain` takes its time for it."
    if net.hidden_neurons > MAX_NEURONS:
        return None, f"not written for more than {MAX_NEURONS} hidden neurons; {hint}"
    try:
        formula = to_sympy(net, budget=PATIENCE)
    except RelucircError as error:
        return None, f"not written ({str(error).removeprefix('to_sympy: ').partition(';')[0].rstrip('.')}); {hint}"
    if (size := size_of(formula)) > PRINTED:
        return None, f"not written, as it has {size:,} numbers, names and operations; {hint}"
    return formula, formula_text(formula)


def layers_text(net: MLP) -> list[str]:
    """The layers for people: one table of weights for each."""
    lines: list[str] = []
    layers = net.exact().layers
    for i, layer in enumerate(layers):
        last = i == len(layers) - 1
        columns = net.inputs if i == 0 else [f"h{i}.{k + 1}" for k in range(layer.shape[1])]
        lines += ["", f"layer {i + 1}: {layer.shape[1]} -> {layer.shape[0]}{', affine' if last else ', then relu'}"]
        rows = [list(map(number_text, row)) for row in layer.weight.entries()]
        lines += _matrix(rows, list(map(number_text, layer.exact_bias())), columns)
    return lines


def _title(name: str, net: MLP) -> str:
    sizes = "-".join(map(str, net.sizes))
    if net.symbols:
        kind = f"weights in the symbols {', '.join(s.name for s in net.symbols)}"
    else:
        kind = (
            "exact weights" if net.is_exact else f"{net.layers[0].weight.dtype} weights, read as the rationals they are"
        )
    return f"{name}: {sizes}, {counted(net.hidden_neurons, 'hidden neuron')}, {kind}"


def _matrix(weight: list[list[str]], bias: list[str], columns: Sequence[str]) -> list[str]:
    """The weights under their inputs' names, and the bias after a bar."""
    if len(columns) > MAX_WIDTH or len(weight) > MAX_WIDTH:
        return [f"  {len(weight)} x {len(columns)} weights, not printed; use --json."]
    cells = [[*columns, "bias"], *([*row, b] for row, b in zip(weight, bias, strict=True))]
    padded = aligned(cells, range(len(cells[0])))
    return ["  " + "  ".join(row[:-1]) + " | " + row[-1] for row in padded]


def _trace_lines(net: MLP, point: Sequence[fmpq], trace: list[tuple[list[fmpq], list[fmpq]]]) -> list[str]:
    lines = ["at " + ", ".join(f"{name} = {number_text(v)}" for name, v in zip(net.inputs, point, strict=True))]
    if sum(len(before) for before, _ in trace) > 1000:
        raise RelucircError("the trace has more than 1000 neurons; use --json.")
    for i, (before, after) in enumerate(trace):
        last = i == len(trace) - 1
        width = max(len(number_text(v)) for v in before)
        for k, (z, a) in enumerate(zip(before, after, strict=True)):
            name = ("output" if len(before) == 1 else f"output {k + 1}") if last else f"h{i + 1}.{k + 1}"
            value = number_text(z).rjust(width)
            lines.append(f"  {name:<9} {value}" if last else f"  {name:<9} {value}  -> relu ->  {number_text(a)}")
    return lines
