"""What a network computes, as circuits on circuits: trapezoids that narrow upward, each with its formula.

Inputs stand below, outputs above.  A circuit reads what its formula names; it stands one step higher than the highest
of these, so the minimum of four is a trapezoid on two.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import sympy

from relucirc.core.errors import RelucircError
from relucirc.core.names import natural
from relucirc.core.printing import formula_text
from relucirc.interpretation.explanation import Explanation
from relucirc.interpretation.parts import Part
from relucirc.pictures.drawing import Drawing, expect
from relucirc.pictures.numbers import MINUS, name
from relucirc.pictures.shapes import Disc, Line, Point, Scene, Shape, Text, fitting, text_width

HEIGHT, GAP, SPACE, RADIUS = 46.0, 46.0, 26.0, 19.0
TRACK = 6.0
"""Room for a line that goes past circuits."""
SLOPE = 16.0
"""How much narrower a trapezoid is at its top, at each side."""
WIDE = 44
"""Longest formula, in characters, that is shown whole."""
MOST_CLOSED = 31
"""Most circuits of a picture in which they can be closed."""


def draw_circuits(
    explanation: Explanation, *, depth: int | None = None, title: str | None = None, theme: str = "auto"
) -> Drawing:
    """Draws the circuits inside of a network, and their formulas.

    Args:
        explanation: What :func:`relucirc.explain` said of the network.
        depth: How many circuits, one on the other, are opened, from the outputs down: of the last ones the whole
            formula is shown, over the inputs.  None for all.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Raises:
        RelucircError: For what is no explanation, or one without parts, as for a large network or within a tolerance;
            or when the depth is not at least 1.

    Example:
        >>> import relucirc
        >>> picture = draw_circuits(relucirc.explain(relucirc.circuits.minimum(4)))
        >>> [text for text in ("min(u1, u2)", "min(x1, x2)", "min(x3, x4)") if text in picture]
        ['min(u1, u2)', 'min(x1, x2)', 'min(x3, x4)']
        >>> "min(x1, x2, x3, x4)" in draw_circuits(relucirc.explain(relucirc.circuits.minimum(4)), depth=1)
        True
    """
    expect(explanation, Explanation, "an explanation, such as relucirc.explain(net),")
    if not explanation.parts:
        raise RelucircError("expected an explanation with circuits inside to draw, got one without parts.")
    if depth is not None and depth < 1:
        raise RelucircError(f"depth: expected at least 1, got {depth}.")
    said = title or "the circuits inside of a network"
    closed = range(1, min(depth or MOST_CLOSED, _levels(explanation.parts)))
    return CircuitsDrawing((*(_scene(explanation, k, said) for k in closed), _scene(explanation, depth, said)), theme)


class CircuitsDrawing(Drawing):
    """A drawing of circuits, which a notebook's reader opens and closes, without a script.

    Attributes:
        scenes: From one circuit for each output to the circuits that are drawn.
    """

    scenes: tuple[Scene, ...]

    def __new__(cls, scenes: tuple[Scene, ...], theme: str = "auto") -> Self:
        """Writes the last scene."""
        made = super().__new__(cls, scenes[-1], theme)
        made.scenes = scenes
        return made

    def __getnewargs__(self) -> tuple[tuple[Scene, ...], str]:  # type: ignore[override]
        return self.scenes, self.theme

    def _repr_html_(self) -> str:
        """The picture; above it those in which circuits are still closed, one of which is open at a time."""
        if len(self.scenes) == 1:
            return super()._repr_html_()
        group = f"relucirc-{zlib.crc32(self.encode()):x}"
        shown = []
        for k, scene in enumerate(self.scenes, 1):
            title = "closed" if k == 1 else "all open" if k == len(self.scenes) else f"{k} of {len(self.scenes)} open"
            state = " open" if k == len(self.scenes) else ""
            inside = Drawing(scene, self.theme)._repr_html_()
            shown.append(f'<details name="{group}"{state}><summary>{title}</summary>{inside}</details>')
        return "".join(shown)


def _scene(explanation: Explanation, depth: int | None, title: str) -> Scene:
    parts = explanation.parts if depth is None else [_opened(part, depth) for part in explanation.parts]
    inputs = sorted({name for part in parts for name in part.inputs}, key=natural)
    return circuits_scene(parts, inputs, title)


def _levels(parts: Sequence[Part]) -> int:
    """How many circuits stand one on the other; 1 where they are many, or several read one: these are not closed."""
    rows, count = [list(parts)], len(parts)
    while rows[-1] and count <= MOST_CLOSED:
        rows.append([below for part in rows[-1] for below in part.below])
        count += len(rows[-1])
    seen = [part.variable for row in rows for part in row]
    return len(rows) - 1 if not rows[-1] and len(set(seen)) == len(seen) else 1


def _opened(part: Part, depth: int) -> Part:
    """A part with so many of its own open; the last one has its formula written over the inputs."""
    if depth == 1:
        return replace(part, formula=_written_out(part), below=())
    return replace(part, below=tuple(_opened(below, depth - 1) for below in part.below))


def _written_out(part: Part) -> Any:
    """A part's formula over the inputs."""
    return part.formula.subs({sympy.Symbol(below.variable): _written_out(below) for below in part.below})


def circuits_scene(parts: Sequence[Part], inputs: Sequence[str], title: str) -> Scene:
    """Draws the trees of circuits of all outputs; one that several others read is drawn once."""
    found = _all(parts)
    tops = {part.variable for part in parts}
    level = dict.fromkeys(inputs, 0)
    for part in found.values():
        level[part.variable] = 1 + max((level[v] for v in _read(part, level)), default=0)
    read = _by_steps({v: _read(part, level) for v, part in found.items()}, level)
    width = {v: 2 * RADIUS if v in inputs else _width(found[v]) if v in found else TRACK for v in level}
    rows: dict[int, list[str]] = {}
    for variable in level:
        rows.setdefault(level[variable], []).append(variable)
    centre = _centres(rows, width, read)
    y = {v: -level[v] * (HEIGHT + GAP) for v in level}
    lines: list[Shape] = []
    blocks: list[Shape] = []
    for variable, part in found.items():
        for k, below in enumerate(sorted(read[variable], key=centre.__getitem__), 1):
            share = k / (len(read[variable]) + 1) - 0.5
            end = centre[variable] + share * (width[variable] - 2 * SLOPE), y[variable] + HEIGHT / 2
            lines.append(_wire(part.variable, below, end, read, centre, y, inputs))
        blocks += _trapezoid(part, centre[variable], y[variable], width[variable])
        if variable in tops:
            at = centre[variable], y[variable] - HEIGHT / 2 - 30 - RADIUS
            lines.append(Line(((at[0], y[variable] - HEIGHT / 2), (at[0], at[1] + RADIUS)), stroke="soft", width=1.6))
            blocks += _disc(at, variable, "output")
    for variable in inputs:
        blocks += _disc((centre[variable], y[variable]), variable, "input")
    about = "; ".join(f"{part.variable} = {formula_text(part.formula)}: {part.name}" for part in found.values())
    return fitting([*lines, *blocks], title, about)


def _all(parts: Iterable[Part]) -> dict[str, Part]:
    """All parts by their variables, each after those that it reads."""
    found: dict[str, Part] = {}
    for part in parts:
        found |= _all(part.below)
        found[part.variable] = part
    return found


def _read(part: Part, known: Iterable[str]) -> list[str]:
    """The variables and inputs in a part's formula."""
    names = {str(symbol) for symbol in part.formula.free_symbols}
    return [variable for variable in known if variable in names]


def _formula(part: Part) -> str:
    return formula_text(part.formula).replace("-", MINUS).replace("Min(", "min(").replace("Max(", "max(")


def _caption(part: Part) -> str:
    own = part.name.replace("-", MINUS)
    return own if part.variable.startswith("y") else f"{part.variable}: {own}"


def _width(part: Part) -> float:
    """Room for the formula and the name."""
    formula = min(text_width(text, 13, bold=True) for text in (_formula(part), "x" * WIDE))
    return max(formula + 14, text_width(name(_caption(part), WIDE).text, 10) + 8, 84.0) + 2 * SLOPE


def _centres(rows: dict[int, list[str]], width: dict[str, float], read: dict[str, list[str]]) -> dict[str, float]:
    """Where everything stands across: above the middle of what it reads, pushed apart where that is too close."""
    centre: dict[str, float] = {}
    for level in sorted(rows):
        row = rows[level]
        wish = {}
        for k, variable in enumerate(row):
            below = [centre[v] for v in read.get(variable, ()) if v in centre]
            wish[variable] = sum(below) / len(below) if below else k * (3 * RADIUS + SPACE)
        row = sorted(row, key=lambda v: (wish[v], rows[level].index(v)))
        place, shift = -float("inf"), 0.0
        spots = []
        for variable in row:
            half = width[variable] / 2
            place = max(wish[variable], place + half)
            spots.append(place)
            place += half + SPACE
        shift = sum(spot - wish[v] for spot, v in zip(spots, row, strict=True)) / len(row)
        centre |= {v: spot - shift for spot, v in zip(spots, row, strict=True)}
    return centre


def _by_steps(read: dict[str, list[str]], level: dict[str, int]) -> dict[str, list[str]]:
    """What everything reads one step below itself: between distant ones stand tracks, which ``level`` gets too.

    All that read a variable from further away share its track, which is called ``"u1 2"`` on step 2.
    """
    found: dict[str, list[str]] = {}
    for variable, names in read.items():
        found[variable] = []
        for below in names:
            last = below
            for step in range(level[below] + 1, level[variable]):
                track = f"{below} {step}"
                found[track], level[track] = [last], step
                last = track
            found[variable].append(last)
    return found


def _wire(
    reader: str,
    below: str,
    end: Point,
    read: dict[str, list[str]],
    centre: dict[str, float],
    y: dict[str, float],
    inputs: Sequence[str],
) -> Line:
    """A line from what is read, along its track, to the lower side of what reads it."""
    points = [end]
    while " " in below:
        points += [(centre[below], y[below] - HEIGHT / 2), (centre[below], y[below] + HEIGHT / 2)]
        (below,) = read[below]
    points.append((centre[below], y[below] - (RADIUS if below in inputs else HEIGHT / 2)))
    return Line(tuple(points[::-1]), stroke="soft", width=1.6, hover=f"{below} → {reader}", kind="wire")


def _trapezoid(part: Part, x: float, y: float, width: float) -> Iterator[Shape]:
    top, bottom, half = y - HEIGHT / 2, y + HEIGHT / 2, width / 2
    points: tuple[Point, ...] = (
        (x - half, bottom),
        (x + half, bottom),
        (x + half - SLOPE, top),
        (x - half + SLOPE, top),
    )
    said = f"{part.variable} = {formula_text(part.formula)}: {part.name}"
    if part.neurons:
        said += f"; neurons {', '.join(f'h{k}.{i}' for k, i in part.neurons)}"
    proof: Any = part.proof
    said += f"; {proof.status}" if proof is not None else ""
    yield Line(points, fill="hidden", stroke="hidden line", width=1.4, hover=said, kind="circuit", name=part.variable)
    shown = name(_formula(part), WIDE)
    yield Text(x, y - 7, shown.text, 13, bold=True, hover=shown.whole, kind="formula")
    caption = name(_caption(part), WIDE)
    yield Text(x, y + 12, caption.text, 10, fill="soft", hover=caption.whole, kind="caption")


def _disc(at: Point, text: str, role: str) -> Iterator[Shape]:
    yield Disc(*at, RADIUS, fill=role, stroke=f"{role} line", width=1.4, kind="neuron", name=text, hover=text)
    shown = name(text, 8)
    yield Text(*at, shown.text, min(11.5, 1.7 * RADIUS / text_width(shown.text, 1)), hover=shown.whole, kind="value")
