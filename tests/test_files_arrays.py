"""Files of named arrays (NumPy, safetensors, PyTorch): layers are found by name and shape, and nothing is run."""

import json
import pickle
import struct
import warnings
import zipfile
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from stored import SMALL, net_of, refusal, same_arrays

import relucirc
from relucirc import MLP, FileError, NetworkError
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
    net = relucirc.load(arrays_file(tmp_path / f"net{suffix}", shuffled), activation="relu")
    same_arrays(net, SMALL)


def test_kernels_are_transposed_and_biases_may_be_missing(tmp_path):
    arrays = {"params/Dense_0/kernel": W0.T, "params/Dense_0/bias": B0, "params/Dense_1/kernel": W1.T}
    net = relucirc.load(arrays_file(tmp_path / "net.safetensors", arrays), activation="relu")
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


# The activation, which arrays seldom name.


SUFFIXES = [".npz", ".safetensors", ".pt"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_arrays_that_name_no_activation_are_read_with_a_warning(tmp_path, suffix):
    path = arrays_file(tmp_path / f"net{suffix}", {"W0": W0, "b0": B0, "W1": W1, "b1": B1})
    with pytest.warns(
        relucirc.ActivationWarning, match="read as a ReLU network: the file names no activation"
    ) as caught:
        same_arrays(relucirc.load(path), SMALL)
    assert str(path) in str(caught[0].message)
    assert caught[0].filename == __file__
    one = arrays_file(tmp_path / f"one{suffix}", {"W1": W1})  # between one layer and itself there is nothing
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same_arrays(relucirc.load(path, activation="relu"), SMALL)
        assert relucirc.load(one).sizes == (3, 1)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".json", ".onnx"])
def test_what_is_saved_here_names_its_activation(tmp_path, suffix):
    relucirc.save(SMALL, tmp_path / f"net{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same_arrays(relucirc.load(tmp_path / f"net{suffix}").astype("float32"), SMALL)


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".json", ".onnx"])
def test_only_relu_can_be_said_of_a_file(tmp_path, suffix):
    with pytest.raises(NetworkError, match="activation: expected 'relu', the only one that is read, got 'tanh'"):
        relucirc.load(tmp_path / f"net{suffix}", activation="tanh")


OTHERS = {
    "0.running_mean": (B0, "a batch normalisation (BatchNorm); fold it"),
    "1.num_batches_tracked": (np.array(3), "a batch normalisation (BatchNorm)"),
    "batch_stats/BatchNorm_0/var": (B0, "a batch normalisation (BatchNorm)"),
    "rnn.weight_ih_l0": (W0, "a recurrent layer"),
    "LSTM_0.weight": (W0, "a recurrent layer"),
    "attn.in_proj_weight": (W0, "attention"),
    "fc.weight_g": (W0, "a reparametrised weight"),
    "embedding.weight": (W0, "an embedding"),
    "prelu.weight": (B0, "the activation prelu"),
    "act_tanh.weight": (W0, "the activation tanh"),
    "LeakyReLU_0.weight": (W0, "the activation leaky"),
    "net.1.gelu.bias": (B0, "the activation gelu"),
    "1.weight": (np.array([0.25], np.float32), "the scale of a normalisation or the slopes of a PReLU"),
}


@pytest.mark.parametrize("said", [None, "relu"])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", OTHERS)
def test_arrays_that_show_another_model_are_refused_by_name(tmp_path, suffix, name, said):
    array, words = OTHERS[name]
    path = arrays_file(tmp_path / f"net{suffix}", {"0.weight": W0, "0.bias": B0, "2.weight": W1, name: array})
    message = refusal(path, activation=said)
    assert words in message
    assert name in message


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu", "ReLU6", ""])
def test_another_activation_that_a_file_names_is_refused(tmp_path, activation):
    arrays = {"W0": W0, "W1": W1}
    for said in (None, "relu"):
        np.savez(tmp_path / "net.npz", activation=np.array(activation), **arrays)
        assert f"got the activation {activation!r}" in refusal(tmp_path / "net.npz", activation=said)
        safetensors_numpy.save_file(arrays, tmp_path / "net.safetensors", metadata={"activation": activation})
        assert f"got the activation {activation!r}" in refusal(tmp_path / "net.safetensors", activation=said)
    np.savez(tmp_path / "net.npz", activation=W0, **arrays)
    assert "activation: expected a name" in refusal(tmp_path / "net.npz")


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
        net = relucirc.load(tmp_path / "net.pt", activation="relu")
        arrays = [(model[i].weight.detach().numpy(), model[i].bias.detach().numpy()) for i in (0, 2)]
        same_arrays(net, MLP.from_arrays(arrays))
    torch.save(model.bfloat16().state_dict(), tmp_path / "net.pth")
    assert relucirc.load(tmp_path / "net.pth", activation="relu").layers[0].weight.dtype == ml_dtypes.bfloat16


def test_the_activation_beside_a_state_dict_is_read(tmp_path, torch):
    state = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).state_dict()
    for name in ("tanh", "leaky_relu", "nn.GELU"):
        torch.save({"state_dict": state, "hyper_parameters": {"model": {"activation": name}}}, tmp_path / "net.pt")
        assert f"got the activation {name!r}" in refusal(tmp_path / "net.pt", activation="relu")
    for name in ("relu", "ReLU", "torch.nn.ReLU"):
        torch.save({"state_dict": state, "hyper_parameters": {"nonlinearity": name}}, tmp_path / "net.pt")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert relucirc.load(tmp_path / "net.pt").sizes == (2, 3, 1)


def test_a_small_torch_file_of_large_tensors_is_refused(tmp_path, torch):
    torch.save({"0.weight": torch.zeros(1).expand(30000, 30000)}, tmp_path / "net.pt")
    assert (tmp_path / "net.pt").stat().st_size < 10_000
    assert "got tensors that unpack to 3600000000 bytes" in refusal(tmp_path / "net.pt")


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


def test_what_is_saved_is_the_state_dict_of_the_model(tmp_path, torch):
    net = net_of(([[0.1], [-3]], [1, 2]), ([[1, 0.7]], None), dtype=ml_dtypes.bfloat16)
    relucirc.save(MLP(net.layers, ("price",)), tmp_path / "net.pt")
    content = torch.load(tmp_path / "net.pt", weights_only=True)
    model = net.to_torch()
    model.load_state_dict(content["state_dict"])
    assert content["activation"] == "relu"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = relucirc.load(tmp_path / "net.pt")
    assert again.inputs == ("price",)
    same_arrays(again, net)
    with pytest.raises(FileError, match=r"PyTorch does not multiply float8_e4m3fn weights"):
        relucirc.save(net.astype(ml_dtypes.float8_e4m3fn), tmp_path / "net.pt")
