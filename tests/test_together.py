"""Whoever works on the pieces, and in whatever order they come back: one answer, nothing twice, nothing lost."""

import itertools
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest
import sympy
import toy_work
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from test_boxes import check as check_on_box
from test_boxes import lowered, network, shifted

from relucirc import MLP, Box, RelucircError, bounds, check, compare, discover, max_deviation, prove, regions, verify
from relucirc.checker.data import Rejected
from relucirc.circuits import maximum, sawtooth
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.crew import gathered
from relucirc.core.digest import digest_of
from relucirc.core.pieces import Outcome
from relucirc.core.processes import Processes
from relucirc.core.together import WorkersError, solve
from relucirc.interpretation.counting import take_census
from relucirc.language.claim import read_claim
from relucirc.language.function import read_function
from relucirc.optimal import compile_formula
from relucirc.optimal.discovery.sharing import Question, look
from relucirc.optimal.discovery.target import read_target
from relucirc.proof.answers import Proved, Refuted
from relucirc.proof.bounding.sharing import joined as in_order
from relucirc.proof.boxes import decide_on_boxes
from relucirc.proof.boxes.setting import values_of
from relucirc.proof.cells import Cells
from relucirc.proof.methods import RELATIONS, regionwise
from relucirc.training import train

HERE = Path(__file__).parent
SQUARES = [n * n for n in range(60)]


class Shuffled(Executor):
    """Answers its orders one by one, in any order."""

    def __init__(self, seed):
        self.rng, self.held = random.Random(seed), []
        self.is_open = True
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def submit(self, fn, /, *args):
        future = Future()
        self.held.append((future, fn, args))
        return future

    def _work(self):
        while self.is_open:
            time.sleep(0.001)
            if len(self.held) > 2 or self.rng.random() < 0.3:
                held, self.held = self.held, []
                self.rng.shuffle(held)
                for future, fn, args in held:
                    if future.set_running_or_notify_cancel():
                        future.set_result(fn(*args))

    def shutdown(self, **_):
        self.is_open = False


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_does_not_matter(seed):
    question = {"short": True}
    with Shuffled(seed) as pool, gathered(pool, workers=random.Random(seed).randint(1, 6)):
        found = solve(toy_work.listing, question, [[0, 20], [20, 60]])
    assert toy_work.joined(found) == SQUARES
    with ThreadPoolExecutor(1) as pool, gathered(pool):
        assert solve(toy_work.listing, question, [[0, 20], [20, 60]]) == found
    assert len(found) > 20


@pytest.mark.parametrize("seed", range(5))
def test_the_first_end_counts_although_others_come_sooner(seed):
    question = {"short": True, "last": 41}
    with Shuffled(seed) as pool, gathered(pool, workers=5):
        found = solve(toy_work.listing, question, [[0, 30], [30, 45], [40, 60]])
    assert toy_work.joined(found) == [n * n for n in range(42)]


class AtOnce(Executor):
    """Carries out its orders at once, and remembers their pieces."""

    def __init__(self):
        self.pieces = []

    def submit(self, fn, order, /):
        self.pieces.append(order.piece)
        future = Future()
        future.set_result(fn(order))
        return future


def test_while_few_wait_the_largest_is_next():
    pool, pieces = AtOnce(), [[0, 20], [20, 21], [21, 22], [22, 23], [23, 43]]
    with gathered(pool, workers=2):
        found = solve(toy_work.listing, {"short": True}, pieces)
    assert toy_work.joined(found) == SQUARES[:43]
    assert pool.pieces[:5] == pieces  # and what was left of the first comes after the last


def test_a_process_alone_is_not_interrupted():
    found = solve(toy_work.listing, {"short": True}, [[0, 60]])
    assert [outcome.found for outcome in found] == [SQUARES]


def test_a_worker_has_one_thread_for_linear_algebra_unless_the_environment_says_more(monkeypatch):
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"]
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.delenv("NPROC", raising=False)
    assert of_a_worker(toy_work.environment, names) == ["3", "1", "1"]
    assert [os.environ.get(name) for name in names] == ["3", None, None]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted on Linux")
@pytest.mark.parametrize(("said", "threads"), [(None, 1), ("3", 3)])
def test_a_worker_has_one_thread_for_what_xla_compiles_unless_the_environment_says_more(monkeypatch, said, threads):
    monkeypatch.delenv("NPROC", raising=False)
    if said is not None:
        monkeypatch.setenv("NPROC", said)
    assert of_a_worker(toy_work.threads_of_xla).count("tf_XLAEigen") == threads


def of_a_worker(work, *args):
    pool = Processes(1)
    try:
        return pool.submit(work, *args).result()
    finally:
        pool.shutdown()


def test_what_workers_count_is_counted():
    with Budget() as clock, ThreadPoolExecutor(2) as pool, gathered(pool):
        found = solve(toy_work.listing, {"short": True}, [[0, 60]])
    assert clock.progress == {"numbers": 60, "pieces": len(found)}


def test_the_time_of_the_clock_counts_for_workers():
    with pytest.raises(OutOfBudget), ThreadPoolExecutor(2) as pool, Budget(0.5), gathered(pool):
        solve(toy_work.listing, {"each": 0.05}, [[0, 10_000]])


def test_what_a_worker_raises_is_raised():
    with ThreadPoolExecutor(2) as pool, gathered(pool), pytest.raises(ZeroDivisionError, match="7"):
        solve(toy_work.failing, 7, [0])


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"workers": 1.5}, {"workers": True}, {"executor": 3}])
def test_who_cannot_work_is_refused(wrong):
    with pytest.raises(RelucircError, match="expected"):
        prove(maximum(), "Max(x1, x2)", **wrong)
    with pytest.raises(RelucircError, match="expected"):
        regions(sawtooth(3), Box(0, 1), **wrong)


@pytest.mark.slow
def test_workers_that_die_at_once_are_named(monkeypatch):
    monkeypatch.setattr("relucirc.core.crew.SURELY", 0.0)  # else this process would be the first to die
    with pytest.raises(WorkersError, match="__main__"), gathered(workers=1):
        solve(toy_work.dying, {}, [0])


def test_a_pool_that_breaks_is_done_without():
    question = {"each": 0.01}
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(os.getpid).result()
        for process in list(pool._processes.values()):
            process.kill()
        with gathered(pool), pytest.warns(RuntimeWarning, match="alone"):
            found = solve(toy_work.listing, question, [[0, 60]])
        assert toy_work.joined(found) == SQUARES


class Ending(ThreadPoolExecutor):
    """Shuts down once it has two orders."""

    def submit(self, *order):
        future = super().submit(*order)
        if self._work_queue.qsize():
            self.shutdown(wait=False, cancel_futures=True)
        return future


def test_a_pool_that_is_shut_down_is_done_without_though_nothing_waits():
    with Budget(30.0), gathered(Ending(1)), pytest.warns(RuntimeWarning, match="alone"):
        found = solve(toy_work.listing, {"each": 0.5}, [[0, 1], [1, 2]])  # the second is cancelled, and nobody told
    assert toy_work.joined(found) == SQUARES[:2]


UNGUARDED = """
import toy_work
from relucirc.core import crew
from relucirc.core.crew import gathered
from relucirc.core.together import solve
crew.SURELY = 0.0
print("begun")
with gathered(workers=1):
    print(len(solve(toy_work.listing, {}, [[0, 60]])))
"""


@pytest.mark.slow
def test_a_script_that_does_not_say_where_it_begins_is_told(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(UNGUARDED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    command = [sys.executable, script]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode
    assert "1\n" not in run.stdout  # no worker does all the work as it reads the script
    assert "a script that says workers= is a file, and needs `if __name__ == '__main__':`; this worker" in run.stderr
    assert "WorkersError: workers ended again and again" in run.stderr


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_killed_workers_are_replaced_and_lose_only_what_they_had(times):
    rng, kills, answered = random.Random(times), [], [0]

    def kill_some(clock):
        """Kills a worker, whenever some have answered since the last time."""
        if clock.progress["pieces"] > answered[0] + 2 and len(kills) < times and (mine := children(os.getpid())):
            answered[0] = clock.progress["pieces"]
            kills.append(rng.choice(mine))
            os.kill(kills[-1], signal.SIGKILL)

    count = 100 + 100 * times
    clock = Budget(on_progress=kill_some, patience=0.0)
    clock.progress["pieces"] = 0
    with clock, gathered(workers=2):
        found = solve(toy_work.listing, {"each": 0.04}, [[0, count]])
    assert toy_work.joined(found) == [n * n for n in range(count)]
    assert len(kills) == times
    assert clock.progress == {"pieces": len(found), "numbers": count}


def children(pid):
    """The worker processes of a process; not the tracker of its resources."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(word) for path in listed for word in told_by(path).split()]
    return [pid for pid in found if b"spawn_main" in told_by(Path(f"/proc/{pid}/cmdline"))]


def told_by(path):
    """What the system says of a thread or process, which may have ended since it was listed."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs /proc")
def test_a_worker_does_not_hear_of_an_interruption_even_as_it_begins():
    crew = Processes(1)
    try:
        ended = crew.submit(toy_work.blocked)
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        assert int(ended.result().split()[1], 16) >> (signal.SIGINT - 1) & 1
    finally:
        crew.shutdown()


ENDLESS = """
import signal
import toy_work
from flint import fmpq
from test_boxes import check as check_on_box
from test_boxes import lowered, network, shifted
from relucirc.core.budget import Budget
from relucirc.core.crew import gathered
from relucirc.core.together import solve
said = []
def say(clock):
    if clock.progress.get("numbers", 0) > 60 and not said:
        said.append(print("working", flush=True))
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs start with it ignored
    try:
        with Budget(on_progress=say, patience=0.0), gathered(workers=2):
            solve(toy_work.listing, {"each": 0.05}, [[0, 1000000]])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_run(tmp_path, how):
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    paths = os.pathsep.join([str(HERE), str(HERE.parent)])
    environment = {**os.environ, "PYTHONPATH": paths}
    run = subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, start_new_session=True)
    try:
        said = run.stdout.readline()  # a worker has answered
        workers = children(run.pid)
        assert workers
        if how == signal.SIGINT:
            os.killpg(run.pid, how)  # as a terminal does
        else:
            os.kill(run.pid, how)
        said += run.communicate()[0]
    finally:
        run.kill()
    assert (b"interrupted" in said) == (how == signal.SIGINT)
    deadline = time.monotonic() + 60
    while any(is_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_alive(pid) for pid in workers)


def is_alive(pid):
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_digests_tell_questions_apart():
    claims = [read_claim(maximum(), f, d) for f in ("Max(x1, x2)", "Max(x1, x2) + 1") for d in (None, "x1 >= 0")]
    assert len({digest_of(claim) for claim in claims}) == 4
    assert digest_of(claims[0]) == digest_of(read_claim(maximum(), "Max(x1, x2)"))
    assert len({digest_of(data) for data in ([], [[]], ["a", "b"], ["ab"], [["a"], "b"], {"a": "b"}, 1, "1", 1.0)}) == 9


def medians(n, k, seed, shift=0):
    """Two ways to say a median of random sums, which need their regions: a problem that is hard enough."""
    rng = random.Random(seed)
    x = sympy.symbols(f"x1:{n + 1}")
    high, low = (lambda *a, f=f: f(*a, evaluate=False) for f in (sympy.Max, sympy.Min))

    def line():
        return sum(rng.randint(-3, 3) * v for v in x) + rng.randint(-2, 2)

    a, b, c = (sum(rng.choice([-1, 1]) * sympy.Max(0, line()) for _ in range(k)) for _ in range(3))
    left, right = high(low(a, b), low(b, c), low(a, c)), low(high(a, b), high(b, c), high(a, c))
    net = compile_formula(left, inputs=[str(v) for v in x]).network
    return net, right + shift


@pytest.fixture(scope="module")
def hard():
    (case,) = Cells(read_claim(*medians(2, 3, 0)))
    return case.problem


@pytest.mark.parametrize("seed", range(3))
def test_a_proof_by_regions_is_the_same_in_pieces(hard, seed, monkeypatch):
    expected = regionwise.decide(hard)
    assert isinstance(expected, Proved)
    monkeypatch.setattr("relucirc.core.together.FIRST", 0.0)  # after every region
    with Shuffled(seed) as pool, Budget() as clock, gathered(pool, workers=4):
        assert regionwise.decide(hard) == expected
    assert clock.progress["pieces"] > 10


def test_a_tree_of_regions_is_checked_by_whoever_there_is(monkeypatch):
    monkeypatch.setattr("relucirc.checker.tree.BATCH", 5)
    net, formula = medians(2, 3, 0)
    proof = prove(net, formula)
    assert proof.method == "cuts"
    with Shuffled(0) as pool, Budget() as clock:
        assert check(net, formula, proof.certificate, executor=pool)
        assert clock.progress == {}
    kept = [0]
    for broken in itertools.islice(broken_leaves(proof.certificate), 3):
        kept[0] += 1
        with ThreadPoolExecutor(2) as pool:
            shared, alone = check(net, formula, broken, executor=pool, workers=3), check(net, formula, broken)
        assert (shared.accepted, shared.reason) == (alone.accepted, alone.reason) == (False, alone.reason)
    assert kept[0] == 3


def broken_leaves(certificate):
    """The certificate with one leaf of one of its trees broken, leaf after leaf."""
    text = json.dumps(certificate)
    for t, tree in enumerate(trees_in(certificate)):
        for i, token in enumerate(tree):
            if isinstance(token, dict):
                broken = json.loads(text)
                list(trees_in(broken))[t][i] = {"thin": []} if "shallow" in token else {"shallow": []}
                yield broken


def trees_in(data):
    """The trees of regions somewhere in a certificate."""
    if isinstance(data, dict):
        yield from ([data["tree"]] if isinstance(data.get("tree"), list) else [])
        data = list(data.values())
    if isinstance(data, list):
        for part in data:
            yield from trees_in(part)


def test_a_refutation_by_regions_is_the_same_in_pieces(monkeypatch):
    (case,) = Cells(read_claim(*medians(2, 3, 0, shift=sympy.Max(0, sympy.Symbol("x1") - 7))))
    expected = regionwise.decide(case.problem)
    assert isinstance(expected, Refuted)
    monkeypatch.setattr("relucirc.core.together.FIRST", 0.0)
    with Shuffled(0) as pool, gathered(pool, workers=4):
        assert regionwise.decide(case.problem) == expected


def test_a_census_is_the_same_whoever_judges(tmp_path):
    trained = train("Abs(x)", (1, 2, 1), key=jax.random.key(0), seeds=40, steps=400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relucirc.interpretation.counting.BLOCK", 7)
        alone = take_census(trained)
        with Shuffled(0) as pool:
            shared = take_census(trained, executor=pool, workers=3, journal=tmp_path / "census.journal")
        resumed = take_census(trained, journal=tmp_path / "census.journal")
    assert alone.proved
    for census in (shared, resumed, take_census(trained)):
        assert {**census.to_json(), "judge_seconds": 0} == {**alone.to_json(), "judge_seconds": 0}
        assert np.array_equal(census.circuit_of, alone.circuit_of)


@pytest.fixture(scope="module")
def boxed():
    """A network on a box, lowered, and how high it gets there, about."""
    low, box = lowered(network(1, (3, 16, 16, 1))), [(fmpq(-1), fmpq(1))] * 3
    points = itertools.product([fmpq(k, 4) for k in range(-4, 5)], repeat=3)
    return low, box, max(values_of(low, point)[0] for point in points)


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of a few boxes, some of which are too hard."""
    for name, value in (("OPEN", 6), ("GROUPS", 3), ("LIMIT", 2)):
        monkeypatch.setattr(f"relucirc.proof.boxes.sharing.{name}", value)


@pytest.mark.usefixtures("small_pieces")
def test_a_proof_by_boxes_does_not_depend_on_who_searches(boxed, tmp_path):
    low, box, most = boxed
    question = shifted(low, most + fmpq(1, 300)), box, (((0, ">="),),)
    found = []
    for seed, workers in ((0, 1), (1, 4)):
        with Shuffled(seed) as pool, Budget(600.0) as clock, gathered(pool, workers):
            found.append(decide_on_boxes(*question, clock))
            check_on_box(question[0], box, found[-1])  # by the workers, too
    assert found[0] == found[1]
    assert clock.progress["pieces"] > 5
    for _ in range(2):
        with Budget(600.0) as clock, gathered(journal=tmp_path / "boxes.journal"):
            assert decide_on_boxes(*question, clock) == found[0]
    check_on_box(question[0], box, found[0])
    broken = dict(found[0], tree=found[0]["tree"].replace("-0", "0", 1))
    with Shuffled(2) as pool, gathered(pool, 2), pytest.raises(Rejected):
        check_on_box(question[0], box, broken)


@pytest.mark.usefixtures("small_pieces")
def test_a_refutation_by_boxes_does_not_depend_on_who_searches(boxed, monkeypatch):
    low, box, most = boxed
    monkeypatch.setattr("relucirc.proof.boxes.search.Search.climb", lambda *_: False)  # it would find the point at once
    question = shifted(low, most), box, (((0, ">="),),)
    found = []
    for seed, workers in ((0, 1), (1, 4)):
        with Shuffled(seed) as pool, Budget(600.0) as clock, gathered(pool, workers):
            found.append(decide_on_boxes(*question, clock))
    assert isinstance(found[0], Refuted)
    assert found[0] == found[1]
    assert values_of(question[0], found[0].point)[0] >= 0


@pytest.fixture(scope="module")
def tent():
    """A network of three inputs and what it is near to, with how near, exactly."""
    rng = np.random.default_rng(3)
    net = MLP.from_arrays(
        [(rng.integers(-3, 4, (12, 3)), rng.integers(-2, 3, 12)), (rng.integers(-2, 3, (1, 12)), None)]
    )
    formula = "Max(0, x1) - x2"
    return net, formula, max_deviation(net, formula, Box(-1, 1)).value


@pytest.mark.parametrize("kind", ["proved", "refuted"])
def test_branch_and_bound_is_the_same_in_pieces(tent, kind, monkeypatch):
    net, formula, most = tent
    within = most if kind == "proved" else most - sympy.Rational(1, 100)
    monkeypatch.setattr("relucirc.proof.methods.RELATIONS", {"bounding": RELATIONS["bounding"]})
    monkeypatch.setattr("relucirc.proof.prover.RELATIONS", {"bounding": RELATIONS["bounding"]})
    monkeypatch.setattr("relucirc.proof.bounding.sharing.FEW", 4)
    monkeypatch.setattr("relucirc.proof.methods.bounding.is_shared", lambda: False)  # a first look would find the point
    found = []
    for seed, workers in ((0, 1), (1, 4)):
        with Shuffled(seed) as pool:
            found.append(prove(net, formula, Box(-1, 1), within=within, executor=pool, workers=workers))
    first, second = found
    assert first.status == kind
    assert (first.certificate, first.witness, first.statistics) == (
        second.certificate,
        second.witness,
        second.statistics,
    )
    assert first.statistics["pieces"] > 2
    assert prove(net, formula, Box(-1, 1), within=within).status == kind


def test_a_point_is_looked_for_where_it_is_likeliest_before_any_tree_is_searched(tent, monkeypatch):
    net, formula, most = tent
    monkeypatch.setattr("relucirc.proof.prover.RELATIONS", {"bounding": RELATIONS["bounding"]})
    monkeypatch.setattr("relucirc.proof.methods.bounding.search_part", None)
    with ThreadPoolExecutor(2) as pool:
        found = prove(net, formula, Box(-1, 1), within=most - sympy.Rational(1, 100), executor=pool)
    assert found.status == "refuted"


@pytest.mark.parametrize("steps", [20, 60])
def test_pieces_of_branch_and_bound_search_little_twice(monkeypatch, steps):
    rng = np.random.default_rng(3)
    net = MLP.from_arrays(
        [(rng.integers(-3, 4, (40, 5)), rng.integers(-2, 3, 40)), (rng.integers(-2, 3, (1, 40)), None)]
    )
    formula = "Max(0, x1) - x2"
    most = max_deviation(net, formula, Box(-1, 1)).value
    monkeypatch.setattr("relucirc.proof.prover.RELATIONS", {"bounding": RELATIONS["bounding"]})
    monkeypatch.setattr("relucirc.proof.bounding.sharing.EARLY", 0)
    monkeypatch.setattr("relucirc.proof.bounding.sharing.MANY", steps)
    monkeypatch.setattr("relucirc.proof.bounding.sharing.LIKELIEST", 1)
    alone = prove(net, formula, Box(-1, 1), within=most)
    with ThreadPoolExecutor(2) as pool:
        found = prove(net, formula, Box(-1, 1), within=most, executor=pool)
    assert alone.status == found.status == "proved"
    assert found.statistics["pieces"] > 5
    assert found.statistics["boxes"] < 1.5 * alone.statistics["boxes"]


def trees(depth):
    """Lists of numbers, with some further trees in between."""
    return st.lists(st.integers() if depth == 0 else st.one_of(st.integers(), trees(depth - 1)), max_size=5)


@given(st.lists(trees(3), min_size=1, max_size=3))
def test_trees_with_gaps_are_joined_in_order(asked):
    def outcomes(number, tree):
        segments, gaps = [[]], []
        for part in tree:
            if isinstance(part, list):
                segments.append([])
                gaps.append(part)
            else:
                segments[-1].append(part)
        yield Outcome([number, segments])
        for gap in gaps:
            yield from outcomes(number, gap)

    def plain(tree):
        return [leaf for part in tree for leaf in (plain(part) if isinstance(part, list) else [part])]

    found = [outcome for number, tree in enumerate(asked) for outcome in outcomes(number, tree)]
    assert in_order(found, len(asked)) == [plain(tree) for tree in asked]


def test_all_verbs_take_workers(tent, tmp_path):
    net, formula, most = tent
    with ThreadPoolExecutor(2) as pool:
        options = {"executor": pool, "journal": tmp_path / "a.journal"}
        proof = prove(net, formula, Box(-1, 1), within=most, **options)
        assert proof
        assert check(net, formula, proof.certificate, Box(-1, 1), within=most, executor=pool)
        options["journal"] = tmp_path / "b.journal"
        assert compare(net, net, Box(-1, 1), **options).status == "equal"
        names = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const X_2 Real) (declare-const Y_0 Real)"
        ends = " ".join(f"(assert (>= X_{i} -1)) (assert (<= X_{i} 1))" for i in range(3))
        options["journal"] = tmp_path / "c.journal"
        assert verify(net, f"{names} {ends} (assert (>= Y_0 10000))", **options).status == "unsat"
    again = prove(net, formula, Box(-1, 1), within=most, journal=tmp_path / "a.journal")
    assert again.certificate == proof.certificate


@pytest.mark.parametrize("domain", [None, Box(-1, 1), "x1 + x2 + x3 == 1", "0 <= x1 <= 1"])
@pytest.mark.parametrize("compiled", [False, pytest.param(None, marks=pytest.mark.slow)])
def test_regions_are_the_same_in_pieces(domain, compiled, tmp_path):
    rng = np.random.default_rng(5)
    weights = [rng.integers(-2, 3, shape) for shape in ((5, 3), (4, 5), (1, 4))]
    net = MLP.from_arrays([(weight, rng.integers(-2, 3, len(weight))) for weight in weights])
    alone = regions(net, domain, compiled=compiled)
    found = []
    for seed, workers in ((0, 1), (1, 4)):
        with Shuffled(seed) as pool:
            options = {"executor": pool, "workers": workers, "compiled": compiled}
            found.append(regions(net, domain, journal=tmp_path / f"{seed}.journal", **options))
    found.append(regions(net, domain, journal=tmp_path / "0.journal", compiled=compiled))
    for other in found:
        assert np.array_equal(other.signs, found[0].signs)
        assert sorted(other.signs.tolist()) == sorted(alone.signs.tolist())
        assert len(other.linear_pieces) == len(alone.linear_pieces)
        assert set(other.vertices) == set(alone.vertices)
        assert other.complete


def test_regions_found_in_pieces_count_when_the_budget_ends(monkeypatch):
    rng = np.random.default_rng(5)
    net = MLP.from_arrays([(rng.integers(-9, 10, (40, 4)), rng.integers(-9, 10, 40)), (np.ones((1, 40), int), None)])
    monkeypatch.setattr("relucirc.measure.regions.sharing.SHARE", 1 / 1024)
    with Shuffled(0) as pool:
        found = regions(net, budget=4.0, executor=pool, workers=2, compiled=False)
    assert not found.complete
    assert "budget" in found.reason
    assert len(found)
    assert len(set(map(tuple, found.signs.tolist()))) == len(found)


@pytest.mark.parametrize("domain", [Box(-1, 1), "x1 <= 1", "0 < x1 < 1, 0 < x2 < 2, x3 == x1"])
def test_bounds_and_deviations_are_the_same_whoever_finds_them(tent, domain, tmp_path):
    net, formula, _ = tent
    both = MLP.from_arrays([*((layer.weight, layer.bias) for layer in net.layers[:-1]), ([[1] * 12, [-2] * 12], None)])
    asked = [(bounds, (both, domain)), (max_deviation, (net, formula, domain))]
    for number, (verb, question) in enumerate(asked):
        alone = verb(*question)
        for seed, workers in ((0, 1), (1, 4), (2, 0)):
            path = tmp_path / f"{number}-{seed % 2}.journal"
            if workers:
                with Shuffled(seed) as pool:
                    found = verb(*question, executor=pool, workers=workers, journal=path)
            else:
                found = verb(*question, journal=path)
            told = {**found.to_json(), "seconds": 0, "certificate": None}
            assert told == {**alone.to_json(), "seconds": 0, "certificate": None}
            assert check(question[0], question[1] if verb is max_deviation else None, found.certificate, domain)


def test_bounds_that_are_not_reached_in_time_are_outer_ones():
    rng = np.random.default_rng(0)
    hidden = [(rng.integers(-9, 10, shape), rng.integers(-9, 10, shape[0])) for shape in ((40, 5), (40, 40))]
    net = MLP.from_arrays([*hidden, (rng.integers(-9, 10, (1, 40)), None)])
    with Shuffled(0) as pool:
        found = bounds(net, Box(-1, 1), budget=5.0, executor=pool, workers=2)
    assert not found.exact
    known = [end for end in (found.lower, found.least, found.greatest, found.upper) if end is not None]
    assert known == sorted(known)


@pytest.mark.parametrize("formula", ["Max(x1, x2, x3)", "Max(0, x1, x2) - x1", "Max(x1, x2, x3, x4)"])
def test_what_is_discovered_is_the_same_whoever_searches(formula, tmp_path):
    alone = discover(formula)
    assert alone.status == "found"
    path = tmp_path / "a.journal"
    for seed, workers in ((0, 1), (1, 4)):
        with Shuffled(seed) as pool:
            found = discover(formula, executor=pool, workers=workers, journal=path if seed else None)
        assert {**found.to_json(), "seconds": 0} == {**alone.to_json(), "seconds": 0}
    lines = path.read_bytes()
    assert b"sharing.look " in lines
    again = discover(formula, journal=path)
    assert {**again.to_json(), "seconds": 0} == {**alone.to_json(), "seconds": 0}
    assert path.read_bytes() == lines


def test_a_search_that_the_budget_ends_is_not_kept_as_one_that_found_nothing():
    target = read_target(read_function("Max(x1, x2, x3, x4)"), 10)
    for piece in Question(target, 2).pieces():
        with Budget(0.0):
            assert not look(Question(target, 2), piece, None).kept
    assert look(Question(target, 2), ["grid", 1], None).final


def test_a_tree_of_hinges_is_checked_by_whoever_there_is(tent, monkeypatch):
    net, formula, most = tent
    for name in ("methods", "prover"):
        monkeypatch.setattr(f"relucirc.proof.{name}.RELATIONS", {"bounding": RELATIONS["bounding"]})
    monkeypatch.setattr("relucirc.checker.bounding.BATCH", 1)
    claim, options = (net, formula), {"within": most}
    proof = prove(*claim, Box(-1, 1), **options)
    assert proof.method == "bounding"
    with Shuffled(0) as pool:
        orders = []
        monkeypatch.setattr(
            pool, "submit", lambda *order, submit=pool.submit: (orders.append(order), submit(*order))[1]
        )
        assert check(*claim, proof.certificate, Box(-1, 1), **options, executor=pool, workers=4)
        assert len(orders) > 5
    seen = set()
    for broken in itertools.islice(broken_bounds(proof.certificate), 0, None, 2):
        with ThreadPoolExecutor(2) as pool:
            shared = check(*claim, broken, Box(-1, 1), **options, executor=pool, workers=3)
        assert not shared
        assert not check(*claim, broken, Box(-1, 1), **options)
        seen.add(shared.reason)
    assert len(seen) > 1


def broken_bounds(certificate):
    """The certificate with one leaf without its first fact, one lemma that says too much, or one node missing."""
    text = json.dumps(certificate)
    for t, tree in enumerate(bounding_trees(certificate)):
        for i, node in enumerate(tree):
            broken = json.loads(text)
            there = list(bounding_trees(broken))[t]
            if "leaf" in node:
                del there[i]["leaf"][0]
            elif "lemmas" in node:
                lemma = there[i]["lemmas"][0]
                end, sign = ("lower", 1) if "lower" in lemma else ("upper", -1)
                lemma[end][0] = str(sympy.Rational(lemma[end][0]) + sign * 1000)
            else:
                del there[i]
            yield broken


def bounding_trees(data):
    """The trees of hinges somewhere in a certificate."""
    if isinstance(data, dict):
        yield from data.get("bounding", [])
        data = list(data.values())
    if isinstance(data, list):
        for part in data:
            yield from bounding_trees(part)
