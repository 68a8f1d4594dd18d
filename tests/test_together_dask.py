"""On a cluster of Dask: the same answers, while workers come, go and are killed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import warnings

import pytest
import toy_work
from test_together import medians

from relucirc import circuits, prove
from relucirc.core.budget import Budget
from relucirc.core.crew import gathered
from relucirc.core.together import solve
from relucirc.proof.methods import METHODS

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]
SQUARES = [n * n for n in range(300)]


@pytest.fixture(scope="module")
def cluster():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as found:
            yield found


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as found:
        yield found


def listed(client, act=None, **options):
    acted = []

    def watch(clock):
        if act is not None and not acted and clock.progress.get("numbers", 0) > 30:
            acted.append(act())

    with Budget(on_progress=watch, patience=0.0) as clock, gathered(client, **options):
        found = solve(toy_work.listing, {"each": 0.02}, [[0, 300]])
    assert toy_work.joined(found) == SQUARES
    assert clock.progress["numbers"] == 300
    assert acted or act is None


def test_a_cluster_works_as_one_process_does(client):
    listed(client)
    listed(client.get_executor())
    assert prove(circuits.minimum(), "Min(x1, x2)", executor=client)


def test_workers_are_added_and_removed(client, cluster):
    listed(client, act=lambda: cluster.scale(3))
    listed(client, act=lambda: cluster.scale(1))
    cluster.scale(2)


def test_a_worker_is_killed(client):
    listed(client, act=lambda: os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL))


def test_all_is_restarted(client, tmp_path):
    listed(client, act=lambda: client.restart(wait_for_workers=False) or True, journal=tmp_path / "run.journal")
    listed(client, journal=tmp_path / "run.journal")


class Scheduler:
    """A scheduler and its workers, each a process, at one address."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.processes = folder, []

    @property
    def address(self):
        return f"tcp://127.0.0.1:{self.port}"

    def _begin(self, name, *options):
        command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.dask_{name}", *options, "--no-dashboard"]
        quiet = {"cwd": self.folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes.append(subprocess.Popen(command, **quiet))

    def begin(self, workers):
        self._begin("scheduler", "--port", str(self.port), "--host", "127.0.0.1")
        for _ in range(workers):
            self.add()

    def add(self):
        self._begin("worker", self.address, "--nthreads", "1", "--no-nanny")

    def kill(self, which):
        for process in self.processes[which]:
            process.kill()
            process.wait()
        del self.processes[which]


def proved(**options):
    """A proof in which every region is a piece."""
    net, formula = medians(2, 3, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relucirc.proof.prover.METHODS", {"regions": METHODS["regions"]})
        for name in ("together.FIRST", "together.LONGEST", "budget.INTERVAL", "budget.PATIENCE"):
            patch.setattr(f"relucirc.core.{name}", 0.0)
        return prove(net, formula, budget=None, **options)


def test_a_proof_is_the_same_while_the_scheduler_is_killed_and_workers_come_and_go(tmp_path):
    alone = proved(journal=tmp_path / "alone.journal")
    assert alone.method == "regions"
    there, acts = Scheduler(tmp_path), []

    def again():
        there.kill(slice(0, None))
        there.begin(2)

    plan = [(5, there.add), (10, lambda: there.kill(slice(1, 2))), (20, again), (40, there.add)]

    def watch(clock):
        if plan and clock.progress.get("pieces", 0) >= plan[0][0]:
            acts.append(plan.pop(0)[1]())

    there.begin(1)
    try:
        with contextlib.closing(distributed.Client(there.address, timeout=60)) as client:
            found = proved(executor=client, journal=tmp_path / "cluster.journal", progress=watch)
    finally:
        there.kill(slice(0, None))
    assert len(acts) == 4
    assert (found.status, found.certificate) == (alone.status, alone.certificate)
