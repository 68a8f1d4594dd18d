"""ONNX models mean the function that ONNX runs, exactly, or are refused in one sentence."""

import contextlib
from fractions import Fraction

import numpy as np
import pytest
from stored import net_of, refusal, same_arrays

import relucirc

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
from onnx.reference import ReferenceEvaluator  # noqa: E402

helper = onnx.helper


def model_of(nodes, constants=(), shape=("batch", 2), outputs=("y",), dtype=np.float32, path=None):
    """Writes a model with the input x."""
    tensors = [
        onnx.numpy_helper.from_array(np.asarray(v, dtype if np.asarray(v).dtype.kind == "f" else None), name)
        for name, v in dict(constants).items()
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def node(kind, inputs, outputs="y", **attributes):
    names = outputs.split()
    operands = inputs.split(" ") if inputs else []
    return helper.make_node(kind, operands, names, name=f"{kind.lower()}_{names[0]}", **attributes)


DYADIC = [(0, 0), (1, -2), (0.5, 0.25), (-3, 1.75), (2, 2)]


def run_onnx(path, point, shape):
    """The values by the evaluator that comes with onnx, and by onnxruntime where it is installed."""
    array = np.array(point, np.float32).reshape(shape)
    session = ReferenceEvaluator(str(path))
    results = session.run(None, {session.input_names[0]: array})
    with contextlib.suppress(ImportError):
        from onnxruntime import InferenceSession

        again = InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {session.input_names[0]: array})
        assert all(map(np.array_equal, results, again))
    return [Fraction(float(v)) for result in results for v in result.ravel()]


def fractions(net, point):
    return [Fraction(int(v.p), int(v.q)) for v in net.at(*map(Fraction, point))]


C = {"A": np.array([[1.0, -2, 0.5], [0.25, 3, -1]]), "c": np.array([0.5, 0, -1]), "B": np.array([[1.0], [-1], [2]])}
MODELS = {
    "matmul add": [node("MatMul", "x A", "h"), node("Add", "c h", "i"), node("Relu", "i", "j"), node("MatMul", "j B")],
    "gemm": [
        node("Gemm", "x A c", "h", alpha=0.5, beta=2.0),
        node("Relu", "h", "j"),
        node("Gemm", "B j", "y", transA=1, transB=1),
    ],
    "stacks of matrices": [
        node("Unsqueeze", "x zeros", "h"),
        node("MatMul", "h S", "i"),
        node("Relu", "i", "j"),
        node("MatMul", "T j", "k"),
        node("MatMul", "k v", "l"),
        node("MatMul", "v k"),
    ],
    "two affine in a row": [node("MatMul", "x A", "h"), node("MatMul", "h B", "i"), node("Neg", "i")],
    "ends with relu": [node("MatMul", "x A", "h"), node("Relu", "h")],
    "skip": [
        node("MatMul", "x A", "h"),
        node("Relu", "h", "i"),
        node("MatMul", "i B", "j"),
        node("Relu", "j", "k"),
        node("Add", "k x", "l"),
        node("Sub", "l j"),
    ],
    "two branches": [
        node("Relu", "x", "p"),
        node("Neg", "x", "n"),
        node("Relu", "n", "m"),
        node("Concat", "p m x", "y", axis=1),
    ],
    "leaky": [node("MatMul", "x A", "h"), node("LeakyRelu", "h", "y", alpha=0.25)],
    "prelu": [node("MatMul", "x A", "h"), node("PRelu", "h c")],
    "abs": [node("MatMul", "x A", "h"), node("Sub", "h c", "d"), node("Abs", "d")],
    "min and max": [node("MatMul", "x A", "h"), node("Max", "h c", "i"), node("Min", "i x1")],
    "several": [
        node("Max", "x x1 two", "h"),
        node("Min", "h x four", "i"),
        node("Sum", "h i x", "j"),
        node("Mean", "j x", "k"),
        node("Clip", "x hi lo", "l"),  # crossed
        node("Max", "k l"),
    ],
    "clip": [node("MatMul", "x A", "h"), node("Clip", "h lo hi", "i"), node("Clip", "i lo", "j"), node("Clip", "j  ")],
    "scale": [node("Mul", "x two", "h"), node("Div", "h four", "i"), node("Sum", "i i x")],
    "shapes": [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "b", axis=0),
        node("Unsqueeze", "b zeros", "b1"),
        node("Concat", "b1 minus", "t", axis=0),
        node("Relu", "x", "h"),
        node("Reshape", "h t", "i"),
        node("Transpose", "i", "j", perm=[1, 0]),
        node("Squeeze", "j ones", "k"),
        node("Slice", "k zeros ones", "l"),
        node("Identity", "l", "m"),
        node("Dropout", "m", "n"),
        node("Flatten", "n", "o", axis=0),
        node("Cast", "o", "y", to=1),
    ],
    "integers": [
        node("Add", "ones ones", "s"),
        node("Sub", "s zero", "t"),
        node("Mul", "t minus", "u"),
        node("Neg", "u", "n"),
        node("Concat", "ones n", "w", axis=0),
        node("Reshape", "x w", "r"),
        node("Cast", "u", "f", to=1),
        node("Mul", "r f"),
    ],
    "constant": [
        node("Constant", "", "k", value=onnx.numpy_helper.from_array(np.array([2.0, -1], np.float32))),
        node("Constant", "", "l", value_float=0.5),
        node("Mul", "x k", "h"),
        node("Add", "h l"),
    ],
}
EXTRA = {
    "S": np.arange(-8.0, 8).reshape(4, 2, 2),
    "T": np.array([[2.0], [-1]]),
    "v": np.array([0.5, -3]),
    "lo": np.array(-1.0),
    "hi": np.array(0.5),
    "two": np.array([2.0, -1]),
    "four": np.array(4.0),
    "x1": np.array([0.75]),
    "zero": np.array(0),
    "zeros": np.array([0]),
    "ones": np.array([1]),
    "minus": np.array([-1]),
    "zeros_f": np.array([0.0]),
    "inf": np.array(np.inf),
    "nan": np.array(np.nan),
    "byte": np.array([200, 1], np.uint8),
}


@pytest.mark.parametrize("name", MODELS)
def test_onnx_models_fold_to_the_function_that_onnx_runs(tmp_path, name):
    nodes = MODELS[name]
    used = {i for n in nodes for i in n.input}
    constants = {k: v for k, v in {**C, **EXTRA}.items() if k in used}
    path = model_of(nodes, constants, path=tmp_path / "net.onnx")
    net = relucirc.load(path)
    assert not net.is_exact
    for point in DYADIC:
        expected = run_onnx(path, point, (1, 2))
        assert fractions(net, point) == expected


def test_stacks_of_empty_matrices_take_no_time(tmp_path):
    empty = {"E": np.zeros((20_000, 1, 0, 2)), "F": np.zeros((1, 20_000, 2, 1))}
    net = relucirc.load(model_of([node("MatMul", "E F", "h"), node("Neg", "x")], empty, path=tmp_path / "net.onnx"))
    assert net.at(1, 2) == (-1, -2)


def test_standard_onnx_chains_keep_their_layers(tmp_path):
    net = net_of((np.zeros((3, 2)), [0, 0, 1]), ([[1, 2, 3]], [1]))
    relucirc.save(net, tmp_path / "net.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "net.onnx"))
    same_arrays(relucirc.load(tmp_path / "net.onnx"), net)
    for point in DYADIC:
        assert run_onnx(tmp_path / "net.onnx", point, (1, 2)) == fractions(net, point)


def test_folding_that_would_round_gives_an_exact_network(tmp_path):
    nodes = [node("Mul", "x third", "h"), node("Mul", "h third")]
    net = relucirc.load(model_of(nodes, {"third": np.array(1 / 3)}, shape=("n", 1), path=tmp_path / "net.onnx"))
    assert net.is_exact
    assert net.at(1) == (Fraction(float(np.float32(1 / 3))) ** 2,)


def test_all_unknown_onnx_operators_are_named_at_once(tmp_path):
    nodes = [node("Sigmoid", "x", "h"), node("MatMul", "h A", "i"), node("Softmax", "i")]
    message = refusal(model_of(nodes, {"A": C["A"]}, path=tmp_path / "net.onnx"))
    assert "Sigmoid (node 'sigmoid_h'), Softmax (node 'softmax_y')" in message
    assert "Gemm" in message


@pytest.mark.parametrize(
    ("nodes", "shape", "words"),
    [
        ([node("Mul", "x x")], ("n", 2), "node 'mul_y' (Mul): both factors depend on the inputs"),
        ([node("Div", "x x")], ("n", 2), "the divisor depends on the inputs"),
        ([node("MatMul", "x A")], ("n", 3), "it multiplies the shapes (1, 3) and (2, 3)"),
        ([node("Add", "x c")], ("n", 2), "its operands do not fit"),
        ([node("Relu", "x")], (4, 2), "export the model for a batch of 1"),
        ([node("Relu", "x")], ("n", "m"), "got the shape (?, ?)"),
        ([node("Relu", "x")], None, "of known shape"),
        ([node("Clip", "x inf")], ("n", 2), "its min is inf"),
        ([node("Clip", "x  nan")], ("n", 2), "its max is nan"),
        ([node("Relu", "x", "r"), node("Div", "two r")], ("n", 2), "the divisor depends on the inputs"),
        (
            [node("Relu", "x", "r"), node("Cast", "x", "b", to=9), node("Cast", "b", "f", to=1), node("Add", "f r")],
            ("n", 2),
            "node 'cast_b' (Cast): whether a value is zero depends on the inputs",
        ),
        ([node("Add", "byte byte", "s"), node("Cast", "s", "f", to=1), node("Mul", "x f")], ("n", 2), "uint8 integers"),
        ([node("Neg", "byte", "s"), node("Cast", "s", "f", to=1), node("Mul", "x f")], ("n", 2), "uint8 integers"),
        (
            [node("Div", "minus ones", "q"), node("Cast", "q", "f", to=1), node("Mul", "x f")],
            ("n", 2),
            "divides integers",
        ),
        ([node("Sign", "x")], ("n", 2), "node 'sign_y' (Sign): it jumps, or is not seen to be continuous"),
        ([node("Pow", "x four")], ("n", 2), "both factors depend on the inputs"),
        ([node("Cast", "x", "y", to=7)], ("n", 2), "rounding to int64 of a value that depends on the inputs"),
        ([node("Greater", "x zeros_f")], ("n", 2), "expected numbers as outputs, got conditions"),
        ([node("TopK", "x ones", "v i"), node("Cast", "i", "y", to=1)], ("n", 2), "(TopK): its output 2 is not read"),
    ],
)
def test_wrong_onnx_models_are_refused_in_one_sentence(tmp_path, nodes, shape, words):
    used = {i for n in nodes for i in n.input}
    constants = {k: v for k, v in {**C, **EXTRA}.items() if k in used}
    assert words in refusal(model_of(nodes, constants, shape=shape, path=tmp_path / "net.onnx"))


def test_onnx_models_that_broadcast_in_the_old_way_are_refused(tmp_path):
    path = model_of([node("Add", "x c", broadcast=1, axis=1)], {"c": np.ones(2)}, (1, 2, 2), path=tmp_path / "net.onnx")
    model = onnx.load(path)
    for opsets in ([helper.make_opsetid("", 6)], []):
        del model.opset_import[:]
        model.opset_import.extend(opsets)
        path.write_bytes(model.SerializeToString())
        assert "expected ONNX opset 7 or newer" in refusal(path)


def test_other_files_are_not_onnx_models(put):
    for content in (b"\xff\xff\xff", b"text", b""):
        refusal(put(content, "net.onnx"))


def test_infinite_onnx_weights_are_refused(tmp_path):
    assert "finite" in refusal(model_of([node("Add", "x k")], {"k": np.array([np.inf])}, path=tmp_path / "net.onnx"))
    assert "infinite" in refusal(
        model_of([node("MatMul", "x k")], {"k": np.array([[np.nan], [1]])}, path=tmp_path / "net.onnx")
    )


def test_external_data_is_read_from_the_models_folder_alone(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    path = model_of(MODELS["matmul add"], C, path=folder / "net.onnx")
    expected = relucirc.load(path)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    same_arrays(relucirc.load(path), expected)
    secret = tmp_path / "weights.bin"
    (folder / "weights.bin").rename(secret)
    assert "its data should be in the model's folder" in refusal(path)
    model = onnx.load(path, load_external_data=False)
    for location in ("../weights.bin", str(secret), ""):
        for tensor in model.graph.initializer:
            next(e for e in tensor.external_data if e.key == "location").value = location
        path.write_bytes(model.SerializeToString())
        assert "its data should be in the model's folder" in refusal(path)
    (folder / "link.bin").symlink_to(secret)
    for tensor in model.graph.initializer:
        next(e for e in tensor.external_data if e.key == "location").value = "link.bin"
    path.write_bytes(model.SerializeToString())
    assert "its data should be in the model's folder" in refusal(path)


def test_an_empty_file_is_named_as_one(put):
    path = put(b"", "net.onnx")
    assert refusal(path) == f"{path}: expected an ONNX model, got an empty file."


def test_bytes_without_a_model_are_no_old_model(put):
    for content in (b"\xfa\x01\x00", b"\x9a\x06\x03abc"):  # fields that the format does not know
        assert "expected an ONNX model, got" in refusal(put(content, "net.onnx"))
