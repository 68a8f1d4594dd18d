"""Stored tensors and attributes of ONNX models, as NumPy arrays."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from relucirc.core.errors import FileError, shorten

MAX_BYTES = (1 << 31) - 1


def library() -> ModuleType:
    """Imports the package onnx."""
    try:
        import onnx  # noqa: PLC0415  (an extra)
    except ImportError:
        raise FileError("ONNX files need the onnx package: pip install 'relucirc[onnx]'.") from None
    return onnx


def stored(onnx: ModuleType, tensor: Any, folder: Path) -> np.ndarray:
    """Reads a stored tensor; data in another file only from the model's own folder."""
    name = shorten(tensor.name)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        _load_external(onnx, tensor, folder)
    try:
        array = np.asarray(onnx.numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(f"the tensor {name!r} is broken: {shorten(str(error))}.") from None
    if array.dtype == object or array.dtype.kind in "cUS":
        raise FileError(f"the tensor {name!r}: expected real numbers, got {array.dtype}.")
    return array


def attributes_of(onnx: ModuleType, node: Any, outer: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Reads the attributes of a node; those that refer to one of the function around it are taken from there."""
    found = {}
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            if attribute.ref_attr_name in outer:
                found[attribute.name] = outer[attribute.ref_attr_name]
            continue
        value = onnx.helper.get_attribute_value(attribute)
        found[attribute.name] = stored(onnx, value, folder) if isinstance(value, onnx.TensorProto) else value
    return found


def _load_external(onnx: ModuleType, tensor: Any, folder: Path) -> None:
    name = shorten(tensor.name)
    location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    root = folder.resolve()
    file = (root / location).resolve()
    if not location or root not in file.parents or not file.is_file():
        raise FileError(f"the tensor {name!r}: its data should be in the model's folder, got {shorten(location)!r}.")
    if file.stat().st_size > MAX_BYTES:
        raise FileError(
            f"the tensor {name!r}: expected at most {MAX_BYTES >> 20} MiB of data in {shorten(location)!r}."
        )
    try:
        onnx.external_data_helper.load_external_data_for_tensor(tensor, str(root))
    except (ValueError, OSError, onnx.checker.ValidationError) as error:
        raise FileError(f"the tensor {name!r}: its data cannot be read: {shorten(str(error))}.") from None
    tensor.data_location = onnx.TensorProto.DEFAULT  # older versions look for the file again otherwise
