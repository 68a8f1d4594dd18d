"""Where the tree of a network's regions begins: the network in integers, and the domain as cones with vertices.

A neuron times a positive number has the same signs, and its weights above are divided by that.  A domain without
vertices is cut at first by neurons of the first layer, as many as make it have some: whatever the signs of forms that
are linearly independent, they occur.  Directions along which neither the domain nor the first layer changes are left
out: all regions are cylinders over what is left.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from flint import fmpq, fmpq_mat

from relucirc.checker.cells import CHART, read_chart
from relucirc.checker.cones import Cones
from relucirc.checker.data import index, require, sequence
from relucirc.checker.linear import UNIT, Linear, mix, replace
from relucirc.checker.reading import check_names
from relucirc.checker.sides import constraint, read
from relucirc.language.domain import read_domain
from relucirc.language.network import MLP

MOST_STARTS = 16
"""More neurons than this are not decided first."""
Row = tuple[int, ...]


@dataclass(frozen=True)
class Walk:
    """What every part of the list is checked with.

    Attributes:
        roots: The domain, cut by the neurons that are decided first.
        starts: The signs of these, for every root, in descending order.
        layers: The hidden layers: rows of integers, constants first.
        bit: The number of the first neuron as a constraint of a cone.
    """

    roots: Cones
    starts: list[Row]
    layers: list[np.ndarray]
    bit: int

    @property
    def neurons(self) -> int:
        """How many hidden neurons there are."""
        return sum(map(len, self.layers))


def read_walk(net: MLP, domain: object, data: dict) -> Walk:
    """Reads network and domain, and works out where the tree begins.

    Args:
        net: The network.
        domain: The domain.
        data: The certificate, which says how the domain is seen in coordinates, and which neurons come first.
    """
    check_names(net.inputs, net.inputs, ())
    where = read_domain(domain, net.inputs)
    require(not where.integers, "regions of integer points")
    relations = [constraint(read(r.form), r.op) for r in where.relations]
    free, solved, kept = read_chart({name: data[name] for name in CHART & data.keys()}, len(net.inputs), relations)
    place = {v: i for i, v in enumerate(free)}
    cuts = [_integers(_row(form, place, len(free)))[0] for form, _ in kept]
    forms = [replace({v: fmpq(1)}, solved) for v in range(len(net.inputs))]
    inputs = [_row(form, place, len(free)) for form in forms]
    layers = _layers(net, inputs)
    first = [index(i, len(layers[0]) if layers else 0) for i in sequence(data["first"], "first")]
    require(len(set(first)) == len(first) <= MOST_STARTS, "the neurons that are decided first are malformed")
    if layers:
        order = first + [i for i in range(len(layers[0])) if i not in first]
        layers[0] = [layers[0][i] for i in order]
        if len(layers) > 1:
            layers[1] = [[row[0], *(row[1 + i] for i in order)] for row in layers[1]]
    hidden = layers[0] if layers else []
    columns = _pivots([row[1:] for row in (*cuts, *hidden)])
    cuts, hidden = ([[row[0], *(row[1 + c] for c in columns)] for row in rows] for rows in (cuts, hidden))
    roots, starts = _beginning(cuts, hidden[: len(first)], sum(map(len, layers)))
    return Walk(roots, starts, [_array(rows, len(columns)) for rows in (hidden, *layers[1:]) if layers], 1 + len(cuts))


def _row(form: Linear, place: dict[int, int], n: int) -> list[fmpq]:
    """A form as a row over the coordinates, its constant first."""
    row = [form.get(UNIT, fmpq(0)), *[fmpq(0)] * n]
    for v, c in form.items():
        if v != UNIT:
            row[1 + place[v]] = c
    return row


def _integers(row: Sequence[fmpq]) -> tuple[list[int], fmpq]:
    """The row times a positive number such that its entries are coprime integers, and that number."""
    denominator = 1
    for entry in row:
        denominator *= int(entry.q) // gcd(denominator, int(entry.q))
    whole = [int((entry * denominator).p) for entry in row]
    divisor = gcd(*whole) or 1
    return [entry // divisor for entry in whole], fmpq(denominator, divisor)


def _layers(net: MLP, inputs: Sequence[Sequence[fmpq]]) -> list[list[list[int]]]:
    """The hidden layers in integers: a neuron times ``s > 0`` has the same sign, and its weights above are divided."""
    layers, scales = [], [fmpq(1)] * len(inputs)
    for depth, layer in enumerate(net.exact().layers[:-1]):
        rows = []
        for weights, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
            if depth == 0:
                total = mix([(c, dict(enumerate(inputs[j]))) for j, c in weights] + [(fmpq(1), {0: bias})])
                row = [total.get(i, fmpq(0)) for i in range(len(inputs[0]) if inputs else 1)]
            else:
                row = [bias, *[fmpq(0)] * layer.weight.shape[1]]
                for j, c in weights:
                    row[1 + j] = c / scales[j]
            rows.append(_integers(row))
        layers.append([row for row, _ in rows])
        scales = [scale for _, scale in rows]
    return layers


def _pivots(rows: Sequence[Sequence[int]]) -> list[int]:
    """Columns that are linearly independent and span all columns."""
    if not rows or not rows[0]:
        return []
    reduced, rank = fmpq_mat([[fmpq(c) for c in row] for row in rows]).rref()
    return [next(j for j in range(reduced.ncols()) if reduced[i, j] != 0) for i in range(rank)]


def _beginning(cuts: Sequence[Sequence[int]], first: Sequence[Sequence[int]], neurons: int) -> tuple[Cones, list[Row]]:
    """The domain, cut by the neurons that are decided first; only what has interior, with the signs of these."""
    n = len((*cuts, *first, [0])[0]) - 1
    chosen = _pivots(list(zip(*(row[1:] for row in cuts), strict=True)))
    normals = [*(cuts[i] for i in chosen), *first]
    require(len(normals) == n, "the neurons that are decided first do not give the domain vertices")
    bits = [*(1 + i for i in chosen), *(1 + len(cuts) + k for k in range(len(first)))]
    everywhere = sum(1 << bit for bit in bits)
    vertex, rays = [1], []
    if n:
        matrix = fmpq_mat([[fmpq(c) for c in row[1:]] for row in normals])
        require(matrix.det() != 0, "the neurons that are decided first are not independent")
        inverse = matrix.inv()
        point = [-sum((inverse[i, j] * normals[j][0] for j in range(n)), fmpq(0)) for i in range(n)]
        vertex = _integers([fmpq(1), *point])[0]
        rays = [[0, *_integers([inverse[i, j] for i in range(n)])[0]] for j in range(n)]
    starts: list[Row] = list(itertools.product((1, -1), repeat=len(first)))
    words = (len(cuts) + neurons) // 64 + 1
    masks = [everywhere, *(everywhere ^ 1 << bit | 1 for bit in bits)]
    packed = np.array([[mask >> (64 * w) & (1 << 64) - 1 for w in range(words)] for mask in masks], np.uint64)
    signs = [[1, *[1] * len(chosen), *start] for start in starts]
    corner = [[[c * sign for c in ray] for ray, sign in zip([vertex, *rays], row, strict=True)] for row in signs]
    cones = Cones(
        _array([ray for cone in corner for ray in cone], n),
        np.tile(packed, (len(starts), 1)),
        np.arange(len(starts) + 1) * (n + 1),
    )
    for i in [i for i in range(len(cuts)) if i not in chosen]:
        values = cones.values(_array([cuts[i]], n))
        kept = np.flatnonzero(cones.any_of(values > 0))
        cones = cones.parts(values, 1 + i, kept, np.where(cones.any_of(values < 0)[kept], 1, 0))
        starts = [starts[k] for k in kept]
    return cones, starts


def _array(rows: Sequence[Sequence[int]], n: int) -> np.ndarray:
    """Rows of integers, in int64 if they fit."""
    small = all(abs(c) < 2**62 for row in rows for c in row)
    return np.array(rows, np.int64 if small else object).reshape(len(rows), -1 if rows else 1 + n)
