"""PyTorch files: state dicts, read with ``torch.load(..., weights_only=True)`` and nothing else.

PyTorch files are pickles, which can run any code when they are loaded; ``weights_only`` admits tensors and
plain containers alone.  A whole pickled module is refused: save ``model.state_dict()``.

What is written is the state dict of :meth:`relucirc.MLP.to_torch`, beside the activation and the inputs' names.
"""

import io
import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np

from relucirc.core.errors import FileError, shorten
from relucirc.files.named_arrays import arrays_of_network, network_of_arrays
from relucirc.language.models import RELU
from relucirc.language.network import MLP
from relucirc.language.to_models import TORCH, torch_tensor

MAX_BYTES = 1 << 31
ACTIVATION_KEYS = ("activation", "activation_function", "act_fn", "hidden_act", "nonlinearity")
BROKEN = (
    RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError, AssertionError, struct.error,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip
"""What PyTorch raises for files that are none of its own."""
WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys under which training code stores a state dict among other things."""


def read(path: Path, said: str | None = None) -> MLP:
    """Reads a state dict."""
    torch = _library()
    if _unpacked_size(path) > MAX_BYTES:
        raise FileError(f"expected at most {MAX_BYTES >> 20} MiB of tensors, got {_unpacked_size(path)} bytes.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that are refused in a moment
            content = torch.load(_source(path), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()[0]
        raise FileError(
            "expected a state dict, as torch.save(model.state_dict(), path) writes it; the file holds something "
            f"that is never loaded, since it could run code: {shorten(reason)}."
        ) from None
    except BROKEN as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise FileError(f"expected a PyTorch file, got another one: {shorten(reason)}.") from None
    tensors = _state_dict(content)
    total = sum(t.numel() * t.element_size() for t in tensors.values() if isinstance(t, torch.Tensor))
    if total > MAX_BYTES:  # strides of 0 repeat a few numbers
        raise FileError(f"expected at most {MAX_BYTES >> 20} MiB of tensors, got tensors that unpack to {total} bytes.")
    arrays = {name: _array(tensor, name) for name, tensor in tensors.items()}
    return network_of_arrays(path, arrays, _names(content), _activation(content), said)


def write(net: MLP, path: Path) -> None:
    """Writes a state dict, its activation and the names of the inputs."""
    torch = _library()
    arrays = arrays_of_network(net)
    strange = sorted({str(a.dtype) for a in arrays.values()} - set(TORCH))
    if strange:
        raise FileError(f"PyTorch does not multiply {strange[0]} weights; use net.astype('float32').")
    state = {}
    for i in range(len(net.layers)):
        for kind in ("weight", "bias"):
            if (array := arrays.get(f"layers.{i}.{kind}")) is not None:
                state[f"{2 * i}.{kind}"] = torch_tensor(torch, array)
    with path.open("wb") as file:
        torch.save({"state_dict": state, "activation": RELU, "inputs": list(net.inputs)}, file)


def _library() -> ModuleType:
    try:
        import torch  # noqa: PLC0415  (an extra)
    except ImportError:
        raise FileError(".pt files need PyTorch: pip install 'relucirc[torch]'.") from None
    return torch


def _source(path: Path) -> Any:
    """What PyTorch reads: a plain pickle from memory, so that no more is asked for than is there."""
    return path if zipfile.is_zipfile(path) else io.BytesIO(path.read_bytes())


def _unpacked_size(path: Path) -> int:
    """Bytes that the file unpacks to; PyTorch files are zip archives, older ones plain pickles."""
    try:
        if not zipfile.is_zipfile(path):
            return path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise FileError(f"expected a PyTorch file, got a broken archive: {shorten(str(error))}.") from None


def _state_dict(content: Any) -> Mapping[str, Any]:
    if isinstance(content, Mapping):
        for key in WRAPPERS:
            if isinstance(content.get(key), Mapping):
                content = content[key]
                break
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise FileError(f"expected a state dict (names and tensors), got {type(content).__name__}.")
    return content


def _names(content: Any) -> list[str] | None:
    """The names of the inputs that :func:`write` keeps; what else stands there is not ours."""
    if not isinstance(content, Mapping) or not isinstance(content.get("state_dict"), Mapping):
        return None
    names = content.get("inputs")
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _activation(content: Any) -> str | None:
    """The activation that training code stores beside a state dict, as among Lightning's hyperparameters."""
    stack, seen, found = [content], set(), []
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping) and id(value) not in seen:
            seen.add(id(value))
            stack += value.values()
            found += [v for key, v in value.items() if str(key).lower() in ACTIVATION_KEYS and isinstance(v, str)]
    others = [name for name in found if name.lower().rpartition(".")[2] != RELU]
    return others[0] if others else RELU if found else None


def _array(tensor: Any, name: str) -> np.ndarray:
    import torch  # noqa: PLC0415

    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
        raise FileError(f"{shorten(name)}: expected a dense tensor, got {type(tensor).__name__}.")
    dense = tensor.detach().contiguous()
    if dense.dtype == torch.bfloat16:
        return dense.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    try:
        return dense.numpy()
    except TypeError:
        raise FileError(f"{shorten(name)}: expected real numbers, got a tensor of {tensor.dtype}.") from None
