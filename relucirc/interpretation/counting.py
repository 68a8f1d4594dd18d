"""Counting: every seed snapped and judged, equal circuits counted, the others grouped by how they failed."""

import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from relucirc.core.crew import gathered
from relucirc.core.errors import RelucircError
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve
from relucirc.interpretation.batch import stacked
from relucirc.interpretation.blocks import Bench, judge_block, verdicts_of
from relucirc.interpretation.census import Census, Found
from relucirc.interpretation.failures import Failure, group_failures
from relucirc.interpretation.features import features_of
from relucirc.interpretation.judging import Judge, Verdict
from relucirc.interpretation.symmetry import find_symmetries, orbit_key
from relucirc.language.domain import Box

LOW = 1e-6
"""What a loss would have to be below, relative to the target, to be called low in reports."""

BLOCK = 32
"""Seeds that are judged side by side; after an interruption whole blocks are counted."""


def take_census(
    trained: Any,
    *,
    budget: float = 20.0,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> Census:
    """Snaps and judges every seed.  Ctrl-C ends it early; what was judged by then is counted.

    Args:
        trained: Networks after training.
        budget: Seconds for each proof.
        executor: Who judges, as for :func:`relucirc.prove`.
        workers: How many processes do, where no executor is given.
        journal: The path of a file in which judgements are written, and from which they are read again.

    Raises:
        RelucircError: When the target is not piecewise linear, so that nothing can be proved of it.
    """
    started = time.perf_counter()
    graph = trained.target.graph
    if graph is None:
        raise RelucircError(f"{trained.target} is not piecewise linear: its networks cannot be judged by proof.")
    judge = Judge(graph, Box(-1, 1) if trained.domain is None else trained.domain, budget)
    stack = stacked(trained.networks)
    biased = any(layer.bias is not None for layer in trained.networks.layers)
    bench = Bench(judge, stack, biased)
    blocks = [[i, min(i + BLOCK, trained.seeds)] for i in range(0, trained.seeds if trained.steps else 0, BLOCK)]
    found: list[Outcome] = []
    with (
        contextlib.suppress(KeyboardInterrupt),
        gathered(executor, workers, journal, f"a census of {trained.target}", bench),
    ):
        solve(judge_block, bench, blocks, known=found)
    verdicts: list[Verdict | None] = [None] * trained.seeds
    judged = np.zeros(trained.seeds, bool)
    for outcome in found:
        block = slice(*outcome.found["block"])
        verdicts[block], judged[block] = verdicts_of(outcome, biased=biased), True
    converged = np.array([verdict is not None for verdict in verdicts])
    relative = (
        trained.final_losses / max(trained.mean_square, 1e-30) if trained.steps else np.full(trained.seeds, np.inf)
    )
    points, values = judge.points, trained.target.values(judge.points)
    symmetries = find_symmetries(graph, judge.corners)
    circuits, circuit_of = _circuits(verdicts, symmetries, trained.target.names)
    failures = group_failures(
        stack,
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
    verdicts: Sequence[Verdict | None], symmetries: Sequence[Any], names: Sequence[str]
) -> tuple[list[Found], np.ndarray]:
    """Counts the proved circuits, and their classes of mirror images."""
    proved: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict is not None:
            proved.setdefault(verdict.circuit.key, []).append(verdict)
    groups = sorted(proved.values(), key=lambda group: (-len(group), group[0].circuit.key))
    orbits = [orbit_key(group[0].circuit, symmetries, names) for group in groups]
    sizes = Counter[str]()
    for orbit, group in zip(orbits, groups, strict=True):
        sizes[orbit] += len(group)
    numbers = sorted(sizes, key=lambda orbit: (-sizes[orbit], orbit))
    found = []
    for orbit, group in zip(orbits, groups, strict=True):
        network, judgement = group[0].circuit.network(names), group[0].judgement
        assert judgement.where is not None
        found.append(
            Found(
                network=network,
                count=len(group),
                orbit=1 + numbers.index(orbit),
                where=judgement.where,
                method=judgement.method,
                folded=sum(verdict.folded for verdict in group),
                largest_move=max(verdict.moved for verdict in group),
                features=features_of(network),
            )
        )
    place = {group[0].circuit.key: i for i, group in enumerate(groups)}
    return found, np.array([-1 if verdict is None else place[verdict.circuit.key] for verdict in verdicts])
