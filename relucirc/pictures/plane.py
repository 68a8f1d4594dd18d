"""``draw_regions``: where a network is affine, on a plane, and which neurons bend at the borders."""

from collections.abc import Mapping, Sequence
from itertools import combinations, count
from typing import Any

import sympy

from relucirc.core.errors import NetworkError
from relucirc.language.domain import Domain, read_domain
from relucirc.language.network import MLP
from relucirc.measure.regions import Complex, regions
from relucirc.pictures.affine import map_text
from relucirc.pictures.chart import Chart, ChartDrawing, Key, require_span
from relucirc.pictures.distances import exact_number
from relucirc.pictures.graph import drawn_network
from relucirc.pictures.mosaic import borders_of, cell_of, colours_of, named
from relucirc.pictures.shapes import Line

MOST_REGIONS = 3000
"""Most regions that are drawn."""
PATIENCE = 30.0
"""Seconds in which they have to be found."""
LISTED = 14
"""Most maps in the legend."""
FAR = 20
"""One vertex of so many at each side is not looked at where a picture has to end somewhere."""


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
        NetworkError: Where that is no plane, there is no such output, or there are more than 3,000 regions, or more
            than are found in 30 seconds.
        DomainError: For an empty domain, or one of integer points.

    Example:
        >>> import relucirc
        >>> picture = draw_regions(relucirc.circuits.minimum(), "-1 <= x1 <= 1, -1 <= x2 <= 1")
        >>> sorted(shape.text for shape in picture.chart.marks if shape.kind == "map")
        ['x1', 'x2']
    """
    net = drawn_network(net, domain, output, 2)
    where = read_domain(domain, net.inputs)
    if slice:
        where &= read_domain(", ".join(f"{name} == {value}" for name, value in slice.items()), net.inputs)
    found, across = _bounded(net, where)
    said = title or f"the linear regions of a network of sizes {'-'.join(map(str, net.sizes))}"
    return ChartDrawing.of(_chart(net, found, across, output, said), theme)


def _bounded(net: MLP, where: Domain) -> tuple[Complex, tuple[int, int]]:
    """The regions, those without end cut by a box around the vertices; and the two inputs that are drawn."""
    found = _all_regions(net, where)
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
        found = _all_regions(net, where & read_domain(", ".join(box), net.inputs))
    return found, across


def _all_regions(net: MLP, where: Domain) -> Complex:
    """The regions, none left out."""
    found = regions(net, where, budget=PATIENCE)
    if not found.complete:
        raise NetworkError(f"expected regions that are all found in {PATIENCE:g} s, got {len(found):,}; take a part.")
    return found


def _across(found: Complex, net: MLP) -> tuple[int, int]:
    """The two inputs that are drawn: a region has the domain's dimension, so one says along which it lies."""
    region = found.activation_regions[0]
    moves = [[b - a for a, b in zip(region.interior, vertex, strict=True)] for vertex in region.vertices]
    moves += [list(move) for move in (*region.directions, *region.lines)]
    flat = sympy.Matrix(moves).rank() if moves else 0
    if flat != 2:
        raise NetworkError(
            f"expected a plane to draw regions on, got {flat} dimension{'s' * (flat != 1)}; "
            "say the values of the other inputs, as in slice={'x3': 0}."
        )
    pairs = combinations(range(len(net.inputs)), 2)
    return next((v, w) for v, w in pairs if sympy.Matrix([[move[v], move[w]] for move in moves]).rank() == 2)


def _chart(net: MLP, found: Complex, across: tuple[int, int], output: int, title: str) -> Chart:
    names = net.inputs
    texts = [map_text(m, output, names) for m in found.affine_maps]
    labels = [shown.whole or shown.text for shown in texts]  # two maps may differ in another output alone
    first = {label: k for k, label in reversed(list(enumerate(labels)))}
    number = [first[label] for label in labels]
    cells = [
        cell_of(region, across, number[int(found.map_numbers[k])]) for k, region in enumerate(found.activation_regions)
    ]
    xs, ys = zip(*(corner for cell in cells for corner in cell.corners), strict=True)
    window = min(xs), min(ys), max(xs), max(ys)
    require_span(window[0], window[2])
    ratio = (window[3] - window[1]) / (window[2] - window[0])
    frame = Chart("", "", "", window, (), equal=0.2 < ratio < 5)
    pairs = [(int(i), int(j)) for i, j in found.adjacency.array]
    colour = colours_of(cells, pairs)
    areas = [
        Line(cell.corners, fill=f"fill {colour[cell.map]}", hover=labels[cell.map], kind="region") for cell in cells
    ]
    borders, taken = borders_of(net, found, cells, pairs, frame)
    letters: dict[int, str] = {}
    fresh = (chr(ord("A") + k % 26) + ("" if k < 26 else str(k // 26)) for k in count())
    order = list(dict.fromkeys(cell.map for cell in cells))
    names_of = {m: named(m, cells, texts[m].text, labels[m], frame, taken, letters, fresh) for m in order}
    listed = order if len(order) <= LISTED else sorted(order, key=lambda m: m not in letters)[:LISTED]
    shown = [shape for m in order if m in listed or m not in letters for shape in names_of[m]]
    keys = [
        Key(f"fill {colour[m]}", (f"{letters[m]}:  " if m in letters else "") + texts[m].text, hover=labels[m])
        for m in listed
    ]
    if len(order) > LISTED:
        keys.append(Key("paper", f"... and {len(order) - LISTED:,} more maps"))
    keys += _elsewhere(found, across, names)
    about = f"{len(cells)} regions, {len(order)} affine maps"
    names_ = names[across[0]], names[across[1]]
    return Chart(title, *names_, window, (*areas, *borders, *shown), tuple(keys), equal=frame.equal, about=about)


def _elsewhere(found: Complex, across: tuple[int, int], names: Sequence[str]) -> list[Key]:
    """What the plane is: the inputs that have one value on all of it; an oblique plane is not described."""
    regions = found.activation_regions
    moves = [move for region in regions for move in (*region.directions, *region.lines)]
    said = []
    for v, name in enumerate(names):
        values = {vertex[v] for vertex in found.vertices} | {region.interior[v] for region in regions}
        if v not in across and len(values) == 1 and not any(move[v] for move in moves):
            said.append((name, exact_number(values.pop())))
    if not said:
        return []
    shown, whole = (", ".join(f"{name} = {getattr(s, k) or s.text}" for name, s in said) for k in ("text", "whole"))
    return [Key("paper", f"where {shown}", hover=whole)]
