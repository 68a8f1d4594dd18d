"""The census: what every seed became, proved, counted and grouped."""

import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import numpy as np

from relucirc.domain import Box
from relucirc.errors import RelucircError
from relucirc.exact import approximate, text
from relucirc.network import MLP
from relucirc.training.driver import Trained
from relucirc.training.failures import Failure, group_failures
from relucirc.training.features import features_of
from relucirc.training.judging import Judge, Judgement
from relucirc.training.layers import to_layers
from relucirc.training.moving import Snap
from relucirc.training.statistics import wilson
from relucirc.training.symmetry import find_symmetries, orbit_key
from relucirc.training.writing import network_text

LOW = 1e-6
"""What a loss would have to be below, relative to the target, to be called low in reports."""


@dataclass(frozen=True)
class Found:
    """A circuit that seeds became, proved equal to the target.

    Attributes:
        network: The circuit.
        count: How many seeds became it.
        orbit: The number of its class of mirror images, from 1, the largest class first.
        where: ``"everywhere"`` or ``"on the domain"``.
        method: The route of the proof.
        folded: For how many of the seeds opposite neurons had to be folded together.
        largest_move: The farthest that a weight moved when seeds were snapped, of a largest of 1.
        features: What its neurons and pairs of neurons are called.
    """

    network: MLP
    count: int
    orbit: int
    where: str
    method: str | None
    folded: int
    largest_move: float
    features: tuple[str, ...]

    def __str__(self) -> str:
        return network_text(self.network)

    def to_json(self) -> dict[str, Any]:
        """Returns the fields as plain JSON data."""
        layers = []
        for layer in self.network.exact().layers:
            bias = None if layer.bias is None else [text(b) for b in layer.exact_bias()]
            layers.append({"weight": layer.weight.strings(), "bias": bias})
        return {
            "circuit": str(self),
            "network": {"inputs": list(self.network.inputs), "layers": layers},
            "hidden_neurons": self.network.hidden_neurons,
            "count": self.count,
            "class": self.orbit,
            "proved": self.where,
            "method": self.method,
            "folded": self.folded,
            "largest_move": float(f"{self.largest_move:.3g}"),
            "features": list(self.features),
        }


@dataclass(frozen=True)
class Census:
    """What became of every seed.

    Attributes:
        target: What was to be learned.
        sizes: Widths.
        regimen: How, as plain data.
        steps: Steps taken, of ``total_steps``.
        total_steps: Steps asked for.
        circuits: The proved circuits, the most frequent first.
        failures: The seeds that were not proved, grouped.
        judged: Which seeds were snapped and tried, ``[seeds]``; all of them unless Ctrl-C came first.
        converged: Which seeds were proved, ``[seeds]``.
        circuit_of: The number in ``circuits`` of every seed, -1 where it was not proved.
        low_loss: Which seeds have a loss below a millionth of the target's mean square.
        draws: How often each seed was drawn.
        train_seconds: Wall time of training, compilation included.
        judge_seconds: Wall time of snapping and proving.
    """

    target: str
    sizes: tuple[int, ...]
    regimen: dict[str, Any]
    steps: int
    total_steps: int
    circuits: tuple[Found, ...]
    failures: tuple[Failure, ...]
    judged: np.ndarray = field(repr=False)
    converged: np.ndarray = field(repr=False)
    circuit_of: np.ndarray = field(repr=False)
    low_loss: np.ndarray = field(repr=False)
    draws: np.ndarray = field(repr=False)
    train_seconds: float
    judge_seconds: float
    trained: Trained | None = field(default=None, repr=False, compare=False)

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.converged)

    @property
    def proved(self) -> int:
        """How many seeds were proved equal to the target after snapping."""
        return int(self.converged.sum())

    @property
    def finished(self) -> bool:
        """Whether all steps were taken and all seeds judged; False after an interruption."""
        return self.steps == self.total_steps and bool(self.judged.all())

    @property
    def rate(self) -> float | None:
        """The share of the judged seeds that were proved; None where none was judged."""
        return self.proved / int(self.judged.sum()) if self.judged.any() else None

    @property
    def low_loss_not_proved(self) -> int:
        """How many seeds have a low loss, but were judged and not proved."""
        return int((self.low_loss & self.judged & ~self.converged).sum())

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval for the success rate of judged seeds."""
        return wilson(self.proved, int(self.judged.sum())) if self.judged.any() else (0.0, 1.0)

    def snapped(self, seed: int) -> MLP | None:
        """Returns the proved circuit that a seed became, as an exact network; None if it was not proved."""
        place = int(self.circuit_of[seed])
        return None if place < 0 else self.circuits[place].network

    @property
    def classes(self) -> list[int]:
        """Seeds in every class of mirror images, the largest first."""
        counts = Counter[int]()
        for circuit in self.circuits:
            counts[circuit.orbit] += circuit.count
        return [counts[k] for k in sorted(counts)]

    def to_json(self) -> dict[str, Any]:
        """Returns the census as plain JSON data."""
        low, high = self.interval
        draws = Counter(int(d) for d in self.draws)
        return {
            "target": self.target,
            "sizes": list(self.sizes),
            "regimen": self.regimen,
            "steps": self.steps,
            "total_steps": self.total_steps,
            "seeds": self.seeds,
            "judged": int(self.judged.sum()),
            "proved": self.proved,
            "rate": None if self.rate is None else round(self.rate, 6),
            "interval": [round(low, 6), round(high, 6)],
            "low_loss": int(self.low_loss.sum()),
            "low_loss_not_proved": self.low_loss_not_proved,
            "proved_not_low_loss": int((self.converged & ~self.low_loss).sum()),
            "classes": self.classes,
            "circuits": [circuit.to_json() for circuit in self.circuits],
            "failures": [failure.to_json() for failure in self.failures],
            "draws": {str(d): draws[d] for d in sorted(draws)},
            "train_seconds": round(self.train_seconds, 3),
            "judge_seconds": round(self.judge_seconds, 3),
        }

    def __str__(self) -> str:
        from relucirc.training.report import census_table  # noqa: PLC0415  (it reads this module)

        return census_table(self)

    def draw(self, path: Any) -> None:
        """Draws the census into a file, .svg or .png; needs matplotlib."""
        from relucirc.training.drawing import draw_census  # noqa: PLC0415  (it reads this module)

        draw_census(self, path)


def take_census(trained: Trained, *, budget: float = 20.0) -> Census:
    """Snaps and judges every seed.  Ctrl-C ends it early; what was judged by then is counted.

    Args:
        trained: Networks after training.
        budget: Seconds for each proof.

    Raises:
        RelucircError: When the target is not piecewise linear, so that nothing can be proved of it.
    """
    started = time.perf_counter()
    graph = trained.target.graph
    if graph is None:
        raise RelucircError(f"{trained.target} is not piecewise linear: its networks cannot be judged by proof.")
    judge = Judge(graph, Box(-1, 1) if trained.domain is None else trained.domain, budget)
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(trained.networks)]
    structure = jax.tree.structure(trained.networks)
    verdicts: list[tuple[Snap | None, Judgement]] = []
    with contextlib.suppress(KeyboardInterrupt):
        for seed in range(trained.seeds if trained.steps else 0):
            verdicts.append(judge.seed(jax.tree.unflatten(structure, [leaf[seed] for leaf in leaves])))
    judged = np.arange(trained.seeds) < len(verdicts)
    verdicts += [(None, Judgement(None))] * (trained.seeds - len(verdicts))
    converged = np.array([judgement.where is not None for _, judgement in verdicts])
    relative = (
        trained.final_losses / max(trained.mean_square, 1e-30) if trained.steps else np.full(trained.seeds, np.inf)
    )
    corners = np.array([[approximate(c) for c in corner] for corner in judge.corners])
    points = np.concatenate([judge.points, corners])
    values = trained.target.values(points)
    symmetries = find_symmetries(graph, judge.corners, points, values)
    circuits, circuit_of = _circuits(verdicts, symmetries, trained.target.names)
    failures = group_failures(
        to_layers(trained.networks),
        np.flatnonzero(judged & ~converged),
        relative,
        points,
        values,
        symmetries,
        trained.target.names,
    )
    if not judged.all():
        failures.append(_left_out(np.flatnonzero(~judged), relative))
    return Census(
        target=str(trained.target),
        sizes=trained.sizes,
        regimen=trained.regimen.to_json(),
        steps=trained.steps,
        total_steps=trained.total_steps,
        circuits=tuple(circuits),
        failures=tuple(failures),
        judged=judged,
        converged=converged,
        circuit_of=circuit_of,
        low_loss=relative < LOW,
        draws=trained.draws,
        train_seconds=trained.seconds,
        judge_seconds=time.perf_counter() - started,
        trained=trained,
    )


def _left_out(seeds: np.ndarray, relative: np.ndarray) -> Failure:
    """The seeds that an interruption left: nothing was trained, or these were not judged."""
    loss = float(np.median(relative[seeds]))
    kind, known = ("not judged", loss) if np.isfinite(loss) else ("not trained", None)
    return Failure(kind, "", len(seeds), known, tuple(map(int, seeds)))


def _circuits(
    verdicts: Sequence[tuple[Snap | None, Judgement]], symmetries: Sequence[Any], names: Sequence[str]
) -> tuple[list[Found], np.ndarray]:
    """Counts the proved circuits, and their classes of mirror images."""
    snaps: dict[str, list[Snap]] = {}
    judged: dict[str, Judgement] = {}
    for snap, judgement in verdicts:
        if snap is not None and judgement.where is not None:
            snaps.setdefault(snap.circuit.key, []).append(snap)
            judged[snap.circuit.key] = judgement
    order = sorted(snaps, key=lambda key: (-len(snaps[key]), key))
    orbit = {key: orbit_key(snaps[key][0].circuit, symmetries, names) for key in order}
    sizes = Counter[str]()
    for key in order:
        sizes[orbit[key]] += len(snaps[key])
    number = {name: i + 1 for i, name in enumerate(sorted(sizes, key=lambda name: (-sizes[name], name)))}
    found = []
    for key in order:
        network = snaps[key][0].circuit.network(names)
        where = judged[key].where
        assert where is not None
        found.append(
            Found(
                network=network,
                count=len(snaps[key]),
                orbit=number[orbit[key]],
                where=where,
                method=judged[key].method,
                folded=sum(snap.folded for snap in snaps[key]),
                largest_move=max(approximate(snap.largest_move) for snap in snaps[key]),
                features=features_of(network),
            )
        )
    place = {key: i for i, key in enumerate(order)}
    circuit_of = [
        place[snap.circuit.key] if snap is not None and judgement.where is not None else -1
        for snap, judgement in verdicts
    ]
    return found, np.array(circuit_of)
