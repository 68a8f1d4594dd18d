"""Where the neurons of a network stand: rows from the inputs below to the outputs above, or columns from the left.

Everything is laid out by two coordinates, *across* a layer and *along* the network, and turned at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from relucirc.pictures.shapes import Bounds, Point

MARGIN = 22.0
NESTING = 9.0
"""From a circle to the box around it, and from a box to the next."""
CAPTION = 15.0
"""Room for the name of a box."""


@dataclass(frozen=True)
class Layout:
    """Places in a picture.

    Attributes:
        across: For every layer the places of its neurons, in the order of their numbers.
        bias: For every layer but the last the place of its bias node, or None.
        along: Where every layer stands.
        radius: Of the circles.
        extent: The size across.
        length: The size along.
        up: Whether the network goes up; to the right otherwise.
    """

    across: tuple[tuple[float, ...], ...]
    bias: tuple[float | None, ...]
    along: tuple[float, ...]
    radius: float
    extent: float
    length: float
    up: bool

    @property
    def size(self) -> Point:
        """Width and height."""
        return (self.extent, self.length) if self.up else (self.length, self.extent)

    def point(self, across: float, along: float) -> Point:
        """Turns a place into pixels."""
        return (across, self.length - along) if self.up else (along, across)

    def neuron(self, layer: int, i: int) -> Point:
        """The centre of a neuron."""
        return self.point(self.across[layer][i], self.along[layer])

    def one(self, layer: int) -> Point:
        """The centre of a layer's bias node."""
        place = self.bias[layer]
        assert place is not None
        return self.point(place, self.along[layer])

    def box(self, layer: int, members: Sequence[int], depth: int) -> Bounds:
        """A box around neurons of a layer that holds boxes nested so deep."""
        pad = self.radius + NESTING * (depth + 1)
        places = [self.across[layer][i] for i in members]
        (xa, ya), (xb, yb) = (
            self.point(min(places) - pad, self.along[layer] - pad),
            self.point(max(places) + pad, self.along[layer] + pad),
        )
        return min(xa, xb), min(ya, yb) - CAPTION * (depth + 1), max(xa, xb), max(ya, yb)


@dataclass(frozen=True)
class Sizes:
    """What a layout is made with, in pixels.

    Attributes:
        radius: Of the circles.
        step: From circle to circle across a layer.
        gap: From layer to layer.
        before: Room before the first layer.
        after: Room behind the last.
    """

    radius: float
    step: float
    gap: float
    before: float
    after: float


def laid_out(
    orders: Sequence[Sequence[int]],
    ones: Sequence[bool],
    walls: Sequence[Sequence[int]],
    sizes: Sizes,
    up: bool,
) -> Layout:
    """Lays a network out, every layer in the middle.

    Args:
        orders: For every layer its neurons in the order in which they are to stand.
        ones: Which layers have a bias node, which stands before the others.
        walls: For every layer, before each of its places, the walls of boxes to be left room for.
        sizes: Distances.
        up: Whether the network goes up.
    """
    rows: list[tuple[float | None, dict[int, float], float]] = []
    wall = NESTING if up else NESTING + CAPTION
    for order, one, before in zip(orders, ones, walls, strict=True):
        place, row = 0.0, {}
        bias = 0.0 if one else None
        for k, i in enumerate(order):
            place += (sizes.step if one or k else 0.0) + wall * before[k]
            row[i] = place
        rows.append((bias, row, place))
    sides = max(NESTING * 3 if any(map(any, walls)) else 0.0, 0.0)
    margin = MARGIN + sizes.radius + sides
    extent = max(end for *_, end in rows) + 2 * margin
    across, bias_places = [], []
    for bias, row, end in rows:
        shift = (extent - end) / 2
        across.append(tuple(row[i] + shift for i in range(len(row))))
        bias_places.append(None if bias is None else shift)
    along = tuple(sizes.before + sizes.gap * k for k in range(len(orders)))
    return Layout(tuple(across), tuple(bias_places), along, sizes.radius, extent, along[-1] + sizes.after, up)
