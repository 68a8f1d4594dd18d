"""Checks that a list of activation regions is all there are: the signs of the hidden neurons, in order.

The certificate says, besides how the domain is seen in coordinates where it has interior (as a case does), how many
``"regions"`` there are, which neurons are decided ``"first"``, and the ``"signs"``, in parts.  A part is a list: how
many regions, and two texts, in base64 the bits of all neurons one after the other: where the signs are positive, and
where they are zero, empty if nowhere.

Neurons are numbered with those that are decided first before all others.  Rows of signs stand in descending order, so
that they are the leaves of a tree: at depth k those below one node have the first k signs in common, which cut out a
polyhedron with interior.  Its vertices and directions are worked out, exactly, and say which signs neuron k has inside:
both, and it is cut; one, or none where the neuron vanishes.  The list is complete if and only if every node has just
the children that this says: in a row whose next row parts from it at depth m, no node deeper than m may lack a child
that comes later, and in the next row none may lack one that comes sooner.  So the list is checked in parts, each with
the row before and the row after, by whoever there is, and nothing but a part has to be in memory.

:mod:`relucirc.checker.roots` says where the tree begins.
"""

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np

from relucirc.checker.cells import CHART
from relucirc.checker.cones import LIMIT, Cones
from relucirc.checker.data import fields, require, sequence, walked
from relucirc.checker.roots import Walk, read_walk
from relucirc.checker.verdict import Verdict, replay
from relucirc.core.budget import tick
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve
from relucirc.language.network import MLP

FORMAT = "relucirc-regions-1"
AT_ONCE = 4096
ROOM = 1 << 21
"""So many regions are checked at once, or fewer, so that the forms of a layer have no more integers than this."""
MOST = 1 << 26
"""A part of the list has no more signs than this."""


def check_regions(net: Any, domain: Any, certificate: Any) -> Verdict:
    """Checks that the regions of a certificate are all activation regions of a network on a domain, each once."""

    def steps() -> None:
        data = fields(certificate, {"format", "regions", "first", "signs"}, CHART, "a certificate of regions")
        require(isinstance(net, MLP) and not net.symbols, "expected a network whose weights are numbers")
        require(type(data["regions"]) is int, "the number of regions is no number")
        walk = read_walk(net, domain, data)
        counted = [0]
        parts = _parts(walked(data["signs"], "signs"), walk.neurons, counted)
        solve(check_part, walk, parts, kept=False, each=lambda _: None)
        require(counted[0] == data["regions"], "it does not list as many regions as it says")

    found = certificate.get("regions") if type(certificate) is dict else None
    said = f"{found:,} activation regions, each once, and no others" if type(found) is int else ""
    return replay(steps, f"these are all: {said}")


def _parts(entries: Iterator[Any], neurons: int, counted: list[int]) -> Iterator[list]:
    """Every part with the row before it and the row after it; counts the regions."""
    before, part = None, next(entries, None)
    require(part is not None, "the list is empty")
    rows = _signs(part, neurons)
    while part is not None:
        counted[0] += len(rows)
        after, last = next(entries, None), rows[-1].tolist()
        rows = rows if after is None else _signs(after, neurons)
        yield [part, before, None if after is None else rows[0].tolist()]
        before, part = last, after


def _signs(part: Any, neurons: int) -> np.ndarray:
    """Reads a part of the list: a row of signs for every region."""
    count, *texts = sequence(part, "a part of the list")
    require(type(count) is int and len(texts) == 2, "a part of the list is malformed")
    require(0 < count <= MOST // max(neurons, 1), "a part of the list is empty, or too large")
    bits = []
    for text in texts:
        require(type(text) is str, "signs are no text")
        size = (count * neurons + 7) // 8
        packed = np.frombuffer(base64.b64decode(text, validate=True) or bytes(size), np.uint8)
        require(len(packed) == size, "a part of the list is cut off")
        bits.append(np.unpackbits(packed, count=count * neurons).reshape(neurons, count).T.astype(np.int8))
    positive, zero = bits
    require(not (positive & zero).any(), "a sign is both positive and zero")
    return np.where(zero, 0, 2 * positive - 1).astype(np.int8)


def check_part(walk: Walk, piece: list, _: float | None) -> Outcome:
    """Rejects a part of the list unless nothing is missing or too much between the rows before and after."""
    part, before, after = piece
    rows = _signs(part, walk.neurons)
    near = [rows, *(np.array([row], np.int8) for row in (after,) if row is not None)]
    _check_order(np.concatenate([np.array([before], np.int8), *near] if before is not None else near))
    widest = max(map(len, walk.layers), default=1)
    step = max(1, min(AT_ONCE, ROOM // (max(widest, 1) * walk.roots.rays.shape[1])))
    for i in range(0, len(rows), step):
        some = rows[i : i + step]
        _check_rows(
            walk,
            some,
            rows[i - 1] if i else None if before is None else np.array(before, np.int8),
            rows[i + step] if i + step < len(rows) else None if after is None else np.array(after, np.int8),
        )
    return Outcome(None)


def _check_order(rows: np.ndarray) -> None:
    """Rejects unless each row is before the next: the first signs that differ descend."""
    above, below = rows[:-1], rows[1:]
    differs = above != below
    at = (np.arange(len(above)), differs.argmax(axis=1)) if rows.shape[1] else ()
    require(len(above) == 0 or (rows.shape[1] > 0 and bool(differs.any(axis=1).all())), "a region is listed twice")
    require(len(above) == 0 or bool((above[at] > below[at]).all()), "the regions are not in order")


def _check_rows(walk: Walk, rows: np.ndarray, before: np.ndarray | None, after: np.ndarray | None) -> None:
    """Walks the tree of some rows, all nodes of a depth at once."""
    begins, cones, left, right = _roots(walk, rows, before, after)
    base, start = None, 0
    for depth, layer in enumerate(walk.layers):
        tick()
        base = _entered(layer, base, rows[begins[:-1], start - len(walk.layers[depth - 1]) : start] if depth else None)
        for j in range(len(layer)):
            k = start + j
            if k < len(walk.starts[0]):
                continue
            values = cones.values(base[:, j])
            positive, negative = cones.any_of(values > 0), cones.any_of(values < 0)
            column = rows[:, k]
            _check_children(column, begins, positive, negative, open_=(left, right))
            below = np.union1d(begins, np.flatnonzero(column[1:] != column[:-1]) + 1)
            chosen = np.searchsorted(begins, below[:-1], side="right") - 1
            cut = positive & negative
            if cut.any():
                cones = cones.parts(values, walk.bit + k, chosen, np.where(cut[chosen], column[below[:-1]], 0))
                base = base[chosen] if len(base) == len(begins) - 1 else base
            begins = below
            left = left and before is not None and bool(before[k] == column[0])
            right = right and after is not None and bool(after[k] == column[-1])
        start += len(layer)


def _check_children(
    column: np.ndarray, begins: np.ndarray, positive: np.ndarray, negative: np.ndarray, open_: tuple[bool, bool]
) -> None:
    """Rejects unless the nodes of a depth have just the children that the signs of a neuron inside them say.

    The first node may have more before these rows, and the last one more after them, where they are ``open_``.
    """
    high = np.where(positive, 1, np.where(negative, -1, 0))
    low = np.where(negative, -1, np.where(positive, 1, 0))
    first, last = column[begins[:-1]], column[begins[1:] - 1]
    none_wrong = all(((ends == high) | (ends == low)).all() for ends in (first, last))
    require(
        none_wrong and bool(((column == 0) == np.repeat(high == 0, np.diff(begins))).all()), "a region has no points"
    )
    require(bool((first == high)[1 if open_[0] else 0 :].all()), "a region is missing")
    require(bool((last == low)[: -1 if open_[1] else None].all()), "a region is missing")


def _roots(
    walk: Walk, rows: np.ndarray, before: np.ndarray | None, after: np.ndarray | None
) -> tuple[np.ndarray, Cones, bool, bool]:
    """Where the rows of each root begin, these roots, and whether the first has rows before, and the last after."""
    count = len(walk.starts[0])
    number = {start: i for i, start in enumerate(walk.starts)}
    heads = rows[:, :count]
    begins = np.concatenate([[0], np.flatnonzero((heads[1:] != heads[:-1]).any(axis=1)) + 1, [len(rows)]])
    names = [tuple(heads[i].tolist()) for i in begins[:-1]]
    ends = [None if row is None else tuple(row[:count].tolist()) for row in (before, after)]
    require(all(name in number for name in (*names, *ends) if name is not None), "a region has no points")
    places = [number[name] for name in names]
    first = -1 if ends[0] is None else number[ends[0]]
    last = len(number) if ends[1] is None else number[ends[1]]
    require(places == list(range(places[0], places[0] + len(places))), "a region is missing")
    require(places[0] - first <= 1 and last - places[-1] <= 1, "a region is missing")
    return begins, walk.roots.taken(np.array(places)), first == places[0], last == places[-1]


def _entered(layer: np.ndarray, below: np.ndarray | None, signs: np.ndarray | None) -> np.ndarray:
    """The rows of a layer as forms over the coordinates, for every node; those of the first layer for all at once."""
    if below is None or signs is None:
        return layer[None]
    active = (signs > 0)[:, :, None] * below
    weights, constants = layer[:, 1:], layer[:, 0]
    if active.dtype != object and weights.dtype != object:
        sizes = np.abs(weights).astype(float) @ np.abs(active).astype(float)
        if not sizes.max(initial=0) + np.abs(constants).max(initial=0) < LIMIT:
            active = active.astype(object)
    found = weights @ active if active.size else np.zeros((len(active), len(layer), below.shape[2]), active.dtype)
    found[:, :, 0] += constants
    return found
