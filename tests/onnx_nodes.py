"""The node tests that come with onnx, as files with one float input and everything else constant.

Run as a program, it prints the table of ``docs/onnx.md``: how many are read right, wrong, or refused, by operator.
"""

import contextlib
import io
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import relucirc

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
OPERATORS = frozenset((
    "Abs", "Add", "AveragePool", "BatchNormalization", "Cast", "CastLike", "CenterCropPad", "Clip", "Col2Im",
    "Compress", "Concat", "Conv", "ConvTranspose", "CumSum", "DepthToSpace", "Div", "Dropout", "Einsum",
    "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Gemm", "GlobalAveragePool", "GlobalMaxPool",
    "GridSample", "HardSigmoid", "Identity", "LeakyRelu", "MatMul", "Max", "MaxPool", "MaxUnpool", "Mean",
    "Min", "Mul", "Neg", "PRelu", "Pad", "Pow", "ReduceL1", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceSum", "Relu", "Reshape", "Resize", "ReverseSequence", "Scatter", "ScatterElements", "ScatterND",
    "Shape", "Shrink", "Size", "Slice", "SpaceToDepth", "Split", "Squeeze", "Sub", "Sum", "ThresholdedRelu",
    "Tile", "TopK", "Transpose", "Trilu", "Unsqueeze", "Upsample", "Where",
))  # fmt: skip
"""Operators that are piecewise linear in one float input, at least for some attributes."""


@dataclass(frozen=True)
class Case:
    """One node test.

    Attributes:
        name, operator: As onnx names them.
        model: The model as onnx has it.
        inputs: What it is run on.
        varied: Which input is varied.
        expected: What onnx says that it gives.
    """

    name: str
    operator: str
    model: Any
    inputs: dict[str, np.ndarray]
    varied: str
    expected: list[np.ndarray]

    def file(self, folder: Path) -> Path:
        """Writes the model of one input: a row of all elements of the varied one."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        graph = model.graph
        kind = next(i.type.tensor_type.elem_type for i in graph.input if i.name == self.varied)
        values = {name: v for name, v in self.inputs.items() if name != self.varied}
        graph.initializer.extend(numpy_helper.from_array(np.asarray(v), name) for name, v in values.items())
        shape = np.array(self.inputs[self.varied].shape, np.int64)
        graph.initializer.append(numpy_helper.from_array(shape, "row.shape"))
        del graph.input[:]
        graph.input.append(helper.make_tensor_value_info("row", kind, [1, int(np.prod(shape))]))
        nodes = list(graph.node)
        del graph.node[:]
        graph.node.extend([helper.make_node("Reshape", ["row", "row.shape"], [self.varied]), *nodes])
        path = folder / "net.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    def run(self, x: np.ndarray) -> list[np.ndarray]:
        """The outputs by the evaluator that comes with onnx."""
        return ReferenceEvaluator(self.model).run(None, self.inputs | {self.varied: x})


def cases() -> Iterator[Case]:
    """All tests of one node with one of the operators and a float input."""
    from onnx.backend.test.loader import load_node_model_tests

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        found = load_node_model_tests()
    for case in sorted(found, key=lambda case: case.name):
        graph = case.model.graph
        if len(graph.node) != 1 or graph.node[0].op_type not in OPERATORS or not graph.input:
            continue
        plain = all(value.type.HasField("tensor_type") for value in (*graph.input, *graph.output))
        floats = [i.name for i in graph.input if plain and i.type.tensor_type.elem_type in FLOATS]
        values, outputs = case.data_sets[0]
        if graph.node[0].op_type.startswith("Cast") and graph.output[0].type.tensor_type.elem_type not in FLOATS:
            continue  # it rounds
        inputs = {i.name: _array(v) for i, v in zip(graph.input, values, strict=True)} if plain else {}
        if not floats or not inputs[floats[0]].size:
            continue
        yield Case(case.name, graph.node[0].op_type, case.model, inputs, floats[0], [_array(v) for v in outputs])


def _array(value: Any) -> np.ndarray:
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)


def verdict(case: Case, folder: Path) -> tuple[str, str]:
    """Reads one test and compares; says right, wrong or refused, and why."""
    try:
        net = relucirc.load(case.file(folder))
    except relucirc.RelucircError as error:
        return "refused", str(error).split("net.onnx: ", 1)[-1]
    plain = case.inputs[case.varied].astype(float)
    given = np.nan_to_num(plain, posinf=3, neginf=-3).astype(case.inputs[case.varied].dtype)
    points = [(given, case.expected)] if np.isfinite(plain).all() else []
    rng = np.random.default_rng(0)
    for _ in range(2):
        x = rng.permutation(given.ravel()).reshape(given.shape)
        with contextlib.suppress(Exception):  # the evaluator does not know every test
            points.append((x, case.run(x)))
    for x, expected in points:
        got = np.array([float(v) for v in net.at(*map(float, x.ravel()))])
        wanted = np.concatenate([np.asarray(y).astype(float).ravel() for y in expected])
        half = any(array.dtype.itemsize < 4 for array in (given, *expected))
        near = {"rtol": 1e-2, "atol": 1e-2} if half else {"rtol": 1e-3, "atol": 1e-5}
        if got.shape != wanted.shape or not np.allclose(got, wanted, **near):
            return "wrong", f"got {got}, expected {wanted}"
    return "right", f"{len(points)} points"


def main() -> None:
    """Prints the table, and every refusal if asked."""
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            said, why = verdict(case, Path(folder))
            counts.setdefault(case.operator, Counter())[said] += 1
            if "-v" in sys.argv and said != "right":
                print(case.name, said, why, file=sys.stderr)
    rows = [*counts.items(), ("all", sum(counts.values(), Counter()))]
    print("| operator | right | wrong | refused |\n|---|---:|---:|---:|")
    for name, row in rows:
        print(f"| {name} | {row['right']} | {row['wrong']} | {row['refused']} |")


if __name__ == "__main__":
    main()
