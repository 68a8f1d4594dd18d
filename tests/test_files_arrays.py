"""Files of named arrays (NumPy, safetensors, PyTorch): layers are found by name and shape, and nothing is run."""

import json
import pickle
import struct
import zipfile
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from stored import SMALL, refusal, same_arrays

import relucirc
from relucirc import MLP
from relucirc.files import npz_file

safetensors_numpy = pytest.importorskip("safetensors.numpy", reason="the extra 'safetensors' is not installed")


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
