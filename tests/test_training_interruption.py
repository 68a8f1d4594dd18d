"""Training: a run that was killed or stopped goes on to the same bits."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from trained import KEY, assert_same, leaves

from relucirc.core.budget import Budget
from relucirc.core.errors import RelucircError
from relucirc.interpretation.judging import Judge
from relucirc.training import run_census, take_census, train
from relucirc.training.driver import _Work
from relucirc.training.experiment import write_census


def test_a_killed_run_resumes_to_the_same_bits(tmp_path):
    file = tmp_path / "run.npz"
    code = f"""
    import jax, warnings
    from relucirc.training import train
    train("Min(x1, x2)", (2, 3, 1), key=jax.random.key(7), seeds=70, regimen="adam", steps=40_000, batch=100,
          redraws=3, redraw_part=0.9, checkpoint={str(file)!r}, checkpoint_seconds=0.0)
    """
    env = dict(os.environ, PYTHONPATH=os.getcwd())
    process = subprocess.Popen([sys.executable, "-c", code.replace("\n    ", "\n")], env=env)
    try:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and process.poll() is None:
            if file.exists():
                time.sleep(0.3)
                break
            time.sleep(0.01)
        assert process.poll() is None, "the run ended before it could be killed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with np.load(file) as saved:
        step = int(saved["step"])
    assert 0 < step < 40_000
    arguments = {"key": KEY, "seeds": 70, "regimen": "adam", "batch": 100, "redraws": 3, "redraw_part": 0.9}
    with pytest.raises(RelucircError, match="belongs to another training: its steps is 40000, this one's is"):
        train("Min(x1, x2)", (2, 3, 1), **arguments, steps=step + 50, checkpoint=file)
    # The schedule depends on all 40,000 steps: both runs stop at the same place instead.
    end = step + 200
    resumed = stopped_after(end, lambda: train("Min(x1, x2)", (2, 3, 1), **arguments, steps=40_000, checkpoint=file))
    straight = stopped_after(end, lambda: train("Min(x1, x2)", (2, 3, 1), **arguments, steps=40_000))
    assert resumed.steps == straight.steps == end
    assert not resumed.finished
    assert_same(resumed, straight)


def stopped_after(step, run):
    """Runs with a Ctrl-C after so many steps."""
    advance = _Work.advance

    def interrupted(self, position):
        if position.step >= step:
            raise KeyboardInterrupt
        return advance(self, position)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Work, "advance", interrupted)
        return run()


@pytest.mark.parametrize("changes", [{"redraws": 2}, {"widen": 2, "optimiser": "momentum", "l1": 1e-3}])
def test_ctrl_c_saves_and_the_next_call_goes_on_to_the_same_bits(tmp_path, changes):
    file = tmp_path / "folder" / "run.npz"

    def run(**more):
        return train("Abs(x)", (1, 2, 1), key=KEY, seeds=6, steps=230, batch=50, rate=0.05, **changes, **more)

    for stop in (50, 150):
        partial = stopped_after(stop, lambda: run(checkpoint=file))
        assert (partial.steps, partial.finished) == (stop, False)
        assert repr(partial) == f"<6 networks 1-2-1 trained on Abs(x), {stop} of 230 steps; .census judges each>"
    whole = run(checkpoint=file)
    assert whole.finished
    assert_same(whole, run())
    assert_same(run(checkpoint=file), whole)  # nothing is left to do
    assert [path.name for path in file.parent.iterdir()] == ["run.npz"]


ADAM = {"key": KEY, "seeds": 6, "steps": 230, "batch": 50, "rate": 0.05, "redraws": 2}


@pytest.mark.parametrize("widen", [1, 2])
@pytest.mark.parametrize(
    ("method", "call"), [*(("advance", call) for call in (0, 1, 3, 4)), ("save", 0), ("save", 4), ("result", 0)]
)
def test_ctrl_c_at_any_boundary_loses_nothing_and_says_nothing_that_is_not_known(tmp_path, method, call, widen):
    """Interrupted in the n-th call of a method, training answers with what it has, and goes on to the same bits."""
    file = tmp_path / "run.npz"
    original, calls = getattr(_Work, method), []

    def interrupted(self, *arguments):
        calls.append(method)
        if len(calls) == call + 1:
            raise KeyboardInterrupt
        return original(self, *arguments)

    def run(**more):
        return train("Abs(x)", (1, 2, 1), **ADAM, widen=widen, optimiser="momentum", **more)

    partial = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Work, method, interrupted)
        with contextlib.suppress(KeyboardInterrupt):  # "result" has nothing left to do but to answer
            partial = run(checkpoint=file, checkpoint_seconds=0.0)
    if method != "result":
        assert partial is not None
        assert partial.steps == min(50 * (call + (method == "save")), 230)
        assert partial.losses.shape == (-(-partial.steps // 10), 6)
        assert np.isfinite(partial.losses).all()
        assert all(np.isfinite(leaf).all() for leaf in leaves(partial))
        assert "nan" not in f"{partial!r} {partial.census} {json.dumps(partial.census.to_json())}"
    whole = run(checkpoint=file)
    assert whole.finished
    assert_same(whole, run())


def test_ctrl_c_before_the_first_step_says_that_nothing_was_trained(tmp_path):
    partial = stopped_after(0, lambda: train("Abs(x)", (1, 2, 1), **ADAM, checkpoint=tmp_path / "run.npz"))
    assert (partial.steps, partial.finished, partial.losses.shape) == (0, False, (0, 6))
    with pytest.raises(RelucircError, match="interrupted before its first steps, so no loss is known"):
        partial.final_losses  # noqa: B018
    census = partial.census
    assert (census.finished, census.proved, census.rate, census.interval) == (False, 0, None, (0.0, 1.0))
    assert [(f.kind, f.count, f.loss) for f in census.failures] == [("not trained", 6, None)]
    assert str(census) == (
        "Abs(x): 1-2-1 networks, regimen original, changed, interrupted after 0 of 230 steps\n"
        "interrupted: 0 of 6 seeds were judged"
    )
    write_census(census, tmp_path)
    assert json.loads((tmp_path / "census.json").read_text())["failures"][0]["relative_loss"] is None


@pytest.mark.parametrize("where", ["between seeds", "in a proof"])
def test_ctrl_c_while_judging_counts_what_was_judged(where):
    trained = train("Abs(x)", (1, 2, 1), key=KEY, seeds=12, regimen="best", steps=1000, batch=100)
    whole = trained.census
    assert whole.finished
    assert whole.judged.all()
    calls = []

    def step(self, counter=None):
        if counter == "cells":
            calls.append(counter)
            if len(calls) == 1:
                raise KeyboardInterrupt
        return original(self, counter)

    def stack(self, networks, **keywords):
        calls.append(networks)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return original(self, networks, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relucirc.interpretation.counting.BLOCK", 1)
        kind, name, hook = (Judge, "stack", stack) if where == "between seeds" else (Budget, "step", step)
        original = getattr(kind, name)
        patch.setattr(kind, name, hook)
        partial = take_census(trained)
    judged = int(partial.judged.sum())
    assert judged == (7 if where == "between seeds" else 0) < 12
    assert not partial.finished
    assert partial.status == ("interrupted" if judged else "unknown")
    np.testing.assert_array_equal(partial.converged[:judged], whole.converged[:judged])
    assert partial.proved == int(whole.converged[:judged].sum())
    assert partial.failures[-1].kind == "not judged"
    assert sum(f.count for f in partial.failures) + partial.proved == 12
    assert f"interrupted: {judged} of 12 seeds were judged" in str(partial)


WAITING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs start with it ignored
from relucirc.cli import main
from relucirc.training.driver import _Work

advance = _Work.advance

def wait(self, position):
    if position.step == STEP:
        print("started", flush=True)
        time.sleep(60)
    return advance(self, position)

_Work.advance = wait
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
@pytest.mark.parametrize("step", [0, 50])
def test_a_real_ctrl_c_at_the_command_line_answers_and_the_next_run_goes_on(tmp_path, step):
    words = ["train", "absolute", "--seeds", "16", "--steps", "100", "--json", "--out", str(tmp_path / "out")]
    code = WAITING.replace("STEP", str(step))
    with subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=120)
        finally:
            child.kill()
    data = json.loads(out)
    assert (child.returncode, err, data["steps"], data["total_steps"]) == (3, "", step, 100)
    assert "NaN" not in out
    done = subprocess.run(
        [sys.executable, "-m", "relucirc", *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    again = json.loads(done.stdout)
    straight = run_census("absolute", seeds=16, steps=100).to_json()
    for key in ("steps", "judged", "proved", "circuits", "failures", "draws"):
        assert again[key] == straight[key]


def test_a_checkpoint_that_cannot_be_read_is_refused(tmp_path):
    file = tmp_path / "run.npz"
    file.write_bytes(b"not a checkpoint")
    with pytest.raises(RelucircError, match="expected a training checkpoint"):
        train("x", (1, 2, 1), key=KEY, seeds=1, steps=1, checkpoint=file)
    with pytest.raises(
        RelucircError, match=r"cannot write the checkpoint /dev/null/no/such|/dev/null/no/such: expected"
    ):
        train("x", (1, 2, 1), key=KEY, seeds=1, steps=1, checkpoint="/dev/null/no/such")


def test_the_progress_bar_counts_every_step(capsys, monkeypatch):
    monkeypatch.setattr("relucirc.core.budget.INTERVAL", 0.0)
    train("x", (1, 2, 1), key=KEY, seeds=1, steps=60, batch=10, progress=True)
    err = capsys.readouterr().err
    assert "x x 1:" in err
    assert "50/60" in err
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tqdm.auto", None)
        train("x", (1, 2, 1), key=KEY, seeds=1, steps=60, batch=10, progress=True)
    assert "60 of 60 steps" in capsys.readouterr().err
    train("x", (1, 2, 1), key=KEY, seeds=1, steps=60, batch=10)
    assert capsys.readouterr().err == ""
