"""Progress: one meaning in every verb, whatever it counts."""

import io
import sys

import jax
import numpy as np
import pytest
from hard import random_network

import relucirc
from relucirc import Box, circuits
from relucirc.core import progress
from relucirc.core.budget import Budget
from relucirc.core.progress import describe, watched
from relucirc.evaluation.benchmarking import run_benchmark

SMALL, OTHER = random_network((2, 6, 6, 1)), random_network((2, 6, 6, 1), seed=1)
VERBS = {
    "prove": lambda p: relucirc.prove(circuits.median(5), "median(x1, x2, x3, x4, x5)", progress=p),
    "max_deviation": lambda p: relucirc.max_deviation(SMALL, OTHER, Box(-1, 1), progress=p),
    "regions": lambda p: relucirc.regions(SMALL, Box(-1, 1), progress=p),
    "evaluate": lambda p: relucirc.evaluate(SMALL, np.zeros((100, 2)), progress=p),
    "evaluate each": lambda p: list(relucirc.evaluate(SMALL, iter([np.zeros((100, 2))] * 3), progress=p)),
    "train": lambda p: relucirc.train("Abs(x)", (1, 2, 1), key=jax.random.key(0), seeds=2, steps=60, progress=p),
    "benchmark": lambda p: run_benchmark(SMALL, 100, contenders=["relucirc"], layouts=["rows"], rounds=2, progress=p),
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


class NotebookOutput(io.StringIO):
    """As the kernel's."""

    __module__ = "ipykernel.iostream"


@pytest.fixture
def _at_once(monkeypatch):
    monkeypatch.setattr("relucirc.core.budget.PATIENCE", 0.0)
    monkeypatch.setattr("relucirc.core.budget.INTERVAL", 0.0)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_its_progress_in_the_same_way(verb, monkeypatch):
    ask, seen = VERBS[verb], []
    ask(lambda clock: seen.append((type(clock), clock.method)))
    assert {kind for kind, _ in seen} == {relucirc.Budget}
    assert any(method for _, method in seen[:-1])
    assert seen[-1][1] == ""  # the line is cleared
    for place, shown in ((Terminal, True), (NotebookOutput, True), (io.StringIO, False)):
        for asked in (None, True, False):
            monkeypatch.setattr("sys.stderr", place())
            ask(asked)
            assert bool(sys.stderr.getvalue()) is (asked is True or (asked is None and shown)), (place, asked)
    monkeypatch.setattr("sys.stderr", None)  # as under pythonw
    ask(True)


def test_nothing_is_shown_before_its_time_where_it_is_not_asked_for(monkeypatch):
    monkeypatch.setattr("relucirc.core.budget.PATIENCE", 1e9)
    monkeypatch.setattr("sys.stderr", Terminal())
    for ask in VERBS.values():
        ask(None)
        assert sys.stderr.getvalue() == ""


@pytest.mark.usefixtures("_at_once")
def test_a_verb_inside_another_leaves_the_line_to_it(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    seen = []
    with Budget(method="around", on_progress=lambda clock: seen.append(clock.method)):
        VERBS["prove"](None)
    assert sys.stderr.getvalue() == ""
    assert set(seen) == {"around", ""}
    with watched(None, "around", False):
        VERBS["prove"](None)
    assert sys.stderr.getvalue() == ""


def test_a_line_says_how_far_the_work_is():
    clock = Budget(60, method="train", total=20_000)
    clock.step("steps", 1500)
    assert describe(clock).startswith("train: 1,500 of 20,000 steps, 0.0 s of 60 s")
    assert describe(Budget(method="regions")).startswith("regions: working, 0.0 s")


def test_with_tqdm_there_is_a_bar_where_the_end_is_known(monkeypatch):
    pytest.importorskip("tqdm")
    for there in (True, False):
        monkeypatch.setattr("sys.stderr", io.StringIO())
        with monkeypatch.context() as patch:
            if not there:
                patch.setitem(sys.modules, "tqdm.auto", None)
            relucirc.evaluate(SMALL, np.zeros((700, 2)), chunk=300, progress=True)
        assert ("700/700" in sys.stderr.getvalue()) is there
        assert ("700 of 700 points" in sys.stderr.getvalue()) is not there
    assert progress.WIDTH < 80


def test_a_line_is_written_over_with_letters_alone(monkeypatch):
    """As in a notebook, which knows of carriage returns, but not of codes that erase a line."""
    monkeypatch.setattr("sys.stderr", io.StringIO())
    line, clock = progress._Line(), Budget(method="a long name of a method")
    line(clock)
    clock.method = "short"
    line(clock)
    clock.method = ""
    line(clock)
    shown = ""
    for part in sys.stderr.getvalue().split("\r"):
        shown = part + shown[len(part) :]
        assert "\x1b" not in part
        assert ("method" in shown) is shown.startswith("a long name")
    assert not shown.strip()
