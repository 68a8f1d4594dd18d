"""The original's names for what the neurons of a network do: its features, and the circuits inside.

A *detector* is a single neuron, active where something holds.  A *reconstructor* is a detector read by the weight that
gives the detected value back.  A *circuit* is several neurons of one layer with their read-outs.  They are named in
every hidden layer, in terms of the variables below it: the inputs, or the neurons of the layer below, which are
called ``h1.2`` (layer 1, neuron 2) and are never negative.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.interpretation.writing import sum_text
from relucirc.language.network import MLP

FEATURES = (
    "positiveness detector",
    "negativeness detector",
    "greaterness detector",
    "sum detector",
    "threshold detector",
    "other detector",
    "identity circuit",
    "negative identity circuit",
    "absolute circuit",
    "addition circuit",
    "subtraction circuit",
    "distance circuit",
    "minimum circuit",
    "maximum circuit",
)
"""What a census counts."""

PAIRS = {
    ("input", True): ("identity circuit", "negative identity circuit"),
    ("sum", True): ("addition circuit", "addition circuit"),
    ("difference", True): ("subtraction circuit", "subtraction circuit"),
    ("input", False): ("absolute circuit", "absolute circuit"),
    ("difference", False): ("distance circuit", "distance circuit"),
}

Row = tuple[tuple[int, fmpq], ...]
"""Variables, ascending, and their coefficients, none of them zero."""
Wires = dict[Row, tuple[list[int], Row]]
"""Directions, with a largest entry of 1 or -1: their neurons, and the coefficients that they are read by above."""


@dataclass(frozen=True)
class Feature:
    """What neurons of one layer do.

    Attributes:
        name: One of the vocabulary: of :data:`FEATURES`, or ``"positive reconstructor"``, ``"negative reconstructor"``,
            ``"pass-through"`` (of a variable that is never negative), ``"constant"``, ``"dead"`` (always zero).
        layer: Which hidden layer, from 1.
        neurons: Which neurons of it, from 1.
        of: The variables that it is about; of a greaterness detector the larger first.
        formula: What a single neuron computes.
        twin: For a neuron: an earlier one of its layer that is a multiple of it.
    """

    name: str
    layer: int
    neurons: tuple[int, ...]
    of: tuple[str, ...] = ()
    formula: str = ""
    twin: int | None = None

    def __str__(self) -> str:
        *most, last = map(str, self.neurons)
        who = f"neurons {', '.join(most)} and {last}" if most else f"neuron {last}"
        where = f"layer {self.layer}, " if self.layer > 1 else ""
        about = f" of {' and '.join(self.of)}" if self.of else ""
        if self.name == "greaterness detector":
            about = f", {self.of[0]} over {self.of[1]}"
        twin = "" if self.twin is None else f", duplicate of neuron {self.twin}"
        return f"{where}{who}: {self.name}{about}{twin}" + (f": {self.formula}" if self.formula else "")


def features_of(net: MLP) -> tuple[str, ...]:
    """Lists what the neurons of the first hidden layer are called, and the circuits that they make up."""
    found = {feature.name for feature in features_in(net) if feature.layer == 1}
    return tuple(name for name in FEATURES if name in found)


def features_in(net: MLP) -> Iterator[Feature]:
    """Names every hidden neuron, and after those of each layer the reconstructors and circuits that they make up."""
    names: Sequence[str] = net.inputs
    for depth, (layer, above) in enumerate(pairwise(net.exact().layers), 1):
        wires: Wires = {}
        twins: dict[tuple[Row, fmpq], int] = {}
        columns: list[dict[int, fmpq]] = [{} for _ in layer.weight.rows]
        for o, weights in enumerate(above.weight.rows):
            for j, c in weights:
                columns[j][o] = c
        for i, (row, bias) in enumerate(zip(layer.weight.rows, layer.exact_bias(), strict=True), 1):
            tick()
            name, of = _detector(row, bias, positive=depth > 1)
            formula = f"relu({sum_text([(c, names[v]) for v, c in row], bias, times='*')})"
            scale = max((abs(c) for _, c in row), default=ONE)
            direction = _scaled(row, ONE / scale)
            twin = twins.setdefault((direction, bias / scale), i)
            yield Feature(name, depth, (i,), tuple(names[v] for v in of), formula, None if twin == i else twin)
            if row and not bias:
                neurons, read = wires.get(direction, ([], ()))
                total = combine([(ONE, Form(dict(read))), (scale, Form(columns[i - 1]))])
                wires[direction] = [*neurons, i], tuple(sorted(total.terms.items()))
        for name, row, neurons in _circuits(wires):
            yield Feature(name, depth, tuple(sorted(neurons)), tuple(names[v] for v, _ in row))
        names = [f"h{depth}.{i + 1}" for i in range(len(layer.weight.rows))]


def _circuits(wires: Wires) -> Iterator[tuple[str, Row, list[int]]]:
    """Yields names, with what they are about and their neurons.

    A pair of opposite neurons ``l`` and ``-l`` whose read-outs are c and -c passes ``c l`` on: for a
    variable that is the identity circuit, for a sum of two the addition circuit, for a difference the
    subtraction circuit.  With read-outs c and c it is the absolute circuit of l.  An identity circuit
    of x_j and a greaterness detector of two variables, with read-outs that fit, are the minimum
    (or maximum) circuit.  Neurons that are multiples of each other count as one.
    """
    passed: Wires = {}
    for row, (neurons, read) in wires.items():
        others, other = wires.get(_scaled(row, -ONE), ([], ()))
        passes = other == _scaled(read, -ONE)
        if not (others and read) or not (passes or other == read):
            continue
        if passes:
            passed[row] = [*neurons, *others], read
        if neurons < others and (_kind(row), passes) in PAIRS:
            yield PAIRS[_kind(row), passes][_sign(row) != _sign(read)], row, [*neurons, *others]
    for row, (neurons, read) in wires.items():
        if _kind(row) == "input" and row not in passed and read and all(c == row[0][1] for _, c in read):
            yield f"{'positive' if _sign(row) > 0 else 'negative'} reconstructor", row, neurons
        if _kind(row) == "difference":
            (larger, _), (smaller, _) = sorted(row, key=lambda term: -term[1])
            # x_j + relu(x_i - x_j) is a maximum, x_i - relu(x_i - x_j) a minimum.
            for v, wanted, name, negated in (
                (smaller, read, "maximum circuit", "minimum circuit"),
                (larger, _scaled(read, -ONE), "minimum circuit", "maximum circuit"),
            ):
                both, through = passed.get(((v, ONE),), ([], ()))
                if both and through == wanted:
                    yield name if _sign(wanted) > 0 else negated, row, [*both, *neurons]


def _detector(row: Row, bias: fmpq, *, positive: bool) -> tuple[str, Sequence[int]]:
    """The name of a neuron, and the variables in it; ``positive`` where these are never negative."""
    of = [v for v, _ in row]
    if bias <= 0 and (positive or not row) and all(c < 0 for _, c in row):
        return "dead", ()
    if bias:
        return "threshold detector" if row else "constant", ()
    kind, sign = _kind(row), _sign(row)
    if kind == "input":
        return "pass-through" if positive else f"{'positive' if sign > 0 else 'negative'}ness detector", of
    if kind == "difference":
        return "greaterness detector", of[::sign]
    return ("sum detector", of) if kind == "sum" else ("other detector", ())


def _kind(row: Row) -> str:
    if len(row) == 1:
        return "input"
    if len(row) == 2 and abs(row[0][1]) == abs(row[1][1]):
        return "sum" if row[0][1] == row[1][1] else "difference"
    return "other"


def _scaled(row: Row, scale: fmpq) -> Row:
    return tuple((v, c * scale) for v, c in row)


def _sign(row: Row) -> int:
    """The sign of the first coefficient; 0 without one."""
    return (row[0][1] > 0) - (row[0][1] < 0) if row else 0
