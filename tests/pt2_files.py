"""``.pt2`` files as ``torch.export.save`` writes them, made without PyTorch: a chain of operations on one input."""

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

FLOAT = 7


def tensor(name: str) -> dict[str, Any]:
    return {"as_tensor": {"name": name}}


def sized(shape: Sequence[int]) -> dict[str, Any]:
    """What the format says of a tensor of floats, whose storage is its own."""
    strides = [int(np.prod(shape[k + 1 :])) for k in range(len(shape))]
    sizes, steps = ([{"as_int": int(n)} for n in numbers] for numbers in (shape, strides))
    return {"dtype": FLOAT, "sizes": sizes, "strides": steps, "storage_offset": {"as_int": 0}, "layout": 7}


def operation(target: str, operands: Sequence[Any], result: str) -> dict[str, Any]:
    """An operation of ATen; operands are names of results, or arguments as the format has them."""
    arguments = [tensor(one) if isinstance(one, str) else one for one in operands]
    inputs = [{"name": f"a{k}", "arg": argument, "kind": 1} for k, argument in enumerate(arguments)]
    return {"target": f"torch.ops.aten.{target}", "inputs": inputs, "outputs": [tensor(result)], "metadata": {}}


def program(
    operations: Sequence[dict[str, Any]], arrays: dict[str, np.ndarray], shape: Sequence[int], result: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON of a model of the input ``x``, and of its numbers."""
    specs = [{"parameter": {"arg": {"name": name}, "parameter_name": name}} for name in arrays]
    specs.append({"user_input": {"arg": tensor("x")}})
    graph = {
        "inputs": [tensor(name) for name in (*arrays, "x")],
        "outputs": [tensor(result)],
        "nodes": list(operations),
        "tensor_values": {"x": sized(shape)},
    }
    signature = {"input_specs": specs, "output_specs": [{"user_output": {"arg": tensor(result)}}]}
    model = {"graph_module": {"graph": graph, "signature": signature}, "schema_version": {"major": 8, "minor": 14}}
    config = {
        name: {"path_name": f"weight_{k}", "is_param": True, "use_pickle": False, "tensor_meta": sized(array.shape)}
        for k, (name, array) in enumerate(arrays.items())
    }
    return model, {"config": config}


def packed(model: dict[str, Any], config: dict[str, Any], storages: Sequence[bytes]) -> bytes:
    """The archive."""
    members = {
        "archive_format": "pt2",
        "byteorder": "little",
        "models/model.json": json.dumps(model),
        "data/weights/model_weights_config.json": json.dumps(config),
        "data/constants/model_constants_config.json": '{"config": {}}',
        **{f"data/weights/weight_{k}": data for k, data in enumerate(storages)},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"net/{name}", content)
    return file.getvalue()


W0, W1 = np.array([[0, 1], [0, -1], [-1, 1]], np.float32), np.array([[1, -1, -1]], np.float32)
MINIMUM = (
    [operation("linear.default", ["x", "w0"], "a"), operation("relu.default", ["a"], "b"),
     operation("linear.default", ["b", "w1"], "y")],
    {"w0": W0, "w1": W1},
    (1, 2),
    "y",
)  # fmt: skip
"""The minimum of two numbers."""


def minimum() -> bytes:
    return packed(*program(*MINIMUM), [W0.tobytes(), W1.tobytes()])
