"""On a cluster of Dask: the same answers, while workers come, go and are killed."""

import os
import signal
import warnings

import pytest
import toy_work

from relucirc import circuits, prove
from relucirc.core.budget import Budget
from relucirc.core.crew import gathered
from relucirc.core.together import solve

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
