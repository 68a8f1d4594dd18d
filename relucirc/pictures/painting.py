"""Scenes and charts by matplotlib: files in .pdf and .png, and the user's own axes."""

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from relucirc.core.errors import RelucircError
from relucirc.core.writing import replacing
from relucirc.pictures.palette import colours
from relucirc.pictures.shapes import Disc, Line, Rect, Scene, Shape, Text
from relucirc.pictures.svg import HALO

INCH = 96
"""Pixels per inch."""
POINT = 0.75
"""Points per pixel."""


def require_matplotlib(what: str) -> Any:
    """Imports matplotlib, or says how to get it.

    Raises:
        RelucircError: When it is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  (optional, slow to import)
        import matplotlib.figure  # noqa: PLC0415
    except ImportError:
        raise RelucircError(f"{what} needs matplotlib: pip install 'relucirc[plot]'.") from None
    return mpl


def write_figure(path: str | PathLike[str], suffix: str, scene: Scene, theme: str = "light") -> None:
    """Writes a scene as a .pdf or .png file; of a .png at twice the size, for sharp screens."""
    mpl = require_matplotlib(f"a drawing as {suffix}")
    chosen = colours(theme)
    figure = mpl.figure.Figure(figsize=(scene.width / INCH, scene.height / INCH), facecolor=chosen["paper"])
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    axes.axis("off")
    with mpl.rc_context({"pdf.fonttype": 42}), replacing(path) as place:
        paint(axes, scene.shapes, chosen)
        still = {"CreationDate": None} if suffix == ".pdf" else {}
        with place.open("wb") as file:
            figure.savefig(file, format=suffix[1:], dpi=2 * INCH, metadata={"Title": scene.title, **still})


def paint(axes: Any, shapes: Iterable[Shape], chosen: Mapping[str, str]) -> None:
    """Draws shapes on matplotlib axes, in the axes' own coordinates."""
    from matplotlib.patches import FancyBboxPatch, Polygon  # noqa: PLC0415
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    for order, shape in enumerate(shapes, 2):
        fill = "none" if shape.fill is None else chosen[shape.fill]
        edge = "none" if shape.stroke is None else chosen[shape.stroke]
        look: dict[str, Any] = {"alpha": shape.opacity if shape.opacity < 1 else None, "zorder": order}
        thick = shape.width * POINT
        dashes = (0, (3.5 / thick, 2 / thick)) if shape.dash else "solid"
        pen: dict[str, Any] = {"linewidth": thick, "linestyle": dashes}
        if isinstance(shape, Line) and shape.fill is None:
            xs, ys = zip(*shape.points, strict=True)
            axes.plot(xs, ys, color=edge, solid_joinstyle="round", **pen, **look)
        elif isinstance(shape, Line):
            axes.add_patch(Polygon(shape.points, closed=True, facecolor=fill, edgecolor=edge, **pen, **look))
        elif isinstance(shape, Disc):
            mark: dict[str, Any] = {"markersize": 2 * shape.r * POINT, "markerfacecolor": fill, "markeredgecolor": edge}
            axes.plot([shape.x], [shape.y], "o", markeredgewidth=pen["linewidth"], clip_on=False, **mark, **look)
        elif isinstance(shape, Rect):
            corner = f"round,pad=0,rounding_size={shape.round}" if shape.round else "square,pad=0"
            place = (shape.x, shape.y), shape.w, shape.h
            axes.add_patch(FancyBboxPatch(*place, boxstyle=corner, facecolor=fill, edgecolor=edge, **pen, **look))
        elif isinstance(shape, Text):
            halo = [withStroke(linewidth=HALO * POINT, foreground=chosen[shape.halo])] if shape.halo else None
            align = {"start": "left", "middle": "center", "end": "right"}[shape.anchor]
            axes.annotate(
                shape.text.replace("$", r"\$"),
                (shape.x, shape.y),
                (shape.dx * POINT, -shape.dy * POINT),
                textcoords="offset points",
                ha=align,
                va="center_baseline",
                fontsize=shape.size * POINT,
                fontweight="bold" if shape.bold else "normal",
                color=fill,
                path_effects=halo,
                annotation_clip=False,
                **look,
            )
