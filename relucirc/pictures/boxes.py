"""Boxes around the circuits of a layer: those that are nested or apart, and the order of neurons that makes them so."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from relucirc.interpretation.features import Feature
from relucirc.pictures.layout import CAPTION, Layout
from relucirc.pictures.shapes import Rect, Shape, Text, text_width


@dataclass(frozen=True)
class Group:
    """Neurons of one layer, from 0, that are a circuit; ``depth`` boxes are nested inside its own."""

    name: str
    hover: str
    layer: int
    neurons: tuple[int, ...]
    depth: int = 0


def groups_of(features: Iterable[Feature]) -> list[Group]:
    """The circuits of several neurons, from the smallest; one that has a part of another is left out."""
    found: list[Group] = []
    for feature in sorted((f for f in features if len(f.neurons) > 1), key=lambda f: len(f.neurons)):
        own = {i - 1 for i in feature.neurons}
        others = [g for g in found if g.layer == feature.layer]
        inside = [g for g in others if own > set(g.neurons)]
        if all(g in inside or not own & set(g.neurons) for g in others):
            depth = 1 + max((g.depth for g in inside), default=-1)
            found.append(Group(feature.name, str(feature), feature.layer, tuple(sorted(own)), depth))
    return found


def order_of(width: int, groups: Sequence[Group]) -> tuple[list[int], list[int]]:
    """The neurons of a layer, those of a box together; and how many walls stand before each of them."""
    levels = sorted(groups, key=lambda g: -len(g.neurons))
    keys = {i: tuple(min(g.neurons) for g in levels if i in g.neurons) for i in range(width)}
    order = sorted(range(width), key=lambda i: (*keys[i], i))
    homes = [{k for k, g in enumerate(levels) if i in g.neurons} for i in order]
    walls = [len(here ^ before) for before, here in zip([set(), *homes], homes, strict=False)]
    return order, [0, *walls[1:]] if walls else []


def drawn_boxes(layout: Layout, groups: Sequence[Group]) -> Iterator[Shape]:
    """Rectangles, the outer ones first, and then their names."""
    captions = []
    for group in sorted(groups, key=lambda g: -g.depth):
        left, top, right, bottom = layout.box(group.layer, group.neurons, group.depth)
        look: dict[str, Any] = {"fill": "box", "stroke": "box line", "hover": group.hover, "name": group.name}
        yield Rect(left, top, right - left, bottom - top, 9, kind="circuit", **look)
        room = right - left - 12
        shown = next((t for t in (group.name, group.name.removesuffix(" circuit")) if text_width(t, 9.5) <= room), "")
        if shown:
            look = {"fill": "box line", "halo": "box", "hover": group.hover, "kind": "caption"}
            captions.append(Text(left + 8, top + CAPTION / 2 + 2, shown, 9.5, "start", **look))
    yield from captions
