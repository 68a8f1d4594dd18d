"""Scenes as SVG: plain text, with no drawing package.

Colours stand in the elements themselves, so that every reader shows the light picture.  Those that know of dark mode
find both colours in a style that is only about this picture, and take that of the page around it, whether its reader,
its author or a button in it has chosen; alone in a window, a picture is as light or dark as its reader asks for.
"""

import html
import re
from collections.abc import Iterator, Mapping

from relucirc.pictures.palette import DARK, colours
from relucirc.pictures.shapes import Disc, Line, Rect, Scene, Shape, Text

HALO = 6
"""Width of the ground around letters that lie on lines."""
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML may have."""

SCHEME = (
    ":root.relucirc-auto{color-scheme:light dark}"
    ":is([data-jp-theme-light=false],.vscode-dark) .relucirc-auto{color-scheme:dark}"
)
"""Alone, its reader decides; within a page that does, except in notebooks that are dark and do not say so."""


def escape(text: str, quote: bool = True) -> str:
    r"""Writes text for XML; what that may not have, such as control characters, becomes U+FFFD.

    Example:
        >>> escape("a < b\x00") == "a &lt; b\ufffd"
        True
    """
    return html.escape(NO_XML.sub("\ufffd", text), quote)


def svg_text(scene: Scene, theme: str = "auto") -> str:
    """Writes a scene as SVG."""
    chosen = colours(theme)
    used: set[tuple[str, str]] = {("f", "paper")}
    body = [element for shape in scene.shapes for element in _written(shape, chosen, used, theme == "auto")]
    about = f"<desc>{escape(scene.about)}</desc>" if scene.about else ""
    name = ' class="relucirc-auto"' if theme == "auto" else ""
    paper = ' class="f-paper"' if theme == "auto" else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {scene.width:g} {scene.height:g}" '
        f'width="{scene.width:g}" height="{scene.height:g}" style="max-width:100%;height:auto" role="img"{name} '
        f'font-family="{FONT}"><title>{escape(scene.title)}</title>{about}'
    )
    ground = f'<rect width="100%" height="100%" fill="{chosen["paper"]}"{paper}/>'
    style = [_both(used, chosen)] if theme == "auto" else []
    return "\n".join([head, *style, ground, *body, "</svg>"])


def _both(used: set[tuple[str, str]], chosen: Mapping[str, str]) -> str:
    """The light and the dark colours of the roles that are used."""
    names = {"f": "fill", "s": "stroke"}
    rules = (
        f".relucirc-auto .{k}-{_slug(role)}{{{names[k]}:light-dark({chosen[role]},{DARK[role]})}}"
        for k, role in sorted(used)
    )
    return f"<style>{SCHEME}{''.join(rules)}</style>"


def _slug(role: str) -> str:
    return role.replace(" ", "-")


def _written(shape: Shape, chosen: Mapping[str, str], used: set[tuple[str, str]], auto: bool) -> Iterator[str]:
    """One element; of a text that has a halo the halo is painted first."""
    names = [shape.kind] if shape.kind else []
    look = ""
    for letter, key, role in (("f", "fill", shape.fill), ("s", "stroke", shape.stroke)):
        if role is not None:
            look += f' {key}="{chosen[role]}"'
            names += [f"{letter}-{_slug(role)}"] if auto else []
            used.add((letter, role))
        elif key == "fill":
            look += ' fill="none"'
    if isinstance(shape, Text) and shape.halo is not None:
        look += f' stroke="{chosen[shape.halo]}" stroke-width="{HALO}" stroke-linejoin="round" paint-order="stroke"'
        names += [f"s-{_slug(shape.halo)}"] if auto else []
        used.add(("s", shape.halo))
    elif shape.stroke is not None:
        look += f' stroke-width="{shape.width:.3g}"' + (' stroke-dasharray="5 3"' if shape.dash else "")
    if shape.opacity < 1:
        look += f' opacity="{shape.opacity:g}"'
    if names:
        look += f' class="{" ".join(names)}"'
    if shape.name:
        look += f' data-name="{escape(shape.name)}"'
    hover = f"<title>{escape(shape.hover)}</title>" if shape.hover else ""
    if isinstance(shape, Disc):
        yield _element("circle", f'cx="{shape.x:.5g}" cy="{shape.y:.5g}" r="{shape.r:.4g}"{look}', hover)
    elif isinstance(shape, Rect):
        corner = f' rx="{shape.round:g}"' if shape.round else ""
        place = f'x="{shape.x:.5g}" y="{shape.y:.5g}" width="{shape.w:.5g}" height="{shape.h:.5g}"{corner}'
        yield _element("rect", f"{place}{look}", hover)
    elif isinstance(shape, Line):
        points = shape.points
        if len(points) == 2:
            (x1, y1), (x2, y2) = points
            yield _element("line", f'x1="{x1:.5g}" y1="{y1:.5g}" x2="{x2:.5g}" y2="{y2:.5g}"{look}', hover)
        else:
            tag = "polyline" if shape.fill is None else "polygon"
            yield _element(tag, f'points="{" ".join(f"{x:.5g},{y:.5g}" for x, y in points)}"{look}', hover)
    elif isinstance(shape, Text):
        weight = ' font-weight="bold"' if shape.bold else ""
        place = f'x="{shape.x + shape.dx:.5g}" y="{shape.y + shape.dy + 0.35 * shape.size:.5g}"'
        size = f'font-size="{shape.size:.3g}" text-anchor="{shape.anchor}"'
        yield f"<text {place} {size}{weight}{look}>{escape(shape.text, quote=False)}{hover}</text>"


def _element(tag: str, inside: str, hover: str) -> str:
    return f"<{tag} {inside}>{hover}</{tag}>" if hover else f"<{tag} {inside}/>"
