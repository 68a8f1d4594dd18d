"""Fronts of random networks, judged: no reported distance may be less than what anyone finds.

Adversarial search climbs from many points, and HiGHS solves the mixed-integer program of the largest difference in
floats.  Both only propose points, in the box and exact: what counts is the difference there, in rational arithmetic.
"""

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
from flint import fmpq
from scipy.optimize import Bounds, LinearConstraint, milp

import relucirc
from relucirc import MLP, Box
from relucirc.core.columns import evaluate_graph
from relucirc.core.exact import approximate, rational, to_rational
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.interpretation.front import Front, front
from relucirc.interpretation.price import price_of
from relucirc.language.lower.from_formula import graph_of_formula

SIZES = [
    (1, 4, 1),
    (1, 6, 4, 1),
    (2, 3, 1),
    (2, 8, 1),
    (2, 4, 4, 1),
    (3, 5, 1),
    (3, 4, 2),
    (2, 1),
    (4, 6, 1),
    (9, 3, 1),
]
READ = 60
"""Most operations of a formula that HiGHS is asked about."""
BUDGETS = (1.0, 8.0)
"""Seconds for a front: also where a short budget leaves intervals, none may lie."""


def random_network(seed):
    """A float32 network of a shape that the seed says."""
    rng = np.random.default_rng(seed)
    sizes = SIZES[seed % len(SIZES)]
    return MLP.from_arrays(
        [((rng.normal(size=(o, i)) / np.sqrt(i)).astype(np.float32), (rng.normal(size=o) * 0.3).astype(np.float32))
         for i, o in itertools.pairwise(sizes)])  # fmt: skip


def gap(graph: Graph, other: Graph, point):
    return max(abs(a - b) for a, b in zip(graph.evaluate(point), other.evaluate(point), strict=True))


def furthest(net, formula, box, seed):
    """The largest difference that sampling and climbing find: seen in floats, evaluated exactly where it is largest."""
    rng, n = np.random.default_rng(seed), len(net.inputs)
    one, other = (graph_of_formula(f, net.inputs) for f in (net, formula))
    low, high = (np.full(n, float(end)) for end in box)

    def seen(points):
        values = [np.stack(evaluate_graph(g, list(points.T), np)) for g in (one, other)]
        return np.abs(values[0] - values[1]).max(axis=0)

    points = rng.uniform(low, high, (512, n))
    points[:256] = np.where(rng.random((256, n)) < 0.5, np.where(rng.random((256, n)) < 0.5, low, high), points[:256])
    points = points[np.argsort(-seen(points))[:32]]
    for step in 0.5 ** np.arange(1, 14):
        near = np.concatenate([points[None], points + step * (high - low) * rng.normal(size=(16, *points.shape))])
        near = np.clip(near, low, high)
        values = seen(near.reshape(-1, n)).reshape(near.shape[:2])
        points = near[values.argmax(axis=0), np.arange(len(points))]
    return to_rational(
        max(gap(one, other, [rational(float(c)) for c in p]) for p in points[np.argsort(-seen(points))[:2]])
    )


def assert_is_a_front(net, found: Front):
    """Prices rise, distances fall, every interval is one, and every witness attains its lower end."""
    for before, after in itertools.pairwise(found):
        assert before.price < after.price
        assert before.upper > after.upper
    for entry in found:
        assert entry.price == price_of(entry.formula)
        assert entry.lower <= entry.upper
        assert entry.exact == (entry.lower == entry.upper)
        witness = entry.deviation.witness
        if witness is not None:
            point = [rational(witness[name]) for name in net.inputs]
            graphs = [graph_of_formula(f, net.inputs) for f in (net, entry.formula)]
            assert to_rational(gap(*graphs, point)) == entry.lower


def gap_by_milp(net, formula, box, seconds=2.0):
    """The largest difference at a point that HiGHS finds: a big-M program for every output and sign."""
    graphs = [graph_of_formula(f, net.inputs) for f in (net, formula)]
    found = fmpq(0)
    for k in range(len(graphs[0].outputs)):
        for sign in (1, -1):
            point = _milp_point(graphs, k, sign, box, seconds)
            if point is not None:
                found = max(found, gap(*graphs, point))
    return to_rational(found)


def _milp_point(graphs: Sequence[Graph], output: int, sign: int, box, seconds: float):
    """A point of the box where ``sign (f - g)`` is large, for two graphs of maxima over the same inputs."""
    n, (low, high) = len(graphs[0].inputs), map(float, box)
    lower, upper, integral = [low] * n, [high] * n, [0] * n
    rows, ends = [], []
    targets = []

    def row(form: Form, places: dict[int, int]) -> tuple[dict[int, float], float]:
        return {places[v]: approximate(c) for v, c in form.terms.items()}, approximate(form.const)

    def reach(terms: dict[int, float], const: float) -> tuple[float, float]:
        ends = [sorted((c * lower[v], c * upper[v])) for v, c in terms.items()]
        return const + sum(a for a, _ in ends), const + sum(b for _, b in ends)

    for graph in graphs:
        places = {v: v for v in range(n)}
        for g, gate in enumerate(graph.gates):
            sides = [row(form, places) for form in (gate.left, gate.right)]
            (a, b), (c, d) = (reach(*side) for side in sides)
            y, z = len(lower), len(lower) + 1
            lower += [max(a, c), 0.0]
            upper += [max(b, d), 1.0]
            integral += [0, 1]
            places[n + g] = y
            for (terms, const), most, which in ((sides[0], max(d - a, 0.0), 1), (sides[1], max(b - c, 0.0), 0)):
                rest = {y: 1.0}
                for v, w in terms.items():
                    rest[v] = rest.get(v, 0.0) - w
                rows.append(rest)  # y - side >= const
                ends.append((const, np.inf))
                rows.append({**rest, z: most if which else -most})  # y <= side + most (1 - z), and with z
                ends.append((-np.inf, const + (most if which else 0.0)))
        targets.append(row(graph.outputs[output], places)[0])
    cost = np.zeros(len(lower))
    for terms, side in zip(targets, (sign, -sign), strict=True):
        for v, c in terms.items():
            cost[v] -= side * c
    table = np.zeros((len(rows), len(lower)))
    for i, terms in enumerate(rows):
        for v, c in terms.items():
            table[i, v] += c
    limits = LinearConstraint(table, *np.array(ends).reshape(-1, 2).T) if rows else ()
    solved = milp(
        cost, integrality=integral, bounds=Bounds(lower, upper), constraints=limits, options={"time_limit": seconds}
    )
    return None if solved.x is None else [rational(float(c)) for c in np.clip(solved.x[:n], low, high)]


def assert_does_not_lie(seed, budget=20.0, tally=None):
    """Asks for the front of a network, and judges every entry; HiGHS the nearest three that people can read."""
    net = random_network(seed)
    found = front(net, Box(-1, 1), budget=budget)
    assert_is_a_front(net, found)
    near = [entry for entry in found if entry.price.operations <= READ][-3:]
    for entry in found:
        assert furthest(net, entry.formula, (-1, 1), seed) <= entry.upper
        if entry in near:
            assert gap_by_milp(net, entry.formula, (-1, 1)) <= entry.upper
        if entry.certificate is not None:
            assert relucirc.check(net, entry.formula, entry.certificate, found.region)
        if tally is not None:
            tally["front", "exact" if entry.exact else "interval"] += 1
            tally["front", "certificate checked"] += entry.certificate is not None
            tally["front", "HiGHS asked"] += entry in near
    return found


def hunt(number: int, cases: int, tally: Counter) -> None:
    """Judges the fronts of so many networks, from one number on."""
    for seed in range(number, number + cases):
        try:
            assert_does_not_lie(seed, BUDGETS[seed % len(BUDGETS)], tally)
        except BaseException:
            print(f"\nthe front of network {seed}", flush=True)
            raise
        tally["cases", "all"] += 1
