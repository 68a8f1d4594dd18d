"""The census: what every seed became, proved, counted and grouped."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from relucirc.core.answer import Answer
from relucirc.core.errors import RelucircError
from relucirc.core.tables import lines_of
from relucirc.interpretation.failures import Failure
from relucirc.interpretation.writing import network_text
from relucirc.language.network import MLP

MANY = 12
"""Rows of a table of circuits or failures."""


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
        return {
            "circuit": str(self),
            "network": self.network.to_json(),
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
class Census(Answer):
    """What became of every seed.

    Attributes:
        status: ``"finished"``; ``"interrupted"`` by Ctrl-C; or ``"unknown"`` where no seed was judged by then.
        reason: How many were proved.
        seconds: Wall time of training and judging.
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
    trained: Any = field(default=None, repr=False, compare=False)

    @property
    def status(self) -> str:
        """Whether all was done."""
        return "finished" if self.finished else "interrupted" if self.judged.any() else "unknown"

    @property
    def reason(self) -> str:
        """How many seeds were proved."""
        low, high = self.interval
        if self.rate is None:
            return "interrupted before a seed was judged."
        return (
            f"{self.proved:,} of {int(self.judged.sum()):,} seeds proved equal after snapping: {self.rate:.1%} "
            f"(95 % interval {low:.1%} to {high:.1%})"
        )

    @property
    def seconds(self) -> float:
        """Wall time of training and judging."""
        return self.train_seconds + self.judge_seconds

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
        judged = int(self.judged.sum())
        steps = (
            f"{self.steps:,} steps"
            if self.steps == self.total_steps
            else (f"interrupted after {self.steps:,} of {self.total_steps:,} steps")
        )
        lines = [
            f"{self.target}: {'-'.join(map(str, self.sizes))} networks, regimen {self.regimen['name']}, {steps}",
        ]
        if judged < self.seeds:
            lines.append(f"interrupted: {judged:,} of {self.seeds:,} seeds were judged")
        if self.rate is None:
            return "\n".join(lines)
        lines.append(self.reason)
        redrawn = int((self.draws > 1).sum())
        if redrawn:
            lines.append(f"{redrawn:,} seeds were drawn anew, up to {int(self.draws.max()) - 1} times")
        odd = self.low_loss_not_proved, int((self.converged & ~self.low_loss).sum())
        lines.append(
            f"judged by its loss alone: {odd[0]} seeds with a low loss are not proved, "
            f"{odd[1]} proved ones have a higher loss"
        )
        lines.append("")
        shown = [(f"{c.count:,}", str(c.orbit), c.where, str(c)) for c in self.circuits[:MANY]]
        lines += _first(("seeds", "class", "proved", "circuit"), shown, self.circuits, "circuits")
        if self.circuits:
            circuits = "1 circuit" if len(self.circuits) == 1 else f"{len(self.circuits):,} circuits"
            lines.append(f"{circuits}, {len(self.classes):,} up to symmetry")
        if self.failures:
            losses = ["-" if failure.loss is None else f"{failure.loss:.2g}" for failure in self.failures[:MANY]]
            failed = zip(losses, self.failures, strict=False)
            shown = [(f"{failure.count:,}", loss, failure.kind, failure.computes) for loss, failure in failed]
            lines += ["", *_first(("seeds", "loss", "failure", "computes about"), shown, self.failures, "kinds")]
        lines += ["", f"trained in {self.train_seconds:.2f} s, judged in {self.judge_seconds:.2f} s"]
        return "\n".join(lines)

    def draw(self, path: Any = None) -> Any:
        """Returns the census as a picture, and writes it where a path is given: .svg, .pdf, .png or .tex."""
        found = super().draw()
        if path is not None:
            found.save(path)
        return found


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Returns Wilson's 95 % score interval for a success rate.

    Unlike the textbook's ``p +- z sqrt(p (1 - p) / n)`` it stays inside [0, 1] and is honest where all
    or none succeed: 1,024 of 1,024 says at least 99.6 %.

    Example:
        >>> [round(bound, 4) for bound in wilson(1024, 1024)]
        [0.9963, 1.0]
    """
    from scipy.stats import binomtest  # noqa: PLC0415  (slow to import)

    if not 0 <= successes <= trials or trials < 1:
        raise RelucircError(f"expected successes among at least one trial, got {successes} of {trials}.")
    interval = binomtest(successes, trials).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def _first(titles: tuple[str, ...], rows: list[tuple[str, ...]], things: Sequence[Any], name: str) -> list[str]:
    """The first rows of a table, and how many more there are."""
    rest = sum(thing.count for thing in things[MANY:])
    more = [f"... and {len(things) - MANY:,} more {name} of {rest:,} seeds"] if len(things) > MANY else []
    return [*lines_of([titles, *rows]), *more] if things else []
