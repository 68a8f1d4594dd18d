"""Weights chosen to fool machine arithmetic: regions against routes that use none."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from clipping import clipped_regions
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from patterns import by_elimination, patterns, plain_layers
from test_regions import assert_same, check_against, check_clipped, float_net, small_net

from relucirc import MLP, Box, regions
from relucirc.measure.regions import compiled_walk
from relucirc.measure.regions.compilation import is_available

SMALL = st.integers(-2, 2)
TINY = Fraction(1, 2**60)
needs_numba = pytest.mark.skipif(not is_available(), reason="numba is an extra: pip install 'relucirc[fast]'")


@st.composite
def nasty_nets(draw, inputs=(1, 3), widths=(1, 5), depth=(1, 3)):
    """Ternary networks whose rows are then copied, turned round, moved by 2^-60 and scaled by 2^200 or 2^-200."""
    sizes = [draw(st.integers(*inputs)), *(draw(st.integers(*widths)) for _ in range(draw(st.integers(*depth)))), 1]
    entry = st.integers(-1, 1)
    layers = []
    for below, above in itertools.pairwise(sizes):
        rows: list[list[Fraction]] = []
        for _ in range(above):
            kind = draw(st.sampled_from(["new", "new", "copy", "opposite", "near", "zero", "constant"]))
            if not rows or kind == "new":
                row = [Fraction(draw(entry)) for _ in range(below + 1)]
            elif kind in ("zero", "constant"):
                row = [Fraction(draw(entry) if kind == "constant" else 0), *[Fraction(0)] * below]
            else:
                row = list(draw(st.sampled_from(rows)))
                if kind == "opposite":
                    row = [-c for c in row]
                if kind == "near":
                    row[draw(st.integers(0, below))] += TINY * draw(st.sampled_from([-1, 1]))
            scale = Fraction(2) ** draw(st.sampled_from([0, 0, 0, 200, -200, 1500, 3]))
            rows.append([c * scale for c in row])
        layers.append(([row[1:] for row in rows], [row[0] for row in rows]))
    return MLP.from_arrays(layers)


@settings(max_examples=80)
@given(nasty_nets(), st.sampled_from([1, Fraction(1, 2), 1 + TINY]))
def test_nasty_weights_on_a_box_match_clipped_polytopes(net, size):
    check_clipped(regions(net, Box(-size, size)), list(clipped_regions(plain_layers(net), size)))


@settings(max_examples=40)
@given(nasty_nets(inputs=(2, 3), widths=(1, 3), depth=(1, 2)))
def test_nasty_weights_over_all_of_space_match_elimination(net):
    check_against(regions(net), list(patterns(net, [], by_elimination(len(net.inputs)))))


@needs_numba
@settings(max_examples=80)
@given(nasty_nets(inputs=(2, 4)), st.booleans(), st.booleans())
def test_nasty_weights_are_walked_alike_in_machine_and_exact_arithmetic(net, bounded, balls_first):
    domain = Box(-1, 1) if bounded else None
    before = compiled_walk.SMALL
    try:
        compiled_walk.SMALL = -1 if balls_first else before  # -1: no integer is small enough for int64
        assert_same(regions(net, domain, compiled=True), regions(net, domain, compiled=False))
    finally:
        compiled_walk.SMALL = before


@needs_numba
@pytest.mark.parametrize("power", [-300, -60, -20, 0, 20, 60, 300])
def test_scaling_rows_by_powers_of_two_changes_nothing(power):
    """Scaled by 2^p on one layer and 2^-p on the next: weights far apart, one and the same function."""
    net = float_net((2, 6, 6, 1), 5)
    layers = plain_layers(net)
    factors = [Fraction(2) ** (power * (-1) ** i) for i in range(6)]
    (w1, b1), (w2, b2), last = layers
    rows = [[f * c for c in row] for f, row in zip(factors, w1, strict=True)]
    first = (rows, [f * b for f, b in zip(factors, b1, strict=True)])
    second = ([[c / f for f, c in zip(factors, row, strict=True)] for row in w2], b2)
    assert_same(regions(MLP.from_arrays([first, second, last]), Box(-1, 1), compiled=True), regions(net, Box(-1, 1)))


@needs_numba
@pytest.mark.parametrize("gap", [2.0**-20, 2.0**-40, 2.0**-52, 2.0**-100, 2.0**-1074])
def test_slabs_thinner_than_any_error_bound_are_found(gap):
    """x1 > 0 and x1 > -gap: three strips, the middle one as thin as a double allows."""
    net = MLP.from_arrays([([[1.0, 0.0], [1.0, 0.0], [0.3, 0.7]], [0.0, gap, 0.1]), ([[1.0, 1.0, 1.0]], None)])
    found = regions(net, Box(-1, 1), compiled=True)
    check_clipped(found, list(clipped_regions(plain_layers(net))))
    assert len(found) == 6


@needs_numba
@pytest.mark.parametrize("count", [4, 12, 40])
def test_many_float_hyperplanes_through_one_corner_of_the_box(count):
    """All kinks meet in (1, 1): n rays of one corner, values there exactly zero or off by one ulp."""
    rng = np.random.default_rng(count)
    weight = rng.normal(size=(count, 2))
    bias = [-(Fraction(a) + Fraction(b)) for a, b in weight.tolist()]
    for shift in (Fraction(0), Fraction(1, 2**70)):
        moved = [b + shift * (-1) ** i for i, b in enumerate(bias)]
        net = MLP.from_arrays([([[Fraction(c) for c in row] for row in weight.tolist()], moved), ([[1] * count], None)])
        check_clipped(regions(net, Box(-1, 1), compiled=True), list(clipped_regions(plain_layers(net))))


@needs_numba
def test_deep_doubles_stay_in_machine_arithmetic():
    """Their integers have some 600 bits: balls divide every row by a power of two."""
    net = float_net((2, *[6] * 10, 1), 2, np.float64)
    found = regions(net, Box(-1, 1), compiled=True)
    check_clipped(found, list(clipped_regions(plain_layers(net))))
    assert found.replayed == 0


def test_integer_weights_on_the_edge_of_int64():
    for bits in (19, 20, 21, 30, 31, 32, 62, 63, 64):
        net = small_net((2, 4, 4, 1), bits, values=(-(2**bits), -(2**bits) + 1, -1, 0, 1, 2**bits - 1, 2**bits))
        check_clipped(regions(net, Box(-1, 1)), list(clipped_regions(plain_layers(net))))
        small = Fraction(1, 2**bits)
        check_clipped(regions(net, Box(-small, small)), list(clipped_regions(plain_layers(net), small)))


@needs_numba
def test_the_kernel_and_its_driver_agree_on_sizes():
    """They are written twice: the driver must not need numba, and numba's cache does not watch other files."""
    from relucirc.measure.regions import batch, kernel

    assert kernel.MAX_RAYS == compiled_walk.MAX_RAYS
    assert (kernel.FACETS, kernel.VERTICES) == (batch.FACETS, batch.VERTICES)


# The error bounds themselves.

SIZES = st.sampled_from([1.0, 1.0, 3e-5, 1e-160, 1e-308, 5e-324, 1e150, 1e300])
ENTRY = st.builds(lambda m, s: m * s, st.floats(-2, 2, allow_subnormal=True), SIZES)


@st.composite
def balls(draw, dimension, near_one=False):
    """A float vector, a radius, and an exact vector that far away, entry by entry."""
    values = np.array([draw(ENTRY) for _ in range(dimension)])
    if near_one:  # as the walk keeps its rays
        values = np.clip(values, -1, 1)
        values[draw(st.integers(0, dimension - 1))] = draw(st.sampled_from([-1, -0.75, 0.5, 0.7]))
    radius = abs(draw(st.sampled_from([0.0, 2.0**-53, 1e-9, 1e-200])) * draw(SIZES))
    exact = [Fraction(v) + Fraction(radius) * Fraction(draw(st.integers(-4, 4)), 4) for v in values.tolist()]
    return values, radius, exact


@pytest.fixture(scope="module")
def probes():
    """The compiled arithmetic, one function at a time."""
    numba = pytest.importorskip("numba", reason="numba is an extra: pip install 'relucirc[fast]'")
    from relucirc.measure.regions.kernel import new_ray, value_of

    @numba.njit(error_model="numpy")
    def value(row, row_error, ray, ray_error):
        return value_of(row, row_error, ray, ray_error)

    @numba.njit(error_model="numpy")
    def between(p, ep, zp, dp, q, eq, zq, dq, out):
        return new_ray(p, ep, zp, dp, q, eq, zq, dq, out)

    return value, between


def product(a, b):
    return sum((x * y for x, y in zip(a, b, strict=True)), start=Fraction(0))


@settings(max_examples=400)
@given(st.integers(1, 5).flatmap(lambda d: st.tuples(balls(d), balls(d))))
def test_the_bound_of_a_value_holds_for_subnormal_and_huge_numbers(probes, pair):
    (row, a, exact_row), (ray, e, exact_ray) = pair
    value, bound = probes[0](row, a, ray, e)
    if math.isfinite(value) and math.isfinite(bound):
        assert abs(product(exact_row, exact_ray) - Fraction(value)) <= Fraction(bound)
    else:
        assert not abs(value) > bound  # nothing is certified


ENDS = st.sampled_from([-1, 0, 1])


@settings(max_examples=400)
@given(
    st.integers(2, 4).flatmap(lambda d: st.tuples(balls(d, True), balls(d, True))),
    *[st.builds(lambda m, s: m * s, st.floats(0.25, 1), SIZES)] * 2,
    *[st.sampled_from([0.0, 2.0**-53, 1e-9, 0.01])] * 2,
    ENDS,
    ENDS,
)
def test_the_bound_of_a_new_ray_holds(probes, pair, zp, zq, dp, dq, end_p, end_q):
    """The exact ray is scaled by the power of two that brings the float one near 1."""
    (p, ep, exact_p), (q, eq, exact_q) = pair
    dp, dq, zq = dp * zp, dq * zq, -zq
    out = np.zeros(len(p))
    error = probes[1](p, ep, zp, dp, q, eq, zq, dq, out)
    if not error < math.inf:
        return
    scale = Fraction(2) ** -int(np.frexp(np.abs(zp * q - zq * p).max())[1])
    exact_zp, exact_zq = Fraction(zp) + end_p * Fraction(dp), Fraction(zq) + end_q * Fraction(dq)
    for value, a, b in zip(out.tolist(), exact_p, exact_q, strict=True):
        assert abs(Fraction(value) - scale * (exact_zp * b - exact_zq * a)) <= Fraction(error)
    assert 0.5 <= np.abs(out).max() <= 1


@settings(max_examples=300)
@given(st.data())
def test_the_bound_of_a_row_of_the_next_layer_holds(data):
    """Integer weights that float64 rounds, rows known up to an error."""
    pytest.importorskip("numba", reason="numba is an extra: pip install 'relucirc[fast]'")
    from relucirc.measure.regions.kernel import enter_layer

    d, below = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    known = [data.draw(balls(d)) for _ in range(below)]
    exact_weights = [data.draw(st.integers(-(2**80), 2**80) | SMALL) for _ in range(below + 1)]
    weights = np.zeros((below + 1, below + 1))
    weights[below] = [float(w) for w in exact_weights]
    rows, errors = np.zeros((below + 1, d)), np.zeros(below + 1)
    for j, (values, radius, _) in enumerate(known):
        rows[j], errors[j] = values, radius
    signs = np.array([data.draw(st.sampled_from([1, 1, -1, 0])) for _ in range(below)] + [0], np.int8)
    assert enter_layer(weights, below, 1, below, rows, errors, signs, False)
    if not math.isfinite(errors[below]):
        return
    for c in range(d):
        exact = Fraction(exact_weights[0] if c == 0 else 0)
        exact += sum(w * row[c] for w, (_, _, row), s in zip(exact_weights[1:], known, signs, strict=False) if s > 0)
        assert abs(Fraction(rows[below, c]) - exact) <= Fraction(errors[below])


@needs_numba
@settings(max_examples=200)
@given(
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 1e-4, 1e-9, 2.0**-50]),
    st.sampled_from([0.0, 1e-14, 1e-8]),
)
def test_a_refined_ray_is_as_near_the_intersection_as_it_says(n, seed, skew, wobble):
    """Hyperplanes in general position, or nearly parallel ones; more than are needed; known up to an error."""
    from relucirc.measure.regions.kernel import refine

    rng = np.random.default_rng(seed)
    d = n + 1
    point = rng.normal(size=d)
    point /= np.abs(point).max() * 1.25
    exact_point = [Fraction(v) for v in point.tolist()]
    count = n + 2
    rows, errors, exact_rows = np.zeros((count, d)), np.zeros(count), []
    for i in range(count):
        base = rng.normal(size=d) if i == 0 or not skew else rows[0] + skew * rng.normal(size=d)
        exact = [Fraction(v) for v in base.tolist()]
        at = int(np.abs(point).argmax())  # through the point, exactly
        exact[at] -= product(exact, exact_point) / exact_point[at]
        exact_rows.append(exact)
        rows[i] = [float(c) + wobble * rng.uniform(-1, 1) for c in exact]
        off = max(abs(Fraction(v) - c) for v, c in zip(rows[i].tolist(), exact, strict=True))
        errors[i] = off * Fraction(1001, 1000)
    normals = np.array([[1.0, *[0.0] * n]])
    work = (np.zeros((64, d)), np.zeros(64), np.zeros((64, d - 1)), np.zeros((d - 1, d - 1)))
    ray = point + 1e-5 * rng.normal(size=d)
    before, radius = ray.copy(), 1e-4
    mask = np.array([sum(1 << (1 + i) for i in range(count))], np.uint64)
    refined = refine(ray, radius, mask, rows, errors, normals, np.zeros(1), work)
    if refined == radius:
        assert (ray == before).all()
        return
    at = int(np.abs(before).argmax())
    scale = Fraction(ray[at]) / exact_point[at]
    assert scale > 0
    off = max(abs(Fraction(v) - scale * c) for v, c in zip(ray.tolist(), exact_point, strict=True))
    assert off <= Fraction(refined)


LARGE = st.builds(lambda sign, bits, less: sign * (2**bits - less), st.sampled_from([-1, 1]), st.integers(0, 61), SMALL)


@settings(max_examples=300)
@given(st.integers(2, 4).flatmap(lambda d: st.tuples(*[st.lists(LARGE, min_size=d, max_size=d)] * 3)))
def test_integers_are_exact_or_given_up(probes, triple):
    row, p, q = triple
    assume(any(p) and any(q))
    arrays = [np.array(v, np.int64) for v in triple]
    for ray, exact in zip(arrays[1:], (p, q), strict=True):
        value, bound = probes[0](arrays[0], 0.0, ray, 0.0)
        assert bound == math.inf or (bound == 0 and value == product(row, exact))
    out = np.zeros(len(row), np.int64)
    (zp, dp), (zq, dq) = (probes[0](arrays[0], 0.0, ray, 0.0) for ray in arrays[1:])
    if dp == dq == 0 and zp > 0 > zq and probes[1](arrays[1], 0.0, zp, 0.0, arrays[2], 0.0, zq, 0.0, out) == 0:
        zp, zq = product(row, p), product(row, q)
        ray = [zp * b - zq * a for a, b in zip(p, q, strict=True)]
        assert out.tolist() == [c // math.gcd(*map(int, ray)) for c in ray]


def test_integer_rows_of_the_next_layer_are_exact_or_given_up():
    numba = pytest.importorskip("numba", reason="numba is an extra: pip install 'relucirc[fast]'")
    assert numba
    from relucirc.measure.regions.kernel import enter_layer

    given_up = 0
    for bits in range(20, 45):
        rng = np.random.default_rng(bits)
        weights = np.zeros((5, 4), np.int64)
        weights[3:] = rng.integers(-(2**20), 2**20, (2, 4))
        rows = np.zeros((5, 3), np.int64)
        rows[:3] = rng.integers(-(2**bits), 2**bits, (3, 3))
        signs = np.array([1, -1, 1, 0, 0], np.int8)
        if not enter_layer(weights, 3, 2, 3, rows, np.zeros(5), signs, True):
            given_up += 1
            continue
        exact = [[int(c) for c in row] for row in rows[:3].tolist()]
        for i in (3, 4):
            w = weights[i].tolist()
            expected = [(w[0] if c == 0 else 0) + w[1] * exact[0][c] + w[3] * exact[2][c] for c in range(3)]
            assert rows[i].tolist() == expected
    assert 0 < given_up < 25
