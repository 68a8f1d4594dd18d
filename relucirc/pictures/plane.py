"""``draw_regions``: where a network is affine, on a plane, and which neurons bend at the borders."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

import sympy

from relucirc.core.errors import DomainError, NetworkError
from relucirc.language.domain import Domain, read_domain
from relucirc.language.network import MLP
from relucirc.measure.regions import Complex, regions
from relucirc.pictures.affine import map_text
from relucirc.pictures.chart import Chart, ChartDrawing, Key
from relucirc.pictures.graph import check_output
from relucirc.pictures.palette import FILLS
from relucirc.pictures.shapes import Bounds, Line, Point, Shape, Text, overlap

MOST_REGIONS = 3000
"""Most regions that are drawn."""
LISTED = 14
"""Most maps in the legend."""
FAR = 20
"""One vertex of so many at each side is not looked at where a picture has to end somewhere."""
NAMED = 12
"""Most neurons whose kinks bear their names."""


def draw_regions(
    net: Any,
    domain: Any = None,
    *,
    slice: Mapping[str, Any] | None = None,  # noqa: A002  (what it is called everywhere)
    output: int = 1,
    title: str | None = None,
    theme: str = "auto",
) -> ChartDrawing:
    """Draws the linear regions of a network of two inputs, or of a plane through a larger one, exactly.

    Regions with one affine map have one colour, and bear its formula, or a letter that the legend explains.  Borders
    where the function bends are lines with the neurons that bend there; those where only the map of another output,
    or no map, changes are dotted.

    Args:
        net: A network.
        domain: Where, as for :func:`relucirc.prove`; by default what shows the vertices.
        slice: Values of the other inputs, such as ``{"x3": 0}``; the domain may say the same by equations.
        output: Which output, from 1.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Returns:
        The drawing; ``.plot(axes)`` paints it on matplotlib's axes.

    Raises:
        NetworkError: Where that is no plane, there is no such output, or there are more than 3,000 regions.
        DomainError: For an empty domain, or one of integer points.

    Example:
        >>> import relucirc
        >>> picture = draw_regions(relucirc.circuits.minimum(), "-1 <= x1 <= 1, -1 <= x2 <= 1")
        >>> sorted(shape.text for shape in picture.chart.marks if shape.kind == "map")
        ['x1', 'x2']
    """
    check_output(net, output, 2)
    where = read_domain(domain, net.inputs)
    if slice:
        where &= read_domain(", ".join(f"{name} == {value}" for name, value in slice.items()), net.inputs)
    found, across = _bounded(net, where)
    said = title or f"the linear regions of a network of sizes {'-'.join(map(str, net.sizes))}"
    return ChartDrawing.of(_chart(net, found, across, output, said), theme)


def _bounded(net: MLP, where: Domain) -> tuple[Complex, tuple[int, int]]:
    """The regions, those without end cut by a box around the vertices; and the two inputs that are drawn."""
    found = regions(net, where)
    if len(found) > MOST_REGIONS:
        raise NetworkError(f"expected at most {MOST_REGIONS:,} regions for a picture, got {len(found):,}; take a part.")
    across = _across(found, net)
    if any(region.directions or region.lines for region in found.activation_regions):
        box = []
        for v in across:
            values = sorted(vertex[v] for vertex in found.vertices) or [sympy.Integer(0)]
            trim = len(values) // FAR
            low, high = values[trim], values[-1 - trim]
            pad = max((high - low) / 3, sympy.Integer(1))
            box.append(f"{net.inputs[v]} >= {low - pad}, {net.inputs[v]} <= {high + pad}")
        found = regions(net, where & read_domain(", ".join(box), net.inputs))
    return found, across


def _across(found: Complex, net: MLP) -> tuple[int, int]:
    """The two inputs that vary."""
    points = [region.interior for region in found.activation_regions] + list(found.vertices)
    points += [
        tuple(a + b for a, b in zip(region.interior, move, strict=True))
        for region in found.activation_regions
        for move in (*region.directions, *region.lines)
    ]
    free = [v for v in range(len(net.inputs)) if len({point[v] for point in points}) > 1]
    flat = sympy.Matrix([[b - a for a, b in zip(points[0], point, strict=True)] for point in points[:50]]).rank()
    if flat != 2:
        raise NetworkError(
            f"expected a plane to draw regions on, got {flat} dimension{'s' * (flat != 1)}; "
            "say the values of the other inputs, as in slice={'x3': 0}."
        )
    for k, v in enumerate(free):
        for w in free[k + 1 :]:
            rows = [[point[v] - points[0][v], point[w] - points[0][w]] for point in points[:50]]
            if sympy.Matrix(rows).rank() == 2:
                return v, w
    raise DomainError("expected a plane that two of the inputs span.")


@dataclass(frozen=True)
class _Cell:
    """A region as it is drawn."""

    corners: tuple[Point, ...]
    exact: frozenset
    piece: int
    map: int


def _chart(net: MLP, found: Complex, across: tuple[int, int], output: int, title: str) -> Chart:
    names = net.inputs
    texts = [map_text(m, output, names) for m in found.affine_maps]
    labels = [shown.whole or shown.text for shown in texts]  # two maps may differ in another output alone
    first = {label: k for k, label in reversed(list(enumerate(labels)))}
    number = [first[label] for label in labels]
    cells = [
        _cell(region, across, number[int(found.map_numbers[k])]) for k, region in enumerate(found.activation_regions)
    ]
    xs, ys = zip(*(corner for cell in cells for corner in cell.corners), strict=True)
    window = min(xs), min(ys), max(xs), max(ys)
    ratio = (window[3] - window[1]) / (window[2] - window[0])
    frame = Chart("", "", "", window, (), equal=0.2 < ratio < 5)
    pairs = [(int(i), int(j)) for i, j in found.adjacency.array]
    colour = _colours(cells, pairs)
    areas = [
        Line(cell.corners, fill=f"fill {colour[cell.map]}", hover=labels[cell.map], kind="region") for cell in cells
    ]
    borders, taken = _borders(net, found, cells, pairs, frame)
    letters: dict[int, str] = {}
    shown: list[Shape] = []
    fresh = (chr(ord("A") + k % 26) + ("" if k < 26 else str(k // 26)) for k in count())
    for map_ in dict.fromkeys(cell.map for cell in cells):
        shown += _label(map_, cells, texts[map_].text, labels[map_], frame, taken, letters, fresh)
    order = list(dict.fromkeys(cell.map for cell in cells))
    keys = [
        Key(f"fill {colour[m]}", (f"{letters[m]}:  " if m in letters else "") + texts[m].text, hover=labels[m])
        for m in order[:LISTED]
    ]
    if len(order) > LISTED:
        keys.append(Key("paper", f"... and {len(order) - LISTED:,} more maps"))
    about = f"{len(cells)} regions, {len(order)} affine maps"
    names_ = names[across[0]], names[across[1]]
    return Chart(title, *names_, window, (*areas, *borders, *shown), tuple(keys), equal=frame.equal, about=about)


def _cell(region: Any, across: tuple[int, int], map_: int) -> _Cell:
    corners = [(float(v[across[0]]), float(v[across[1]])) for v in region.vertices]
    x0, y0 = float(region.interior[across[0]]), float(region.interior[across[1]])
    corners.sort(key=lambda corner: math.atan2(corner[1] - y0, corner[0] - x0))
    return _Cell(tuple(corners), frozenset(region.vertices), 0, map_)


def _colours(cells: Sequence[_Cell], pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
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


def _borders(
    net: MLP, found: Complex, cells: Sequence[_Cell], pairs: Sequence[tuple[int, int]], frame: Chart
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


def _label(
    map_: int,
    cells: Sequence[_Cell],
    text: str,
    exact: str,
    frame: Chart,
    taken: list[Bounds],
    letters: dict[int, str],
    fresh: Any,
) -> list[Shape]:
    """The formula of a map in the largest of its regions, or a letter where that is too small for it."""
    own = sorted((cell for cell in cells if cell.map == map_), key=lambda cell: -_area(cell.corners))
    for written in (text, None):
        for cell in own[:4]:
            shown = written or letters.get(map_) or "A"
            corners = [frame.pixel(corner) for corner in cell.corners]
            size = 11.5
            x, y = _middle(corners)
            for dy in (0, -16, 16, -32, 32):
                box = Text(x, y + dy, shown, size).bounds
                fits = all(
                    _holds(corners, p) for p in ((box[0], box[1]), (box[2], box[1]), (box[0], box[3]), (box[2], box[3]))
                )
                if fits and not any(overlap(box, other) for other in taken):
                    taken.append(box)
                    if written is None:
                        shown = letters.setdefault(map_, next(fresh))
                    at = _middle(cell.corners)
                    return [Text(*at, shown, size, dy=dy, hover=exact, kind="map")]
    return []


def _area(corners: Sequence[Point]) -> float:
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True)))


def _middle(corners: Sequence[Point]) -> Point:
    """The centre of mass of a polygon's area."""
    total = x = y = 0.0
    x0, y0 = corners[0]
    for (x1, y1), (x2, y2) in pairwise(corners[1:]):
        weight = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        total += weight
        x += weight * (x0 + x1 + x2) / 3
        y += weight * (y0 + y1 + y2) / 3
    return (x / total, y / total) if total else corners[0]


def _holds(corners: Sequence[Point], point: Point) -> bool:
    """Whether a convex polygon holds a point."""
    turns = [
        (x2 - x1) * (point[1] - y1) - (y2 - y1) * (point[0] - x1)
        for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True)
    ]
    return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)
