"""``run_census``: train, judge, and write everything down."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from relucirc.core.errors import FileError, RelucircError, shorten
from relucirc.core.progress import Progress
from relucirc.core.writing import replacing, write_text
from relucirc.interpretation.census import Census
from relucirc.interpretation.counting import take_census
from relucirc.training.driver import train
from relucirc.training.functions import FUNCTIONS, Function
from relucirc.training.regimen import Regimen


def run_census(
    function: Any,
    *,
    seeds: int = 1024,
    regimen: str | Regimen = "original",
    sizes: Sequence[int] | None = None,
    seed: int = 0,
    steps: int | None = None,
    domain: Any = None,
    inputs: Sequence[str] | None = None,
    out: str | Path | None = None,
    budget: float | None = None,
    progress: Progress = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
    **changes: Any,
) -> Census:
    """Trains many seeds on a function, and proves what each of them became.

    Args:
        function: A name from :data:`relucirc.training.FUNCTIONS` such as ``"minimum"``, or a formula;
            then ``sizes`` is needed.
        seeds: Number of seeds.
        regimen: A name from :data:`relucirc.training.REGIMENS`, or a :class:`Regimen`.
        sizes: Widths; those of the named function by default.
        seed: Number from which the JAX key of the run is made.
        steps: Number of steps; the function's or the regimen's own by default.
        domain: Where points are drawn; the function's own or [-1, 1]^n by default.
        inputs: Names of the inputs.
        out: A folder for ``networks.npz``, ``circuits/``, ``census.json``, ``report.txt`` and, where
            matplotlib is installed, ``census.svg``; and for a checkpoint, so that an interrupted run
            goes on when it is called again.
        budget: Seconds of training; None for no limit.
        progress: As for :func:`relucirc.prove`; steps are counted.
        executor: Who judges what was trained, as for :func:`relucirc.prove`.
        workers: How many processes do, where no executor is given.
        journal: The path of a file in which judgements are written, and from which they are read again.
        **changes: Fields of the regimen to change.

    Returns:
        The census; ``print(census)`` shows it as a table, ``census.to_json()`` is plain data.

    Raises:
        RelucircError: For a function, regimen, domain or folder that cannot be used.

    Example:
        >>> census = run_census("absolute", seeds=16, steps=50)
        >>> census.seeds
        16
    """
    known = FUNCTIONS.get(function) if isinstance(function, str) else None
    if known is None:
        if sizes is None:
            raise RelucircError(
                f"sizes: {shorten(function)} is not one of {', '.join(FUNCTIONS)}; for a formula of your own say the "
                "widths of the network, such as (2, 3, 1)."
            )
        known = Function(function, tuple(sizes))
    changes = {"bias": True, **changes} if known.bias else changes
    folder = None if out is None else Path(out)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"expected a folder to write to, got {folder}: {error.strerror or error}.") from None
    trained = train(
        known.formula,
        tuple(sizes or known.sizes),
        key=jax.random.key(seed),
        seeds=seeds,
        regimen=regimen,
        steps=known.steps if steps is None else steps,
        domain=known.domain if domain is None else domain,
        inputs=inputs,
        checkpoint=None if folder is None else folder / "checkpoint.npz",
        budget=budget,
        progress=progress,
        **changes,
    )
    census = take_census(trained, executor=executor, workers=workers, journal=journal)
    if folder is not None:
        write_census(census, folder)
    return census


def write_census(census: Census, folder: Path) -> None:
    """Writes the networks, the circuits, the census and the report into a folder."""
    from relucirc.files import save  # noqa: PLC0415  (only where files are asked for)

    trained = census.trained
    assert trained is not None
    arrays: dict[str, np.ndarray] = {"losses": trained.losses, "loss_steps": trained.loss_steps}
    for k, layer in enumerate(trained.networks.layers):
        arrays[f"layer{k}.weight"] = np.asarray(layer.weight)
        if layer.bias is not None:
            arrays[f"layer{k}.bias"] = np.asarray(layer.bias)
    arrays |= {"converged": census.converged, "circuit_of": census.circuit_of, "draws": census.draws}
    with replacing(folder / "networks.npz") as place, place.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    (folder / "circuits").mkdir(exist_ok=True)
    for i, circuit in enumerate(census.circuits[:100]):
        save(circuit.network, folder / "circuits" / f"circuit{i + 1}.json")
    write_text(folder / "census.json", json.dumps(census.to_json(), indent=1) + "\n")
    write_text(folder / "report.txt", f"{census}\n")
    census.draw(folder / "census.svg")
