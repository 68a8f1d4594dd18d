"""Six definitions of a linear region: examples where they differ, and each by brute force, from what it says."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from relucirc import MLP, Box, RelucircError, circuits, regions
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Relation
from relucirc.optimal import compile_formula


def counts(net, domain=None):
    return tuple(vars(regions(net, domain, compiled=False).counts).values())


def compiled(formula, inputs="xy"):
    return compile_formula(formula, inputs=list(inputs)).network


def corner():
    """max(-y, min(0, -x)), as relu(relu(x) - y) - relu(x)."""
    hidden = [([[1, 0], [0, 1], [0, -1]], None), ([[1, -1, 1], [1, 0, 0]], None)]
    return MLP.from_arrays([*hidden, ([[1, -1]], None)], inputs=("x", "y"))


EXAMPLES = [
    # the example of the paper: one of three linear pieces is not convex
    (corner, (7, 5, (4, 4), 3, 3, 3)),
    (circuits.absolute, (3, 2, (2, 2), 2, 2, 2)),
    # zero on both sides, apart
    (lambda: compiled("Max(0, Min(x + 1, 1 - x))", "x"), (4, 4, (4, 4), 4, 4, 3)),
    # each of three maps in two opposite cones, which touch in a point
    (lambda: compiled("Max(0, Min(x, y)) - Max(0, Min(-x, -y))"), (11, 6, (6, 6), 6, 3, 3)),
    # zero in two cones, which a segment joins on which it is zero, too
    (lambda: compiled("Max(0, Max(x, -x) - Max(0, Max(y, -y) - 1))"), (28, 17, (8, 8), 8, 7, 7)),
    # three maps meet at the edge of a half-plane on which there is one: a complex has to cut it
    (lambda: compiled("Max(0, y) + Max(0, Min(y, (x + y)/2))"), (7, 5, (5, 5), 4, 4, 4)),
    (circuits.minimum, (6, 4, (2, 2), 2, 2, 2)),
    (lambda: MLP.from_arrays([([[1, 1]], None)]), (1, 1, (1, 1), 1, 1, 1)),
]


@pytest.mark.parametrize(("make", "expected"), EXAMPLES)
def test_the_definitions_differ_as_they_should(make, expected):
    assert counts(make()) == expected


def random_net(sizes, seed, most=2):
    rng = np.random.default_rng(seed)
    return MLP.from_arrays(
        [
            (rng.integers(-most, most + 1, (above, below)), rng.integers(-most, most + 1, above))
            for below, above in itertools.pairwise(sizes)
        ]
    )


def next_forms(layer, below):
    """The pre-activations of a layer as forms over the inputs."""
    return [
        combine((c, below[j]) for j, c in row).shift(bias)
        for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True)
    ]


def box(n):
    """The square or cube with half of a side 2."""
    return [Relation(Form({v: fmpq(sign)}, fmpq(2)), ">=") for v in range(n) for sign in (1, -1)]


def patterns(net, strict):
    """Every pattern of active neurons that some point of the box has, strictly inside or not; and the output there."""
    n = len(net.inputs)

    def below(depth, forms, known, pattern):
        layer = net.exact().layers[depth]
        rows = next_forms(layer, forms)
        if depth == len(net.layers) - 1:
            yield pattern, known, rows
            return
        for choice in itertools.product((True, False), repeat=len(rows)):
            more = [Relation(z, ">") if on else Relation(-z, ">=") for z, on in zip(rows, choice, strict=True)]
            if strict:
                more = [Relation(r.form, ">") for r in more if r.op == ">" or r.form.terms or r.form.const]
            if feasibility([*known, *more], n).point is not None:
                active = [z if on else Form({}, fmpq(0)) for z, on in zip(rows, choice, strict=True)]
                yield from below(depth + 1, active, [*known, *more], (*pattern, *choice))

    start = [Relation(r.form, ">") for r in box(n)] if strict else box(n)
    yield from below(0, [Form.variable(v) for v in range(n)], start, ())


def classes(count, joined):
    """The class of every number."""
    of = list(range(count))
    for i, j in joined:
        of = [of[j] if name == of[i] else name for name in of]
    return of


def meet(cells, i, j, extra, op=">="):
    """Whether the closures of two cells have a point in common on which forms vanish."""
    relations = [Relation(r.form, op) for k in (i, j) for r in cells[k][1]]
    return feasibility([*relations, *(Relation(form, "==") for form in extra)], 2).point is not None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sizes", [(2, 3, 1), (2, 3, 2, 1), (2, 2, 2, 2)])
def test_each_is_what_its_definition_says(sizes, seed):
    net = random_net(sizes, seed)
    found = regions(net, Box(-2, 2), compiled=False).counts
    assert found.activation == len(list(patterns(net, strict=False)))
    cells = list(patterns(net, strict=True))
    assert found.proper_activation == len(cells)
    maps = {tuple(map(repr, rows)) for _, _, rows in cells}
    assert found.affine == len(maps)
    closed = opened = 0
    for g in maps:
        (own_rows, *_) = [rows for *_, rows in cells if tuple(map(repr, rows)) == g]
        own = [i for i, (*_, rows) in enumerate(cells) if tuple(map(repr, rows)) == g]
        apart = [[a - b for a, b in zip(rows, own_rows, strict=True)] for *_, rows in cells]
        pairs = itertools.combinations(range(len(cells)), 2)
        of = classes(len(cells), [(i, j) for i, j in pairs if meet(cells, i, j, apart[i])])
        closed += len({of[i] for i in own})
        of = classes(len(cells), [(i, j) for i, j in itertools.combinations(own, 2) if side_by_side(cells, i, j)])
        opened += len({of[i] for i in own})
    assert found.closed_connected == closed
    assert found.open_connected == opened
    assert found.convex[0] <= found.convex[1]
    chain = [found.activation, found.proper_activation, *found.convex[::-1], opened, closed, found.affine]
    assert chain == sorted(chain, reverse=True)


def side_by_side(cells, i, j):
    """Whether two cells share more than a point: there are two different points at the ends of what they share."""
    relations = [Relation(r.form, ">=") for k in (i, j) for r in cells[k][1]]
    first = feasibility(relations, 2).point
    if first is None:
        return False
    return any(
        feasibility([*relations, Relation(Form({v: fmpq(s)}, -s * first[v]), ">")], 2).point is not None
        for v in range(2)
        for s in (1, -1)
    )


def hull(points):
    """The corners of a polygon, in order."""
    points = sorted(set(points))

    def turn(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    def half(points):
        chain = []
        for p in points:
            while len(chain) > 1 and turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    return half(points) + half(points[::-1])


def area(corners):
    return sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(corners, corners[1:] + corners[:1], strict=True)) / 2


def between(p, a, b):
    """Whether a point lies on a segment, and is none of its ends."""
    cross = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
    return cross == 0 and (p[0] - a[0]) * (p[0] - b[0]) + (p[1] - a[1]) * (p[1] - b[1]) < 0


def partitions(items):
    """All ways to put items into classes."""
    if not items:
        yield []
        return
    first, *rest = items
    for some in partitions(rest):
        yield [[first], *some]
        for k in range(len(some)):
            yield [*some[:k], [first, *some[k]], *some[k + 1 :]]


def is_complex(groups, corners):
    """Whether unions of polygons are convex and meet corner to corner."""
    parts = [hull([p for i in group for p in corners[i]]) for group in groups]
    if any(area(part) != sum(area(hull(corners[i])) for i in group) for part, group in zip(parts, groups, strict=True)):
        return False
    points = {p for part in parts for p in part}
    edges = [edge for part in parts for edge in zip(part, part[1:] + part[:1], strict=True)]
    return not any(between(p, *edge) for p in points for edge in edges)


NETS = [*((random_net(sizes, seed), Box(-2, 2)) for sizes in ((2, 3, 1), (2, 2, 2, 1)) for seed in range(12))]
NETS += [(make(), Box(-2, 2)) for make, _ in (EXAMPLES[0], EXAMPLES[5], EXAMPLES[6])]


def test_convex_regions_are_not_more_than_the_cells_put_together_in_the_best_way():
    exact = fewer = 0
    for net, domain in NETS:
        found = regions(net, domain, compiled=False)
        if len(found) > 7:
            continue
        corners = [[tuple(Fraction(str(c)) for c in v) for v in region.vertices] for region in found.activation_regions]
        pieces = [list(piece.regions) for piece in found.linear_pieces]
        ways = (list(itertools.chain(*way)) for way in itertools.product(*map(partitions, map(tuple, pieces))))
        best = min(len(groups) for groups in ways if is_complex(groups, corners))
        low, high = found.counts.convex
        assert low <= best <= high
        exact += low == high == best
        fewer += high < len(found)
    assert exact > 15
    assert fewer > 3


def test_counts_are_text_and_data():
    found = regions(corner(), compiled=False).counts
    assert str(found).splitlines()[0] == "7 activation regions"
    assert found.to_json()["convex"] == [4, 4]
    late = regions(random_net((4, 30, 20, 1), 0), budget=0.2, compiled=False)
    with pytest.raises(RelucircError, match="counts"):
        _ = late.counts
