"""Files: what is written is read back bit for bit, and what is not a network is refused in one sentence."""

import contextlib
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP
from relucirc.errors import FileError, NetworkError, RelucircError
from relucirc.files import json_file, npz_file

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
from onnx.reference import ReferenceEvaluator  # noqa: E402

safetensors_numpy = pytest.importorskip("safetensors.numpy", reason="the extra 'safetensors' is not installed")

MINIMUM = {
    "inputs": ["x1", "x2"],
    "layers": [
        {"weight": [["0", "1"], ["0", "-1"], ["-1", "1"]], "bias": ["0", "0", "0"]},
        {"weight": [["1", "-1", "-1"]], "bias": ["0"]},
    ],
}


def net_of(*layers, dtype=np.float32):
    return MLP.from_arrays([(np.asarray(w, dtype), None if b is None else np.asarray(b, dtype)) for w, b in layers])


SMALL = net_of(([[0.1, -2], [3, 4], [0, 1e-30]], [0.5, 0, -1]), ([[1, 0.25, -1]], [0.3]))
POINTS = [(0, 0), (1, -2), (Fraction(1, 3), 5), (-7, Fraction(1, 8))]


def same_function(a, b):
    assert a.sizes == b.sizes
    assert [a.at(*p) for p in POINTS] == [b.at(*p) for p in POINTS]


def same_arrays(a, b):
    assert len(a.layers) == len(b.layers)
    for left, right in zip(a.layers, b.layers, strict=True):
        for x, y in ((left.weight, right.weight), (left.bias, right.bias)):
            if x is None or y is None:
                assert x is y
                continue
            x, y = np.asarray(x), np.asarray(y)
            assert (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes())


@pytest.fixture
def put(tmp_path):
    """Writes a file and returns its path."""

    def write(content, name="net.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def refusal(path, **options):
    """The one sentence that a file is refused with."""
    with pytest.raises(RelucircError) as caught:
        relucirc.load(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 700
    return message


# All formats.


def test_the_contract_file_is_the_minimum(put):
    net = relucirc.load(put(MINIMUM))
    assert net.is_exact
    assert net.inputs == ("x1", "x2")
    assert relucirc.prove(net, "Min(x1, x2)")
    assert relucirc.load(str(put(MINIMUM)), inputs=("a", "b")).inputs == ("a", "b")


@pytest.mark.parametrize("suffix", [".json", ".npz", ".safetensors", ".onnx"])
def test_what_is_saved_is_loaded_again(tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    for net in (SMALL, MLP(SMALL.layers, ("a", "b")), relucirc.circuits.minimum()):
        relucirc.save(net, path)
        again = relucirc.load(path)
        same_function(again, net)
        assert again.inputs == net.inputs
        if suffix == ".json":
            assert again == net.exact()
        elif not net.is_exact:
            same_arrays(again, net)
    assert os.listdir(tmp_path) == [path.name]


@settings(max_examples=25)
@given(st.data())
def test_random_networks_survive_every_format(tmp_path_factory, data):
    from relucirc import strategies

    net = data.draw(strategies.networks())
    folder = tmp_path_factory.mktemp("files")
    relucirc.save(net, folder / "net.json")
    assert relucirc.load(folder / "net.json") == net.exact()
    for suffix in (".npz", ".safetensors", ".onnx"):
        try:
            relucirc.save(net, folder / f"net{suffix}")
        except FileError:
            continue
        again = relucirc.load(folder / f"net{suffix}")
        assert again.sizes == net.sizes
        point = [Fraction(k + 1, 3) for k in range(len(net.inputs))]
        assert again.at(*point) == net.exact().at(*point)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_float_types_are_kept(tmp_path, dtype):
    net = net_of(([[0.1], [-3]], [1, 2]), ([[1, 0.7]], None), dtype=dtype)
    relucirc.save(net, tmp_path / "net.safetensors")
    same_arrays(relucirc.load(tmp_path / "net.safetensors"), net)
    if dtype is not ml_dtypes.bfloat16:
        relucirc.save(net, tmp_path / "net.npz")
        same_arrays(relucirc.load(tmp_path / "net.npz"), net)
        relucirc.save(net, tmp_path / "net.onnx")
        assert relucirc.load(tmp_path / "net.onnx").layers[0].weight.dtype == dtype


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".onnx"])
def test_float_formats_refuse_what_they_would_round(tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    for value in ("1/3", 10**400):
        with pytest.raises(FileError, match=r"save it as \.json"):
            relucirc.save(MLP.from_arrays([([[value]], None)]), path)
    relucirc.save(MLP.from_arrays([([[2**-40 + 1]], None)]), path)
    assert relucirc.load(path).at(1) == (1 + Fraction(1, 2**40),)
    assert relucirc.load(path).layers[0].weight.dtype == np.float64


def test_suffixes_and_missing_files(tmp_path, put):
    for name, words in (
        ("net.h5", "expected one of the suffixes .json, .npz, .onnx, .safetensors, .pt, .pth, got .h5"),
        ("net", "got none"),
        ("missing.json", "no such file"),
    ):
        assert words in refusal(tmp_path / name)
    (tmp_path / "folder.json").mkdir()
    assert "got a directory" in refusal(tmp_path / "folder.json")
    with pytest.raises(FileError, match=r"to save, expected one of the suffixes .*, got \.pt"):
        relucirc.save(SMALL, tmp_path / "net.pt")
    with pytest.raises(FileError, match="cannot be written"):
        relucirc.save(SMALL, tmp_path / "nowhere" / "net.json")
    with pytest.raises(NetworkError, match="expected a network"):
        relucirc.save("net", tmp_path / "net.json")
    for inputs in (("a",), "ab", ("a", "a"), ("a", "1")):
        refusal(put(MINIMUM), inputs=inputs)


def test_symbolic_families_are_not_saved(tmp_path):
    import sympy

    w = sympy.Symbol("w", positive=True)
    with pytest.raises(FileError, match="symbols w"):
        relucirc.save(MLP.from_arrays([([[w]], None), ([[1 / w]], None)]), tmp_path / "net.json")


def test_importing_the_library_imports_no_format():
    code = (
        "import sys, relucirc, relucirc.files; "
        "print([m for m in ('onnx', 'torch', 'safetensors', 'google.protobuf') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("suffix", "package"), [(".onnx", "onnx"), (".safetensors", "safetensors"), (".pt", "torch")])
def test_a_missing_extra_is_named(put, monkeypatch, suffix, package):
    monkeypatch.setitem(sys.modules, package, None)
    assert f"pip install 'relucirc[{package}]'" in refusal(put(b"", f"net{suffix}"))


# JSON.


def test_json_numbers_are_exact(put):
    content = '{"layers": [{"weight": [["0.1", "-1/2", 3, "1e-3"]], "bias": null}]}'
    net = relucirc.load(put(content))
    assert net.inputs == ("x1", "x2", "x3", "x4")
    assert net.at(1, 1, 1, 1) == (Fraction("0.1") - Fraction(1, 2) + 3 + Fraction(1, 1000),)
    digits = "7" * 6000
    long = relucirc.load(put(f'{{"layers": [{{"weight": [[{digits}], ["{digits}"]]}}]}}'))
    assert len(set(long.layers[0].weight.rows)) == 1
    bom = relucirc.load(put(b"\xef\xbb\xbf" + json.dumps(MINIMUM).encode()))
    assert bom.sizes == (2, 3, 1)


def changed(**entries):
    return {**MINIMUM, **entries}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON, got an error at line 1, column 2"),
        (b"\xff\xfe", "UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "expected an object with the key layers, got an empty list"),
        ("{}", "layers is missing"),
        ('{"layers": [], "layers": []}', "'layers' twice"),
        (changed(layers=[]), "at least one layer"),
        (changed(layers={}), "at least one layer"),
        (changed(layers=[[1]]), "layer 0: expected an object with the key weight, got a list of 1"),
        (changed(name="x"), "'name' is unknown"),
        (
            changed(layers=[{"weights": [[1]]}]),
            "layer 0: expected the key weight, and perhaps bias; 'weights' is unknown",
        ),
        (changed(layers=[{"bias": ["1"]}]), "weight is missing"),
        (changed(layers=[{"weight": 3}]), "layer 0: weight: expected a list of rows"),
        (changed(layers=[{"weight": [1, 2]}]), "layer 0: weight: expected a list of rows"),
        (changed(layers=[{"weight": [[], []]}]), "layer 0: weight: expected a list of rows"),
        (changed(layers=[{"weight": [["1", "2"], ["3"]]}]), "row 0 has 2 entries, row 1 has 1"),
        (
            changed(layers=[{"weight": [["1", "2"]], "bias": ["1", "2"]}]),
            "bias: expected one number for each of 1 rows",
        ),
        (
            changed(layers=[{"weight": [["1", "2"]], "bias": "12"}]),
            "bias: expected one number for each of 1 rows",
        ),
        (changed(layers=[{"weight": [["1", "2"]], "bias": [[1]]}]), "bias[0]: expected a number as text"),
        (
            changed(layers=[{"weight": [[1, 0.5]]}]),
            'weight[0][1]: the JSON number 0.5 may be rounded; quote it, as "0.5"',
        ),
        ('{"layers": [{"weight": [[1e3]]}]}', 'the JSON number 1e3 may be rounded; quote it, as "1e3"'),
        ('{"layers": [{"weight": [[-1.0]]}]}', "the JSON number -1.0 may be rounded"),
        ('{"layers": [{"weight": [[NaN]]}]}', "weight[0][0]: expected a finite number, got NaN"),
        ('{"layers": [{"weight": [[-Infinity]]}]}', "expected a finite number, got -Infinity"),
        (changed(layers=[{"weight": [["nan", "1"]]}]), "layer 0: weight[0][0]: expected a rational number"),
        (changed(layers=[{"weight": [["1", "1/0"]]}]), "weight[0][1]: division by zero"),
        (changed(layers=[{"weight": [["1", "__import__('os')"]]}]), "weight[0][1]: expected a rational number"),
        (changed(layers=[{"weight": [["1", "1e999999999"]]}]), "exponent too large"),
        (changed(layers=[{"weight": [["1", None]]}]), "weight[0][1]: expected a number as text"),
        (changed(layers=[{"weight": [[True, "1"]]}]), "weight[0][0]: expected a number as text"),
        (changed(layers=MINIMUM["layers"][:1] * 2), "layer 0 gives 3 values but layer 1 takes 2"),
        (changed(inputs=["x"]), "expected 2 input names"),
        (changed(inputs="ab"), "inputs: expected a list of names"),
        (changed(inputs=[1, 2]), "inputs: expected a list of names"),
        (changed(inputs=["x", "x"]), "unique input names"),
        (changed(inputs=["x y", "z"]), "expected identifiers"),
    ],
)
def test_wrong_json_is_refused_in_one_sentence(put, content, words):
    assert words in refusal(put(content))


def test_huge_json_is_refused_before_it_is_read(put, monkeypatch):
    monkeypatch.setattr(json_file, "MAX_BYTES", 100)
    assert "at most 100 bytes" in refusal(put(MINIMUM))


def test_a_wide_sparse_network_file(tmp_path):
    n = 256
    eye = [["1" if i % n == j else "0" for j in range(n)] for i in range(2 * n)]
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"layers": [{"weight": eye}, {"weight": [["1", "-1"] * n]}]}))
    net = relucirc.load(path)
    assert net.sizes == (n, 2 * n, 1)
    assert len(net.layers[0].weight.rows[5]) == 1


# Arrays by name.


def arrays_file(path, arrays):
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".safetensors":
        safetensors_numpy.save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, path)
    else:
        torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")
        torch.save({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()}, path)
    return path


W0, B0 = np.array([[0.1, -2], [3, 4], [0, 1e-30]], np.float32), np.array([0.5, 0, -1], np.float32)
W1, B1 = np.array([[1, 0.25, -1]], np.float32), np.array([0.3], np.float32)
NAMES = [
    ("W0", "b0", "W1", "b1"),
    ("W1", "b1", "W2", "b2"),
    ("w_0", "b_0", "w_1", "b_1"),
    ("weight_0", "bias_0", "weight_1", "bias_1"),
    ("0.weight", "0.bias", "2.weight", "2.bias"),
    ("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"),
    ("net.fc9.weight", "net.fc9.bias", "net.fc10.weight", "net.fc10.bias"),
    ("hidden.weight", "hidden.bias", "out.weight", "out.bias"),
]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
@pytest.mark.parametrize("names", NAMES)
def test_naming_conventions(tmp_path, suffix, names):
    arrays = dict(zip(names, (W0, B0, W1, B1), strict=True))
    shuffled = dict(reversed(arrays.items()))
    net = relucirc.load(arrays_file(tmp_path / f"net{suffix}", shuffled))
    same_arrays(net, SMALL)


def test_kernels_are_transposed_and_biases_may_be_missing(tmp_path):
    arrays = {"params/Dense_0/kernel": W0.T, "params/Dense_0/bias": B0, "params/Dense_1/kernel": W1.T}
    net = relucirc.load(arrays_file(tmp_path / "net.safetensors", arrays))
    same_arrays(net, MLP.from_arrays([(W0, B0), (W1, None)]))


def test_integer_arrays_are_exact(tmp_path):
    net = relucirc.load(arrays_file(tmp_path / "net.npz", {"W0": np.array([[2**62 + 1]]), "b0": np.array([-1])}))
    assert net.at(1) == (2**62,)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "got none"),
        ({"x": W0}, "expected the weights and biases of a plain perceptron, named like"),
        ({"W0": W0, "b0": B0, "bn.running_mean": B0}, "'bn.running_mean'"),
        ({"b0": B0}, "got '0'"),
        ({"W0": W0, "w0": W0}, "both the w of layer '0'"),
        ({"W0": W0[0]}, "W0: expected a matrix, got an array of shape (2,)"),
        ({"W0": W0[None]}, "W0: expected a matrix, got an array of shape (1, 3, 2)"),
        ({"W0": W0, "b0": B0[:, None]}, "b0: expected a vector"),
        ({"W0": W0, "b0": B0[:2]}, "expected one entry for each of the 3 rows"),
        ({"W0": W0, "W1": W0}, "layer 0 gives 3 values but layer 1 takes 2"),
        ({"W0": np.array([[np.nan]])}, "expected finite numbers, got nan"),
        ({"W0": np.array([[np.inf]], np.float32)}, "expected finite numbers, got inf"),
        ({"a.weight": np.eye(2), "b.weight": np.eye(2)}, "their shapes fit in several orders; number them"),
        ({"a.weight": W0, "b.weight": W0}, "their shapes fit in no order"),
    ],
)
def test_wrong_arrays_are_refused_in_one_sentence(tmp_path, suffix, arrays, words):
    assert words in refusal(arrays_file(tmp_path / f"net{suffix}", arrays))


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
def test_arrays_that_are_not_real_numbers_are_refused(tmp_path, suffix):
    for array in (np.array([[True]]), np.array([[1j]], np.complex64)):
        message = refusal(arrays_file(tmp_path / f"net{suffix}", {"W0": array}))
        assert "W0: expected" in message
        assert "numbers, got" in message


# NumPy archives.


def test_pickled_archives_are_refused_and_never_run(tmp_path):
    mark = tmp_path / "ran"
    path = tmp_path / "net.npz"
    np.savez(path, W0=np.array([[Harmful(mark)]], dtype=object), allow_pickle=True)
    assert "pickled objects, which are never loaded" in refusal(path)
    assert not mark.exists()


class Harmful:
    """Creates a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return (open, (self.mark, "w"))


def archive(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def npy(shape, descr="<f4", data=b""):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"W0.npy": npy("(1000000, 1000000)")}, "got fewer"),
        ({"W0.npy": npy("(-1, 2)")}, "got fewer"),
        ({"W0.npy": npy("(2, 2)", data=b"\0" * 12)}, "expected 16 bytes"),
        ({"W0.npy": b"no array"}, "not a NumPy array"),
        ({"W0.npy": npy("(2, __import__)")}, "not a NumPy array"),
        ({"W0.txt": b""}, "the member 'W0.txt'"),
        ({"W0.npy": npy("(1, 1)", "<U1", b"a\0\0\0")}, "expected numbers, got an array of dtype <U1"),
        ({"inputs.npy": npy("(1,)", "<f4", b"\0" * 4)}, "inputs: expected a vector of names"),
    ],
)
def test_broken_archives_are_refused_in_one_sentence(tmp_path, members, words):
    assert words in refusal(archive(tmp_path / "net.npz", members))


def test_archives_that_unpack_to_too_much_are_refused(tmp_path, monkeypatch):
    path = archive(tmp_path / "net.npz", {"W0.npy": npy("(500, 500)", data=b"\0" * 1_000_000)})
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(npz_file, "MAX_BYTES", 1 << 16)
    assert "unpacks to 1000128 bytes" in refusal(path)


def test_other_files_are_not_archives(put, tmp_path):
    assert "expected a NumPy .npz archive" in refusal(put(b"PK\x03\x04 nothing", "net.npz"))
    bad = bytearray(arrays_file(tmp_path / "good.npz", {"W0": W0}).read_bytes())
    bad[60] ^= 255
    refusal(put(bytes(bad), "bad.npz"))
    packed = archive(tmp_path / "lzma.npz", {"W0.npy": npy("(1, 1)", data=b"\0" * 4)}, zipfile.ZIP_LZMA)
    assert "another compression" in refusal(packed)


# safetensors.


def test_wrong_safetensors_are_refused_in_one_sentence(put):
    for content in (b"", b"\xff" * 64, struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 10**15) + b"{}"):
        assert "expected a safetensors file" in refusal(put(content, "net.safetensors"))
    header = json.dumps({"W0": {"dtype": "BOOL", "shape": [1, 1], "data_offsets": [0, 1]}}).encode()
    assert "type BOOL" in refusal(put(struct.pack("<Q", len(header)) + header + b"\x01", "net.safetensors"))
    for inputs in ("[", "3", "[1]"):
        data = safetensors_numpy.save({"W0": W0}, metadata={"inputs": inputs})
        assert "JSON list of names" in refusal(put(data, "net.safetensors"))


def test_float8_weights_are_exact(put):
    header = json.dumps({"W0": {"dtype": "F8_E5M2", "shape": [1, 1], "data_offsets": [0, 1]}}).encode()
    path = put(struct.pack("<Q", len(header)) + header + b"\x39", "net.safetensors")
    assert relucirc.load(path).at(1) == (Fraction(5, 8),)


# PyTorch.


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="the extra 'torch' is not installed")


def test_a_torch_model_is_read_from_its_state_dict(tmp_path, torch):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    for content in (model.state_dict(), {"epoch": 3, "state_dict": model.state_dict()}):
        torch.save(content, tmp_path / "net.pt")
        net = relucirc.load(tmp_path / "net.pt")
        arrays = [(model[i].weight.detach().numpy(), model[i].bias.detach().numpy()) for i in (0, 2)]
        same_arrays(net, MLP.from_arrays(arrays))
    torch.save(model.bfloat16().state_dict(), tmp_path / "net.pth")
    assert relucirc.load(tmp_path / "net.pth").layers[0].weight.dtype == ml_dtypes.bfloat16


def test_a_harmful_torch_file_is_refused_and_never_run(tmp_path, torch):
    mark, path = tmp_path / "ran", tmp_path / "net.pt"
    torch.save({"0.weight": Harmful(mark)}, path)
    assert "it could run code" in refusal(path)
    path.write_bytes(pickle.dumps(Harmful(mark)))
    refusal(path)
    assert not mark.exists()


def test_wrong_torch_files_are_refused_in_one_sentence(tmp_path, put, torch):
    model = torch.nn.Linear(1, 1)
    torch.save(model, tmp_path / "net.pt")
    assert "torch.save(model.state_dict(), path)" in refusal(tmp_path / "net.pt")
    for content in ([torch.eye(2)], {1: torch.eye(2)}, torch.eye(2)):
        torch.save(content, tmp_path / "net.pt")
        assert "expected a state dict" in refusal(tmp_path / "net.pt")
    for content in (b"", b"nothing", b"PK\x03\x04" + b"\0" * 40):
        refusal(put(content, "net.pt"))
    torch.save({"0.weight": torch.eye(2).to_sparse()}, tmp_path / "net.pt")
    assert "expected a dense tensor" in refusal(tmp_path / "net.pt")
    torch.save({"0.weight": "text"}, tmp_path / "net.pt")
    assert "expected a dense tensor, got str" in refusal(tmp_path / "net.pt")


# ONNX.

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
        node("Neg", "u", "v"),
        node("Concat", "ones v", "w", axis=0),
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
    "lo": np.array(-1.0),
    "hi": np.array(0.5),
    "two": np.array([2.0, -1]),
    "four": np.array(4.0),
    "x1": np.array([0.75]),
    "zero": np.array(0),
    "zeros": np.array([0]),
    "ones": np.array([1]),
    "minus": np.array([-1]),
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
        ([node("Max", "x x x")], ("n", 2), "only two are read"),
        ([node("Clip", "x hi lo")], ("n", 2), "wrong way round"),
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
        ([node("Add", "zero ones", "s"), node("Div", "s s", "q")], ("n", 2), "it divides integers"),
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


def test_broken_bytes_never_crash_a_reader(tmp_path):
    rng = np.random.default_rng(0)
    for suffix in (".json", ".npz", ".safetensors", ".onnx"):
        path = tmp_path / f"net{suffix}"
        relucirc.save(SMALL, path)
        good = path.read_bytes()
        for _ in range(60):
            bad = bytearray(good)
            for place in rng.integers(0, len(bad), 3):
                bad[place] = rng.integers(256)
            path.write_bytes(bytes(bad[: rng.integers(len(bad) // 2, len(bad) + 1)]))
            with contextlib.suppress(RelucircError):
                relucirc.load(path)


def test_reading_from_memory_is_not_offered_by_accident():
    with pytest.raises(TypeError):
        relucirc.load(io.BytesIO(b"{}"))
