"""The windows plan: convolutional networks cost what their convolutions cost, and compute what other runtimes do."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP
from relucirc.core.exact import rational
from relucirc.evaluation import compile_network, evaluate, float_error_bound
from relucirc.evaluation.plan import choose_plan

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
from onnx_convolutions import NETWORKS  # noqa: E402

MULTIPLICATIONS = {
    "mnist, strided": 16 * 16 * 196 + 32 * 256 * 49 + 1568 * 100 + 1000,
    "cifar, strided": 8 * 48 * 256 + 16 * 128 * 64 + 1024 * 100 + 1000,
}
"""Of convolutions and products, what stands outside of the image included."""


@pytest.fixture
def loaded(tmp_path, name):
    path = NETWORKS[name]().save(tmp_path / "net.onnx")
    return path, relucirc.load(path)


def onnxruntime_values(path, xs, shape):
    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": xs.reshape(-1, *shape)})[0]


@pytest.mark.parametrize("name", MULTIPLICATIONS)
def test_a_convolutional_network_costs_no_more_than_its_convolutions(loaded, name):
    _, net = loaded
    plan = choose_plan(net, np.float32)
    assert plan.kind == "windows"
    assert sum(group.work for layer in plan.windows for group in layer.groups) <= MULTIPLICATIONS[name]
    assert "by windows, as convolutions are" in str(plan)


@pytest.mark.parametrize(
    "name", ["cifar, strided", *(pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS if n != "cifar, strided")]
)
def test_a_convolutional_network_computes_what_onnxruntime_computes(loaded, name):
    path, net = loaded
    xs = np.random.default_rng(0).uniform(-1, 2, (10_000, len(net.inputs))).astype(np.float32)
    expected = onnxruntime_values(path, xs, NETWORKS[name]().shape)
    assert choose_plan(net, np.float32).kind == "windows"
    np.testing.assert_allclose(evaluate(net, xs), expected, rtol=1e-5, atol=2e-5)


@st.composite
def sparse_networks(draw):
    """Networks with few weights, of few values, so that rows come again; rows and columns of zeros among them."""
    sizes = draw(st.lists(st.integers(1, 7), min_size=2, max_size=4))
    weights = st.sampled_from([0, 0, 0, 1, -1, 0.5, 3])
    layers = []
    for n, m in pairwise(sizes):
        weight = [[draw(weights) for _ in range(n)] for _ in range(m)]
        layers.append((np.array(weight, np.float32), draw(st.sampled_from([None, np.ones(m, np.float32) / 4]))))
    return MLP.from_arrays(layers)


@settings(max_examples=25, deadline=None)
@given(sparse_networks(), st.booleans(), st.sampled_from(["rows", "features"]), st.integers(0, 10**6))
def test_windows_of_any_network_are_within_the_bound_of_the_exact_values(net, exact, layout, seed):
    xs = np.random.default_rng(seed).normal(size=(3, len(net.inputs))).clip(-2, 2).astype(np.float32)
    bound = rational(float_error_bound(net, relucirc.Box(-2, 2), np.float32, exact_inputs=True))
    compiled = compile_network(net.exact() if exact else net, plan="windows", layout=layout)
    values = np.asarray(compiled(xs if layout == "rows" else xs.T))
    for x, row in zip(xs, values if layout == "rows" else values.T, strict=True):
        for value, true in zip(row, net.at(*map(float, x)), strict=True):
            assert abs(rational(float(value)) - rational(true)) <= bound


def test_a_layer_of_many_kinds_of_rows_is_left_over_as_one_matrix():
    weight = np.diag(np.arange(1, 201).astype(np.float32))
    net = MLP.from_arrays([(weight, None), (np.ones((1, 200), np.float32), None)])
    layers = choose_plan(net, np.float32, "windows").windows
    assert len(layers[0].groups) == 64
    xs = np.random.default_rng(0).integers(-3, 4, (5, 200)).astype(np.float32)
    np.testing.assert_array_equal(compile_network(net, plan="windows")(xs), np.maximum(xs @ weight, 0).sum(1)[:, None])
