"""compare on networks of the size of MNIST's and on those of ACAS Xu: verdict, certificate, first difference, time.

    python benchmarks/bench_comparing.py [FOLDER WITH ACAS XU ONNX FILES]

Copies are folded, permuted, scaled, split, pruned, or differ in one unit of the last place of one weight.
"""

import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import relucirc
from relucirc import MLP

Arrays = list[tuple[np.ndarray, np.ndarray]]


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


def permuted(arrays: Arrays, rng: Any) -> Arrays:
    """The neurons of each hidden layer in another order."""
    for k in range(len(arrays) - 1):
        order = rng.permutation(len(arrays[k][0]))
        arrays[k] = arrays[k][0][order], arrays[k][1][order]
        arrays[k + 1] = arrays[k + 1][0][:, order], arrays[k + 1][1]
    return arrays


def folded(arrays: Arrays, rng: Any) -> Arrays:
    """Neurons multiplied by powers of two, and what reads them divided: a batch normalisation that was folded."""
    for k in range(len(arrays) - 1):
        scale = 2.0 ** rng.integers(-2, 3, len(arrays[k][0]))
        scale = scale.astype(arrays[k][0].dtype)
        arrays[k] = arrays[k][0] * scale[:, None], arrays[k][1] * scale
        arrays[k + 1] = arrays[k + 1][0] / scale, arrays[k + 1][1]
    return arrays


def split(arrays: Arrays, rng: Any) -> Arrays:
    """A neuron of the first layer twice, each read by half."""
    (weight, bias), (above, over) = arrays[:2]
    k = int(rng.integers(len(weight)))
    half = above.copy()
    half[:, k] /= 2
    first = np.concatenate([weight, weight[k : k + 1]]), np.concatenate([bias, bias[k : k + 1]])
    return [first, (np.concatenate([half, half[:, k : k + 1]], axis=1), over), *arrays[2:]]


def pruned(arrays: Arrays, rng: Any) -> Arrays:
    """The smallest weight of the last layer left out."""
    del rng
    weight, bias = arrays[-1]
    weight = weight.copy()
    weight[np.unravel_index(np.abs(weight).argmin(), weight.shape)] = 0
    return [*arrays[:-1], (weight, bias)]


def moved(arrays: Arrays, rng: Any) -> Arrays:
    """One weight of the second layer, greater by one unit in its last place."""
    weight, bias = arrays[1]
    weight = weight.copy()
    at = tuple(rng.integers(n) for n in weight.shape)
    weight[at] = np.nextafter(weight[at], weight.dtype.type(np.inf))
    return [arrays[0], (weight, bias), *arrays[2:]]


WAYS: dict[str, Callable[[Arrays, Any], Arrays]] = {
    "as it is": lambda arrays, rng: arrays,  # noqa: ARG005
    "permuted": permuted,
    "folded": folded,
    "split": split,
    "pruned by one weight": pruned,
    "one unit in the last place": moved,
}


def main() -> None:
    nets = {"784-256-256-10": MLP.from_arrays(random_arrays((784, 256, 256, 10)))}
    for path in sorted(Path(sys.argv[1]).rglob("*.onnx"))[:2] if len(sys.argv) > 1 else []:
        nets[path.stem] = relucirc.load(path)
    print("| network | copy | verdict | CPU s | certificate | first difference |")
    print("|---|---|---|---:|---|---|")
    for name, net in nets.items():
        for way, change in WAYS.items():
            other = MLP.from_arrays(change(arrays_of(net), np.random.default_rng(1)), net.inputs)
            start = time.process_time()
            found = relucirc.compare(net, other)
            spent = time.process_time() - start
            certificate = "yes" if found.certificate else "" if found.status == "different" else "none"
            where = found.first_difference or ""
            print(f"| {name} | {way} | {found.status} | {spent:.1f} | {certificate} | {where} |", flush=True)


if __name__ == "__main__":
    main()
