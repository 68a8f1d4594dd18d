"""``train``: read the target, start every seed, and go on chunk by chunk to the end."""

import hashlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from relucirc.core.answer import Answer
from relucirc.core.budget import OutOfBudget
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.progress import Progress, watched
from relucirc.interpretation.batch import network_at, to_networks
from relucirc.interpretation.census import Census
from relucirc.interpretation.counting import take_census
from relucirc.interpretation.target import Target, read_target
from relucirc.language.network import MLP
from relucirc.training.checkpoint import load_checkpoint, save_checkpoint
from relucirc.training.pruning import prune_layers
from relucirc.training.regimen import Regimen, read_regimen
from relucirc.training.run import CHUNK, RECORD, Program, State, make_mesh
from relucirc.training.sampling import Sampler, read_sampler

MAX_WEIGHTS = 50_000_000
"""Most weights that are trained side by side; the optimiser carries some numbers more for each."""


@dataclass(frozen=True)
class Trained(Answer):
    """Networks after training, one for each seed.

    Attributes:
        reason: One sentence for people: what was trained, for how many steps, and why not for all.
        networks: All of them as one pytree: an :class:`relucirc.MLP` whose leaves have a leading
            axis of seeds, for ``jax.vmap``.
        losses: Loss curves, ``[rows, seeds]``: the mean squared error on fresh points, averaged
            over ten steps; no rows where training was interrupted before its first steps.
        draws: How often each seed was drawn; 1 where the regimen does not draw anew.
        target: What was learned.
        domain: Where points came from; None for [-1, 1]^n.
        sizes: Widths.
        regimen: How.
        steps: Steps taken.
        total_steps: Steps asked for.
        seconds: Wall time, compilation included; of this call alone if it resumed a checkpoint.
        mean_square: The mean square of the target over the domain, which makes losses relative.
        corners: The corners of the domain, one row each, as floats.
    """

    reason: str
    networks: MLP = field(repr=False)
    losses: np.ndarray = field(repr=False)
    draws: np.ndarray = field(repr=False)
    target: Target
    domain: Any
    sizes: tuple[int, ...]
    regimen: Regimen
    steps: int
    total_steps: int
    seconds: float
    mean_square: float
    corners: np.ndarray = field(repr=False)

    def __repr__(self) -> str:
        return f"<{self.reason.partition(':')[0].rstrip('.')}; .census judges each>"

    @property
    def status(self) -> str:
        """``"trained"``, or ``"unknown"`` where not all steps were taken."""
        return "trained" if self.finished else "unknown"

    @property
    def seeds(self) -> int:
        """Number of networks."""
        return self.losses.shape[1]

    @property
    def finished(self) -> bool:
        """Whether all steps were taken; False after an interruption."""
        return self.steps == self.total_steps

    @property
    def final_losses(self) -> np.ndarray:
        """The last row of the loss curves.

        Raises:
            RelucircError: When no step was taken, so that no loss is known.
        """
        if not len(self.losses):
            raise RelucircError("training was interrupted before its first steps, so no loss is known.")
        return self.losses[-1]

    @property
    def loss_steps(self) -> np.ndarray:
        """The step after which each row of the loss curves was complete."""
        return np.minimum(np.arange(1, len(self.losses) + 1) * RECORD, self.steps)

    def network(self, seed: int) -> MLP:
        """Returns the network of one seed."""
        return network_at(self.networks, seed)

    @cached_property
    def census(self) -> Census:
        """The judgement of every seed: :func:`relucirc.training.take_census` of this."""
        return take_census(self)

    @property
    def converged(self) -> np.ndarray:
        """Which seeds were proved equal to the target after snapping, ``[seeds]``.

        The proof is the judge; the loss is not asked.
        """
        return self.census.converged


def train(
    f: Any,
    sizes: Sequence[int],
    *,
    key: Any,
    seeds: int = 1024,
    regimen: str | Regimen = "original",
    steps: int | None = None,
    domain: Any = None,
    inputs: Sequence[str] | None = None,
    devices: Sequence[Any] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 10.0,
    budget: float | None = None,
    progress: Progress = None,
    **changes: Any,
) -> Trained:
    """Trains many networks of one shape at once, each from its own seed on its own data.

    The result depends on the key, the number of steps and the regimen, and not on the number of
    devices; that of a seed does not depend on how many others there are.  A budget's end or Ctrl-C ends the
    training early and returns what there is, if only the networks as they were drawn.

    Args:
        f: The function to learn: a formula as SymPy or text, a list of them, another network, or a
            JAX function.
        sizes: Widths from inputs to outputs, such as ``(2, 3, 1)``.
        key: A JAX key.
        seeds: Number of networks.
        regimen: A name from :data:`relucirc.training.REGIMENS`, or a :class:`Regimen`.
        steps: Number of steps; the regimen's own by default.
        domain: Where points are drawn, uniformly; [-1, 1]^n by default, as in the original.
        inputs: Names of the inputs; ``x``, or ``x1, x2, ...`` by default.
        devices: Devices that share the seeds; all by default.
        checkpoint: A file to resume from if it is there, and to save to.
        checkpoint_seconds: Seconds between two savings.
        budget: Seconds of wall time; None for no limit.
        progress: As for :func:`relucirc.prove`; steps are counted.
        **changes: Fields of the regimen to change, such as ``rate=0.01``.

    Returns:
        The networks, their loss curves, and (computed when asked for) which of them are proved.

    Raises:
        RelucircError: For a target, domain, regimen or checkpoint that cannot be used.

    Example:
        >>> import jax
        >>> trained = train("Abs(x)", (1, 2, 1), key=jax.random.key(0), seeds=8, steps=10)
        >>> trained.networks.layers[0].weight.shape
        (8, 2, 1)
    """
    started = time.perf_counter()
    work = _Work.read(f, sizes, key, seeds, read_regimen(regimen, **changes), steps, domain, inputs, devices)
    file = None if checkpoint is None else Path(checkpoint)
    clock = watched(budget, f"{work.target} x {work.seeds}", progress, work.steps)
    position = work.resume(file)
    saved = time.monotonic()
    ended = None
    try:
        with clock:
            clock.step("steps", position.step)
            while position.step < work.steps:
                before, position = position, work.advance(position)
                if file is not None and (position.step == work.steps or time.monotonic() - saved > checkpoint_seconds):
                    work.save(file, position)
                    saved = time.monotonic()
                clock.step("steps", position.step - before.step)
    except (OutOfBudget, KeyboardInterrupt) as error:
        if file is not None:
            work.save(file, position)
        ended = clock.ended(error)
    return work.result(position, ended, time.perf_counter() - started)


@dataclass(frozen=True)
class _Position:
    """How far training is: the state after ``step`` steps, and the losses on the way."""

    step: int
    narrow: bool
    state: State
    rows: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class _Work:
    """One training: what does not change while it runs."""

    target: Target
    sampler: Sampler
    domain: Any
    sizes: tuple[int, ...]
    regimen: Regimen
    steps: int
    seeds: int
    key: Any
    mesh: Any

    @staticmethod
    def read(
        f: Any, sizes: Any, key: Any, seeds: Any, regimen: Regimen, steps: Any, domain: Any, inputs: Any, devices: Any
    ) -> "_Work":
        widths = tuple(sizes) if isinstance(sizes, Sequence) else ()
        if len(widths) < 2 or any(not isinstance(w, int) or w < 1 for w in widths):
            raise RelucircError(
                f"sizes: expected widths from inputs to outputs such as (2, 3, 1), got {shorten(sizes)}."
            )
        for name, value in (("seeds", seeds), ("steps", steps if steps is not None else 1)):
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
                raise RelucircError(f"{name}: expected an integer of at least 1, got {shorten(value)}.")
        if not isinstance(key, jax.Array):
            raise RelucircError(f"key: expected a JAX key such as jax.random.key(0), got {shorten(key)}.")
        wide = [widths[0], *(w * regimen.widen for w in widths[1:-1]), widths[-1]]
        numbers = int(seeds) * sum(a * b for a, b in itertools.pairwise(wide))
        if numbers > MAX_WEIGHTS:
            raise RelucircError(
                f"expected at most {MAX_WEIGHTS:,} weights of all networks together, got {numbers:,}; ask for fewer "
                "seeds or smaller sizes."
            )
        target = read_target(f, widths, inputs)
        sampler = read_sampler(domain, target.names)
        total = int(steps) if steps is not None else regimen.steps_for(widths)
        return _Work(target, sampler, domain, widths, regimen, total, int(seeds), key, make_mesh(devices, int(seeds)))

    @cached_property
    def program(self) -> Program:
        """The compiled training of networks of the width asked for."""
        return self._program(self.sizes)

    @cached_property
    def wide_program(self) -> Program:
        """The compiled training of the wider networks before pruning."""
        wide = [width * self.regimen.widen for width in self.sizes[1:-1]]
        return self._program((self.sizes[0], *wide, self.sizes[-1]))

    def _program(self, sizes: tuple[int, ...]) -> Program:
        return Program(self.target, self.sampler, self.regimen, sizes, self.steps, self.seeds, self.key, self.mesh)

    @cached_property
    def redraw_steps(self) -> frozenset[int]:
        """The steps after which stuck seeds are drawn anew."""
        count, part = self.regimen.redraws, self.regimen.redraw_part * self.steps
        return frozenset(max(CHUNK, round(part * (i + 1) / count / CHUNK) * CHUNK) for i in range(count)) - {self.steps}

    @property
    def prune_step(self) -> int:
        """The step after which networks are pruned; 0 if they are not."""
        return 0 if self.regimen.widen == 1 else round(self.regimen.wide_part * self.steps / CHUNK) * CHUNK

    def start(self) -> _Position:
        """Draws every seed."""
        narrow = not self.prune_step
        return _Position(0, narrow, (self.program if narrow else self.wide_program).start(), ())

    def advance(self, position: _Position) -> _Position:
        """Takes one chunk of steps, and what is due after it."""
        program = self.program if position.narrow else self.wide_program
        count = min(CHUNK, self.steps - position.step)
        state, losses = program.chunk(position.state, position.step, count)
        rows = program.from_blocks(losses)[: -(-count // RECORD)]
        step, narrow = position.step + count, position.narrow
        if step in self.redraw_steps:
            state = program.redraw(state, rows[-1])
        if not narrow and step >= self.prune_step:
            layers = jax.tree.map(program.from_blocks, state.layers)
            state = self.program.begin(prune_layers(layers, self.sizes), program.from_blocks(state.draws))
            narrow = True
        return _Position(step, narrow, state, (*position.rows, rows))

    def about(self) -> dict[str, Any]:
        """What a checkpoint says about the training that it belongs to."""
        what = f"{self.target.graph!r}" if self.target.graph is not None else str(self.target)
        return {
            "format": 1,
            "target": str(self.target),
            "target_digest": hashlib.sha256(what.encode()).hexdigest(),
            "domain": self.sampler.corners.tolist(),
            "sizes": list(self.sizes),
            "regimen": self.regimen.to_json(),
            "steps": self.steps,
            "seeds": self.seeds,
            "key": np.asarray(jax.random.key_data(self.key)).ravel().tolist(),
        }

    def save(self, path: Path, position: _Position) -> None:
        """Writes a checkpoint."""
        program = self.program if position.narrow else self.wide_program
        leaves = [program.from_blocks(leaf) for leaf in jax.tree.leaves(position.state)]
        arrays = {f"leaf{i}": leaf for i, leaf in enumerate(leaves)}
        arrays |= {"step": np.int64(position.step), "narrow": np.bool_(position.narrow)}
        save_checkpoint(path, self.about(), {**arrays, "losses": self._losses(position)})

    def _losses(self, position: _Position) -> np.ndarray:
        return np.concatenate([np.zeros((0, self.seeds), np.float32), *position.rows])

    def resume(self, path: Path | None) -> _Position:
        """Returns where a checkpoint left off, or the start."""
        arrays = None if path is None else load_checkpoint(path, self.about())
        if arrays is None:
            return self.start()
        narrow = bool(arrays["narrow"])
        program = self.program if narrow else self.wide_program
        structure = jax.tree.structure(program.start())
        leaves = [program.to_blocks(arrays[f"leaf{i}"]) for i in range(structure.num_leaves)]
        return _Position(int(arrays["step"]), narrow, jax.tree.unflatten(structure, leaves), (arrays["losses"],))

    def result(self, position: _Position, ended: str | None, seconds: float) -> Trained:
        """Returns the networks of the width asked for."""
        program = self.program if position.narrow else self.wide_program
        layers = jax.tree.map(program.from_blocks, position.state.layers)
        if not position.narrow:
            layers = prune_layers(layers, self.sizes)
        took = f"{position.step:,} steps"
        if position.step < self.steps:
            took = f"{position.step:,} of {self.steps:,} steps: {ended}"
        widths = "-".join(map(str, self.sizes))
        return Trained(
            reason=f"{self.seeds:,} networks {widths} trained on {shorten(str(self.target))}, {took}.",
            networks=to_networks(layers, self.target.names),
            losses=self._losses(position),
            draws=program.from_blocks(position.state.draws),
            target=self.target,
            domain=self.domain,
            sizes=self.sizes,
            regimen=self.regimen,
            steps=position.step,
            total_steps=self.steps,
            seconds=seconds,
            mean_square=self.program.mean_square,
            corners=self.sampler.corners,
        )
