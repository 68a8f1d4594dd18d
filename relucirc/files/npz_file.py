"""NumPy archives: ``np.savez(path, W0=..., b0=..., W1=..., b1=...)``, and other numbered names.

An array called ``inputs`` may hold the input names, and one called ``activation`` the activation's name.
Pickled objects are refused, not loaded.
"""

import math
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy

from relucirc.core.errors import FileError, shorten
from relucirc.files.named_arrays import arrays_of_network, network_of_arrays
from relucirc.language.models import RELU
from relucirc.language.network import MLP

MAX_BYTES = 1 << 31
"""Most bytes that an archive may unpack to."""
MAX_ARRAYS = 10_000


def read(path: Path, said: str | None = None) -> MLP:
    """Reads an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = _arrays(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise FileError(f"expected a NumPy .npz archive, got another file: {shorten(str(error))}.") from None
    inputs = arrays.pop("inputs", None)
    if inputs is not None and (inputs.dtype.kind != "U" or inputs.ndim != 1):
        raise FileError(f"inputs: expected a vector of names, got dtype {inputs.dtype} and shape {inputs.shape}.")
    named = arrays.pop("activation", None)
    if named is not None and (named.dtype.kind != "U" or named.ndim != 0):
        raise FileError(f"activation: expected a name, got dtype {named.dtype} and shape {named.shape}.")
    names = None if inputs is None else inputs.tolist()
    return network_of_arrays(path, arrays, names, None if named is None else named.item(), said)


def write(net: MLP, path: Path) -> None:
    """Writes an archive, uncompressed."""
    arrays = arrays_of_network(net)
    narrow = sorted({str(a.dtype) for a in arrays.values() if a.dtype.kind not in "fiu"})
    if narrow:
        raise FileError(f"NumPy's format does not keep {narrow[0]} weights; save them as .safetensors.")
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, inputs=np.array(net.inputs), activation=np.array(RELU), **arrays)


def _arrays(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES or len(members) > MAX_ARRAYS:
        raise FileError(
            f"expected at most {MAX_BYTES >> 20} MiB in at most {MAX_ARRAYS} arrays, got an archive of "
            f"{len(members)} that unpacks to {total} bytes."
        )
    arrays: dict[str, np.ndarray] = {}
    for member in members:
        name = member.filename.removesuffix(".npy")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError(f"{shorten(name)}: expected a stored or deflated array, got another compression.")
        if name == member.filename or name in arrays:
            raise FileError(f"expected arrays of different names, got the member {shorten(member.filename)!r}.")
        with archive.open(member) as file:
            arrays[name] = _array(file, member.file_size, name)
    return arrays


def _array(file: IO[bytes], size: int, name: str) -> np.ndarray:
    """Reads one array, after its header has been checked against what the archive holds."""
    try:
        version = npy.read_magic(file)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read_header is None:
            raise FileError(f"{shorten(name)}: expected a .npy array of version 1 or 2, got version {version}.")
        shape, fortran, dtype = read_header(file)
        if dtype.hasobject:
            raise FileError(f"{shorten(name)}: expected numbers, got pickled objects, which are never loaded.")
        expected = math.prod(shape) * dtype.itemsize
        data = file.read(expected) if min(shape, default=0) >= 0 and expected <= size else b""
    except FileError:
        raise
    except (ValueError, TokenError) as error:
        raise FileError(f"{shorten(name)}: not a NumPy array: {shorten(str(error))}.") from None
    if len(data) != expected:
        raise FileError(f"{shorten(name)}: expected {expected} bytes for the shape {shape}, got fewer.")
    return (
        np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C").astype(dtype.newbyteorder("="))
    )
