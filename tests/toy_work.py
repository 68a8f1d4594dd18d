"""Work whose answer is known: numbers are listed, each takes a while, and some of them end the list."""

import os
import time
from pathlib import Path

import jax

from relucirc.core.budget import tick
from relucirc.core.pieces import Outcome


def listing(question, piece, seconds):
    """Lists the numbers from low to high; ``last`` is final.  ``seen`` is a folder where those listed leave a mark."""
    low, high = piece
    begun, found = time.monotonic(), []
    while low < high:
        tick("numbers")
        time.sleep(question.get("each", 0))
        if "seen" in question:
            mark = Path(question["seen"]) / f"{low}-{os.getpid()}-{time.monotonic_ns()}"
            mark.touch()
        found.append(low * low)
        low += 1
        if low - 1 == question.get("last"):
            return Outcome(found, final=True)
        if seconds is not None and high - low > 1 and (question.get("short") or time.monotonic() - begun > seconds):
            middle = (low + high) // 2
            return Outcome(found, [[low, middle], [middle, high]])
    return Outcome(found)


def failing(question, piece, seconds):
    raise ZeroDivisionError(f"{question} {piece} {seconds}")


def dying(*_):
    os._exit(3)


def environment(names):
    return [os.environ.get(name) for name in names]


def threads_of_xla():
    """The names of this process's threads, when something was computed (Linux)."""
    jax.numpy.zeros(1).block_until_ready()
    return [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]


def blocked():
    """The signals that do not reach this process (Linux)."""
    return next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("SigBlk"))


def joined(outcomes):
    return [number for outcome in outcomes for number in outcome.found]
