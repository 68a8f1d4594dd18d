"""JAX functions read exactly: the graph has the function's values, and refuses what it cannot have."""

# ruff: noqa: ARG005  (tables of functions with one signature)

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import relucirc
from relucirc.core.errors import FormulaError
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Guard, MaxGate, Relation, SelectGate
from relucirc.language.lower.coverage import can_hold
from relucirc.language.lower.from_jax import graph_of_function


def names(n):
    return ("x",) if n == 1 else tuple(f"x{i + 1}" for i in range(n))


def graph(function, n):
    return graph_of_function(function, names(n))


def values(lowered, point):
    """The graph's exact values, as Fractions."""
    exact = [fmpq(*Fraction(p).as_integer_ratio()) for p in point]
    return [Fraction(int(v.p), int(v.q)) for v in lowered.evaluate(exact)]


def in_float64(function, point):
    """The function run in float64, exact at dyadic points when its constants are dyadic."""
    with jax.enable_x64(True):
        results = jax.tree.leaves(function(jnp.asarray(point, jnp.float64)))
    return [Fraction(float(v)) for result in results for v in np.ravel(np.asarray(result, dtype=float))]


def selects(lowered):
    return sum(isinstance(gate, SelectGate) for gate in lowered.gates)


# Random programs, over jax.numpy for the graph and over numpy for the reference.

N = 3
NUMBERS = [Fraction(k, 4) for k in range(-8, 9)]
UNARY = {
    "neg": lambda xp, a: -a,
    "abs": lambda xp, a: xp.abs(a),
    "relu": lambda xp, a: xp.maximum(a, 0.0),
    "clip": lambda xp, a: xp.clip(a, -1.0, 0.5),
    "sort": lambda xp, a: xp.sort(a),
    "cumsum": lambda xp, a: xp.cumsum(a),
    "roll": lambda xp, a: xp.roll(a, 1),
    "reverse": lambda xp, a: a[::-1],
    "sum": lambda xp, a: xp.broadcast_to(a.sum(), a.shape),
    "max": lambda xp, a: xp.broadcast_to(a.max(), a.shape),
    "min": lambda xp, a: xp.broadcast_to(xp.min(a), a.shape),
    "median": lambda xp, a: xp.broadcast_to(xp.median(a), a.shape),
    "sign": lambda xp, a: xp.sign(a),
    "leaky": lambda xp, a: xp.where(a >= 0, a, 0.25 * a),
    "abs by where": lambda xp, a: xp.where(a < 0, -a, a),
    "soft threshold": lambda xp, a: xp.where(a > 0.5, a - 0.5, xp.where(a < -0.5, a + 0.5, 0.0)),
    "gate": lambda xp, a: a * (a > 0.25),
    "largest": lambda xp, a: xp.broadcast_to(a[xp.argmax(a)], a.shape),
    "smallest place": lambda xp, a: xp.broadcast_to(xp.argmin(a) * 1.0, a.shape),
    "tail": lambda xp, a: xp.concatenate([a[1:], xp.ones(1), a])[:N],
    "table": lambda xp, a: xp.interp(a, xp.array([-1.0, 0.5, 1.0]), xp.array([0.25, 1.0, -2.0])),
    "places": lambda xp, a: xp.array([[0.5, 2.0, -1.0]])[0, 1 + xp.sign(a).astype(int)] + a,
    "both places": lambda xp, a: xp.arange(4.0).reshape(2, 2)[(a > 0).astype(int), (a[::-1] > 1).astype(int)],
    "mask": lambda xp, a: xp.dot(xp.array([[True, False, True], [False, True, True], [True, True, True]]), a),
    "outer": lambda xp, a: xp.abs(a[:, None] - a[None, :]).max(axis=1),
}
BINARY = {
    "add": lambda xp, a, b: a + b,
    "masked sum": lambda xp, a, b: xp.broadcast_to(xp.dot(a > 0, b), a.shape),
    "never divided": lambda xp, a, b: a * xp.where((a > b) & (b > a), xp.inf, 2.0) if xp is jnp else 2 * a,
    "sub": lambda xp, a, b: a - b,
    "maximum": lambda xp, a, b: xp.maximum(a, b),
    "minimum": lambda xp, a, b: xp.minimum(a, b),
    "where >": lambda xp, a, b: xp.where(a > b, a, b),
    "where <=": lambda xp, a, b: xp.where(a <= b, b - a, 0.0),
    "where ==": lambda xp, a, b: xp.where(a == b, 1.0, b),
    "where and": lambda xp, a, b: xp.where((a > 0) & ~(b >= 0.25), a, b),
    "where or": lambda xp, a, b: xp.where((a[0] > 0) | (b != 0), 2 * a, a),
    "where xor": lambda xp, a, b: xp.where((a > 0) ^ (b > 0), a, -b),
    "any": lambda xp, a, b: xp.where(xp.any(a > b), a, b),
    "all": lambda xp, a, b: xp.where(xp.all(a >= 0), a, b),
    "first true": lambda xp, a, b: b + xp.argmax(a > 0),
    "sign of both": lambda xp, a, b: xp.sign(a) * xp.sign(b),
    "step by step": lambda xp, a, b: xp.where(a > 0, xp.sign(b), xp.where(b > 1, 2.0, 0.0)) * b,
    "divided by a step": lambda xp, a, b: a / xp.where(b > 0, 2.0, -4.0),
    "steps compared": lambda xp, a, b: xp.where(xp.sign(a) + xp.sign(b) > 0, a, -b),
    "clipped step": lambda xp, a, b: xp.abs(xp.clip(xp.sign(a) * 2, -1.0, 3.0)) - xp.maximum(xp.sign(b), xp.sign(a)),
}


@st.composite
def programs(draw):
    steps = []
    for k in range(draw(st.integers(1, 5))):
        place = st.integers(0, k)
        kind = draw(st.sampled_from(["unary", "binary", "scale", "matrix"]))
        if kind == "unary":
            steps.append((kind, draw(st.sampled_from(sorted(UNARY))), draw(place)))
        elif kind == "binary":
            steps.append((kind, draw(st.sampled_from(sorted(BINARY))), draw(place), draw(place)))
        elif kind == "scale":
            steps.append(
                (kind, float(draw(st.sampled_from(NUMBERS))), float(draw(st.sampled_from(NUMBERS))), draw(place))
            )
        else:
            rows = draw(st.lists(st.lists(st.integers(-2, 2), min_size=N, max_size=N), min_size=N, max_size=N))
            steps.append((kind, np.array(rows, np.float32), draw(place)))
    return steps


def run(xp, steps, x):
    pool = [x]
    for step in steps:
        if step[0] == "unary":
            pool.append(UNARY[step[1]](xp, pool[step[2]]))
        elif step[0] == "binary":
            pool.append(BINARY[step[1]](xp, pool[step[2]], pool[step[3]]))
        elif step[0] == "scale":
            pool.append(step[1] * pool[step[3]] + step[2])
        else:
            pool.append(step[1] @ pool[step[2]])
    return pool[-1]


@settings(max_examples=150)
@given(programs(), st.lists(st.lists(st.sampled_from(NUMBERS), min_size=N, max_size=N), min_size=3, max_size=3))
def test_a_random_program_and_its_graph_have_the_same_values(steps, points):
    lowered = graph(lambda x: run(jnp, steps, x), N)
    for point in [*points, [0, 0, 0], [1, 1, 0], [Fraction(1, 2), Fraction(-1, 2), Fraction(1, 4)]]:
        expected = run(np, steps, np.array([float(p) for p in point]))
        assert values(lowered, point) == [Fraction(float(v)) for v in expected]


# Plain functions.

POINTS = [-7, -3, -1, -0.5, 0, 0.25, 0.5, 1, 1.5, 3, 6, 8]


@pytest.mark.parametrize(
    ("function", "gates"),
    [
        (jax.nn.relu, 1),
        (jax.nn.relu6, 2),
        (jnp.abs, 1),
        (jax.nn.hard_tanh, 2),
        (lambda x: jnp.clip(x, -1, 0.5), 2),
        (lambda x: jax.nn.leaky_relu(x, 0.25), 1),
        (lambda x: jax.nn.leaky_relu(x, 4.0), 1),
        (lambda x: jnp.where(x > 0, x, 0), 1),
        (lambda x: jnp.where(x <= 0, 0, x), 1),
        (lambda x: jnp.where(x == 0, 0, x), 0),
        (lambda x: jnp.where(x < 1, 1, x), 1),
        (lambda x: (x > 0) * x, 1),
        (lambda x: jnp.sign(x) * x, 1),
        (lambda x: jnp.where(x > 1, 1, jnp.where(x < -1, -1, x)), 2),
        (lambda x: jnp.where(x > 1, x - 1, jnp.where(x < -1, x + 1, 0)), 2),
        (lambda x: jax.lax.clamp(-1.0, x, 2.0), 2),
        (lambda x: jax.lax.cond(x[0] > 0, lambda v: v, lambda v: -v, x), 1),
        (lambda x: jax.lax.cond(jnp.zeros(()) > 1, jnp.exp, jnp.negative, x), 0),
        (lambda x: jnp.select([x > 1, x > 0], [x, 2 * x - 1], -x), None),
        (lambda x: jnp.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: 2 * v]), None),
        (lambda x: jnp.heaviside(x, 0.5), None),
        (lambda x: jnp.interp(x, jnp.array([-1.0, 0, 1, 3]), jnp.array([0.0, 2, 1, -1])), None),
        (lambda x: jnp.searchsorted(jnp.array([-1.0, 0, 1]), x) * x, None),
        (lambda x: jnp.digitize(x, jnp.array([-1.0, 0, 1])).astype(x.dtype), None),
        (lambda x: jnp.take(jnp.array([3.0, 1, 2]), 1 + jnp.sign(x).astype(jnp.int32)), None),
        (
            lambda x: jax.lax.switch((x[0] > 0) + (x[0] > 1).astype(int), [jnp.abs, lambda v: 3 * v, lambda v: v], x),
            None,
        ),
        (lambda x: jnp.where(x > 0, x, 1), None),
        (lambda x: jnp.round(jnp.sign(x) * 0.75), None),
        (lambda x: ((x > 0).astype(jnp.int32) * 3 - (x > 1)).astype(jnp.float32), None),
        (lambda x: jnp.max(x, where=jnp.array([True]), initial=-jnp.inf), 0),
        (lambda x: x / jnp.sqrt(4.0) + jnp.exp(0.0) + 7 // 2, 0),
        (jax.checkpoint(jax.nn.relu), 1),
        (jax.jit(lambda x: jax.jit(jax.nn.relu)(x) - 1), 1),
        (lambda x: jax.lax.stop_gradient(x) ** 1 + jnp.square(1.5) + x**0, 0),
        (jax.grad(lambda x: jax.nn.relu(2 * x - 1).sum()), None),
    ],
)
def test_functions_of_one_number(function, gates):
    lowered = graph(function, 1)
    for x in POINTS:
        assert values(lowered, [x]) == in_float64(function, [x])
    if gates is None:
        assert selects(lowered) > 0
    else:
        assert (len(lowered.gates), selects(lowered)) == (gates, 0)


@pytest.mark.parametrize(
    "function",
    [
        jnp.sort,
        jnp.median,
        jnp.cumsum,
        jnp.ptp,
        lambda x: jnp.mean(x[:4]),
        lambda x: jnp.quantile(x, 0.25),
        lambda x: jnp.median(x.reshape(2, 3), axis=1),
        lambda x: jax.lax.top_k(x, 2)[0],
        lambda x: -jnp.sort(-x.reshape(2, 3), axis=0),
        lambda x: jax.lax.cummax(x, reverse=True),
        lambda x: jax.lax.cummin(x.reshape(3, 2), axis=1),
        lambda x: jax.lax.scan(lambda c, v: (jax.nn.relu(c + v), c - v), 0.0, x),
        lambda x: jax.lax.scan(lambda c, v: (c + v, jnp.abs(c)), 1.0, x, reverse=True),
        lambda x: jax.lax.fori_loop(0, 4, lambda i, v: jnp.maximum(v - x[i], x[i + 1]), 0.0),
        lambda x: jax.lax.while_loop(lambda c: c[0] < 4, lambda c: (c[0] + 2, jnp.abs(c[1]) - 1), (0, x))[1],
        lambda x: jax.lax.map(lambda v: jnp.maximum(v, 0.5), x),
        jax.vmap(lambda v: jnp.minimum(v, 0.5)),
        lambda x: {"b": x[::2], "a": (x[1], x.sum())},
        lambda x: jax.lax.select_n(jnp.int32(5), x[0], x[1], x[2]) + jax.lax.select_n(jnp.int32(-1), x[3], x[4], x[5]),
        lambda x: x.at[2].set(0.0).at[jnp.array([0, 1, 1])].add(2 * x[3]),
        lambda x: x.at[jnp.array([0, 4])].max(x[:2]).at[5].min(-x[5]),
        lambda x: jax.lax.dynamic_update_slice(x, x[:2], (3,)),
        lambda x: jax.lax.dynamic_slice(x, (9,), (2,)),
        lambda x: jax.lax.dynamic_slice(x, (jnp.argmin(x[:3]),), (2,)),
        lambda x: jnp.take(x, jnp.array([0, 5, -1])) + jnp.take(x, 7, fill_value=0.5, mode="fill"),
        lambda x: jax.nn.one_hot(jnp.argmax(x), 6),
        lambda x: jnp.pad(x, (2, 1), constant_values=1.0),
        lambda x: jax.lax.pad(x, 0.5, [(-1, 2, 2)]),
        lambda x: jnp.tile(x.reshape(2, 3), (2, 2)).T.ravel()[::5],
        lambda x: jnp.stack(jnp.split(x, 3), axis=1) @ jnp.array([1.0, 0.0, -0.5]),
        lambda x: jnp.tril(jnp.ones((6, 6))) @ x,
        lambda x: jnp.einsum("abc,c->ba", jnp.arange(24.0).reshape(2, 2, 6), x),
        lambda x: jax.vmap(jnp.dot)(jnp.arange(6.0).reshape(2, 3), x.reshape(2, 3)),
        lambda x: jnp.convolve(x, jnp.array([1.0, -2.0, 0.5]), mode="same"),
        lambda x: jnp.diff(x, n=2),
        lambda x: jnp.linalg.norm(x, ord=1) - jnp.linalg.norm(x, ord=jnp.inf),
        lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (3,), (2,), "SAME"),
        lambda x: jax.lax.reduce_window(x, 0.0, jax.lax.add, (2,), (1,), [(1, 1)], window_dilation=(2,)),
        lambda x: jax.lax.reduce_window(x.reshape(2, 3), jnp.inf, jax.lax.min, (2, 2), (1, 1), "VALID"),
        lambda x: jnp.nanmax(x) - jnp.where(jnp.isnan(x), 1.0, x),
        lambda x: jnp.where(jnp.arange(6) % 2 == 0, x, -jnp.inf).max(),
        lambda x: jax.grad(jnp.min)(x[:2]) + jax.grad(lambda v: jnp.maximum(v[0], v[1]))(x[4:]),
        jax.vmap(lambda v: jnp.interp(v, jnp.array([-1.0, 0.0, 1.0]), jnp.array([0.0, 1.0, 0.0]))),
        lambda x: jnp.array([True, False, True])[1 + jnp.sign(x).astype(int)] * x,
        lambda x: jnp.arange(36.0).reshape(6, 6)[jnp.argmax(x), (x > 0).astype(int)],
        lambda x: jnp.select([x > 0, x <= 0], [x, -x], jnp.nan),
        lambda x: x.sum() / (1 + jnp.dot(x[:3] > 0, jnp.array([1.0, 2.0, 4.0]))) * 8 * 3 * 5 * 7 * 5 * 7,
        lambda x: jnp.prod(jnp.array([2.0, 3.0])) * x + jnp.cumprod(jnp.array([2.0, 0.5]))[1],
        lambda x: jnp.floor(jnp.array([-1.5, 2.5])) @ x[:2] + jnp.round(jnp.array(2.5)) + jnp.fmod(-7.0, 4.0),
    ],
)
def test_functions_of_six_numbers(function):
    lowered = graph(function, 6)
    rng = np.random.default_rng(7)
    for point in [*rng.integers(-8, 9, (6, 6)) / 4, np.zeros(6), np.array([1, 1, 0, 0, 1, 2]) / 2]:
        assert values(lowered, point.tolist()) == in_float64(function, point)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_the_gradient_of_a_maximum_is_shared_by_those_that_attain_it(n):
    lowered = graph(jax.grad(jnp.max), n)
    rng = np.random.default_rng(n)
    for point in [*rng.integers(-1, 2, (20, n)).tolist(), [0] * n]:
        attained = [p == max(point) for p in point]
        assert values(lowered, point) == [Fraction(a, sum(attained)) for a in attained]


relations = st.builds(
    lambda terms, const, op: Guard(
        "relation", relation=Relation(Form({v: fmpq(c) for v, c in terms.items()}, fmpq(const)), op)
    ),
    st.dictionaries(st.integers(0, 3), st.integers(-2, 2).filter(bool), min_size=1, max_size=3),
    st.integers(-1, 1),
    st.sampled_from([">", ">=", "=="]),
)
guards = st.recursive(
    relations | st.sampled_from([Guard("true"), Guard("false")]),
    lambda parts: (
        st.builds(
            lambda kind, p: Guard(kind, tuple(p)),
            st.sampled_from(["and", "or"]),
            st.lists(parts, min_size=1, max_size=3),
        )
        | st.builds(lambda p: Guard("not", (p,)), parts)
    ),
    max_leaves=5,
)
literals = st.lists(st.tuples(guards, st.booleans()), min_size=1, max_size=4)


@settings(max_examples=200)
@given(literals, st.booleans())
def test_what_is_called_impossible_is_so_for_z3_and_the_other_way_round(conditions, choice):
    against_z3 = pytest.importorskip("against_z3")
    x = [Form.variable(v) for v in range(3)]
    gates: list = [MaxGate(x[0], x[1] - x[0])]
    gates.append(SelectGate(((conditions[0][0], x[1]), (Guard("true"), x[2]))) if choice else MaxGate(x[2], x[1]))
    if choice and any(r.form.terms.get(3) for r in conditions[0][0].relations()):
        return  # a gate reads what is before it
    together = Guard("and", tuple(guard if truth else Guard("not", (guard,)) for guard, truth in conditions))
    gates_then = (*gates, SelectGate(((together, Form.constant(fmpq(1))), (Guard("true"), Form()))))
    asked = Graph(("x1", "x2"), gates_then, (Form.variable(4),))
    facts: list = []
    variables = against_z3.inputs(2)
    (value,) = against_z3.graph_terms(asked, variables, facts)
    answer = against_z3.decide([value], [against_z3.number(0)], facts, variables)
    assert can_hold(together, gates, 2) == (answer != "equal")


def test_sorting_and_medians_need_no_guards_and_no_unused_gates():
    assert selects(graph(jnp.sort, 8)) == 0
    assert len(graph(jnp.sort, 8).gates) == 19
    assert len(graph(lambda x: jnp.sort(x)[-1], 8).gates) < 19


# Layers and models.


def dyadic(key, shape):
    return jax.random.randint(jax.random.key(key), shape, -4, 5).astype(jnp.float32) / 4


@pytest.mark.parametrize(
    "settings_",
    [
        {"window_strides": (1, 1), "padding": "SAME"},
        {"window_strides": (2, 1), "padding": [(1, 0), (0, 2)]},
        {"window_strides": (1, 1), "padding": "VALID", "rhs_dilation": (1, 2)},
        {"window_strides": (1, 2), "padding": [(1, 1), (2, 2)], "lhs_dilation": (2, 1)},
        {"window_strides": (1, 1), "padding": [(-1, 0), (0, 0)]},
    ],
)
def test_convolutions(settings_):
    kernel = dyadic(1, (2, 3, 3, 2))  # spatial, in, out

    def layer(x):
        image = x.reshape(1, 4, 5, 3)
        y = jax.lax.conv_general_dilated(
            image, kernel.astype(x.dtype).transpose(0, 1, 2, 3), dimension_numbers=("NHWC", "HWIO", "NHWC"), **settings_
        )
        return jax.nn.relu(y)

    point = (np.random.default_rng(3).integers(-8, 9, 60) / 4).tolist()
    assert values(graph(layer, 60), point) == in_float64(layer, point)


def test_grouped_and_transposed_convolutions():
    kernel, up = dyadic(2, (4, 1, 2)), dyadic(3, (3, 2, 1))

    def layer(x):
        y = jax.lax.conv_general_dilated(
            x.reshape(1, 2, 4), kernel.astype(x.dtype), (1,), "SAME", feature_group_count=2
        )
        z = jax.lax.conv_transpose(x.reshape(1, 4, 2), up.astype(x.dtype).transpose(0, 1, 2), (2,), "SAME")
        return y, z

    point = (np.random.default_rng(4).integers(-8, 9, 8) / 4).tolist()
    assert values(graph(layer, 8), point) == in_float64(layer, point)


def forward(layers, point):
    """A perceptron in plain Fractions."""
    for i, (weight, bias) in enumerate(layers):
        point = [
            sum((Fraction(float(w)) * p for w, p in zip(row, point, strict=True)), Fraction(float(b)))
            for row, b in zip(np.asarray(weight), np.asarray(bias), strict=True)
        ]
        if i < len(layers) - 1:
            point = [max(p, Fraction(0)) for p in point]
    return point


def test_an_equinox_perceptron_means_exactly_its_float32_weights():
    eqx = pytest.importorskip("equinox")
    model = eqx.nn.MLP(3, 2, width_size=5, depth=2, key=jax.random.key(5))
    lowered = graph(model, 3)
    layers = [(layer.weight, layer.bias) for layer in model.layers]
    for point in ([1, -2, Fraction(1, 3)], [Fraction(10) ** 9, 0, -1]):
        assert values(lowered, point) == forward(layers, point)
    scalar = eqx.nn.MLP("scalar", "scalar", width_size=3, depth=1, key=jax.random.key(6))
    assert len(graph(scalar, 1).outputs) == 1
    copy = relucirc.MLP.from_arrays([(np.asarray(w), np.asarray(b)) for w, b in layers])
    assert relucirc.prove(copy, model)


def test_an_equinox_convolutional_network():
    eqx = pytest.importorskip("equinox")
    keys = jax.random.split(jax.random.key(0), 2)
    model = eqx.nn.Sequential(
        [
            eqx.nn.Conv2d(1, 2, 2, key=keys[0]),
            eqx.nn.Lambda(jax.nn.relu),
            eqx.nn.MaxPool2d(2),
            eqx.nn.Lambda(jnp.ravel),
            eqx.nn.Linear(8, 2, key=keys[1]),
        ]
    )

    def function(x):
        return model(x.reshape(1, 4, 4))

    point = (np.random.default_rng(5).integers(-8, 9, 16) / 4).tolist()
    found = [float(v) for v in values(graph(function, 16), point)]
    np.testing.assert_allclose(found, function(jnp.asarray(point, jnp.float32)), rtol=1e-5, atol=1e-5)


def test_a_flax_perceptron():
    nn = pytest.importorskip("flax.linen", reason="flax is not installed", exc_type=ImportError)
    model = nn.Sequential([nn.Dense(4), nn.relu, nn.Dense(1)])
    params = model.init(jax.random.key(0), jnp.zeros(2))
    lowered = graph(lambda x: model.apply(params, x), 2)
    dense = [params["params"][f"layers_{i}"] for i in (0, 2)]
    point = [Fraction(3, 4), Fraction(-5)]
    assert values(lowered, point) == forward([(d["kernel"].T, d["bias"]) for d in dense], point)


def test_networks_of_this_library_are_functions_too():
    net = relucirc.circuits.minimum()
    assert relucirc.prove(net, lambda x: net(x) + 0)
    assert relucirc.prove(net, lambda x: jnp.sort(x)[:1])
    wrong = relucirc.prove(net, lambda x: jnp.sort(x)[1:])
    assert wrong.status == "refuted"
    assert wrong.network_value != wrong.formula_value


def test_proofs_about_functions():
    inputs, knots, heights = ("x1", "x2", "x3"), jnp.array([0.0, 1, 2]), jnp.array([0.0, 1, 0])
    assert relucirc.prove(jnp.median, "median(x1, x2, x3)", inputs=inputs)
    assert relucirc.prove(jax.nn.hard_tanh, "clip(x, -1, 1)", inputs=("x",))
    hat = relucirc.prove(
        lambda x: jnp.interp(x, knots, heights), "relu(x) - 2 * relu(x - 1) + relu(x - 2)", inputs=("x",)
    )
    assert hat
    step = relucirc.prove(lambda x: jnp.where(x > 0, 1.0, 0.0), "Piecewise((1, x >= 0), (0, True))", inputs=("x",))
    assert step.status == "refuted"
    assert step.witness == {"x": 0}


# What constants mean.


def test_python_floats_are_float32_unless_64_bits_are_on():
    tenth = Fraction(13421773, 134217728)
    assert values(graph(lambda x: 0.1 * x, 1), [1]) == [tenth]
    with jax.enable_x64(True):
        assert values(graph(lambda x: 0.1 * x, 1), [1]) == [Fraction(0.1)]
        assert values(graph(lambda x: x.astype(jnp.float32) * 0.1, 1), [1]) == [tenth]


def test_constant_arithmetic_does_not_round():
    third = np.float32(1) / np.float32(3)
    found = values(graph(lambda x: (jnp.float32(third) + 2.0**30 - 2.0**30) * x, 1), [1])
    assert found == [Fraction(float(third))]


def test_small_and_half_precision_weights_are_exact():
    weights = [jnp.array([0.1], dtype) for dtype in (jnp.bfloat16, jnp.float16)] + [jnp.array([1e-45], jnp.float32)]
    for weight in weights:
        assert values(graph(lambda x, w=weight: w * x, 1), [1]) == [Fraction(float(np.asarray(weight, float)[0]))]


def test_casting_a_constant_rounds_it_and_casting_an_input_does_not():
    weight = np.float32([1 + 2**-20])
    assert values(graph(lambda x: jnp.asarray(weight).astype(jnp.bfloat16).astype(jnp.float32) * x, 1), [1]) == [1]
    third = Fraction(1, 3)
    assert values(graph(lambda x: x.astype(jnp.bfloat16) * 1.5, 1), [third]) == [third * 3 / 2]


CURVES = {
    "sqrt": jnp.sqrt, "rsqrt": jax.lax.rsqrt, "cbrt": jnp.cbrt, "exp": jnp.exp, "exp2": jnp.exp2, "expm1": jnp.expm1,
    "log": jnp.log, "log1p": jnp.log1p, "sin": jnp.sin, "tan": jnp.tan, "tanh": jnp.tanh,
    "erf": jax.lax.erf, "erf_inv": jax.lax.erf_inv, "lgamma": jax.lax.lgamma, "sigmoid": jax.nn.sigmoid,
    "atan2": lambda a: jnp.arctan2(a, jnp.full_like(a, 0.5)), "pow": lambda a: jnp.abs(a) ** 0.3,
    "positions": lambda a: jnp.argsort(-a)[0],
    "next": lambda a: jnp.nextafter(a, jnp.zeros_like(a)), "type": lambda a: a.astype(jnp.int16),
}  # fmt: skip
NORMAL = st.floats(-(2.0**60), 2.0**60, width=32, allow_subnormal=False)


@given(st.sampled_from(sorted(CURVES)), NORMAL)
@example("sqrt", 2.0)
@example("erf_inv", 0.5)
@example("exp2", 1.0)
@example("type", -2.75)
def test_an_irrational_constant_is_the_float_that_jax_computes(name, number):
    constant = np.float32([number])
    expected = np.ravel(np.asarray(CURVES[name](jnp.asarray(constant)), float))[0]
    assume(np.isfinite(expected))
    found = values(graph(lambda x: CURVES[name](jnp.asarray(constant)).ravel()[0] * x, 1), [1])
    assert found == [Fraction(expected)]


def test_what_a_function_of_constants_takes_is_rounded_to_its_type():
    third = Fraction(float(jnp.sqrt(jnp.float32(np.float32(1) / 3) + 2)))
    assert values(graph(lambda x: jnp.sqrt(jnp.float32(np.float32(1) / 3) + 2) * x, 1), [1]) == [third]
    halves = [float(jnp.sqrt(jnp.asarray([2.0], dtype))[0]) for dtype in (jnp.float16, jnp.bfloat16)]
    roots = lambda x: [jnp.sqrt(jnp.asarray(2.0, t)).astype(x.dtype) * x for t in (jnp.float16, jnp.bfloat16)]  # noqa: E731
    assert values(graph(roots, 1), [1]) == list(map(Fraction, halves))
    with jax.enable_x64(True):
        assert values(graph(lambda x: jnp.sqrt(2.0) * x, 1), [1]) == [Fraction(2**0.5)]


def test_what_depends_on_an_input_is_not_computed_by_jax():
    for curve in (jnp.sqrt, jnp.exp, jax.lax.erf_inv, lambda x: jnp.sqrt(x * 0 + x), lambda x: jnp.sqrt(x - 1)):
        assert "sqrt of" in refused(curve) or "exp of" in refused(curve) or "erf_inv of" in refused(curve)


@given(st.integers(0, 2**31 - 1))
@settings(max_examples=20)
def test_batch_normalisation_with_stored_averages_is_affine(seed):
    nn = pytest.importorskip("flax.linen", reason="flax is not installed", exc_type=ImportError)
    rng = np.random.default_rng(seed)
    model = nn.BatchNorm(use_running_average=True)
    scale, bias, mean = (rng.normal(size=3).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.01, 5, 3).astype(np.float32)
    state = {"params": {"scale": scale, "bias": bias}, "batch_stats": {"mean": mean, "var": variance}}
    lowered = graph(lambda x: model.apply(state, x[None]), 3)
    assert not lowered.gates
    inverse = np.asarray(jax.lax.rsqrt(jnp.asarray(variance) + 1e-5))
    point = (rng.integers(-8, 9, 3) / 4).tolist()
    p, m, i, s, b = ([Fraction(float(v)) for v in row] for row in (point, mean, inverse, scale, bias))
    exact = [(p[k] - m[k]) * i[k] * s[k] + b[k] for k in range(3)]
    assert values(lowered, point) == exact
    np.testing.assert_allclose(
        list(map(float, exact)), model.apply(state, jnp.asarray(point)[None])[0], rtol=1e-4, atol=1e-4
    )


# How functions are called.


def test_one_array_or_one_number_for_each_input():
    expected = [Fraction(5)]
    for function in (lambda x: x[0] + x[1], lambda a, b: a + b, jax.jit(lambda a, b: a + b), jnp.add):
        assert values(graph(function, 2), [2, 3]) == expected
    assert values(graph(jnp.maximum, 2), [2, 3]) == [3]
    assert values(graph(lambda x: x[0], 1), [4]) == values(graph(lambda x: jax.lax.cond(x > 0, abs, abs, x), 1), [4])
    assert values(graph(lambda x, slope=2.0: slope * x, 2), [1, 2]) == [2, 4]


def test_an_input_may_be_unused_and_a_value_constant():
    assert values(graph(lambda x: 3, 2), [1, 2]) == [3]
    assert values(graph(lambda x: (x[1], jnp.zeros(2)), 2), [1, 2]) == [2, 0, 0]


# Refusals.


def refused(function, n=2):
    with pytest.raises(FormulaError) as caught:
        graph(function, n)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_every_unsupported_operation_is_named_with_its_place():
    def model(x):
        y = jnp.exp(x)
        return y + jnp.tanh(x) * 2

    message = refused(model)
    assert "function model" in message
    assert "exp of float32[2] at " in message
    assert "tanh of float32[2] at " in message
    assert "test_from_jax.py" in message
    assert "not piecewise linear" in message


def test_what_no_result_needs_does_no_harm():
    def model(x):
        jnp.exp(x)
        jax.debug.print("{}", x)
        return x, jax.lax.top_k(x, 1)[0]

    assert len(graph(model, 2).outputs) == 3


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x[0] * x[1], "mul of float32[] and float32[]"),
        (lambda x: x / x[0], "the divisor depends on the inputs"),
        (lambda x: x**2, "depend on the inputs"),
        (lambda x: x @ x, "both factors depend on the inputs"),
        (lambda x: x / 0, "divides by zero"),
        (lambda x: x / (x > 0), "may divide by zero"),
        (lambda x: jnp.where((x > 0) & (x < 2**-20), jnp.inf, x), "branch that is inf"),
        (lambda x: jnp.dot(x > 0, x > 1) * x, "joins truth values"),
        (lambda x: jnp.arange(6.0)[jnp.floor(x).astype(int)], "infinitely many jumps"),
        (jnp.floor, "infinitely many jumps"),
        (lambda x: x.astype(jnp.int32), "infinitely many jumps"),
        (jnp.argsort, "sort one array alone"),
        (lambda x: jax.lax.top_k(x, 1), "positions of the largest values"),
        (lambda x: jax.lax.while_loop(lambda v: v[0] < 3, lambda v: v + 1, x), "when the loop ends depends"),
        (lambda x: x > 0, "one is a condition"),
        (lambda x: x + jnp.inf, "one is inf"),
        (lambda x: jnp.where(x > 0, x, jnp.nan), "branch that is nan"),
        (lambda x: (x > 0).astype(jnp.uint8) - jnp.uint8(1), "may not fit in uint8"),
        (lambda x: (x > 0).astype(jnp.int8) * jnp.int8(100) * jnp.int8(2), "may not fit in int8"),
        (lambda x: jnp.stack([(x[0] > 0).astype(jnp.int8), jnp.int8(127)]) + jnp.int8(1), "may not fit in int8"),
        (lambda x: -jnp.stack([(x[0] > 0).astype(jnp.int8), jnp.int8(-128)]), "may not fit in int8"),
        (lambda x: jnp.cumsum((x > 0).astype(jnp.int8) * jnp.int8(0) + jnp.int8(100), dtype=jnp.int8), "in int8"),
        (lambda x: x.at[0].apply(lambda v: 2 * v), "applies a function at some places"),
        (lambda x: jax.random.normal(jax.random.key(0), (2,)) * x, "random"),
        (lambda x: jnp.fft.fft(x).real, "complex64 numbers are not real"),
        (lambda x: 1.0 if x[0] > 0 else 2.0, "use jnp.where or jax.lax.cond"),
        (lambda x: x @ jnp.ones(3), "cannot be traced by JAX: TypeError"),
        (lambda x: None, "at least one number"),
        (lambda a, b, c: a, "of one array of shape (2,) or of 2 scalars"),
    ],
)
def test_refusals_say_why(function, words):
    assert words in refused(function)


def test_long_lists_of_unsupported_operations_are_cut():
    curves = [jnp.sin, jnp.cos, jnp.tan, jnp.exp, jnp.log, jnp.sqrt, jnp.tanh, jnp.arctan, jnp.sinh, jnp.cosh]

    def model(x):
        return sum(curve(x) for curve in curves)

    assert "; and 2 more." in refused(model)


def test_tracing_leaves_no_trace_in_the_64_bit_switch():
    graph(lambda x: 0.1 * x, 1)
    assert graph(lambda x: jnp.asarray(x, jnp.float32), 1).outputs
