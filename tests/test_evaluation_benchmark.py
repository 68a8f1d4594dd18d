"""The benchmark measures what it says: equal results, all contenders in every round, fractions of limits."""

import json
import sys

import numpy as np
import pytest

import relucirc
from relucirc import RelucircError
from relucirc.evaluation.benchmarking import CONTENDERS, interleaved, run_benchmark
from relucirc.evaluation.benchmarking.contenders import MissingError

minimum = relucirc.circuits.minimum()


def test_every_contender_is_measured_or_says_why_not():
    names = [name for name in CONTENDERS if not name.startswith("torch")]  # which takes long to import and compile
    report = run_benchmark(minimum, 500, rounds=1, contenders=names)
    for layout in ("rows", "features"):
        measured = set(report.of("network", layout, 500))
        assert measured | set(report.skipped) == set(names)
        assert {"relucirc", "jax.jit(vmap(net))", "numpy"} <= measured
    assert "copy, GB/s" in report.limits["network, rows"]
    assert "elementwise" in report.plans["network, rows"]
    assert json.loads(json.dumps(report.to_json()))["lines"][0]["network"] == "network"
    table = report.table()
    for name in measured:
        assert f"| {name} " in table


def test_fractions_compare_with_a_copy_of_as_many_bytes():
    report = run_benchmark(minimum, 200_000, rounds=3, contenders=["numpy", "relucirc"], layouts=["features"])
    lines = report.of("network", "features", 200_000)
    assert all(line.of_copy_fastest > 0 for line in lines.values())
    ratio = lines["numpy"].fastest / lines["relucirc"].fastest
    assert lines["relucirc"].of_copy_fastest / lines["numpy"].of_copy_fastest == pytest.approx(ratio)


def test_a_contender_with_other_values_stops_the_measurement(monkeypatch):
    monkeypatch.setitem(CONTENDERS, "numpy", lambda task: lambda: np.zeros((len(task.points), 1), np.float32))
    with pytest.raises(RelucircError, match="numpy gives other values than relucirc"):
        run_benchmark(minimum, 100, rounds=1, contenders=["relucirc", "numpy"], layouts=["rows"])


def test_what_is_not_installed_is_left_out_and_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingError, match="torch is not installed"):
        CONTENDERS["torch"](None)
    report = run_benchmark(minimum, 100, rounds=1, contenders=["relucirc", "torch", "onnxruntime"], layouts=["rows"])
    assert list(report.of("network", "rows", 100)) == ["relucirc"]
    assert report.skipped["torch"] == "torch is not installed"
    assert "Left out: torch (torch is not installed)." in report.table()


def test_in_every_round_each_runs_in_turn():
    calls = []
    runs = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    seconds = interleaved(runs, 3)
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}
    turns = [name for k, name in enumerate(calls) if k == 0 or calls[k - 1] != name]
    assert turns == ["a", "b"] * 4  # once to warm up, then three rounds


def test_the_plot_is_a_picture_with_a_bar_for_each_contender(tmp_path):
    report = run_benchmark(minimum, 100, rounds=1, contenders=["relucirc", "numpy"])
    report.plot(str(tmp_path / "bench.svg"))
    text = (tmp_path / "bench.svg").read_text()
    assert text.count("<!-- relucirc -->") == text.count("<!-- numpy -->") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contenders": ["numpi"]}, "contenders: expected some of .*'numpi'"),
        ({"layouts": ["columns"]}, "layouts: expected some of .*'columns'"),
        ({"rounds": 0}, "rounds: expected a positive number, got 0"),
    ],
)
def test_wrong_calls_are_refused_with_advice(options, message):
    with pytest.raises(RelucircError, match=message):
        run_benchmark(minimum, 100, **options)
