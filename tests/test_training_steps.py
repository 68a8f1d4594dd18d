"""Training: the compiled step does what a plain loop does."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from trained import KEY, forward, leaves, one_seed, work_of

from relucirc.training import FUNCTIONS, ORIGINAL_SIX, REGIMENS, Regimen, train
from relucirc.training.gradient import MAX_TERMS, loss_and_gradient


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


def assert_close(trained, seed, layers):
    for layer, (weight, bias) in zip(trained.network(seed).layers, layers, strict=True):
        np.testing.assert_allclose(layer.weight, weight, atol=2e-5)
        assert (layer.bias is None) == (bias is None)
        if bias is not None:
            np.testing.assert_allclose(layer.bias, bias, atol=2e-5)


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
@pytest.mark.parametrize("sizes", [(2, 3, 1), (2, 3, 2), (2, 3, 3, 1), (2, 60, 1)])
def test_every_way_to_differentiate_agrees_with_jax(sizes, bias):
    """One hidden layer and one output; more of either; and networks too wide for sums written out."""
    rng = np.random.default_rng(0)
    layers = tuple(
        (
            jnp.float32(rng.normal(size=(m, n, 5))),
            jnp.float32(rng.normal(size=(m, 5))) if bias else None,
        )
        for n, m in itertools.pairwise(sizes)
    )
    points = [jnp.float32(rng.uniform(-1, 1, (64, 5))) for _ in range(2)]
    targets = [jnp.minimum(*points), points[0]][: sizes[-1]]

    def loss(layers):
        values = jnp.stack(points)
        for k, (weight, b) in enumerate(layers):
            values = jnp.einsum("ois,ips->ops", weight, jnp.maximum(values, 0) if k else values)
            values = values if b is None else values + b[:, None]
        return jnp.mean((values - jnp.stack(targets)) ** 2, axis=(0, 1))

    expected = jax.jit(lambda ls: (loss(ls), jax.grad(lambda each: loss(each).sum())(ls)))(layers)
    found = jax.jit(loss_and_gradient)(layers, points, targets)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
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
