"""Operators that make constants, and that move all elements of an array by its shape alone."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from relucirc.files.operators.table import Node, operator, room
from relucirc.language.lower.jaxpr.limits import Unsupported


@operator("Constant")
def _constant(node: Node) -> Any:
    kinds = {"value": None, "value_float": np.float32, "value_floats": np.float32, "value_int": int, "value_ints": int}
    for name, dtype in kinds.items():
        if name in node.attributes:
            return jnp.asarray(np.asarray(node.attributes[name], dtype=dtype))
    raise Unsupported("a constant that is not numbers")


@operator("ConstantOfShape")
def _filled(node: Node, shape: Any) -> Any:  # noqa: ARG001
    sizes, value = node.ints(0, "shape") or [], np.ravel(node.get("value", np.zeros(1, np.float32)))
    room(sizes)
    return jnp.broadcast_to(value[0], sizes)


@operator("Range")
def _range(node: Node, start: Any, *_: Any) -> Any:
    first, limit, step = (node.required(k, name) for k, name in enumerate(("start", "limit", "delta")))
    if not step or not all(np.isfinite(np.asarray(v, float)) for v in (first, limit, step)):
        raise Unsupported("its steps should be numbers, and not 0")
    count = max(math.ceil((limit.item() - first.item()) / step.item()), 0)
    room([count])
    return start.reshape(()) + jnp.arange(count, dtype=start.dtype) * step.reshape(())


@operator("EyeLike")
def _eye(node: Node, x: Any) -> Any:
    from onnx import helper  # noqa: PLC0415  (an extra)

    dtype = helper.tensor_dtype_to_np_dtype(node.get("dtype")) if node.get("dtype") else x.dtype
    room(x.shape)
    return jnp.eye(*x.shape, k=node.get("k", 0), dtype=dtype)


@operator("Shape")
def _shape(node: Node, x: Any) -> Any:
    return jnp.asarray(np.array(x.shape, np.int64)[slice(node.get("start", 0), node.get("end"))])


@operator("Size")
def _size(node: Node, x: Any) -> Any:  # noqa: ARG001
    return jnp.asarray(np.array(x.size, np.int64))


@operator("Dropout")
def _dropout(node: Node, x: Any, *_: Any) -> Any:
    training = node.array(2, "training_mode")
    if training is not None and np.any(training) and node.number(1, "ratio", 0.5) != 0:
        raise Unsupported("dropout in training mode is random")
    return [x, jnp.ones(x.shape, bool)]


@operator("Flatten")
def _flatten(node: Node, x: Any) -> Any:
    axis = node.get("axis", 1)
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))


@operator("Reshape")
def _reshape(node: Node, x: Any, *_: Any) -> Any:
    shape = node.ints(1, "shape")
    if shape is None:
        raise Unsupported("its shape is missing")
    if not node.get("allowzero", 0):
        shape = [x.shape[i] if size == 0 else size for i, size in enumerate(shape)]
    return x.reshape(shape)


@operator("Squeeze")
def _squeeze(node: Node, x: Any, *_: Any) -> Any:
    axes = node.ints(1, "axes")
    return jnp.squeeze(x, None if axes is None else tuple(axes))


@operator("Unsqueeze")
def _unsqueeze(node: Node, x: Any, *_: Any) -> Any:
    return jnp.expand_dims(x, tuple(node.ints(1, "axes") or ()))


@operator("Transpose")
def _transpose(node: Node, x: Any) -> Any:
    return jnp.transpose(x, node.get("perm"))


@operator("Concat")
def _concatenate(node: Node, *values: Any) -> Any:
    room([sum(v.size for v in values)])
    return jnp.concatenate(values, node.get("axis", 1))


@operator("Expand")
def _expand(node: Node, x: Any, *_: Any) -> Any:
    shape = np.broadcast_shapes(x.shape, tuple(node.ints(1, "shape") or ()))
    room(shape)
    return jnp.broadcast_to(x, shape)


@operator("Tile")
def _tile(node: Node, x: Any, *_: Any) -> Any:
    repeats = node.ints(1, "repeats") or []
    if len(repeats) != x.ndim:
        raise Unsupported(f"it has {len(repeats)} repeats for {x.ndim} axes")
    room([n * r for n, r in zip(x.shape, repeats, strict=True)])
    return jnp.tile(x, repeats)


@operator("Split")
def _split(node: Node, x: Any, *_: Any) -> Any:
    axis, sizes = node.get("axis", 0), node.ints(1, "split")
    total, count = x.shape[axis], node.get("num_outputs", len(node.outputs))
    if not 0 < count <= max(total, 1) + len(node.outputs):
        raise Unsupported(f"it cuts {total} elements into {count} parts")
    if sizes is None:
        each = -(-total // count)
        sizes = [max(min(each, total - k * each), 0) for k in range(count)]
    if sum(sizes) != total or min(sizes) < 0:
        raise Unsupported(f"its parts {sizes} do not make up {total} elements")
    return jnp.split(x, np.cumsum(sizes)[:-1].tolist(), axis)


@operator("DepthToSpace")
def _depth_to_space(node: Node, x: Any) -> Any:
    size, (n, c, h, w) = node.get("blocksize"), x.shape
    if node.word("mode", "DCR") == "DCR":
        blocks = x.reshape(n, size, size, c // size**2, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        blocks = x.reshape(n, c // size**2, size, size, h, w).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(n, c // size**2, h * size, w * size)


@operator("SpaceToDepth")
def _space_to_depth(node: Node, x: Any) -> Any:
    size, (n, c, h, w) = node.get("blocksize"), x.shape
    blocks = x.reshape(n, c, h // size, size, w // size, size)
    outer = (0, 1, 3, 5, 2, 4) if node.word("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    return blocks.transpose(outer).reshape(n, c * size**2, h // size, w // size)
