"""Evaluation on a GPU: fractions of the card's copy bandwidth, beside other tools.

    python benchmarks/bench_evaluation_gpu.py [--points 10000000 100000000] [--rounds 9] [--json OUT]

Every round measures all contenders in turn; medians are printed.  A copy of as many bytes (half of
them read, half of them written) into memory that is there is the limit: the faster of PyTorch's
``copy_`` and CuPy's, where installed, and of a jitted negation.

Calls are queued, many in a row, and waited for once, so that what is measured is the card and not
the start of a call; the time of a single call, waited for, is printed beside it.
"""

import argparse
import json
import statistics
import time
import warnings
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

import relucirc
from relucirc import compile_network, float_error_bound

QUEUED = 20e-3
"""Seconds of work that are queued before waiting."""


def networks():
    return {
        "2-3-1 minimum": relucirc.circuits.minimum(),
        "1-2-1 absolute": relucirc.circuits.absolute(),
        "4-input minimum": relucirc.circuits.minimum(4),
    }


def reusing(compiled, xs):
    """Our call with the result in the memory of the one before."""
    kept = [compiled(xs)]

    def call():
        kept[0] = compiled(xs, out=kept[0])
        return kept[0]

    return call, lambda: jax.block_until_ready(kept)


def jitted(function, xs):
    compiled = jax.jit(function)
    kept = [compiled(xs)]

    def call():
        kept[0] = compiled(xs)

    return call, lambda: jax.block_until_ready(kept)


def negation(count):
    """A jitted negation into memory that is given up: a copy, as XLA writes one."""
    xs, run = jnp.ones(count // 2), jax.jit(lambda x, _: -x, donate_argnums=1, keep_unused=True)
    kept = [jnp.zeros(count // 2)]

    def call():
        kept[0] = run(xs, kept[0])

    return call, lambda: jax.block_until_ready(kept)


def torch_copy(count):
    import torch

    source, target = torch.ones(count // 2, device="cuda"), torch.zeros(count // 2, device="cuda")
    return lambda: target.copy_(source), torch.cuda.synchronize


def cupy_copy(count):
    import cupy

    source, target = cupy.ones(count // 2, cupy.float32), cupy.zeros(count // 2, cupy.float32)
    return lambda: cupy.copyto(target, source), cupy.cuda.Device().synchronize


def torch_layers(net, xs, compiled):
    import torch

    layers = [(torch.tensor(np.asarray(a.weight)).cuda(), a.bias) for a in net.layers]
    layers = [(w, None if b is None else torch.tensor(np.asarray(b)).cuda()[:, None]) for w, b in layers]
    points = torch.from_numpy(np.array(xs)).cuda()

    def forward(x):
        for number, (weight, bias) in enumerate(layers):
            x = weight @ (torch.relu(x) if number else x)
            x = x if bias is None else x + bias
        return x

    run = torch.compile(forward) if compiled else forward

    def call():
        with torch.inference_mode():
            run(points)

    return call, torch.cuda.synchronize


def timed(call, wait, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    wait()
    return (time.perf_counter() - start) / repeats


def measure(runs, rounds):
    """Medians of queued calls and of single ones, in seconds."""
    repeats = {}
    for name, (call, wait) in runs.items():
        timed(call, wait, 3)
        repeats[name] = max(3, min(500, int(QUEUED / timed(call, wait, 5))))
    queued, single = {name: [] for name in runs}, {name: [] for name in runs}
    for _ in range(rounds):
        for name, (call, wait) in runs.items():
            queued[name].append(timed(call, wait, repeats[name]))
            single[name].append(timed(call, wait, 1))
    return {name: (statistics.median(queued[name]), statistics.median(single[name])) for name in runs}


def small(name, net, points, rounds, layouts):
    """One network against the copy and the other tools."""
    floats = net.astype(np.float32)
    count = (net.sizes[0] + net.sizes[-1]) * points
    copies = {"copy, jitted negation": negation(count)}
    for label, make in (("copy, torch", torch_copy), ("copy, cupy", cupy_copy)):
        try:
            copies[label] = make(count)
            timed(*copies[label], 1)
        except Exception as error:
            copies.pop(label, None)
            print(f"left out: {label} ({type(error).__name__})")
    lines = []
    for layout in layouts:
        shape = (net.sizes[0], points) if layout == "features" else (points, net.sizes[0])
        xs = jax.random.normal(jax.random.key(0), shape, jnp.float32)
        axis = 1 if layout == "features" else 0
        runs = dict(copies)
        runs["relucirc, reused output"] = reusing(compile_network(floats, layout=layout), xs)
        runs["relucirc"] = jitted(compile_network(floats, layout=layout), xs)
        runs["jax.jit(vmap(net))"] = jitted(jax.vmap(floats, in_axes=axis, out_axes=axis), xs)
        if layout == "features":
            for label in ("torch", "torch.compile"):
                try:
                    runs[label] = torch_layers(floats, xs, label == "torch.compile")
                    timed(*runs[label], 1)
                except Exception as error:
                    runs.pop(label, None)
                    print(f"left out: {label} ({type(error).__name__})")
        seconds = measure(runs, rounds)
        best = min(seconds[label][0] for label in copies)
        print(f"\n{name}, {points:,} points, {layout}: copy at {4 * count / best / 1e9:,.0f} GB/s, read and written")
        for label, (queued, single) in seconds.items():
            share = f"{best / queued:7.1%} of copy"
            print(f"  {label:<40} {queued * 1e6:10.1f} us  {share}   alone {single * 1e6:10.1f} us")
            lines.append([name, points, layout, label, queued, single, best / queued])
        del runs, xs
    return lines


def dense(sizes, rounds):
    """Products in full float32 keep to the bound; in the default precision they may not."""
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(b, a)) / np.sqrt(a), rng.normal(size=b)) for a, b in pairwise(sizes)]
    net = relucirc.MLP.from_arrays([(w.astype(np.float32), b.astype(np.float32)) for w, b in layers])
    points = rng.uniform(-1, 1, size=(100_000, sizes[0])).astype(np.float32)
    values = points.astype(np.float64)
    for number, layer in enumerate(net.layers):
        values = np.maximum(values, 0) if number else values
        values = values @ np.asarray(layer.weight, float).T + np.asarray(layer.bias, float)
    bound = float(float_error_bound(net, relucirc.Box(-1, 1), np.float32, plan="dense", exact_inputs=True))
    xs = jnp.asarray(points)
    functions = {
        "relucirc": compile_network(net, plan="dense"),
        "jax.jit(vmap(net)), default precision": jax.jit(jax.vmap(net)),
    }
    errors = {label: np.abs(np.asarray(run(xs), float) - values).max() for label, run in functions.items()}
    flops = 2 * sum(a * b for a, b in pairwise(sizes)) * len(points)
    print(f"\n{'-'.join(map(str, sizes))}, 100,000 points: float_error_bound {bound:.2e}")
    seconds = measure({label: jitted(run, xs) for label, run in functions.items()}, rounds)
    for label, (queued, single) in seconds.items():
        speed = f"{flops / queued / 1e12:6.1f} TFLOP/s"
        error = f"largest error {errors[label]:.2e}, {errors[label] / bound:.2g} of the bound"
        print(f"  {label:<40} {queued * 1e6:10.1f} us  {speed}   alone {single * 1e6:10.1f} us   {error}")
    assert errors["relucirc"] <= bound


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--points", type=int, nargs="+", default=[10_000_000, 100_000_000])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    if jax.default_backend() != "gpu":
        print(f"JAX sees no GPU here (its backend is {jax.default_backend()!r}): nothing is measured.")
        return
    warnings.filterwarnings("ignore", message=".*Triton.*")
    print(f"{jax.devices()[0].device_kind}, jax {jax.__version__}, float32")
    lines = []
    for points in options.points:
        for name, net in networks().items():
            layouts = ("features", "rows") if points == options.points[0] else ("features",)
            lines += small(name, net, points, options.rounds, layouts)
    dense((16, 256, 256, 16), options.rounds)
    dense((4, 64, 1), options.rounds)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"device": jax.devices()[0].device_kind, "lines": lines}, file)


if __name__ == "__main__":
    main()
