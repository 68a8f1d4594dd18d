"""compare on networks of the size of MNIST's and on those of ACAS Xu: verdict, certificate, first difference, time.

    python benchmarks/bench_comparing.py [FOLDER WITH ACAS XU ONNX FILES] [--networks 2] [--budget 300]

Copies are made by code: neurons permuted, scaled, split and merged, batch normalisations folded with and without
rounding, layers fused, neurons and weights pruned, one weight moved by one unit in its last place.  So it is known what
has to be said of each; the last column says whether it was, and the exit status is 1 where it was not.  Seconds are of
CPU time, of all threads: of compare, and of checking its certificate once more.  The budget is wall time.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import relucirc
from relucirc import MLP

Arrays = list[tuple[np.ndarray, np.ndarray]]
SHORT = 0.125
"""Means and offsets of exact normalisations are multiples of it."""


@dataclass(frozen=True)
class Case:
    """Two networks, and what has to be said of them.

    Attributes:
        first, second: What is compared: arrays or a file.
        status: The verdict.
        rewrites: The kinds that are named.
        layer, neurons: The first difference; without neurons any of that layer.
    """

    first: Any
    second: Any
    status: str = "equal"
    rewrites: frozenset[str] = frozenset()
    layer: int | None = None
    neurons: tuple[int, ...] = ()


def arrays_of(net: MLP) -> Arrays:
    return [
        (np.array(layer.weight), np.zeros(layer.shape[0], np.float32) if layer.bias is None else np.array(layer.bias))
        for layer in net.layers
    ]


def random_arrays(sizes: tuple[int, ...]) -> Arrays:
    rng = np.random.default_rng(0)
    return [
        (rng.normal(0, (2 / n) ** 0.5, (m, n)).astype(np.float32), rng.normal(0, 0.1, m).astype(np.float32))
        for n, m in pairwise(sizes)
    ]


# Copies that are the same function.


def permuted(arrays: Arrays, rng: Any) -> Arrays:
    """The neurons of each hidden layer in another order."""
    arrays = list(arrays)
    for k in range(len(arrays) - 1):
        order = rng.permutation(len(arrays[k][0]))
        arrays[k] = arrays[k][0][order], arrays[k][1][order]
        arrays[k + 1] = arrays[k + 1][0][:, order], arrays[k + 1][1]
    return arrays


def scaled(arrays: Arrays, rng: Any) -> Arrays:
    """Neurons multiplied by powers of two, and what reads them divided."""
    arrays = list(arrays)
    for k in range(len(arrays) - 1):
        scale = 2.0 ** rng.integers(-2, 3, len(arrays[k][0]))
        scale = scale.astype(arrays[k][0].dtype)
        arrays[k] = arrays[k][0] * scale[:, None], arrays[k][1] * scale
        arrays[k + 1] = arrays[k + 1][0] / scale, arrays[k + 1][1]
    return arrays


def split(arrays: Arrays, rng: Any) -> Arrays:
    """Each neuron of the first layer in two, the second of them scaled by a power of two; each is read by half."""
    (weight, bias), (above, over), *rest = arrays
    scale = (2.0 ** rng.integers(-2, 3, len(weight))).astype(weight.dtype)
    twice = np.concatenate([weight, weight * scale[:, None]]), np.concatenate([bias, bias * scale])
    return [twice, (np.concatenate([above / 2, above / 2 / scale], axis=1), over), *rest]


def with_idle(arrays: Arrays, rng: Any) -> Arrays:
    """A tenth more neurons in the second layer: half of them always off, half without a share in what reads them."""
    (weight, bias), (above, over) = arrays[1:3]
    count = max(2, len(weight) // 10)
    more = rng.normal(0, 1, (count, weight.shape[1])).astype(weight.dtype)
    more[::2] = -abs(more[::2])
    reads = rng.normal(0, 1, (len(above), count)).astype(above.dtype)
    reads[:, 1::2] = 0
    grown = np.concatenate([weight, more]), np.concatenate([bias, -np.ones(count, bias.dtype)])
    return [arrays[0], grown, (np.concatenate([above, reads], axis=1), over), *arrays[3:]]


def unfused(arrays: Arrays, rng: Any) -> Arrays:
    """A layer more, which passes the first layer's values on by relu(z) - relu(-z) before the bias is added."""
    del rng
    (weight, bias), *rest = arrays
    both = np.eye(len(weight), dtype=weight.dtype)
    return [(np.concatenate([weight, -weight]), 0 * np.concatenate([bias, bias])), (np.hstack([both, -both]), bias),
            *rest]  # fmt: skip


# Copies that are not.


def pruned(arrays: Arrays, rng: Any) -> Arrays:
    """The smaller half of the weights of each layer left out."""
    del rng
    return [(np.where(abs(weight) > np.median(abs(weight)), weight, 0), bias) for weight, bias in arrays]


def bfloat16(arrays: Arrays, rng: Any) -> Arrays:
    """The first 16 bits of each weight."""
    del rng
    return [((w.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32), bias) for w, bias in arrays]


def moved(arrays: Arrays, layer: int, rng: Any) -> tuple[Arrays, int]:
    """One weight of a layer, greater by one unit in its last place; and the neuron that it is of."""
    weight = arrays[layer][0].copy()
    row, column = (int(rng.integers(n)) for n in weight.shape)
    weight[row, column] = np.nextafter(weight[row, column], np.float32(np.inf))
    return [*arrays[:layer], (weight, arrays[layer][1]), *arrays[layer + 1 :]], row


# Batch normalisations, in a file, and folded.


def normalised(arrays: Arrays, path: Path, rng: Any, *, exact: bool) -> Arrays:
    """Writes the network with a batch normalisation in front of each ReLU, and folds it in float32.

    Exact ones divide by powers of two, and have short means and offsets: nothing is rounded when they are folded.
    """
    nodes, constants, folded, value = [], [], [], "x"

    def constant(array: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.asarray(array, np.float32), f"c{len(constants)}"))
        return constants[-1].name

    for k, (weight, bias) in enumerate(arrays):
        last, n = k == len(arrays) - 1, len(weight)
        operands = [value, constant(weight), *([constant(bias)] if last else [])]
        value = f"v{k}"
        nodes.append(helper.make_node("Gemm", operands, [value], transB=1))
        if last:
            folded.append((weight, bias))
            continue
        if exact:
            scale, variance = 2.0 ** rng.integers(-1, 2, n), 4.0 ** rng.integers(-1, 2, n)
            offset, mean = SHORT * rng.integers(-4, 5, (2, n))
        else:
            scale, variance, (offset, mean) = *rng.uniform(0.5, 1.5, (2, n)), rng.normal(0, 0.2, (2, n))
        parts = [np.asarray(v, np.float32) for v in (scale, offset, mean, variance)]
        epsilon = 0.0 if exact else 1e-5
        names = [value, *map(constant, parts)]
        nodes.append(helper.make_node("BatchNormalization", names, [f"n{k}"], epsilon=epsilon))
        nodes.append(helper.make_node("Relu", [f"n{k}"], [f"r{k}"]))
        value = f"r{k}"
        factor = parts[0] / np.sqrt(parts[3] + np.float32(epsilon))
        folded.append((weight * factor[:, None], parts[1] - parts[2] * factor))
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", arrays[0][0].shape[1]])]
    made = [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "net", given, made, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return folded


def cases(arrays: Arrays, folder: Path) -> Iterator[tuple[str, Case]]:
    """Name and case; each copy is made of its own random numbers."""

    def rng() -> Any:
        return np.random.default_rng(1)

    yield "as it is", Case(arrays, arrays)
    yield "permuted", Case(arrays, permuted(arrays, rng()), rewrites=frozenset({"permuted"}))
    yield "scaled", Case(arrays, scaled(arrays, rng()), rewrites=frozenset({"scaled"}))
    yield "each neuron of a layer split in two", Case(arrays, split(arrays, rng()), rewrites=frozenset({"split"}))
    yield "merged again", Case(split(arrays, rng()), arrays, rewrites=frozenset({"merged"}))
    file = folder / "exact.onnx"
    yield "batch norms folded, nothing rounded", Case(file, normalised(arrays, file, rng(), exact=True))
    idle = frozenset({"off", "unused"})
    yield "pruned of idle neurons", Case(with_idle(arrays, rng()), arrays, rewrites=idle)
    yield "two layers fused", Case(unfused(arrays, rng()), arrays, rewrites=frozenset({"layers"}))
    every = scaled(permuted(split(arrays, rng()), rng()), rng())
    yield "split, permuted and scaled", Case(arrays, every, rewrites=frozenset({"split"}))
    yield "half of the weights pruned", Case(arrays, pruned(arrays, rng()), "different", layer=0)
    for k in range(len(arrays)):
        copy, row = moved(arrays, k, rng())
        text = f"one unit in the last place, layer {k}"
        yield text, Case(arrays, copy, "different", layer=k, neurons=(row,))
    file = folder / "rounded.onnx"
    folded = normalised(arrays, file, rng(), exact=False)
    yield "batch norms folded in float32", Case(file, folded, "different", layer=0)
    yield "bfloat16", Case(arrays, bfloat16(arrays, rng()), "different", layer=0)


@dataclass(frozen=True)
class Measured:
    """What was said of a case, in seconds of CPU time."""

    found: Any
    seconds: float
    checked: bool | None
    checking: float

    def wrong(self, case: Case) -> str:
        """What was expected and is not there; empty where all is."""
        found, where = self.found, self.found.first_difference
        if found.status != case.status:
            return f"expected {case.status}"
        if case.status == "equal" and not self.checked:
            return "no certificate that is accepted"
        if case.rewrites - {rewrite.kind for rewrite in found.rewrites}:
            return f"expected {', '.join(case.rewrites)}"
        if case.layer is None:
            return "" if where is None else "expected no first difference"
        if where is None or where.layer != case.layer or (case.neurons and where.neurons != case.neurons):
            return f"expected layer {case.layer}, neurons {case.neurons or 'some'}"
        return ""


def measured(case: Case, names: tuple[str, ...], budget: float) -> Measured:
    """Compares, and checks the certificate."""
    first, second = (MLP.from_arrays(side, names) if isinstance(side, list) else side for side in
                     (case.first, case.second))  # fmt: skip
    start = time.process_time()
    found = relucirc.compare(first, second, budget=budget)
    spent, checked = time.process_time() - start, None
    start = time.process_time()
    if found.certificate is not None:
        checked = bool(relucirc.check(*found.networks, found.certificate))
    return Measured(found, spent, checked, time.process_time() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="with the ONNX files of ACAS Xu")
    parser.add_argument("--networks", type=int, default=2, help="how many of them (2)")
    parser.add_argument("--budget", type=float, default=300.0, help="seconds of wall time for each comparison (300)")
    parser.add_argument("--only", default="", help="copies whose name matches this")
    parser.add_argument("--small", action="store_true", help="only the networks of ACAS Xu")
    args = parser.parse_args()
    nets = {} if args.small else {"784-256-256-10": MLP.from_arrays(random_arrays((784, 256, 256, 10)))}
    paths = sorted(args.folder.rglob("*.onnx"))[: args.networks] if args.folder else []
    nets |= {path.stem: relucirc.load(path) for path in paths}
    print("| network | copy | verdict | CPU s | certificate | check, CPU s | first difference | named | as made |")
    print("|---|---|---|---:|---|---:|---|---|---|", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, net in nets.items():
            for way, case in cases(arrays_of(net), Path(folder)):
                if not re.search(args.only, way):
                    continue
                told = measured(case, net.inputs, args.budget)
                found, wrong = told.found, told.wrong(case)
                failed += bool(wrong)
                certificate = {True: "accepted", False: "REJECTED", None: ""}[told.checked]
                checking = f"{told.checking:.1f}" if certificate else ""
                kinds = ", ".join(dict.fromkeys(rewrite.kind for rewrite in found.rewrites))
                columns = (name, way, found.status, f"{told.seconds:.1f}", certificate, checking,
                           found.first_difference or "", kinds, wrong or "yes")  # fmt: skip
                print("| " + " | ".join(map(str, columns)) + " |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
