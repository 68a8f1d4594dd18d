"""Networks are frozen pytrees that JAX transforms, and their exact twins lose nothing."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from fractions import Fraction
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import plain
import pytest
import sympy
from flint import fmpq
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Affine, ExactMatrix, NetworkError, circuits
from relucirc.core.exact import fraction
from relucirc.strategies import networks, points

DTYPES = ("float32", "float64", "bfloat16", "float16")
FLOATING = networks(dtypes=["float32"])
MINIMUM = circuits.minimum().astype("float32")


def plain_layers(net):
    """The weights as lists of Fractions, for the independent evaluator."""
    return [
        ([[fraction(v) for v in row] for row in layer.weight.tolist()], [fraction(v) for v in layer.exact_bias()])
        for layer in net.exact().layers
    ]


@given(networks(dtypes=[None, *DTYPES]), st.data())
def test_exact_evaluation_agrees_with_plain_fractions(net, data):
    point = data.draw(points(net))
    expected = plain.run(plain_layers(net), point)
    assert [Fraction(int(v.p), int(v.q)) for v in net.at(*point)] == expected
    assert net.at(point) == net.at(**dict(zip(net.inputs, point, strict=True))) == net.exact().at(*point)


INTEGER_WEIGHTS = networks(weights=st.integers(-2, 2).map(Fraction), dtypes=[None, "float32"], max_depth=2, max_width=3)


@settings(max_examples=40)
@given(INTEGER_WEIGHTS, st.data())
def test_float_evaluation_under_jit_and_vmap_is_exact_where_floats_are(net, data):
    """Small integers have no rounding, so the two evaluations must be equal, not close."""
    batch = data.draw(st.lists(st.tuples(*[st.integers(-8, 8)] * len(net.inputs)), min_size=1, max_size=5))
    found = jax.jit(jax.vmap(net))(jnp.array(batch, jnp.float32).reshape(len(batch), len(net.inputs)))
    assert found.dtype == jnp.float32
    assert found.tolist() == [[int(v) for v in net.at(*point)] for point in batch]


@settings(max_examples=25)
@given(networks(dtypes=["float32"], max_depth=2), st.data())
def test_float_evaluation_is_close_to_the_exact_one(net, data):
    point = data.draw(points(net, elements=st.integers(-9, 9).map(Fraction)))
    exact = np.array([float(v) for v in net.at(*point)])
    np.testing.assert_allclose(net(jnp.array(point, jnp.float32)), exact, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_float_to_exact_and_back_is_the_identity(dtype):
    rng = np.random.default_rng(0)
    pairs = [
        (rng.normal(size=(o, i)).astype(jnp.dtype(dtype)), rng.normal(size=o).astype(jnp.dtype(dtype)))
        for o, i in ((4, 3), (2, 4))
    ]
    net = MLP.from_arrays(pairs)
    assert [leaf.dtype for leaf in jax.tree.leaves(net)] == [jnp.dtype(dtype)] * 4
    assert not net.is_exact
    assert net.exact().is_exact
    assert net.exact().astype(dtype) == net
    assert net.exact().layers[0].weight[1, 2] == fmpq(*float(pairs[0][0][1, 2]).as_integer_ratio())
    assert net.exact().exact() is net.exact() or net.exact().exact() == net.exact()


@given(
    networks(dtypes=[None], weights=st.fractions(max_denominator=1000, min_value=-9, max_value=9)),
    st.sampled_from(DTYPES),
)
def test_rounding_a_network_rounds_every_weight_to_the_nearest(net, dtype):
    rounded = net.astype(dtype)
    for before, after in zip(net.layers, rounded.layers, strict=True):
        expected = np.array([[float(fraction(v)) for v in row] for row in before.weight.tolist()])
        np.testing.assert_allclose(
            np.asarray(after.weight, np.float64), expected, rtol=float(jnp.finfo(dtype).eps) / 2, atol=1e-30
        )
        assert (after.bias is None) == (before.bias is None)
    assert rounded.astype(dtype) == rounded


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_weight_that_overflows_is_told(dtype):
    largest = jnp.finfo(dtype).max
    assert MLP.from_arrays([([[float(largest)]], None)]).astype(dtype).layers[0].weight[0, 0] == largest
    net = MLP.from_arrays([([[2 * Fraction(float(largest)), -1]], None)])
    with pytest.raises(NetworkError, match=f"is too large for {dtype}, whose largest number is"):
        net.astype(dtype)
    with pytest.raises(NetworkError, match="expected a floating dtype, got int32"):
        net.astype("int32")


@pytest.mark.parametrize("sizes", [(1, 1), (3, 2), (2, 3, 1), (1, 2, 2, 2, 2, 2, 2, 2, 1), (2, 0, 2)])
@pytest.mark.parametrize("biases", [True, False])
def test_any_depth_none_included_with_or_without_biases(sizes, biases):
    rng = np.random.default_rng(1)
    pairs = [
        (rng.integers(-2, 3, size=(o, i)), rng.integers(-2, 3, size=o) if biases else None) for i, o in pairwise(sizes)
    ]
    net = MLP.from_arrays(pairs)
    assert net.sizes == sizes
    assert net.hidden_neurons == sum(sizes[1:-1])
    point = list(range(2, 2 + sizes[0]))
    value = np.array(point)
    for k, (weight, bias) in enumerate(pairs):
        value = weight @ value + (0 if bias is None else bias)
        value = value if k == len(pairs) - 1 else np.maximum(value, 0)
    assert [int(v) for v in net.at(*point)] == value.tolist()
    assert net(jnp.array(point, jnp.float32)).tolist() == value.tolist()


def test_it_is_a_pytree_with_named_leaves_and_static_names():
    with_bias = MLP.from_arrays(
        [(np.ones((2, 1), np.float32), np.ones(2, np.float32)), (np.ones((1, 2), np.float32), None)]
    )
    keyed, structure = jax.tree_util.tree_flatten_with_path(with_bias)
    assert [jax.tree_util.keystr(path) for path, _ in keyed] == [
        ".layers[0].weight",
        ".layers[0].bias",
        ".layers[1].weight",
    ]
    assert jax.tree.unflatten(structure, [leaf for _, leaf in keyed]) == with_bias
    assert jax.tree.leaves(with_bias.exact()) == []
    assert jax.tree.map(lambda leaf: leaf, with_bias) == with_bias
    assert jax.tree.structure(with_bias) != jax.tree.structure(MLP(with_bias.layers, ("y",)))
    assert jax.tree.map(lambda _: 0, with_bias).layers[0].weight == 0  # placeholders, as optimisers use them


@settings(max_examples=20)
@given(networks(dtypes=["float32"], max_depth=2, max_width=3), st.data())
def test_doubling_the_leaves_of_one_layer_doubles_an_affine_network(net, data):
    point = data.draw(points(net, elements=st.integers(-9, 9).map(Fraction)))
    last = jax.tree.map(lambda leaf: 2 * leaf, net.layers[-1])
    doubled = MLP((*net.layers[:-1], last), net.inputs)
    assert doubled.at(*point) == tuple(2 * v for v in net.at(*point))


def test_jit_vmap_and_grad_see_a_network_as_data():
    x = jnp.array([3.0, -5.0])
    assert jax.jit(lambda net, x: net(x))(MINIMUM, x).tolist() == [-5]
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]), MINIMUM)
    assert jax.vmap(lambda net: net(x))(stacked).tolist() == [[-5], [-20]]
    gradient = jax.grad(lambda net: net(x)[0])(MINIMUM)
    assert isinstance(gradient, MLP)
    assert gradient.layers[1].weight.tolist() == [[0, 5, 0]]  # the activations
    assert jax.grad(lambda x: MINIMUM(x)[0])(x).tolist() == [0, 1]  # the minimum is x2 here
    moved = jax.tree.map(lambda w, g: w - 0.5 * g, MINIMUM, gradient)
    assert moved.layers[1].weight.tolist() == [[1, -3.5, -1]]
    assert jax.eval_shape(lambda net: net(x), MINIMUM).shape == (1,)


def test_exact_networks_are_constants_to_jax():
    exact, x = circuits.minimum(), jnp.array([3.0, -5.0])
    assert jax.jit(lambda net, x: net(x))(exact, x).tolist() == [-5]
    assert jax.grad(lambda x: exact(x)[0])(x).tolist() == [0, 1]
    assert jax.vmap(exact)(jnp.array([[1.0, 2.0], [2.0, 1.0]])).tolist() == [[1], [1]]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_results_have_the_dtype_of_the_points(dtype):
    for net in (circuits.minimum(), circuits.minimum().astype(dtype)):
        assert net(jnp.array([3, -5], dtype)).dtype == dtype
    assert MINIMUM(jnp.array([3, -5])).dtype == jnp.float32
    assert MINIMUM([3, -5]).tolist() == [-5]


@given(networks(dtypes=[None, *DTYPES]))
def test_copies_and_pickles_are_equal(net):
    for other in (
        copy.copy(net),
        copy.deepcopy(net),
        pickle.loads(pickle.dumps(net)),
        MLP.from_arrays(net.layers, net.inputs),
    ):
        assert other == net
        assert hash(other) == hash(net)
        assert repr(other) == repr(net)
        assert jax.tree.structure(other) == jax.tree.structure(net)
        assert [leaf.dtype for leaf in jax.tree.leaves(other)] == [leaf.dtype for leaf in jax.tree.leaves(net)]


def test_equality_looks_at_weights_biases_kind_and_names():
    net = MLP.from_arrays([([[1, 2]], [0])])
    different = [
        MLP.from_arrays([([[1, 3]], [0])]),
        MLP.from_arrays([([[1, 2]], [1])]),
        MLP.from_arrays([([[1, 2]], None)]),
        MLP.from_arrays([([[1, 2]], [0])], ("a", "b")),
        MLP.from_arrays([([[1, 2, 0]], [0])]),
        MLP.from_arrays([*net.layers, ([[1]], None)]),
        net.astype("float32"),
        net.astype("float16"),
    ]
    assert len({net, *different}) == 1 + len(different)
    for other in different:
        assert other != net
        assert other == copy.deepcopy(other)
    assert net != "net"
    zeros = [MLP.from_arrays([(np.array([[zero]], np.float32), None)]) for zero in (0.0, -0.0)]
    assert zeros[0] == zeros[1]
    assert hash(zeros[0]) == hash(zeros[1])
    assert (
        repr(net)
        == "MLP(layers=(Affine(weight=ExactMatrix([['1', '2']]), bias=ExactMatrix([['0']])),), inputs=('x1', 'x2'))"
    )


def test_networks_are_frozen():
    with pytest.raises(FrozenInstanceError):
        MINIMUM.inputs = ("a", "b")
    with pytest.raises(FrozenInstanceError):
        MINIMUM.layers[0].weight = jnp.zeros((3, 2))
    array = np.ones((1, 1))  # a NumPy leaf is a copy
    net = MLP.from_arrays([(array, None)])
    array[0, 0] = 7
    assert net.at(1) == (1,)


def test_mixed_kinds_of_numbers_make_an_exact_network():
    net = MLP.from_arrays(
        [
            ([[1, 0.5], [Fraction(1, 3), sympy.Rational(1, 7)]], ["0.1", np.float32(0.1)]),
            (np.ones((1, 2), np.float32), None),
        ]
    )
    assert net.is_exact
    assert net.layers[0].weight.strings() == [["1", "1/2"], ["1/3", "1/7"]]
    assert net.layers[0].exact_bias() == (fmpq(1, 10), fmpq(13421773, 134217728))
    assert MLP.from_arrays([(np.ones((1, 2), np.int8), None)]).is_exact
    assert MLP.from_arrays([(sympy.Matrix([[1, 2]]), sympy.Matrix([3]))]).at(1, 1) == (6,)


ONE, INF = np.ones((1, 2)), np.array([[1, np.inf]])
WRONG = {
    "no layers": (lambda: MLP.from_arrays([]), "at least one layer, got none; a network needs its output layer"),
    "no layers, directly": (lambda: MLP((), ()), "at least one layer"),
    "no list": (lambda: MLP.from_arrays(3), r"expected a list of pairs \(weight, bias\), got 3"),
    "text": (lambda: MLP.from_arrays("net.json"), "expected a list of pairs .*got net.json"),
    "no pair": (lambda: MLP.from_arrays([([[1]],)]), r"layer 0: expected a pair \(weight, bias\), got \(\[\[1\]\],\)"),
    "a vector": (
        lambda: MLP.from_arrays([(np.ones(2), None)]),
        r"layer 0: weight: expected a matrix \(out x in\), got shape \(2,\)",
    ),
    "a ragged matrix": (
        lambda: MLP.from_arrays([([[1], [1, 2]], None)]),
        "layer 0: weight: .*row 0 has 1 entries, row 1 has 2",
    ),
    "a long bias": (
        lambda: MLP.from_arrays([(ONE, np.ones(2))]),
        r"one entry for each of the 1 rows of the weight \(1, 2\), got shape \(2,\)",
    ),
    "a long exact bias": (
        lambda: MLP.from_arrays([([[1, 2]], [1, 2])]),
        "layer 0: bias: expected one entry for each of the 1 rows",
    ),
    "layers that do not fit": (
        lambda: MLP.from_arrays([(ONE, None), (ONE, None)]),
        r"layer 0 gives 1 values but layer 1 takes 2 \(weights are out x in: .*\); transpose one, or drop a layer",
    ),
    "lists in a layer": (lambda: Affine([[1]]), "weight: expected a matrix, got .* use MLP.from_arrays for lists"),
    "NaN": (
        lambda: MLP.from_arrays([(np.array([[np.nan]]), None)]),
        r"layer 0: weight\[0, 0\]: expected finite numbers, got nan",
    ),
    "infinity": (
        lambda: MLP.from_arrays([(ONE, None), (jnp.array([[jnp.inf]]), None)]),
        r"layer 1: weight\[0, 0\]: .*got inf",
    ),
    "NaN in a list": (
        lambda: MLP.from_arrays([([[float("nan")]], None)]),
        r"layer 0: weight\[0\]\[0\]: expected a finite number",
    ),
    "NaN in a bias": (
        lambda: Affine(jnp.ones((1, 1)), jnp.array([jnp.nan])),
        r"bias\[0\]: expected finite numbers, got nan",
    ),
    "NaN in bfloat16": (lambda: Affine(jnp.array([[jnp.nan]], jnp.bfloat16)), "expected finite numbers, got nan"),
    "complex weights": (
        lambda: MLP.from_arrays([(np.array([[1j]]), None)]),
        "expected real numbers, got an array of dtype complex",
    ),
    "wide floats": (
        lambda: MLP.from_arrays([(np.ones((1, 1), np.longdouble), None)]),
        "at most 64 bits, got .*convert them first",
    ),
    "an irrational weight": (
        lambda: MLP.from_arrays([([[sympy.pi]], None)]),
        "expected a rational number .* got pi of type Pi",
    ),
    "no inputs": (
        lambda: MLP.from_arrays([(np.ones((2, 0)), None), (np.ones((1, 2)), None)]),
        "at least one input and one output, got 0 inputs and 1 outputs",
    ),
    "no outputs": (
        lambda: MLP.from_arrays([(np.ones((0, 2)), None)]),
        "at least one input and one output, got 2 inputs and 0 outputs",
    ),
    "too few names": (lambda: MLP.from_arrays([(ONE, None)], ("a",)), "expected 2 input names .* got 1"),
    "one name twice": (lambda: MLP.from_arrays([(ONE, None)], ("a", "a")), r"unique input names, got \['a', 'a'\]"),
    "a name with a blank": (
        lambda: MLP.from_arrays([(ONE, None)], ("a b", "c")),
        "expected identifiers such as 'x1' as input names, got 'a b'",
    ),
    "names as one text with a comma": (
        lambda: MLP.from_arrays([([[1, 2]], None)], "a, b"),
        r"got the text 'a, b'; write \('a', 'b'\)",
    ),
    "a transposed weight with its bias": (
        lambda: MLP.from_arrays([(np.ones((2, 3)), np.ones(3))]),
        r"rows of the weight \(2, 3\), got shape \(3,\); weights are out x in, so transpose it",
    ),
    "names as one text": (lambda: MLP.from_arrays([(ONE, None)], "ab"), r"got the text 'ab'; write \('ab',\)"),
    "a batch": (
        lambda: MINIMUM(jnp.ones((4, 2))),
        r"one point of shape \(2,\), got an array of shape \(4, 2\); for a batch use jax.vmap",
    ),
    "too few values": (lambda: MINIMUM.at(1), r"expected 2 values for \['x1', 'x2'\], got 1"),
    "a stray name": (lambda: MINIMUM.at(x1=1, y=2), r"one value for each of \['x1', 'x2'\], got \['x1', 'y'\]"),
    "symbolic weights at a point": (
        lambda: circuits.identity.family().at(1),
        "weights have symbols .* substitute numbers first",
    ),
}


@pytest.mark.parametrize(("make", "words"), WRONG.values(), ids=WRONG)
def test_errors_say_what_was_expected_and_what_came(make, words):
    with pytest.raises(NetworkError, match=words):
        make()


def test_nan_and_infinity_are_refused_everywhere():
    """JAX may put them into the leaves of an existing network; no question about it is then answered."""
    spoilt = jax.tree.map(lambda leaf: leaf * jnp.nan, MINIMUM)
    questions = [
        lambda net: net.exact(),
        lambda net: net.at(1, 2),
        lambda net: net.astype("float16"),
        lambda net: relucirc.prove(net, "x1"),
        lambda net: relucirc.prove(MINIMUM, net),
        relucirc.to_sympy,
        relucirc.explain,
        relucirc.regions,
        lambda net: relucirc.max_deviation(net, "x1", relucirc.Box(0, 1)),
    ]
    for ask in questions:
        with pytest.raises(NetworkError, match=r"layer 0: weight\[0\]\[0\]: expected a finite number, got nan"):
            ask(spoilt)
    for value in (float("nan"), float("inf"), np.float32("-inf"), sympy.nan, sympy.oo):
        with pytest.raises(relucirc.RelucircError, match=r"x2: expected a (finite|rational) number"):
            MINIMUM.at(0, value)
        with pytest.raises(relucirc.FormulaError):
            relucirc.prove(MINIMUM, value)
        with pytest.raises(relucirc.DomainError):
            relucirc.prove(MINIMUM, "x1", relucirc.Box(0, value))


def test_double_leaves_stay_double_without_the_64_bit_switch():
    net = MLP.from_arrays([(np.array([[0.1]]), None)])
    assert net.layers[0].weight.dtype == np.float64
    assert net.at(1) == (sympy.Rational(0.1),)
    assert isinstance(ExactMatrix.of(net.layers[0].weight), ExactMatrix)


def test_sympify_gives_the_formula():
    assert sympy.sympify(circuits.minimum()) == sympy.Min(*sympy.symbols("x1 x2"))


def test_what_would_fill_pages_prints_its_sizes():
    trained = circuits.minimum().astype("float32")
    assert repr(trained) == "<MLP 2-3-1, 9 weights, float32>"
    assert repr(circuits.minimum(4)) == "<MLP 4-6-3-1, 45 weights, exact>"
    assert "ExactMatrix([['0', '1', '0', '0']" in circuits.minimum(4)._repr_html_().replace("&#x27;", "'")


def test_hypothesis_says_which_network_failed():
    @settings(database=None, phases=[Phase.generate])
    @given(st.just(circuits.minimum(4)))
    def fails(net):
        assert net.hidden_neurons < 9

    with pytest.raises(AssertionError) as caught:
        fails()
    assert "net=MLP(layers=(Affine(weight=ExactMatrix([['0', '1', '0', '0']" in "".join(caught.value.__notes__)


def test_a_small_network_prints_its_weights_and_a_large_one_its_sizes():
    assert repr(circuits.minimum()).startswith("MLP(layers=(Affine(weight=ExactMatrix([['0', '1'], ['0', '-1']")
    large = MLP.from_arrays([(np.ones((256, 100), np.float32), np.ones(256, np.float32)), (np.ones((1, 256)), None)])
    assert repr(large) == "<MLP 100-256-1, 26112 weights, float32, float64>"
    assert repr(large.exact()) == "<MLP 100-256-1, 26112 weights, exact>"
    assert repr(large.layers[0]) == "<affine layer 100-256, float32>"
    traced = []
    jax.jit(lambda net: traced.append(repr(net)))(large.astype("float32"))
    assert traced == ["<MLP 100-256-1, 26112 weights, float32>"]
    assert "None" in repr(jax.tree.map(lambda _: None, large))
    stacked = jax.tree.map(lambda a: jnp.stack([a] * 100), MINIMUM)
    assert repr(stacked) == "<MLP 100x3x2, 100x1x3, 900 weights, float32>"


def test_input_names_may_be_symbols():
    assert MLP.from_arrays([([[1, 2]], None)], sympy.symbols("a b")).inputs == ("a", "b")


def test_linear_layers_of_equinox_are_layers():
    equinox = pytest.importorskip("equinox")
    model = equinox.nn.MLP(2, 1, width_size=3, depth=1, key=jax.random.key(0))
    net = MLP.from_arrays(model.layers, activation="relu")
    assert net == MLP.from_arrays([(layer.weight, layer.bias) for layer in model.layers])
    assert relucirc.prove(net, model).status == "proved"


def test_layers_and_tensors_of_pytorch_are_read_bit_for_bit():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1, bias=False))
    first, last = (np.array(layer.weight.tolist(), np.float32) for layer in (model[0], model[2]))
    expected = MLP.from_arrays([(first, np.array(model[0].bias.tolist(), np.float32)), (last, None)])
    assert MLP.from_arrays([model[0], model[2]], activation="relu") == expected
    assert MLP.from_arrays([(model[0].weight, model[0].bias), (model[2].weight.detach(), None)]) == expected
    assert MLP.from_arrays(list(model)) == MLP.from_arrays(model) == expected
    with pytest.raises(NetworkError, match="a Tensor that NumPy cannot read"):
        MLP.from_arrays([(torch.ones(1, 1, dtype=torch.bfloat16), None)])
    with pytest.raises(NetworkError, match=r"got Sequential.*read by relucirc.MLP.from_arrays\(\[model"):
        relucirc.prove(model, "x1")


CALLS = {
    "prove": lambda net: relucirc.prove(net, "x1"),
    "regions": relucirc.regions,
    "to_sympy": relucirc.to_sympy,
    "explain": relucirc.explain,
    "snap": relucirc.snap,
    "draw": relucirc.draw,
    "max_deviation": lambda net: relucirc.max_deviation(net, "x1", relucirc.Box(0, 1)),
    "float_error_bound": lambda net: relucirc.float_error_bound(net, relucirc.Box(0, 1)),
    "compile_network": relucirc.compile_network,
    "evaluate": lambda net: relucirc.evaluate(net, np.ones((4, 2))),
    "save": lambda net: relucirc.save(net, "net.json"),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_network_is_refused_with_the_way_to_one(name):
    with pytest.raises(NetworkError, match=r"expected a network.* of type ndarray; relucirc.MLP.from_arrays makes one"):
        CALLS[name](np.ones((3, 2)))
    if name != "draw":  # which draws it
        with pytest.raises(NetworkError, match=r"call the circuit to build its network: relucirc.circuits.minimum\(\)"):
            CALLS[name](circuits.minimum)
