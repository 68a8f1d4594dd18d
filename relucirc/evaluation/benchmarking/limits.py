"""What the machine can do at most, measured: copying memory, and multiplying and adding.

A network that is small is bound by reading its inputs and writing its outputs, so the limit is a
copy of as many bytes into memory that is already there.  A copy that bypasses the cache is faster
where the processor has such stores: an ordinary store first reads what it overwrites.  A network
of large layers is bound by multiply-adds.  The two limits that Python cannot reach are written in
C and compiled when asked for, if there is a compiler; otherwise they are left out.
"""

import contextlib
import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import jax
import numpy as np

from relucirc.evaluation.batch import aligned_empty

ROUNDS = 1_000_000
"""Rounds of multiply-adds in one measurement: milliseconds."""

ORDINARY = ("copy", "copy, all cores")
"""The copies that an ordinary user can reach; fractions are of the faster one."""

Measured = Callable[[], object]


def cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def copies(count: int) -> dict[str, Measured]:
    """Returns functions that move ``count`` float32 numbers: read half of them, write the other half."""
    half = max(count // 2 // 64 * 64, 64)
    source, target = aligned_empty((half,), np.float32), aligned_empty((half,), np.float32)
    source[:] = 1
    target[:] = 0
    found: dict[str, Measured] = {"copy": lambda: np.copyto(target, source)}
    if cores() > 1:
        parts = _parts(half)
        pool = ThreadPoolExecutor(len(parts))
        found["copy, all cores"] = lambda: list(pool.map(lambda p: np.copyto(target[p], source[p]), parts))
        library = _library()
        if library is not None and library.streaming_copy(target.ctypes.data, source.ctypes.data, 64):

            def streaming(part: slice) -> None:
                size = part.stop - part.start
                library.streaming_copy(target[part].ctypes.data, source[part].ctypes.data, size)

            found["copy past the cache"] = lambda: streaming(slice(0, half))
            found["copy past the cache, all cores"] = lambda: list(pool.map(streaming, parts))
    return found


def multiply_adds() -> tuple[Measured, float] | None:
    """Returns a function that only multiplies and adds on all cores, and its number of flops."""
    library = _library()
    if library is None:
        return None
    sinks = [np.zeros(16, np.float32) for _ in range(cores())]
    pool = ThreadPoolExecutor(len(sinks))

    def one(sink: np.ndarray) -> float:
        return library.multiply_adds(ROUNDS, sink.ctypes.data)

    return lambda: list(pool.map(one, sinks)), sum(map(one, sinks))


def machine() -> str:
    """Returns the processor, the number of cores, and the versions that matter."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    versions = f"Python {platform.python_version()}, jax {jax.__version__}, NumPy {np.__version__}"
    return f"{name}, {cores()} cores, {platform.system()}, {versions}"


def _parts(count: int) -> list[slice]:
    size = -(-count // cores() // 64) * 64
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


@cache
def _library() -> ctypes.CDLL | None:
    """Compiles ``limits.c``; None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    source = Path(__file__).with_name("limits.c")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "limits.so"
        options = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
        done = subprocess.run([compiler, *options, str(source), "-o", str(built)], capture_output=True, check=False)
        if done.returncode != 0:
            return None
        library = ctypes.CDLL(str(built))
    library.streaming_copy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    library.multiply_adds.argtypes = [ctypes.c_long, ctypes.c_void_p]
    library.multiply_adds.restype = ctypes.c_double
    return library
