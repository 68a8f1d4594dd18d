"""Training: the compiled step does what a plain loop does, seeds are independent, and runs can be resumed."""

import itertools
import os
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import sympy

import relucirc
from relucirc.errors import RelucircError
from relucirc.training import FUNCTIONS, ORIGINAL_SIX, REGIMENS, Regimen, train
from relucirc.training.driver import _Work
from relucirc.training.gradient import MAX_TERMS, _by_matrices, _one_pass, _shallow
from relucirc.training.initial import linear, spread
from relucirc.training.pruning import prune_layers
from relucirc.training.regimen import read_regimen
from relucirc.training.sampling import read_sampler

KEY = jax.random.key(7)
X = np.linspace(-1, 1, 41)
GRID = np.stack(np.meshgrid(X, X), axis=-1).reshape(-1, 2)


def leaves(trained):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(trained.networks)]


def assert_same(a, b):
    for one, other in zip([*leaves(a), a.losses, a.draws], [*leaves(b), b.losses, b.draws], strict=True):
        np.testing.assert_array_equal(one, other)


def work_of(f, sizes, regimen, steps, seeds):
    return _Work.read(f, sizes, KEY, seeds, regimen, steps, None, None, None)


def start_and_batches(work, steps):
    """What a plain loop needs to repeat a training: first weights, and the points of every step."""
    program = work.program
    layers = jax.tree.map(program.from_blocks, program.start().layers)
    words = program.from_blocks(program._words)
    batches = [
        np.stack([np.asarray(c) for c in work.sampler.batch(jnp.asarray(words), jnp.int32(t), work.regimen.batch)])
        for t in range(steps)
    ]
    return layers, batches


def forward(layers, x):
    """One network with the usual ``W x + b`` on rows of points, in double precision."""
    values = [x]
    for k, (weight, bias) in enumerate(layers):
        z = (np.maximum(values[-1], 0) if k else values[-1]) @ weight.T
        values.append(z if bias is None else z + bias)
    return values


def gradient(layers, x, y):
    """Back-propagation, written out for one network."""
    values = forward(layers, x)
    delta = 2 * (values[-1] - y) / y.size
    result = []
    for k in range(len(layers) - 1, -1, -1):
        below = np.maximum(values[k], 0) if k else values[k]
        result.insert(0, (delta.T @ below, None if layers[k][1] is None else delta.sum(axis=0)))
        if k:
            delta = delta @ layers[k][0] * (values[k] > 0)
    return result


def plain_sgd(layers, batches, target, rate):
    for x in batches:
        steps = gradient(layers, x, target(x))
        layers = [
            (w - rate * dw, None if b is None else b - rate * db)
            for (w, b), (dw, db) in zip(layers, steps, strict=True)
        ]
    return layers


def plain_adam(layers, batches, target, rate, total):
    flat = [a for layer in layers for a in layer if a is not None]
    first, second = [0 * a for a in flat], [0 * a for a in flat]
    for t, x in enumerate(batches):
        flat_gradient = [a for layer in gradient(layers, x, target(x)) for a in layer if a is not None]
        now = rate * 0.5 * (1 + np.cos(np.pi * t / total))
        for i, g in enumerate(flat_gradient):
            first[i] = 0.9 * first[i] + 0.1 * g
            second[i] = 0.999 * second[i] + 0.001 * g * g
            flat[i] = flat[i] - now * (first[i] / (1 - 0.9 ** (t + 1))) / (
                np.sqrt(second[i] / (1 - 0.999 ** (t + 1))) + 1e-8
            )
        left = iter(flat)
        layers = [(next(left), None if b is None else next(left)) for _, b in layers]
    return layers


def one_seed(layers, seed):
    return [(np.float64(w[..., seed]), None if b is None else np.float64(b[..., seed])) for w, b in layers]


def assert_close(trained, seed, layers):
    for layer, (weight, bias) in zip(trained.network(seed).layers, layers, strict=True):
        np.testing.assert_allclose(layer.weight, weight, atol=2e-5)
        assert (layer.bias is None) == (bias is None)
        if bias is not None:
            np.testing.assert_allclose(layer.bias, bias, atol=2e-5)


# What a training is


def test_the_original_regimen_is_the_originals():
    original = REGIMENS["original"]
    assert (original.optimiser, original.rate, original.decay, original.batch) == ("sgd", 0.1, "constant", 1000)
    assert (original.initial, original.bias, original.shared_batch, original.redraws) == ("linear", False, False, 0)
    steps = {name: original.steps_for(FUNCTIONS[name].sizes) for name in ORIGINAL_SIX}
    assert steps == {**dict.fromkeys(ORIGINAL_SIX, 500), "minimum": 10_000}
    work = work_of("Min(x1, x2)", (2, 3, 1), original, None, 1)
    assert sorted(work.sampler.corners.tolist()) == [[-1, -1], [-1, 1], [1, -1], [1, 1]]


def test_every_kind_of_regimen_has_a_preset():
    presets = REGIMENS.values()
    assert all(name == regimen.name for name, regimen in REGIMENS.items())
    assert any(r.optimiser == "adam" and r.decay == "cosine" for r in presets)
    assert any(r.initial == "spread" for r in presets)
    assert any(r.redraws for r in presets)
    assert any(r.widen > 1 for r in presets)
    assert any(r.l1 for r in presets)


@pytest.mark.parametrize(
    ("f", "sizes", "bias", "target"),
    [
        ("Min(x1, x2)", (2, 3, 1), False, lambda x: x.min(axis=1, keepdims=True)),
        ("clip(x, -1/2, 1/2)", (1, 2, 1), True, lambda x: x.clip(-0.5, 0.5)),
        ("Max(x1, x2, x3)", (3, 5, 3, 1), False, lambda x: x.max(axis=1, keepdims=True)),
    ],
)
def test_a_step_is_that_of_a_plain_loop_with_handwritten_backpropagation(f, sizes, bias, target):
    regimen = REGIMENS["original"].replace(bias=bias, batch=100)
    trained = train(f, sizes, key=KEY, seeds=3, regimen=regimen, steps=6)
    layers, batches = start_and_batches(work_of(f, sizes, regimen, 6, 3), 6)
    for seed in range(3):
        points = [np.float64(batch[..., seed].T) for batch in batches]
        expected = plain_sgd(one_seed(layers, seed), points, target, 0.1)
        assert_close(trained, seed, expected)
        losses = [
            np.mean((forward(plain_sgd(one_seed(layers, seed), points[:t], target, 0.1), x)[-1] - target(x)) ** 2)
            for t, x in enumerate(points)
        ]
        np.testing.assert_allclose(trained.losses[0, seed], np.mean(losses), rtol=1e-5)


def test_adam_with_cosine_decay_is_that_of_a_plain_loop():
    regimen = REGIMENS["adam"].replace(batch=100)
    trained = train("Abs(x)", (1, 2, 1), key=KEY, seeds=2, regimen=regimen, steps=8)
    layers, batches = start_and_batches(work_of("Abs(x)", (1, 2, 1), regimen, 8, 2), 8)
    for seed in range(2):
        points = [np.float64(batch[..., seed].T) for batch in batches]
        assert_close(trained, seed, plain_adam(one_seed(layers, seed), points, np.abs, regimen.rate, 8))


def test_the_original_regimen_is_the_loop_in_pytorch():
    torch = pytest.importorskip("torch")
    trained = train("Min(x1, x2)", (2, 3, 1), key=KEY, seeds=2, steps=10)
    layers, batches = start_and_batches(work_of("Min(x1, x2)", (2, 3, 1), REGIMENS["original"], 10, 2), 10)
    for seed in range(2):
        model = torch.nn.Sequential(
            torch.nn.Linear(2, 3, bias=False), torch.nn.ReLU(), torch.nn.Linear(3, 1, bias=False)
        )
        with torch.no_grad():
            for k, (weight, _) in zip((0, 2), layers, strict=True):
                model[k].weight.copy_(torch.tensor(weight[..., seed]))
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        for batch in batches:
            x = torch.tensor(batch[..., seed].T)
            loss = torch.nn.functional.mse_loss(model(x), x.min(dim=1, keepdim=True).values)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        weights = [model[k].weight.detach().numpy() for k in (0, 2)]
        assert_close(trained, seed, [(w, None) for w in weights])


@pytest.mark.parametrize("bias", [False, True])
def test_the_three_ways_to_differentiate_agree_with_jax(bias):
    rng = np.random.default_rng(0)
    layers = tuple(
        (
            jnp.float32(rng.normal(size=(m, n, 5))),
            jnp.float32(rng.normal(size=(m, 5))) if bias else None,
        )
        for n, m in itertools.pairwise((2, 3, 1))
    )
    points = [jnp.float32(rng.uniform(-1, 1, (64, 5))) for _ in range(2)]
    targets = [jnp.minimum(*points)]

    def loss(layers):
        values = jnp.stack(points)
        for k, (weight, b) in enumerate(layers):
            values = jnp.einsum("ois,ips->ops", weight, jnp.maximum(values, 0) if k else values)
            values = values if b is None else values + b[:, None]
        return jnp.mean((values - jnp.stack(targets)) ** 2, axis=(0, 1))

    expected = jax.jit(lambda ls: (loss(ls), jax.grad(lambda each: loss(each).sum())(ls)))(layers)
    for way in (_shallow, _one_pass, _by_matrices):
        for a, b in zip(jax.tree.leaves(jax.jit(way)(layers, points, targets)), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_wide_networks_are_differentiated_by_matrices_and_learn():
    sizes = (2, 60, 1)
    assert sum(a * b + b for a, b in itertools.pairwise(sizes)) > MAX_TERMS
    for shared in (False, True):
        trained = train("x1 + x2", sizes, key=KEY, seeds=2, regimen="adam", steps=120, batch=100, shared_batch=shared)
        assert (trained.losses[-1] < 0.02 * trained.losses[0]).all()


def test_an_optax_optimiser_brings_its_own_rate():
    ours = train("Abs(x)", (1, 2, 1), key=KEY, seeds=4, steps=20, batch=50)
    theirs = train("Abs(x)", (1, 2, 1), key=KEY, seeds=4, steps=20, batch=50, optimiser=optax.sgd(0.1))
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_l1_moves_every_weight_towards_zero():
    regimen = Regimen(rate=0.1, batch=100, l1=0.5, wide_part=1.0)
    trained = train("x", (1, 2, 1), key=KEY, seeds=2, regimen=regimen, steps=1)
    plain = train("x", (1, 2, 1), key=KEY, seeds=2, regimen=regimen.replace(l1=0.0), steps=1)
    layers, _ = start_and_batches(work_of("x", (1, 2, 1), regimen, 1, 2), 1)
    for a, b, start in zip(leaves(trained), leaves(plain), [np.moveaxis(w, -1, 0) for w, _ in layers], strict=True):
        np.testing.assert_allclose(a - b, -0.1 * 0.5 * np.sign(start), atol=1e-6)


# Targets and domains


@pytest.fixture(scope="module")
def short_run():
    return train("Min(x1, x2)", (2, 3, 1), key=KEY, seeds=2, steps=20, batch=100)


@pytest.mark.parametrize(
    "f",
    [
        sympy.Min(*sympy.symbols("x1 x2")),
        relucirc.circuits.minimum(),
        lambda x: jnp.minimum(x[0], x[1]),
        lambda x: jnp.sort(x)[0],
    ],
    ids=["sympy", "network", "function", "sorting function"],
)
def test_any_way_to_write_the_target_trains_alike(f, short_run):
    trained = train(f, (2, 3, 1), key=KEY, seeds=2, steps=20, batch=100)
    for a, b in zip(leaves(trained), leaves(short_run), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_smooth_function_can_be_learned_but_not_proved():
    trained = train(lambda x: jnp.sin(x[0]), (1, 4, 1), key=KEY, seeds=2, regimen="adam", steps=150, batch=100)
    assert (trained.losses[-1] < 0.1 * trained.losses[0]).all()
    with pytest.raises(RelucircError, match="not piecewise linear"):
        _ = trained.converged


def test_several_outputs_are_learned_together():
    trained = train(["Min(x1, x2)", "Max(x1, x2)"], (2, 4, 2), key=KEY, seeds=3, regimen="adam", steps=200, batch=100)
    values = np.asarray(relucirc.evaluate(trained.network(0), jnp.float32(GRID)))
    loss = np.mean((values - np.stack([GRID.min(axis=1), GRID.max(axis=1)], axis=1)) ** 2)
    assert abs(loss - trained.final_losses[0]) < 0.3 * loss + 0.01


@pytest.mark.parametrize(
    ("domain", "inside", "mean"),
    [
        (None, lambda p: (np.abs(p) <= 1).all(axis=1), (0, 0)),
        ("0 <= x1 <= 2, 1 <= x2 <= 3", lambda p: (p[:, 0] >= 0) & (p[:, 1] <= 3), (1, 2)),
        ("x1 >= 0, x2 >= 0, x1 + x2 <= 3", lambda p: (p >= 0).all(axis=1) & (p.sum(axis=1) <= 3.00001), (1, 1)),
    ],
)
def test_points_are_uniform_on_their_domain_and_fresh_at_every_step(domain, inside, mean):
    sampler = read_sampler(domain, ("x1", "x2"))
    words = jnp.asarray(np.random.SeedSequence(3).generate_state(1 + sampler.draws))[:, None]
    first, second = (np.stack(sampler.batch(words, jnp.int32(t), 20_000), axis=-1)[:, 0] for t in (0, 1))
    host = sampler.points(np.random.default_rng(0), 20_000)
    for points in (first, second, host):
        assert inside(points).all()
        np.testing.assert_allclose(points.mean(axis=0), mean, atol=0.03)
        np.testing.assert_allclose(np.cov(points.T), np.cov(host.T), atol=0.02)
    assert not np.isin(first, second).all()
    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < 0.03


# Where networks start


def no_points(rng, count):
    return rng.uniform(-1, 1, (count, 2)).astype(np.float32)


def test_linear_starts_as_pytorch_does():
    rng = np.random.default_rng(0)
    networks = [linear(rng, (2, 3, 1), True, no_points) for _ in range(2000)]
    for k, fan_in in ((0, 2), (1, 3)):
        for part in (0, 1):
            values = np.stack([network[k][part] for network in networks]).ravel() * np.sqrt(fan_in)
            assert np.abs(values).max() <= 1
            np.testing.assert_allclose(np.quantile(values, [0.25, 0.5, 0.75]), [-0.5, 0, 0.5], atol=0.06)


def test_spread_has_no_blind_side_and_small_read_outs():
    rng = np.random.default_rng(0)
    for sizes in ((2, 3, 1), (1, 2, 1), (3, 5, 3, 1)):
        for _ in range(50):
            layers = spread(rng, sizes, False, no_points)
            rows = layers[0][0]
            np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
            assert ((rng.normal(size=(200, sizes[0])) @ rows.T).max(axis=1) > 0).all()
            assert np.abs(layers[-1][0]).max() <= 0.1
    rows = spread(rng, (1, 2, 1), False, no_points)[0][0]
    assert sorted(rows.ravel()) == [-1, 1]  # for one input: half of the answer


def test_with_biases_spread_puts_every_kink_inside_the_domain():
    rng = np.random.default_rng(0)
    for _ in range(50):
        weight, bias = spread(rng, (2, 4, 1), True, no_points)[0]
        assert (np.abs(bias) <= np.abs(weight).sum(axis=1) + 1e-5).all()


# Many seeds


def test_a_seed_does_not_depend_on_how_many_others_there_are():
    many = train("Min(x1, x2)", (2, 3, 1), key=KEY, seeds=70, steps=60, batch=100)
    few = train("Min(x1, x2)", (2, 3, 1), key=KEY, seeds=5, steps=60, batch=100)
    for a, b in zip(leaves(many), leaves(few), strict=True):
        np.testing.assert_array_equal(a[:5], b)
    assert many.networks.layers[0].weight.shape == (70, 3, 2)
    assert many.losses.shape == (6, 70)
    assert many.loss_steps.tolist() == [10, 20, 30, 40, 50, 60]


def test_keys_seeds_and_batches_differ_unless_shared():
    a = train("x", (1, 2, 1), key=KEY, seeds=2, steps=10, batch=50)
    assert_same(a, train("x", (1, 2, 1), key=KEY, seeds=2, steps=10, batch=50))
    b = train("x", (1, 2, 1), key=jax.random.key(8), seeds=2, steps=10, batch=50)
    assert not np.array_equal(leaves(a)[0], leaves(b)[0])
    assert not np.array_equal(leaves(a)[0][0], leaves(a)[0][1])
    for shared in (False, True):
        program = work_of("x", (1, 2, 1), REGIMENS["original"].replace(shared_batch=shared), 10, 2).program
        assert np.asarray(program._words).shape == ((2, 1) if shared else (1, 2, 64))
    shared = train("x", (1, 2, 1), key=KEY, seeds=2, steps=10, batch=50, shared_batch=True)
    assert not np.array_equal(leaves(a)[0], leaves(shared)[0])


def test_networks_come_back_as_one_pytree_for_vmap():
    trained = train("Min(x1, x2)", (2, 3, 1), key=KEY, seeds=3, steps=5, batch=50)
    x = jnp.array([0.3, -0.2])
    together = jax.vmap(lambda net: net(x))(trained.networks)
    for seed in range(3):
        np.testing.assert_allclose(together[seed], trained.network(seed)(x), rtol=1e-6)


def test_redrawing_starts_stuck_seeds_anew_and_leaves_the_others_alone():
    regimen = REGIMENS["original"].replace(rate=0.3, steps=200, batch=100, redraws=1, redraw_part=0.5, stuck=1e-3)
    again = train("x", (1, 2, 1), key=KEY, seeds=40, regimen=regimen)
    once = train("x", (1, 2, 1), key=KEY, seeds=40, regimen=regimen.replace(redraws=0))
    stuck = once.losses[9] > 1e-3 * once.mean_square
    assert 5 < stuck.sum() < 35
    np.testing.assert_array_equal(again.draws, np.where(stuck, 2, 1))
    for a, b in zip(leaves(again), leaves(once), strict=True):
        np.testing.assert_array_equal(a[~stuck], b[~stuck])
        assert not (a[stuck] == b[stuck]).reshape(stuck.sum(), -1).all(axis=1).any()
    assert (again.final_losses < 1e-4).sum() > (once.final_losses < 1e-4).sum()


# Over-parameterise, then prune


def test_pruning_merges_parallel_neurons_and_drops_dead_ones_without_a_change():
    rng = np.random.default_rng(0)
    rows, read = rng.normal(size=(3, 2, 4)), rng.normal(size=(1, 3, 4))
    part = rng.uniform(0.2, 0.8, 4)
    wide_rows = np.concatenate([rows, 2.0 * rows[:1], rng.normal(size=(1, 2, 4))])
    wide_read = np.concatenate([read * 1, read[:, :1] * (1 - part) / 2, np.zeros((1, 1, 4))], axis=1)
    wide_read[:, 0] *= part
    narrow = prune_layers(((np.float32(wide_rows), None), (np.float32(wide_read), None)), (2, 3, 1))
    assert [w.shape for w, _ in narrow] == [(3, 2, 4), (1, 3, 4)]
    for seed in range(4):
        before = forward([(rows[..., seed], None), (read[..., seed], None)], GRID)[-1]
        after = forward(one_seed(narrow, seed), GRID)[-1]
        np.testing.assert_allclose(before, after, atol=1e-5)


def test_a_widened_run_ends_with_the_width_asked_for():
    regimen = REGIMENS["adam"].replace(widen=4, wide_part=0.5, steps=200, batch=100)
    trained = train("Min(x1, x2)", (2, 3, 1), key=KEY, seeds=3, regimen=regimen)
    assert [leaf.shape for leaf in leaves(trained)] == [(3, 3, 2), (3, 1, 3)]
    assert trained.losses.shape == (20, 3)


# Interruption


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


# Bad arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": (2,)}, r"sizes: expected widths from inputs to outputs such as \(2, 3, 1\), got \(2,\)"),
        ({"sizes": (2, 0, 1)}, "sizes: expected widths"),
        ({"sizes": 3}, "sizes: expected widths .* got 3"),
        ({"sizes": (2, 3, 2)}, "output"),
        ({"seeds": 0}, "seeds: expected an integer of at least 1, got 0"),
        ({"seeds": 2.0}, r"seeds: expected an integer of at least 1, got 2\.0"),
        ({"steps": True}, "steps: expected an integer of at least 1, got True"),
        ({"key": 0}, r"key: expected a JAX key such as jax.random.key\(0\), got 0"),
        ({"regimen": "luck"}, "regimen: expected one of .*'original'.* got .*luck"),
        ({"regimen": 3}, "regimen: expected one of .* or a Regimen, got 3"),
        ({"rate": -1}, "rate: expected a number of at least 0, got -1"),
        ({"speed": 1}, "a regimen has no 'speed'; it has name, steps"),
        ({"batch": 0}, "batch: expected an integer of at least 1, got 0"),
        ({"decay": "linear"}, "decay: expected one of .*cosine.*, got .*linear"),
        ({"initial": "zero"}, "initial: expected one of .*spread.*, got .*zero"),
        ({"optimiser": "newton"}, "optimiser: expected one of .*adam.* or an optax.GradientTransformation, got"),
        ({"f": "x1 +"}, "x1 \\+"),
        ({"f": "sin(x1)"}, "sin"),
        ({"domain": "x1 >= 0"}, "unbounded; give every input a lower and an upper bound"),
        ({"domain": "x1 >= 0, x1 <= 0, 0 <= x2 <= 1"}, "interior"),
        ({"inputs": ("a",)}, "the target has 1 inputs"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(arguments, message):
    arguments = {"f": "Min(x1, x2)", "sizes": (2, 3, 1), "key": KEY, "seeds": 1, "steps": 1, **arguments}
    with pytest.raises(RelucircError, match=message) as caught:
        train(arguments.pop("f"), arguments.pop("sizes"), **arguments)
    assert len(str(caught.value)) > 15


def test_a_changed_regimen_says_that_it_is_changed():
    assert read_regimen("original").name == "original"
    assert read_regimen("original", rate=0.1).name == "original"
    assert read_regimen("original", rate=0.2).name == "original, changed"
    assert read_regimen("original", rate=0.2, name="fast").name == "fast"
    assert read_regimen("original", steps=7).steps_for((2, 3, 1)) == 7  # not the preset's long runs
