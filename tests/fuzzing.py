"""Hostile files for every reader: valid ones, broken by Hypothesis byte by byte and field by field; and what to expect.

A reader may accept a file, or refuse it in one sentence.  :func:`examine` runs it and says what else it did.  A
container with checksums or lengths is broken inside and put together again, so that what is broken is reached.
"""

import contextlib
import io
import json
import pickle
import re
import struct
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pt2_files
from hypothesis import strategies as st

import relucirc
from relucirc.core.errors import RelucircError

NUMBERS = (0, 1, -1, 2, 3, 255, 256, 2**31 - 1, 2**31, -(2**31), 2**32, 10**9, 2**62, 2**63 - 1, -(2**63), 2**64)
WORDS = (
    "9" * 5000, "1e999999999", "1/0", "0.1", "-0", "NaN", "Infinity", "null", "true", "\x00", "é", "\ud7ff", "x1", "x2",
    "__import__('os').system('touch ran')", "[" * 3000, "{" * 3000, "(" * 3000, "-" * 3000, "10**9", "2**64**64",
    "1_000", "'", '"', "\\", "\n", "X_0", "Y_0", "(assert", "or", "and", "<=", "lines", "../../etc/passwd",
)  # fmt: skip
MOST_BYTES, MOST_WORDS = 1_000_000, 10_000
"""Longest files, and what is doubled in them."""
TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)


class Harmful:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return exec, ("import os; os.system('touch ran')",)


# How bytes, text and fields are broken.


@st.composite
def broken_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes of which some are changed, left out, doubled or cut off."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        match draw(st.sampled_from(["set", "number", "drop", "double", "cut", "insert"])):
            case "set" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "number":
                kind = draw(st.sampled_from("bBhHiIqQ"))
                number = draw(st.sampled_from(NUMBERS)) % 256 ** struct.calcsize(kind)
                data[at : at + struct.calcsize(kind)] = number.to_bytes(struct.calcsize(kind), "little")
            case "drop":
                del data[at:end]
            case "double":
                data[at:at] = (data[at:end] * draw(st.sampled_from([1, 2, 50])))[:MOST_BYTES]
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.binary(max_size=8))
    return bytes(data[:MOST_BYTES])


@st.composite
def broken_text(draw: st.DrawFn, good: str) -> str:
    """Text of which some words are changed, left out, doubled, or put elsewhere."""
    words = TOKEN.findall(good)
    for _ in range(draw(st.integers(1, 4))):
        at, end = sorted(draw(st.tuples(*[st.integers(0, len(words))] * 2)))
        match draw(st.sampled_from(["set", "drop", "double", "cut", "move", "insert"])):
            case "set":
                words[at : at + 1] = [draw(st.sampled_from(WORDS) | st.sampled_from(words or ["x"]))]
            case "drop":
                del words[at:end]
            case "double":
                words[at:at] = (words[at:end] * draw(st.sampled_from([1, 2, 300])))[:MOST_WORDS]
            case "cut":
                del words[at:]
            case "move" if words:
                words.insert(draw(st.integers(0, len(words) - 1)), words.pop(min(at, len(words) - 1)))
            case "insert":
                words.insert(at, draw(st.sampled_from(WORDS) | st.text(max_size=4)))
    return "".join(words)[:MOST_BYTES]


@st.composite
def broken_utf8(draw: st.DrawFn, good: bytes) -> bytes:
    """A file of text, broken as text or as bytes."""
    if draw(st.integers(0, 5)):
        return draw(broken_text(good.decode())).encode("utf-8", "surrogatepass")
    return draw(broken_bytes(good))


@st.composite
def broken_zip(draw: st.DrawFn, good: bytes) -> bytes:
    """An archive with members that are broken, doubled, renamed or left out; or bytes that are no archive any more."""
    if not zipfile.is_zipfile(io.BytesIO(good)) or not draw(st.integers(0, 5)):
        return draw(broken_bytes(good))
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    for _ in range(draw(st.integers(1, 2))):
        k = draw(st.integers(0, len(members) - 1))
        name, content = members[k]
        match draw(st.sampled_from(["break", "break", "break", "rename", "double", "drop", "bomb"])):
            case "break":
                members[k] = name, draw(broken_bytes(content))
            case "rename":
                members[k] = draw(broken_text(name))[:1000], content
            case "double":
                members.append((name, draw(broken_bytes(content))))
            case "drop" if len(members) > 1:
                del members[k]
            case "bomb":
                members[k] = name, content + b"\0" * draw(st.sampled_from([1000, 20_000_000]))
    packed = io.BytesIO()
    kind = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", kind) as archive:
        warnings.simplefilter("ignore")  # names that stand twice
        for name, content in members:
            with contextlib.suppress(UnicodeEncodeError):
                archive.writestr(name.partition("\0")[0] or "x", content)
    return packed.getvalue()


@st.composite
def broken_pt2(draw: st.DrawFn, good: bytes) -> bytes:
    """An archive of stored members, of which some are broken: JSON as text, others as bytes."""
    if not draw(st.integers(0, 5)):
        return draw(broken_bytes(good))
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from([name for name in members for _ in range(9 if name.startswith("net/mo") else 1)]))
        whole = name.endswith(".json") and "\ufffd" not in members[name].decode(errors="replace")
        members[name] = draw((broken_utf8 if whole else broken_bytes)(members[name]))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@st.composite
def broken_safetensors(draw: st.DrawFn, good: bytes) -> bytes:
    """A file whose header is broken as text, its length being right."""
    if not draw(st.integers(0, 4)):
        return draw(broken_bytes(good))
    size = int.from_bytes(good[:8], "little")
    header = draw(broken_text(good[8 : 8 + size].decode())).encode("utf-8", "replace")
    return len(header).to_bytes(8, "little") + header + good[8 + size :]


@st.composite
def broken_onnx(draw: st.DrawFn, good: bytes) -> bytes:
    """A model with fields that are changed, left out, doubled or put elsewhere."""
    import onnx

    if not draw(st.integers(0, 5)):
        return draw(broken_bytes(good))
    model = onnx.load_model_from_string(good)
    for _ in range(draw(st.integers(1, 4))):
        message = model
        while True:
            fields = [(field, value) for field, value in message.ListFields()]
            if not fields:
                break
            field, value = draw(st.sampled_from(fields))
            many = not isinstance(value, int | float | str | bytes) and hasattr(value, "__len__")
            place = draw(st.integers(0, len(value) - 1)) if many and len(value) else 0
            inner = value[place] if many and len(value) else value
            if hasattr(inner, "ListFields") and draw(st.integers(0, 4)):
                message = inner
                continue
            _break_field(draw, message, field, value, place, many=many)
            break
    return model.SerializeToString()[:MOST_BYTES]


def _break_field(draw: st.DrawFn, message: Any, field: Any, value: Any, place: int, *, many: bool) -> None:
    task = draw(st.sampled_from(["set", "set", "drop", "double", "swap"]))
    with contextlib.suppress(ValueError, TypeError, AttributeError):  # no value of this field's type
        if many and task == "drop":
            del value[place]
        elif many and task == "double":
            for _ in range(draw(st.sampled_from([1, 3, 60]))):
                value.append(value[place])
        elif many and task == "swap":
            other = draw(st.integers(0, len(value) - 1))
            kept = list(value)
            kept[place], kept[other] = kept[other], kept[place]
            del value[:]
            value.extend(kept)
        elif task == "drop":
            message.ClearField(field.name)
        else:
            old = value[place] if many else value
            new: Any = draw(st.sampled_from(NUMBERS))
            if isinstance(old, str):
                new = draw(st.sampled_from(["", "x", "y", "input", "output", "a", "b", "Loop", "../secret", "Relu"]))
            elif isinstance(old, bytes):
                new = draw(broken_bytes(old))
            elif isinstance(old, float):
                new = draw(st.sampled_from([0.0, -1.0, 1e30, 1e-45, float("nan"), float("inf")]))
            if many:
                value[place] = new
            else:
                setattr(message, field.name, new)


# Readers.


@dataclass(frozen=True)
class Reader:
    """A reader under attack.

    Attributes:
        suffix: Of its files.
        seeds: Makes valid files, and hostile ones that are known.
        broken: The strategy that breaks one.
        read: Reads a file.
        needs: The package that has to be installed.
    """

    suffix: str
    seeds: Callable[[], list[bytes]]
    broken: Callable[[bytes], st.SearchStrategy[bytes]]
    read: Callable[[Path], Any]
    needs: str = "relucirc"

    @property
    def is_installed(self) -> bool:
        """Whether its package is."""
        return find_spec(self.needs) is not None


def _networks() -> list[Any]:
    floats = relucirc.MLP.from_arrays(
        [
            (np.array([[0.1, -2], [3, 4]], np.float32), np.array([0.5, 0], np.float32)),
            (np.array([[1, 0.25]], np.float32), None),
        ]
    )
    return [floats, relucirc.circuits.minimum(), floats.astype(np.float16)]


def _saved(suffix: str) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path, found = Path(folder) / f"net{suffix}", []
        for net in _networks():
            relucirc.save(net, path)
            found.append(path.read_bytes())
        return found


def _npz_seeds() -> list[bytes]:
    harmful = io.BytesIO()
    np.savez(harmful, W0=np.array([Harmful()], object), allow_pickle=True)
    compressed = io.BytesIO()
    np.savez_compressed(compressed, W0=np.eye(3), b0=np.zeros(3), W1=np.zeros((1, 3)))
    return [*_saved(".npz"), compressed.getvalue(), harmful.getvalue()]


def _torch_seeds() -> list[bytes]:
    import torch

    found = _saved(".pt")
    for content, options in (
        ({"0.weight": torch.eye(2), "0.bias": torch.ones(2)}, {}),
        ({"0.weight": torch.eye(2)}, {"_use_new_zipfile_serialization": False}),
        ({"0.weight": Harmful()}, {}),
        ({"0.weight": torch.eye(3).to_sparse(), "1.weight": torch.zeros(1).expand(50, 3)}, {}),
    ):
        file = io.BytesIO()
        torch.save(content, file, **options)
        found.append(file.getvalue())
    return [*found, pickle.dumps(Harmful())]


def _pt2_seeds() -> list[bytes]:
    put, ints = pt2_files.operation, lambda *numbers: {"as_ints": list(numbers)}
    arrays = {"k": np.ones((2, 1, 2, 2), np.float32), "w": np.ones((1, 36), np.float32)}
    image = [
        put("conv2d.default", ["x", "k", {"as_none": True}, ints(1, 1), ints(1, 0)], "a"),
        put("relu_.default", ["a"], "b"),
        put("max_pool2d.default", ["b", ints(2, 2), ints(1, 1)], "c"),
        put("upsample_nearest2d.vec", ["c", ints(6, 3), {"as_none": True}], "d"),
        put("flatten.using_ints", ["d", {"as_int": 1}], "e"),
        put("linear.default", ["e", "w"], "y"),
    ]
    row = [
        put("pad.default", ["x", ints(1, 2), {"as_string": "constant"}, {"as_float": 0.5}], "a"),
        put("slice.Tensor", ["a", {"as_int": 1}, {"as_int": 1}, {"as_int": 2**63 - 1}, {"as_int": 2}], "b"),
        put("repeat.default", ["b", ints(1, 2)], "c"),
        put("full.default", [ints(1, 6), {"as_int": 3}, {"as_scalar_type": 7}], "d"),
        put("arange.start", [{"as_int": 0}, {"as_int": 6}], "e"),
        put("where.self", ["d", "c", "e"], "f"),
        put("cat.default", [{"as_tensors": [{"name": "c"}, {"name": "d"}]}, {"as_int": 1}], "g"),
        put("split.Tensor", ["g", {"as_int": 4}, {"as_int": 1}], "h")
        | {"outputs": [{"as_tensors": [{"name": "h0"}, {"name": "h1"}, {"name": "h2"}]}]},
        put("topk.default", ["h0", {"as_int": 2}, {"as_int": 1}], "i")
        | {"outputs": [pt2_files.tensor("i"), {"as_none": True}]},
        put("clamp.default", ["i", {"as_float": -1.0}, {"as_int": 6}], "y"),
    ]
    return [
        pt2_files.minimum(),
        pt2_files.packed(*pt2_files.program(image, arrays, (1, 1, 3, 3), "y"), [v.tobytes() for v in arrays.values()]),
        pt2_files.packed(*pt2_files.program(row, {}, (1, 4), "y"), []),
    ]


def _onnx_seeds() -> list[bytes]:
    import onnx
    from onnx import TensorProto, helper

    def model(nodes: list, constants: dict, shape: list, **more: Any) -> bytes:
        tensors = [onnx.numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            tensors,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **more)
        return made.SerializeToString()

    node = helper.make_node
    image = {"k": np.ones((2, 1, 2, 2), np.float32), "flat": np.array([1, -1]), "w": np.ones((8, 1), np.float32)}
    seeds = [
        model(
            [
                node("Conv", ["x", "k"], ["a"], strides=[1, 1], pads=[1, 0, 0, 1]),
                node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2]),
                node("Relu", ["b"], ["c"]),
                node("Reshape", ["c", "flat"], ["d"]),
                node("MatMul", ["d", "w"], ["y"]),
            ],
            image,
            [1, 1, 3, 3],
        ),
        model(
            [
                node("Split", ["x"], ["a", "b"], axis=1),
                node("Tile", ["a", "r"], ["c"]),
                node("Pad", ["c", "p"], ["d"]),
                node("Gather", ["d", "i"], ["e"], axis=1),
                node("Concat", ["e", "b"], ["f"], axis=1),
                node("ReduceMax", ["f"], ["g"], axes=[1]),
                node("Resize", ["f", "", "s"], ["h"], mode="linear"),
                node("Add", ["g", "h"], ["j"]),
                node("Clip", ["j", "low", "high"], ["k"]),
                node("Expand", ["k", "z"], ["l"]),
                node("Cast", ["l"], ["y"], to=1),
            ],
            {
                "r": np.array([1, 2]), "p": np.array([0, 1, 0, 1]), "i": np.array([0, 2]), "z": np.array([1, 1]),
                "s": np.array([1, 2], np.float32), "low": np.float32(0), "high": np.float32(6),
            },
            [1, 4],
        ),
        model(
            [
                node("ConstantOfShape", ["n"], ["a"]),
                node("Range", ["o", "e", "t"], ["b"]),
                node("Cast", ["b"], ["c"], to=1),
                node("Add", ["x", "c"], ["d"]),
                node("twice", ["d"], ["f"], domain="own"),
                node("Add", ["f", "a"], ["y"]),
            ],
            {"n": np.array([2]), "o": np.int64(0), "e": np.int64(2), "t": np.int64(1)},
            [1, 2],
            functions=[
                helper.make_function(
                    "own", "twice", ["p"], ["q"], [node("Add", ["p", "p"], ["q"])], [helper.make_opsetid("", 17)]
                )
            ],
        ),
    ]  # fmt: skip
    outside = onnx.load_model_from_string(seeds[0])
    tensor = outside.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, "../secret", 0, 32)
    tensor.ClearField("raw_data")
    return [*_saved(".onnx"), *seeds, outside.SerializeToString()]


def _vnnlib_seeds() -> list[bytes]:
    old = (
        "(declare-const X_0 Real) ; a comment\n(declare-const X_1 Real)\n(declare-const Y_0 Real)\n"
        "(assert (<= X_0 0.5e0))\n(assert (or (and (>= Y_0 (+ X_0 (* 2 X_1))) (<= X_1 1)) (and (< Y_0 (- 3)))))\n"
    )
    new = (
        "(vnnlib-version <2.0>)\n(declare-network f (declare-input X real [1,2]) (declare-output Y real [1,1]))\n"
        "(declare-network g (equal-to f) (declare-input V real [1,2]) (declare-output W real [1,1]))\n"
        "(assert (== X[0,0] V[0,0]))\n(assert (or (> Y[0,0] 1.5) (!= W[0,0] Y[0,0])))\n"
    )
    return [old.encode(), new.encode()]


FORMULAS = (
    "Max(x1, x2) - 0.1*x3 + relu(x1 - 1/3)", "[clip(x1, 0, 1), median(x1, x2, x3)]", "x1*sign(x1) + Heaviside(x2, 1)",
    "Piecewise((x1, x1 > 0), (Abs(x2), (x1 <= 0) & ~Eq(x2, 3)))", "x1 if x1 < 2 and not x2 > 3 else -x2**1",
    "order_statistic(2, x1, x2, x3) + |x1 - |x2||",
)  # fmt: skip
DOMAINS = (
    "0 <= x1 <= 1, x1 + x2 < 3", "x1 in {0, 1, 2}, x2 in integers", "Abs(x1) <= 1, Max(x1, x2) <= 2", "x1 == 2*x2",
    '{"x1": [0, "1/3"], "x2": [null, 3]}', "[[0, 1], [-1, null]]", '["x1 >= 0", "x2 < 1"]',
)  # fmt: skip


def _texts(texts: tuple[str, ...]) -> Callable[[], list[bytes]]:
    return lambda: [text.encode() for text in texts]


def _text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _read_formula(path: Path) -> Any:
    from relucirc.language.function import read_function

    return read_function(_text_of(path), ("x1", "x2", "x3"))


def _read_domain(path: Path) -> Any:
    from relucirc.language.domain import read_domain

    return read_domain(_text_of(path), ("x1", "x2"))


def _read_property(path: Path) -> Any:
    from relucirc.language.vnnlib import property_of

    return property_of(path)


CLAIM = ("Min(x1, x2)", "0 <= x1 <= 1, x2 <= 3")


def _certificate_seeds() -> list[bytes]:
    net = relucirc.circuits.minimum()
    found = [relucirc.prove(net, *CLAIM), relucirc.prove(net, CLAIM[0], CLAIM[1] + ", x2 >= 0", within="1/8")]
    return [json.dumps(answer.certificate).encode() + b"\n" for answer in found]


def _check(path: Path) -> Any:
    return relucirc.check(relucirc.circuits.minimum(), CLAIM[0], path, CLAIM[1])


READERS = {
    "json": Reader(".json", lambda: _saved(".json"), broken_utf8, relucirc.load),
    "npz": Reader(".npz", _npz_seeds, broken_zip, relucirc.load),
    "safetensors": Reader(
        ".safetensors", lambda: _saved(".safetensors"), broken_safetensors, relucirc.load, "safetensors"
    ),
    "torch": Reader(".pt", _torch_seeds, broken_zip, relucirc.load, "torch"),
    "pt2": Reader(".pt2", _pt2_seeds, broken_pt2, relucirc.load),
    "onnx": Reader(".onnx", _onnx_seeds, broken_onnx, relucirc.load, "onnx"),
    "vnnlib": Reader(".vnnlib", _vnnlib_seeds, broken_utf8, _read_property),
    "certificate": Reader(".json", _certificate_seeds, broken_utf8, _check),
    "formula": Reader(".txt", _texts(FORMULAS), broken_utf8, _read_formula),
    "domain": Reader(".txt", _texts(DOMAINS), broken_utf8, _read_domain),
}


@cache
def seeds_of(name: str) -> tuple[bytes, ...]:
    """The files that are broken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(READERS[name].seeds())


def files(name: str) -> st.SearchStrategy[bytes]:
    """Broken files for a reader."""
    return st.sampled_from(seeds_of(name)).flatmap(READERS[name].broken)


def examine(name: str, path: Path) -> str:
    """Reads a file; returns ``"accepted"``, ``"refused"``, or the name of what came instead of a sentence.

    Raises:
        AssertionError: When the reader raises anything but its own errors, or they are no sentence, or hide that
            memory ran out.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            READERS[name].read(path)
    except RelucircError as error:
        said, cause = str(error), error.__cause__
        assert said.strip(), "an empty sentence"
        assert len(said) < 3000, f"a sentence of {len(said)} characters"
        assert not any(c in said for c in "\r\n"), f"several lines: {said!r}"
        assert not isinstance(cause, MemoryError), "memory ran out"
        return "refused" if cause is None else f"refused for {type(cause).__name__}"
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}") from error
    return "accepted"


# What must not happen while a file is read.

FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "subprocess.Popen", "os.symlink",
    "socket.connect", "socket.getaddrinfo", "pickle.find_class", "os.remove", "os.rename", "shutil.rmtree",
)  # fmt: skip


class Watch:
    """An audit hook that remembers what a reader must not do, while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple) -> None:
        if not self.on:
            return
        runs_text = event == "exec" and getattr(args[0], "co_filename", "") == "<string>" and not _is_importing()
        writes = event == "open" and isinstance(args[1], str) and set("wax+") & set(args[1])
        if event in FORBIDDEN or runs_text or writes:
            self.seen.append(f"{event}{args[:2]!r}"[:200])


def _is_importing() -> bool:
    """Whether a module is being imported, which may run text of its own."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
