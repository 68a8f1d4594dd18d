r"""Scenes as TikZ, for ``\input`` in a paper: ``\usepackage{tikz}`` is all that it needs."""

import re

from relucirc.pictures.palette import colours
from relucirc.pictures.shapes import Disc, Line, Rect, Scene, Shape, Text

POINT = 0.75
"""Points per pixel."""
SPECIAL = {
    "\\": r"\textbackslash{}",
    "−": "$-$",
    "≈": r"$\approx$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "·": r"$\cdot$",
    "…": r"\dots{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "{}$&#_%"},
}
ANCHOR = {"start": "west", "middle": "center", "end": "east"}


def tikz_text(scene: Scene, theme: str = "light") -> str:
    """Writes a scene as a ``tikzpicture``."""
    chosen = colours(theme)
    roles = {
        role for shape in scene.shapes for role in (shape.fill, shape.stroke, getattr(shape, "halo", None)) if role
    }
    paper = ["paper"] if theme == "dark" else []
    lines = [
        f"% {_comment(scene.title)}",
        r"% \usepackage{tikz} in the preamble, then \input this file.",
        r"\begingroup",
    ]
    lines += [rf"\definecolor{{{_name(r)}}}{{HTML}}{{{chosen[r][1:].upper()}}}" for r in sorted({*roles, *paper})]
    lines.append(rf"\begin{{tikzpicture}}[x={POINT}pt,y=-{POINT}pt,line join=round]")
    if paper:
        lines.append(rf"\fill[{_name('paper')}] (0,0) rectangle ({scene.width:.5g},{scene.height:.5g});")
    lines += [_written(shape) for shape in scene.shapes]
    return "\n".join([*lines, r"\end{tikzpicture}", r"\endgroup", ""])


def _comment(text: str) -> str:
    return " ".join(text.split())


def _name(role: str) -> str:
    return "relucirc-" + role.replace(" ", "-")


def escaped(text: str) -> str:
    r"""Writes text for LaTeX.

    Example:
        >>> escaped("x_1 ≤ 50%")
        'x\\_1 $\\le$ 50\\%'
    """
    return re.sub("[" + re.escape("".join(SPECIAL)) + "]", lambda found: SPECIAL[found[0]], text)


def _written(shape: Shape) -> str:
    if isinstance(shape, Text):
        size = shape.size * POINT
        font = rf"\fontsize{{{size:.3g}}}{{{1.2 * size:.3g}}}\selectfont" + (r"\bfseries" if shape.bold else "")
        halo = f",fill={_name(shape.halo)},fill opacity=0.85,text opacity=1" if shape.halo else ""
        options = (
            f"anchor={ANCHOR[shape.anchor]},inner sep=0.6pt,text={_name(shape.fill or 'ink')},font={{{font}}}{halo}"
        )
        place = f"({shape.x + shape.dx:.5g},{shape.y + shape.dy:.5g})"
        return rf"\node[{options}] at {place} {{{escaped(shape.text)}}};"
    options = [f"fill={_name(shape.fill)}"] if shape.fill else []
    if shape.stroke:
        options += [f"draw={_name(shape.stroke)}", f"line width={shape.width * POINT:.3g}pt"]
        options += ["dash pattern=on 3.5pt off 2pt"] if shape.dash else []
    options += [f"opacity={shape.opacity:g}"] if shape.opacity < 1 else []
    how = rf"\path[{','.join(options)}]"
    if isinstance(shape, Disc):
        return f"{how} ({shape.x:.5g},{shape.y:.5g}) circle[radius={shape.r * POINT:.4g}pt];"
    if isinstance(shape, Rect):
        corner = f"{{[rounded corners={shape.round * POINT:.3g}pt]" if shape.round else "{"
        left, top, right, bottom = shape.bounds
        return f"{how} {corner} ({left:.5g},{top:.5g}) rectangle ({right:.5g},{bottom:.5g})}};"
    assert isinstance(shape, Line)
    points = " -- ".join(f"({x:.5g},{y:.5g})" for x, y in shape.points)
    return f"{how} {points}{' -- cycle' if shape.fill else ''};"
