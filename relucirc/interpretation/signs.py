"""Neurons that never bend on a domain: seen on one side only at points of it, and proved to be there everywhere."""

from collections.abc import Callable, Sequence

import numpy as np

from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.graph import Graph
from relucirc.geometry.region import Region
from relucirc.interpretation.batch import activations, stacked
from relucirc.interpretation.germs import points_in
from relucirc.language.domain import Domain
from relucirc.language.network import MLP
from relucirc.proof.prover import prove

POINTS = 300
SHARE, EACH, MOST = 0.15, 2.0, 6.0
"""Share of what is left for all proofs, most seconds for one, and most for all."""


class Signs:
    """Decides whether neurons are always, or never, active.

    Args:
        net: A network of rational weights.
        domain: Where.
        region: The polyhedron of its relations.
    """

    def __init__(self, net: MLP, domain: Domain, region: Region) -> None:
        self.domain, self.names = domain, net.inputs
        self._left = min(MOST, SHARE * seconds_left(MOST / SHARE))
        with np.errstate(all="ignore"):
            points = points_in(region.cell, np.random.default_rng(20220101), POINTS)
            layers = activations(stacked(net, single=True), points)
        self._seen: Sequence[np.ndarray] = [
            np.stack([values[0].min(axis=0), values[0].max(axis=0)], axis=-1) for values in layers
        ]

    def proved(self, layer: int, neuron: int, before: Callable[[], Graph]) -> bool | None:
        """Whether a neuron is always active (True) or never (False), by a proof; None where that is not known.

        Args:
            layer: Which layer, from 1.
            neuron: Which neuron of it, from 1.
            before: Makes the graph of what it takes the positive part of.
        """
        least, most = self._seen[layer - 1][neuron - 1]
        if self._left <= 0 or not (least >= 0 or most <= 0):
            return None
        try:
            with part_of_time(min(EACH, self._left)) as clock:
                result = prove(before(), f"y {'>=' if least >= 0 else '<='} 0", self.domain, budget=None)
                found = bool(least >= 0) if result.status == "proved" else None
        except OutOfBudget:
            found = None
        tick()
        self._left -= clock.elapsed
        return found
