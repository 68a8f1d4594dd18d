"""Counting: every seed snapped and judged, equal circuits counted, the others grouped by how they failed."""

import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from relucirc.core.errors import RelucircError
from relucirc.core.exact import approximate
from relucirc.interpretation.census import Census, Found
from relucirc.interpretation.failures import Failure, group_failures
from relucirc.interpretation.features import features_of
from relucirc.interpretation.judging import Judge, Judgement
from relucirc.interpretation.layers import to_layers
from relucirc.interpretation.moving import Snap
from relucirc.interpretation.symmetry import find_symmetries, orbit_key
from relucirc.language.domain import Box

LOW = 1e-6
"""What a loss would have to be below, relative to the target, to be called low in reports."""


def take_census(trained: Any, *, budget: float = 20.0) -> Census:
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
