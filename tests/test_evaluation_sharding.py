"""Many devices and several processes give what one device gives, bit for bit.

Device counts are fixed when JAX starts, so these run in processes of their own.
"""

import os
import socket
import subprocess
import sys
import textwrap

COMMON = """
import sys
import numpy as np, jax, jax.numpy as jnp
if len(sys.argv) > 1:  # port and process: before anything else is asked of JAX
    jax.distributed.initialize(f"localhost:{sys.argv[1]}", num_processes=2, process_id=int(sys.argv[2]))
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import relucirc
from relucirc import MLP

minimum = MLP.from_arrays([([[0, 1], [0, -1], [-1, 1]], ["1/3", 0, "0.1"]), ([[1, -1, -1]], ["-1/7"])])
rng = np.random.default_rng(0)
dense = MLP.from_arrays(
    [(rng.normal(size=(b, a)).astype(np.float32), rng.normal(size=b).astype(np.float32)) for a, b in [(2, 40), (40, 3)]]
)
points = rng.normal(size=(1003, 2)).astype(np.float32)  # not a multiple of 8
"""


def environment(devices):
    env = dict(os.environ, JAX_PLATFORMS="cpu", PYTHONWARNINGS="ignore")
    env["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), env.get("PYTHONPATH")]))
    return env


def start(code, devices, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(COMMON + textwrap.dedent(code)), *map(str, arguments)],
        env=environment(devices),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    try:
        out, err = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, err
    return out


def test_eight_devices_give_the_bits_of_one():
    code = """
    assert len(jax.devices()) == 8
    one_dimensional = jax.make_mesh((8,), ("batch",))
    two_dimensional = Mesh(np.array(jax.devices()).reshape(4, 2), ("a", "b"))
    for net in (minimum, dense):
        for plan in ("elementwise", "gather", "windows", "dense"):
            for layout in ("rows", "features"):
                xs = points if layout == "rows" else np.ascontiguousarray(points.T)
                alone = np.asarray(relucirc.compile_network(net, layout=layout, plan=plan)(xs))
                for mesh in (one_dimensional, two_dimensional):
                    shared = relucirc.compile_network(net, layout=layout, plan=plan, mesh=mesh)
                    result = shared(xs)
                    if plan in ("windows", "dense") or (plan == "gather" and net is dense):
                        # Matrix products may add up in another order for other shapes.
                        np.testing.assert_allclose(result, alone, rtol=1e-4, atol=1e-4)
                    else:
                        np.testing.assert_array_equal(result, alone)
    # Arrays that are spread out already stay where they are, and so do results.
    spread = jax.device_put(points[:1000], NamedSharding(one_dimensional, PartitionSpec("batch")))
    result = relucirc.compile_network(minimum, mesh=one_dimensional)(spread)
    assert len({shard.device for shard in result.addressable_shards}) == 8
    assert {shard.data.shape for shard in result.addressable_shards} == {(125, 1)}
    again = relucirc.compile_network(minimum, mesh=one_dimensional)(spread, out=result)
    assert result.is_deleted() and len(again.addressable_shards) == 8
    # evaluate: from NumPy to NumPy, in chunks, over all devices; and its derivatives.
    np.testing.assert_array_equal(
        relucirc.evaluate(minimum, points, mesh=one_dimensional, chunk=100), relucirc.evaluate(minimum, points)
    )
    def loss(xs, mesh):
        return relucirc.evaluate(minimum, xs, mesh=mesh).sum()
    np.testing.assert_array_equal(
        jax.grad(loss)(jnp.asarray(points), one_dimensional), jax.grad(loss)(jnp.asarray(points), None)
    )
    # Without a mesh, jit follows the sharding of its input.
    assert len(relucirc.compile_network(minimum)(spread).addressable_shards) == 8
    print("equal")
    """
    assert finish(start(code, 8)) == "equal\n"


def test_two_processes_give_the_bits_of_one():
    code = """
    me = sys.argv[2]
    assert jax.process_count() == 2 and len(jax.devices()) == 4 and len(jax.local_devices()) == 2
    mesh = jax.make_mesh((4,), ("batch",))
    sharding = NamedSharding(mesh, PartitionSpec("batch"))
    mine = points[:1000][500 * int(me) : 500 * (int(me) + 1)]
    xs = jax.make_array_from_process_local_data(sharding, mine)
    assert xs.shape == (1000, 2)
    result = relucirc.compile_network(minimum, mesh=mesh)(xs)
    assert result.shape == (1000, 1) and len(result.addressable_shards) == 2
    with jax.default_device(jax.local_devices()[0]):
        alone = relucirc.evaluate(minimum, points[:1000])
    for shard in result.addressable_shards:
        np.testing.assert_array_equal(shard.data, alone[shard.index])
    print("equal")
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    processes = [start(code, 2, port, me) for me in range(2)]
    assert [finish(process) for process in processes] == ["equal\n", "equal\n"]
