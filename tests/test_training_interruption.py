"""Training: a run that was killed or stopped goes on to the same bits."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from trained import KEY, assert_same

from relucirc.errors import RelucircError
from relucirc.training import train
from relucirc.training.driver import _Work


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
        deadline = time.monotonic() + 60
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
        assert repr(partial) == f"<6 networks 1-2-1 trained on Abs(x), {stop} of 230 steps; .census proves each>"
    whole = run(checkpoint=file)
    assert whole.finished
    assert_same(whole, run())
    assert_same(run(checkpoint=file), whole)  # nothing is left to do
    assert [path.name for path in file.parent.iterdir()] == ["run.npz"]


def test_a_checkpoint_that_cannot_be_read_is_refused(tmp_path):
    file = tmp_path / "run.npz"
    file.write_bytes(b"not a checkpoint")
    with pytest.raises(RelucircError, match="expected a training checkpoint"):
        train("x", (1, 2, 1), key=KEY, seeds=1, steps=1, checkpoint=file)
    with pytest.raises(
        RelucircError, match=r"cannot write the checkpoint /dev/null/no/such|/dev/null/no/such: expected"
    ):
        train("x", (1, 2, 1), key=KEY, seeds=1, steps=1, checkpoint="/dev/null/no/such")


def test_the_progress_bar_counts_every_step(capsys):
    train("x", (1, 2, 1), key=KEY, seeds=1, steps=60, batch=10, progress=True)
    err = capsys.readouterr().err
    assert "x x 1:" in err
    assert "50/60" in err
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tqdm", None)
        train("x", (1, 2, 1), key=KEY, seeds=1, steps=60, batch=10, progress=True)
    assert "60 of 60 steps" in capsys.readouterr().err
    train("x", (1, 2, 1), key=KEY, seeds=1, steps=60, batch=10)
    assert capsys.readouterr().err == ""
