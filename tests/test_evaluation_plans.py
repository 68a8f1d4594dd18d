"""Every plan, layout and option computes the network: exact values, float64 references, derivatives."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, RelucircError, compile_network, float_error_bound
from relucirc.core.exact import fraction, rational
from relucirc.evaluation.simplify import simplify
from relucirc.evaluation.stages import plain_stages
from relucirc.strategies import networks, rationals

PLANS = ("auto", "elementwise", "gather", "windows", "dense")
LAYOUTS = ("rows", "features")


def random_network(sizes, seed=0, keep=1.0):
    rng = np.random.default_rng(seed)
    layers = []
    for a, b in pairwise(sizes):
        weight = rng.normal(size=(b, a)) * (rng.random((b, a)) < keep) / np.sqrt(a * keep)
        layers.append((weight.astype(np.float32), rng.normal(size=b).astype(np.float32)))
    return MLP.from_arrays(layers)


NETWORKS = {
    "minimum": relucirc.circuits.minimum(),
    "absolute": relucirc.circuits.absolute(),
    "minimum of 4": relucirc.circuits.minimum(4),
    "sorting 4": relucirc.circuits.sort(4),
    "median of 5": relucirc.circuits.median(5),
    "thirds": MLP.from_arrays(
        [
            ([["1/3", "-2/7"], ["1/3", "-2/7"], ["-1/3", "2/7"], [0, 0]], ["0.1", 0, "-0.1", 5]),
            ([[1, -3, 2, "1/9"]] * 2, [0, "1/3"]),
        ]
    ),
    "affine": MLP.from_arrays([([["1/3", 0, -2], [0, 0, 0]], ["1/7", "-1/7"])]),
    "constant": MLP.from_arrays([([[0, 0]], [-1]), ([[5]], ["1/3"])]),
    "dense": random_network((3, 8, 8, 2)),
    "sparse": random_network((20, 30, 30, 4), seed=2, keep=0.06),
}


def reference(net, points):
    """The layers in float64, one matrix product each."""
    values = np.asarray(points, np.float64)
    for number, layer in enumerate(net.exact().layers):
        values = np.maximum(values, 0) if number else values
        values = values @ layer.weight.to_numpy(np.float64).T + np.array(
            [float(fraction(b)) for b in layer.exact_bias()]
        )
    return values


def some_points(net, count=101, dtype=np.float32):
    points = np.random.default_rng(3).uniform(-2, 2, size=(count, net.sizes[0]))
    points[: count // 4] = np.round(points[: count // 4])  # ties
    return points.astype(dtype)


def run(compiled, points, **options):
    """Calls in the layout that it was compiled for, from rows to rows."""
    if compiled.layout == "rows":
        return np.asarray(compiled(jnp.asarray(points), **options))
    return np.asarray(compiled(jnp.asarray(points.T), **options)).T


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", ["minimum", "thirds", "affine", "constant", "median of 5", "dense", "sparse"])
def test_every_plan_and_layout_is_within_the_bound(name, plan):
    net = NETWORKS[name]
    points = some_points(net)
    bound = float(float_error_bound(net, relucirc.Box(-2, 2), np.float32, plan=plan, exact_inputs=True))
    expected = reference(net, points)
    slack = 1e-12 * (1 + np.abs(expected).max())  # of the float64 reference
    assert bound < 1e-3
    for layout in LAYOUTS:
        result = run(compile_network(net, layout=layout, plan=plan), points)
        assert result.dtype == np.float32
        assert np.abs(result - expected).max() <= bound + slack


@pytest.mark.parametrize("options", [{"batch": 7}, {"batch": 64}, {"rewrite": False}, {"weights": "traced"}])
@pytest.mark.parametrize("plan", ["auto", "elementwise", "gather", "windows", "dense"])
def test_every_option_is_within_the_bound(options, plan):
    net = NETWORKS["dense"]
    points = some_points(net)
    if plan in ("gather", "windows") and options == {"weights": "traced"}:
        with pytest.raises(RelucircError, match="needs the weights"):
            compile_network(net, plan=plan, **options)
        return
    bound = float(float_error_bound(net, relucirc.Box(-2, 2), np.float32, exact_inputs=True))
    for layout in LAYOUTS:
        result = run(compile_network(net, layout=layout, plan=plan, **options), points)
        assert np.abs(result - reference(net, points)).max() <= bound + 1e-12


def exact_values(stages, point):
    """Stages evaluated as their definition says."""
    kinds = {"id": lambda v: v, "relu": lambda v: max(v, 0), "neg": lambda v: max(-v, 0), "abs": abs}
    values = [rational(v) for v in point]
    for stage in stages.stages:
        values = [sum((c * rational(kinds[k](values[i])) for (k, i), c in f.terms), start=f.bias) for f in stage]
    return values


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_simplified_stages_are_the_same_function_over_the_reals(data):
    net = data.draw(networks(max_inputs=3))
    point = data.draw(st.tuples(*[rationals()] * net.sizes[0]))
    expected = [rational(v) for v in net.at(*point)]
    plain = plain_stages(net)
    assert exact_values(plain, point) == expected
    assert exact_values(simplify(plain), point) == expected


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_drawn_networks_are_within_the_bound_by_every_plan(data):
    net = data.draw(networks(max_inputs=2, max_width=3, max_depth=2))
    points = np.array(
        data.draw(st.lists(st.tuples(*[st.floats(-4, 4, width=32)] * net.sizes[0]), min_size=1, max_size=4)), np.float32
    )
    bound = rational(float_error_bound(net, relucirc.Box(-4, 4), np.float32, exact_inputs=True))
    for plan in ("elementwise", "gather", "windows", "dense"):
        result = run(compile_network(net, plan=plan), points)
        for point, values in zip(points, result, strict=True):
            for computed, exact in zip(values, net.at(*point), strict=True):
                assert abs(rational(computed) - rational(exact)) <= bound


@pytest.mark.parametrize("name", ["minimum of 4", "sorting 4"])
@pytest.mark.parametrize("plan", PLANS)
def test_circuits_of_small_integers_are_exact_at_small_integers(name, plan):
    net = NETWORKS[name]
    points = np.random.default_rng(5).integers(-9, 9, size=(50, net.sizes[0]))
    for dtype in (np.float16, jnp.bfloat16):
        result = run(compile_network(net, plan=plan), points.astype(dtype))
        expected = points.min(1, keepdims=True) if name == "minimum of 4" else np.sort(points, axis=1)
        assert result.dtype == dtype
        np.testing.assert_array_equal(result.astype(float), expected)


@pytest.mark.parametrize("shape", [(2,), (0, 2), (2, 3, 2)])
@pytest.mark.parametrize("plan", PLANS)
def test_both_layouts_take_any_number_of_axes(shape, plan):
    net = NETWORKS["thirds"]
    points = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    rows = compile_network(net, plan=plan)(points)
    features = compile_network(net, layout="features", plan=plan)(np.moveaxis(points, -1, 0))
    assert rows.shape == (*shape[:-1], 2)
    assert features.shape == (2, *shape[:-1])
    np.testing.assert_allclose(rows, reference(net, points.reshape(-1, 2)).reshape(rows.shape), atol=1e-5)
    np.testing.assert_allclose(np.moveaxis(features, 0, -1), rows, atol=1e-5)


@pytest.mark.parametrize("plan", PLANS)
def test_vmap_over_points_and_over_batches(plan):
    net = NETWORKS["thirds"]
    points = some_points(net, 12).reshape(3, 4, 2)
    compiled = compile_network(net, plan=plan)
    expected = reference(net, points.reshape(-1, 2)).reshape(3, 4, 2)
    np.testing.assert_allclose(jax.vmap(compiled)(points), expected, atol=1e-5)
    np.testing.assert_allclose(jax.vmap(compiled, in_axes=1, out_axes=1)(points), expected, atol=1e-5)
    features = compile_network(net, layout="features", plan=plan)
    np.testing.assert_allclose(jax.vmap(features)(np.moveaxis(points, 2, 1)), np.moveaxis(expected, 2, 1), atol=1e-5)


@pytest.mark.parametrize("plan", PLANS[1:])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_are_those_of_the_layers(plan, layout):
    """At points without ties, where there is one derivative; it is a sum of products of weights."""
    net = random_network((3, 5, 4, 2))
    points = np.random.default_rng(7).uniform(-2, 2, size=(9, net.sizes[0])).astype(np.float32)
    with jax.default_matmul_precision("highest"):  # on accelerators, JAX's default is fewer bits
        naive = jax.vmap(jax.jacobian(net))(points)
    given = points if layout == "rows" else points.T
    compiled = compile_network(net, layout=layout, plan=plan, batch=4)
    reverse = jax.grad(lambda xs: compiled(xs).sum())(given)  # of a whole batch, through blocks
    np.testing.assert_allclose(reverse if layout == "rows" else reverse.T, naive.sum(1), atol=1e-5)
    forward = jax.jvp(compiled, (given,), (np.ones_like(given),))[1]
    np.testing.assert_allclose(forward if layout == "rows" else forward.T, naive.sum(2), atol=1e-5)


def test_a_derivative_at_a_tie_lies_between_those_beside_it():
    for plan in PLANS:
        gradient = jax.grad(lambda x, plan=plan: compile_network(NETWORKS["minimum"], plan=plan)(x)[0])(jnp.ones(2))
        assert ((gradient >= 0) & (gradient <= 1)).all()
        assert gradient.sum() == 1


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_output_that_is_given_up_becomes_the_result(plan, layout):
    net = NETWORKS["thirds"]
    points = jnp.asarray(some_points(net, 1000))
    points = points if layout == "rows" else points.T
    compiled = compile_network(net, layout=layout, plan=plan)
    first = compiled(points)
    kept, where = np.array(first), first.unsafe_buffer_pointer()
    second = compiled(points, out=first)
    assert first.is_deleted()
    assert second.unsafe_buffer_pointer() == where
    np.testing.assert_array_equal(second, kept)
    with pytest.raises(RelucircError, match=r"out: expected an array of shape \((1000, 2|2, 1000)\) and dtype float32"):
        compiled(points, out=jnp.zeros((3, 3)))
    with pytest.raises(RelucircError, match="JAX array"):
        compiled(points, out=np.zeros((1000, 2), np.float32))


@pytest.mark.parametrize("plan", ["auto", "elementwise", "dense"])
def test_traced_weights_can_change_without_compiling(plan):
    nets = [random_network((2, 9, 1), seed) for seed in range(3)]
    compiled = compile_network(nets[0], weights="traced", plan=plan)
    points = some_points(nets[0])
    compiled(points)
    compilations = compiled._jitted._cache_size()
    for net in nets:
        np.testing.assert_allclose(compiled.apply(net, points), reference(net, points), atol=1e-5)
    assert compiled._jitted._cache_size() == compilations == 1
    ours = jax.grad(lambda net: compiled.apply(net, points).sum())(nets[1])
    with jax.default_matmul_precision("highest"):
        naive = jax.grad(lambda net: jax.vmap(net)(points).sum())(nets[1])
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(naive), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    with pytest.raises(RelucircError, match=r"sizes \(2, 9, 1\), got \(2, 8, 1\)"):
        compiled.apply(random_network((2, 8, 1)), points)
    with pytest.raises(RelucircError, match="baked in"):
        compile_network(nets[0]).apply(nets[1], points)


def test_baking_weights_that_are_traced_is_refused_with_advice():
    def loss(net):
        return compile_network(net)(jnp.ones((3, 2))).sum()

    with pytest.raises(RelucircError, match="weights='traced'"):
        jax.grad(loss)(random_network((2, 3, 1)))


def test_a_zero_weight_gives_no_nan_at_infinity():
    net = MLP.from_arrays([([[1, 0]], None)])
    points = np.array([[2, np.inf]], np.float32)
    assert np.asarray(compile_network(net)(points)) == 2
    assert np.isnan(np.asarray(compile_network(NETWORKS["minimum"])(np.array([[np.nan, 1]], np.float32))))


PLANNED = {
    "minimum": (NETWORKS["minimum"], "elementwise", "2-3-1 network evaluated as one fused elementwise loop"),
    "a tree of minima": (relucirc.circuits.minimum(256), "gather", "even strides make every gather a slice"),
    "dense layers": (random_network((16, 256, 16)), "dense", "by matrix products, at most"),
    "many weights, most of them zero": (random_network((60, 300, 60), keep=0.05), "gather", "is not zero"),
}


@pytest.mark.parametrize("case", PLANNED)
def test_the_plan_follows_the_network_and_says_so_in_a_sentence(case):
    net, kind, words = PLANNED[case]
    compiled = compile_network(net)
    assert compiled.plan.kind == kind
    sentence = str(compiled.plan)
    assert words in sentence
    assert "because" in sentence
    assert sentence.endswith(".")
    assert sentence.count("\n") == 0
    points = some_points(net, 20)
    np.testing.assert_allclose(run(compiled, points), reference(net, points), atol=1e-4)
    assert repr(compiled).startswith("CompiledNetwork(")


def test_rewriting_leaves_one_maximum_of_a_minimum():
    plan = compile_network(NETWORKS["minimum"]).plan
    assert plan.stages.relus == 1
    assert compile_network(NETWORKS["minimum"], rewrite=False).plan.stages.relus == 3
    assert compile_network(relucirc.circuits.minimum(1024)).plan.stages.relus == 1023


REFUSED = {
    "layout": ({"layout": "columns"}, "layout: expected one of"),
    "plan": ({"plan": "fast"}, "plan: expected 'auto' or one of"),
    "weights": ({"weights": "frozen"}, "weights: expected one of"),
    "batch": ({"batch": 0}, "batch: expected a positive number"),
    "gathers of traced weights": ({"plan": "gather", "weights": "traced"}, "needs the weights"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_options_that_do_not_exist_are_refused(case):
    options, message = REFUSED[case]
    with pytest.raises(RelucircError, match=message):
        compile_network(NETWORKS["minimum"], **options)


def test_feature_major_points_of_another_shape_are_refused_with_advice():
    compiled = compile_network(NETWORKS["minimum"], layout="features")
    with pytest.raises(RelucircError, match="transpose it, or use compile_network with layout='rows'"):
        compiled(np.zeros((5, 2), np.float32))
