"""Hostile files are refused in one sentence; the table in docs/files.md lists them, and is this test."""

import gzip
import json
import os
import pickle
import re
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pt2_files
import pytest
from stored import MINIMUM, SMALL, refusal

import relucirc
from relucirc.checker import lines
from relucirc.checker.data import Rejected
from relucirc.core.errors import FileError
from relucirc.language.vnnlib import property_of

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
safetensors_numpy = pytest.importorskip("safetensors.numpy", reason="the extra 'safetensors' is not installed")

PAGE = Path(__file__).parent.parent / "docs" / "files.md"
HOSTILE = {}


def hostile(suffix, what):
    """Enters what makes a file into the table; it gets the path, and writes it."""

    def enter(make):
        HOSTILE[f"`{suffix}`", what] = make
        return make

    return enter


class Harmful:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (self.mark, "w"))


def cut_off(path):
    relucirc.save(SMALL, path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


for suffix in (".json", ".npz", ".safetensors", ".onnx"):
    hostile(suffix, "is cut off")(cut_off)


@hostile(".json", "nests 100,000 deep")
def _(path):
    path.write_text("[" * 100_000)


@hostile(".json", "is 300 MB long")
def _(path):
    with path.open("wb") as file:
        file.truncate(300_000_000)


@hostile(".json", "has a number with 10^9 digits")
def _(path):
    path.write_text(json.dumps({"layers": [{"weight": [["1e999999999"]]}]}))


@hostile(".json", "has a weight NaN")
def _(path):
    path.write_text('{"layers": [{"weight": [[NaN]]}]}')


@hostile(".json", "has a key twice")
def _(path):
    path.write_text(json.dumps(MINIMUM)[:-1] + ', "inputs": ["x2", "x1"]}')


@hostile(".json", "is a link to an endless device")
def _(path):
    path.symlink_to("/dev/zero")


def npy(shape, data=b""):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def archive(path, *members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content)


@hostile(".npz", "has an array of 10^12 elements in 1 kB")
def _(path):
    archive(path, ("W0.npy", npy("(1000000, 1000000)")))


@hostile(".npz", "says that it unpacks to 4 GB")
def _(path):
    archive(path, ("W0.npy", npy("(1, 1)", b"\0" * 4)))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 4_000_000_000)
    path.write_bytes(data)


@hostile(".npz", "has a pickle that runs code")
def _(path):
    np.savez(path, W0=np.array([Harmful(str(path) + ".ran")], object), allow_pickle=True)


@hostile(".npz", "has a name twice")
def _(path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive(path, ("W0.npy", npy("(1, 1)", b"\0" * 4)), ("W0.npy", npy("(1, 1)", b"\1" * 4)))


@hostile(".npz", "has an infinite weight")
def _(path):
    np.savez(path, W0=np.array([[np.inf]], np.float32))


@hostile(".safetensors", "has a header of 10^15 bytes")
def _(path):
    path.write_bytes(struct.pack("<Q", 10**15) + b"{}")


@hostile(".safetensors", "has a tensor of 10^18 elements in 1 kB")
def _(path):
    header = json.dumps({"W0": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 4)


@hostile(".safetensors", "has a weight NaN")
def _(path):
    path.write_bytes(safetensors_numpy.save({"W0": np.array([[np.nan]], np.float32)}))


@hostile(".pt", "is a pickle that runs code")
def _(path):
    pytest.importorskip("torch")
    path.write_bytes(pickle.dumps(Harmful(str(path) + ".ran")))


@hostile(".pt", "has a tensor of 9*10^8 elements in 1 kB")
def _(path):
    torch = pytest.importorskip("torch")
    torch.save({"0.weight": torch.zeros(1).expand(30000, 30000)}, path)


@hostile(".pt", "has a weight NaN")
def _(path):
    torch = pytest.importorskip("torch")
    torch.save({"0.weight": torch.full((1, 1), float("nan"))}, path)


@hostile(".pt2", "is cut off")
def _(path):
    path.write_bytes(pt2_files.minimum()[:-200])


@hostile(".pt2", "has a pickle that runs code in place of a tensor")
def _(path):
    made, config = pt2_files.program(*pt2_files.MINIMUM)
    config["config"]["w0"]["use_pickle"] = True
    path.write_bytes(pt2_files.packed(made, config, [pickle.dumps(Harmful(str(path) + ".ran")), b""]))


@hostile(".pt2", "has an expression as a size, which PyTorch would evaluate")
def _(path):
    made, config = pt2_files.program(*pt2_files.MINIMUM)
    expression = {"as_expr": {"expr_str": f"open({str(path) + '.ran'!r}, 'w')", "hint": None}}
    made["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][1] = expression
    path.write_bytes(pt2_files.packed(made, config, [pt2_files.W0.tobytes(), pt2_files.W1.tobytes()]))


@hostile(".pt2", "has a tensor of 10^18 elements in 1 kB")
def _(path):
    made, config = pt2_files.program(*pt2_files.MINIMUM)
    config["config"]["w0"]["tensor_meta"] |= {"sizes": [{"as_int": 10**9}] * 2, "strides": [{"as_int": 0}] * 2}
    path.write_bytes(pt2_files.packed(made, config, [b"\0" * 4, b"\0" * 4]))


@hostile(".pt2", "asks for 10^9 elements in 1 kB")
def _(path):
    many = pt2_files.operation("expand.default", ["x", {"as_ints": [10**5, 10**4]}], "y")
    path.write_bytes(pt2_files.packed(*pt2_files.program([many], {}, (1, 1), "y"), []))


@hostile(".pt2", "names an operation in 3,000 characters")
def _(path):
    named = pt2_files.operation("(" * 3000 + ".default", ["x"], "y")
    path.write_bytes(pt2_files.packed(*pt2_files.program([named], {}, (1, 1), "y"), []))


@hostile(".pt2", "puts its numbers side by side with themselves 40 times")
def _(path):
    def twice(name):
        return {"as_tensors": [{"name": name}, {"name": name}]}

    steps = [pt2_files.operation("cat.default", [twice(f"w{k}")], f"w{k + 1}") for k in range(40)]
    made, config = pt2_files.program(steps, {"w0": np.ones(4096, np.float32)}, (1, 1), "w40")
    path.write_bytes(pt2_files.packed(made, config, [np.ones(4096, np.float32).tobytes()]))


@hostile(".pt2", "has a value that nothing gives")
def _(path):
    path.write_bytes(pt2_files.packed(*pt2_files.program([], {}, (1, 1), "y"), []))


def model(path, nodes, constants=(), **more):
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, outputs, **attributes) for kind, inputs, outputs, attributes in nodes],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **more)
    path.write_bytes(made.SerializeToString())
    return made


W = ("w", np.ones((4, 1), np.float32))
PRODUCT = ("MatMul", ["x", "w"], ["y"], {})


@hostile(".onnx", "asks for 10^9 elements in 1 kB")
def _(path):
    model(path, [("Expand", ["x", "n"], ["y"], {})], [("n", np.array([10**9, 4]))])


@hostile(".onnx", "has a cycle of nodes")
def _(path):
    model(path, [("Add", ["x", "z"], ["y"], {}), ("Relu", ["y"], ["z"], {})])


@hostile(".onnx", "has a function that calls itself")
def _(path):
    helper = onnx.helper
    node = helper.make_node("F", ["a"], ["b"], domain="own")
    endless = helper.make_function("own", "F", ["a"], ["b"], [node], [helper.make_opsetid("own", 1)])
    model(path, [("F", ["x"], ["y"], {"domain": "own"})], functions=[endless])


@hostile(".onnx", "has two values of one name")
def _(path):
    model(path, [PRODUCT], [W, ("w", np.zeros((4, 1), np.float32))])


@hostile(".onnx", "has a weight NaN")
def _(path):
    model(path, [PRODUCT], [("w", np.full((4, 1), np.nan, np.float32))])


@hostile(".onnx", "names data outside of its folder")
def _(path):
    outside(path, f"../{path.parent.name}-secret")


@hostile(".onnx", "has data behind a link out of its folder")
def _(path):
    (path.parent / "data").symlink_to(outside(path, "data"))


def outside(path, location):
    secret = path.parent.parent / f"{path.parent.name}-secret"
    secret.write_bytes(np.ones(4, np.float32).tobytes())
    made = model(path, [PRODUCT], [W])
    onnx.external_data_helper.set_external_data(made.graph.initializer[0], location, 0, 16)
    made.graph.initializer[0].ClearField("raw_data")
    path.write_bytes(made.SerializeToString())
    return secret


@hostile(".vnnlib", "nests 10,000 deep")
def _(path):
    path.write_text("(" * 10_000 + ")" * 10_000)


@hostile(".vnnlib", "has 2^60 alternatives")
def _(path):
    declared = "(declare-const X_0 Real)(declare-const Y_0 Real)"
    path.write_text(declared + "(assert (or (< X_0 1) (> Y_0 2)))" * 60)


@hostile(".vnnlib", "has a tensor of 10^14 elements")
def _(path):
    path.write_text("(declare-network f (declare-input X real [9999999,9999999]) (declare-output Y real [1]))")


@hostile(".vnnlib", "is an endless device")
def _(path):
    path.symlink_to("/dev/zero")


def rows_of_the_page():
    table = PAGE.read_text("utf-8").partition("## Hostile files")[2]
    rows = re.findall(r"^\| (`\.\w+`) \| (.*?) \| (.*?) \|$", table, re.MULTILINE)
    return {(suffix, what): words for suffix, what, words in rows}


def test_the_table_lists_these_files():
    assert list(rows_of_the_page()) == sorted(HOSTILE, key=lambda key: SUFFIXES.index(key[0]))


SUFFIXES = ["`.json`", "`.npz`", "`.safetensors`", "`.pt`", "`.pt2`", "`.onnx`", "`.vnnlib`"]


@pytest.mark.parametrize("key", HOSTILE, ids=" ".join)
def test_a_hostile_file_is_refused_as_the_table_says(tmp_path, monkeypatch, key):
    from relucirc.language import vnnlib

    monkeypatch.setattr(vnnlib, "MAX_CHARACTERS", 1 << 20)
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / f"net{key[0].strip('`')}"
    HOSTILE[key](path)
    if path.suffix == ".vnnlib":
        with pytest.raises(FileError) as caught:
            property_of(path)
        said = str(caught.value)
    else:
        said = refusal(path)
    for words in rows_of_the_page()[key].split("..."):
        assert words.strip() in said
    assert not list(folder.glob("*.ran"))


def test_a_file_of_torch_export_is_read_without_pytorch(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "net.pt2").write_bytes(pt2_files.minimum())
    net = relucirc.load(tmp_path / "net.pt2")
    assert net == relucirc.circuits.minimum().astype("float32")
    assert relucirc.prove(net, "Min(x1, x2)")


def test_tensors_of_one_storage_take_no_memory_of_their_own(tmp_path):
    made, config = pt2_files.program(*pt2_files.MINIMUM)
    entry = config["config"]["w0"]["tensor_meta"] | {"sizes": [{"as_int": 1 << 20}], "strides": [{"as_int": 0}]}
    config["config"] |= {f"v{k}": config["config"]["w0"] | {"tensor_meta": entry} for k in range(1000)}
    path = tmp_path / "net.pt2"
    path.write_bytes(pt2_files.packed(made, config, [pt2_files.W0.tobytes(), pt2_files.W1.tobytes()]))
    tracemalloc.start()
    try:
        assert relucirc.load(path) == relucirc.circuits.minimum().astype("float32")
        assert tracemalloc.get_traced_memory()[1] < 1 << 26
    finally:
        tracemalloc.stop()


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "net.json")
    assert "expected an ordinary file, got a device or a pipe" in refusal(tmp_path / "net.json")


def test_a_long_line_of_a_certificate_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", 10_000)
    path = tmp_path / "proof.json.gz"
    path.write_bytes(gzip.compress(b" " * 1_000_000))
    assert path.stat().st_size < 10_000
    with pytest.raises(FileError, match="expected a certificate"), lines.opened(path):
        pass
    assert not relucirc.check(relucirc.circuits.minimum(), "Min(x1, x2)", path)
    path.write_bytes(gzip.compress(b'{"boxes": {"lines": 1}}\n' + b" " * 1_000_000))
    with lines.opened(path) as reader, pytest.raises(Rejected, match="a line of the certificate's file is too long"):
        list(reader.certificate["boxes"])
