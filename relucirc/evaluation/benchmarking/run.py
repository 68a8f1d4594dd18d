"""``run_benchmark``: contenders side by side, taken in turn, and what the machine allows."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

import numpy as np

from relucirc.core.budget import Budget
from relucirc.core.errors import RelucircError
from relucirc.core.progress import Progress, watched
from relucirc.evaluation import compile_network
from relucirc.evaluation.batch import aligned_empty
from relucirc.evaluation.benchmarking.contenders import CONTENDERS, MissingError, Run, Task
from relucirc.evaluation.benchmarking.limits import ORDINARY, copies, machine, multiply_adds
from relucirc.evaluation.benchmarking.report import Line, Report
from relucirc.evaluation.compiled import LAYOUTS
from relucirc.language.network import MLP

MAX_NUMBERS = 2**29
"""Most numbers in one array: points times the widest layer, 2 GiB in float32."""

SHORTEST = 2e-3
"""Seconds that one measurement lasts at least; quick calls are repeated within it."""

PEAK = "multiply-adds"


def run_benchmark(
    net: MLP,
    points: int = 1_000_000,
    *,
    name: str = "network",
    layouts: Sequence[str] = LAYOUTS,
    contenders: Sequence[str] | None = None,
    rounds: int = 7,
    seed: int = 0,
    progress: Progress = None,
) -> Report:
    """Measures batched evaluation beside other tools, as fractions of what this machine can do.

    In every round each contender and each limit runs once, in turn, so that a busy moment of the
    machine meets them all; medians over rounds are reported.  All compute in float32 on the CPU,
    on threads of their own choosing, and their results are compared before anything is timed.

    Args:
        net: The network.
        points: How many random points (normal, mean 0, variance 1).
        name: What to call the network in the report.
        layouts: ``"rows"``, ``"features"``, or both.
        contenders: Names from ``CONTENDERS``; all by default.  Those that are not installed are
            left out, and the report says why.
        rounds: How often each is measured.
        seed: Of the random points.
        progress: As for :func:`relucirc.prove`: what is being measured.

    Returns:
        A :class:`Report`: ``print(report.table())``, ``report.to_json()``, ``report.plot(path)``.

    Raises:
        RelucircError: For a name that is not listed here, or results that differ.

    Example:
        >>> net = MLP.from_arrays([([[1], [-1]], None), ([[1, 1]], None)])
        >>> report = run_benchmark(net, 1000, contenders=["relucirc", "numpy"], rounds=1)
        >>> sorted({line.contender for line in report.lines})
        ['numpy', 'relucirc']
    """
    names = list(CONTENDERS) if contenders is None else list(contenders)
    _check("contenders", names, CONTENDERS)
    _check("layouts", list(layouts), LAYOUTS)
    for what, count in (("points", points), ("rounds", rounds)):
        if not isinstance(count, int) or count < 1:
            raise RelucircError(f"{what}: expected a positive number, got {count!r}.")
    if points * max(net.sizes) > MAX_NUMBERS:
        raise RelucircError(
            f"points: expected at most {MAX_NUMBERS // max(net.sizes):,} for layers of up to {max(net.sizes)} neurons, "
            f"got {points:,}."
        )
    floats = net.astype(np.float32)
    limits: dict[str, Run] = dict(copies((net.sizes[0] + net.sizes[-1]) * points))
    peak = multiply_adds()
    if peak is not None:
        limits[PEAK] = peak[0]
    report = Report(machine(), date.today().isoformat())
    for layout in layouts:
        task = Task(floats, _points(net.sizes[0], points, layout, seed), layout)
        with watched(None, f"{name}, {layout}", progress) as clock:
            runs = _prepare(names, task, report.skipped, clock)
            seconds = interleaved({**runs, **limits}, rounds, lambda: clock.step("rounds"))
        middle, fastest = ({label: of(values) for label, values in seconds.items()} for of in (median, min))
        for contender in runs:
            both = [(taken, taken[contender]) for taken in (middle, fastest)]
            of_copy = [min(taken[label] for label in ORDINARY if label in taken) / own for taken, own in both]
            of_peak = [
                None if peak is None else _flops(net) * points / own / peak[1] * taken[PEAK] for taken, own in both
            ]
            times = [own for _, own in both]
            report.lines.append(Line(name, _shape(net), points, layout, contender, *times, *of_copy, *of_peak))
        gigabytes = (net.sizes[0] + net.sizes[-1]) * points * 4 / 1e9
        here = {f"{label}, GB/s": gigabytes / fastest[label] for label in limits if label != PEAK}
        if peak is not None:
            here[f"{PEAK}, GFLOP/s"] = peak[1] / fastest[PEAK] / 1e9
        report.limits[f"{name}, {layout}"] = here
        report.plans[f"{name}, {layout}"] = str(compile_network(floats, layout=layout).plan)
    return report


def interleaved(
    runs: Mapping[str, Run], rounds: int, after: Callable[[], object] = lambda: None
) -> dict[str, list[float]]:
    """Returns the seconds of every function in every round; in a round each runs once, in turn."""
    repeats = {}
    for label, run in runs.items():
        start = time.perf_counter()
        run()
        repeats[label] = max(1, math.ceil(SHORTEST / max(time.perf_counter() - start, 1e-9)))
    seconds: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(rounds):
        for label, run in runs.items():
            start = time.perf_counter()
            for _ in range(repeats[label]):
                run()
            seconds[label].append((time.perf_counter() - start) / repeats[label])
        after()
    return seconds


def _prepare(names: Sequence[str], task: Task, skipped: dict[str, str], clock: Budget) -> dict[str, Run]:
    """Returns the contenders that can take part, compiled and their results compared."""
    runs: dict[str, Run] = {}
    first: np.ndarray | None = None
    for contender in names:
        try:
            run = CONTENDERS[contender](task)
            result = _matrix(run(), task.layout)
        except MissingError as reason:
            skipped[contender] = str(reason)
            continue
        if first is None:
            first = result
        size = float(np.abs(first).max())
        if result.shape != first.shape or not np.allclose(result, first, rtol=1e-4, atol=1e-4 * size):
            raise RelucircError(f"{contender} gives other values than {next(iter(runs))}; nothing was measured.")
        runs[contender] = run
        clock.step("contenders")
    return runs


def _matrix(result: Any, layout: str) -> np.ndarray:
    """Returns a copy of a result, one point a row."""
    array = np.asarray(result).copy()
    return array if layout == "rows" else array.T


def _points(inputs: int, points: int, layout: str, seed: int) -> np.ndarray:
    xs = aligned_empty((points, inputs) if layout == "rows" else (inputs, points), np.float32)
    values = np.random.default_rng(seed).standard_normal((points, inputs), dtype=np.float32)
    xs[:] = values if layout == "rows" else values.T
    return xs


def _shape(net: MLP) -> str:
    sizes = list(map(str, net.sizes))
    return "-".join(sizes if len(sizes) < 6 else [sizes[0], "...", sizes[-1]])


def _flops(net: MLP) -> int:
    return 2 * sum(a * b for a, b in zip(net.sizes, net.sizes[1:], strict=False))


def _check(what: str, given: list[str], known: Any) -> None:
    unknown = [value for value in given if value not in known]
    if unknown:
        raise RelucircError(f"{what}: expected some of {list(known)}, got {unknown[0]!r}.")
