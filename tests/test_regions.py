"""Activation regions, linear pieces, affine maps and vertices, against a second exact route."""

import itertools
import json
import random
import re
from fractions import Fraction

import numpy as np
import pytest
import sympy
from clipping import clipped_regions
from hypothesis import given, settings
from hypothesis import strategies as st
from patterns import Pattern, box, by_elimination, by_z3, components, patterns, plain_layers, share_a_facet

import relucirc
from relucirc import MLP, Box, DomainError, NetworkError, RelucircError, regions
from relucirc.geometry.chart import chart_of
from relucirc.measure.regions import compilation, rows
from relucirc.measure.regions.batch import FACETS
from relucirc.measure.regions.complex import Complex
from relucirc.measure.regions.integer_network import IntegerNetwork
from relucirc.measure.regions.line import sweep
from relucirc.measure.regions.tree import Start, Tree

WEIGHTS = st.integers(-1, 1)


def float_net(sizes, seed, dtype=np.float32, biased=True):
    rng = np.random.default_rng(seed)
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = (rng.normal(size=(above, below)) / np.sqrt(below)).astype(dtype)
        layers.append((weight, (rng.normal(size=above) / 2).astype(dtype) if biased else None))
    return MLP.from_arrays(layers)


def small_net(sizes, seed, values=(-1, 0, 1), biased=True):
    rng = random.Random(seed)
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = [[rng.choice(values) for _ in range(below)] for _ in range(above)]
        layers.append((weight, [rng.choice(values) for _ in range(above)] if biased else None))
    return MLP.from_arrays(layers)


@st.composite
def ternary_nets(draw, inputs=(1, 3), widths=(1, 4), depth=(1, 2)):
    sizes = [draw(st.integers(*inputs)), *(draw(st.integers(*widths)) for _ in range(draw(st.integers(*depth)))), 1]
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = [[draw(WEIGHTS) for _ in range(below)] for _ in range(above)]
        layers.append((weight, draw(st.none() | st.lists(WEIGHTS, min_size=above, max_size=above))))
    return MLP.from_arrays(layers)


def sign_set(found: Complex) -> set[tuple[int, ...]]:
    rows = [tuple(row) for row in found.signs.tolist()]
    assert len(set(rows)) == len(rows)
    return set(rows)


def as_fractions(values) -> tuple[Fraction, ...]:
    return tuple(Fraction(int(v.p), int(v.q)) for v in values)


def map_rows(affine_map) -> tuple:
    return tuple(
        (b, *w) for b, w in zip(as_fractions(affine_map.bias), map(as_fractions, affine_map.weight), strict=True)
    )


def check_against(found: Complex, judged: list[Pattern]) -> None:
    """Same patterns, same maps, and the same linear pieces from brute-force adjacency."""
    by_signs = {p.signs: p for p in judged}
    assert sign_set(found) == set(by_signs)
    listed = [by_signs[tuple(row)] for row in found.signs.tolist()]
    for i, pattern in enumerate(listed):
        assert map_rows(found.affine_maps[int(found.map_numbers[i])]) == pattern.output
    assert len(found.affine_maps) == len({p.output for p in judged})
    pairs = [(i, j) for i, j in itertools.combinations(range(len(listed)), 2) if share_a_facet(listed[i], listed[j])]
    assert list(found.adjacency) == pairs
    same = [(i, j) for i, j in pairs if listed[i].output == listed[j].output]
    assert {frozenset(piece.regions) for piece in found.linear_pieces} == components(len(listed), same)


@settings(max_examples=20)
@given(ternary_nets(widths=(1, 3)))
def test_degenerate_networks_over_all_of_space_match_elimination(net):
    check_against(regions(net), list(patterns(net, [], by_elimination(len(net.inputs)))))


@settings(max_examples=20)
@given(ternary_nets(widths=(1, 3)), st.sampled_from([1, Fraction(1, 2), 2]))
def test_degenerate_networks_on_a_box_match_elimination(net, size):
    n = len(net.inputs)
    check_against(regions(net, Box(-size, size)), list(patterns(net, box(n, size), by_elimination(n))))


@settings(max_examples=30)
@given(ternary_nets(inputs=(2, 4), widths=(1, 6), depth=(1, 3)), st.booleans())
def test_compiled_and_exact_walks_agree_on_degenerate_networks(net, bounded):
    domain = Box(-1, 1) if bounded else None
    compiled, exact = (regions(net, domain, compiled=choice) for choice in (True, False))
    assert_same(compiled, exact)


def assert_same(one: Complex, other: Complex) -> None:
    """Equal regions, maps, neighbours and vertices, in whatever order."""
    assert sign_set(one) == sign_set(other)
    assert {tuple(v) for v in one.vertices} == {tuple(v) for v in other.vertices}
    assert len(one.vertices) == len(set(one.vertices))

    def named(found):
        rows = [tuple(row) for row in found.signs.tolist()]
        facets = {frozenset((rows[i], rows[j])) for i, j in found.adjacency}
        pieces = {frozenset(rows[i] for i in piece.regions) for piece in found.linear_pieces}
        values = {row: map_rows(found.affine_maps[int(k)]) for row, k in zip(rows, found.map_numbers, strict=True)}
        return facets, pieces, values

    assert named(one) == named(other)


@pytest.mark.parametrize(
    ("sizes", "domain"),
    [((2, 10, 10, 1), Box(-1, 1)), ((3, 8, 8, 1), Box(-1, 1)), ((2, 8, 6, 4, 2), None), ((4, 6, 6, 1), Box(-3, 3))],
)
def test_compiled_and_exact_walks_agree_on_float_networks(sizes, domain):
    net = float_net(sizes, seed=len(sizes))
    compiled = regions(net, domain, compiled=True)
    assert compiled.replayed < len(compiled)
    assert_same(compiled, regions(net, domain, compiled=False))


def test_integers_that_do_not_fit_continue_as_float_balls():
    net = small_net((3, 8, 8, 1), 5, values=range(-(2**19), 2**19))
    compiled = regions(net, Box(-1, 1), compiled=True)
    assert compiled.replayed < len(compiled)
    assert_same(compiled, regions(net, Box(-1, 1), compiled=False))


def test_float_networks_with_all_hyperplanes_through_one_point_are_replayed_exactly():
    net = float_net((3, 6, 4, 1), 3, biased=False)
    compiled = regions(net, compiled=True)
    assert compiled.replayed
    assert_same(compiled, regions(net, compiled=False))


GENERIC = [(2, 16, 16, 1), (3, 16, 16, 1), (2, 32, 32, 1), (4, 12, 12, 1), (3, 6, 6, 6, 2)]


@pytest.mark.parametrize("sizes", GENERIC)
def test_generic_networks_match_clipped_polytopes(sizes):
    net = float_net(sizes, seed=1)
    found = regions(net, Box(-1, 1), compiled=True)
    check_clipped(found, list(clipped_regions(plain_layers(net))))
    assert found.replayed == 0


def check_clipped(found: Complex, judged: list) -> None:
    """Same patterns, and as many maps and vertices, as by clipping; the same regions in a sample of 100."""
    by_signs = {c.signs: c for c in judged}
    assert len(by_signs) == len(judged)
    assert sign_set(found) == set(by_signs)
    assert len(found.affine_maps) == len({c.output for c in judged})
    assert len(found.vertices) == len({v for c in judged for v in c.vertices})
    step = max(1, len(found) // 100)
    for i in range(0, len(found), step):
        region, expected = found.activation_regions[i], by_signs[tuple(found.signs[i].tolist())]
        assert map_rows(region.affine_map) == expected.output
        assert set(map(as_fractions, region.vertices)) == expected.vertices


@pytest.mark.parametrize("seed", range(4))
def test_ternary_networks_over_all_of_space_match_z3(seed):
    net = small_net([(2, 6, 6, 1), (3, 5, 5, 1), (3, 6, 4, 1), (4, 4, 4, 1)][seed], seed)
    judged = {p.signs for p in patterns(net, [], by_z3(len(net.inputs)))}
    assert sign_set(regions(net)) == judged


@settings(max_examples=30)
@given(ternary_nets(inputs=(2, 3), widths=(1, 5)), st.booleans())
def test_every_region_computes_its_affine_map_exactly(net, bounded):
    found = regions(net, Box(-2, 1) if bounded else None)
    for region in found.activation_regions[:20]:
        points = [region.interior, *region.vertices]
        for direction in (*region.directions, *region.lines):
            points.append(tuple(a + 3 * d for a, d in zip(region.interior, direction, strict=True)))
        for line in region.lines:
            points.append(tuple(a - 3 * d for a, d in zip(region.interior, line, strict=True)))
        for point in points:
            assert net.at(*point) == region.affine_map(*point)
        before = [value for layer, _ in net.trace(net.point(*region.interior))[:-1] for value in layer]
        assert tuple((v > 0) - (v < 0) for v in before) == region.signs


@settings(max_examples=25)
@given(ternary_nets(inputs=(2, 3), widths=(1, 4)))
def test_vertices_are_the_vertices_of_the_regions(net):
    found = regions(net, Box(-1, 2))
    assert set(found.vertices) == {vertex for region in found.activation_regions for vertex in region.vertices}


def test_vertices_leave_out_points_on_lines():
    net = MLP.from_arrays([([[1, 0], [0, 1]], None), ([[1, 1]], [-1]), ([[1]], None)])
    found = regions(net)
    assert set(found.vertices) == {(0, 0), (1, 0), (0, 1)}
    assert regions(MLP.from_arrays([([[1, 1]], None), ([[1]], None)])).vertices[:] == []


@pytest.mark.parametrize("domain", [None, "0 <= x1, x1 <= 2", "x1 + x2 >= 0", "x1 == x2", "x1 - x2 >= 0, x2 - x3 >= 0"])
def test_regions_with_lines_are_walked_alike(domain):
    """Networks that see fewer directions than there are inputs: regions are cylinders, and have no vertices."""
    differences = MLP.from_arrays(
        [([[1, -1, 0], [0, 1, -1], [2, -2, 0], [1, 0, -1]], [0, 1, 3, -1]), ([[1, -1, 1, 2]], [-1]), ([[1]], None)]
    )
    blind = MLP.from_arrays([([[0, 0, 0], [0, 0, 0]], [1, 0]), ([[1, 1], [-1, 0]], [0, 1]), ([[1, 1]], None)])
    for net in (differences, blind):
        found = regions(net, domain)
        assert_same(found, regions(net, domain, compiled=False))
        lines = len(found.activation_regions[0].lines)
        assert all(len(region.lines) == lines for region in found.activation_regions)
        assert (len(found.vertices) == 0) == (lines > 0)
        if domain is None:
            assert lines == (1 if net is differences else 3)
            check_against(found, list(patterns(net, [], by_elimination(3))))


def test_identically_zero_neuron_has_sign_zero_and_hides_no_neighbour():
    net = MLP.from_arrays([([[1, 0], [0, 0]], None), ([[1, 0], [0, 1]], None), ([[1, 1]], None)])
    found = regions(net)
    assert sign_set(found) == {(1, 0, 1, 0), (-1, 0, 0, 0)}
    assert list(found.adjacency) == [(0, 1)]


def test_minimum_of_four_has_few_pieces():
    first = [[0, 1, 0, 0], [0, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, -1], [0, 0, -1, 1]]
    second = [[0, 0, 0, 1, -1, -1], [0, 0, 0, -1, 1, 1], [-1, 1, 1, 1, -1, -1]]
    net = MLP.from_arrays([(first, None), (second, None), ([[1, -1, -1]], None)])
    found = regions(net, Box(-1, 1))
    assert len(found) == 33
    assert len(found.linear_pieces) == len(found.affine_maps) == 4
    assert sorted(map(map_rows, found.affine_maps)) == sorted(
        ((0, *(int(i == k) for i in range(4))),) for k in range(4)
    )


def test_one_map_on_two_separate_pieces_counts_as_two_pieces():
    hat = MLP.from_arrays([([[1], [1], [1]], [1, 0, -1]), ([[1, -2, 1]], None)])
    found = regions(hat)
    assert len(found) == len(found.linear_pieces) == 4
    assert len(found.affine_maps) == 3


def test_polyhedral_domains_cut_the_regions():
    net = relucirc.circuits.minimum()
    found = regions(net, "x1 + x2 <= 1, x1 >= -1, x2 >= -1, x1 - x2 <= 1")
    assert all(r.affine_map(*r.interior) == net.at(*r.interior) for r in found.activation_regions)
    assert len(regions(net, "x1 < x2").linear_pieces) == 1


def test_flat_domains_are_seen_in_their_own_coordinates():
    net = small_net((3, 5, 4, 1), 2)
    flat = regions(net, "x1 + x2 + x3 == 1, x1 >= 0, x2 >= 0, x3 >= 0")
    assert all(sum(vertex) == 1 for vertex in flat.vertices)
    for region in flat.activation_regions:
        for point in (region.interior, *region.vertices):
            assert net.at(*point) == region.affine_map(*point)
    segment = regions(net, "x1 == x2, x2 == x3, 0 <= x1 <= 1")
    assert all(v[0] == v[1] == v[2] for v in segment.vertices)
    point = regions(net, "x1 == 1, x2 == 2, x3 == 3")
    assert len(point) == len(point.linear_pieces) == len(point.affine_maps) == 1
    assert point.vertices[0] == (1, 2, 3)
    assert point.activation_regions[0].affine_map(1, 2, 3) == net.at(1, 2, 3)


def test_network_without_hidden_layer_is_one_region():
    net = MLP.from_arrays([([[1, 2], ["1/3", 0]], [0, "1/2"])])
    found = regions(net)
    assert len(found) == len(found.linear_pieces) == 1
    assert found.affine_maps[0].weight == ((1, 2), (sympy.Rational(1, 3), 0))
    assert len(found.activation_regions[0].lines) == 2


# One input.


def sawtooth(depth):
    layers = [([[2], [4]], [0, -2])]
    layers += [([[2, -2], [4, -4]], [0, -2]) for _ in range(depth - 1)]
    return MLP.from_arrays([*layers, ([[1, -1]], None)])


def walked_tree(network, chart):
    start = Start.of(network, chart.constraints, compiled=False)
    return Tree(start, list(start.batches(FACETS)))


@settings(max_examples=80)
@given(ternary_nets(inputs=(1, 1), widths=(1, 4), depth=(1, 4)), st.sampled_from([None, (0, 1), (-2, None), (None, 3)]))
def test_sweep_agrees_with_the_walk(net, bounds):
    domain = None if bounds is None else Box(*bounds)
    chart = chart_of(relucirc.language.domain.read_domain(domain, net.inputs).relations, 1)
    network = IntegerNetwork.of(net, chart.forms, 1)
    walked = Complex(network, chart, walked_tree(network, chart))
    assert_same(regions(net, domain), walked)


@pytest.mark.parametrize("seed", range(3))
def test_sweep_agrees_with_the_walk_on_float_networks(seed):
    net = float_net((1, 8, 1, 6, 5, 1), seed)
    chart = chart_of([], 1)
    network = IntegerNetwork.of(net, chart.forms, 1)
    walked = Complex(network, chart, walked_tree(network, chart))
    assert_same(regions(net), walked)


def test_sweep_lists_intervals_from_left_to_right():
    net = sawtooth(4)
    found = regions(net, Box(0, 1))
    ends = [region.vertices for region in found.activation_regions]
    assert [a[0] for a in ends] == [(sympy.Rational(i, 16),) for i in range(16)]
    assert list(found.adjacency) == [(i, i + 1) for i in range(15)]
    assert len(found.affine_maps) == 16
    for region in found.activation_regions:
        assert net.at(*region.interior) == region.affine_map(*region.interior)


def test_sawtooth_of_depth_sixteen_is_enumerated():
    found = regions(sawtooth(16), Box(0, 1))
    assert len(found.linear_pieces) == len(found) == 2**16
    assert found.vertices[12345] == (sympy.Rational(12345, 2**16),)


def test_constant_part_at_a_kink_of_what_follows_has_sign_zero():
    # relu(x) is 0 for x < 0, where the second layer's relu(relu(x)) sits exactly at its kink.
    net = MLP.from_arrays([([[1]], None), ([[1], [-1]], [0, 0]), ([[1, 1]], None)])
    assert sign_set(regions(net)) == {(-1, 0, 0), (1, 1, -1)}


def test_dead_bottleneck_is_one_piece():
    net = MLP.from_arrays([([[1], [-1]], None), ([[0, 0]], [0]), ([[1]], [5])])
    found = regions(net, Box(-1, 1))
    assert len(found) == 2
    assert len(found.linear_pieces) == 1


# What the machinery promises.


def test_residues_reproduce_large_integers():
    net = small_net((2, 5, 5, 3), 7, values=range(-(10**12), 10**12))
    found = regions(net, Box(-1, 1))
    for region in found.activation_regions:
        assert net.at(*region.interior) == region.affine_map(*region.interior)


@given(st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=1, max_size=30))
def test_distinct_rows_are_numbered_in_order_of_appearance(values):
    numbers, first = rows.distinct_rows(np.array(values, np.int8))
    seen: list[list[int]] = []
    for row in values:
        if row not in seen:
            seen.append(row)
    assert numbers.tolist() == [seen.index(row) for row in values]
    assert first.tolist() == [values.index(row) for row in seen]


def test_order_of_regions_and_of_adjacency_is_reproducible():
    net = float_net((3, 6, 6, 1), 0)
    one, other = regions(net, Box(-1, 1)), regions(net, Box(-1, 1))
    assert (one.signs == other.signs).all()
    assert (one.adjacency.array == other.adjacency.array).all()
    pairs = list(one.adjacency)
    assert pairs == sorted(pairs)
    assert pairs[3] in one.adjacency
    assert (0, 0) not in one.adjacency


def test_missing_facet_is_noticed():
    net = float_net((2, 4, 1), 0)
    found = regions(net, Box(-1, 1))._found
    found._facets, found._owners = found._facets[1:], found._owners[1:]
    with pytest.raises(AssertionError, match="two sides"):
        found.adjacency()


def test_progress_is_reported_and_the_budget_ends_the_walk(monkeypatch):
    net = float_net((4, 32, 32, 1), 0)
    counts: list[int] = []
    monkeypatch.setattr("relucirc.core.budget.PATIENCE", 0.0)
    monkeypatch.setattr("relucirc.core.budget.INTERVAL", 0.0)
    for budget in (0.3, 3, 30):  # a busy machine may find nothing in the shorter ones
        counts.clear()
        found = regions(
            net, Box(-3, 3), budget=budget, progress=lambda clock: counts.append(clock.progress.get("regions", 0))
        )
        if len(found):
            break
    assert not found.complete
    assert re.fullmatch(
        rf"[\d,]+ activation regions? found, perhaps not all: the budget of {budget} s ended\.", found.reason
    )
    assert counts == sorted(counts)
    assert counts[-1] == len(found) > 0


@pytest.mark.parametrize("compiled", [False, None])
@pytest.mark.parametrize("sizes", [(2, 5, 4, 1), (3, 6, 1)])
def test_what_an_ended_walk_found_is_part_of_the_whole(monkeypatch, sizes, compiled):
    """After any number of batches: regions, maps, vertices and neighbours are those of the whole complex."""
    monkeypatch.setattr("relucirc.measure.regions.batch.PATIENCE", 0.0)
    monkeypatch.setattr("relucirc.measure.regions.compiled_walk.LEAVES", 3)
    monkeypatch.setattr("relucirc.core.budget.PATIENCE", 0.0)
    monkeypatch.setattr("relucirc.core.budget.INTERVAL", 0.0)
    net = float_net(sizes, 0)
    whole = regions(net, Box(-1, 1), compiled=compiled)
    place = {signs: i for i, signs in enumerate(map(tuple, whole.signs.tolist()))}
    assert whole.complete
    assert whole.reason == f"{len(whole)} activation regions in all."
    for most in (0, 1, 2, 5, 30):
        seen = itertools.count()

        def stop(_, most=most, seen=seen):
            if next(seen) >= most:
                raise KeyboardInterrupt

        part = regions(net, Box(-1, 1), progress=stop, compiled=compiled)
        if part.complete:
            continue
        assert part.reason.endswith("found, perhaps not all: interrupted.")
        numbers = [place[signs] for signs in map(tuple, part.signs.tolist())]
        assert set(part.vertices) == {v for i in numbers for v in whole.activation_regions[i].vertices}
        for i, number in enumerate(numbers):
            assert part.activation_regions[i] == whole.activation_regions[number]
        kept = {number: i for i, number in enumerate(numbers)}
        pairs = {tuple(sorted((kept[a], kept[b]))) for a, b in whole.adjacency if a in kept and b in kept}
        assert set(part.adjacency) == pairs
        assert sum(len(piece.regions) for piece in part.linear_pieces) == len(part)


def test_nothing_is_found_where_the_budget_ends_at_once():
    found = regions(float_net((3, 6, 1), 0), Box(-1, 1), budget=0)
    assert (len(found), found.complete, found.reason) == (
        0,
        False,
        "0 activation regions found, perhaps not all: the budget of 0 s ended.",
    )
    assert list(found.activation_regions) == list(found.linear_pieces) == list(found.affine_maps) == []
    assert list(found.vertices) == list(found.adjacency) == []


def test_budget_ends_a_sweep_that_is_no_composition():
    """A sawtooth that carries its input along: every layer sees two numbers, and pieces double."""
    layers = [([[2], [4], [1]], [0, -2, 0])]
    layers += [([[2, -2, 0], [4, -4, 0], [0, 0, 1]], [0, -2, 0]) for _ in range(30)]
    net = MLP.from_arrays([*layers, ([[1, -1, 1]], None)])
    assert "budget of 0.3 s ended" in regions(net, Box(0, 1), budget=0.3).reason
    short = MLP.from_arrays([*layers[:8], ([[1, -1, 1]], None)])
    assert len(regions(short, Box(0, 1)).linear_pieces) == 2**8


def test_walk_without_numba_gives_the_same_and_asking_for_it_says_how_to_get_it(monkeypatch):
    net = float_net((2, 5, 1), 0)
    with_numba = sign_set(regions(net))
    for module in (compilation, relucirc.measure.regions.complex):
        monkeypatch.setattr(module, "is_available", lambda: False)
    assert sign_set(regions(net)) == with_numba
    with pytest.raises(RelucircError, match=r"pip install 'relucirc\[fast\]'"):
        regions(net, compiled=True)


def test_a_complex_is_an_answer():
    found = regions(MLP.from_arrays([([["1/3"], [-1]], None), ([[1, 1]], [f"{10**40}/3"])]), Box(-1, 1))
    assert (found.status, found.complete, found.certificate) == ("complete", True, None)
    assert str(found) == "complete: 2 activation regions in all.\n2 hidden neurons in 1 input"
    data = json.loads(json.dumps(found.to_json()))
    assert data.pop("seconds") >= 0
    bias = f"{10**40}/3"
    assert data == {
        "status": "complete",
        "reason": "2 activation regions in all.",
        "activation_regions": 2,
        "linear_pieces": 2,
        "affine_maps": [{"weight": [["-1"]], "bias": [bias]}, {"weight": [["1/3"]], "bias": [bias]}],
        "certificate": None,
    }
    assert str(found.affine_maps[1]) == "x -> [1/3] x + [1000000000.../3 (about 3.333e+39)]"
    assert "2 activation regions" in found._repr_html_()
    part = regions(float_net((3, 6, 1), 0), Box(-1, 1), budget=0)
    assert (part.status, part.to_json()["affine_maps"]) == ("unknown", [])


def test_bad_requests_say_what_to_do():
    net = relucirc.circuits.minimum()
    with pytest.raises(DomainError, match="empty"):
        regions(net, "x1 > 1, x1 < 0")
    with pytest.raises(DomainError, match="integer"):
        regions(net, Box(0, 1, integer=True))
    with pytest.raises(NetworkError, match="expected a network"):
        regions("net.json")
    with pytest.raises(NetworkError, match="symbols"):
        regions(MLP.from_arrays([([[sympy.Symbol("w", positive=True)]], None), ([[1]], None)]))
    with pytest.raises(IndexError, match="activation regions"):
        regions(net).activation_regions[99]


def test_sweep_of_composition_equals_sweep_of_each_layer():
    net = float_net((1, 3, 1, 4, 1, 2, 1), 11)
    network = IntegerNetwork.of(net, chart_of([], 1).forms, 1)
    found = sweep(network, None, None)
    assert len(found.points) + 1 == len(found.signs)
    assert all(a < b for a, b in itertools.pairwise(found.points))
