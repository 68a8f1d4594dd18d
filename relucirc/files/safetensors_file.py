"""safetensors files: arrays by name, every float width from float8 to float64 read bit-exactly.

Input names are kept in the file's metadata, as a JSON list under ``inputs``, and the activation under its name.
"""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np

from relucirc.core.errors import FileError, shorten
from relucirc.files.named_arrays import arrays_of_network, network_of_arrays
from relucirc.language.models import RELU
from relucirc.language.network import MLP

DTYPES: dict[str, Any] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F8_E5M2": ml_dtypes.float8_e5m2,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
}
"""The format's name of a type -> the type."""
MAX_BYTES = 1 << 31


def read(path: Path, said: str | None = None) -> MLP:
    """Reads a safetensors file."""
    library = _library()
    if path.stat().st_size > MAX_BYTES:
        raise FileError(f"expected at most {MAX_BYTES >> 20} MiB, got {path.stat().st_size} bytes.")
    data = path.read_bytes()
    try:
        entries = library.deserialize(data)
    except library.SafetensorError as error:
        raise FileError(f"expected a safetensors file, got another one: {shorten(str(error))}.") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    arrays = {}
    for name, entry in entries:
        dtype = DTYPES.get(entry["dtype"])
        if dtype is None:
            raise FileError(f"{shorten(name)}: expected real numbers, got the type {entry['dtype']}.")
        arrays[name] = np.frombuffer(bytes(entry["data"]), dtype=dtype).reshape(entry["shape"])
    metadata = header.get("__metadata__") or {}
    return network_of_arrays(path, arrays, _names(metadata.get("inputs")), metadata.get("activation"), said)


def write(net: MLP, path: Path) -> None:
    """Writes a safetensors file."""
    library = importlib.import_module(f"{_library().__name__}.numpy")
    arrays = arrays_of_network(net)
    strange = [a.dtype for a in arrays.values() if a.dtype not in map(np.dtype, DTYPES.values())]
    if strange:
        raise FileError(f"safetensors does not hold {strange[0]} weights; use net.astype('float32').")
    path.write_bytes(library.save(arrays, {"inputs": json.dumps(list(net.inputs)), "activation": RELU}))


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FileError(f"inputs: expected a JSON list of names in the metadata, got {shorten(text)!r}.")
    return names


def _library() -> ModuleType:
    try:
        import safetensors  # noqa: PLC0415  (an extra)
    except ImportError:
        raise FileError(
            "safetensors files need the safetensors package: pip install 'relucirc[safetensors]'."
        ) from None
    return safetensors
