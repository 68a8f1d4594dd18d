"""ONNX operators mean what onnx's own evaluator computes, and hostile models are refused in bounded memory."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from stored import refusal

import relucirc

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
import onnx_nodes  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

node = helper.make_node


def write(path, nodes, constants=(), shape=(1, 4), functions=(), outputs=("y",), opset=17, inputs=None):
    """Writes a model with the input x, and returns it."""
    tensors = [numpy_helper.from_array(np.asarray(v), name) for name, v in dict(constants).items()]
    given = inputs or {"x": shape}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in given.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        tensors,
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=functions)
    path.write_bytes(model.SerializeToString())
    return model


def agrees(path, model, shapes, near=1e-5, points=5):
    """Compares with onnx's evaluator at points whose numbers are multiples of 1/4."""
    net = relucirc.load(path)
    rng = np.random.default_rng(0)
    for _ in range(points):
        xs = {name: (rng.integers(-8, 9, shape) / 4).astype(np.float32) for name, shape in shapes.items()}
        expected = np.concatenate([np.ravel(y) for y in ReferenceEvaluator(model).run(None, xs)])
        got = [float(v) for v in net.at(*(float(v) for x in xs.values() for v in x.ravel()))]
        np.testing.assert_allclose(got, expected, rtol=near, atol=near)
    return net


@pytest.mark.slow
def test_no_node_test_of_onnx_is_read_wrong_and_most_are_read(tmp_path):
    found = {case.name: onnx_nodes.verdict(case, tmp_path) for case in onnx_nodes.cases()}
    assert not [(name, why) for name, (said, why) in found.items() if said == "wrong"]
    assert sum(said == "right" for said, _ in found.values()) >= 400
    assert all(why.endswith(".") for said, why in found.values() if said == "refused")


def weights(*shape, seed=0):
    return (np.random.default_rng(seed).integers(-4, 5, shape) / 4).astype(np.float32)


CONVOLUTIONAL = [
    node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
    node("Relu", ["c1"], ["r1"]),
    node("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
    node("Conv", ["p1", "w2"], ["c2"], pads=[1, 1, 1, 1]),
    node("Relu", ["c2"], ["r2"]),
    node("Add", ["r2", "p1"], ["s"]),  # a residual
    node("AveragePool", ["s"], ["p2"], kernel_shape=[2, 2], strides=[2, 2]),
    node("Flatten", ["p2"], ["f"]),
    node("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
]
WEIGHTS = {
    "w1": weights(2, 1, 3, 3),
    "b1": weights(2),
    "w2": weights(2, 2, 3, 3, seed=1),
    "w3": weights(3, 8, seed=2),
    "b3": weights(3, seed=3),
}


def test_a_convolutional_network_with_a_residual_is_its_function(tmp_path):
    model = write(tmp_path / "net.onnx", CONVOLUTIONAL, WEIGHTS, (1, 1, 8, 8))
    net = agrees(tmp_path / "net.onnx", model, {"x": (1, 1, 8, 8)})
    assert not net.is_exact  # quarters are floats


def test_a_batch_normalisation_is_affine_and_one_in_training_mode_is_refused(tmp_path):
    stored = {"s": weights(4), "b": weights(4, seed=1), "m": weights(4, seed=2), "v": np.abs(weights(4, seed=3)) + 1}
    nodes = [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["n"]), node("Relu", ["n"], ["y"])]
    model = write(tmp_path / "net.onnx", nodes, stored)
    agrees(tmp_path / "net.onnx", model, {"x": (1, 4)})
    nodes[0].attribute.append(helper.make_attribute("training_mode", 1))
    write(tmp_path / "net.onnx", nodes, stored)
    assert "training mode" in refusal(tmp_path / "net.onnx")


def test_several_inputs_and_outputs_come_in_their_order(tmp_path):
    nodes = [
        node("Sub", ["a", "b"], ["d"]),
        node("Split", ["d", "two"], ["p", "q"], axis=1),
        node("Relu", ["p"], ["r"]),
    ]
    inputs, constants = {"a": (1, 3), "b": (1, 3)}, {"two": np.array([1, 2])}
    model = write(tmp_path / "net.onnx", nodes, constants, outputs=("r", "q"), inputs=inputs)
    agrees(tmp_path / "net.onnx", model, inputs)


def test_a_column_is_one_point_and_a_batch_is_not(tmp_path):
    model = write(tmp_path / "net.onnx", [node("Gemm", ["w", "x"], ["h"]), node("Relu", ["h"], ["y"])],
                  {"w": weights(2, 3)}, (3, 1))  # fmt: skip
    agrees(tmp_path / "net.onnx", model, {"x": (3, 1)})
    write(tmp_path / "net.onnx", [node("MatMul", ["x", "w"], ["h"]), node("Relu", ["h"], ["y"])],
          {"w": weights(2, 2)}, (3, 2))  # fmt: skip
    assert "export the model for a batch of 1" in refusal(tmp_path / "net.onnx")


def function(name, inputs, outputs, nodes, attributes=(), defaults=()):
    """A function of the domain "local"."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    return helper.make_function("local", name, inputs, outputs, nodes, opsets, list(attributes), list(defaults))


def scaled_by(attribute):
    """A node whose attribute is that of the function around it."""
    scaled = node("LeakyRelu", ["a"], ["b"])
    scaled.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name=attribute, type=onnx.AttributeProto.FLOAT))
    return scaled


def test_functions_of_the_model_are_run_with_their_attributes_and_defaults(tmp_path):
    leaky = function("Leaky", ["a"], ["b"], [scaled_by("slope")], defaults=[helper.make_attribute("slope", 0.25)])
    twice = function("Twice", ["a"], ["c"], [node("Leaky", ["a"], ["b"], domain="local"),
                                             node("Leaky", ["b"], ["c"], domain="local", slope=0.5)])  # fmt: skip
    write(tmp_path / "net.onnx", [node("Twice", ["x"], ["y"], domain="local")], functions=[leaky, twice])
    assert relucirc.load(tmp_path / "net.onnx").at(-8, 8, 0, "1/3") == (-1, 8, 0, Fraction(1, 3))


def test_an_operand_that_is_left_out_of_a_function_is_left_out_inside(tmp_path):
    clipped = function("Cut", ["a", "low", "high"], ["b"], [node("Clip", ["a", "low", "high"], ["b"])])
    write(tmp_path / "net.onnx", [node("Cut", ["x", "", "one"], ["y"], domain="local")], {"one": np.float32(1)},
          functions=[clipped])  # fmt: skip
    assert relucirc.load(tmp_path / "net.onnx").at(-9, 2, 0, 1) == (-9, 1, 0, 1)


def test_the_branch_of_an_if_that_a_constant_takes_is_run(tmp_path):
    def graph(kind):
        return helper.make_graph([node(kind, ["x"], ["b"])], kind, [], [helper.make_empty_tensor_value_info("b")])

    for taken, expected in ((True, (0, 2)), (False, (2, -2))):
        chosen = node("If", ["c"], ["y"], then_branch=graph("Relu"), else_branch=graph("Neg"))
        write(tmp_path / "net.onnx", [chosen], {"c": np.array(taken)}, (1, 2))
        assert relucirc.load(tmp_path / "net.onnx").at(-2, 2) == expected


def test_choices_that_are_continuous_are_read_and_those_that_jump_are_named(tmp_path):
    nodes = [
        node("Greater", ["x", "zero"], ["c"]),
        node("Mul", ["x", "half"], ["h"]),
        node("Where", ["c", "x", "h"], ["y"]),
    ]
    model = write(tmp_path / "net.onnx", nodes, {"zero": np.float32(0), "half": np.float32(0.5)})
    agrees(tmp_path / "net.onnx", model, {"x": (1, 4)})
    model = write(tmp_path / "net.onnx", nodes, {"zero": np.float32(1), "half": np.float32(0.5)})
    assert "it jumps, or is not seen to be continuous" in refusal(tmp_path / "net.onnx")


def test_every_node_that_is_not_read_is_named_with_its_reason(tmp_path):
    nodes = [
        node("Tanh", ["x"], ["t"], name="first"),
        node("Mul", ["x", "x"], ["s"], name="square"),
        node("Add", ["t", "s"], ["a"]),
        node("Softmax", ["a"], ["y"], name="last"),
    ]
    write(tmp_path / "net.onnx", nodes)
    message = refusal(tmp_path / "net.onnx")
    assert "Tanh (node 'first'), Softmax (node 'last'), which are not piecewise linear" in message
    assert "node 'square' (Mul): both factors depend on the inputs" in message


def test_a_dense_layer_keeps_its_weights_bit_by_bit(tmp_path):
    w, b = np.random.default_rng(0).standard_normal((2, 64, 64)).astype(np.float32), np.float32(0.1) * np.ones(64)
    nodes = [node("MatMul", ["x", "w0"], ["m"]), node("Add", ["m", "b"], ["h"]), node("Relu", ["h"], ["r"]),
             node("Gemm", ["r", "w1"], ["y"])]  # fmt: skip
    constants = {"w0": w[0], "w1": w[1], "b": b.astype(np.float32)}
    write(tmp_path / "net.onnx", nodes, constants, (1, 64))
    net = relucirc.load(tmp_path / "net.onnx")
    assert np.array_equal(np.asarray(net.layers[0].weight), w[0].T)
    assert np.array_equal(np.asarray(net.layers[0].bias), constants["b"])
    assert np.array_equal(np.asarray(net.layers[1].weight), w[1].T)


HUGE = np.array([10**9])
BOMBS = {
    "Expand": ([node("Expand", ["x", "n"], ["y"])], {"n": np.array([10**5, 10**4, 1, 4])}),
    "Tile": ([node("Tile", ["x", "n"], ["y"])], {"n": np.array([1, 10**9])}),
    "Pad": ([node("Pad", ["x", "n"], ["y"])], {"n": np.array([0, 10**9, 0, 0])}),
    "Pad by reflection": ([node("Pad", ["x", "n"], ["y"], mode="edge")], {"n": np.array([0, 10**9, 0, 0])}),
    "Resize": ([node("Resize", ["x", "", "", "n"], ["y"])], {"n": np.array([1, 10**9])}),
    "Resize by scales": (
        [node("Resize", ["x", "", "s"], ["y"], mode="linear")],
        {"s": np.array([1, 1e9], np.float32)},
    ),
    "ConstantOfShape": ([node("ConstantOfShape", ["n"], ["k"]), node("Add", ["x", "k"], ["y"])], {"n": HUGE}),
    "Range": (
        [node("Range", ["z", "n", "o"], ["k"]), node("Gather", ["x", "k"], ["y"])],
        {"z": np.array(0), "n": HUGE[0], "o": np.array(1)},
    ),
    "OneHot": (
        [node("OneHot", ["i", "n", "v"], ["k"]), node("Add", ["x", "k"], ["y"])],
        {"i": np.array([0]), "n": HUGE, "v": np.array([0, 1], np.float32)},
    ),
    "a product of constants": (
        [node("MatMul", ["l", "r"], ["k"]), node("Add", ["x", "k"], ["y"])],
        {"l": np.ones((50_000, 1), np.float32), "r": np.ones((1, 50_000), np.float32)},
    ),
    "a broadcast sum": (
        [node("Add", ["l", "r"], ["k"]), node("Gather", ["k", "z"], ["g"]), node("Add", ["x", "g"], ["y"])],
        {"l": np.ones((50_000, 1), np.float32), "r": np.ones((1, 50_000), np.float32), "z": np.array(0)},
    ),
    "padding of a convolution": (
        [node("Reshape", ["x", "n"], ["i"]), node("Conv", ["i", "w"], ["y"], pads=[10**9, 0])],
        {"n": np.array([1, 1, 4]), "w": np.ones((1, 1, 1), np.float32)},
    ),
    "strides of a transposed convolution": (
        [node("Reshape", ["x", "n"], ["i"]), node("ConvTranspose", ["i", "w"], ["y"], strides=[10**9])],
        {"n": np.array([1, 1, 4]), "w": np.ones((1, 1, 1), np.float32)},
    ),
    "doublings": ([node("Concat", [f"x{k}" * bool(k) or "x"] * 2, [f"x{k + 1}"], axis=1) for k in range(40)], {}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_model_that_asks_for_much_is_refused_in_bounded_memory(tmp_path, name):
    nodes, constants = BOMBS[name]
    write(tmp_path / "net.onnx", nodes, constants, outputs=(nodes[-1].output[0],))
    assert (tmp_path / "net.onnx").stat().st_size < 500_000
    tracemalloc.start()
    try:
        refusal(tmp_path / "net.onnx")
        assert tracemalloc.get_traced_memory()[1] < 1 << 30
    finally:
        tracemalloc.stop()


def test_functions_that_call_themselves_or_double_without_end_are_refused(tmp_path):
    endless = function("F", ["a"], ["b"], [node("F", ["a"], ["b"], domain="local")])
    write(tmp_path / "net.onnx", [node("F", ["x"], ["y"], domain="local")], functions=[endless])
    assert "deep" in refusal(tmp_path / "net.onnx")
    doubling = [
        function(f"F{k}", ["a"], ["c"], [node(f"F{k + 1}", [a], [b], domain="local") for a, b in ("ab", "bc")])
        for k in range(40)
    ]
    write(tmp_path / "net.onnx", [node("F0", ["x"], ["y"], domain="local")],
          functions=[*doubling, function("F40", ["a"], ["c"], [])])  # fmt: skip
    refusal(tmp_path / "net.onnx")


def test_a_cycle_is_refused(tmp_path):
    write(tmp_path / "net.onnx", [node("Add", ["x", "z"], ["y"]), node("Relu", ["y"], ["z"])])
    assert "expected the value 'z', which nothing before it gives" in refusal(tmp_path / "net.onnx")


def test_a_resize_takes_scales_as_they_are_stored(tmp_path):
    write(tmp_path / "net.onnx", [node("Resize", ["x", "", "s"], ["y"], mode="linear",
                                       coordinate_transformation_mode="asymmetric")],
          {"s": np.array([1, 1.5], np.float32)}, (1, 2))  # fmt: skip
    assert relucirc.load(tmp_path / "net.onnx").at(0, 3) == (0, 2, 3)
    assert relucirc.load(tmp_path / "net.onnx").at(Fraction(3), 0)[1] == 1
