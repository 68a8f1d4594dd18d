"""Regions as coloured polygons: a colour for every map, borders with the neurons that bend there, and formulas."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relucirc.language.network import MLP
from relucirc.measure.regions import Complex
from relucirc.pictures.chart import Chart
from relucirc.pictures.palette import FILLS
from relucirc.pictures.polygon import area, holds, middle
from relucirc.pictures.shapes import Bounds, Line, Point, Shape, Text, overlap

NAMED = 12
"""Most neurons whose kinks bear their names."""


@dataclass(frozen=True)
class Cell:
    """A region as it is drawn.

    Attributes:
        corners: In order, as floats.
        exact: The same, exact.
        map: The number of its affine map.
    """

    corners: tuple[Point, ...]
    exact: frozenset
    map: int


def cell_of(region: Any, across: tuple[int, int], map_: int) -> Cell:
    """A region by its corners, in order, on the plane of two inputs."""
    corners = [(float(v[across[0]]), float(v[across[1]])) for v in region.vertices]
    x0, y0 = float(region.interior[across[0]]), float(region.interior[across[1]])
    corners.sort(key=lambda corner: math.atan2(corner[1] - y0, corner[0] - x0))
    return Cell(tuple(corners), frozenset(region.vertices), map_)


def colours_of(cells: Sequence[Cell], pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """A colour for every map, another one for maps that meet, as far as there are enough."""
    meet: dict[int, set[int]] = {cell.map: set() for cell in cells}
    for i, j in pairs:
        if cells[i].map != cells[j].map:
            meet[cells[i].map].add(cells[j].map)
            meet[cells[j].map].add(cells[i].map)
    found: dict[int, int] = {}
    for map_, others in meet.items():
        near = {found[other] for other in others if other in found}
        used = [sum(c == k for c in found.values()) for k in range(FILLS)]
        found[map_] = min(range(FILLS), key=lambda k: (k in near, used[k], k))
    return found


def borders_of(
    net: MLP, found: Complex, cells: Sequence[Cell], pairs: Sequence[tuple[int, int]], frame: Chart
) -> tuple[list[Shape], list[Bounds]]:
    """Borders, with the names of the neurons that bend there at the longest of each."""
    place = [f"h{k}.{i + 1}" for k, size in enumerate(net.sizes[1:-1], 1) for i in range(size)]
    lines: list[Shape] = []
    longest: dict[str, tuple[float, Point, Point]] = {}
    for i, j in pairs:
        shared = sorted(cells[i].exact & cells[j].exact)
        if len(shared) < 2:
            continue
        corners = [c for c in cells[i].corners if c in set(cells[j].corners)]
        if len(corners) != 2:
            continue
        start, end = corners
        changed = (found.signs[i] != found.signs[j]).nonzero()[0].tolist()
        neurons = [place[k] for k in changed]
        bends = cells[i].map != cells[j].map
        look = {"stroke": "ink" if bends else "soft", "width": 1.7 if bends else 0.8, "dash": not bends}
        hover = f"{', '.join(neurons)} = 0"
        lines.append(Line((start, end), hover=hover, kind="kink" if bends else "border", **look))  # type: ignore[arg-type]
        (x1, y1), (x2, y2) = frame.pixel(start), frame.pixel(end)
        length = math.hypot(x2 - x1, y2 - y1)
        if bends and len(neurons) == 1 and length > longest.get(neurons[0], (34.0, start, end))[0]:
            longest[neurons[0]] = length, start, end
    taken: list[Bounds] = []
    if len(longest) <= NAMED:
        for neuron, (_, start, end) in sorted(longest.items()):
            for share in (0.5, 0.35, 0.65, 0.25, 0.75):
                at = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
                text = Text(*at, neuron, 9.5, halo="paper", fill="soft", hover=f"{neuron} = 0", kind="name")
                x, y = frame.pixel(at)
                box = Text(x, y, neuron, 9.5).bounds
                if not any(overlap(box, other) for other in taken) and _within(box, frame):
                    taken.append(box)
                    lines.append(text)
                    break
    return lines, taken


def _within(box: Bounds, frame: Chart) -> bool:
    width, height = frame.size
    return box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height


def named(
    map_: int,
    cells: Sequence[Cell],
    text: str,
    exact: str,
    frame: Chart,
    taken: list[Bounds],
    letters: dict[int, str],
    fresh: Any,
) -> list[Shape]:
    """The formula of a map in the largest of its regions, or a letter where that is too small for it."""
    own = sorted((cell for cell in cells if cell.map == map_), key=lambda cell: -area(cell.corners))
    for written in (text, None):
        for cell in own[:4]:
            shown = written or letters.get(map_) or "A"
            corners = [frame.pixel(corner) for corner in cell.corners]
            size = 11.5
            x, y = middle(corners)
            for dy in (0, -16, 16, -32, 32):
                box = Text(x, y + dy, shown, size).bounds
                fits = all(
                    holds(corners, p) for p in ((box[0], box[1]), (box[2], box[1]), (box[0], box[3]), (box[2], box[3]))
                )
                if fits and not any(overlap(box, other) for other in taken):
                    taken.append(box)
                    if written is None:
                        shown = letters.setdefault(map_, next(fresh))
                    at = middle(cell.corners)
                    return [Text(*at, shown, size, dy=dy, hover=exact, kind="map")]
    return []
