"""No line of code and no small file makes a reader hold gigabytes or run for minutes: sizes are bounded first."""

import math
import subprocess
import sys
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc.core.errors import FormulaError, RelucircError
from relucirc.language.lower.from_jax import graph_of_function
from relucirc.language.lower.jaxpr import limits

ADDRESS_SPACE = 4 << 30


def doubled(x, times):
    return reduce(lambda y, _: jnp.concatenate([y, y]), range(times), x)


LARGE = {
    "ones": (lambda x: jnp.sum(jnp.ones((30000, 30000)) * x[0]), r"broadcast_in_dim .* float32\[30000,30000\]"),
    "iota": (lambda x: jnp.sum(jnp.arange(10**9) * x[0]), r"iota .* int32\[1000000000\]"),
    "a view": (lambda x: jnp.sum(jnp.broadcast_to(x, (10**6, 10**6, 2))), "broadcast_in_dim .*beyond 2 GiB"),
    "a table of sums": (lambda x: doubled(x, 11)[:, None] + doubled(x, 11), "add of .* exact numbers is too large"),
    "doubling": (lambda x: doubled(jnp.ones(1), 31).sum() * x[0], "concatenate of .*beyond 2 GiB"),
    "scan": (lambda x: jax.lax.scan(lambda c, _: (c + x, c[0]), x, None, 10**6)[0], "scan .* 1,000,000 turns of 3"),
    "nested loops": (
        lambda x: jax.lax.fori_loop(0, 999, lambda _, c: jax.lax.fori_loop(0, 999, lambda _, d: d + x, c), x),
        "its 999 turns of",
    ),
    "an endless loop": (lambda x: jax.lax.while_loop(lambda _: True, lambda c: c, x), "while .*beyond 300,000"),
    "digits": (lambda x: jax.lax.fori_loop(0, 60, lambda _, c: c * c, jnp.float32(0.1)) * x, "mul .* bits is too long"),
    "a power": (lambda x: x * jax.lax.integer_pow(jnp.float32(0.1), 10**7), "integer_pow .* bits is too long"),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_a_function_would_make_is_bounded_first(name):
    function, words = LARGE[name]
    with pytest.raises(FormulaError, match=words) as caught:
        graph_of_function(function, ("x1", "x2"))
    assert "too large to be read exactly" in str(caught.value)
    assert "test_sizes.py" in str(caught.value)


@given(st.lists(st.integers(0, 10**5), min_size=1, max_size=4))
def test_any_shape_is_read_or_refused(shape):
    def read():
        return graph_of_function(lambda x: jnp.broadcast_to(x[0], shape).ravel()[:1].sum(), ("x1", "x2"))

    if math.prod(shape) * 8 <= limits.MAX_BYTES // 4:
        assert len(read().outputs) == 1
    elif math.prod(shape) * 8 > limits.MAX_BYTES:
        with pytest.raises(FormulaError, match="too large to be read exactly"):
            read()


def test_numbers_are_counted_where_they_are_made(monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 1 << 20)
    wide = lambda n: lambda x: jax.nn.relu(jnp.arange(1.0, n) * x[0]).sum()  # noqa: E731
    assert graph_of_function(wide(300), ("x1", "x2")).gates
    with pytest.raises(FormulaError, match=r"too large to be read exactly: .*beyond"):
        graph_of_function(wide(3000), ("x1", "x2"))
    sums = lambda n, x: jax.nn.relu(jnp.arange(1.0, n + 1) * x[0]) + x[1]  # noqa: E731
    dense = lambda n: lambda x: jnp.ones((n, n)) @ sums(n, x)  # noqa: E731
    assert graph_of_function(dense(20), ("x1", "x2")).gates
    with pytest.raises(FormulaError, match=r"dot_general .*its result would bring"):
        graph_of_function(dense(200), ("x1", "x2"))


def test_the_clock_is_asked_within_one_large_operation(monkeypatch):
    asked = []
    monkeypatch.setattr(limits, "tick", lambda: asked.append(None))
    graph_of_function(lambda x: jnp.ones((300, 300)) @ (jax.nn.relu(jnp.arange(300.0) * x[0]) + x[1]), ("x1", "x2"))
    assert len(asked) > 300 * 300 * limits.TERM / limits.TICK_BYTES / 2


def test_constants_and_loops_within_the_limits_are_exact():
    third = jnp.float32(0.5)
    (value,) = graph_of_function(lambda x: x[0] * 0 + jax.lax.integer_pow(third, 1000), ("x1", "x2")).outputs
    assert value.const.q == 2**1000
    graph = graph_of_function(lambda x: jax.lax.fori_loop(0, 20000, lambda _, c: c + x[0], x[1]), ("x1", "x2"))
    assert graph.outputs[0].terms == {0: 20000, 1: 1}


# Files.


def onnx_file(path, nodes, inputs, constants=()):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    made = [helper.make_node(kind, ins, outs, **settings) for kind, ins, outs, settings in nodes]
    graph = helper.make_graph(
        made,
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", inputs])],
        [helper.make_tensor_value_info(made[-1].output[0], onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def concats(depth, *between):
    """Doubles the input, and applies an operator, many times."""
    nodes, last = [], "x"
    for k in range(depth):
        nodes.append(("Concat", [last, last], [f"c{k}"], {"axis": 1}))
        last = f"c{k}"
        for kind, arity in between:
            nodes.append((kind, [last] * arity, [f"{kind}{k}"], {}))
            last = f"{kind}{k}"
    return nodes


ONES = np.ones((100_000, 1), np.float32)
BOMBS = {
    "concat": (concats(31), 3, (), "'c2[0-9]' .Concat.: its result of the shape .* is too large"),
    "many inputs": ([("Relu", ["x"], ["y"], {})], 10**12, (), "at most .* inputs, got 1,000,000,000,000"),
    "gather": (
        [("Gather", ["x" if k == 0 else f"a{k - 1}", "i"], [f"a{k}"], {"axis": 1}) for k in range(30)],
        5,
        [("i", np.zeros((5, 1000), np.int64))],
        "'a[0-9]' .Gather.: its result of the shape .* is too large",
    ),
    "a table of products": (
        [("MatMul", ["w", "v"], ["z"], {}), ("Add", ["x", "z"], ["y"], {})],
        1,
        [("w", ONES), ("v", ONES.T)],
        "'z' .MatMul.: its result .* would bring what is held beyond",
    ),
    "a table of sums": (
        [("Transpose", ["x"], ["t"], {}), ("Add", ["x", "t"], ["y"], {})],
        100_000,
        (),
        "'y' .Add.: its result of the shape .* is too large",
    ),
    "neurons that carry": (
        [
            ("Gather", ["x", "i"], ["r0"], {"axis": 1}),
            *(("Relu", [f"r{k}"], [f"r{k + 1}"], {}) for k in range(1000)),
            ("Add", ["x", "r1000"], ["y"], {}),
        ],
        20_000,
        [("i", np.array([0]))],
        "a perceptron of more than 4,194,304 neurons",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_model_that_asks_for_much_is_refused_at_the_node(name, tmp_path):
    nodes, inputs, constants, words = BOMBS[name]
    onnx_file(tmp_path / "bomb.onnx", nodes, inputs, constants)
    with pytest.raises(RelucircError, match=words):
        relucirc.load(tmp_path / "bomb.onnx")


@pytest.mark.parametrize("between", [[], [("Add", 2)], [("Relu", 1)], [("Relu", 1), ("Sum", 3)]])
def test_what_a_model_holds_is_counted_as_it_is_made(between, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 1 << 22)
    onnx_file(tmp_path / "small.onnx", concats(5, *between), 3)
    assert relucirc.load(tmp_path / "small.onnx").sizes[-1] == 96
    onnx_file(tmp_path / "bomb.onnx", concats(40, *between), 3)
    with pytest.raises(RelucircError, match=r"node .* would bring what is held beyond"):
        relucirc.load(tmp_path / "bomb.onnx")


def test_a_wide_sparse_model_stays_sparse(tmp_path):
    onnx_file(tmp_path / "wide.onnx", [("Relu", ["x"], ["y"], {})], 60_000)
    net = relucirc.load(tmp_path / "wide.onnx")
    assert net.sizes == (60_000, 60_000, 60_000)
    assert net.is_exact


SCRIPT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
import jax.numpy as jnp, relucirc
for task in (lambda: relucirc.load(sys.argv[1]),
             lambda: relucirc.prove(lambda x: jnp.sum(jnp.ones((30000, 30000)) * x), "x", inputs=("x",))):
    try:
        task()
    except relucirc.RelucircError as error:
        print(error)
"""


def test_a_kilobyte_does_not_take_gigabytes(tmp_path):
    resource = pytest.importorskip("resource")
    assert resource
    onnx_file(tmp_path / "bomb.onnx", concats(31), 3)
    assert (tmp_path / "bomb.onnx").stat().st_size < 2000
    command = [sys.executable, "-c", SCRIPT.format(limit=ADDRESS_SPACE), str(tmp_path / "bomb.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    first, second = done.stdout.splitlines()
    assert "(Concat): its result of" in first
    assert "float32[30000,30000] would bring what is held beyond" in second
    assert done.returncode == 0
