"""Networks in files: the suffix decides the format, and every number is read bit-exactly.

Reading never runs code from a file, and refuses files that would unpack to more than a fixed size.
"""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from relucirc.core.errors import ActivationWarning, FileError, PathError, RelucircError, not_a_network, shorten
from relucirc.core.names import read_names
from relucirc.core.writing import replacing
from relucirc.language.models import check_activation
from relucirc.language.network import MLP

MODULES = {
    ".json": "json_file",
    ".npz": "npz_file",
    ".onnx": "onnx_file",
    ".safetensors": "safetensors_file",
    ".pt": "torch_file",
    ".pth": "torch_file",
}
"""Suffix -> the module of this package with ``read(path)``, and ``write(net, path)`` where it can be written."""


def load(path: str | os.PathLike[str], inputs: Sequence[str] | None = None, *, activation: str | None = None) -> MLP:
    """Reads a network from a file.

    Args:
        path: File whose suffix says the format: ``.json`` (exact rationals), ``.npz``,
            ``.safetensors`` or ``.pt`` (arrays by name), or ``.onnx``.
        inputs: Names of the inputs; those in the file by default, or else ``x``, or ``x1, x2, ...``.
        activation: ``"relu"``: what arrays by name do not show, that ReLU stands after each layer but the last.

    Returns:
        The network, exact for ``.json``, and with the file's own float arrays otherwise.

    Warns:
        ActivationWarning: For arrays by name that were not saved here, if ``activation`` is not given.

    Raises:
        FileError: When the file cannot be read, or is not what its suffix says.
        NetworkError: When what it holds is not a network.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.json"
        >>> _ = path.write_text('{"layers": [{"weight": [[1], ["-1"]]}, {"weight": [["1/2", "0.5"]]}]}')
        >>> load(path).at(-3)
        (3/2,)
    """
    file = _path(path)
    check_activation(activation)
    module = _module(file, "read")
    if file.is_dir():
        raise FileError(f"{file}: expected a file, got a directory.")
    if not file.exists():
        raise FileError(f"{file}: no such file.")
    try:
        net = module.read(file, activation)
        return net if inputs is None else renamed(net, inputs)
    except OSError as error:
        raise FileError(f"{file}: cannot be read: {error.strerror or error}.") from None
    except RelucircError as error:
        raise type(error)(f"{file}: {_one_line(error)}") from None
    except ActivationWarning:  # where warnings are errors
        raise
    except Exception as error:  # a broken file can fail anywhere in the readers that other packages provide
        reason = f"{type(error).__name__}: {shorten(_one_line(error))}"
        raise FileError(f"{file}: cannot be read as {file.suffix}: {reason}.") from error


def save(net: MLP, path: str | os.PathLike[str]) -> None:
    """Writes a network to a file, losing nothing.

    Args:
        net: The network.  Float formats take a network with float weights as it is, and an exact one
            if every weight is a float32 or a float64.
        path: File whose suffix says the format: ``.json``, ``.npz``, ``.safetensors`` or ``.onnx``.

    Raises:
        FileError: When the file cannot be written, or its format cannot hold these weights.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.json"
        >>> save(MLP.from_arrays([([["1/3"]], None)]), path)
        >>> load(path).at(1)
        (1/3,)
    """
    file = _path(path)
    if not isinstance(net, MLP):
        raise not_a_network(net)
    if net.symbols:
        names = ", ".join(s.name for s in net.symbols)
        raise FileError(f"{file}: the weights have the symbols {names}; files hold numbers, so substitute first.")
    module = _module(file, "write")
    with replacing(file) as place:
        try:
            module.write(net, place)
        except RelucircError as error:
            raise type(error)(f"{file}: {error}") from None


def _path(path: Any) -> Path:
    try:
        return Path(os.fsdecode(path))
    except TypeError:
        raise PathError(f"expected a file's path, got {shorten(path)} of type {type(path).__name__}.") from None


def _one_line(error: Exception) -> str:
    """The text of an error, which may quote names from a file, without line breaks or control characters."""
    return "".join(c if c.isprintable() else " " for c in str(error))


def renamed(net: MLP, inputs: Sequence[str]) -> MLP:
    """Returns the network with other input names."""
    return MLP(net.layers, read_names(inputs))


def _module(file: Path, task: str) -> ModuleType:
    """Imports the module for a suffix, which may need an extra package."""
    name = MODULES.get(file.suffix.lower())
    module = None if name is None else importlib.import_module(f"{__name__}.{name}")
    if module is None or not hasattr(module, task):
        known = ", ".join(s for s, m in MODULES.items() if task == "read" or m != "torch_file")
        verb = "load" if task == "read" else "save"
        raise FileError(f"{file}: to {verb}, expected one of the suffixes {known}, got {file.suffix or 'none'}.")
    return module


__all__ = ["load", "save"]
