"""``draw_snapped``: a network before and after snapping, side by side."""

from collections.abc import Sequence
from typing import Any

from relucirc.interpretation.snap import Snapped
from relucirc.pictures.distances import exact_number
from relucirc.pictures.drawing import Drawing, expect
from relucirc.pictures.network import draw
from relucirc.pictures.shapes import Line, Shape, Text, fitting, moved

GAP = 70.0


def draw_snapped(
    net: Any,
    snapped: Snapped,
    *,
    at: Sequence[Any] | None = None,
    title: str | None = None,
    theme: str = "auto",
) -> Drawing:
    """Draws a network, what :func:`relucirc.snap` made of it, and how far the function moved.

    Args:
        net: The network that was snapped.
        snapped: The answer.
        at: A point, as for :func:`relucirc.draw`.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Raises:
        RelucircError: For what :func:`relucirc.snap` did not give.

    Example:
        >>> import relucirc
        >>> net = relucirc.circuits.trained()["minimum"].network
        >>> picture = draw_snapped(net, relucirc.snap(net, "Min(x1, x2)"))
        >>> "before" in picture, "after" in picture
        (True, True)
    """
    expect(snapped, Snapped, "what snapping gave, such as relucirc.snap(net, formula),")
    before, after = draw(net, at=at).scene, draw(snapped.network, at=at).scene
    height = max(before.height, after.height)
    shapes: list[Shape] = [moved(shape, 0, (height - before.height) / 2) for shape in before.shapes]
    left = before.width + GAP
    shapes += [moved(shape, left, (height - after.height) / 2) for shape in after.shapes]
    y, x = height / 2, before.width + 6
    shapes += [
        Line(((x, y), (x + GAP - 14, y)), stroke="ink", width=2.0, kind="arrow"),
        Line(((x + GAP - 22, y - 6), (x + GAP - 12, y), (x + GAP - 22, y + 6)), fill="ink", kind="arrow"),
        Text(before.width / 2, -12, "before", 12, bold=True, kind="head"),
        Text(left + after.width / 2, -12, "after", 12, bold=True, kind="head"),
    ]
    how = "moved" if snapped.exact else "moved at most"
    said = f"{how} {exact_number(snapped.moved).text} on {snapped.domain}" if snapped.domain else snapped.reason
    if snapped.result is not None:
        said += f"; {snapped.result.status}"
    shapes.append(
        Text((left + after.width) / 2, height + 14, said, 11, fill="soft", hover=snapped.reason, kind="moved")
    )
    return Drawing(fitting(shapes, title or "a network before and after snapping", snapped.reason), theme)
