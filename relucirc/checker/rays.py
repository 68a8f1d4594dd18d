"""Checks rays: from a point on, in a direction, a form is affine, so that a slope says whether it grows for ever.

Along ``p + t d``, ``t >= 0``, every variable is ``a + b t`` if no gate bends: a maximum's difference has one sign from
``t = 0`` on, and so has every form that a guard asks about.  The whole ray lies in the domain where each relation holds
for all t; with integers in p and d the points for t = 0, 1, 2, ... have integers.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.data import Rejected, fields, number, require, sequence
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate, Relation
from relucirc.language.domain import Domain

Line = tuple[fmpq, fmpq]
"""``a + b t``."""


def read_ray(data: Any, domain: Domain, n: int) -> list[Line]:
    """Reads a ray of the domain: every input along it."""
    fields(data, {"point", "direction"}, set(), "a ray")
    point, direction = ([number(c) for c in sequence(data[name], name)] for name in ("point", "direction"))
    require(len(point) == len(direction) == n, "a ray has the wrong dimension")
    require(all(point[v].q == 1 and direction[v].q == 1 for v in domain.integers), "a ray leaves the integers")
    lines = list(zip(point, direction, strict=True))
    for relation in domain.relations:
        start, slope = _along(relation.form, lines)
        stays = {">": start > 0 and slope >= 0, ">=": start >= 0 and slope >= 0, "==": start == 0 and slope == 0}
        require(stays[relation.op], "a ray leaves the domain")
    return lines


def slopes(graph: Graph, forms: Sequence[Form], lines: Sequence[Line]) -> list[fmpq]:
    """Returns how fast forms over a graph's variables grow along a ray; rejects where a gate bends."""
    known = list(lines)

    def holds(relation: Relation) -> bool:
        return relation.holds(_sign(_along(relation.form, known)))

    for gate in graph.gates:
        if isinstance(gate, MaxGate):
            start, slope = _along(gate.right - gate.left, known)
            require((start >= 0 and slope >= 0) or (start <= 0 and slope <= 0), "a gate bends on a ray")
            chosen = gate.right if start > 0 or slope > 0 else gate.left
        else:
            chosen = next(form for guard, form in gate.branches if guard.decide(holds))
        known.append(_along(chosen, known))
    return [_along(form, known)[1] for form in forms]


def _along(form: Form, lines: Sequence[Line]) -> Line:
    start = sum((c * lines[v][0] for v, c in form.terms.items()), start=form.const)
    return start, sum((c * lines[v][1] for v, c in form.terms.items()), start=fmpq(0))


def _sign(line: Line) -> int:
    """The sign that a line has for all ``t >= 0``; rejects where it changes, or begins only after the start."""
    start, slope = line
    if start > 0 and slope >= 0:
        return 1
    if start < 0 and slope <= 0:
        return -1
    if start == 0 and slope == 0:
        return 0
    raise Rejected("a sign changes on a ray")
