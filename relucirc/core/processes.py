"""Worker processes of one's own: spawned, ended with the process that began them, replaced where they are killed."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

GRACE = 0.2
"""Seconds in which processes may end by themselves before they are killed."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NPROC")
"""What says how many threads a process has for linear algebra, and (the last) for what XLA compiles for a CPU; read
where these are loaded.  Workers need one each."""


class _Process(SpawnProcess):
    """A process with one thread for what it computes, unless the environment says more; Ctrl-C is not for it."""

    def start(self) -> None:
        said = {name: "1" for name in THREADS if name not in os.environ}
        os.environ.update(said)
        try:
            with _uninterrupted():
                super().start()
        finally:
            for name in said:
                os.environ.pop(name, None)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keeps Ctrl-C from the processes that begin meanwhile: while they import they would complain of it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it would begin meanwhile, and let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    """Spawns processes, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Any] = []

    def Process(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802  (the name that pools call)
        process = _Process(*args, **kwargs)
        self.begun.append(process)
        return process


class Processes(Executor):
    """Spawned processes; forked ones would inherit the threads of JAX, and hang.

    Each is a pool of one, so that a process which is killed takes no other one with it: what it was given fails with
    ``BrokenExecutor``, and the next order for it begins another one.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._context = _Context()
        self._pools = [self._pool() for _ in range(count)]
        self._given: list[set[Future]] = [set() for _ in range(count)]

    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=self._context, initializer=_begin)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        """Gives an order to the process that has fewest."""
        for given in self._given:
            given -= {future for future in given if future.done()}
        i = min(range(len(self._pools)), key=lambda i: len(self._given[i]))
        try:
            future = self._pools[i].submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._pools[i] = self._pool()
            future = self._pools[i].submit(fn, *args, **kwargs)
        self._given[i].add(future)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:  # noqa: ARG002  (as executors have)
        """Ends all processes at once, whatever they are doing."""
        begun = [process for process in self._context.begun if process.pid is not None]
        for process in begun:
            process.terminate()
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for process in begun:
            process.join(GRACE)
            if process.is_alive():
                process.kill()
                process.join(GRACE)


def _begin() -> None:
    """Begins a worker: Ctrl-C is for the process that began it, with which it ends, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
