"""Training: any target and domain can be learned, seeds are independent, and bad arguments are named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from trained import KEY, assert_same, forward, leaves, one_seed, work_of

import relucirc
from relucirc.core.errors import RelucircError
from relucirc.training import REGIMENS, train
from relucirc.training.initial import linear, spread
from relucirc.training.pruning import prune_layers
from relucirc.training.regimen import read_regimen
from relucirc.training.sampling import read_sampler

X = np.linspace(-1, 1, 41)
GRID = np.stack(np.meshgrid(X, X), axis=-1).reshape(-1, 2)


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
        ({"regimen": "luck"}, "regimen: expected one of original, .*; got 'luck'"),
        ({"regimen": 3}, "regimen: expected one of .* or a Regimen; got 3"),
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
