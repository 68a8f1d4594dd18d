"""Mirror images: which circuits of a target are one up to its symmetries."""

import itertools
from collections.abc import Sequence

from flint import fmpq

from relucirc.core.graph import Graph
from relucirc.interpretation.canonical import Canonical
from relucirc.interpretation.writing import network_text
from relucirc.proof.symmetries import Symmetries, Symmetry

MAX_INPUTS = 4
"""With more inputs no symmetry but the identity is looked for."""


def find_symmetries(graph: Graph, corners: Sequence[Sequence[fmpq]]) -> list[Symmetry]:
    """Finds the symmetries of a target on its domain, the identity first; every other one is proved.

    Args:
        graph: The target.
        corners: The vertices of the domain, which has to have the symmetry too.
    """
    n = len(graph.inputs)
    identity = Symmetry(tuple(range(n)), (1,) * n)
    if n > MAX_INPUTS:
        return [identity]
    signs = itertools.product((1, -1), repeat=n)
    moves = itertools.starmap(Symmetry, itertools.product(itertools.permutations(range(n)), signs, (1, -1)))
    domain = {tuple(corner) for corner in corners}
    proved = Symmetries(graph, budget=5.0)
    images = [move for move in moves if move != identity and {tuple(move.point(corner)) for corner in domain} == domain]
    return [identity, *(move for move in images if move in proved)]


def orbit_key(circuit: Canonical, symmetries: Sequence[Symmetry], names: Sequence[str]) -> str:
    """Returns text that is equal for circuits that are mirror images of each other."""
    images = (circuit.transformed(move.order, move.signs, move.factor) for move in symmetries)
    if len(circuit.layers) < 3:
        return min(image.key for image in images)
    return min(network_text(image.network(names)) for image in images)
