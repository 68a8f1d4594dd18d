"""Convolutional networks as competitions of verifiers have them, for images like those of MNIST and CIFAR."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


@dataclass
class Builder:
    """An ONNX model that grows node by node; the weights are random, of the size that keeps values near 1."""

    shape: tuple[int, ...]
    seed: int = 0
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    value: str = "x"

    def __post_init__(self) -> None:
        self.rng, self.sizes = np.random.default_rng(self.seed), {"x": self.shape}

    def constant(self, array: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def put(self, kind: str, shape: tuple[int, ...], *operands: str, **attributes: Any) -> "Builder":
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(operands), [name], **attributes))
        self.value, self.sizes[name] = name, shape
        return self

    def conv(self, channels: int, k: int, stride: int = 1, pad: int = 0, group: int = 1) -> "Builder":
        before, *sides = self.sizes[self.value]
        weight = self.rng.normal(0, (2 / (before // group * k * k)) ** 0.5, (channels, before // group, k, k))
        bias = self.rng.normal(0, 0.1, channels)
        sides = [(n + 2 * pad - k) // stride + 1 for n in sides]
        operands = [self.constant(v.astype(np.float32)) for v in (weight, bias)]
        return self.put("Conv", (channels, *sides), self.value, *operands, kernel_shape=[k, k], strides=[stride] * 2,
                        pads=[pad] * 4, group=group)  # fmt: skip

    def norm(self) -> "Builder":
        channels = self.sizes[self.value][0]
        parts = [self.rng.uniform(0.5, 1.5, channels), *self.rng.normal(0, 0.2, (2, channels)),
                 self.rng.uniform(0.5, 1.5, channels)]  # fmt: skip
        operands = [self.constant(v.astype(np.float32)) for v in parts]
        return self.put("BatchNormalization", self.sizes[self.value], self.value, *operands)

    def relu(self) -> "Builder":
        return self.put("Relu", self.sizes[self.value], self.value)

    def pool(self, kind: str, k: int) -> "Builder":
        channels, *sides = self.sizes[self.value]
        return self.put(kind, (channels, *(n // k for n in sides)), self.value, kernel_shape=[k, k], strides=[k, k])

    def block(self, channels: int, stride: int) -> "Builder":
        """Two normalised convolutions around which the input is passed on."""
        start = self.value
        inner = self.conv(channels, 3, stride, 1).norm().relu().conv(channels, 3, 1, 1).norm().value
        self.value = start
        short = self.conv(channels, 1, stride).value
        return self.put("Add", self.sizes[inner], inner, short).relu()

    def flat(self) -> "Builder":
        return self.put("Flatten", (int(np.prod(self.sizes[self.value])),), self.value)

    def dense(self, n: int) -> "Builder":
        (before,) = self.sizes[self.value]
        weight, bias = self.rng.normal(0, (2 / before) ** 0.5, (n, before)), self.rng.normal(0, 0.1, n)
        operands = [self.constant(v.astype(np.float32)) for v in (weight, bias)]
        return self.put("Gemm", (n,), self.value, *operands, transB=1)

    def save(self, path: Path) -> Path:
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *self.shape])]
        outputs = [helper.make_tensor_value_info(self.value, TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "net", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path.write_bytes(model.SerializeToString())
        return path


MNIST, CIFAR = (1, 28, 28), (3, 32, 32)
NETWORKS = {
    "mnist, strided": lambda: Builder(MNIST).conv(16, 4, 2, 1).relu().conv(32, 4, 2, 1).relu().flat().dense(100)
    .relu().dense(10),
    "mnist, max pool": lambda: Builder(MNIST, 1).conv(4, 5).relu().pool("MaxPool", 2).conv(8, 3).relu()
    .pool("MaxPool", 2).flat().dense(10),
    "mnist, average pool": lambda: Builder(MNIST, 2).conv(6, 5, 1, 2).relu().pool("AveragePool", 2).conv(16, 5).relu()
    .pool("AveragePool", 2).flat().dense(120).relu().dense(10),
    "cifar, strided": lambda: Builder(CIFAR, 3).conv(8, 4, 2, 1).relu().conv(16, 4, 2, 1).relu().flat().dense(100)
    .relu().dense(10),
    "cifar, residual": lambda: Builder(CIFAR, 4).conv(8, 3, 2, 1).norm().relu().block(8, 2).block(16, 2).flat()
    .dense(100).relu().dense(10),
    "cifar, depthwise": lambda: Builder(CIFAR, 5).conv(6, 3, 2, 1, 3).norm().relu().conv(12, 1).norm().relu()
    .conv(12, 3, 2, 1, 12).relu().flat().dense(10),
}  # fmt: skip
"""Name -> network."""
