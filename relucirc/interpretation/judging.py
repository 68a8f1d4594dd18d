"""The judge: every seed's network is snapped exactly, and every circuit that comes out is proved or not.

Tolerances are tried from tight to loose; a seed has converged if one of its circuits is proved equal
to the target.  With several hidden layers the circuits of a function come in families whose parameters
are any numbers with a simple sum; there the weights are at last moved together, to grids from fine to coarse.
Many seeds give the same circuit, which is proved once.  A circuit that is wrong is
mostly wrong by much: floats propose the point where it is worst, exact evaluation there refutes it,
and only the rest goes to the prover.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.errors import RelucircError
from relucirc.core.exact import approximate, rational
from relucirc.core.graph import Graph
from relucirc.geometry.cell import cell_of
from relucirc.interpretation.circuit import Circuit
from relucirc.interpretation.folding import fold_network
from relucirc.interpretation.hinging import fold_deep
from relucirc.interpretation.moving import TOLERANCES, Snap
from relucirc.interpretation.neurons import snap_network
from relucirc.language.domain import read_domain
from relucirc.language.network import MLP
from relucirc.proof.prover import prove

DENOMINATORS = (24, 12, 8, 6, 5, 4, 3, 2)
"""The grids that weights of networks with several hidden layers are moved to, if moving them one by one fails."""

NEAR = 0.02
"""A network is near the target where no value differs by more than this part of the largest."""

PROBES = 256
"""Points where floats look for a difference."""


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


@dataclass
class Judge:
    """Judges circuits against one target.

    Args:
        target: The target's exact graph.
        domain: Where networks were trained, bounded, as :func:`relucirc.prove` reads it.
        budget: Seconds for each proof.
    """

    target: Graph
    domain: Any
    budget: float = 20.0
    known: dict[str, Judgement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        domain = read_domain(self.domain, self.target.inputs)
        cell = cell_of([relation.form for relation in domain.relations], self.n)
        assert cell is not None
        self.corners: list[tuple[fmpq, ...]] = list(cell.vertices)
        weights = np.random.default_rng(0).dirichlet(np.full(len(self.corners), 0.4), PROBES)
        corners = np.array([[approximate(c) for c in corner] for corner in self.corners])
        exact = [[rational(c) for c in point] for point in (np.round(weights @ corners * 1024) / 1024).tolist()]
        self._exact_points = [point for point in exact if domain.contains(point)]
        self.points = np.array([[approximate(c) for c in point] for point in self._exact_points])
        values = [self.target.evaluate(point) for point in self._exact_points]
        self.everywhere = np.concatenate([self.points, corners])
        self.values = np.array([[approximate(v) for v in value] for value in values])

    @property
    def n(self) -> int:
        """Number of inputs."""
        return len(self.target.inputs)

    def seed(self, net: MLP) -> tuple[Snap | None, Judgement]:
        """Snaps a network until a circuit of it is proved.

        Returns:
            The proved snap and its judgement; or the tightest snap, unproved; or None for weights that
            are not finite.
        """
        first: Snap | None = None
        for attempt in self._attempts(net):
            try:
                snap = attempt()
            except RelucircError:
                return None, Judgement(None)
            if snap is None:
                continue
            first = first or snap
            judgement = self.circuit(snap.circuit)
            if judgement.where is not None:
                return snap, judgement
        return first, Judgement(None)

    def _attempts(self, net: MLP) -> Iterator[Callable[[], Snap | None]]:
        """The ways to snap a network, from the tightest."""
        if len(net.layers) <= 2:
            for tolerance in TOLERANCES:
                yield lambda t=tolerance: snap_network(net, t, self.corners)
            if len(net.layers) == 2:
                for tolerance in TOLERANCES:
                    yield lambda t=tolerance: fold_network(net, t, self.corners)
            return
        for tolerance in TOLERANCES:
            yield lambda t=tolerance: fold_deep(net, t, self.everywhere)
        for tolerance in TOLERANCES:
            yield lambda t=tolerance: snap_network(net, t, self.corners)
        for denominator in DENOMINATORS if self._is_near(net) else ():
            yield lambda d=denominator: fold_deep(net, TOLERANCES[0], self.everywhere, d)

    def _is_near(self, net: MLP) -> bool:
        """Whether a float network is near the target at the probes."""
        values = self.points
        for k, layer in enumerate(net.layers):
            values = (np.maximum(values, 0) if k else values) @ np.asarray(layer.weight).T
            values = values if layer.bias is None else values + np.asarray(layer.bias)
        return bool(np.abs(values - self.values).max() <= NEAR * np.abs(self.values).max())  # False for NaN

    def circuit(self, circuit: Circuit) -> Judgement:
        """Proves or refutes one circuit, once."""
        if circuit.key not in self.known:
            self.known[circuit.key] = self._judge(circuit)
        return self.known[circuit.key]

    def _judge(self, circuit: Circuit) -> Judgement:
        worst = self._exact_points[int(np.argmax(np.abs(self._forward(circuit) - self.values).max(axis=1)))]
        if circuit.at(worst) != self.target.evaluate(worst):
            return Judgement(None)
        net = circuit.network(self.target.inputs)
        for where, domain in (("everywhere", None), ("on the domain", self.domain)):
            with Budget():  # inside of it, an interruption is for the census to answer
                result = prove(net, self.target, domain=domain, budget=self.budget)
            if result.status == "proved":
                return Judgement(where, result.method)
        return Judgement(None)

    def _forward(self, circuit: Circuit) -> np.ndarray:
        values = self.points
        for k, (rows, bias) in enumerate(circuit.layers):
            weight = np.array([[approximate(w) for w in row] for row in rows]).reshape(len(rows), values.shape[1])
            values = values @ weight.T + np.array([approximate(b) for b in bias])
            values = values if k == len(circuit.layers) - 1 else np.maximum(values, 0)
        return values
