"""A walk of regions in pieces: the signs of the first neurons say where each begins.

A piece that may have many regions is not walked but given back as the two sides of its next cut, until it is a small
share of the tree; how it is cut depends on nothing else.  What was walked is packed as text, as journals need it.
"""

import base64
import io
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from relucirc.core.budget import tick
from relucirc.core.pieces import Outcome
from relucirc.measure.regions.batch import FACETS, Batch
from relucirc.measure.regions.exact_walk import Follower, Walker
from relucirc.measure.regions.tree import Start

SHARE = 1 / 64
"""The largest share of the tree, half of a cell on either side of a cut, that is walked in one piece."""
FIELDS = ("signs", "masks", "owners")


def walk_part(start: Start, signs: list[int], seconds: float | None) -> Outcome:
    """Walks the regions on which the first neurons have these signs, or says what the next cut makes of them."""
    inner = start.inner
    begin = Follower(inner.network, Walker.begin(inner.network, inner.cell)).to(tuple(signs))
    parts = [begin]
    if seconds is not None and begin.share > SHARE:
        while len(parts) == 1 and not parts[0].is_done(inner.network):
            tick()
            parts = parts[0].step(inner.network)
    if len(parts) > 1:
        return Outcome([], [list(part.signs) for part in reversed(parts)])
    found = []
    for batch in start.below(parts, FACETS):
        tick()
        if len(batch.signs):
            found.append([*(pack(getattr(batch, name)) for name in FIELDS), batch.replayed])
    return Outcome(found)


def batches_of(outcome: Outcome) -> Iterator[Batch]:
    """Unpacks what was walked."""
    for *arrays, replayed in outcome.found:
        signs, masks, owners = map(unpack, arrays)
        yield Batch(signs, masks, owners, replayed)


def pack(array: np.ndarray) -> str:
    """An array as text."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return base64.b64encode(zlib.compress(file.getvalue(), 1)).decode()


def unpack(text: Any) -> np.ndarray:
    """The array that was packed."""
    return np.load(io.BytesIO(zlib.decompress(base64.b64decode(text))), allow_pickle=False)
