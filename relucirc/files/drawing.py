"""Drawings of networks as SVG: neurons in columns, one line for every weight that is not zero.

A positive weight is a blue line, a negative one an orange and dashed line; where lines are many, those without a
label are 1 and -1.  With a point, every neuron shows its value there, and neurons that are off are grey.

A number that is shown is the value, exactly; where that is too long, it is the value correctly rounded to a few
significant digits, marked with ≈, and the exact value is shown on hover.  Plain text is written, with no drawing
package.
"""

import decimal
import os
from collections.abc import Sequence
from html import escape
from typing import Any

from flint import fmpq

from relucirc.core.errors import NetworkError, is_circuit, require_suffix, shorten
from relucirc.core.exact import text
from relucirc.core.writing import write_text
from relucirc.language.as_network import as_network
from relucirc.language.network import MLP

MAX_NEURONS = 400
CROWDED = 12
"""Number of lines between two layers from which on weights of 1 and -1 get no label."""
MAX_LABELS = 40
"""Most labels between two layers."""
IN_NODE, IN_LABEL = (7, 3), (14, 6)
"""How many characters there is room for, and to how many significant digits longer numbers are rounded."""
ABOUT = "\u2248"
COLUMN, ROW, RADIUS, MARGIN = 170, 62, 19, 46
MINUS = "\u2212"
INK, GREY, POSITIVE, NEGATIVE = "#2b2b2b", "#9a9a9a", "#1f5fa8", "#c2570c"


class Drawing(str):
    """SVG text that notebooks show as the picture it is."""

    def _repr_svg_(self) -> str:
        return str(self)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the SVG file.

        Args:
            path: A name that ends in ``.svg``.

        Raises:
            FileError: For another suffix, or when the file cannot be written.
        """
        require_suffix(path, "a drawing, which is SVG", ".svg")
        write_text(path, self)


def draw(net: Any, *, at: Sequence[Any] | None = None, title: str | None = None) -> Drawing:
    """Draws a network.

    Args:
        net: A network of at most 400 inputs and neurons, or a circuit of the catalogue; symbolic weights are
            written as they are.
        at: A point, one number for each input: every neuron shows its value there, exactly, or rounded and marked
            with ≈ where it is too long to be read.
        title: What the picture is called for those who cannot see it; its sizes by default.

    Returns:
        SVG text, which notebooks show as a picture; ``.save(path)`` writes it.

    Raises:
        NetworkError: When the network is too large to be read as a picture.

    Example:
        >>> import relucirc
        >>> picture = draw(relucirc.circuits.minimum(), at=(3, -5))
        >>> picture[:4], "2-3-1" in picture
        ('<svg', True)
        >>> "≈0.333<title>333333/1000000</title>" in draw(relucirc.circuits.identity(), at=("0.333333",))
        True
    """
    net = net() if is_circuit(net) else net
    net = as_network(net)
    if sum(net.sizes) > MAX_NEURONS:
        raise NetworkError(f"expected at most {MAX_NEURONS} inputs and neurons for a drawing, got {sum(net.sizes)}.")
    values = _values(net, at)
    height = 2 * MARGIN + ROW * (max(net.sizes) - 1)
    width = 2 * MARGIN + COLUMN * (len(net.sizes) - 1) + 24
    where = [
        [(MARGIN + COLUMN * k + 12, height / 2 + ROW * (i - (size - 1) / 2)) for i in range(size)]
        for k, size in enumerate(net.sizes)
    ]
    lines: list[str] = []
    labels: list[str] = []
    for k, layer in enumerate(net.exact().layers):
        _draw_weights(layer.weight.rows, where[k], where[k + 1], lines, labels)
    nodes = [
        _node(net, k, i, centre, None if values is None else values[k][i])
        for k, column in enumerate(where)
        for i, centre in enumerate(column)
    ]
    name = escape(title if title is not None else "a network of sizes " + "-".join(map(str, net.sizes)))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}" '
        f'role="img" font-family="Helvetica, Arial, sans-serif" font-size="12"><title>{name}</title>'
        f'<rect width="{width}" height="{height:g}" fill="white"/>'
    )
    return Drawing("\n".join([head, *lines, *labels, *nodes, "</svg>"]))


def _values(net: MLP, at: Sequence[Any] | None) -> list[list[fmpq]] | None:
    """The exact value of every input and neuron at a point, layer by layer."""
    if at is None:
        return None
    point = net.point(*at)
    return [list(point), *(after for _, after in net.trace(point))]


def _draw_weights(
    rows: Sequence[Sequence[tuple[int, Any]]],
    below: Sequence[tuple[float, float]],
    above: Sequence[tuple[float, float]],
    lines: list[str],
    labels: list[str],
) -> None:
    """One line for each weight; its label stands nearer to the neuron that reads it."""
    weights = [weight for row in rows for _, weight in row]
    plain = {"1", f"{MINUS}1"} if len(weights) >= CROWDED else set()
    labelled = sum(_entry(weight) not in plain for weight in weights) <= MAX_LABELS
    for i, row in enumerate(rows):
        for j, weight in row:
            (x1, y1), (x2, y2) = below[j], above[i]
            negative = _is_negative(weight)
            colour, dash = (NEGATIVE, ' stroke-dasharray="5 3"') if negative else (POSITIVE, "")
            lines.append(
                f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}" stroke-width="1.4"{dash}/>'
            )
            if labelled and _entry(weight) not in plain:
                share = 0.6 + 0.06 * (j % 4) if abs(y2 - y1) > 1 else 0.5
                x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
                labels.append(_text(x, y + 4, _written(weight, IN_LABEL), colour, halo=True))


def _node(net: MLP, k: int, i: int, centre: tuple[float, float], value: fmpq | None) -> str:
    """A circle: an input's name, a ReLU, or an output; with its bias below, or its value inside."""
    x, y = centre
    hidden = 0 < k < len(net.sizes) - 1
    off = hidden and value is not None and value == 0
    ink = GREY if off else INK
    parts = [
        f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS}" fill="{"#f2f2f2" if off else "#eef4fb" if hidden else "white"}" '
        f'stroke="{ink}" stroke-width="1.4"/>'
    ]
    name = net.inputs[i] if k == 0 else "relu" if hidden else "out"
    content = _cut(name, IN_NODE[0]) if value is None else _written(value, IN_NODE, minus="-")
    parts.append(_text(x, y + 4, content, ink, room=IN_NODE[0]))
    if k > 0:
        layer = net.exact().layers[k - 1]
        bias = layer.exact_bias()[i]
        if bias != 0:
            shown, exact = _written(bias, IN_LABEL)
            about, number = (ABOUT, shown[1:]) if shown.startswith(ABOUT) else ("", shown)
            sign = "" if number.startswith(MINUS) else "+"
            parts.append(_text(x, y + RADIUS + 13, (f"{about}{sign}{number}", exact), ink, halo=True))
    elif value is not None:
        parts.append(_text(x, y + RADIUS + 13, _cut(net.inputs[i], IN_LABEL[0]), ink, halo=True))
    return "".join(parts)


Shown = tuple[str, str | None]
"""What is shown, and what hovering over it shows where that is more."""


def _text(x: float, y: float, content: Shown, colour: str, *, halo: bool = False, room: int | None = None) -> str:
    """Writes a text; one longer than there is room for in smaller letters."""
    shown, whole = content
    behind = ' paint-order="stroke" stroke="white" stroke-width="8" stroke-linejoin="round"' if halo else ""
    small = "" if room is None or len(shown) <= room else f' font-size="{12 * room / len(shown):.3g}"'
    inside = escape(shown) + ("" if whole is None else f"<title>{escape(whole)}</title>")
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{colour}"{small}{behind}>{inside}</text>'


def _is_negative(weight: Any) -> bool:
    return weight < 0 if isinstance(weight, fmpq) else bool(weight.is_negative)


def _entry(weight: Any) -> str:
    """Writes a weight, with a minus that is wider than a dash of a dashed line."""
    return (text(weight) if isinstance(weight, fmpq) else str(weight)).replace("-", MINUS)


def _cut(name: str, room: int) -> Shown:
    short = shorten(name, room)
    return short, None if short == name else name


def _written(value: Any, space: tuple[int, int], minus: str = MINUS) -> Shown:
    """Writes a number, or a weight of a family: as it is, or rounded; an expression too long is left to hovering."""
    room, digits = space
    exact = text(value) if isinstance(value, fmpq) else str(value)
    if len(exact) <= room:
        return exact.replace("-", minus), None
    if not isinstance(value, fmpq):
        return "...", exact
    rounded, same = _rounded(value, digits)
    return ("" if same else ABOUT) + rounded.replace("-", minus), exact


def _rounded(value: fmpq, digits: int) -> tuple[str, bool]:
    """Rounds to so many significant digits, halves to even; and says whether that is the value itself."""
    context = decimal.Context(prec=digits, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[])
    result = context.divide(decimal.Decimal(int(value.p)), decimal.Decimal(int(value.q)))
    same = not context.flags[decimal.Inexact]
    return f"{result.normalize(context) if same else result:g}".replace("e+", "e"), same
