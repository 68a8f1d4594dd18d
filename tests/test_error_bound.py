"""``float_error_bound`` is never exceeded, and is not far above what search finds.

The search draws points, and then climbs: it changes coordinates of the worst points a little and
keeps what is worse.  Values are compared exactly, as rationals.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, DomainError, RelucircError, compile_network, evaluate, float_error_bound
from relucirc.core.exact import rational, to_float
from relucirc.strategies import networks

DTYPES = ("float16", "bfloat16", "float32", "float64")


def random_network(sizes, seed, dtype):
    rng = np.random.default_rng(seed)
    layers = [(rng.normal(size=(b, a)) / np.sqrt(a), rng.normal(size=b)) for a, b in pairwise(sizes)]
    return MLP.from_arrays([(w.astype(dtype), b.astype(dtype)) for w, b in layers])


third = MLP.from_arrays([([["1/3"]], None)])
fine = MLP.from_arrays(
    [
        ([["1/3", "2/7"], ["-5/11", "1/13"], ["3/17", "-1"]], ["0.1", "-0.7", "1/3"]),
        ([["1/9", "-7/3", "5/7"]], ["1/19"]),
    ]
)
cancelling = MLP.from_arrays([([["1/3", "-1/3"]], None)])
deep = random_network((2, 4, 4, 4, 1), 3, np.float64)
NETWORKS = {
    "minimum": (relucirc.circuits.minimum(), Box(-1, 1)),
    "minimum of 8": (relucirc.circuits.minimum(8), Box(-1, 3)),
    "a third": (third, Box("1/2", 1)),
    "fine": (fine, Box(-1, 1)),
    "far from zero": (fine, Box(100, 101)),
    "cancelling": (cancelling, Box("15/16", 1)),
    "deep": (deep, Box(-2, 2)),
    "wide": (random_network((3, 16, 1), 4, np.float32), Box(-1, 1)),
}


def runner(compiled, dtype):
    def run(points):
        with jax.enable_x64(dtype == np.float64):
            return np.asarray(compiled(points))

    return run


def ends(net, box, dtype):
    """Lowest and highest float of a dtype inside a box."""
    from relucirc.evaluation.error_bound import read_box

    found = []
    for low, high in read_box(box, net.inputs):
        a, b = to_float(low, dtype), to_float(high, dtype)
        assert (rational(a), rational(b)) == (low, high)  # all boxes here begin and end with short binary numbers
        found.append((float(a), float(b)))
    return np.array(found).T


def worst_error(net, box, dtype, run, rounds=6, count=48, seed=0):
    """The largest error that climbing finds, exactly, over floats of the box."""
    dtype = jnp.dtype(dtype)
    rng = np.random.default_rng(seed)
    low, high = ends(net, box, dtype)
    points = rng.uniform(low, high, size=(count, len(low)))
    points[: count // 4] = np.where(rng.random((count // 4, len(low))) < 0.5, low, high)  # corners
    points[count // 4 : count // 2] = points[count // 4 : count // 2, :1]  # ties
    best = rational(0)
    for number in range(rounds):
        given = np.clip(points, low, high).astype(dtype)
        given = np.where((given >= low) & (given <= high), given, low).astype(dtype)
        errors = []
        for point, values in zip(given, run(given), strict=True):
            exact = net.at(*map(_exactly, point))
            errors.append(max(abs(rational(v) - rational(e)) for v, e in zip(values, exact, strict=True)))
        best = max([best, *errors])
        kept = given[np.argsort([-int(e.p) / int(e.q) for e in errors])[: count // 8]].astype(float)
        step = (high - low) * 4.0 ** -rng.integers(number, number + 12, size=(count, 1))
        points = np.tile(kept, (8, 1)) + rng.normal(size=(count, len(low))) * step
    return best


def _exactly(value):
    return sympy.Rational(float(value))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_adversarial_search_never_exceeds_the_bound(name, dtype):
    net, box = NETWORKS[name]
    bounds = {
        plan: rational(float_error_bound(net, box, dtype, plan=plan, exact_inputs=True)) for plan in ("any", "auto")
    }
    assert bounds["auto"] <= bounds["any"] <= rational(float_error_bound(net, box, dtype))
    for plan, options in {"any": {"plan": "dense"}, "auto": {}}.items():
        run = runner(compile_network(net, **options), jnp.dtype(dtype))
        assert worst_error(net, box, dtype, run) <= bounds[plan]


TIGHT = {"a third": 2, "minimum": 6, "fine": 5, "deep": 40, "minimum of 8": 250}
"""How far the bound may be above the worst error that is found."""


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", TIGHT)
def test_the_bound_is_not_far_above_what_search_finds(name, dtype):
    net, box = NETWORKS[name]
    bound = rational(float_error_bound(net, box, dtype, plan="auto", exact_inputs=True))
    found = worst_error(net, box, dtype, runner(compile_network(net), jnp.dtype(dtype)), rounds=8)
    assert found <= bound <= TIGHT[name] * found


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_inputs_that_are_no_floats_are_counted(dtype):
    """Rational points, rounded to the nearest float: the bound is on the distance to the value at the rational."""
    net, box = NETWORKS["fine"]
    bound = rational(float_error_bound(net, box, dtype))
    rng = np.random.default_rng(0)
    points = [[sympy.Rational(int(p), 2**40 - 87) for p in rng.integers(-(2**39), 2**39, size=2)] for _ in range(100)]
    rounded = np.array([[to_float(rational(p), jnp.dtype(dtype)) for p in point] for point in points])
    computed = evaluate(net, rounded)
    errors = [abs(rational(c) - rational(net.at(*p)[0])) for (c,), p in zip(computed, points, strict=True)]
    assert max(errors) <= bound
    assert max(errors) > bound / 16


@settings(max_examples=20, deadline=None)
@given(
    net=networks(max_inputs=2, max_width=3, max_depth=2), seed=st.integers(0, 1000), dtype=st.sampled_from(DTYPES[1:3])
)
def test_drawn_networks_keep_to_their_bounds(net, seed, dtype):
    bound = float_error_bound(net, Box(-8, 8), dtype, exact_inputs=True)
    if bound != sympy.oo:
        run = runner(compile_network(net), jnp.dtype(dtype))
        assert worst_error(net, Box(-8, 8), dtype, run, rounds=2, count=16, seed=seed) <= rational(bound)


def every_order(terms, bias, dtype):
    """All sums of products in one float type, for all orders and bracketings of up to four summands."""
    values = [np.multiply(w, x, dtype=dtype) for w, x in terms] + ([bias] if bias is not None else [])

    def sums(items):
        if len(items) == 1:
            return {items[0]}
        found = set()
        for mask in range(1, 2 ** (len(items) - 1)):
            left = [v for k, v in enumerate(items) if mask >> k & 1]
            right = [v for k, v in enumerate(items) if not mask >> k & 1]
            found |= {np.add(a, b, dtype=dtype) for a in sums(left) for b in sums(right)}
        return found

    return sums(values)


def test_every_order_of_summation_keeps_to_the_bound():
    """Whatever a matrix product's order is: all brackets of four products and a bias, by NumPy."""
    weights, bias = ["1/3", "-2/7", "5/11", "3/13"], "1/17"
    net = MLP.from_arrays([([weights], [bias])])
    bound = rational(float_error_bound(net, Box(-1, 1), np.float32, exact_inputs=True))
    rng = np.random.default_rng(0)
    rounded = [to_float(rational(w), np.float32) for w in weights]
    worst = rational(0)
    for _ in range(40):
        point = rng.uniform(-1, 1, size=4).astype(np.float32)
        exact = rational(net.at(*map(_exactly, point))[0])
        for value in every_order(
            list(zip(rounded, point, strict=True)), to_float(rational(bias), np.float32), np.float32
        ):
            worst = max(worst, abs(rational(value) - exact))
    assert bound / 20 < worst <= bound


def test_subnormal_numbers_may_be_flushed():
    """Weights, inputs and products below the smallest normal number, flushed or not, keep to the bound."""
    tiny = float(np.finfo(np.float32).tiny)
    small = MLP.from_arrays([([[1, -1]], None), ([[1], [-1]], None), ([[1, 1]], [sympy.Rational(tiny) / 3])])
    box = Box(sympy.Rational(tiny), 2 * sympy.Rational(tiny))
    bound = rational(float_error_bound(small, box, np.float32, exact_inputs=True))
    points = np.array([[1.5, 1], [2, 1], [1, 1.25]], np.float32) * np.float32(tiny)
    for plan in ("elementwise", "gather", "windows", "dense"):
        for point, (value,) in zip(points, np.asarray(compile_network(small, plan=plan)(points)), strict=True):
            assert abs(rational(value) - rational(small.at(*map(_exactly, point))[0])) <= bound
    assert bound >= rational(tiny) / 2  # a difference of half of tiny can vanish


def test_overflow_is_told():
    large = MLP.from_arrays([([[300]], None), ([[300]], None)])
    assert float_error_bound(large, Box(-1, 1), np.float16) == sympy.oo
    assert np.isinf(evaluate(large, np.array([[1.0]], np.float16)))
    assert float_error_bound(large, Box(-1, 1), np.float32) < 1
    assert float_error_bound(MLP.from_arrays([([[10**39]], None)]), Box(-1, 1), np.float32) == sympy.oo
    # Just below, every value is finite.
    almost = float_error_bound(MLP.from_arrays([([[65000]], None)]), Box(-1, 1), np.float16)
    assert almost < 100
    assert np.isfinite(evaluate(MLP.from_arrays([([[65000]], None)]), np.array([[1.0]], np.float16)))


def test_matrix_products_are_not_computed_in_fewer_bits():
    """On accelerators float32 products are otherwise computed in TF32 or bfloat16; this is pinned."""
    net = random_network((3, 40, 40, 1), 0, np.float32)
    for options in ({"plan": "dense"}, {"plan": "dense", "weights": "traced"}, {"plan": "gather"}):
        text = str(jax.make_jaxpr(compile_network(net, **options))(jnp.zeros((5, 3))))
        assert text.count("dot_general") >= 2
        assert text.count("precision=(Precision.HIGHEST, Precision.HIGHEST)") == text.count("dot_general")


def test_a_sum_of_exact_numbers_has_no_error():
    """An identity costs nothing but the rounding of its input, and what flushing might take away."""
    identity = relucirc.circuits.identity()
    flushed = sympy.Rational(2) ** -124
    assert float_error_bound(identity, Box(1, 2), np.float32, plan="auto", exact_inputs=True) <= flushed
    rounded = float_error_bound(identity, Box(1, 2), np.float32, plan="auto")
    assert sympy.Rational(2) ** -23 <= rounded <= sympy.Rational(2) ** -23 * (1 + sympy.Rational(2) ** -20)


ALONE = {
    "a weight": (["1.000000059604644775390625"], None, 1),  # 1 + 2**-24, which rounds to 1
    "a bias": ([0], ["1/3"], 1),
    "a product": ([3], None, "8388609/8388608"),  # 3 + 3 * 2**-23, halfway between two floats
    "a sum": ([1], [2**24], 1),  # 2**24 + 1, which rounds to 2**24
    "an input": ([1], None, "16777217/16777216"),  # 1 + 2**-24, which rounds to 1
}


@pytest.mark.parametrize("name", ALONE)
def test_each_rounding_is_counted_where_it_is_the_only_one(name):
    weights, bias, at = ALONE[name]
    net = MLP.from_arrays([([weights], bias)])
    point = rational(at)
    computed = evaluate(net, np.array([[to_float(point, np.float32)]]))[0, 0]
    error = abs(rational(computed) - rational(net.at(sympy.Rational(at))[0]))
    bound = float_error_bound(net, Box(1, 2), np.float32, exact_inputs=name != "an input", plan="auto")
    assert 0 < error <= rational(bound) <= 8 * error


def test_the_bound_is_a_float64_that_is_not_smaller():
    for dtype in DTYPES:
        bound = float_error_bound(fine, Box(-1, 1), dtype)
        assert isinstance(bound, sympy.Rational)
        assert sympy.Rational(float(bound)) == bound
    wider = [float(float_error_bound(fine, Box(-r, r), np.float32)) for r in (1, 2, 4, 1000)]
    assert wider == sorted(set(wider))


def test_text_relations_and_boxes_state_the_same_domain():
    x1, x2 = sympy.symbols("x1 x2", real=True)
    relations = sympy.And(x1 >= -1, x1 <= 1, x2 >= 0, x2 <= sympy.Rational(1, 3))
    text = "-1 <= x1 <= 1, 0 <= x2 <= 1/3"
    bound = float_error_bound(fine, text)
    assert bound == float_error_bound(fine, relations)
    assert bound == float_error_bound(fine, text + ", x1 + x2 <= 1")
    triangle = float_error_bound(fine, "x1 >= 0, x2 >= 0, x1 + x2 <= 1")
    assert triangle == float_error_bound(fine, relucirc.Box(0, 1))
    assert bound < float_error_bound(fine, Box(-1, 1))


REFUSED = {
    "no domain": (None, np.float32, DomainError, "expected a box, got None"),
    "an input without bounds": ("0 <= x1 <= 1", np.float32, DomainError, "no lower and no upper bound for x2"),
    "an input bounded on one side": ("0 <= x1 <= 1, x2 >= 0", np.float32, DomainError, "no upper bound for x2"),
    "empty bounds": ("0 <= x1 <= 1, x2 <= 0, x2 >= 1", np.float32, DomainError, "lower <= upper"),
    "an integer dtype": (Box(-1, 1), np.int32, RelucircError, "got int32"),
    "no dtype": (Box(-1, 1), "quad", RelucircError, "expected one of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_calls_are_refused_with_advice(case):
    domain, dtype, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        float_error_bound(fine, domain, dtype)
