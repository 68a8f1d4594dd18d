"""Training: seconds for each seed, against the original's loop in PyTorch, in one run.

    python benchmarks/bench_training.py [--function minimum] [--seeds 256] [--repeats 3] [--torch-steps N]

Whole runs are timed, from the call to the trained networks, compilation included (JAX's caches are emptied
before each).  The PyTorch loop is the original's: one network at a time, 1,000 fresh points for each step,
torch.optim.SGD; on one thread, which is quicker than several for networks this small.  It takes the same number
of steps; with --torch-steps it takes fewer, and its time is scaled up.  The ways take turns.

With data of their own, seeds are independent.  With a shared batch they see the same points and differ in their
first weights only: a different experiment, whose outcomes are not independent.
"""

import argparse
import itertools
import statistics
import time

import jax
import numpy as np

from relucirc.training import FUNCTIONS, REGIMENS, train

TORCH = {
    "identity": lambda x: x,
    "negative_identity": lambda x: -x,
    "absolute": lambda x: x.abs(),
    "addition": lambda x: x.sum(dim=1, keepdim=True),
    "subtraction": lambda x: x[:, :1] - x[:, 1:],
    "minimum": lambda x: x.min(dim=1, keepdim=True).values,
}


def torch_loop(function, steps):
    """The original's loop for one seed; returns its seconds and its last loss."""
    import torch

    sizes, target = FUNCTIONS[function].sizes, TORCH[function]
    started = time.perf_counter()
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(n, m, bias=False), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_of = torch.nn.MSELoss()
    for _ in range(steps):
        x = 2 * torch.rand(1000, sizes[0]) - 1
        loss = loss_of(model(x), target(x))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - started, float(loss.detach())


def ours(function, seeds, steps, repeat, shared):
    """A whole run; returns its seconds and the share of seeds with a low loss."""
    known = FUNCTIONS[function]
    jax.clear_caches()
    started = time.perf_counter()
    trained = train(
        known.formula,
        known.sizes,
        key=jax.random.key(repeat),
        seeds=seeds,
        steps=steps,
        shared_batch=shared,
        progress=False,
    )
    seconds = time.perf_counter() - started
    return seconds, float(np.mean(trained.final_losses < 1e-6 * trained.mean_square))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--function", choices=TORCH, default="minimum")
    parser.add_argument("--seeds", type=int, default=256)
    parser.add_argument("--steps", type=int, help="the original's by default: 10,000 for minimum, 500 for the others")
    parser.add_argument("--torch-steps", type=int, help="steps of the PyTorch loop; as many by default")
    parser.add_argument("--torch-threads", type=int, default=1, help="threads of PyTorch (1)")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    steps = options.steps or REGIMENS["original"].steps_for(FUNCTIONS[options.function].sizes)
    torch_steps = options.torch_steps or steps
    import torch

    torch.set_num_threads(options.torch_threads)
    torch_loop(options.function, 20)
    names = ("PyTorch loop, one seed", "ours, data of their own", "ours, shared batch")
    seconds: dict[str, list[float]] = {name: [] for name in names}
    low = {}
    for repeat in range(options.repeats):
        took, _ = torch_loop(options.function, torch_steps)
        seconds[names[0]].append(took * steps / torch_steps)
        for name, shared in ((names[1], False), (names[2], True)):
            took, low[name] = ours(options.function, options.seeds, steps, repeat, shared)
            seconds[name].append(took / options.seeds)
    print(f"{options.function}, {steps:,} steps of 1,000 points, {options.seeds} seeds; medians of {options.repeats}")
    base = statistics.median(seconds[names[0]])
    for name in names:
        middle = statistics.median(seconds[name])
        spread = f"{min(seconds[name]):.4f} to {max(seconds[name]):.4f}"
        share = f"   {low[name]:.0%} of the seeds at a low loss" if name in low else ""
        print(f"  {name:<26} {middle:9.4f} s a seed ({spread})   {base / middle:7.1f} x{share}")


if __name__ == "__main__":
    main()
