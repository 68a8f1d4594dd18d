"""How networks are trained: every choice of an experiment as data, and the named regimens."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relucirc.core.errors import RelucircError, shorten
from relucirc.training.initial import INITIALISATIONS

OPTIMISERS = ("sgd", "momentum", "adam")
DECAYS = ("constant", "cosine")


@dataclass(frozen=True)
class Regimen:
    """One way to train.

    Attributes:
        name: What reports call it.
        steps: Optimiser steps for a network.
        long_steps: Steps where there are more than two hidden neurons; ``steps`` if None.
        batch: Points for each step.
        optimiser: ``"sgd"``, ``"momentum"`` (0.9), ``"adam"``, or an ``optax.GradientTransformation``, which
            then brings its own rate and sign, and ``rate`` and ``decay`` are not used.
        rate: Learning rate.
        decay: ``"constant"``, or ``"cosine"`` down to zero over the steps.
        initial: ``"linear"`` (PyTorch's default) or ``"spread"`` (no blind side; see
            :mod:`relucirc.training.initial`).
        bias: Whether layers have biases.
        shared_batch: Whether all seeds see the same points.  Faster, and another experiment: the
            seeds then differ in where they start only, and their outcomes are not independent.
        redraws: How often the stuck seeds are drawn anew, evenly spaced over the first
            ``redraw_part`` of the steps.  A seed is stuck while its loss is above ``stuck`` times
            the mean square of the target.
        redraw_part: The part of the steps in which seeds are drawn anew.
        stuck: See ``redraws``.
        l1: Weight of the sum of absolute weights in the loss, over the first ``wide_part`` of the steps.
        widen: Hidden layers start this many times wider than asked for; after ``wide_part`` of the
            steps parallel neurons are merged and the strongest are kept.
        wide_part: The part of the steps before pruning.
    """

    name: str = "custom"
    steps: int = 500
    long_steps: int | None = None
    batch: int = 1000
    optimiser: Any = "sgd"
    rate: float = 0.1
    decay: str = "constant"
    initial: str = "linear"
    bias: bool = False
    shared_batch: bool = False
    redraws: int = 0
    redraw_part: float = 0.6
    stuck: float = 1e-3
    l1: float = 0.0
    widen: int = 1
    wide_part: float = 0.5

    def __post_init__(self) -> None:
        for field, low in (("steps", 1), ("batch", 1), ("widen", 1), ("redraws", 0)):
            value = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < low:
                raise RelucircError(f"{field}: expected an integer of at least {low}, got {shorten(value)}.")
        for field in ("rate", "stuck", "l1", "redraw_part", "wide_part"):
            value = getattr(self, field)
            if not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise RelucircError(f"{field}: expected a number of at least 0, got {shorten(value)}.")
        for field, known in (("decay", DECAYS), ("initial", tuple(INITIALISATIONS))):
            if getattr(self, field) not in known:
                raise RelucircError(f"{field}: expected one of {list(known)}, got {shorten(getattr(self, field))}.")
        if self.optimiser not in OPTIMISERS and not (
            hasattr(self.optimiser, "init") and hasattr(self.optimiser, "update")
        ):
            raise RelucircError(
                f"optimiser: expected one of {list(OPTIMISERS)} or an optax.GradientTransformation, "
                f"got {shorten(self.optimiser)}."
            )

    def replace(self, **changes: Any) -> "Regimen":
        """Returns a copy with other values; its name says that it is one, unless it gets another.

        New ``steps`` are for all sizes, unless ``long_steps`` is given too.
        """
        known = [field.name for field in dataclasses.fields(self)]
        unknown = sorted(set(changes) - set(known))
        if unknown:
            raise RelucircError(f"a regimen has no {unknown[0]!r}; it has {', '.join(known)}.")
        if "steps" in changes:
            changes = {"long_steps": None, **changes}
        changed = {key: value for key, value in changes.items() if getattr(self, key) != value}
        if changed and "name" not in changed:
            changed["name"] = f"{self.name}, changed" if not self.name.endswith("changed") else self.name
        return dataclasses.replace(self, **changed)

    def steps_for(self, sizes: Sequence[int]) -> int:
        """Returns the number of steps for a network of these sizes."""
        return self.long_steps if self.long_steps is not None and sum(sizes[1:-1]) > 2 else self.steps

    def to_json(self) -> dict[str, Any]:
        """Returns the fields as plain JSON data."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if not isinstance(self.optimiser, str):
            data["optimiser"] = f"custom: {type(self.optimiser).__name__}"
        return data


ORIGINAL = Regimen(name="original", steps=500, long_steps=10_000)
"""As the original trained: SGD at 0.1 on 1,000 uniform points a step, PyTorch's default initialisation."""

BEST = Regimen(
    name="best", steps=4000, optimiser="adam", rate=0.05, decay="cosine", redraws=12, redraw_part=0.75, stuck=1e-3
)
"""What docs/training.md arrives at: the original's architecture, initialisation and data; Adam with cosine decay,
and seeds that are stuck are drawn anew, up to 12 times in the first three quarters of the steps."""

REGIMENS: dict[str, Regimen] = {
    regimen.name: regimen
    for regimen in (
        ORIGINAL,
        BEST,
        BEST.replace(name="adam", redraws=0),
        ORIGINAL.replace(name="spread", initial="spread"),
        ORIGINAL.replace(name="redraw", redraws=12, redraw_part=0.75),
        BEST.replace(name="best-spread", initial="spread"),
        BEST.replace(name="prune", redraws=0, widen=4),
        BEST.replace(name="prune-l1", redraws=0, widen=4, l1=1e-3),
    )
}
"""Name -> regimen."""


def read_regimen(regimen: Any, **changes: Any) -> Regimen:
    """Returns a regimen given by name or as it is, with changes.

    Raises:
        RelucircError: For an unknown name or field, or a value that is out of range.
    """
    if isinstance(regimen, str):
        regimen = REGIMENS.get(regimen, regimen)
    if not isinstance(regimen, Regimen):
        raise RelucircError(
            f"regimen: expected one of {', '.join(REGIMENS)}, or a Regimen; got {shorten(repr(regimen))}."
        )
    return regimen.replace(**changes) if changes else regimen
