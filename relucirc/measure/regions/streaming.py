"""Regions in pieces of bounded size, in the order of the tree: the positive side of every cut first.

A piece is the signs of the first neurons.  It is walked until there are too many regions below; then it is given back
as the parts that its next few cuts make, so that what a piece is depends on nothing but the network and the domain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.pieces import Outcome
from relucirc.core.rows import echelon
from relucirc.measure.regions.batch import SIGNS
from relucirc.measure.regions.exact_walk import Follower, Walker
from relucirc.measure.regions.integer_network import IntegerNetwork
from relucirc.measure.regions.maps import OutputMaps
from relucirc.measure.regions.sharing import pack
from relucirc.measure.regions.tree import Start
from relucirc.measure.regions.volumes import Volumes, volume_of

MOST = 1 << 15
"""Regions of one piece."""
PARTS = 16
"""So many parts, about, are made of a piece that has more."""


@dataclass(frozen=True)
class Stream:
    """What is walked.

    Attributes:
        start: Where, the neurons in their order there.
        most: The most regions of one piece.
        maps: Whether affine maps are told apart.
        volumes: Whether volumes are worked out.
    """

    start: Start
    most: int
    maps: bool
    volumes: bool


def walk_some(stream: Stream, signs: Sequence[int], _: float | None) -> Outcome:
    """Walks the regions on which the first neurons have these signs, or gives back parts if these are too many.

    Finds the signs in descending order, and the residues that tell the distinct maps, both packed, and the volumes.
    """
    start = stream.start
    inner = start.inner
    begin = Follower(inner.network, Walker.begin(inner.network, inner.cell)).to(tuple(signs))
    found, count = [], 0
    for batch in start.below([begin], SIGNS):
        tick()
        found.append(batch.signs)
        count += len(batch.signs)
        if count > stream.most:
            return Outcome(None, [list(part.signs) for part in _parts(begin, inner.network)])
    rows = np.concatenate([np.zeros((0, start.network.neurons), np.int8), *found])
    rows = rows[descending(rows)]
    residues = OutputMaps(start.network, rows).residues if stream.maps else np.zeros((0, 1), np.int32)
    volumes = Volumes.of(_volumes(start, rows)).to_json() if stream.volumes else None
    return Outcome([pack(rows), pack(residues), volumes])


def _volumes(start: Start, rows: np.ndarray) -> Iterator[fmpq | None]:
    """The volumes of regions; the walk follows their signs once more, in exact integers."""
    follower = Follower(start.network, Walker.begin(start.network, start.cell))
    for row in rows.tolist():
        yield volume_of(follower.to(tuple(row)).cell)


def _parts(begin: Walker, network: IntegerNetwork) -> list[Walker]:
    """What the next cuts make of a cell, in the order of the tree."""
    parts = [begin]
    while len(parts) < PARTS and not all(part.is_done(network) for part in parts):
        below = [part.step(network)[::-1] if not part.is_done(network) else [part] for part in parts]
        parts = [part for some in below for part in some]
    return parts


def descending(rows: np.ndarray) -> np.ndarray:
    """The order of rows of signs in which the first that differ descend."""
    if not rows.size:
        return np.arange(len(rows))
    bits = np.packbits(rows > 0, axis=1)  # where signs differ first they are opposite: 0 has no other beside it
    return np.lexsort(bits.T[::-1])[::-1]


def pointed(network: IntegerNetwork, cuts: Sequence[Sequence[int]]) -> tuple[IntegerNetwork, list[int]]:
    """Puts neurons of the first layer first that, with the domain's constraints, leave a cone no line but common ones.

    Returns:
        The network, its first layer in another order, and what comes first.
    """
    if not network.hidden:
        return network, []
    rows = [[fmpq(c) for c in row[1:]] for row in (*cuts, *network.hidden[0])]
    _, independent = echelon([list(column) for column in zip(*rows, strict=True)])
    first = [i - len(cuts) for i in independent if i >= len(cuts)]
    order = first + [i for i in range(len(network.hidden[0])) if i not in first]
    above = [*network.hidden[1:], network.output]
    above[0] = tuple((row[0], *(row[1 + i] for i in order)) for row in above[0])
    hidden = (tuple(network.hidden[0][i] for i in order), *above[:-1])
    return replace(network, hidden=hidden, output=above[-1]), first
