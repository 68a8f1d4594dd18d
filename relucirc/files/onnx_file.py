"""ONNX files: graphs of affine operators and ReLUs, folded into one perceptron.

Read exactly over the real numbers: constants mean the binary numbers that they hold, and folding two
operators into one layer does not round.  Weights stay in the file's float type where the folded ones are
such floats; otherwise the network is exact.  The first axis of the input is a batch, of size 1 or unnamed.
"""

import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import FileError, RelucircError, shorten
from relucirc.core.forms import Form
from relucirc.core.graph import GraphBuilder
from relucirc.core.names import default_names
from relucirc.files.named_arrays import arrays_of_network, as_floats
from relucirc.files.onnx_operators import OPERATORS, Node, Tensor, form_of
from relucirc.language.layers import Layers
from relucirc.language.lower.jaxpr.arrays import exact, objects
from relucirc.language.lower.jaxpr.limits import Unsupported
from relucirc.language.lower.jaxpr.scalars import Scalars
from relucirc.language.network import MLP

MAX_BYTES = (1 << 31) - 1
MAX_INPUTS = 1 << 20
OPSET, IR_VERSION = 17, 8
"""What is written: old enough for the runtimes of 2022."""
OLDEST = 7
"""The opset from which on operators broadcast as NumPy does."""
WRITABLE = ("float16", "float32", "float64")


def read(path: Path, said: str | None = None) -> MLP:  # noqa: ARG001  (the format names the activation)
    """Reads an ONNX model."""
    onnx = _library()
    if path.stat().st_size > MAX_BYTES:
        raise FileError(f"expected at most {MAX_BYTES >> 20} MiB, got {path.stat().st_size} bytes.")
    from google.protobuf.message import DecodeError  # noqa: PLC0415  (comes with onnx)

    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except DecodeError:
        raise FileError("expected an ONNX model, got another file.") from None
    graph = model.graph
    if not model.ir_version and not graph.node:  # which any bytes of no meaning to the format are
        size = path.stat().st_size
        raise FileError(f"expected an ONNX model, got {f'{size} bytes without one' if size else 'an empty file'}.")
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1)
    if opset < OLDEST:
        raise FileError(f"expected ONNX opset {OLDEST} or newer, got {opset}; convert it by onnx.version_converter.")
    _refuse_unknown_operators(graph)
    constants = {tensor.name: _constant(onnx, tensor, path.parent) for tensor in graph.initializer}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    inputs = [value for value in graph.input if value.name not in constants]
    shapes = [_shape(onnx, value) for value in inputs]
    count = sum(map(math.prod, shapes))
    if not inputs or not count or not graph.output:
        raise FileError("expected a model with inputs and outputs, got none.")
    if count > MAX_INPUTS:
        raise FileError(f"expected at most {MAX_INPUTS:,} inputs, got {count:,}.")
    neurons = Layers(_names(metadata, count))
    values = {name: Tensor(array, 0) for name, array in constants.items()}
    start = 0
    for value, shape in zip(inputs, shapes, strict=True):
        size = math.prod(shape)
        values[value.name] = Tensor(objects(map(Form.variable, range(start, start + size)), shape), 0)
        start += size
    _run(onnx, graph, values, neurons, path.parent)
    outputs = [_read(values, value.name, "the model's outputs") for value in graph.output]
    level = max(tensor.level for tensor in outputs)
    net = neurons.build([form_of(v) for tensor in outputs for v in exact(tensor.array).ravel()], level)
    stored = [tensor.array.dtype for tensor in values.values()]
    return _in_floats(net, stored, onnx.helper.tensor_dtype_to_np_dtype(inputs[0].type.tensor_type.elem_type))


def write(net: MLP, path: Path) -> None:
    """Writes a chain of Gemm and Relu, with a free batch axis."""
    onnx = _library()
    arrays = arrays_of_network(net)
    dtypes = sorted({str(array.dtype) for array in arrays.values()})
    if len(dtypes) > 1 or dtypes[0] not in WRITABLE:
        raise FileError(
            f"expected weights of one type among {', '.join(WRITABLE)}, got {', '.join(dtypes)}; use net.astype."
        )
    helper = onnx.helper
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtypes[0]))
    nodes, current = [], "input"
    for i, layer in enumerate(net.layers):
        last = i == len(net.layers) - 1
        names = [name for name in (f"layers.{i}.weight", f"layers.{i}.bias") if name in arrays]
        result = "output" if last else f"layers.{i}.sum"
        nodes.append(helper.make_node("Gemm", [current, *names], [result], name=f"layers.{i}", transB=1))
        if not last:
            current = f"layers.{i}.value"
            nodes.append(helper.make_node("Relu", [result], [current], name=f"layers.{i}.relu"))
        assert layer.shape == arrays[f"layers.{i}.weight"].shape
    graph = helper.make_graph(
        nodes,
        "perceptron",
        [helper.make_tensor_value_info("input", kind, ["batch", net.sizes[0]])],
        [helper.make_tensor_value_info("output", kind, ["batch", net.sizes[-1]])],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, {"inputs": json.dumps(list(net.inputs))})
    path.write_bytes(model.SerializeToString())


def _run(onnx: ModuleType, graph: Any, values: dict[str, Tensor], neurons: Layers, folder: Path) -> None:
    """Evaluates the nodes, which ONNX keeps in an order that can be evaluated."""
    scalars = Scalars(GraphBuilder(neurons.inputs))
    for node in graph.node:
        where = f"node {shorten(node.name or node.output[0])!r} ({node.op_type})"
        attributes = {a.name: _attribute(onnx, a, folder) for a in node.attribute}
        operands = [_read(values, name, where) if name else None for name in node.input]
        try:
            result = OPERATORS[node.op_type](Node(attributes, operands, neurons, scalars))
        except Unsupported as error:
            raise FileError(f"{where}: {error}.") from None
        except (ValueError, IndexError, KeyError, TypeError) as error:
            if isinstance(error, RelucircError):
                raise
            raise FileError(f"{where}: its operands do not fit: {shorten(str(error))}.") from None
        values.update(dict.fromkeys(node.output[:1], result))


def _refuse_unknown_operators(graph: Any) -> None:
    unknown = [
        f"{node.op_type} (node {shorten(node.name or ', '.join(node.output))!r})"
        for node in graph.node
        if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx")
    ]
    if unknown:
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        raise FileError(
            f"expected affine operators and ReLUs, got {', '.join(unknown[:8])}{more}; the operators that are read "
            f"are {', '.join(sorted(OPERATORS))}."
        )


def _in_floats(net: MLP, dtypes: list[np.dtype], input_dtype: np.dtype) -> MLP:
    """Returns the network in the float type of its weights, or else of its input, if that rounds nothing."""
    if sum(math.prod(layer.shape) for layer in net.layers) * input_dtype.itemsize > MAX_BYTES:
        return net  # sparse, and too large as dense arrays
    floats = {dtype for dtype in dtypes if jnp.issubdtype(dtype, jnp.floating)} or {input_dtype}
    return (as_floats(net, floats.pop()) if len(floats) == 1 else None) or net


def _names(metadata: dict[str, str], count: int) -> tuple[str, ...]:
    """The input names that :func:`write` keeps; others are not ours, and are left alone."""
    try:
        names = json.loads(metadata.get("inputs", "null"))
    except (ValueError, RecursionError):
        names = None
    if isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names):
        return tuple(names)
    return default_names(count)


def _float_types(onnx: ModuleType) -> tuple[int, ...]:
    kinds = onnx.TensorProto
    return (kinds.FLOAT, kinds.DOUBLE, kinds.FLOAT16, kinds.BFLOAT16)


def _shape(onnx: ModuleType, value: Any) -> tuple[int, ...]:
    """The shape of an input for one point: a batch axis without a size is 1."""
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or not kind.HasField("shape"):
        raise FileError(f"input {shorten(value.name)!r}: expected a tensor of known shape.")
    if kind.elem_type not in _float_types(onnx):
        raise FileError(f"input {shorten(value.name)!r}: expected floats, got the ONNX type number {kind.elem_type}.")
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim)
    if None in shape[1:] or (len(shape) == 1 and shape[0] is None) or (len(shape) > 1 and shape[0] not in (None, 1)):
        shown = ", ".join("?" if size is None else str(size) for size in shape)
        raise FileError(
            f"input {shorten(value.name)!r}: expected one point, with a batch axis of size 1 or none in front, got the "
            f"shape ({shown}); export the model for a batch of 1."
        )
    return tuple(size or 1 for size in shape)


def _read(values: dict[str, Tensor], name: str, where: str) -> Tensor:
    if name not in values:
        raise FileError(f"{where}: expected the value {shorten(name)!r}, which nothing before it gives.")
    return values[name]


def _attribute(onnx: ModuleType, attribute: Any, folder: Path) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    return _constant(onnx, value, folder) if isinstance(value, onnx.TensorProto) else value


def _constant(onnx: ModuleType, tensor: Any, folder: Path) -> np.ndarray:
    """Reads a stored tensor; data in another file only from the model's own folder."""
    name = shorten(tensor.name)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        _load_external(onnx, tensor, folder)
    try:
        array = np.asarray(onnx.numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(f"the tensor {name!r} is broken: {shorten(str(error))}.") from None
    if array.dtype == object or array.dtype.kind == "c":
        raise FileError(f"the tensor {name!r}: expected real numbers, got {array.dtype}.")
    return array


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


def _library() -> ModuleType:
    try:
        import onnx  # noqa: PLC0415  (an extra)
    except ImportError:
        raise FileError("ONNX files need the onnx package: pip install 'relucirc[onnx]'.") from None
    return onnx
