"""Pictures: of networks, of what they compute, and of what was found out about them.

Each is SVG text that notebooks show, and ``.save(path)`` writes it as .svg, .pdf, .png or .tex; a chart's
``.plot(axes)`` paints it on matplotlib's axes.
"""

from relucirc.pictures.censuses import draw_census
from relucirc.pictures.chart import ChartDrawing
from relucirc.pictures.circuits import draw_circuits
from relucirc.pictures.distances import draw_deviation
from relucirc.pictures.drawing import Drawing
from relucirc.pictures.extremes import draw_bounds
from relucirc.pictures.fronts import draw_front
from relucirc.pictures.graph import draw_graph
from relucirc.pictures.network import draw
from relucirc.pictures.page import Report, report
from relucirc.pictures.plane import draw_regions
from relucirc.pictures.recurring import draw_recurring
from relucirc.pictures.snapping import draw_snapped

__all__ = [
    "ChartDrawing",
    "Drawing",
    "Report",
    "draw",
    "draw_bounds",
    "draw_census",
    "draw_circuits",
    "draw_deviation",
    "draw_front",
    "draw_graph",
    "draw_recurring",
    "draw_regions",
    "draw_snapped",
    "report",
]
