"""Files: what is written is read back bit for bit, and what is not a network is refused in one sentence."""

import contextlib
import io
import os
import subprocess
import sys
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import MINIMUM, SMALL, net_of, refusal, same_arrays, same_function

import relucirc
from relucirc import MLP
from relucirc.core.errors import FileError, NetworkError, RelucircError

pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("safetensors", reason="the extra 'safetensors' is not installed")


def test_the_contract_file_is_the_minimum(put):
    net = relucirc.load(put(MINIMUM))
    assert net.is_exact
    assert net.inputs == ("x1", "x2")
    assert relucirc.prove(net, "Min(x1, x2)")
    assert relucirc.load(str(put(MINIMUM)), inputs=("a", "b")).inputs == ("a", "b")


@pytest.mark.parametrize("suffix", [".json", ".npz", ".safetensors", ".onnx", ".pt", ".pth"])
def test_what_is_saved_is_loaded_again(tmp_path, suffix):
    if suffix.startswith(".pt"):
        pytest.importorskip("torch", reason="the extra 'torch' is not installed")
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
        with pytest.raises(FileError, match=r"layer 0: weight\[0, 0\] = 1.*save it as \.json"):
            relucirc.save(MLP.from_arrays([([[value]], None)]), path)
    relucirc.save(MLP.from_arrays([([[2**-40 + 1]], None)]), path)
    assert relucirc.load(path).at(1) == (1 + Fraction(1, 2**40),)
    assert relucirc.load(path).layers[0].weight.dtype == np.float64


def test_suffixes_and_missing_files(tmp_path, put):
    for name, words in (
        ("net.h5", "expected one of the suffixes .json, .npz, .onnx, .safetensors, .pt, .pth, .pt2, got .h5"),
        ("net", "got none"),
        ("missing.json", "no such file"),
    ):
        assert words in refusal(tmp_path / name)
    (tmp_path / "folder.json").mkdir()
    assert "got a directory" in refusal(tmp_path / "folder.json")
    with pytest.raises(FileError, match=r"to save, expected one of the suffixes .*, got \.h5"):
        relucirc.save(SMALL, tmp_path / "net.h5")
    with pytest.raises(FileError, match="cannot write"):
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
    with pytest.raises(FileError, match="pip install"):
        relucirc.save(SMALL, put(b"", f"net{suffix}"))


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
    for error in (TypeError, FileError):
        with pytest.raises(error, match=r"expected a file's path, got .* of type BytesIO"):
            relucirc.load(io.BytesIO(b"{}"))
        with pytest.raises(error, match="expected a file's path, got 3 of type int"):
            relucirc.save(SMALL, 3)
