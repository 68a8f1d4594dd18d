"""The symmetries of a target: which circuits are mirror images of each other.

A symmetry permutes the inputs and changes signs, of inputs and of the value, so that the function stays
the same: ``factor * f(s_1 x_p(1), ..., s_n x_p(n)) = f(x)``.  Each one that is used has been proved.
Applied to a circuit of f it gives another circuit of f.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate
from relucirc.interpretation.canonical import Canonical
from relucirc.interpretation.target import evaluate_graph
from relucirc.interpretation.writing import network_text
from relucirc.proof.prover import prove

MAX_INPUTS = 4
"""With more inputs no symmetry but the identity is looked for."""


@dataclass(frozen=True)
class Symmetry:
    """``x`` becomes ``(signs[0] * x[order[0]], ...)``, and the value is multiplied by ``factor``."""

    order: tuple[int, ...]
    signs: tuple[int, ...]
    factor: int

    def points(self, points: np.ndarray) -> np.ndarray:
        """Moves points, one row each."""
        return points[:, self.order] * np.array(self.signs)

    def circuit(self, circuit: Canonical) -> Canonical:
        """Returns the mirror image of a circuit."""
        return circuit.transformed(self.order, self.signs, self.factor)


def find_symmetries(
    graph: Graph, corners: Sequence[Sequence[fmpq]], points: np.ndarray, values: np.ndarray
) -> list[Symmetry]:
    """Finds the symmetries of a target, the identity first; every other one is proved.

    Args:
        graph: The target.
        corners: The vertices of the domain, which has to have the symmetry too.
        points: Float points of the domain, one row each, that rule most candidates out.
        values: The target's values there.
    """
    n = len(graph.inputs)
    identity = Symmetry(tuple(range(n)), (1,) * n, 1)
    found = [identity]
    if graph.has_selects or n > MAX_INPUTS:
        return found
    known = {tuple(corner) for corner in corners}
    scale = np.abs(values).max() or 1.0
    for order in itertools.permutations(range(n)):
        for signs in itertools.product((1, -1), repeat=n):
            moved = np.stack(evaluate_graph(graph, list((points[:, order] * np.array(signs)).T), np), axis=-1)
            for factor in (1, -1):
                candidate = Symmetry(order, signs, factor)
                if candidate == identity or np.abs(factor * moved - values).max() > 1e-6 * scale:
                    continue
                same_domain = {tuple(s * c[p] for p, s in zip(order, signs, strict=True)) for c in known} == known
                if same_domain and prove(_moved(graph, candidate), graph, budget=5.0).status == "proved":
                    found.append(candidate)
    return found


def orbit_key(circuit: Canonical, symmetries: Sequence[Symmetry], names: Sequence[str]) -> str:
    """Returns text that is equal for circuits that are mirror images of each other."""
    images = (symmetry.circuit(circuit) for symmetry in symmetries)
    if len(circuit.sizes) < 2:
        return min(image.key for image in images)
    return min(network_text(image.network(names)) for image in images)


def _moved(graph: Graph, symmetry: Symmetry) -> Graph:
    """The graph of ``factor * f(signs * x[order])``."""
    n = len(graph.inputs)

    def value(v: int) -> Form | None:
        return Form({symmetry.order[v]: fmpq(symmetry.signs[v])}) if v < n else None

    gates = []
    for gate in graph.gates:
        assert isinstance(gate, MaxGate)
        gates.append(MaxGate(gate.left.substitute(value), gate.right.substitute(value)))
    outputs = tuple(form.substitute(value).scale(fmpq(symmetry.factor)) for form in graph.outputs)
    return Graph(graph.inputs, tuple(gates), outputs)
