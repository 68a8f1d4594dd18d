"""Loading ONNX files beside onnx.load and onnxruntime, and evaluating convolutional networks beside onnxruntime.

    python benchmarks/bench_loading.py

Seconds of CPU time, the best of three; both sides on one thread where they can be told so.  The last column says
whether a goal was reached: a time for loading; for 10,000 points, that no output is further from onnxruntime's than
ROUNDING times the largest output of the network.  The exit status is 1 where one was not.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import onnx
import onnxruntime
from onnx_convolutions import NETWORKS, Builder

import relucirc

POINTS, REPEATS = 10_000, 3
GOALS = {"784-256-256-10": 0.5, "1024-1024-1024-512-10": 2.0}
"""Seconds for loading."""
ROUNDING = 64 * float(np.finfo(np.float32).eps)
"""Of sums of hundreds of products, in another order."""
DENSE = {
    "784-256-256-10": lambda: Builder((784,)).dense(256).relu().dense(256).relu().dense(10),
    "1024-1024-1024-512-10": lambda: Builder((1024,)).dense(1024).relu().dense(1024).relu().dense(512).relu().dense(10),
}


def seconds(action: Callable[[], Any]) -> tuple[float, Any]:
    """The least CPU time of some runs, and what the last one gave."""
    best, result = float("inf"), None
    for _ in range(REPEATS):
        start = time.process_time()
        result = action()
        best = min(best, time.process_time() - start)
    return best, result


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def main() -> int:
    print("| model | MB | onnx.load | onnxruntime session | relucirc.load | goal | reached |")
    print("|---|---:|---:|---:|---:|---:|---|")
    loaded, failed = {}, 0
    folder = Path(tempfile.mkdtemp())
    for name, make in (DENSE | NETWORKS).items():
        builder = make()
        path = builder.save(folder / f"{name}.onnx")
        others = [
            seconds(lambda load=load, path=path: load(path))[0] for load in (lambda p: onnx.load(str(p)), session)
        ]
        ours, net = seconds(lambda path=path: relucirc.load(path))
        loaded[name] = builder, path, net
        columns = " | ".join(f"{s:.3g}" for s in (*others, ours))
        goal = GOALS.get(name)
        failed += goal is not None and ours > goal
        reached = "" if goal is None else "yes" if ours <= goal else "NO"
        print(f"| {name} | {path.stat().st_size / 1e6:.2g} | {columns} | {goal or ''} | {reached} |", flush=True)
    print(f"\n| {POINTS:,} points | onnxruntime | relucirc.evaluate, first | again | plan | largest output | "
          "largest difference | to rounding |")  # fmt: skip
    print("|---|---:|---:|---:|---|---:|---:|---|")
    for name, (builder, path, net) in loaded.items():
        xs = np.random.default_rng(0).uniform(0, 1, (POINTS, len(net.inputs))).astype(np.float32)
        running = session(path)
        theirs, expected = seconds(lambda: running.run(None, {"x": xs.reshape(-1, *builder.shape)})[0])  # noqa: B023
        start = time.process_time()
        relucirc.evaluate(net, xs)
        first = time.process_time() - start
        again, values = seconds(lambda: relucirc.evaluate(net, xs))  # noqa: B023
        plan = relucirc.compile_network(net).plan.kind
        largest, apart = abs(expected).max(), abs(values - expected).max()
        near = bool(apart <= ROUNDING * largest)
        failed += not near
        print(f"| {name} | {theirs:.3g} | {first:.3g} | {again:.3g} | {plan} | {largest:.2g} | {apart:.1g} | "
              f"{'yes' if near else 'NO'} |", flush=True)  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
