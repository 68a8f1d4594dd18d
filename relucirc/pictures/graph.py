"""``draw_graph``: a network of one input as the graph of its function, with its kinks and pieces named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.errors import NetworkError
from relucirc.core.exact import approximate, rational
from relucirc.language.as_network import as_network
from relucirc.language.lower.from_formula import read_expressions
from relucirc.language.network import MLP
from relucirc.measure.regions import regions
from relucirc.pictures.affine import affine_text
from relucirc.pictures.chart import Chart, ChartDrawing, Key, placed_text
from relucirc.pictures.numbers import Shown, number
from relucirc.pictures.shapes import Bounds, Disc, Line, Shape, Text

MOST_PIECES = 4000
"""Most pieces that are drawn."""
FINEST = 1e-6
"""Least size of a window, relative to the numbers in it, so that floats tell its ends apart."""
NAMED = 12
"""Most pieces and kinks that are named in the picture and the legend."""
SAMPLES = 240
"""Points at which a formula is evaluated."""


@dataclass(frozen=True)
class _Piece:
    """A piece: its ends, and slope and constant."""

    low: fmpq
    high: fmpq
    slope: fmpq
    constant: fmpq

    def at(self, x: fmpq) -> fmpq:
        return self.slope * x + self.constant


def draw_graph(
    net: Any,
    domain: Any = None,
    *,
    formula: Any = None,
    output: int = 1,
    title: str | None = None,
    theme: str = "auto",
) -> ChartDrawing:
    """Draws the graph of a network of one input, its kinks and pieces exact.

    Args:
        net: A network of one input.
        domain: An interval; by default what shows all kinks, and something of both ends.
        formula: A formula that is drawn besides, dashed.
        output: Which output, from 1.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Returns:
        The drawing; ``.plot(axes)`` paints it on matplotlib's axes.

    Raises:
        NetworkError: For more than one input, an output that there is not, or more than 4,000 pieces.

    Example:
        >>> import relucirc
        >>> picture = draw_graph(relucirc.circuits.hat(), "-2 <= x <= 2")
        >>> "(0, 1)" in picture, "1 − x" in picture or "−x + 1" in picture
        (True, True)
    """
    net = drawn_network(net, domain, output, 1)
    pieces = _pieces(net, domain, output - 1)
    if len(pieces) > MOST_PIECES:
        raise NetworkError(f"expected at most {MOST_PIECES:,} pieces for a graph, got {len(pieces):,}; take a part.")
    low, high = pieces[0].low, pieces[-1].high
    variable = net.inputs[0]
    corners = [(piece.low, piece.at(piece.low)) for piece in pieces] + [(high, pieces[-1].at(high))]
    marks: list[Shape] = [Line(tuple(map(_floats, corners)), stroke="plus", width=2.2, kind="graph")]
    heights = [float(y) for _, y in map(_floats, corners)]
    keys: list[Key] = []
    if formula is not None:
        expressions = read_expressions(formula, net.inputs) or ()
        expression = expressions[output - 1]
        curve = tuple(_sampled(expression, variable, low, high))
        heights += [y for _, y in curve]
        marks.append(Line(curve, stroke="minus", width=1.8, dash=True, kind="formula"))
        keys += [Key("plus", "the network", line=True), Key("minus", f"{expression}", line=True, dash=True)]
    window = _window(low, high, heights)
    frame = Chart("", "", "", window, ())
    kinks = corners[1:-1]
    if len(pieces) <= NAMED:
        keys += [_key(piece, variable, k, len(pieces)) for k, piece in enumerate(pieces)]
        marks += _names(net, pieces, kinks, frame)
    else:
        marks += [
            Disc(*_floats(kink), 2.2, fill="ink", hover=_point(kink).whole or _point(kink).text) for kink in kinks
        ]
        keys.append(Key("plus", f"{len(pieces):,} pieces, {len(kinks):,} kinks", line=True))
    said = title or f"the graph of a network of sizes {'-'.join(map(str, net.sizes))}"
    y = "y" if net.sizes[-1] == 1 else f"y{output}"
    return ChartDrawing.of(Chart(said, variable, y, window, tuple(marks), tuple(keys)), theme)


def drawn_network(net: Any, domain: Any, output: int, inputs: int) -> MLP:
    """Reads the network of a graph over one input, or a plane of two.

    Raises:
        NetworkError: For what is no network, has too many inputs, or has no such output.
    """
    net = as_network(net, domain)
    if inputs == 1 and len(net.inputs) != 1:
        raise NetworkError(f"a graph is of a network of one input, got {len(net.inputs)}; see draw_regions for two.")
    if not 1 <= output <= net.sizes[-1]:
        raise NetworkError(f"output: expected a number from 1 to {net.sizes[-1]}, got {output}.")
    return net


def _pieces(net: MLP, domain: Any, output: int) -> list[_Piece]:
    """The affine pieces from left to right, the outer ones cut where they have no end."""
    found = regions(net, domain)
    maps = list(found.affine_maps)
    spans: list[tuple[list[fmpq], int, sympy.Rational]] = []
    for k, region in enumerate(found.activation_regions):
        spans.append((sorted(rational(v) for (v,) in region.vertices), int(found.map_numbers[k]), region.interior[0]))
    spans.sort(key=lambda span: span[2])
    ends = sorted({v for vertices, *_ in spans for v in vertices})
    pad = max((ends[-1] - ends[0]) / 4, fmpq(1)) if ends else fmpq(1)
    first, last = (ends[0] - pad, ends[-1] + pad) if ends else (-pad, pad)
    pieces: list[_Piece] = []
    for k, (vertices, number_, inner) in enumerate(spans):
        middle = rational(inner)
        low = next((v for v in vertices if v < middle), first)
        high = next((v for v in vertices if v > middle), last)
        low = low if k or len(vertices) == 2 else min(low, middle)
        line = maps[number_]
        slope, constant = rational(line.weight[output][0]), rational(line.bias[output])
        if pieces and (pieces[-1].slope, pieces[-1].constant) == (slope, constant):
            pieces[-1] = _Piece(pieces[-1].low, high, slope, constant)
        else:
            pieces.append(_Piece(low, high, slope, constant))
    return pieces


def _names(net: MLP, pieces: Sequence[_Piece], kinks: Sequence[tuple[fmpq, fmpq]], frame: Chart) -> list[Shape]:
    """Kinks with their coordinates and neurons, pieces with their formulas, where there is room for them."""
    found: list[Shape] = []
    taken: list[Bounds] = []
    variable = net.inputs[0]
    lines = [tuple(frame.pixel(_floats((x, piece.at(x)))) for x in (piece.low, piece.high)) for piece in pieces]
    for kink in kinks:
        shown = _point(kink)
        neurons = bending(net, [kink[0]])
        said = f"{shown.whole or shown.text}: kink of {', '.join(neurons)}" if neurons else shown.whole
        found.append(Disc(*_floats(kink), 3.6, fill="ink", hover=said, kind="kink"))
        x, y = frame.pixel(_floats(kink))
        taken.append((x - 5, y - 5, x + 5, y + 5))
        text = f"{shown.text} {', '.join(neurons)}" if len(neurons) == 1 else shown.text
        found += placed_text(
            Text(*_floats(kink), text, 10.5, halo="paper", hover=said, kind="kink"), frame, taken, lines
        )
    for piece in pieces:
        middle = (piece.low + piece.high) / 2
        shown = affine_text([piece.slope], piece.constant, [variable])
        at = _floats((middle, piece.at(middle)))
        look: dict[str, Any] = {"halo": "paper", "hover": shown.whole, "kind": "piece"}
        found += placed_text(Text(*at, shown.text, 11, fill="plus", **look), frame, taken, lines)
    return found


def bending(net: MLP, point: Sequence[fmpq]) -> list[str]:
    """The hidden neurons that are exactly at their kink at a point."""
    trace = net.trace(point)[:-1]
    return [f"h{k}.{i}" for k, (before, _) in enumerate(trace, 1) for i, value in enumerate(before, 1) if value == 0]


def _key(piece: _Piece, variable: str, k: int, count: int) -> Key:
    low, high = number(piece.low).text, number(piece.high).text
    shown = affine_text([piece.slope], piece.constant, [variable])
    if count == 1:
        where = "everywhere"
    elif k == 0:
        where = f"{variable} ≤ {high}"
    else:
        where = f"{low} ≤ {variable}" if k == count - 1 else f"{low} ≤ {variable} ≤ {high}"
    return Key("plus", f"{where}:  {shown.text}", line=True, hover=shown.whole)


def _point(kink: tuple[fmpq, fmpq]) -> Shown:
    shown = [number(c) for c in kink]
    exact = [s.whole or s.text for s in shown]
    text = f"({shown[0].text}, {shown[1].text})"
    return Shown(text, f"({exact[0]}, {exact[1]})" if any(s.whole for s in shown) else "")


def _floats(point: tuple[fmpq, fmpq]) -> tuple[float, float]:
    return approximate(point[0]), approximate(point[1])


def _window(low: fmpq, high: fmpq, heights: Sequence[float]) -> tuple[float, float, float, float]:
    bottom, top = min(heights), max(heights)
    pad = max(0.12 * (top - bottom), FINEST * max(abs(top), abs(bottom))) or 1.0
    left, right = approximate(low), approximate(high)
    beside = FINEST * max(abs(left), abs(right)) if right - left < FINEST * abs(right) else 0.0
    return left - beside, bottom - pad, right + beside, top + pad


def _sampled(expression: sympy.Expr, variable: str, low: fmpq, high: fmpq) -> list[tuple[float, float]]:
    """A formula at many points, exactly, and then rounded."""
    curve = []
    for k in range(SAMPLES + 1):
        x = low + (high - low) * fmpq(k, SAMPLES)
        value = expression.subs(sympy.Symbol(variable), sympy.Rational(int(x.p), int(x.q)))
        curve.append((approximate(x), float(value)))
    return curve
