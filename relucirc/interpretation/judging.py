"""The judge: the networks of all seeds are snapped side by side, and every circuit that comes out is proved or not.

The ways to snap are tried with tolerances from tight to loose; a seed has converged if one of its circuits is proved
equal to the target.  With several hidden layers the circuits of a function come in families whose parameters
are any numbers with a simple sum; there the weights are at last moved together, to grids from fine to coarse.
A circuit that is wrong is mostly wrong by much: float values at points of the domain refute it, before it is
written down.  Of the others, which many seeds share, each is written once, evaluated exactly where it is worst, and
only what survives that goes to the prover, once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.exact import approximate, rational
from relucirc.core.graph import Graph
from relucirc.geometry.cell import cell_of
from relucirc.interpretation.batch import Stack, forward, homogeneous, stacked
from relucirc.interpretation.canonical import Canonical
from relucirc.interpretation.folding import by_folding
from relucirc.interpretation.hinging import by_hinges
from relucirc.interpretation.neurons import by_neurons
from relucirc.interpretation.proposal import Proposal, Sight
from relucirc.interpretation.rounding import Grid, Rounding, Within
from relucirc.language.domain import read_domain
from relucirc.proof.prover import prove

Way = Callable[[Stack, Rounding, Sight], Proposal]

TOLERANCES = (1 / 1000, 1 / 200, 1 / 50)
"""What a weight may move, of a largest weight of one, from the first that is tried to the last."""

DENOMINATORS = (24, 12, 8, 6, 5, 4, 3, 2)
"""The grids that weights of networks with several hidden layers are moved to, if moving them one by one fails."""

NEAR = 0.02
"""A network is near the target where no value inside the domain differs by more than this part of the largest."""

SAME = 1e-9
"""Float values that differ by more than this part of the largest are of different functions."""

PROBES = 256
"""Points where floats look for a difference."""


WAYS: tuple[tuple[Way, ...], ...] = ((by_neurons,), (by_neurons, by_folding), (by_neurons, by_hinges))
"""The ways to snap networks with no, one, and several hidden layers."""


@dataclass(frozen=True)
class Judgement:
    """What was found about one circuit.

    Attributes:
        where: ``"everywhere"`` or ``"on the domain"`` if it was proved equal to the target there; None
            if it was not.
        method: The route of the proof.
    """

    where: str | None
    method: str | None = None


@dataclass(frozen=True)
class Verdict:
    """The circuit that a network was proved to be after snapping.

    Attributes:
        circuit: The circuit.
        judgement: Its proof.
        moved: The farthest that a weight moved, of a largest of one.
        folded: Whether neurons were folded together, and not rounded one by one.
    """

    circuit: Canonical
    judgement: Judgement
    moved: float
    folded: bool


@dataclass
class Judge:
    """Judges networks against one target.

    Args:
        target: The target's exact graph.
        domain: Where networks were trained, bounded, as :func:`relucirc.prove` reads it.
        budget: Seconds for each proof.
    """

    target: Graph
    domain: Any
    budget: float = 20.0
    known: dict[str, Judgement] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        domain = read_domain(self.domain, self.target.inputs)
        cell = cell_of([relation.form for relation in domain.relations], len(self.target.inputs))
        assert cell is not None
        self.corners: list[tuple[fmpq, ...]] = list(cell.vertices)
        weights = np.random.default_rng(0).dirichlet(np.full(len(self.corners), 0.4), PROBES)
        corners = np.array([[approximate(c) for c in corner] for corner in self.corners])
        exact = [tuple(rational(c) for c in point) for point in (np.round(weights @ corners * 1024) / 1024).tolist()]
        self._exact = [*(point for point in exact if domain.contains(point)), *self.corners]
        self.points = np.array([[approximate(c) for c in point] for point in self._exact])
        values = [self.target.evaluate(point) for point in self._exact]
        self.values = np.array([[approximate(v) for v in value] for value in values])
        self.sight = Sight(homogeneous(self.points), homogeneous(corners))

    def stack(self, stack: Stack, *, biased: bool) -> list[Verdict | None]:
        """Snaps a batch of networks, each until a circuit of it is proved.

        Args:
            stack: The networks.
            biased: Whether they have biases.

        Returns:
            What was proved; None for networks of which no circuit was, those with weights that are not finite included.
        """
        found: list[Verdict | None] = [None] * len(stack[0][0])
        with np.errstate(all="ignore"):
            inner = len(self.points) - len(self.corners)
            apart = np.abs(forward(stack, self.sight.points) - self.values)[:, :inner].max(axis=(1, 2))
            left = np.all([np.isfinite(part).all(axis=tuple(range(1, part.ndim))) for w in stack for part in w], axis=0)
            near = apart <= NEAR * np.abs(self.values[:inner]).max()
            for way, rounding in self._attempts(len(stack) - 1):
                seeds = np.flatnonzero(left & near if isinstance(rounding, Grid) else left)
                if not len(seeds):
                    continue
                proposal = way([(weight[seeds], bias[seeds]) for weight, bias in stack], rounding, self.sight)
                for group in proposal.distinct(self._close(proposal.values)):
                    circuit = Canonical.of(proposal.layers(group[0]), biased=biased)
                    judgement = self.circuit(circuit)
                    if judgement.where is not None:
                        left[seeds[group]] = False
                        for i in group.tolist():
                            verdict = Verdict(circuit, judgement, float(proposal.moved[i]), proposal.folded)
                            found[seeds[i]] = verdict
        return found

    def _attempts(self, hidden: int) -> Iterator[tuple[Way, Rounding]]:
        """The ladder: ways to snap, each from tight to loose."""
        for way in WAYS[hidden] if hidden < 2 else reversed(WAYS[2]):
            yield from ((way, Within(tolerance)) for tolerance in TOLERANCES)
        if hidden > 1:
            yield from ((by_hinges, Grid(TOLERANCES[0], denominator)) for denominator in DENOMINATORS)

    def _close(self, values: np.ndarray) -> np.ndarray:
        """The networks that floats do not tell from the target."""
        size = np.maximum(np.abs(values).max(axis=(1, 2)), np.abs(self.values).max())
        return np.flatnonzero(np.abs(values - self.values).max(axis=(1, 2)) <= SAME * size)  # none for NaN

    def circuit(self, circuit: Canonical) -> Judgement:
        """Proves or refutes one circuit, once."""
        if circuit.key not in self.known:
            self.known[circuit.key] = self._judge(circuit)
        return self.known[circuit.key]

    def _judge(self, circuit: Canonical) -> Judgement:
        net = circuit.network(self.target.inputs)
        values = forward(stacked(net, single=True), self.sight.points)[0]
        worst = self._exact[int(np.argmax(np.abs(values - self.values).max(axis=1)))]
        if circuit.at(worst) != self.target.evaluate(worst):
            return Judgement(None)
        for where, domain in (("everywhere", None), ("on the domain", self.domain)):
            with Budget():  # inside of it, an interruption is for the census to answer
                result = prove(net, self.target, domain=domain, budget=self.budget)
            if result.status == "proved":
                return Judgement(where, result.method)
        return Judgement(None)
