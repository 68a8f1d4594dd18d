"""The picture of a value, whatever it is, and its formula: what notebooks show."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import sympy

from relucirc.circuits.circuit import Circuit
from relucirc.core.printing import formula_text
from relucirc.geometry.lift import to_sympy
from relucirc.interpretation.census import Census
from relucirc.interpretation.explanation import Explanation
from relucirc.interpretation.front import Front
from relucirc.interpretation.universality import Universality
from relucirc.language.network import MLP
from relucirc.measure.bounds import Bounds
from relucirc.measure.deviation import Deviation
from relucirc.measure.regions import Complex
from relucirc.pictures.censuses import draw_census
from relucirc.pictures.circuits import draw_circuits
from relucirc.pictures.distances import draw_deviation
from relucirc.pictures.drawing import Drawing
from relucirc.pictures.extremes import draw_bounds
from relucirc.pictures.fronts import draw_front
from relucirc.pictures.graph import draw_graph
from relucirc.pictures.network import draw
from relucirc.pictures.plane import draw_regions
from relucirc.pictures.recurring import draw_recurring

MOST_REGIONS = 500
"""Most regions of a picture that nobody asked for."""
MOST_NEURONS, PATIENCE, LONGEST = 16, 2.0, 400
"""Hidden neurons of a network whose formula is written unasked, seconds, and characters."""


@singledispatch
def picture(value: Any) -> Drawing | None:
    """Draws a value; None where there is no picture of it.  What has a network is drawn as that."""
    net = getattr(value, "network", None)
    return draw(net) if isinstance(net, MLP) else None


@picture.register(MLP)
@picture.register(Circuit)
def _(value: MLP | Circuit) -> Drawing:
    return draw(value)


@picture.register
def _(value: Explanation) -> Drawing | None:
    if value.parts:
        return draw_circuits(value)
    return draw_front(value.front) if value.front else None


@picture.register
def _(value: Front) -> Drawing | None:
    return draw_front(value) if value.entries else None


@picture.register
def _(value: Census) -> Drawing:
    return draw_census(value)


@picture.register
def _(value: Universality) -> Drawing | None:
    if not value.explained.any():
        return None
    return draw_recurring(value.groups, [explained for explained, _ in value.sizes], [value.rows, value.feature_rows])


@picture.register
def _(value: Complex) -> Drawing | None:
    if value.source is None or not value.complete or not 0 < len(value) <= MOST_REGIONS:
        return None
    net, domain = value.source
    if len(net.inputs) == 1:
        return draw_graph(net, domain)
    return draw_regions(net, domain, slice=_middle(value, net.inputs[2:]) or None)


def _middle(value: Complex, others: Sequence[str]) -> dict[str, sympy.Expr]:
    """Values of all inputs but two: half way between the least and the greatest of the vertices, as short as may be."""
    columns = list(zip(*value.vertices, strict=True))[-len(others) :] if others and value.vertices else []
    if not columns:
        return dict.fromkeys(others, sympy.S.Zero)
    return {name: (min(column) + max(column)) / 2 for name, column in zip(others, columns, strict=True)}


@picture.register
def _(value: Bounds) -> Drawing:
    return draw_bounds(value)


@picture.register
def _(value: Deviation) -> Drawing | None:
    if value.question is None:
        return None
    net, formula, domain = value.question
    if not isinstance(net, MLP) or len(net.inputs) > 2 or domain is None or value.witness is None:
        return None
    return draw_deviation(net, formula, domain, deviation=value)


def formula(value: Any) -> Any:
    """The formula of a value: its own, or a small network's; None where it is too long to be read."""
    if isinstance(value, MLP):
        if value.hidden_neurons > MOST_NEURONS or value.symbols:
            return None
        found = to_sympy(value, budget=PATIENCE)
    else:
        found = getattr(value, "formula", None)
    return None if found is None or callable(found) or len(formula_text(found)) > LONGEST else found
