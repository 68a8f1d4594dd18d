"""The same key gives the same bits on 1 and on 8 devices, which share the seeds.

Device counts are fixed when JAX starts, so these run in processes of their own.
"""

import json
import os
import subprocess
import sys

import pytest

CODE = """
import hashlib, json, sys
import jax, numpy as np
from relucirc.training import train

answers = {"devices": len(jax.devices())}
for name, changes in {
    "redrawn": dict(regimen="best", redraws=1, redraw_part=0.5, stuck=0.1),
    "shared": dict(shared_batch=True),
}.items():
    trained = train("x", (1, 2, 1), key=jax.random.key(5), seeds=530, steps=100, batch=40, **changes)
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(trained.networks)]
    digest = hashlib.sha256(b"".join(leaf.tobytes() for leaf in [*leaves, trained.losses, trained.draws]))
    answers[name] = [digest.hexdigest(), len(set(trained.draws.tolist()))]

from relucirc.training.driver import _Work
from relucirc.training.regimen import REGIMENS
work = _Work.read("x", (1, 2, 1), jax.random.key(5), 530, REGIMENS["original"], 50, None, None, None)
answers["used"] = len(work.start().state.draws.sharding.device_set)
print(json.dumps(answers))
"""


def start(devices):
    env = dict(os.environ, JAX_PLATFORMS="cpu", PYTHONWARNINGS="ignore")
    env["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), env.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-c", CODE], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    try:
        out, err = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.mark.slow
def test_eight_devices_share_the_seeds_and_give_the_bits_of_one():
    one, eight = (finish(process) for process in (start(1), start(8)))
    assert (one.pop("devices"), eight.pop("devices")) == (1, 8)
    assert (one.pop("used"), eight.pop("used")) == (1, 8)
    assert one["redrawn"][1] == 2  # some seeds were drawn anew, and some were not
    assert one == eight
    assert one["redrawn"][0] != one["shared"][0]
