"""Who is measured: this library, and what people use otherwise, each as its users would write it.

A contender is made from a network and its points, and is a function without arguments that
evaluates all of them once and waits for the end.  One whose package is not installed says so.
Points are given in both layouts; each contender reads the one of the measurement, with weights
on the side that fits (``X @ W.T`` for rows, ``W @ X`` for features).
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.evaluation import compile_network, evaluate
from relucirc.language.network import MLP

Run = Callable[[], Any]


class MissingError(Exception):
    """A contender cannot take part; the text says why."""


@dataclass(frozen=True)
class Task:
    """What is to be evaluated.

    Attributes:
        net: The network, in float32.
        points: ``[n_points, n_in]`` for rows, ``[n_in, n_points]`` for features; aligned memory.
        layout: ``"rows"`` or ``"features"``.
    """

    net: MLP
    points: np.ndarray
    layout: str

    @property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Weights and biases as NumPy arrays; a bias is a column for features."""
        found = []
        for layer in self.net.layers:
            bias = None if layer.bias is None else np.asarray(layer.bias)
            if bias is not None and self.layout == "features":
                bias = bias[:, None]
            found.append((np.asarray(layer.weight), bias))
        return found


def numpy_layers(task: Task) -> Run:
    """NumPy: one matrix product for each layer."""
    layers = task.layers
    return lambda: _forward(task, task.points, layers, lambda v: np.maximum(v, 0))


def jax_layers(task: Task) -> Run:
    """``jax.jit`` of one matrix product for each layer."""
    layers = [(jnp.asarray(w), None if b is None else jnp.asarray(b)) for w, b in task.layers]
    return _jitted(lambda xs: _forward(task, xs, layers, jax.nn.relu), task)


def jax_vmap(task: Task) -> Run:
    """``jax.jit(jax.vmap(net))``."""
    axis = 0 if task.layout == "rows" else 1
    return _jitted(jax.vmap(task.net, in_axes=axis, out_axes=axis), task)


def ours(task: Task) -> Run:
    """``compile_network(net)``, result in fresh memory."""
    return _jitted(compile_network(task.net, layout=task.layout), task)


def ours_reused(task: Task) -> Run:
    """``compile_network(net)``, result in the memory of the one before."""
    compiled = compile_network(task.net, layout=task.layout)
    xs = jax.device_put(task.points)
    kept = [compiled(xs)]

    def run() -> Any:
        kept[0] = compiled(xs, out=kept[0])
        return kept[0].block_until_ready()

    return run


def ours_numpy(task: Task) -> Run:
    """``evaluate(net, xs)``, from NumPy to NumPy."""
    if task.layout == "rows":
        return lambda: evaluate(task.net, task.points)
    return lambda: evaluate(task.net, task.points.T).T


def torch_layers(task: Task, compiled: bool = False) -> Run:
    """PyTorch, eager or by ``torch.compile``."""
    try:
        import torch  # noqa: PLC0415
    except ImportError:
        raise MissingError("torch is not installed") from None
    layers = [(torch.tensor(w), None if b is None else torch.tensor(b)) for w, b in task.layers]

    def forward(xs: Any) -> Any:
        return _forward(task, xs, layers, torch.relu)

    if compiled:
        torch.compiler.reset()  # what other measurements compiled counts towards its limit of recompilations
        forward = torch.compile(forward, dynamic=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the points are only read
        xs = torch.from_numpy(task.points)

    def run() -> Any:
        with torch.inference_mode():
            return forward(xs)

    return run


def onnx_runtime(task: Task) -> Run:
    """onnxruntime, input and output bound to memory that is reused."""
    try:
        import onnx  # noqa: PLC0415
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise MissingError(f"{error.name} is not installed") from None
    onnxruntime.set_default_logger_severity(3)
    model = _onnx_model(onnx, task).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    axis = 0 if task.layout == "rows" else 1
    shape = [0, 0]
    shape[axis], shape[1 - axis] = task.points.shape[axis], task.net.sizes[-1]
    out = np.zeros(shape, np.float32)
    binding = session.io_binding()
    binding.bind_cpu_input("x", task.points)
    binding.bind_output("y", "cpu", 0, np.float32, shape, out.ctypes.data)

    def run() -> np.ndarray:
        session.run_with_iobinding(binding)
        return out

    return run


CONTENDERS: dict[str, Callable[[Task], Run]] = {
    "relucirc, reused output": ours_reused,
    "relucirc": ours,
    "relucirc.evaluate, NumPy": ours_numpy,
    "jax.jit(vmap(net))": jax_vmap,
    "jax.jit, matrix products": jax_layers,
    "onnxruntime": onnx_runtime,
    "torch.compile": partial(torch_layers, compiled=True),
    "torch": torch_layers,
    "numpy": numpy_layers,
}
"""Every contender by name, this library's first."""

OURS = tuple(name for name in CONTENDERS if name.startswith("relucirc"))


def _jitted(function: Callable[[Any], Any], task: Task) -> Run:
    compiled = function if hasattr(function, "plan") else jax.jit(function)
    xs = jax.device_put(task.points)
    return lambda: compiled(xs).block_until_ready()


def _forward(task: Task, xs: Any, layers: Any, relu: Callable[[Any], Any]) -> Any:
    for number, (weight, bias) in enumerate(layers):
        if number:
            xs = relu(xs)
        xs = xs @ weight.T if task.layout == "rows" else weight @ xs
        if bias is not None:
            xs = xs + bias
    return xs


def _onnx_model(onnx: Any, task: Task) -> Any:
    helper, nodes, constants, value = onnx.helper, [], [], "x"
    rows = task.layout == "rows"
    for number, (weight, bias) in enumerate(task.layers):
        if number:
            nodes.append(helper.make_node("Relu", [value], [f"a{number}"]))
            value = f"a{number}"
        arrays = {f"w{number}": np.ascontiguousarray(weight.T if rows else weight)}
        factors = [value, f"w{number}"] if rows else [f"w{number}", value]
        if bias is not None:
            arrays[f"b{number}"] = bias
            factors.append(f"b{number}")
        constants += [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
        value = f"z{number}"
        nodes.append(helper.make_node("Gemm", factors, [value]))
    nodes.append(helper.make_node("Identity", [value], ["y"]))
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, None]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
