"""``draw_deviation``: how far a network is from a formula, where, and the point at which that is attained."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import sympy

from relucirc.core.errors import NetworkError, RelucircError
from relucirc.core.exact import approximate, rational
from relucirc.core.printing import decimal
from relucirc.evaluation import evaluate
from relucirc.language.domain import Domain, read_domain
from relucirc.language.lower.from_formula import read_expressions
from relucirc.language.network import MLP
from relucirc.measure.bounds import bounds
from relucirc.measure.deviation import Deviation, max_deviation
from relucirc.pictures.chart import Chart, ChartDrawing, Key, placed_text, require_span
from relucirc.pictures.graph import drawn_network
from relucirc.pictures.numbers import ABOUT, MINUS, Shown, number
from relucirc.pictures.palette import HEATS
from relucirc.pictures.shapes import Disc, Line, Rect, Shape, Text

CELLS = 56
"""Squares along a side of a map."""
STEPS = 400
"""Points of a curve."""


def draw_deviation(
    net: Any,
    formula: Any,
    domain: Any,
    *,
    deviation: Deviation | None = None,
    title: str | None = None,
    theme: str = "auto",
) -> ChartDrawing:
    """Draws ``|network - formula|`` on a bounded domain of one or two inputs, and the point that attains the largest.

    The colours, or the curve, are floating-point numbers at a grid of points; the largest distance and its point are
    those of :func:`relucirc.max_deviation`.

    Args:
        net: A network; of several outputs the largest distance of any is drawn.
        formula: The formula, as for :func:`relucirc.max_deviation`.
        domain: A bounded domain.
        deviation: The answer of :func:`relucirc.max_deviation`, where it is known; it is asked otherwise.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Returns:
        The drawing; ``.plot(axes)`` paints it on matplotlib's axes.

    Raises:
        NetworkError: For more than two inputs.
        RelucircError: Where the formula or the domain cannot be read, or the domain is not bounded.

    Example:
        >>> import relucirc
        >>> picture = draw_deviation(relucirc.circuits.absolute(), "x**2", "0 <= x <= 1")
        >>> [shape.text for shape in picture.chart.marks if shape.kind == "attained"]
        ['1/4 at x = 1/2']
    """
    net = drawn_network(net, domain, 1, 2)
    if len(net.inputs) > 2:
        raise NetworkError(f"a map of a deviation is of one or two inputs, got {len(net.inputs)}; take a part.")
    expressions = read_expressions(formula, net.inputs)
    if expressions is None:
        raise RelucircError("expected a formula to draw the deviation from: SymPy or text.")
    where = read_domain(domain, net.inputs)
    found = max_deviation(net, formula, domain) if deviation is None else deviation
    box = [_range(net, v, where) for v in range(len(net.inputs))]
    said = title or "how far a network is from a formula"
    if len(box) == 1:
        return ChartDrawing.of(_curve(net, expressions, box[0], found, said), theme)
    return ChartDrawing.of(_map(net, expressions, where, box, found, said), theme)


def _range(net: MLP, v: int, where: Domain) -> tuple[float, float]:
    """The least and the greatest value of an input on the domain."""
    row = [int(k == v) for k in range(len(net.inputs))]
    ends = bounds(MLP.from_arrays([([row], None)], net.inputs), where)
    values = [float(end) for end in (ends.lower, ends.upper)]
    if not np.isfinite(values).all():
        raise RelucircError(f"expected a bounded domain for a map, got one where {net.inputs[v]} has no end.")
    return values[0], values[1]


def _distances(net: MLP, expressions: Sequence[sympy.Expr], points: np.ndarray, found: Deviation) -> np.ndarray:
    """Floats of ``max |net - f|`` over the outputs, none above what was proved: what is equal shows no rounding."""
    symbols = [sympy.Symbol(name) for name in net.inputs]
    plain = [e.xreplace({s: sympy.Symbol(s.name) for s in e.free_symbols}) for e in expressions]
    values = np.asarray(evaluate(net.exact().astype(np.float64), points), dtype=np.float64)
    wanted = [
        np.broadcast_to(np.asarray(sympy.lambdify(symbols, e, "numpy")(*points.T), dtype=np.float64), len(points))
        for e in plain
    ]
    return np.minimum(np.abs(values - np.stack(wanted, axis=-1)).max(axis=-1), as_float(found.upper))


def _said(found: Deviation, names: Sequence[str]) -> Shown:
    """The largest distance and its point."""
    if found.witness is None:
        return Shown(found.reason)
    shown = [exact_number(value) for value in (found.lower, *(found.witness[name] for name in names))]
    text, whole = (_at(v[0], v[1:], names) for v in ([s.text for s in shown], [s.whole or s.text for s in shown]))
    return Shown(text, "" if text == whole else whole)


def _at(value: str, point: Sequence[str], names: Sequence[str]) -> str:
    return f"{value} at {names[0]} = {point[0]}" if len(names) == 1 else f"{value} at ({', '.join(point)})"


def _key(found: Deviation, names: Sequence[str]) -> Key:
    """What is known of the largest distance."""
    said = _said(found, names)
    if found.value is None:
        said = Shown(f"at least {said.text}, at most {exact_number(found.upper).text}", found.reason)
    return Key("mark", f"largest: {said.text}", hover=said.whole or found.reason)


def exact_number(value: sympy.Expr) -> Shown:
    """A rational, or a real algebraic number, in digits."""
    if isinstance(value, sympy.Rational):
        return number(value)
    if not value.is_finite:
        return Shown("infinite")
    return Shown(f"{ABOUT}{decimal(value, 3)}".replace("-", MINUS), str(value))


def _curve(
    net: MLP, expressions: Sequence[sympy.Expr], ends: tuple[float, float], found: Deviation, title: str
) -> Chart:
    """The distance over one input."""
    low, high = ends
    xs = np.linspace(low, high, STEPS + 1)
    values = _distances(net, expressions, xs[:, None], found)
    top = max(float(values.max()), as_float(found.lower)) or 1.0
    window = low, -0.06 * top, high, 1.25 * top
    frame = Chart("", "", "", window, ())
    line = tuple(zip(xs.tolist(), values.tolist(), strict=True))
    marks: list[Shape] = [Line(line, stroke="plus", width=2.0, kind="graph")]
    segments = [tuple(map(frame.pixel, pair)) for pair in pairwise(line)]
    marks += _attained(found, net.inputs, frame, segments)
    keys = (_key(found, net.inputs),)
    return Chart(title, net.inputs[0], "|network − formula|", window, tuple(marks), keys)


def _attained(found: Deviation, names: Sequence[str], frame: Chart, lines: Sequence[Any] = ()) -> list[Shape]:
    """The point that attains the largest distance, with its numbers."""
    if found.witness is None:
        return []
    point = [as_float(found.witness[name]) for name in names]
    at = (point[0], as_float(found.lower) if len(names) == 1 else point[1])
    shown = _said(found, names)
    whole = shown.whole or shown.text
    text = Text(*at, shown.text, 11.5, bold=True, halo="paper", fill="mark", hover=whole, kind="attained")
    x, y = frame.pixel(at)
    placed = placed_text(text, frame, [(x - 6, y - 6, x + 6, y + 6)], lines)
    return [Disc(*at, 5, fill="paper", stroke="mark", width=2.4, hover=whole, kind="witness"), *placed]


def as_float(value: Any) -> float:
    """The nearest float of an exact number, infinite where it is."""
    return approximate(rational(value)) if isinstance(value, sympy.Rational) else float(value)


def _map(net: MLP, expressions: Sequence[sympy.Expr], where: Domain, box: Any, found: Deviation, title: str) -> Chart:
    """The distance over two inputs, in steps of colour; neighbours in a row that are of one step are one rectangle."""
    (left, right), (bottom, top) = box
    if left == right or bottom == top:
        raise RelucircError("expected a domain with an inside for a map.")
    dx, dy = (right - left) / CELLS, (top - bottom) / CELLS
    xs, ys = left + dx * (np.arange(CELLS) + 0.5), bottom + dy * (np.arange(CELLS) + 0.5)
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    values = _distances(net, expressions, points, found)
    most = max(as_float(found.lower), float(values.max()), 1e-300)
    inside = np.ones(len(points), bool)
    for relation in where.relations:
        form = relation.form
        side = approximate(form.const) + sum(approximate(c) * points[:, v] for v, c in form.terms.items())
        inside &= np.abs(side) < 1e-9 if relation.op == "==" else side >= -1e-9
    level = np.where(inside, np.minimum((values / most * HEATS).astype(int), HEATS - 1), -1).reshape(CELLS, CELLS)
    marks: list[Shape] = []
    for i in range(CELLS):
        edges = [0, *(np.flatnonzero(np.diff(level[i])) + 1).tolist(), CELLS]
        for a, b in pairwise(edges):
            if level[i, a] >= 0:
                heat = f"heat {level[i, a]}"
                look = {"fill": heat, "stroke": heat, "width": 1.2}
                marks.append(Rect(left + dx * a, bottom + dy * i, dx * (b - a), dy, **look))  # type: ignore[arg-type]
    window = left, bottom, right, top
    require_span(left, right)
    ratio = (top - bottom) / (right - left)
    frame = Chart("", "", "", window, (), equal=0.2 < ratio < 5)
    marks += _attained(found, net.inputs, frame)
    ends = [number(sympy.Rational(k * most / HEATS).limit_denominator(10**12)).text for k in range(HEATS + 1)]
    keys = [
        Key(f"heat {k}", f"{ends[k].removeprefix(ABOUT)} to {ends[k + 1].removeprefix(ABOUT)}")
        for k in range(HEATS if found.upper else 0)
    ]
    keys.append(_key(found, net.inputs))
    x, y = net.inputs
    return Chart(title, x, y, window, tuple(marks), tuple(keys), equal=frame.equal)
