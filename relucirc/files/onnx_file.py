"""ONNX files: graphs of piecewise linear operators, folded into one perceptron.

Read exactly over the real numbers: constants mean the binary numbers that they hold, and folding two
operators into one layer does not round.  Weights stay in the file's float type where the folded ones are
such floats; otherwise the network is exact.  The first axis of the input is a batch, of size 1 or unnamed.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np
from flint import fmpq

from relucirc.core.errors import FileError, NetworkError, shorten
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Guard, SelectGate
from relucirc.core.names import default_names
from relucirc.files.named_arrays import arrays_of_network
from relucirc.files.onnx_graph import Graphs, Refused, Unknown, Value, find, sentence, tensor_of
from relucirc.files.onnx_tensors import MAX_BYTES, library, stored
from relucirc.files.operators.table import Tensor
from relucirc.language.layered import forms_of, needed_gates, network_of_graph
from relucirc.language.lower.jaxpr.arrays import exact, is_raw, objects
from relucirc.language.network import MLP

Shape = tuple[int, ...]
MAX_INPUTS = 1 << 20
OPSET, IR_VERSION = 17, 8
"""What is written: old enough for the runtimes of 2022."""
OLDEST = 7
"""The opset from which on operators broadcast as NumPy does."""
WRITABLE = ("float16", "float32", "float64")


def read(path: Path, said: str | None = None) -> MLP:  # noqa: ARG001  (the format names the activation)
    """Reads an ONNX model."""
    onnx = library()
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
    constants = {tensor.name: stored(onnx, tensor, path.parent) for tensor in graph.initializer}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    inputs = [value for value in graph.input if value.name not in constants]
    shapes = [_shape(onnx, value) for value in inputs]
    count = sum(map(math.prod, shapes))
    _refuse_second_names(graph, inputs)
    if not inputs or not count or not graph.output:
        raise FileError("expected a model with inputs and outputs, got none.")
    if count > MAX_INPUTS:
        raise FileError(f"expected at most {MAX_INPUTS:,} inputs, got {count:,}.")
    graphs = Graphs(onnx, model, _names(metadata, count), path.parent)
    values: dict[str, Value] = {name: tensor_of(array) for name, array in constants.items()}
    start = 0
    for value, shape in zip(inputs, shapes, strict=True):
        size, dtype = math.prod(shape), onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        values[value.name] = Tensor(objects(map(Form.variable, range(start, start + size)), shape), np.dtype(dtype))
        start += size
    graphs.run(graph.node, values, opset, {})
    outputs = [find(values, value.name, "the model's outputs") for value in graph.output]
    reasons = [reason for output in outputs if isinstance(output, Unknown) for reason in output.reasons]
    if reasons:
        raise FileError(sentence(reasons))
    tensors = [output for output in outputs if isinstance(output, Tensor)]
    forms = [_form(v) for tensor in tensors for v in exact(tensor.array).ravel()]
    if not forms:
        raise FileError("expected a model with inputs and outputs, got outputs without elements.")
    found = graphs.scalars.builder.build(forms)
    _refuse_jumps(graphs, found)
    _refuse_batches(found, shapes, [tensor.array.shape for tensor in tensors], inputs)
    floats = {v.dtype for v in values.values() if isinstance(v, Tensor) and is_raw(v.array)}
    given = {v.dtype for v in values.values() if isinstance(v, Tensor) and not is_raw(v.array)}
    kinds = [{d for d in dtypes if jnp.issubdtype(d, jnp.floating)} for dtypes in (floats, given)]
    dtypes = sorted(kinds[0] or kinds[1], key=lambda d: d.itemsize)
    return network_of_graph(found, dtypes, graphs.levels, max(tensor.level for tensor in tensors))


def write(net: MLP, path: Path) -> None:
    """Writes a chain of Gemm and Relu, with a free batch axis."""
    onnx = library()
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


def _refuse_second_names(graph: Any, inputs: Sequence[Any]) -> None:
    """Refuses a model in which two values have one name; a stored value may be listed as an input too."""
    seen: set[str] = set()
    given = [value.name for value in (*inputs, *graph.initializer)]
    for name in (*given, *(name for node in graph.node for name in node.output if name)):
        if name in seen:
            raise FileError(f"expected a name of its own for every value, got {shorten(name)!r} twice.")
        seen.add(name)


def _form(value: Any) -> Form:
    """Returns an element of an exact array as a form, and refuses infinities, conditions and what is no number."""
    if isinstance(value, bool | Guard):
        raise FileError("expected numbers as outputs, got conditions.")
    if not isinstance(value, Form | fmpq):
        raise NetworkError(f"expected finite numbers throughout, got {value}.")
    return value if isinstance(value, Form) else Form.constant(value)


def _refuse_jumps(graphs: Graphs, found: Graph) -> None:
    """Refuses a graph with choices, which a network of ReLUs cannot make."""
    n = len(found.inputs)
    choices = [v - n for v in needed_gates(found) if isinstance(found.gates[v - n], SelectGate)]
    if choices:
        places = dict.fromkeys(f"{graphs.place(gate)}: it jumps, or is not seen to be continuous" for gate in choices)
        raise FileError(sentence(map(Refused, places)))


def _refuse_batches(found: Graph, inputs: list[Shape], outputs: list[Shape], values: list[Any]) -> None:
    """Refuses a model of several points at once: the rows of its outputs depend on those of its inputs one by one."""
    sizes = {shape[0] if len(shape) > 1 else 1 for shape in inputs}
    (size,) = sizes if len(sizes) == 1 else (1,)
    if size == 1 or any(len(shape) < 1 or shape[0] != size for shape in outputs):
        return
    rows = [k for shape in inputs for k in range(size) for _ in range(math.prod(shape[1:]))]
    wanted = [k for shape in outputs for k in range(size) for _ in range(math.prod(shape[1:]))]
    known: list[frozenset[int]] = [frozenset((k,)) for k in rows]
    for gate in found.gates:
        known.append(frozenset(k for form in forms_of(gate) for v in form.variables for k in known[v]))
    if all(known[v] <= {k} for form, k in zip(found.outputs, wanted, strict=True) for v in form.variables):
        raise FileError(_not_one_point(values[0], inputs[0]))


def _names(metadata: dict[str, str], count: int) -> tuple[str, ...]:
    """The input names that :func:`write` keeps; others are not ours, and are left alone."""
    try:
        names = json.loads(metadata.get("inputs", "null"))
    except (ValueError, RecursionError):
        names = None
    if isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names):
        return tuple(names)
    return default_names(count)


def _shape(onnx: ModuleType, value: Any) -> Shape:
    """The shape of an input for one point: a batch axis without a size is 1."""
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or not kind.HasField("shape"):
        raise FileError(f"input {shorten(value.name)!r}: expected a tensor of known shape.")
    types = onnx.TensorProto
    if kind.elem_type not in (types.FLOAT, types.DOUBLE, types.FLOAT16, types.BFLOAT16):
        raise FileError(f"input {shorten(value.name)!r}: expected floats, got the ONNX type number {kind.elem_type}.")
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim)
    if None in shape[1:] or (len(shape) == 1 and shape[0] is None):
        raise FileError(_not_one_point(value, shape))
    return tuple(size or 1 for size in shape)


def _not_one_point(value: Any, shape: Sequence[int | None]) -> str:
    shown = ", ".join("?" if size is None else str(size) for size in shape)
    return (
        f"input {shorten(value.name)!r}: expected one point, with a batch axis of size 1 or none in front, got the "
        f"shape ({shown}); export the model for a batch of 1."
    )
