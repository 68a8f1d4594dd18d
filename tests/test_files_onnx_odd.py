"""ONNX nodes with odd attributes and constants: read as they are computed, or refused in a sentence."""

import numpy as np
import pytest

import relucirc

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

node = helper.make_node
WHOLE = np.array([9, 16, 4, 25], np.int64)


def added(*nodes):
    """Adds integers that are computed from constants to the input."""
    return [*nodes, node("Cast", ["z"], ["w"], to=1), node("Add", ["x", "w"], ["y"])]


def model_of(path, nodes, constants, opset=17):
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [given], [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return model


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        (added(node("Pow", ["c", "e"], ["z"])), {"c": WHOLE, "e": np.float32([2])}),
        (added(node("Cast", ["c"], ["u"], to=12), node("ReduceL1", ["u"], ["z"], axes=[0])), {"c": WHOLE}),
        (added(node("ReduceL1", ["c"], ["z"], axes=[0])), {"c": -WHOLE}),
        (added(node("Relu", ["c"], ["z"])), {"c": WHOLE * [1, -1, 1, -1]}),
        (
            [node("Slice", ["x", "s", "e", "a", "t"], ["y"])],
            dict(zip("seat", np.int64([[-1], [-9], [1], [-2]]), strict=True)),
        ),
    ],
)
def test_odd_constants_are_read_as_they_are_computed(nodes, constants, tmp_path):
    model = model_of(tmp_path / "net.onnx", nodes, constants)
    net = relucirc.load(tmp_path / "net.onnx")
    for x in np.float32([[0, 1, -1, 2], [0.5, -2, 3, -0.25]]):
        (expected,) = ReferenceEvaluator(model).run(None, {"x": x[None]})
        assert [float(v) for v in net.at(*x.tolist())] == expected.ravel().tolist()


@pytest.mark.parametrize(
    ("nodes", "constants", "words"),
    [
        (added(node("Pow", ["c", "e"], ["z"])), {"c": WHOLE, "e": np.float32([0.5])}, "powers that are not whole"),
        ([node("Pad", ["x", "p"], ["y"])], {"p": np.int64([0, 2, 0, -5])}, "cuts off more elements than there are"),
        (
            [node("Slice", ["x", "s", "e", "a", "t"], ["y"])],
            dict(zip("seat", np.int64([[-9], [-99], [1], [-1]]), strict=True)),
            "starts before the first element",
        ),
        ([node("Pad", ["x", "p"], ["y"])], {"p": np.int64([0, -2, 0, -2])}, "outputs without elements"),
    ],
)
def test_what_would_be_read_otherwise_than_it_is_computed_is_refused(nodes, constants, words, tmp_path):
    model_of(tmp_path / "net.onnx", nodes, constants)
    with pytest.raises(relucirc.FileError, match=words):
        relucirc.load(tmp_path / "net.onnx")
