"""The original's names for what the neurons of a network do: its features, and the circuits inside.

A *detector* is a single neuron, active where something holds.  A *reconstructor* is a detector read by the weight that
gives the detected value back.  A *circuit* is several neurons of one layer with their read-outs.  They are named in
every hidden layer, in terms of the variables below it.  Here these are the inputs, or the neurons of the layer below,
which are called ``h1.2`` (layer 1, neuron 2) and are never negative; :mod:`relucirc.interpretation.hidden` does the
same in terms of hidden variables.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.interpretation.vocabulary import (
    DETECTORS,
    Feature,
    Names,
    Row,
    detector,
    formula_of,
    kind_of,
    label_of,
    sign_of_row,
)
from relucirc.language.affine import Affine
from relucirc.language.network import MLP
from relucirc.proof.result import Result

FEATURES = (
    *DETECTORS,
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

Wires = dict[Row, tuple[list[int], Row]]
"""Directions, with a largest entry of 1 or -1: their neurons, and the coefficients that they are read by above."""


@dataclass(frozen=True)
class Neuron:
    """What is known of a neuron when it is named.

    Attributes:
        row: What it reads, over the variables below it.
        bias: And its bias.
        line: What it is the ReLU of, in a form in which equal functions are equal.
        active: ``"always"``, ``"never"``, or ``"sometimes"``.
        proof: Why it is the ReLU of the row.
    """

    row: Row
    bias: fmpq
    line: Form
    active: str = "sometimes"
    proof: Result | None = None


def features_of(net: MLP) -> tuple[str, ...]:
    """Lists what the neurons of the first hidden layer are called, and the circuits that they make up."""
    found = {feature.name for feature in features_in(net) if feature.layer == 1}
    return tuple(name for name in FEATURES if name in found)


def features_in(net: MLP) -> Iterator[Feature]:
    """Names every hidden neuron, and after those of each layer the reconstructors and circuits that they make up."""
    names: Sequence[str] = net.inputs
    for depth, (layer, above) in enumerate(pairwise(net.exact().layers), 1):
        yield from name_layer(depth, neurons_in(layer), above, names, lambda _, depth=depth: depth > 1)
        names = [f"h{depth}.{i + 1}" for i in range(len(layer.weight.rows))]


def neurons_in(layer: Affine) -> Iterator[Neuron]:
    """Reads neurons off their weights."""
    for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
        yield Neuron(tuple(row), bias, Form(dict(row), bias))


def name_layer(
    depth: int, neurons: Iterable[Neuron], above: Affine, names: Names, positive: Callable[[int], bool], where: str = ""
) -> Iterator[Feature]:
    """Names the neurons of a layer, each when it is asked for, and then what they make up.

    Args:
        depth: Which layer.
        neurons: Its neurons.
        above: The layer that reads them.
        names: The names of the variables below.
        positive: Whether a variable below is never negative.
        where: ``"in the domain"`` where that is all that is known.
    """
    wires: Wires = {}
    first: dict[Form, int] = {}
    columns: list[dict[int, fmpq]] = [{} for _ in range(above.shape[1])]
    for o, weights in enumerate(above.weight.rows):
        for j, c in weights:
            columns[j][o] = c
    for i, neuron in enumerate(neurons, 1):
        tick()
        row, bias = neuron.row, neuron.bias
        name, of = detector(row, bias, positive)
        line, opposite = (form.primitive()[1] for form in (neuron.line, -neuron.line))
        twin, mirror = first.setdefault(line, i), first.get(opposite) if line.terms else None
        active = {"dead": "never", "constant": "always", "pass-through": "always"}.get(name, neuron.active)
        if active == "never" and not where:
            name, of = "dead", ()
        formula, short = formula_of(row, bias, names)
        yield Feature(
            name,
            depth,
            (i,),
            tuple(names[v] for v in of),
            formula,
            None if twin == i else twin,
            mirror,
            active,
            where if active != "sometimes" else "",
            label_of(name, row, bias, names),
            short,
            neuron.proof,
        )
        if row and not bias and active != "never":
            scale = max(abs(c) for _, c in row)
            direction = _scaled(row, ONE / scale)
            members, read = wires.get(direction, ([], ()))
            total = combine([(ONE, Form(dict(read))), (scale, Form(columns[i - 1]))])
            wires[direction] = [*members, i], tuple(sorted(total.terms.items()))
    for name, row, members in _circuits(wires):
        if "reconstructor" in name and positive(row[0][0]):
            continue  # what is never negative is only passed on
        yield Feature(name, depth, tuple(sorted(members)), tuple(names[v] for v, _ in row))


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
        if neurons < others and (kind_of(row), passes) in PAIRS:
            negative = all((c > 0) != (sign_of_row(row) > 0) for _, c in read)
            yield PAIRS[kind_of(row), passes][negative], row, [*neurons, *others]
    for row, (neurons, read) in wires.items():
        if kind_of(row) == "input" and row not in passed and read and all(c == row[0][1] for _, c in read):
            yield f"{'positive' if sign_of_row(row) > 0 else 'negative'} reconstructor", row, neurons
        if kind_of(row) == "difference":
            (larger, _), (smaller, _) = sorted(row, key=lambda term: -term[1])
            # x_j + relu(x_i - x_j) is a maximum, x_i - relu(x_i - x_j) a minimum.
            for v, wanted, name in (
                (smaller, read, "maximum circuit"),
                (larger, _scaled(read, -ONE), "minimum circuit"),
            ):
                both, through = passed.get(((v, ONE),), ([], ()))
                if both and through == wanted:
                    yield name, row, [*both, *neurons]


def _scaled(row: Row, scale: fmpq) -> Row:
    return tuple((v, c * scale) for v, c in row)
