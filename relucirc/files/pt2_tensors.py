"""The numbers of a ``.pt2`` file: bytes of a storage, and for each tensor of it a type, sizes and strides."""

import math
import zipfile
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np

from relucirc.core.errors import FileError, shorten

TYPES: dict[int, tuple[str, Any]] = {
    1: ("uint8", np.uint8), 2: ("int8", np.int8), 3: ("int16", np.int16), 4: ("int32", np.int32),
    5: ("int64", np.int64), 6: ("float16", np.float16), 7: ("float32", np.float32), 8: ("float64", np.float64),
    12: ("bool", np.bool_), 13: ("bfloat16", ml_dtypes.bfloat16),
}  # fmt: skip
"""The format's number of a type -> PyTorch's name, and NumPy's type."""
REPEATED = 1 << 20
"""So many elements may a tensor have whose storage has fewer."""


def tensors_of(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], kind: str, config: dict[str, Any]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the tensors of a kind, ``"weights"`` or ``"constants"``, by their names: views of the storages."""
    storages: dict[str, bytes] = {}
    for name, entry in config["config"].items():
        member = f"data/{kind}/{entry['path_name']}"
        if entry.get("use_pickle") or not entry.get("tensor_meta"):
            raise FileError(f"{shorten(name)}: expected plain numbers, got a pickled object, which is never loaded.")
        if member not in members:
            raise FileError(f"{shorten(name)}: expected its numbers in the member {shorten(member)}.")
        if member not in storages:
            storages[member] = archive.read(members[member])
        yield name, _tensor(storages[member], entry["tensor_meta"], name)


def _tensor(storage: bytes, meta: dict[str, Any], name: str) -> np.ndarray:
    if meta["dtype"] not in TYPES or meta.get("layout") != 7:
        raise FileError(f"{shorten(name)}: expected a dense tensor of real numbers, got another.")
    dtype = np.dtype(TYPES[meta["dtype"]][1])
    sizes, strides = ([whole(n) for n in meta[key]] for key in ("sizes", "strides"))
    start = whole(meta["storage_offset"])
    if len(sizes) != len(strides) or min([*sizes, *strides, start]) < 0:
        raise FileError(f"{shorten(name)}: expected as many strides as sizes, none of them negative.")
    there, needed = len(storage) // dtype.itemsize, math.prod(sizes)
    last = start + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    if needed and (last >= there or needed > max(there, REPEATED)):
        raise FileError(f"{shorten(name)}: expected numbers for the sizes {sizes}, got {there}.")
    flat = np.frombuffer(storage, dtype, there)
    steps = [step * dtype.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(flat[start:] if needed else flat[:0], sizes, steps, writeable=False)


def whole(size: Any) -> int:
    """A size that the format writes as a number, not as an expression."""
    number = size.get("as_int") if isinstance(size, dict) else None
    if type(number) is not int:
        raise FileError("expected sizes that are numbers, got an expression; export the model for inputs of one shape.")
    return number
