"""The original's names for what the neurons of a circuit do: its features, and the circuits inside."""

import itertools
from collections import Counter
from collections.abc import Sequence

from flint import fmpq

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
"""Detectors are single neurons, circuits are neurons with their read-outs."""

PAIRS = {
    ("input", True): ("identity circuit", "negative identity circuit"),
    ("sum", True): ("addition circuit", "addition circuit"),
    ("difference", True): ("subtraction circuit", "subtraction circuit"),
    ("input", False): ("absolute circuit", "absolute circuit"),
    ("difference", False): ("distance circuit", "distance circuit"),
}


def features_of(net: MLP) -> tuple[str, ...]:
    """Lists the features of the first hidden layer of a circuit, and the circuits that it makes up.

    A pair of opposite neurons ``l`` and ``-l`` whose read-outs are c and -c passes ``c l`` on: for an
    input that is the identity circuit, for a sum of two the addition circuit, for a difference the
    subtraction circuit.  With read-outs c and c it is the absolute circuit of l.  An identity circuit
    of x_j and a greaterness detector of the two inputs, with read-outs that fit, are the minimum
    (or maximum) circuit.
    """
    if len(net.layers) == 1:
        return ()
    hidden, outer = net.exact().layers[:2]
    rows = [tuple(dict(row).get(i, fmpq(0)) for i in range(len(net.inputs))) for row in hidden.weight.rows]
    bias = hidden.exact_bias()
    read = list(zip(*outer.weight.entries(), strict=True))
    names = [_detector(row, b) for row, b in zip(rows, bias, strict=True)]
    found = Counter(names)
    passed: dict[tuple[fmpq, ...], tuple[fmpq, ...]] = {}
    for i, j in itertools.combinations(range(len(rows)), 2):
        if bias[i] or bias[j] or rows[i] != tuple(-w for w in rows[j]):
            continue
        kind = _kind(rows[i])
        if read[i] == read[j]:
            found[PAIRS.get((kind, False), ("", ""))[0]] += 1
        elif read[i] == tuple(-c for c in read[j]):
            sign = _leading(rows[i]) * _leading(read[i])
            found[PAIRS.get((kind, True), ("", ""))[0 if sign > 0 else 1]] += 1
            passed[rows[i]], passed[rows[j]] = read[i], read[j]
    for row, b, c in zip(rows, bias, read, strict=True):
        if not b and _kind(row) == "difference":
            for name in _extrema(row, c, passed):
                found[name] += 1
    return tuple(name for name in FEATURES if found[name])


def _extrema(row: Sequence[fmpq], read: Sequence[fmpq], passed: dict) -> list[str]:
    """``x_j + relu(x_i - x_j)`` is a maximum, ``x_i - relu(x_i - x_j)`` a minimum."""
    larger = tuple(max(w, fmpq(0)) for w in row)
    smaller = tuple(max(-w, fmpq(0)) for w in row)
    names = []
    if smaller in passed and passed[smaller] == tuple(read):
        names.append("maximum circuit" if _leading(read) > 0 else "minimum circuit")
    if larger in passed and passed[larger] == tuple(-c for c in read):
        names.append("minimum circuit" if _leading(read) < 0 else "maximum circuit")
    return names


def _detector(row: Sequence[fmpq], bias: fmpq) -> str:
    if bias:
        return "threshold detector"
    kind = _kind(row)
    if kind == "input":
        return "positiveness detector" if _leading(row) > 0 else "negativeness detector"
    return {"difference": "greaterness detector", "sum": "sum detector"}.get(kind, "other detector")


def _kind(row: Sequence[fmpq]) -> str:
    entries = [w for w in row if w]
    if len(entries) == 1:
        return "input"
    if len(entries) == 2 and abs(entries[0]) == abs(entries[1]):
        return "sum" if entries[0] == entries[1] else "difference"
    return "other"


def _leading(row: Sequence[fmpq]) -> int:
    first = next((w for w in row if w), fmpq(0))
    return (first > 0) - (first < 0)
