"""The compiled part of training: start, fifty steps at a time, and drawing stuck seeds anew.

Seeds are laid out in *blocks* of a fixed width, and the blocks are sharded over the devices of a mesh.
Every device runs the program for one device over its own blocks, one after the other; nothing is
exchanged.  (One program partitioned over all devices would be compiled differently for every number of
them, with other fusions and so other roundings.)  So a seed's result depends on the key and on its
number alone.
"""

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec

from relucirc.core.errors import RelucircError
from relucirc.interpretation.batch import Layers
from relucirc.interpretation.target import Target
from relucirc.training.gradient import COMPILER_OPTIONS, loss_and_gradient
from relucirc.training.initial import INITIALISATIONS
from relucirc.training.regimen import Regimen
from relucirc.training.sampling import Sampler

Array = Any

CHUNK = 50
"""Steps in one call: what a checkpoint, the progress bar and Ctrl-C wait for."""

RECORD = 10
"""Steps that one row of the loss curves averages."""

WIDTH = 64
"""Seeds in a block."""


class State(NamedTuple):
    """What training carries on, all leaves ``[blocks, ..., width]``."""

    layers: Layers
    optimiser: Any
    draws: Array
    """How often each seed has been drawn, from 1."""


@dataclass(frozen=True)
class Program:
    """Compiled training of one shape of networks.

    Attributes:
        target: What is learned.
        sampler: Where points come from.
        regimen: How.
        sizes: Widths while this program runs (wider than asked for, before pruning).
        steps: Steps of the whole training; learning rates depend on it.
        seeds: Number of seeds asked for.
        key: The JAX key of the whole training.
        mesh: The devices.
    """

    target: Target
    sampler: Sampler
    regimen: Regimen
    sizes: tuple[int, ...]
    steps: int
    seeds: int
    key: Array
    mesh: Any

    @property
    def blocks(self) -> int:
        """Number of blocks, a multiple of the number of devices."""
        return -(-self.seeds // (WIDTH * self.mesh.size)) * self.mesh.size

    @functools.cached_property
    def optimiser(self) -> Any:
        """The optax transformation that turns gradients into steps of unit rate."""
        return _optimiser(self.regimen)

    def start(self) -> State:
        """Draws every seed for the first time."""
        return self.begin(self._draw(np.arange(self.seeds), np.ones(self.seeds, int)), np.ones(self.seeds, np.int32))

    def begin(self, layers: Layers, draws: Array) -> State:
        """Starts from given networks, ``[..., seeds]``."""
        optimiser = jax.vmap(self.optimiser.init, in_axes=-1, out_axes=-1)(jax.tree.map(np.asarray, layers))
        return State(*jax.tree.map(self.to_blocks, (layers, optimiser, draws)))

    def chunk(self, state: State, step: int, count: int) -> tuple[State, Array]:
        """Takes ``count`` steps, at most :data:`CHUNK`, from step number ``step``.

        Returns:
            The new state, and the loss of every seed averaged over each :data:`RECORD` steps,
            ``[blocks, rows, width]``.
        """
        return self._chunk(state, self._words, np.int32(step), np.int32(count))

    def redraw(self, state: State, losses: np.ndarray) -> State:
        """Draws the seeds anew whose latest loss, ``[seeds]``, says that they are stuck."""
        stuck = np.flatnonzero(~(losses <= self.regimen.stuck * self.mean_square))  # NaN is stuck too
        if not len(stuck):
            return state
        draws = self.from_blocks(state.draws).copy()
        draws[stuck] += 1
        layers = jax.tree.map(lambda leaf: self.from_blocks(leaf).copy(), state.layers)
        for leaf, fresh in zip(jax.tree.leaves(layers), jax.tree.leaves(self._draw(stuck, draws[stuck])), strict=True):
            leaf[..., stuck] = fresh
        started = self.begin(layers, draws)
        again = np.zeros(self.seeds, bool)
        again[stuck] = True
        again = self.to_blocks(again)
        optimiser = jax.tree.map(lambda new, old: _where(again, new, old), started.optimiser, state.optimiser)
        return State(started.layers, optimiser, started.draws)

    def to_blocks(self, leaf: Any) -> Array:
        """Lays ``[..., seeds]`` out in blocks; the seeds that fill up the last one repeat the first."""
        leaf = np.asarray(leaf)
        missing = self.blocks * WIDTH - self.seeds
        fill = leaf[..., np.arange(missing) % self.seeds]
        wide = np.concatenate([leaf, fill], axis=-1).reshape(*leaf.shape[:-1], self.blocks, WIDTH)
        return jax.device_put(np.moveaxis(wide, -2, 0), self._sharding)

    def from_blocks(self, leaf: Array) -> np.ndarray:
        """Undoes :meth:`to_blocks`."""
        wide = np.moveaxis(np.asarray(leaf), 0, -2)
        return wide.reshape(*wide.shape[:-2], -1)[..., : self.seeds]

    @functools.cached_property
    def _words(self) -> Array:
        """Random words for the batches, ``[blocks, 1 + draws, width]``, or ``[1 + draws, 1]`` if all share them."""
        count = 1 + self.sampler.draws
        if self.regimen.shared_batch:
            return self._sequence(1).generate_state(count)[:, None]
        words = [self._sequence(1, seed).generate_state(count) for seed in range(self.seeds)]
        return self.to_blocks(np.stack(words, axis=-1))

    def _sequence(self, *purpose: int) -> np.random.SeedSequence:
        entropy = [int(word) for word in np.asarray(jax.random.key_data(self.key)).ravel()]
        return np.random.SeedSequence(entropy, spawn_key=purpose)

    def _generator(self, *purpose: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(self._sequence(*purpose)))

    def _draw(self, numbers: np.ndarray, draws: np.ndarray) -> Layers:
        """Draws networks, ``[..., numbers]``; every draw of a seed has a generator of its own."""
        draw = INITIALISATIONS[self.regimen.initial]
        networks = [
            draw(self._generator(0, int(n), int(d)), self.sizes, self.regimen.bias, self.sampler.points)
            for n, d in zip(numbers, draws, strict=True)
        ]
        return jax.tree.map(lambda *leaves: np.stack(leaves, axis=-1), *networks)

    @functools.cached_property
    def _sharding(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(self.mesh.axis_names))

    @functools.cached_property
    def _chunk(self) -> Callable:
        """The program for all blocks of one device: :data:`CHUNK` steps of each in turn."""

        def share(states: State, words: Array, step: Array, count: Array) -> tuple[State, Array]:
            if not self.regimen.shared_batch:
                return lax.map(lambda one: self._steps(one[0], one[1], step, count), (states, words))
            numbers = step + jnp.arange(CHUNK, dtype=jnp.int32)
            batches = lax.map(lambda t: self._batch(words, t), numbers)
            return lax.map(lambda state: self._steps(state, batches, step, count), states)

        return self._on_devices(share, 1 if self.regimen.shared_batch else 2)

    def _steps(self, state: State, source: Any, step: Array, count: Array) -> tuple[State, Array]:
        """Steps for one block; the source of points is the block's words, or the batches of all."""
        regimen = self.regimen
        update = jax.vmap(self.optimiser.update, in_axes=-1, out_axes=-1)

        def body(k: Array, carry: tuple) -> tuple:
            layers, optimiser, losses = carry
            points, targets = (
                jax.tree.map(lambda leaf: leaf[k], source) if regimen.shared_batch else self._batch(source, step + k)
            )
            loss, gradient = loss_and_gradient(layers, points, targets)
            if regimen.l1:
                weight = jnp.where(step + k < regimen.wide_part * self.steps, regimen.l1, 0.0)
                gradient = jax.tree.map(lambda g, w: g + weight * jnp.sign(w), gradient, layers)
            change, optimiser = update(gradient, optimiser, layers)
            rate = -self._rate(step + k) if isinstance(regimen.optimiser, str) else 1.0
            layers = jax.tree.map(lambda w, u: w + rate * u, layers, change)
            return layers, optimiser, losses.at[k // RECORD].add(loss)

        losses = jnp.zeros((CHUNK // RECORD, WIDTH))
        layers, optimiser, losses = lax.fori_loop(0, count, body, (state.layers, state.optimiser, losses))
        taken = jnp.clip(count - jnp.arange(CHUNK // RECORD) * RECORD, 1, RECORD)
        return State(layers, optimiser, state.draws), losses / taken[:, None]

    def _batch(self, words: Array, step: Array) -> tuple[list[Array], list[Array]]:
        points = self.sampler.batch(words, step, self.regimen.batch)
        return points, self.target.columns(points)

    def _on_devices(self, function: Callable, split: int) -> Callable:
        """Compiles a function of blocks, applied by every device to its own.

        Args:
            function: From blocks to blocks, for one device.
            split: How many leading arguments are sharded; the others are the same for all.
        """
        devices = list(self.mesh.devices.flat)
        on_cpu = devices[0].platform == "cpu"
        compiled = jax.jit(function, compiler_options=COMPILER_OPTIONS if on_cpu else None)

        def part(device: Any, trees: Sequence[Any]) -> list[Any]:
            return [jax.tree.map(lambda leaf: _shard(leaf, device), tree) for tree in trees]

        def call(*trees: Any) -> Any:
            shared = trees[split:]
            with ThreadPoolExecutor(len(devices)) as pool:  # the first calls compile, side by side
                results = list(pool.map(lambda d: compiled(*part(d, trees[:split]), *shared), devices))
            return jax.tree.map(lambda *leaves: self._joined(leaves), *results)

        return call

    def _joined(self, leaves: Sequence[Array]) -> Array:
        """Makes one sharded array of the results of all devices."""
        shape = (self.blocks, *leaves[0].shape[1:])
        return jax.make_array_from_single_device_arrays(shape, self._sharding, list(leaves))

    @functools.cached_property
    def mean_square(self) -> float:
        """The mean square of the target over the domain, estimated from 4,096 points."""
        rng = self._generator(2)
        return float(np.mean(np.square(self.target.values(self.sampler.points(rng, 4096)), dtype=np.float64)))

    def _rate(self, step: Array) -> Array:
        if self.regimen.decay == "constant":
            return jnp.float32(self.regimen.rate)
        return self.regimen.rate * 0.5 * (1 + jnp.cos(math.pi * step / self.steps))


def _shard(leaf: Array, device: Any) -> Array:
    """The part of a sharded array that lies on a device."""
    return next(shard.data for shard in leaf.addressable_shards if shard.device == device)


def _where(chosen: Array, new: Array, old: Array) -> Array:
    """Chooses seeds: the leaves are ``[blocks, ..., width]``, the choice ``[blocks, width]``."""
    return jnp.where(chosen.reshape(chosen.shape[0], *[1] * (new.ndim - 2), chosen.shape[1]), new, old)


def _optimiser(regimen: Regimen) -> Any:
    if not isinstance(regimen.optimiser, str):
        return regimen.optimiser
    try:
        import optax  # noqa: PLC0415  (an optional extra)
    except ImportError:
        raise RelucircError("training needs optax: pip install 'relucirc[train]'.") from None
    return {"sgd": optax.identity, "momentum": lambda: optax.trace(0.9), "adam": optax.scale_by_adam}[
        regimen.optimiser
    ]()


def make_mesh(devices: Sequence[Any] | None, seeds: int) -> Any:
    """Returns a mesh of the given devices, or of all of the default backend; no more than have a block to do."""
    found = list(jax.devices() if devices is None else devices)
    return jax.sharding.Mesh(np.array(found[: -(-seeds // WIDTH)]), ("seeds",))
