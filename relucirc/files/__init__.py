"""Networks in files: the suffix decides the format, and every number is read bit-exactly.

Reading never runs code from a file, and refuses files that would unpack to more than a fixed size.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from relucirc.core.errors import ActivationWarning, FileError, PathError, RelucircError, shorten
from relucirc.core.names import read_names
from relucirc.core.writing import replacing
from relucirc.language.as_network import as_network
from relucirc.language.claim import read_claim
from relucirc.language.models import check_activation
from relucirc.language.network import MLP

MODULES = {
    ".json": "json_file",
    ".npz": "npz_file",
    ".onnx": "onnx_file",
    ".safetensors": "safetensors_file",
    ".pt": "torch_file",
    ".pth": "torch_file",
    ".pt2": "pt2_file",
}
"""Suffix -> the module of this package with ``read(path)``."""
WRITERS = {**{suffix: name for suffix, name in MODULES.items() if suffix != ".pt2"}, ".smt2": "smt_file"}
"""Suffix -> the module with ``write(net, path)``."""
QUESTIONS = {".smt2": "smt_file", ".vnnlib": "vnnlib_file"}
"""Suffix -> the module with ``write_claim(claim, net, path, version)``, which asks whether a claim is wrong."""


def load(path: str | os.PathLike[str], inputs: Sequence[str] | None = None, *, activation: str | None = None) -> MLP:
    """Reads a network from a file.

    Args:
        path: File whose suffix says the format: ``.json`` (exact rationals), ``.npz``,
            ``.safetensors`` or ``.pt`` (arrays by name), ``.onnx``, or ``.pt2`` (of ``torch.export.save``).
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
    module = _module(file, MODULES, "load")
    if file.is_dir():
        raise FileError(f"{file}: expected a file, got a directory.")
    if not file.exists():
        raise FileError(f"{file}: no such file.")
    if not file.is_file():  # whose size is not known, as of /dev/zero
        raise FileError(f"{file}: expected an ordinary file, got a device or a pipe.")
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


def save(
    net: Any,
    path: str | os.PathLike[str],
    formula: Any = None,
    domain: Any = None,
    *,
    within: Any = None,
    version: str | None = None,
) -> None:
    """Writes a network to a file, losing nothing; or the question whether it differs from a formula.

    Args:
        net: The network, or a model of another library.  Float formats take a network with float weights as it is, and
            an exact one if every weight is a float32 or a float64.
        path: File whose suffix says the format.  For a network: ``.json``, ``.npz``, ``.safetensors``, ``.pt``,
            ``.onnx`` or ``.smt2``.  For a question: ``.smt2``, which a solver such as z3 reads; or ``.vnnlib``, which
            verifiers read, with its networks in ONNX beside it.  The answer is ``unsat`` where the claim holds.
        formula: What the network should equal, or a relation that should hold, as :func:`relucirc.prove` takes them;
            only for a question.
        domain: Where that is claimed; all of R^n by default.
        within: How far apart network and formula may be.
        version: Of VNN-LIB: ``"1.0"``, the default, which asks about the difference as one network; or ``"2.0"``,
            which asks about the network and the formula, as two.

    Raises:
        FileError: When the file cannot be written, or its format cannot hold these weights, or this question.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.json"
        >>> save(MLP.from_arrays([([["1/3"]], None)]), path)
        >>> load(path).at(1)
        (1/3,)
    """
    file = _path(path)
    net = as_network(net, domain)
    if net.symbols:
        names = ", ".join(s.name for s in net.symbols)
        raise FileError(f"{file}: the weights have the symbols {names}; files hold numbers, so substitute first.")
    if formula is not None:
        _save_question(file, net, formula, domain, within, version)
        return
    for name, value in (("domain", domain), ("within", within), ("version", version)):
        if value is not None:
            raise FileError(f"{file}: {name}= goes with formula=, for a question; a network alone is everywhere.")
    if file.suffix.lower() in QUESTIONS and file.suffix.lower() not in WRITERS:
        raise FileError(f"{file}: such a file asks whether a network differs from a formula; give formula= too.")
    module = _module(file, WRITERS, "save")
    with replacing(file) as place:
        try:
            module.write(net, place)
        except RelucircError as error:
            raise type(error)(f"{file}: {error}") from None


def _save_question(file: Path, net: MLP, formula: Any, domain: Any, within: Any, version: str | None) -> None:
    """Writes the question whether a claim about a network is wrong."""
    module = _module(file, QUESTIONS, "save a question")
    known = getattr(module, "VERSIONS", ())
    if version is not None and version not in known:
        listed = f"one of {', '.join(known)}" if known else "none for this format"
        raise FileError(f"{file}: version: expected {listed}, got {shorten(version)}.")
    claim = read_claim(net, formula, domain, within=within)
    claim.domain.refuse_empty(len(claim.left.inputs))  # where everything holds
    try:
        module.write_claim(claim, net, file, version)
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


def _module(file: Path, table: Mapping[str, str], task: str) -> ModuleType:
    """Imports the module for a suffix, which may need an extra package."""
    name = table.get(file.suffix.lower())
    if name is None:
        raise FileError(
            f"{file}: to {task}, expected one of the suffixes {', '.join(table)}, got {file.suffix or 'none'}."
        )
    return importlib.import_module(f"{__name__}.{name}")


__all__ = ["load", "save"]
